package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/jobs"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// house is a newsroom with its ingest under test, and a clock that can be moved.
type house struct {
	*Service
	t     testing.TB
	desk  *newsroom.Service
	blobs *blob.Store
	opts  Options
	clock *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

const origin = "house.example"

// newHouse makes a house over the database. change may be nil.
func newHouse(t testing.TB, d *db.DB, change func(*Options)) *house {
	t.Helper()
	c := &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	keys, err := ledger.OpenKeyring(t.TempDir())
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	lo := ledger.Options{DB: d, Keys: keys, Now: c.Now, Log: log}
	key, err := ledger.GenerateKey(origin)
	must(t, err)
	must(t, ledger.Create(t.Context(), lo, key))
	l, err := ledger.Open(t.Context(), lo)
	must(t, err)
	t.Cleanup(l.Close)
	blobs, err := blob.New(t.TempDir(), c.Now)
	must(t, err)
	runner, err := jobs.New(t.Context(), jobs.Options{DB: d, Log: log})
	must(t, err)
	desk := newsroom.New(newsroom.Options{DB: d, Ledger: l, Media: blobs, Now: c.Now, Log: log})
	o := Options{DB: d, Newsroom: desk, Blobs: blobs, Jobs: runner, Origin: origin, Collectors: map[Kind]Collector{},
		Now: c.Now, Log: log}
	if change != nil {
		change(&o)
	}
	return &house{Service: New(o), t: t, desk: desk, blobs: blobs, opts: o, clock: c}
}

// run lets the house work until the test ends, or stop is called.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	h.t.Cleanup(stop)
	return stop
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// source makes a source of the kind. rules may be nil: then it publishes.
func (h *house) source(name string, kind Kind, rules *Rules) *Source {
	h.t.Helper()
	if rules == nil {
		rules = &Rules{Publish: true}
	}
	src := Source{Name: name, Kind: kind, Active: true, Rules: *rules}
	switch kind {
	case Folder:
		src.Address = h.t.TempDir()
	case Feed:
		src.Address = "https://feeds.example/" + name
	case FTP:
		src.Address = "ftp://wire.example/" + name
	}
	out, err := h.CreateSource(h.t.Context(), src, Shell)
	must(h.t, err)
	return out
}

// brings keeps a file of the source and takes it.
func (h *house) brings(src *Source, name, data string) *Arrival {
	h.t.Helper()
	a := h.keeps(src, name, data)
	return h.taken(a.ID)
}

func (h *house) keeps(src *Source, name, data string) *Arrival {
	h.t.Helper()
	a, _, err := h.keep(h.t.Context(), src, File{Name: name, Data: []byte(data)})
	must(h.t, err)
	return a
}

// taken takes what is due of the arrival's source and returns the arrival.
func (h *house) taken(id string) *Arrival {
	h.t.Helper()
	a, err := h.Arrival(h.t.Context(), id)
	must(h.t, err)
	must(h.t, h.TakeNow(h.t.Context(), a.Source))
	a, err = h.Arrival(h.t.Context(), id)
	must(h.t, err)
	return a
}

// head returns what was issued of the item; nil for nothing.
func (h *house) head(uri string) *newsroom.Head {
	h.t.Helper()
	heads, err := h.desk.Heads(h.t.Context(), []string{uri})
	must(h.t, err)
	return heads[uri]
}

// wants fails unless the arrival is in the state and the item has the version and
// status; version 0 means that nothing was issued.
func (h *house) wants(a *Arrival, state State, uri string, version int, status news.Status) {
	h.t.Helper()
	if a.State != state {
		h.t.Fatalf("the arrival is %s (%q, %+v), want %s", a.State, a.Reason, a.Came, state)
	}
	if state != Done && a.Reason == "" {
		h.t.Errorf("the arrival is %s and says no reason", a.State)
	}
	got := h.head(uri)
	switch {
	case version == 0 && got != nil:
		h.t.Fatalf("%s was issued: version %d, %s", uri, got.Version, got.Status)
	case version != 0 && (got == nil || got.Version != version || got.Status != status):
		h.t.Fatalf("%s is %+v; want version %d, %s", uri, got, version, status)
	}
}

// drafts returns the drafts of the house.
func (h *house) drafts() []*newsroom.Draft {
	h.t.Helper()
	lines, err := h.desk.Drafts(h.t.Context(), nil, 200)
	must(h.t, err)
	out := make([]*newsroom.Draft, len(lines))
	for i, l := range lines {
		out[i], err = h.desk.Draft(h.t.Context(), l.ID)
		must(h.t, err)
	}
	return out
}

// item is a ninjs item; more are further members, each after a comma.
func item(uri, version, headline string, more ...string) string {
	out := fmt.Sprintf(`{"uri":%q,"type":"text","language":"en","headlines":[{"value":%q}]`, uri, headline)
	if version != "" {
		out += fmt.Sprintf(`,"version":%q`, version)
	}
	for _, m := range more {
		out += "," + m
	}
	return out + "}"
}

const story = "tag:kuna.example,2026:1"

func each(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.Each(t, f)
}

// issueOf is an item that the house writes itself.
func issueOf(uri string) newsroom.Issue {
	return newsroom.Issue{Act: news.Publish, Actor: ledger.Actor{Role: "editor"},
		Item: &news.Item{URI: uri, Type: news.Text, Headlines: []news.Words{{Value: "Ours"}}}}
}

func openOne(t *testing.T) *db.DB { return dbtest.Open(t, db.SQLite) }

func asError(err error, e **news.Error) bool { return errors.As(err, e) }
