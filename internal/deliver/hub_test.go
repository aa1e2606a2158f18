package deliver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// reader is a subscriber of the hub.
type reader struct {
	*httptest.Server
	mu      sync.Mutex
	means   bool // to what it is asked it says yes
	asked   []url.Values
	got     []string // bodies
	headers []http.Header
	answer  int
}

func newReader(t *testing.T) *reader {
	r := &reader{means: true, answer: 200}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if req.Method == http.MethodGet {
			r.asked = append(r.asked, req.URL.Query())
			if r.means {
				io.WriteString(w, req.URL.Query().Get("hub.challenge")) //nolint:errcheck
			}
			return
		}
		b, _ := io.ReadAll(req.Body)
		if r.answer < 300 {
			r.got, r.headers = append(r.got, string(b)), append(r.headers, req.Header)
		}
		w.WriteHeader(r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *reader) questions() []url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *reader) bodies() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *reader) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = status
}

// hub sends a form to the hub and returns the status.
func (h *feedHouse) hub(form url.Values) int {
	h.t.Helper()
	res, err := http.PostForm(h.server.URL+HubPath, form)
	must(h.t, err)
	defer res.Body.Close()
	return res.StatusCode
}

// subscribe subscribes the reader to the feed in a form, and waits until the hub
// knows.
func (h *feedHouse) subscribe(r *reader, ext, secret string) (topic string) {
	h.t.Helper()
	topic = link(h.get(ext, nil), "self")
	if status := h.hub(url.Values{"hub.mode": {"subscribe"}, "hub.topic": {topic}, "hub.callback": {r.URL + "/in?of=" + ext}, "hub.secret": {secret}}); status != 202 {
		h.t.Fatalf("subscribe: %d", status)
	}
	h.until("the subscription", func() bool {
		found, err := h.Callbacks(h.t.Context(), h.feed.ID)
		must(h.t, err)
		return slices.ContainsFunc(found, func(d *Destination) bool { return d.Address == r.URL+"/in?of="+ext })
	})
	return topic
}

func TestHubTellsItsSubscribersAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newFeedHouse(t, d, WebSub), newReader(t)
		topic := h.subscribe(r, "atom", "shared between us")
		if q := r.questions()[0]; q.Get("hub.mode") != "subscribe" || q.Get("hub.topic") != topic || q.Get("hub.lease_seconds") != "864000" || q.Get("of") != "atom" {
			t.Errorf("it was asked %v", q)
		}
		it := story("urn:x:1", "The river")
		h.do(news.Publish, it)
		h.until("the news", func() bool { return len(r.bodies()) == 1 })
		r.mu.Lock()
		body, header := r.got[0], r.headers[0]
		r.mu.Unlock()
		mac := hmac.New(sha256.New, []byte("shared between us"))
		mac.Write([]byte(body))
		if header.Get("X-Hub-Signature") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("signature %s", header.Get("X-Hub-Signature"))
		}
		if links := strings.Join(header.Values("Link"), ","); !strings.Contains(links, "<"+topic+`>; rel="self"`) || !strings.Contains(links, "<"+h.server.URL+HubPath+`>; rel="hub"`) {
			t.Errorf("links %s", links)
		}
		if !strings.Contains(body, "The river") || !strings.HasPrefix(header.Get("Content-Type"), "application/atom+xml") {
			t.Errorf("body %s", body)
		}
		// The feed itself was fetched by nobody; the kill follows all the same.
		h.do(news.Kill, it)
		h.until("the kill", func() bool { return len(r.bodies()) == 2 })
		if kill := r.bodies()[1]; !strings.Contains(kill, "deleted-entry") || strings.Contains(kill, "what follows") {
			t.Errorf("the kill: %s", kill)
		}
	})
}

func TestHubRetriesInOrderAndStopsWhenToldTo(t *testing.T) {
	h, r := newFeedHouse(t, dbtest.Open(t, db.SQLite), WebSub), newReader(t)
	topic := h.subscribe(r, "ninjs", "")
	r.answers(503)
	it := story("urn:x:1", "The river")
	h.do(news.Publish, it)
	found, err := h.Callbacks(t.Context(), h.feed.ID)
	must(t, err)
	h.until("an attempt", func() bool {
		f, err := h.Fares(t.Context(), []string{found[0].ID})
		return err == nil && f[found[0].ID].Failures > 0
	})
	h.do(news.Update, it)
	h.await(h.feed, "urn:x:1 v1 publish superseded", "urn:x:1 v2 update offered")
	r.answers(200)
	h.until("the newest version", func() bool { h.advance(time.Second); return len(r.bodies()) == 1 })
	if got := r.bodies()[0]; !strings.Contains(got, `"version":"2"`) {
		t.Errorf("it got %s", got)
	}
	if status := h.hub(url.Values{"hub.mode": {"unsubscribe"}, "hub.topic": {topic}, "hub.callback": {r.URL + "/in?of=ninjs"}}); status != 202 {
		t.Fatalf("unsubscribe: %d", status)
	}
	h.until("the end", func() bool { f, err := h.Callbacks(t.Context(), h.feed.ID); return err == nil && len(f) == 0 })
	h.do(news.Publish, story("urn:x:2", "The bridge"))
	h.shows("urn:x:2 v1 usable", "urn:x:1 v2 usable")
	if len(r.bodies()) != 1 {
		t.Errorf("it was told after it had left: %v", r.bodies())
	}
}

func TestGoneCallbackEndsItsSubscription(t *testing.T) {
	h, r := newFeedHouse(t, dbtest.Open(t, db.SQLite), WebSub), newReader(t)
	h.subscribe(r, "json", "")
	r.answers(410)
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.until("the end", func() bool { f, err := h.Callbacks(t.Context(), h.feed.ID); return err == nil && len(f) == 0 })
}

func TestLapsedLeaseIsNotServed(t *testing.T) {
	h, r := newFeedHouse(t, dbtest.Open(t, db.SQLite), WebSub), newReader(t)
	h.subscribe(r, "rss", "")
	h.advance(leaseDefault + time.Minute)
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.shows("urn:x:1 v1 usable")
	if len(r.bodies()) != 0 {
		t.Error("a lapsed subscription was served")
	}
}

func TestHubCallsNobodyWhoDidNotAskForIt(t *testing.T) {
	h, r := newFeedHouse(t, dbtest.Open(t, db.SQLite), WebSub), newReader(t)
	topic := link(h.get("rss", nil), "self")
	pulled := h.destination(h.subscriber(), Destination{Kind: Pull})
	only, _, err := h.CreateFeedToken(t.Context(), pulled.ID, "x")
	must(t, err)
	for _, c := range []struct {
		name  string
		topic string
		call  string
		mode  string
		more  url.Values
		want  int
	}{
		{"a foreign topic", "https://elsewhere.example/feed", r.URL, "subscribe", nil, 404},
		{"a topic without its token", strings.Split(topic, "?")[0], r.URL, "subscribe", nil, 401},
		{"a feed that is only fetched", h.server.URL + FeedPath + pulled.ID + ".rss?token=" + only, r.URL, "subscribe", nil, 409},
		{"a callback that is no address", topic, "file:///etc/passwd", "subscribe", nil, 400},
		{"a callback with an account", topic, "https://a:b@reader.example/", "subscribe", nil, 400},
		{"another mode", topic, r.URL, "publish", nil, 400},
		{"a secret that is too long", topic, r.URL, "subscribe", url.Values{"hub.secret": {strings.Repeat("x", 200)}}, 400},
		{"a lease that is no number", topic, r.URL, "subscribe", url.Values{"hub.lease_seconds": {"soon"}}, 400},
	} {
		form := url.Values{"hub.mode": {c.mode}, "hub.topic": {c.topic}, "hub.callback": {c.call}}
		for k, v := range c.more {
			form[k] = v
		}
		if status := h.hub(form); status != c.want {
			t.Errorf("%s: %d, want %d", c.name, status, c.want)
		}
	}
	// One that does not confirm is not subscribed.
	r.mu.Lock()
	r.means = false
	r.mu.Unlock()
	if status := h.hub(url.Values{"hub.mode": {"subscribe"}, "hub.topic": {topic}, "hub.callback": {r.URL}}); status != 202 {
		t.Errorf("subscribe: %d", status)
	}
	h.until("the question", func() bool { return len(r.questions()) == 1 })
	h.hubWork.Wait()
	if found, err := h.Callbacks(t.Context(), h.feed.ID); err != nil || len(found) != 0 {
		t.Errorf("subscribed without a confirmation: %v %v", found, err)
	}
}

func TestHubDoesNotCallIntoThePrivateNetwork(t *testing.T) {
	h, r := newFeedHouse(t, dbtest.Open(t, db.SQLite), WebSub), newReader(t)
	h.Service.client = New(Options{DB: h.DB, Allow: func(string) bool { return false }, Now: h.clock}).client
	topic := link(h.get("rss", nil), "self")
	if status := h.hub(url.Values{"hub.mode": {"subscribe"}, "hub.topic": {topic}, "hub.callback": {r.URL}}); status != 202 {
		t.Errorf("subscribe: %d", status)
	}
	h.hubWork.Wait()
	if len(r.questions()) != 0 {
		t.Error("the hub called an address of this machine")
	}
}
