package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	lookers       = 64 // looks at a time: they wait for others' servers
	failingLooker = 16 // of them at sources that failed last time, so that these never hold up the others
	takers        = 4  // sources taken at a time
	idle          = 5 * time.Second
	breath        = 20 * time.Millisecond // between two readings of what is due
)

// Run looks at sources and takes what was kept until ctx ends.
func (s *Service) Run(ctx context.Context) {
	if err := s.inherit(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("cannot take over the work of the process before", "err", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { s.runLooks(ctx) })
	wg.Go(func() { s.runTakes(ctx) })
	wg.Wait()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.releaseAll(end); err != nil {
		s.log.Warn("cannot give back the leases of sources; they end by themselves", "err", err)
	}
}

// crew runs work on sources, one at a time for each.
type crew struct {
	wg    sync.WaitGroup
	mu    sync.Mutex
	busy  map[string]bool
	freed chan struct{}
}

func newCrew() *crew { return &crew{busy: map[string]bool{}, freed: make(chan struct{}, 1)} }

func (c *crew) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.busy)
}

// start runs work for the source unless it is busy, and reports whether it does.
func (c *crew) start(source string, work func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[source] {
		return false
	}
	c.busy[source] = true
	c.wg.Go(func() {
		defer func() {
			c.mu.Lock()
			delete(c.busy, source)
			c.mu.Unlock()
			select {
			case c.freed <- struct{}{}:
			default:
			}
		}()
		work()
	})
	return true
}

// runLooks looks at sources when they are due.
func (s *Service) runLooks(ctx context.Context) {
	woken, cancel := s.db.Subscribe(Topic)
	defer cancel()
	c := newCrew()
	defer c.wg.Wait()
	later := &postponed{until: map[string]time.Time{}}
	failing := make(chan struct{}, failingLooker)
	for ctx.Err() == nil {
		due, next, err := s.dueLooks(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("cannot read which sources are due", "err", err)
			next = time.Now().Add(time.Second)
		}
		for _, d := range due {
			if c.size() >= lookers {
				break
			}
			if later.has(d.source, s.now()) {
				continue
			}
			if d.failing {
				select {
				case failing <- struct{}{}:
				default:
					continue
				}
			}
			c.start(d.source, func() {
				if d.failing {
					defer func() { <-failing }()
				}
				switch _, err := s.visit(ctx, d.source); {
				case errors.Is(err, errLost):
					later.put(d.source, s.now().Add(s.lease/2))
				case err != nil:
					later.put(d.source, s.now().Add(time.Second)) // visit has said why, and when it may be again
				}
			})
		}
		s.await(ctx, woken, c.freed, next)
	}
}

// postponed are sources that another process holds: asking each moment whether
// it still does would cost more than it gains.
type postponed struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (p *postponed) put(source string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until[source] = until
}

func (p *postponed) has(source string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until[source].After(now)
}

// await returns when there may be something to do.
func (s *Service) await(ctx context.Context, woken, freed <-chan struct{}, next time.Time) {
	wait := idle
	if !next.IsZero() {
		wait = min(max(next.Sub(s.now()), breath), idle)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-freed:
		return
	case <-t.C:
		return
	case <-woken: // others' writes wake, too: let some come together
	}
	pause := time.NewTimer(breath)
	defer pause.Stop()
	select {
	case <-ctx.Done():
	case <-pause.C:
	}
}

// dueLook is a source that is to be looked at.
type dueLook struct {
	source  string
	failing bool
}

// dueLooks returns the sources that are due, and when the next one will be.
func (s *Service) dueLooks(ctx context.Context) (due []dueLook, next time.Time, err error) {
	now := s.now()
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT t.source, s.kind, t.next, t.failures FROM source_state t
		JOIN source s ON s.id = t.source WHERE t.next <= $1 AND s.active = 1 AND s.removed = 0 AND s.kind <> 'push'
		ORDER BY t.next`, db.Micros(now.Add(idle)))
	if err != nil {
		return nil, time.Time{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var d dueLook
		var stored int64
		var failures int
		var kind Kind
		if err := rows.Scan(&d.source, &kind, &stored, &failures); err != nil {
			return nil, time.Time{}, err
		}
		if s.collectors[kind] == nil {
			continue
		}
		d.failing = failures > 0
		if l := s.lookOf(d.source); stored == l.stored.Load() {
			stored = max(stored, l.next.Load()) // looked at since, and nothing was worth writing
		}
		at := db.FromMicros(stored)
		if !at.After(now) {
			due = append(due, d)
		} else if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return due, next, rows.Err()
}

// runTakes takes what is due.
func (s *Service) runTakes(ctx context.Context) {
	woken, cancel := s.db.Subscribe(Topic)
	defer cancel()
	c := newCrew()
	defer c.wg.Wait()
	later := &postponed{until: map[string]time.Time{}}
	turns := map[string]time.Time{} // when a source's last batch was begun
	for ctx.Err() == nil {
		due, next, err := s.dueTakes(ctx, turns)
		if err != nil && ctx.Err() == nil {
			s.log.Error("cannot read which files are due", "err", err)
			next = time.Now().Add(time.Second)
		}
		for _, source := range due {
			if c.size() >= takers {
				break
			}
			if later.has(source, s.now()) {
				continue
			}
			started := c.start(source, func() {
				switch _, err := s.takeSome(ctx, source); {
				case errors.Is(err, errLost):
					later.put(source, s.now().Add(s.lease/2))
				case err != nil && ctx.Err() == nil:
					s.log.Error("files of a source cannot be taken", "source", source, "err", err)
					later.put(source, s.now().Add(time.Second))
				}
			})
			if started {
				turns[source] = time.Now()
			}
		}
		s.await(ctx, woken, c.freed, next)
	}
}

// dueTakes returns the sources that have files to be taken, those first whose
// last turn is longest ago, and when the next file will be due.
func (s *Service) dueTakes(ctx context.Context, turns map[string]time.Time) (due []string, next time.Time, err error) {
	now := db.Micros(s.now())
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT t.source FROM source_state t WHERE t.waiting > 0
		AND EXISTS (SELECT 1 FROM arrival a WHERE a.source = t.source AND a.state = 'waiting' AND a.due <= $1)`, now)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		if err := rows.Scan(&source); err != nil {
			return nil, time.Time{}, err
		}
		due = append(due, source)
	}
	if err := rows.Err(); err != nil {
		return nil, time.Time{}, err
	}
	slices.SortFunc(due, func(a, b string) int { return turns[a].Compare(turns[b]) })
	var at int64
	err = s.db.Reader().QueryRowContext(ctx, `SELECT coalesce(min(due), 0) FROM arrival WHERE state = 'waiting' AND due > $1`, now).Scan(&at)
	return due, db.FromMicros(at), err
}

// Await returns the arrival once it does not wait any more; with Unavailable if
// ctx ends first.
func (s *Service) Await(ctx context.Context, id string) (*Arrival, error) {
	woken, cancel := s.db.Subscribe(Topic)
	defer cancel()
	for {
		a, err := s.Arrival(ctx, id)
		if err != nil || a.State != Waiting {
			return a, err
		}
		if err := rest(ctx, woken, time.Second); err != nil {
			return a, news.Errorf(news.Unavailable, "arrival", "it is kept and will be taken shortly").Because(err)
		}
	}
}
