package deliver

import (
	"context"
	"fmt"
	"sync"
	"time"

	"jisr/internal/db"
)

const (
	// leaseTime is how long a process may stay silent before another takes up its
	// deliveries; it renews its leases three times as often.
	leaseTime = 30 * time.Second
	// lookEvery is how often the queue is looked at without anybody calling.
	lookEvery = 5 * time.Second
	// lookAtMost bounds how often it is looked at while others write.
	lookAtMost = 500 * time.Millisecond
)

// couriers are the destinations at which this process is at work.
type couriers struct {
	mu      sync.Mutex
	running map[string]*courier
	called  chan struct{} // the queue should be looked at
	ctx     context.Context
	done    sync.WaitGroup
}

// wake calls the couriers of the destinations, if this process dispatches at all.
func (s *Service) wake(destinations map[string]bool) {
	for id, urgent := range destinations {
		s.call(id, urgent)
	}
}

// call has a courier look at its destination's queue, at once if something is
// urgent.
func (s *Service) call(id string, urgent bool) {
	cs := &s.couriers
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.ctx == nil || cs.ctx.Err() != nil {
		return
	}
	c := cs.running[id]
	if c == nil {
		c = &courier{s: s, id: id, woken: make(chan struct{}, 1), done: make(chan *outcome, maxParallel), asked: make(chan *exchanged, 1)}
		cs.running[id] = c
		cs.done.Go(func() { c.run(cs.ctx) })
	}
	if urgent {
		c.urgent.Store(true)
	}
	c.wake()
}

// retire takes a courier off the list unless it was called meanwhile.
func (s *Service) retire(c *courier) bool {
	s.couriers.mu.Lock()
	defer s.couriers.mu.Unlock()
	select {
	case <-c.woken:
		c.wake()
		return false
	default:
		delete(s.couriers.running, c.id)
		return true
	}
}

// dispatch starts couriers for what is due until ctx ends.
func (s *Service) dispatch(ctx context.Context) {
	work, stop := context.WithCancel(ctx)
	defer stop()
	var desk sync.WaitGroup
	closing, closeDesk := context.WithCancel(context.WithoutCancel(ctx))
	desk.Go(func() { s.desk.run(closing) })
	if err := s.takeUp(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("cannot take up the deliveries of the last process", "err", err)
	}
	s.couriers.mu.Lock()
	s.couriers.ctx = work
	s.couriers.mu.Unlock()
	var keep sync.WaitGroup
	keep.Go(func() { s.renewLeases(work) })
	s.look(work)
	stop()
	s.couriers.done.Wait() // they note what came of their last deliveries
	keep.Wait()
	closeDesk()
	desk.Wait()
}

// takeUp frees what a dead process had under way. A SQLite file has one process,
// which is only starting.
func (s *Service) takeUp(ctx context.Context) error {
	if s.DB.Engine != db.SQLite {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE destination_state SET until = 1 WHERE holder <> ''`)
		return err
	})
}

// look finds out which destinations have something due.
func (s *Service) look(ctx context.Context) {
	woken, cancel := s.DB.Subscribe(Topic)
	defer cancel()
	for ctx.Err() == nil {
		began := time.Now()
		next, err := s.callDue(ctx)
		if err != nil && ctx.Err() == nil {
			s.Log.Error("cannot look for deliveries that are due; will try again", "err", err)
		}
		t := time.NewTimer(min(lookEvery, max(next, time.Millisecond)))
		select {
		case <-ctx.Done():
		case <-woken:
		case <-s.couriers.called:
		case <-t.C:
		}
		t.Stop()
		pause(ctx, lookAtMost-time.Since(began))
	}
}

// callDue calls the couriers of what is due and returns how soon more is.
func (s *Service) callDue(ctx context.Context) (time.Duration, error) {
	now := s.Now()
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT destination, min(due) FROM delivery WHERE state = 'waiting' GROUP BY destination
		UNION ALL SELECT destination, 0 FROM destination_state WHERE holder <> '' AND until < $1`, db.Micros(now))
	if err != nil {
		return lookEvery, fmt.Errorf("look for what is due: %w", err)
	}
	defer rows.Close()
	next := lookEvery
	for rows.Next() {
		var id string
		var due int64
		if err := rows.Scan(&id, &due); err != nil {
			return lookEvery, err
		}
		if wait := db.FromMicros(due).Sub(now); due > 0 && wait > 0 {
			next = min(next, wait)
			continue
		}
		s.call(id, false) // one that is at work may not know what another process noted
	}
	return next, rows.Err()
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// renewLeases keeps the leases of the couriers at work, which may wait long for
// an answer. A courier whose lease another process has taken stops.
func (s *Service) renewLeases(ctx context.Context) {
	tick := time.NewTicker(leaseTime / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		until := s.Now().Add(leaseTime)
		held, err := s.renew(ctx, until)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.Error("cannot renew the leases of deliveries", "err", err)
			}
			continue
		}
		s.couriers.mu.Lock()
		for id, c := range s.couriers.running {
			if c.lease.Load() > 0 && !held[id] {
				c.lose()
			}
		}
		s.couriers.mu.Unlock()
	}
}

// renew renews what this process holds and returns it.
func (s *Service) renew(ctx context.Context, until time.Time) (held map[string]bool, err error) {
	err = s.desk.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		held = map[string]bool{}
		rows, err := tx.QueryContext(ctx, `UPDATE destination_state SET until = $1 WHERE holder = $2 RETURNING destination`, db.Micros(until), s.process)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			held[id] = true
		}
		return rows.Err()
	})
	return held, err
}
