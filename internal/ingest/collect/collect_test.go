package collect

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"jisr/internal/ingest"
)

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// desk visits a source as the node does: it keeps a file once for each key, and
// the state for the next visit.
type desk struct {
	t         *testing.T
	collector ingest.Collector
	source    *ingest.Source
	state     json.RawMessage
	files     []ingest.File // in the order in which they came
	keys      map[string]bool
	again     int   // files whose key was here
	broken    error // what keep fails with
	next      time.Duration
	onKeep    func(ingest.File)
}

func newDesk(t *testing.T, c ingest.Collector, s *ingest.Source) *desk {
	if s.After == "" {
		s.After = ingest.Leave
	}
	return &desk{t: t, collector: c, source: s, keys: map[string]bool{}}
}

func (d *desk) keep(_ context.Context, f ingest.File) error {
	if d.broken != nil {
		return d.broken
	}
	if d.onKeep != nil {
		d.onKeep(f)
	}
	if d.keys[f.Key] {
		d.again++
		return nil
	}
	d.keys[f.Key] = true
	d.files = append(d.files, f)
	return nil
}

// look visits the source and returns the names of the files that were kept.
func (d *desk) look() ([]string, error) {
	d.t.Helper()
	before := len(d.files)
	got, err := d.collector.Collect(d.t.Context(), ingest.Visit{Source: d.source, State: d.state, Keep: d.keep})
	d.state, d.next = got.State, got.Next
	var names []string
	for _, f := range d.files[before:] {
		if f.Err == nil {
			names = append(names, f.Name)
		} else {
			names = append(names, f.Name+" ("+plain(f.Err)+")")
		}
	}
	return names, err
}

// must looks and fails the test if the look does, or brings other files.
func (d *desk) must(want ...string) {
	d.t.Helper()
	got, err := d.look()
	if err != nil {
		d.t.Fatalf("look: %v", err)
	}
	if !slices.Equal(got, want) {
		d.t.Fatalf("kept %q, want %q", got, want)
	}
}

var errDisk = errors.New("the disk is full")

// testRules are the rules without the wait.
func testRules(c *clock) files {
	return files{settle: settleTime, hold: holdTime, now: c.now, wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}
