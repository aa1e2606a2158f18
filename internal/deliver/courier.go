package deliver

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

const (
	// maxParallel is how many deliveries one destination gets at the same time at
	// most; of one item never more than one.
	maxParallel = 4
	// ahead is how many deliveries are taken beyond those that can be sent at once,
	// so that sending need not wait for the database.
	ahead = 32
	// together is how many outcomes are worth a transaction while sending goes on,
	// and linger how long fewer wait for more.
	together = 16
	linger   = 20 * time.Millisecond
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
	since  time.Time  // when the first of them ended
	asking bool       // a transaction that notes and takes is under way
	rush   bool       // which will take what goes before everything else
	asked  chan *exchanged
	next   time.Time // when something more is due
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

// run sends until ctx ends or there has been nothing to do for a while. Noting
// and taking go on beside the sending, so that the one need not wait for the
// other.
func (c *courier) run(ctx context.Context) {
	// What is under way when the node stops may end by itself for a moment.
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopFor, cancel) })
	defer stop()
	c.cut.Store(&cancel)
	called, trouble, busy := true, 0, time.Now()
	for ctx.Err() == nil && sending.Err() == nil {
		l, err := c.s.load(ctx)
		if err != nil {
			c.trouble(ctx, err)
			pause(ctx, time.Second)
			continue
		}
		d := l.destinations[c.id]
		if d == nil {
			break
		}
		c.begin(sending, d)
		if !c.asking && (called || c.worth()) {
			c.ask(ctx, d)
			called = false
		}
		if !c.idle() {
			busy = time.Now()
		} else if time.Until(c.next) > stayFor && time.Since(busy) >= stayFor && c.leave(ctx) {
			return
		}
		wait := stayFor
		if due := time.Until(c.next); due > 0 {
			wait = min(due, stayFor)
		} // else there is more, and no room: what ends next makes some
		if len(c.ended) > 0 && !c.asking {
			wait = min(wait, max(0, linger-time.Since(c.since)))
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-sending.Done():
		case o := <-c.done:
			c.end(o)
		case x := <-c.asked:
			if trouble = c.take(ctx, x, trouble); trouble > 0 {
				c.next = time.Now().Add(100 * time.Millisecond << min(trouble, 6))
			}
		case <-c.woken:
			called = true
		case <-t.C:
			called = !c.next.After(time.Now()) || wait == stayFor
		}
		t.Stop()
	}
	c.finish(context.WithoutCancel(ctx))
}

func (c *courier) idle() bool {
	return c.flying == 0 && len(c.queue) == 0 && len(c.ended) == 0 && !c.asking
}

// worth reports whether it is time to note what ended or to take more.
func (c *courier) worth() bool {
	switch n := len(c.ended); {
	case c.urgent.Load(), n >= together, len(c.queue) < ahead/2 && !c.next.After(time.Now()):
		return true
	case n == 0:
		return false
	default:
		return c.flying == 0 || time.Since(c.since) >= linger
	}
}

// end takes in what ended.
func (c *courier) end(o *outcome) {
	if len(c.ended) == 0 {
		c.since = time.Now()
	}
	c.flying--
	c.ended = append(c.ended, o)
}

// ask begins a transaction that notes what ended and takes what is due.
func (c *courier) ask(ctx context.Context, d *Destination) {
	c.asking = true
	x := &exchanged{ended: c.ended, room: max(0, parallel(d)+ahead-c.flying-len(c.queue)), busy: c.flying + len(c.queue), urgent: c.urgent.Swap(false)}
	c.ended, c.rush = nil, x.urgent
	c.next = time.Now().Add(time.Hour) // until it is known
	go func() { x.err = c.exchange(ctx, d, x); c.asked <- x }()
}

// take takes in what a transaction gave, and returns how often in a row one
// failed.
func (c *courier) take(ctx context.Context, x *exchanged, trouble int) int {
	c.asking, c.rush = false, false
	if x.err != nil {
		c.ended = append(x.ended, c.ended...)
		c.urgent.CompareAndSwap(false, x.urgent)
		c.trouble(ctx, x.err)
		return trouble + 1
	}
	if !x.held {
		if c.lease.Load() > 0 {
			c.lose()
		}
		c.next = time.Now().Add(x.next)
		return 0
	}
	c.lease.Store(x.until)
	if x.turn == nothing || x.turn == stops {
		c.putBack()
	}
	c.queue = line(c.queue, x.taken)
	c.next = time.Now().Add(x.next)
	return 0
}

// putBack has what was taken before the destination got into trouble wait again.
func (c *courier) putBack() {
	rest := c.queue[:0]
	for _, t := range c.queue {
		if urgent(t.act) {
			rest = append(rest, t)
		} else {
			c.ended = append(c.ended, again(t, c.s.Now()))
		}
	}
	c.queue = rest
}

func (c *courier) trouble(ctx context.Context, err error) {
	if ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		c.s.Log.Error("cannot read or note deliveries; will try again", "destination", c.id, "err", err)
	}
}

// begin sends as many of the queue as may be under way. Nothing is begun while
// something is on its way that goes before it.
func (c *courier) begin(sending context.Context, d *Destination) {
	if c.rush || c.urgent.Load() {
		return
	}
	for len(c.queue) > 0 && c.flying < parallel(d) && c.lease.Load() > 0 {
		t := c.queue[0]
		c.queue = c.queue[1:]
		c.flying++
		go func() { c.done <- c.s.attempt(sending, d, t) }()
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
	if c.asking {
		c.take(ctx, <-c.asked, 0)
	}
	for c.flying > 0 {
		c.end(<-c.done)
	}
	for _, t := range c.queue {
		c.ended = append(c.ended, again(t, c.s.Now()))
	}
	c.queue = nil
	if c.lease.Load() > 0 {
		if l, err := c.s.load(ctx); err == nil && l.destinations[c.id] != nil {
			if err := c.exchange(ctx, l.destinations[c.id], &exchanged{ended: c.ended}); err != nil {
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
