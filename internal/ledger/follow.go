package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Follower reacts to the journal. Apply is called with records in order, each
// of them once: its effects commit together with the follower's place, and a
// crash resumes where it stopped. A follower whose place is set back to 0
// builds its view anew, so Apply must not depend on anything but the journal.
type Follower struct {
	Name  string
	Kinds []Kind // nil for all
	Batch int    // records a transaction; 0 means 500
	Apply func(ctx context.Context, tx *db.Tx, records []*Record) error
	// Prepare, where Apply is nil, does what takes long before the transaction,
	// so that other writers are not held up, and returns what Apply would do; nil
	// where there is nothing to do, which then costs no transaction.
	Prepare func(ctx context.Context, records []*Record) (func(ctx context.Context, tx *db.Tx) error, error)
	// Ahead is for a Prepare that looks at the records alone, not at what was
	// written for those before: it then works on the next records while the effect
	// of these is being written.
	Ahead bool
	// Needs names followers that must have gone past a record before this one
	// sees it.
	Needs []string
}

// followerState is what others may learn of a running follower.
type followerState struct {
	position atomic.Int64
	failure  atomic.Pointer[string]
}

// topicOf is woken when a follower has moved on.
func topicOf(name string) string { return "follower/" + name }

// idlePoll is how often a follower looks without being woken: a notification
// can be lost with a connection.
const idlePoll = 5 * time.Second

// linger is the least time between two transactions of a follower. One that is
// at rest reacts at once; one that is kept busy takes more records a transaction
// instead of syncing the disk for each.
const linger = 15 * time.Millisecond

// Follow runs the follower until ctx ends. A failing Apply is tried again with
// growing pauses; what fails is said in the log, in Lag and on /readyz, and the
// follower does not skip it.
func (l *Ledger) Follow(ctx context.Context, f Follower) {
	run := &following{ledger: l, Follower: f, state: &followerState{}}
	defer run.forget()
	l.followers.Store(f.Name, run.state)
	woken, cancel := l.db.Subscribe(Topic)
	defer cancel()
	var needs []<-chan struct{}
	for _, n := range f.Needs {
		c, cancel := l.db.Subscribe(topicOf(n))
		defer cancel()
		needs = append(needs, c)
	}
	pause := time.Duration(0)
	for ctx.Err() == nil {
		l.yield(ctx)
		more, err := run.step(ctx)
		switch {
		case err == nil:
			run.state.failure.Store(nil)
			pause = 0
		case ctx.Err() != nil:
			return
		default:
			text := err.Error()
			run.state.failure.Store(&text)
			pause = min(max(2*pause, 50*time.Millisecond), 30*time.Second)
			l.log.Error("a follower of the journal failed and will try again", "follower", f.Name,
				"position", run.state.position.Load(), "in", pause, "err", err)
		}
		switch {
		case pause > 0:
			rest(ctx, pause)
		case more:
		default:
			await(ctx, run.patience(), woken, needs)
			rest(ctx, linger-time.Since(run.wrote))
		}
	}
}

// While whole batches of a partner's ledger come in, followers take a turn once
// a second only: they would hold up what is to be verified and stored, for views
// that are out of date a moment later. An append of bulkEntries is such a batch,
// and bulk goes on while one follows the other within bulkPause.
const (
	bulkEntries = 500
	bulkPause   = 250 * time.Millisecond
	yieldAtMost = time.Second
)

// yield waits while bulk goes on, for at most yieldAtMost.
func (l *Ledger) yield(ctx context.Context) {
	began := time.Now()
	for ctx.Err() == nil && time.Since(began) < yieldAtMost &&
		time.Since(time.Unix(0, l.bulk.Load())) < bulkPause {
		rest(ctx, bulkPause/10)
	}
}

// rest waits for d or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
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

func await(ctx context.Context, atMost time.Duration, woken <-chan struct{}, needs []<-chan struct{}) {
	var need <-chan struct{}
	if len(needs) > 0 {
		need = needs[0] // followers need at most one other today; more would still be polled
	}
	t := time.NewTimer(atMost)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-woken:
	case <-need:
	case <-t.C:
	}
}

// following is a follower at work.
type following struct {
	Follower
	ledger *Ledger
	state  *followerState
	seen   int64     // up to here there is nothing more to apply, whatever the stored place says
	wrote  time.Time // when the place was last stored
	behind bool      // the stored place is behind seen
	ahead  *prepared // nil for none
}

// prepared is what the records after a position are to do, once done is closed.
type prepared struct {
	from, last int64
	apply      func(context.Context, *db.Tx) error
	err        error
	done       chan struct{}
}

// prepare reads the next records and makes ready what they are to do.
func (f *following) prepare(ctx context.Context, from, upTo int64) *prepared {
	p := &prepared{from: from}
	// Reading happens before the transaction: the journal behind a position never
	// changes, and the writer is not held up by it.
	records, last, err := f.ledger.next(ctx, f.Follower, from, upTo)
	if p.last = last; err != nil || last == from {
		p.err = err
		return p
	}
	if p.apply, err = f.effect(ctx, records); err != nil {
		p.err = fmt.Errorf("follow %s after %d: %w", f.Name, from, err)
	}
	return p
}

// prepareAhead does so beside what is being written.
func (f *following) prepareAhead(ctx context.Context, from, upTo int64) {
	ahead := &prepared{done: make(chan struct{})}
	f.ahead = ahead
	go func() {
		defer close(ahead.done)
		p := f.prepare(ctx, from, upTo)
		ahead.from, ahead.last, ahead.apply, ahead.err = p.from, p.last, p.apply, p.err
	}()
}

// forget waits for what is being prepared and returns it; nil for nothing.
func (f *following) forget() *prepared {
	p := f.ahead
	if p != nil {
		<-p.done
		f.ahead = nil
	}
	return p
}

// next returns what was prepared for the position, or prepares it now.
func (f *following) next(ctx context.Context, from, upTo int64) *prepared {
	if p := f.forget(); p != nil && p.err == nil && p.from == from && p.last > from {
		return p
	}
	return f.prepare(ctx, from, upTo)
}

// A place that moved past nothing but records of other kinds is stored only from
// time to time: going over them again after a crash costs nothing.
const (
	storeEvery = time.Second
	storeAfter = 5000
)

// patience is how long the follower waits without being woken: not long while
// its place is not stored, since a command in another process may wait for it.
func (f *following) patience() time.Duration {
	if f.behind {
		return storeEvery
	}
	return idlePoll
}

// step applies the next batch and reports whether there may be more.
func (f *following) step(ctx context.Context) (more bool, err error) {
	l := f.ledger
	stored, err := l.cursor(ctx, l.db.Reader(), f.Name)
	if err != nil {
		return false, err
	}
	if stored == 0 {
		f.seen = 0 // a view that is built anew
	}
	from := max(stored, f.seen)
	f.state.position.Store(from)
	upTo, err := l.bound(ctx, f.Follower)
	if err != nil {
		return false, err
	}
	if upTo <= from {
		if f.behind && time.Since(f.wrote) >= storeEvery {
			_, err = f.write(ctx, stored, from, nil)
		}
		return false, err
	}
	p := f.next(ctx, from, upTo)
	apply, last, err := p.apply, p.last, p.err
	if err != nil || last == from {
		return false, err
	}
	if f.Ahead && last < upTo {
		f.prepareAhead(ctx, last, upTo)
	}
	if apply == nil && last-stored < storeAfter && time.Since(f.wrote) < storeEvery {
		f.seen, f.behind = last, true
		f.state.position.Store(last)
		return last < upTo, nil
	}
	return f.write(ctx, stored, last, apply)
}

// write applies the effect and stores the new place, unless another process
// that follows under this name has moved it meanwhile.
func (f *following) write(ctx context.Context, stored, last int64, apply func(context.Context, *db.Tx) error) (moved bool, err error) {
	l := f.ledger
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		mine, err := tx.TryLock(ctx, topicOf(f.Name))
		if err != nil || !mine {
			return err
		}
		now, err := l.cursor(ctx, tx, f.Name)
		if err != nil || now != stored {
			return err
		}
		if apply != nil {
			if err := apply(ctx, tx); err != nil {
				return err
			}
		}
		moved = true
		if err := setCursor(ctx, tx, f.Name, last); err != nil {
			return err
		}
		return tx.Notify(ctx, topicOf(f.Name))
	})
	if err != nil {
		return false, fmt.Errorf("follow %s after %d: %w", f.Name, stored, err)
	}
	if moved {
		f.wrote, f.seen, f.behind = time.Now(), last, false
		f.state.position.Store(last)
	}
	return moved, nil
}

// effect returns what the records are to do within the transaction, nil for
// nothing.
func (f *following) effect(ctx context.Context, records []*Record) (func(context.Context, *db.Tx) error, error) {
	switch {
	case len(records) == 0:
		return nil, nil
	case f.Apply == nil:
		return f.Prepare(ctx, records)
	}
	return func(ctx context.Context, tx *db.Tx) error { return f.Apply(ctx, tx, records) }, nil
}

// CatchUp brings a follower to the end of the journal and returns, for a command
// that runs without a serving process. Where one is running, both take turns.
func (l *Ledger) CatchUp(ctx context.Context, f Follower) error {
	run := &following{ledger: l, Follower: f, state: &followerState{}}
	defer run.forget()
	for {
		end, err := l.bound(ctx, f)
		if err != nil || run.state.position.Load() >= end {
			return err
		}
		more, err := run.step(ctx)
		if err != nil {
			return err
		}
		if !more {
			rest(ctx, linger) // another process may be at the same records
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// next reads the records to apply and the position that will then be passed.
func (l *Ledger) next(ctx context.Context, f Follower, from, upTo int64) ([]*Record, int64, error) {
	limit := f.Batch
	if limit == 0 {
		limit = 500
	}
	records, err := l.Journal(ctx, from, limit)
	if err != nil {
		return nil, 0, err
	}
	last := from
	var out []*Record
	for _, r := range records {
		if r.Position > upTo {
			break
		}
		last = r.Position
		if f.wants(r.Kind) {
			out = append(out, r)
		}
	}
	return out, last, nil
}

func (f *Follower) wants(k Kind) bool {
	if f.Kinds == nil {
		return true
	}
	for _, want := range f.Kinds {
		if k == want {
			return true
		}
	}
	return false
}

// bound returns the newest position that the follower may see.
func (l *Ledger) bound(ctx context.Context, f Follower) (int64, error) {
	upTo, err := l.Position(ctx)
	for _, n := range f.Needs {
		if err != nil {
			return 0, err
		}
		var p int64
		p, err = l.cursor(ctx, l.db.Reader(), n)
		upTo = min(upTo, p)
	}
	return upTo, err
}

func (l *Ledger) cursor(ctx context.Context, q db.Queryer, name string) (int64, error) {
	var p int64
	err := q.QueryRowContext(ctx, `SELECT position FROM follower WHERE name = $1`, name).Scan(&p)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return p, err
}

func setCursor(ctx context.Context, tx *db.Tx, name string, position int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO follower (name, position) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position`, name, position)
	return err
}

// Rewind sets the follower back to 0, so that it builds its view anew. The
// caller empties the view in the same transaction.
func (l *Ledger) Rewind(ctx context.Context, tx *db.Tx, name string) error {
	tx.AfterCommit(func() {
		if s, here := l.followers.Load(name); here {
			s.(*followerState).position.Store(0)
		}
	})
	return setCursor(ctx, tx, name, 0)
}

// WaitFollower returns once the follower has passed the position, or with an
// error of kind Unavailable when ctx ends first.
func (l *Ledger) WaitFollower(ctx context.Context, name string, position int64) error {
	woken, cancel := l.db.Subscribe(topicOf(name))
	defer cancel()
	for {
		p, err := l.cursor(ctx, l.db.Reader(), name)
		if err == nil && p >= position {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
		// A follower of this process may have passed records that are not its own
		// without storing so.
		again := time.Second
		if s, here := l.followers.Load(name); here {
			if s.(*followerState).position.Load() >= position {
				return nil
			}
			again = 20 * time.Millisecond
		}
		select {
		case <-woken:
		case <-time.After(again):
		case <-ctx.Done():
			return news.Errorf(news.Unavailable, "", "it is recorded; the newsroom's lists will show it shortly").Because(ctx.Err())
		}
	}
}

// Lag says how far a follower is behind the journal and why, if it is failing.
type Lag struct {
	Follower string
	Position int64
	Behind   int64
	Failure  string
}

// Lags returns the state of every follower that runs here.
func (l *Ledger) Lags(ctx context.Context) ([]Lag, error) {
	head, err := l.Position(ctx)
	if err != nil {
		return nil, err
	}
	var out []Lag
	l.followers.Range(func(name, v any) bool {
		s := v.(*followerState)
		lag := Lag{Follower: name.(string), Position: s.position.Load()}
		lag.Behind = head - lag.Position
		if f := s.failure.Load(); f != nil {
			lag.Failure = *f
		}
		out = append(out, lag)
		return true
	})
	return out, nil
}
