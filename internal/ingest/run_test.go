package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// place is a place that news comes from, as a test has it.
type place struct {
	mu      sync.Mutex
	files   []File
	err     error
	hang    chan struct{} // looks wait for it, if not nil
	looks   atomic.Int64
	busy    atomic.Int64
	clashes atomic.Int64 // looks that met another
}

func (p *place) put(name, data string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.files = append(p.files, File{Key: name, Name: name, Data: []byte(data)})
}

func (p *place) fails(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// places collects by the source's name.
type places map[string]*place

func (all places) Collect(ctx context.Context, v Visit) (Visited, error) {
	p := all[v.Source.Name]
	p.looks.Add(1)
	if p.busy.Add(1) > 1 {
		p.clashes.Add(1)
	}
	defer p.busy.Add(-1)
	p.mu.Lock()
	files, err, hang := p.files, p.err, p.hang
	p.mu.Unlock()
	for _, f := range files {
		if err := v.Keep(ctx, f); err != nil {
			return Visited{}, err
		}
	}
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return Visited{}, ctx.Err()
		}
	}
	return Visited{}, err
}

// until fails unless the condition comes true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen: %s", what)
		}
	}
}

// inTime makes a house by the clock on the wall, over places.
func inTime(t *testing.T, d *db.DB, all places) *house {
	return newHouse(t, d, func(o *Options) {
		o.Now = time.Now
		for _, k := range Kinds {
			if k != Push {
				o.Collectors[k] = all
			}
		}
	})
}

func (h *house) health(src *Source) Health {
	h.t.Helper()
	st, err := h.Source(h.t.Context(), src.ID)
	must(h.t, err)
	return st.Health
}

func TestWhatASourceHasBecomesItemsWithoutAnyoneAsking(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		all := places{"a": {}}
		h := inTime(t, d, all)
		src := h.source("a", Folder, nil)
		h.run()
		all["a"].put("1.json", item(story, "1", "First"))
		until(t, "it is issued", func() bool { return h.head(story) != nil })
		until(t, "its source counts it", func() bool { g := h.health(src); return g.Done == 1 && !g.Success.IsZero() })
	})
}

func TestASlowServerHoldsUpNeitherWhatIsHereNorOtherSources(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		hang := make(chan struct{})
		defer close(hang)
		all := places{"slow": {hang: hang}, "quick": {}}
		all["slow"].put("1.json", item(story, "1", "Before it hung"))
		all["quick"].put("2.json", item(story+"b", "1", "Beside it"))
		h := inTime(t, d, all)
		h.source("slow", FTP, nil)
		h.source("quick", FTP, nil)
		h.run()
		until(t, "both are issued while one hangs", func() bool { return h.head(story) != nil && h.head(story+"b") != nil })
	})
}

func TestAFailingSourceBacksOffUpToAnHourAndSaysWhy(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		all := places{"a": {err: news.Errorf(news.Unavailable, "", "nothing listens at that address")}}
		h := newHouse(t, d, func(o *Options) { o.Collectors[FTP] = all })
		src := h.source("a", FTP, nil)
		var last time.Duration
		for i := range 20 {
			_, err := h.visit(t.Context(), src.ID)
			if news.KindOf(err) != news.Unavailable {
				t.Fatalf("the look says %v", err)
			}
			g := h.health(src)
			pause := g.Next.Sub(h.clock.Now())
			if pause < last*9/10 || pause > 70*time.Minute || g.Failures != i+1 || !strings.Contains(g.Failure, "nothing listens") {
				t.Fatalf("after %d failures: pause %s, %+v", i+1, pause, g)
			}
			last = pause
			h.clock.advance(pause)
		}
		if last < time.Hour {
			t.Errorf("the longest pause is %s", last)
		}
		all["a"].fails(nil)
		_, err := h.visit(t.Context(), src.ID)
		must(t, err)
		if g := h.health(src); g.Failures != 0 || g.Failure != "" || !g.Success.Equal(h.clock.Now()) {
			t.Errorf("after a good look: %+v", g)
		}
	})
}

func TestASourceIsLookedAtMoreOftenWhileSomethingNewComes(t *testing.T) {
	pace := adapt(Feed, 0, 1)
	for range 10 {
		pace = adapt(Feed, pace, 1)
	}
	if pace != 30*time.Second {
		t.Errorf("a busy feed is looked at every %s", pace)
	}
	for range 20 {
		pace = adapt(Feed, pace, 0)
	}
	if pace != 15*time.Minute {
		t.Errorf("a quiet feed is looked at every %s", pace)
	}
}

// another returns the service of a second process over the same database.
func (h *house) another() *house {
	o := h.opts
	return &house{Service: New(o), t: h.t, desk: h.desk, blobs: h.blobs, opts: o, clock: h.clock}
}

// A SQLite file is served by one process, which takes over what the one before
// left: only PostgreSQL has two.
func TestTwoProcessesNeverWorkOnOneSourceAtOnce(t *testing.T) {
	d := dbtest.Open(t, db.Postgres)
	all := places{}
	for i := range 8 {
		all[fmt.Sprint("s", i)] = &place{}
	}
	h := inTime(t, d, all)
	for name := range all {
		h.source(name, Folder, nil)
	}
	other := h.another()
	stop, stopOther := h.run(), other.run()
	for i := range 40 {
		p := all[fmt.Sprint("s", i%8)]
		p.put(fmt.Sprint(i), item(fmt.Sprint(story, "-", i), "1", "Item"))
	}
	until(t, "all is issued", func() bool {
		for i := range 40 {
			if h.head(fmt.Sprint(story, "-", i)) == nil {
				return false
			}
		}
		return true
	})
	stop()
	stopOther()
	for name, p := range all {
		if n := p.clashes.Load(); n > 0 {
			t.Errorf("%s was looked at by two at once, %d times", name, n)
		}
	}
	for i := range 40 {
		if v := h.head(fmt.Sprint(story, "-", i)).Version; v != 1 {
			t.Errorf("item %d was issued %d times", i, v)
		}
	}
}

func TestWorkOfAProcessThatDiedIsTakenUpAgainAfterItsLease(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		dead := newHouse(t, d, nil)
		src := dead.source("Kuna", Push, nil)
		a := dead.keeps(src, "1.json", item(story, "1", "First"))
		half, err := dead.begin(t.Context(), src.ID)
		must(t, err)
		must(t, half.take(t.Context())) // issued, and then it died: nothing is written of the arrival
		if dead.head(story) == nil {
			t.Fatal("it was not issued")
		}
		alive := dead.another()
		if _, err := alive.takeSome(t.Context(), src.ID); !errors.Is(err, errLost) {
			t.Fatalf("work that another does can be taken: %v", err)
		}
		alive.clock.advance(alive.lease + time.Second)
		alive.wants(alive.taken(a.ID), Done, story, 1, news.StatusUsable)
		if err := half.settle(t.Context()); !errors.Is(err, errLost) {
			t.Errorf("the dead one comes back and writes: %v", err)
		}
		if g := alive.health(src); g.Waiting != 0 || g.Done != 1 {
			t.Errorf("counts: %+v", g)
		}
	})
}

func TestAFileThatEndsTheProgramIsGivenUpAndKeepsNoOther(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, nil)
		bad := h.keeps(src, "bad.json", item(story, "1", "Bad"))
		for range brokenMost {
			_, err := h.begin(t.Context(), src.ID)
			must(t, err)
			h.clock.advance(h.lease + time.Second)
			h.Service = h.another().Service
		}
		good := h.keeps(src, "good.json", item(story+"b", "1", "Good"))
		h.wants(h.taken(bad.ID), Broken, story, 0, "")
		h.wants(h.taken(good.ID), Done, story+"b", 1, news.StatusUsable)
		_, err := h.Retry(t.Context(), bad.ID)
		must(t, err)
		h.wants(h.taken(bad.ID), Done, story, 1, news.StatusUsable)
	})
}

func TestAStopInTheMiddleLosesNothingAndBlamesNoFile(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, nil)
		a := h.keeps(src, "1.json", item(story, "1", "First"))
		ctx, cancel := context.WithCancel(t.Context())
		work, err := h.begin(ctx, src.ID)
		must(t, err)
		cancel()
		must(t, work.putBack(t.Context(), nil))
		got, err := h.Arrival(t.Context(), a.ID)
		must(t, err)
		if got.State != Waiting || got.Tries != 0 || got.Reason != "" {
			t.Errorf("after a stop it is %+v", got)
		}
		h.wants(h.another().taken(a.ID), Done, story, 1, news.StatusUsable)
	})
}

func TestFetchNowHasTheProcessThatHoldsTheSourceLook(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		all := places{"a": {}}
		h := inTime(t, d, all)
		src, err := h.CreateSource(t.Context(), Source{Name: "a", Kind: Folder, Address: t.TempDir(), Active: true,
			Interval: 10 * time.Second, Rules: Rules{Publish: true}}, Shell)
		must(t, err)
		h.run()
		until(t, "it is looked at", func() bool { return all["a"].looks.Load() > 0 })
		all["a"].put("1.json", item(story, "1", "First"))
		_, err = h.another().CollectNow(t.Context(), src.ID)
		must(t, err)
		if h.head(story) == nil {
			t.Error("it returned before the item was issued")
		}
		if n := all["a"].clashes.Load(); n > 0 {
			t.Errorf("two looked at once")
		}
	})
}

func TestAPausedSourceIsNotLookedAtButWhatIsHereIsTaken(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		all := places{"a": {}}
		h := inTime(t, d, all)
		src := h.source("a", Folder, nil)
		must(t, h.SetActive(t.Context(), src.ID, Paused))
		a := h.keeps(src, "1.json", item(story, "1", "First"))
		h.run()
		got, err := h.Await(t.Context(), a.ID)
		must(t, err)
		h.wants(got, Done, story, 1, news.StatusUsable)
		if n := all["a"].looks.Load(); n > 0 {
			t.Errorf("a paused source was looked at %d times", n)
		}
	})
}

func TestASourceWithManyFilesDoesNotKeepTheOthersWaiting(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		var flooded []*Source
		for i := range takers + 1 {
			flooded = append(flooded, h.source(fmt.Sprint("flood ", i), Push, nil))
			for k := range 3 {
				h.keeps(flooded[i], "x.json", item(fmt.Sprint(story, i, "-", k), "1", "One of many"))
			}
		}
		last := h.source("last", Push, nil)
		h.keeps(last, "x.json", item(story, "1", "Last"))
		turns := map[string]time.Time{}
		for i, src := range flooded {
			turns[src.ID] = time.Unix(int64(i+1), 0)
		}
		due, _, err := h.dueTakes(t.Context(), turns)
		must(t, err)
		if len(due) != takers+2 || due[0] != last.ID || due[1] != flooded[0].ID {
			t.Errorf("after the others had their turn the order is %v", due)
		}
	})
}
