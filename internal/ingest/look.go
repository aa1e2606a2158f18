package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/news"
)

const (
	// visitMost is how long one look may take, should its collector set no bound.
	visitMost = 40 * time.Minute
	// backoffMost is the longest pause after looks that failed.
	backoffMost = time.Hour
	// quietWrite is how often a look that found nothing is noted: a watched folder
	// is looked at every second, and that need not be written down each time.
	quietWrite = 10 * time.Second
)

// paces bounds how often a source of a kind is looked at when people leave it to
// the node: more often while something new comes, less often while nothing does.
var paces = map[Kind]struct{ least, most time.Duration }{
	Folder: {500 * time.Millisecond, 2 * time.Second},
	FTP:    {15 * time.Second, 5 * time.Minute},
	SFTP:   {15 * time.Second, 5 * time.Minute},
	Mail:   {15 * time.Second, 5 * time.Minute},
	Feed:   {30 * time.Second, 15 * time.Minute},
}

// adapt returns the next pace.
func adapt(kind Kind, pace time.Duration, kept int) time.Duration {
	p := paces[kind]
	switch {
	case pace == 0:
		pace = 2 * p.least
	case kept > 0:
		pace /= 2
	default:
		pace = pace * 3 / 2
	}
	return min(max(pace, p.least), p.most)
}

// look is what this process knows of a source that it looks at.
type look struct {
	turn  chan struct{} // holds one token: whoever has it looks, and may change the rest
	wrote time.Time     // when source_state was last written
	until time.Time     // end of this process's lease

	next   atomic.Int64 // when the next look is due, whatever is written, in microseconds
	stored atomic.Int64 // source_state.next as this process wrote it
}

// lookOf returns what this process knows of the source.
func (s *Service) lookOf(id string) *look {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.looks[id]
	if l == nil {
		l = &look{turn: make(chan struct{}, 1)}
		l.turn <- struct{}{}
		s.looks[id] = l
	}
	return l
}

// lookState is the part of source_state that looks read and write.
type lookState struct {
	state    json.RawMessage
	pace     time.Duration
	next     int64
	asked    int64
	looked   int64
	failures int
	failure  string
}

// visit looks at the source once, if it is this process's turn, and returns how
// many files were kept. It fails with errLost while another process looks.
func (s *Service) visit(ctx context.Context, id string) (kept int, err error) {
	l := s.lookOf(id)
	select {
	case <-l.turn:
		defer func() { l.turn <- struct{}{} }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	if err := s.claimLook(ctx, id, l); err != nil {
		return 0, err
	}
	src, err := readSource(ctx, s.db.Reader(), id, "")
	if err != nil {
		return 0, err
	}
	collector := s.collectors[src.Kind]
	if collector == nil {
		return 0, news.Errorf(news.Invalid, "kind", "nothing is fetched from a source of the kind %s: its sender brings its files", src.Kind)
	}
	st, err := s.lookState(ctx, id)
	if err != nil {
		return 0, err
	}
	began := s.now()
	work, stop := s.keepAlive(ctx, lookLease(id))
	timed, cancel := context.WithTimeout(work, visitMost)
	got, failure := s.collect(timed, collector, Visit{Source: src, State: st.state, Keep: s.keeper(src, &kept)})
	cancel()
	lost := context.Cause(work)
	stop()
	if ctx.Err() != nil || errors.Is(lost, errLost) {
		return kept, errors.Join(ctx.Err(), lost)
	}
	return kept, errors.Join(failure, s.noteLook(ctx, src, st, l, lookResult{began, kept, got, failure}))
}

// collect turns a panic of a collector into a failure of the look.
func (s *Service) collect(ctx context.Context, c Collector, v Visit) (got Visited, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("collector: panic: %v", p)
		}
	}()
	return c.Collect(ctx, v)
}

// claimLook takes the lease unless this process has it for long enough.
func (s *Service) claimLook(ctx context.Context, id string, l *look) error {
	if l.until.After(s.now().Add(s.lease / 2)) {
		return nil
	}
	mine := false
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		mine, err = s.claim(ctx, tx, lookLease(id))
		return err
	})
	switch {
	case err != nil:
		return err
	case !mine:
		return errLost
	}
	l.until = s.now().Add(s.lease)
	return nil
}

func (s *Service) lookState(ctx context.Context, id string) (*lookState, error) {
	var st lookState
	var pace int64
	err := s.db.Reader().QueryRowContext(ctx, `SELECT state, pace, next, asked, looked, failures, failure FROM source_state WHERE source = $1`, id).
		Scan((*[]byte)(&st.state), &pace, &st.next, &st.asked, &st.looked, &st.failures, &st.failure)
	if err != nil {
		return nil, fmt.Errorf("read the source's state: %w", err)
	}
	st.pace = time.Duration(pace) * time.Microsecond
	return &st, nil
}

// lookResult is what came of a look.
type lookResult struct {
	began   time.Time
	kept    int
	got     Visited
	failure error
}

// noteLook writes what the look found and when the next one is due.
func (s *Service) noteLook(ctx context.Context, src *Source, st *lookState, l *look, r lookResult) error {
	pace, failures, reason := src.Interval, 0, ""
	if pace == 0 {
		pace = adapt(src.Kind, st.pace, r.kept)
	}
	wait := max(pace, min(r.got.Next, maxPause))
	if r.failure != nil {
		failures, reason = st.failures+1, s.say(src, r.failure)
		wait = max(wait, min(max(pace, 5*time.Second)<<min(failures-1, 20), backoffMost))
	}
	wait += time.Duration(rand.Int64N(int64(wait)/20 + 1)) // so that many sources do not march in step
	next := db.Micros(r.began.Add(wait))
	l.next.Store(next)
	state := r.got.State
	if state == nil {
		state = st.state
	}
	quiet := r.kept == 0 && r.failure == nil && st.failures == 0 && bytes.Equal(state, st.state) && st.asked <= st.looked
	if quiet && s.now().Sub(l.wrote) < quietWrite && wait < quietWrite && st.next == l.stored.Load() {
		return nil
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.hold(ctx, tx, lookLease(src.ID)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE source_state SET state = $1, pace = $2, next = $3, looked = $4, failures = $5, failure = $6,
			success = CASE WHEN $7 = 1 THEN $8 ELSE success END WHERE source = $9`, []byte(state), pace.Microseconds(), next,
			db.Micros(r.began), failures, text(reason, maxReason), flag(r.failure == nil), db.Micros(r.began), src.ID)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { l.stored.Store(next); l.wrote = s.now() })
		if wait < s.lease/2 { // it would have to be claimed again at once
			if _, err := s.claim(ctx, tx, lookLease(src.ID)); err != nil {
				return err
			}
			tx.AfterCommit(func() { l.until = s.now().Add(s.lease) })
		} else {
			if err := s.release(ctx, tx, lookLease(src.ID)); err != nil {
				return err
			}
			tx.AfterCommit(func() { l.until = time.Time{} })
		}
		if !quiet {
			return tx.Notify(ctx, Topic)
		}
		return nil
	})
}

// say puts a failed look into words for people; what is of this node's inside
// goes to the log.
func (s *Service) say(src *Source, err error) string {
	why := fetch.Reason(err)
	if why == err.Error() && news.KindOf(err) == "" {
		s.log.Error("a look at a source failed", "source", src.Name, "err", err)
		return "something went wrong here; the node's log says what"
	}
	s.log.Warn("a look at a source failed", "source", src.Name, "reason", why)
	return why
}

// Fetched is what a look on demand found.
type Fetched struct {
	Kept int // files that were not here; -1 where another process looked
}

// CollectNow looks at the source at once, also while it is paused, and returns
// when what came of it was taken. Where another process serves the node, that
// one looks.
func (s *Service) CollectNow(ctx context.Context, id string) (Fetched, error) {
	kept, err := s.visit(ctx, id)
	if errors.Is(err, errLost) {
		kept = -1
		err = s.ask(ctx, id)
	}
	if err != nil {
		return Fetched{Kept: max(kept, 0)}, err
	}
	return Fetched{Kept: kept}, s.TakeNow(ctx, id)
}

// ask has the process that holds the source look at it, and waits for that.
func (s *Service) ask(ctx context.Context, id string) error {
	woken, cancel := s.db.Subscribe(Topic)
	defer cancel()
	at := db.Micros(s.now())
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE source_state SET asked = $1, next = 0 WHERE source = $2`, at, id)
		if err != nil {
			return err
		}
		return tx.Notify(ctx, Topic)
	})
	if err != nil {
		return err
	}
	for {
		st, err := s.lookState(ctx, id)
		if err != nil {
			return err
		}
		if st.looked >= at {
			if st.failure != "" {
				return news.Errorf(news.Unavailable, "source", "%s", st.failure)
			}
			return nil
		}
		if err := rest(ctx, woken, time.Second); err != nil {
			return news.Errorf(news.Unavailable, "source", "another process is at this source and has not answered: try again").Because(err)
		}
		if _, err := s.visit(ctx, id); !errors.Is(err, errLost) {
			return err // the other process is gone
		}
	}
}

// TakeNow takes what the source's arrivals hold and is due, and returns when all
// of it was.
func (s *Service) TakeNow(ctx context.Context, id string) error {
	woken, cancel := s.db.Subscribe(Topic)
	defer cancel()
	for {
		more, err := s.takeSome(ctx, id)
		switch {
		case errors.Is(err, errLost):
			if err := rest(ctx, woken, time.Second); err != nil {
				return err
			}
		case err != nil:
			return err
		case !more:
			return nil
		}
	}
}

// rest waits to be woken, at most for d.
func rest(ctx context.Context, woken <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-woken:
	case <-t.C:
	}
	return nil
}
