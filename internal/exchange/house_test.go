package exchange

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// house is an exchange under test with its ledger and a server of its own. It
// follows its journal and pulls only when told.
type house struct {
	*Service
	t      testing.TB
	ahead  atomic.Int64 // how far its clock is ahead, in nanoseconds
	server *httptest.Server
	keys   *ledger.Keyring
	stop   func()
	count  atomic.Int64 // of items published
}

var editor = ledger.Actor{Role: "editor"}

func newHouse(t testing.TB, engine db.Engine, origin string) *house {
	t.Helper()
	h := &house{t: t}
	d := dbtest.Open(t, engine)
	keys, err := ledger.OpenKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	key, err := ledger.GenerateKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	o := ledger.Options{DB: d, Keys: keys, Now: h.clock, Log: slog.New(slog.DiscardHandler)}
	if err := ledger.Create(t.Context(), o, key); err != nil {
		t.Fatal(err)
	}
	h.keys = keys
	h.open(o)
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.Handler().ServeHTTP(w, r) }))
	t.Cleanup(func() {
		h.server.CloseClientConnections()
		h.server.Close()
		h.stop()
	})
	org := news.Organisation{Origin: origin, Kind: "agency", Names: map[string]string{"en": origin}}
	if err := h.SetProfile(t.Context(), org, h.server.URL); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) clock() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// open opens the exchange over the ledger's database; again after stop, as a
// restarted node would.
func (h *house) open(o ledger.Options) {
	h.t.Helper()
	l, err := ledger.Open(h.t.Context(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	blobs, err := blob.New(h.t.TempDir(), time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Service = New(Options{DB: o.DB, Ledger: l, Blobs: blobs, Now: h.clock, Log: o.Log, Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { l.Follow(ctx, h.agreementFollower()) })
	wg.Go(func() { l.Follow(ctx, h.mediaFollower()) })
	h.stop = func() {
		cancel()
		wg.Wait()
		l.Close()
	}
}

func (h *house) origin() string { return h.ledger.Origin() }

// follow waits until the house's views show its whole journal.
func (h *house) caughtUp() {
	h.t.Helper()
	if err := h.followed(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// pull reads the other's ledger.
func (h *house) pull(from *house) {
	h.t.Helper()
	if err := h.Pull(h.t.Context(), from.origin()); err != nil {
		h.t.Fatalf("%s pulls from %s: %v", h.origin(), from.origin(), err)
	}
	h.caughtUp()
}

// meet makes the houses confirmed partners.
func meet(t testing.TB, a, b *house) {
	t.Helper()
	if _, err := a.AddPartner(t.Context(), b.server.URL); err != nil {
		t.Fatal(err)
	}
	if err := a.ConfirmPartner(t.Context(), b.origin(), b.OwnFingerprint().Words); err != nil {
		t.Fatal(err)
	}
	if err := b.ConfirmPartner(t.Context(), a.origin(), a.OwnFingerprint().Hex); err != nil {
		t.Fatal(err)
	}
}

// everything is a flow that gives all.
func everything() Flow {
	return Flow{Translate: Yes, Edit: Ask, Onward: No, Embargo: Deliver}
}

// agree has a offer the flow and b accept it, and both know.
func agree(t testing.TB, a, b *house, f Flow) string {
	t.Helper()
	id, err := a.Offer(t.Context(), b.origin(), Terms{Flows: map[string]Flow{a.origin(): f}}, editor)
	if err != nil {
		t.Fatal(err)
	}
	b.pull(a)
	g, err := b.Agreement(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Accept(t.Context(), id, g.Digest, editor); err != nil {
		t.Fatal(err)
	}
	a.pull(b)
	return id
}

// add appends an entry as it is, whatever the house's own code would say of it.
func (h *house) add(d ledger.Draft) int64 {
	h.t.Helper()
	out, err := h.ledger.Append(h.t.Context(), func(_ context.Context, _ *db.Tx, a *ledger.Appender) error {
		_, err := a.Add(d)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out.Indexes[0]
}

// publish appends an item entry and returns its index.
func (h *house) publish(uri string, act news.Act, l news.Label, media ...string) int64 {
	h.t.Helper()
	return h.add(ledger.Draft{Kind: ledger.KindItem, Ref: uri, Body: news.ItemBody{Act: act, Version: 1, Label: l},
		Content: fmt.Appendf(nil, "content %d of %s", h.count.Add(1), uri), Media: media})
}

// shown brings what the other's own code withholds into the house's mirror, as
// hostile code of the other would.
func (h *house) shown(from *house) {
	h.t.Helper()
	hidden, err := h.ledger.Withheld(h.t.Context(), from.origin(), 0, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	var revealed []ledger.Revealed
	for _, i := range hidden {
		r, err := from.ledger.AtIndex(h.t.Context(), from.origin(), i)
		if err != nil {
			h.t.Fatal(err)
		}
		revealed = append(revealed, ledger.Revealed{Index: i, Bytes: r.Bytes, Content: r.Body})
	}
	if err := h.ledger.Reveal(h.t.Context(), from.origin(), revealed); err != nil {
		h.t.Fatal(err)
	}
	h.caughtUp()
}

// holds returns what the house holds of an entry: "whole", "entry", "withheld" or
// "" for nothing.
func (h *house) holds(origin string, index int64) string {
	h.t.Helper()
	r, err := h.ledger.AtIndex(h.t.Context(), origin, index)
	switch {
	case err == nil && r.Body != nil:
		return "whole"
	case err == nil:
		return "entry"
	}
	hidden, err := h.ledger.Withheld(h.t.Context(), origin, index, 1)
	if err != nil {
		h.t.Fatal(err)
	}
	if slices.Contains(hidden, index) {
		return "withheld"
	}
	return ""
}

func (h *house) sound() {
	h.t.Helper()
	_, err := ledger.Check(h.t.Context(), h.ledger, func(f ledger.Fault) { h.t.Errorf("%s: %+v", h.origin(), f) }, func(int64, int64) {})
	if err != nil {
		h.t.Fatal(err)
	}
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// both runs f on each engine.
func both(t *testing.T, f func(t *testing.T, engine db.Engine)) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			f(t, engine)
		})
	}
}

func drafted(drafts []ledger.Draft) func(context.Context, *db.Tx, *ledger.Appender) error {
	return func(_ context.Context, _ *db.Tx, a *ledger.Appender) error {
		for _, d := range drafts {
			if _, err := a.Add(d); err != nil {
				return err
			}
		}
		return nil
	}
}
