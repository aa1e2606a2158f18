package deliver

import (
	"context"
	"sync/atomic"
	"time"
)

const (
	// maxParallel is how many deliveries one destination gets at the same time at
	// most; of one item never more than one.
	maxParallel = 4
	// ahead is how many deliveries are taken beyond those that can be sent at once,
	// so that sending need not wait for the database.
	ahead = 8
	// stayFor is how long a courier waits for more before it leaves.
	stayFor = 10 * time.Second
	// stopFor is how long deliveries under way may take when the node stops.
	stopFor = 5 * time.Second
)

// courier sends what one destination is owed. All of its methods but wake and
// lose belong to one goroutine.
type courier struct {
	s      *Service
	id     string
	woken  chan struct{}
	urgent atomic.Bool  // something came that goes before everything else
	lease  atomic.Int64 // its end in microseconds; 0 while this process has none
	cut    atomic.Pointer[context.CancelFunc]

	queue  []*task // taken and not begun
	flying int     // begun and not ended
	done   chan *outcome
	ended  []*outcome // to be noted
	swept  time.Time
}

func (c *courier) wake() {
	select {
	case c.woken <- struct{}{}:
	default: // it has not looked yet
	}
}

// lose ends what is under way: another process holds the lease.
func (c *courier) lose() {
	c.lease.Store(0)
	if cut := c.cut.Load(); cut != nil {
		(*cut)()
	}
	c.wake()
}

// run sends until ctx ends or there has been nothing to do for a while.
func (c *courier) run(ctx context.Context) {
	// What is under way when the node stops may end by itself for a moment.
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopFor, cancel) })
	defer stop()
	c.cut.Store(&cancel)
	trouble := 0
	for ctx.Err() == nil && sending.Err() == nil {
		next, err := c.turn(ctx, sending)
		if err != nil {
			if ctx.Err() == nil {
				c.s.Log.Error("cannot read or note deliveries; will try again", "destination", c.id, "err", err)
			}
			trouble = min(trouble+1, 6)
			next = 100 * time.Millisecond << trouble
		} else {
			trouble = 0
		}
		if c.idle() && next > stayFor && c.leave(ctx) {
			return
		}
		c.wait(ctx, sending, min(next, stayFor))
	}
	c.finish(context.WithoutCancel(ctx))
}

func (c *courier) idle() bool { return c.flying == 0 && len(c.queue) == 0 && len(c.ended) == 0 }

// turn notes what ended, takes what is due and begins to send, and returns how
// soon there is more to do.
func (c *courier) turn(ctx, sending context.Context) (time.Duration, error) {
	l, err := c.s.load(ctx)
	if err != nil {
		return 0, err
	}
	d := l.destinations[c.id]
	if d == nil {
		return time.Hour, nil
	}
	for {
		c.begin(sending, d)
		c.collect()
		room := parallel(d) + ahead - c.flying - len(c.queue)
		urgent := c.urgent.Swap(false)
		if len(c.ended) == 0 && room < ahead && !urgent {
			return time.Hour, nil // the next to end calls again
		}
		took, next, err := c.exchange(ctx, d, room, urgent)
		if err != nil {
			if urgent {
				c.urgent.Store(true)
			}
			return 0, err
		}
		c.begin(sending, d)
		if c.flying > 0 || !took {
			return next, nil
		}
	}
}

// begin sends as many of the queue as may be under way.
func (c *courier) begin(sending context.Context, d *Destination) {
	for len(c.queue) > 0 && c.flying < parallel(d) && c.lease.Load() > 0 {
		t := c.queue[0]
		c.queue = c.queue[1:]
		c.flying++
		go func() { c.done <- c.s.attempt(sending, d, t) }()
	}
}

// collect takes in what ended.
func (c *courier) collect() {
	for {
		select {
		case o := <-c.done:
			c.flying--
			c.ended = append(c.ended, o)
		default:
			return
		}
	}
}

// wait waits until something ended, somebody called or it is time.
func (c *courier) wait(ctx, sending context.Context, atMost time.Duration) {
	t := time.NewTimer(max(atMost, 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-sending.Done():
	case o := <-c.done:
		c.flying--
		c.ended = append(c.ended, o)
	case <-c.woken:
	case <-t.C:
	}
}

// leave gives the lease back and retires, unless it was called meanwhile.
func (c *courier) leave(ctx context.Context) bool {
	if c.lease.Load() > 0 {
		c.release(ctx) // first: the next courier of this destination takes a lease of its own
	}
	return c.s.retire(c)
}

// finish notes what is still under way when the node stops, puts back what was
// not begun and gives the lease back.
func (c *courier) finish(ctx context.Context) {
	for c.flying > 0 {
		o := <-c.done
		c.flying--
		c.ended = append(c.ended, o)
	}
	for _, t := range c.queue {
		c.ended = append(c.ended, again(t, c.s.Now()))
	}
	c.queue = nil
	if c.lease.Load() > 0 {
		if l, err := c.s.load(ctx); err == nil && l.destinations[c.id] != nil {
			if _, _, err := c.exchange(ctx, l.destinations[c.id], 0, false); err != nil {
				c.s.Log.Error("cannot note what came of deliveries", "destination", c.id, "err", err)
			}
		}
		c.release(ctx)
	}
	c.s.couriers.mu.Lock()
	if c.s.couriers.running[c.id] == c {
		delete(c.s.couriers.running, c.id)
	}
	c.s.couriers.mu.Unlock()
}

// parallel is how many deliveries a destination gets at once. Folders are one
// connection; mail goes through one server.
func parallel(d *Destination) int {
	switch d.Kind {
	case HTTP, Callback:
		return maxParallel
	}
	return 1
}
