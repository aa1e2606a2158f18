package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/fetch/httpsig"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// asks returns a request of a to b that is signed by a's key.
func asks(t testing.TB, a, b *house, key *ledger.Key, method, path string, body string) *http.Request {
	t.Helper()
	r, err := a.signed(t.Context(), key, method, b.server.URL+path, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answer serves a request that reached the house and returns the status and the
// field that a refusal names.
func (h *house) answer(t testing.TB, r *http.Request) (int, string) {
	t.Helper()
	in := httptest.NewRequest(r.Method, r.URL.RequestURI(), nil)
	in.Header = r.Header.Clone()
	if r.GetBody != nil {
		in.Body, _ = r.GetBody()
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, in)
	err := answered(w.Result())
	var e *news.Error
	errors.As(err, &e)
	return w.Code, e.Field
}

const askedFor = "/exchange/v1/seen"

func TestOnlyConfirmedPartnersAreAnswered(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	ask := func() (int, string) {
		return b.answer(t, asks(t, a, b, a.ledger.Key(), http.MethodGet, askedFor, ""))
	}
	expect := func(when string, status int, field string) {
		t.Helper()
		if s, f := ask(); s != status || status != 200 && f != field {
			t.Errorf("%s: answered %d %q, want %d %q", when, s, f, status, field)
		}
	}
	expect("a stranger", 403, "keyid")
	if _, err := a.AddPartner(t.Context(), b.server.URL); err != nil {
		t.Fatal(err)
	}
	expect("one that asked", 403, "keyid")
	if _, err := b.AddPartner(t.Context(), a.server.URL); err != nil {
		t.Fatal(err)
	}
	expect("one that was added", 403, "keyid")
	if err := b.ConfirmPartner(t.Context(), a.origin(), b.OwnFingerprint().Words); news.KindOf(err) != news.Invalid {
		t.Errorf("the wrong fingerprint confirmed a partner: %v", err)
	}
	if err := b.ConfirmPartner(t.Context(), a.origin(), a.OwnFingerprint().Words); err != nil {
		t.Fatal(err)
	}
	expect("a confirmed one", 200, "")
	if err := b.BlockPartner(t.Context(), a.origin()); err != nil {
		t.Fatal(err)
	}
	expect("a blocked one", 403, "keyid")
	if err := a.sendHello(t.Context(), b.server.URL); news.KindOf(err) != news.Forbidden {
		t.Errorf("a blocked partner could call again: %v", err)
	}
	unsigned, _ := http.NewRequest(http.MethodGet, b.server.URL+askedFor, nil)
	if s, f := b.answer(t, unsigned); s != 403 || f != "signature" {
		t.Errorf("unsigned: %d %q", s, f)
	}
}

func TestRequestIsAnsweredOnceAndOnlyAsItWasMade(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		a, b, c := newHouse(t, db.SQLite, "a.example"), newHouse(t, engine, "b.example"), newHouse(t, db.SQLite, "c.example")
		meet(t, a, b)
		meet(t, a, c)
		get := func(ahead time.Duration) *http.Request {
			a.ahead.Store(int64(ahead))
			defer a.ahead.Store(0)
			return asks(t, a, b, a.ledger.Key(), http.MethodGet, askedFor, "")
		}
		stranger, err := ledger.GenerateKey("a.example")
		if err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			r      *http.Request
			at     *house
			status int
			field  string
		}{
			"in time":             {get(0), b, 200, ""},
			"clock 4 min ahead":   {get(4 * time.Minute), b, 200, ""},
			"clock 6 min ahead":   {get(6 * time.Minute), b, 403, "created"},
			"clock 6 min behind":  {get(-6 * time.Minute), b, 403, "created"},
			"at another node":     {get(0), c, 403, "signature"},
			"by another key":      {asks(t, a, b, stranger, http.MethodGet, askedFor, ""), b, 403, "signature"},
			"body not signed for": {withBody(get(0), "x"), b, 403, "content-digest"},
			"body too large":      {withBody(get(0), strings.Repeat("x", maxRequestBody+1)), b, 413, "body"},
		} {
			status, field := tt.at.answer(t, tt.r)
			if status != tt.status || status != 200 && field != tt.field {
				t.Errorf("%s: answered %d %q, want %d %q", name, status, field, tt.status, tt.field)
			}
			if status != 200 {
				continue
			}
			for range 2 {
				if status, field := tt.at.answer(t, tt.r); status != 403 || field != "nonce" {
					t.Errorf("%s, again: answered %d %q, want 403 nonce", name, status, field)
				}
			}
		}
	})
}

func withBody(r *http.Request, body string) *http.Request {
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	return r
}

// TestNoncesAreForgottenOnceTheirRequestsAreTooOld, and not before.
func TestNoncesAreForgottenOnceTheirRequestsAreTooOld(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		h := newHouse(t, engine, "b.example")
		start := time.Now()
		use := func(i int, created time.Time) error {
			return h.nonces.use(t.Context(), "a.example", &httpsig.Signature{Nonce: fmt.Sprint("nonce", i), Created: created})
		}
		for i := range 50 {
			if err := use(i, start); err != nil {
				t.Fatal(err)
			}
		}
		h.ahead.Store(int64(2*httpsig.MaxSkew - time.Second))
		if err := use(0, start); news.KindOf(err) != news.Forbidden {
			t.Errorf("a nonce was forgotten while its request could still pass: %v", err)
		}
		h.ahead.Store(int64(2*httpsig.MaxSkew + 2*time.Minute))
		if err := use(100, h.clock()); err != nil {
			t.Fatal(err)
		}
		var stored int
		if err := h.db.Reader().QueryRow(`SELECT count(*) FROM nonce`).Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if n := max(len(h.nonces.seen), stored); engine == db.Postgres && stored != 1 || len(h.nonces.seen) > 50 && n > 51 {
			t.Errorf("%d nonces in memory and %d in the table, all but one are too old", len(h.nonces.seen), stored)
		}
		if engine == db.SQLite && len(h.nonces.seen) != 1 {
			t.Errorf("%d nonces in memory, all but one are too old", len(h.nonces.seen))
		}
	})
}

// TestReplayAfterARestartIsRefused, also of a caller whose clock is ahead.
func TestReplayAfterARestartIsRefused(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		h := newHouse(t, engine, "b.example")
		for name, ahead := range map[string]time.Duration{"behind": -time.Minute, "ahead": time.Minute, "far ahead": 4 * time.Minute} {
			sig := &httpsig.Signature{Nonce: name, Created: h.clock().Add(ahead)}
			h.nonces.started = h.clock().Add(-time.Hour)
			if err := h.nonces.use(t.Context(), "a.example", sig); err != nil {
				t.Fatal(err)
			}
			for _, later := range []time.Duration{0, 30 * time.Second, 5 * time.Minute} {
				h.ahead.Store(int64(later))
				again := newNonces(h.db, h.clock)
				again.started = time.Now()
				if err := again.use(t.Context(), "a.example", sig); err == nil {
					t.Errorf("clock %s, %s after the restart: accepted twice", name, later)
				}
			}
			h.ahead.Store(0)
		}
	})
}

func TestPartnerOverItsRateFillsNoMemory(t *testing.T) {
	a, b, c := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example"), newHouse(t, db.SQLite, "c.example")
	meet(t, a, b)
	meet(t, c, b)
	slowed := 0
	for range requestBurst + 300 {
		if s, _ := b.answer(t, asks(t, a, b, a.ledger.Key(), http.MethodGet, askedFor, "")); s == http.StatusTooManyRequests {
			slowed++
		}
	}
	if n := len(b.nonces.seen); slowed == 0 || n > requestBurst+300-slowed+10 {
		t.Errorf("%d requests were refused and %d nonces kept", slowed, n)
	}
	if s, _ := b.answer(t, asks(t, c, b, c.ledger.Key(), http.MethodGet, askedFor, "")); s != 200 {
		t.Errorf("another partner was answered %d", s)
	}
}

// TestOldKeyIsWorthNothingOnceTheNewOneIsKnown: that it was stolen may be why it
// was changed.
func TestOldKeyIsWorthNothingOnceTheNewOneIsKnown(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	meet(t, a, b)
	old := a.ledger.Key()
	if _, err := a.ledger.RotateKey(t.Context(), editor); err != nil {
		t.Fatal(err)
	}
	// b has not heard of it: a is let in all the same, by the key that b knows.
	a.pull(b)
	b.pull(a)
	if s, f := b.answer(t, asks(t, a, b, old, http.MethodGet, askedFor, "")); s != 403 || f != "signature" {
		t.Errorf("the old key: %d %q, want 403 signature", s, f)
	}
	if s, _ := b.answer(t, asks(t, a, b, a.ledger.Key(), http.MethodGet, askedFor, "")); s != 200 {
		t.Errorf("the new key: %d", s)
	}
	a.pull(b)
	p, err := b.Partner(t.Context(), a.origin())
	if err != nil || p.Key != a.ledger.Key().Verifier || p.Fingerprint != a.OwnFingerprint() {
		t.Errorf("b shows the fingerprint %v, a's is %v (%v)", p.Fingerprint, a.OwnFingerprint(), err)
	}
	// To confirm anew must not bring the old key back.
	if err := b.BlockPartner(t.Context(), a.origin()); err != nil {
		t.Fatal(err)
	}
	if err := b.ConfirmPartner(t.Context(), a.origin(), a.OwnFingerprint().Words); err != nil {
		t.Fatal(err)
	}
	a.publish("urn:x:1", news.Publish, news.Label{})
	b.pull(a)
}

// TestReadersThatDoNotReadStopNobody: more of them than the database has
// connections.
func TestReadersThatDoNotReadStopNobody(t *testing.T) {
	a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
	meet(t, a, b)
	f := everything()
	f.Languages = []string{"ar"} // so that each entry is looked at
	agree(t, a, b, f)
	noise := make([]byte, 3<<20)
	for i := range noise {
		noise[i] = byte(i*i>>5 ^ i>>11)
	}
	for i := range 5 {
		uri := fmt.Sprint("urn:x:", i)
		a.add(ledger.Draft{Kind: ledger.KindItem, Ref: uri, Content: append(noise, byte(i)), Body: news.ItemBody{Act: news.Publish, Version: 1, Label: news.Label{Language: "ar"}}})
		a.publish(uri, news.Kill, news.Label{Language: "ru"})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 10 {
		r := asks(t, b, a, b.ledger.Key(), http.MethodGet, "/exchange/v1/entries?limit=100", "").WithContext(ctx)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() // nothing of it is read
	}
	time.Sleep(200 * time.Millisecond) // until each has filled its connection
	quick, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	if err := b.Pull(quick, a.origin()); err != nil {
		t.Errorf("while others do not read: %v", err)
	}
}
