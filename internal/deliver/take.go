package deliver

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// task is a delivery that was taken to be sent.
type task struct {
	id       string
	item     Item
	position int64
	index    int64
	version  int
	act      news.Act
	since    time.Time
	attempts int
	reached  bool
	format   string // with body, what was sent before
	name     string
	body     string
	size     int64
	losses   []byte
	answer   string
	reason   string
}

// exchanged is one transaction of a courier: what it brings, and what it gets.
type exchanged struct {
	ended  []*outcome // to be noted
	room   int        // how many deliveries it has room for
	busy   int        // and has already
	urgent bool       // something came that goes before everything else

	err   error
	held  bool  // this process has the lease
	until int64 // and has it until then
	turn  turnOf
	taken []*task
	next  time.Duration // how soon something more is due
}

// exchange notes what ended and takes what is due, in one transaction that it
// shares with other couriers.
func (c *courier) exchange(ctx context.Context, d *Destination, x *exchanged) error {
	had := c.lease.Load() > 0
	return c.s.desk.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		x.held, x.until, x.taken, x.next = false, 0, nil, time.Hour
		now := c.s.Now()
		cond, err := lockCondition(ctx, tx, c.id)
		if err != nil || cond == nil {
			return err
		}
		if cond.holder != c.s.process {
			if had {
				return nil // another process took over; it sends what this one has not noted
			}
			if cond.holder != "" && cond.until >= db.Micros(now) {
				x.next = leaseTime / 3
				return nil
			}
			if err := orphans(ctx, tx, c.id); err != nil {
				return err
			}
		}
		cond.holder, cond.until = c.s.process, db.Micros(now.Add(leaseTime))
		x.held, x.until = true, cond.until
		for _, o := range x.ended {
			if err := c.s.note(ctx, tx, d, cond, o, now); err != nil {
				return err
			}
		}
		if err := c.sweep(ctx, tx, cond, now); err != nil {
			return err
		}
		x.turn = cond.allows(d, now)
		if err := c.due(ctx, tx, cond, x, now); err != nil {
			return err
		}
		return cond.store(ctx, tx, c.id)
	})
}

// line puts what was taken into the queue: what goes before everything else
// stands before what was taken earlier, too.
func line(queue, taken []*task) []*task {
	var first, rest []*task
	for _, t := range append(queue, taken...) {
		if urgent(t.act) {
			first = append(first, t)
		} else {
			rest = append(rest, t)
		}
	}
	return append(first, rest...)
}

// orphans frees what a process that died had under way. The other side may have
// it.
func orphans(ctx context.Context, tx *db.Tx, destination string) error {
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'waiting', reached = 1, reason = 'the process that sent it stopped before it knew the answer'
		WHERE destination = $1 AND state = 'sending' AND `+open, destination)
	if err != nil {
		return fmt.Errorf("take up abandoned deliveries: %w", err)
	}
	return nil
}

// due takes what may be sent now, and finds out how soon there is more. At most
// one delivery of an item is under way at a time.
func (c *courier) due(ctx context.Context, tx *db.Tx, cond *condition, x *exchanged, now time.Time) (err error) {
	least, room := 0, x.room
	switch x.turn {
	case nothing:
		x.next = cond.resume.Sub(now)
		return nil
	case stops:
		least = 1
	case probe:
		room = min(room, 1-x.busy)
	}
	if room <= 0 && x.urgent {
		room, least = ahead, 1
	}
	if room <= 0 {
		return nil // what ends next calls again
	}
	if x.taken, err = c.mark(ctx, tx, now, room, least); err != nil {
		return fmt.Errorf("take deliveries: %w", err)
	}
	if len(x.taken) == room {
		x.next = 0
		return nil
	}
	x.next, err = c.later(ctx, tx, now, least)
	if x.turn == stops && cond.resume.After(now) {
		x.next = min(x.next, cond.resume.Sub(now))
	}
	return err
}

// mark marks what is due as being sent and returns it.
func (c *courier) mark(ctx context.Context, tx *db.Tx, now time.Time, room, least int) ([]*task, error) {
	st, err := c.s.desk.prepare(ctx, tx, `UPDATE delivery SET state = 'sending' WHERE state = 'waiting' AND id IN (
		SELECT d.id FROM delivery d WHERE d.destination = $1 AND d.state = 'waiting' AND d.priority >= $2 AND d.due <= $3
		AND NOT EXISTS (SELECT 1 FROM delivery o WHERE o.origin = d.origin AND o.uri = d.uri AND o.destination = d.destination AND o.state = 'sending')
		ORDER BY d.priority DESC, d.due, d.id LIMIT $4)
		RETURNING id, origin, uri, position, idx, version, act, since, attempts, reached, format, name, body, size, losses, answer, reason`)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(ctx, c.id, least, db.Micros(now), room)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*task
	for rows.Next() {
		var t task
		var since int64
		var reached int
		err := rows.Scan(&t.id, &t.item.Origin, &t.item.URI, &t.position, &t.index, &t.version, &t.act, &since, &t.attempts, &reached,
			&t.format, &t.name, &t.body, &t.size, &t.losses, &t.answer, &t.reason)
		if err != nil {
			return nil, err
		}
		t.since, t.reached = db.FromMicros(since), reached == 1
		out = append(out, &t)
	}
	return out, rows.Err() // in any order: line and the item rule see to what matters
}

// later returns how soon something more is due.
func (c *courier) later(ctx context.Context, tx *db.Tx, now time.Time, least int) (time.Duration, error) {
	next := time.Hour
	for priority := least; priority <= 1; priority++ {
		rows, err := tx.QueryContext(ctx, `SELECT due FROM delivery WHERE destination = $1 AND state = 'waiting' AND priority = $2 AND due > $3
			ORDER BY due LIMIT 1`, c.id, priority, db.Micros(now))
		if err != nil {
			return 0, fmt.Errorf("look for the next delivery: %w", err)
		}
		for rows.Next() {
			var due int64
			if err := rows.Scan(&due); err != nil {
				rows.Close()
				return 0, err
			}
			next = min(next, db.FromMicros(due).Sub(now)+time.Millisecond)
		}
		if err := rows.Err(); err != nil {
			return 0, err
		}
	}
	return next, nil
}

// sweep gives up what has waited too long for a destination in trouble.
func (c *courier) sweep(ctx context.Context, tx *db.Tx, cond *condition, now time.Time) error {
	if cond.failures < troubled || cond.paused != "" || now.Sub(c.swept) < 10*time.Minute {
		return nil
	}
	c.swept = now
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'failed', reason = $1 WHERE destination = $2 AND state = 'waiting' AND since < $3`,
		"given up: the destination could not be reached for three days; "+cond.failure, c.id, db.Micros(now.Add(-giveUp)))
	if err != nil {
		return fmt.Errorf("give up deliveries: %w", err)
	}
	return nil
}

// release gives the lease back.
func (c *courier) release(ctx context.Context) {
	c.lease.Store(0)
	err := c.s.desk.write(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE destination_state SET holder = '' WHERE destination = $1 AND holder = $2`, c.id, c.s.process)
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.s.Log.Error("cannot give the lease of a destination back", "destination", c.id, "err", err)
	}
}

// note writes what came of a delivery.
func (s *Service) note(ctx context.Context, tx *db.Tx, d *Destination, cond *condition, o *outcome, now time.Time) error {
	if o.state == Offered {
		return s.offer(ctx, tx, d, cond, o, now)
	}
	if err := s.keep(ctx, tx, o); err != nil {
		return err
	}
	tried := 0
	if o.came != untried {
		tried = 1
	}
	err := s.desk.exec(ctx, tx, `UPDATE delivery SET state = $1, due = $2, attempts = attempts + $3,
		reached = CASE WHEN $4 = 1 THEN 1 ELSE reached END, tried = CASE WHEN $3 = 1 THEN $5 ELSE tried END,
		answer = $6, reason = $7, format = $8, name = $9, body = $10, size = $11, losses = $12, entry = $13
		WHERE id = $14 AND state = 'sending'`, string(o.state), db.Micros(o.due), tried, flag(o.reached), db.Micros(now),
		o.answer, o.reason, o.format, o.name, o.body, o.size, o.losses, o.entry, o.task.id)
	if err != nil {
		return fmt.Errorf("note a delivery: %w", err)
	}
	if d.Kind == Callback && o.gone {
		return endCallbacks(ctx, tx, now, `id = $2`, d.ID) // WebSub §7: it does not want to be called any more
	}
	pauses := cond.learn(o, now)
	if pauses {
		s.Log.Warn("a destination refuses everything and was paused", "destination", d.ID, "name", d.Name, "answer", cond.paused)
	}
	if cond.paused == "" || o.came != refused || now.Sub(o.task.since) > giveUp {
		return nil
	}
	// It was not the items that were refused: once people have mended the
	// destination, they are sent. Stops are tried meanwhile, at their own pace.
	_, err = tx.ExecContext(ctx, `UPDATE delivery SET state = 'waiting', due = $1 WHERE destination = $2 AND state = 'refused' AND tried >= $3 AND `+open,
		db.Micros(now.Add(backoff(o.task.attempts+1))), d.ID, db.Micros(cond.refusing))
	if err != nil {
		return fmt.Errorf("pause a destination: %w", err)
	}
	return nil
}
