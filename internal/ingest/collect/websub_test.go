package collect

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/fetch/remote/remotetest"
	"jisr/internal/ingest"
	"jisr/internal/ingest/collect/websub"
	"jisr/internal/news"
)

// reader is a node that reads a feed whose publisher has a hub.
type reader struct {
	*desk
	hub    *hub
	wire   *publisher
	node   *httptest.Server
	clock  *clock
	links  bool // the publisher names its hub in the header of its answers
	mu     sync.Mutex
	pushed []ingest.File
	broken error
}

func readPushed(t *testing.T, d *db.DB) *reader {
	r := &reader{hub: newHub(t), clock: newClock(), links: true}
	o := Options{Allow: remotetest.Allow, DB: d, Now: r.clock.now}
	var handler http.Handler
	r.node = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { handler.ServeHTTP(w, req) }))
	t.Cleanup(r.node.Close)
	o.URL = r.node.URL
	mux := http.NewServeMux()
	mux.Handle(websub.Path+"{id}", WebSub(o, r.keep))
	handler = mux
	r.wire = publish(t, func(w http.ResponseWriter, req *http.Request) {
		if r.links {
			w.Header().Add("Link", fmt.Sprintf(`<%s/>; rel=hub, </topic>; rel="self"`, r.hub.URL))
		}
		io.WriteString(w, feedText("", "words"))
	})
	r.desk = newDesk(t, All(o)[ingest.Feed], &ingest.Source{ID: "01SOURCE", Kind: ingest.Feed, Name: "Wire", Address: r.wire.URL})
	return r
}

func (r *reader) keep(_ context.Context, source string, f ingest.File) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return r.broken
	}
	if source != "01SOURCE" {
		return news.Errorf(news.NotFound, "source", "there is no such source")
	}
	r.pushed = append(r.pushed, f)
	return nil
}

// subscribed looks until the hub has confirmed the subscription.
func (r *reader) subscribed() {
	r.t.Helper()
	if _, err := r.look(); err != nil {
		r.t.Fatal(err)
	}
	if got := r.hub.wait(); got != "confirmed" {
		r.t.Fatalf("the hub's confirmation was %s", got)
	}
}

func TestHubPushesAndPollingSlowsDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.subscribed()
		ask := r.hub.requests()[0]
		if ask.Get("hub.mode") != "subscribe" || ask.Get("hub.topic") != r.wire.URL+"/topic" || len(ask.Get("hub.secret")) != 64 ||
			!strings.HasPrefix(ask.Get("hub.callback"), r.node.URL+websub.Path) {
			t.Errorf("the hub was asked %v", ask)
		}
		r.must()
		if r.next != slowPace {
			t.Errorf("next look in %s although the hub pushes", r.next)
		}
		text := feedText("", "pushed words")
		if got := r.hub.push(text, nil); got != http.StatusNoContent {
			t.Fatalf("the push was answered %d", got)
		}
		if len(r.pushed) != 1 || string(r.pushed[0].Data) != text {
			t.Fatalf("kept %v", r.pushed)
		}
		// What was pushed and is polled later is the same file.
		r.wire.says(text)
		r.must("feed.rss")
		if r.files[1].Key != r.pushed[0].Key {
			t.Errorf("the key is %s when polled, %s when pushed", r.files[1].Key, r.pushed[0].Key)
		}
		if n := len(r.hub.requests()); n != 1 {
			t.Errorf("the hub was asked %d times", n)
		}
	})
}

func TestHubIsFoundInTheFeed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.wire.says(fmt.Sprintf(`<feed xmlns="http://www.w3.org/2005/Atom"><title>Wire</title><id>urn:x:1</id>
			<link rel="hub" href="%s"/><link rel="self" href="https://wire.example/atom"/></feed>`, r.hub.URL))
		r.subscribed()
		if got := r.hub.requests()[0].Get("hub.topic"); got != "https://wire.example/atom" {
			t.Errorf("subscribed to %s", got)
		}
	})
}

func TestLeaseIsRenewedBeforeItsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.hub.lease = 3 * time.Hour
		r.subscribed()
		r.must()
		r.clock.pass(90 * time.Minute)
		r.must()
		if r.next > 30*time.Minute || len(r.hub.requests()) != 1 {
			t.Fatalf("next look in %s, two hours after the subscription at the latest; asked %d times", r.next, len(r.hub.requests()))
		}
		r.clock.pass(31 * time.Minute)
		r.must()
		if got := r.hub.wait(); got != "confirmed" {
			t.Fatalf("the renewal was %s", got)
		}
		asked := r.hub.requests()
		if len(asked) != 2 || asked[1].Get("hub.callback") != asked[0].Get("hub.callback") {
			t.Errorf("the hub was asked %v", asked)
		}
		r.clock.pass(2 * time.Hour) // beyond the end of the first lease
		if got := r.hub.push("news", nil); got != http.StatusNoContent {
			t.Errorf("a push under the renewed lease was answered %d", got)
		}
		r.clock.pass(2 * time.Hour)
		if got := r.hub.push("news", nil); got != http.StatusGone {
			t.Errorf("a push after the lease was answered %d", got)
		}
	})
}

func TestOnlyWhatTheHubSignedIsTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.subscribed()
		for name, c := range map[string]struct {
			change func(*http.Request)
			status int
		}{
			"no signature":       {func(q *http.Request) { q.Header.Del("X-Hub-Signature") }, 403},
			"another secret":     {func(q *http.Request) { q.Header.Set("X-Hub-Signature", signature("sha256", "secret", "forged")) }, 403},
			"no secret":          {func(q *http.Request) { q.Header.Set("X-Hub-Signature", signature("sha256", "", "forged")) }, 403},
			"no digest":          {func(q *http.Request) { q.Header.Set("X-Hub-Signature", "sha256=") }, 403},
			"an unknown method":  {func(q *http.Request) { q.Header.Set("X-Hub-Signature", "md5=00") }, 403},
			"another body":       {func(q *http.Request) { q.Body = io.NopCloser(strings.NewReader("forgec")) }, 403},
			"another id":         {func(q *http.Request) { q.URL.Path = websub.Path + strings.Repeat("0", 64) }, 410},
			"a packed body":      {func(q *http.Request) { q.Header.Set("Content-Encoding", "gzip") }, 415},
			"another method":     {func(q *http.Request) { q.Method = http.MethodPut }, 405},
			"a body too large":   {func(q *http.Request) { q.Body, q.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 17<<20)), -1 }, 413},
			"no id in the world": {func(q *http.Request) { q.URL.Path = websub.Path + "'%00" }, 410},
		} {
			if got := r.hub.push("forged", c.change); got != c.status {
				t.Errorf("%s: answered %d, want %d", name, got, c.status)
			}
		}
		if len(r.pushed) != 0 {
			t.Errorf("kept %q", r.pushed)
		}
	})
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestHubThatSignsWithSHA1IsNotReliedOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.hub.method = "sha1"
		r.subscribed()
		if got := r.hub.push("news", nil); got != http.StatusForbidden || len(r.pushed) != 0 {
			t.Errorf("answered %d, kept %d", got, len(r.pushed))
		}
		if r.must(); r.next >= slowPace {
			t.Errorf("next look in %s although what the hub pushes is refused", r.next)
		}
		r.hub.method = "sha256"
		if got := r.hub.push("news", nil); got != http.StatusNoContent || len(r.pushed) != 1 {
			t.Errorf("answered %d, kept %d", got, len(r.pushed))
		}
		if r.must(); r.next != slowPace {
			t.Errorf("next look in %s although the hub was mended", r.next)
		}
	})
}

func TestOnlyWhatWasAskedForIsConfirmed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.subscribed()
		f := r.hub.subscription()
		ask := func(callback, mode, topic, challenge string) int {
			status, _ := r.hub.ask(callback, url.Values{"hub.mode": {mode}, "hub.topic": {topic}, "hub.challenge": {challenge}, "hub.lease_seconds": {"60"}})
			return status
		}
		callback, topic := f.Get("hub.callback"), f.Get("hub.topic")
		for name, got := range map[string]int{
			"another topic": ask(callback, "subscribe", topic+"x", "c"),
			"unsubscribe":   ask(callback, "unsubscribe", topic, "c"),
			"another mode":  ask(callback, "", topic, "c"),
			"another id":    ask(callback+"0", "subscribe", topic, "c"),
		} {
			if got != http.StatusNotFound {
				t.Errorf("%s: answered %d", name, got)
			}
		}
		if got := ask(callback, "subscribe", topic, strings.Repeat("c", 5000)); got != http.StatusBadRequest {
			t.Errorf("a long challenge: answered %d", got)
		}
		if got := ask(callback, "subscribe", topic, "c"); got != http.StatusOK {
			t.Errorf("what was asked: answered %d", got)
		}
		r.clock.pass(48 * time.Hour)
		if got := ask(callback, "subscribe", topic, "c"); got != http.StatusNotFound {
			t.Errorf("what was asked long ago: answered %d", got)
		}
	})
}

func TestHubThatRefusesIsAskedSeldomAndTheFeedPolled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.hub.answer = http.StatusInternalServerError
		r.must("feed.rss")
		for range 3 {
			r.must()
		}
		if len(r.hub.requests()) != 1 || r.next >= slowPace {
			t.Fatalf("asked %d times, next look in %s", len(r.hub.requests()), r.next)
		}
		for range 12 {
			r.clock.pass(15 * time.Minute)
			r.must()
		}
		if n := len(r.hub.requests()); n < 3 || n > 6 {
			t.Errorf("asked %d times in three hours", n)
		}
		r.hub.mu.Lock()
		r.hub.answer, r.hub.deny = 0, "not for you"
		r.hub.mu.Unlock()
		r.clock.pass(24 * time.Hour)
		r.must()
		if got := r.hub.wait(); got != "denied" {
			t.Fatalf("the hub %s", got)
		}
		if r.must(); r.next >= slowPace {
			t.Errorf("next look in %s although the hub denies", r.next)
		}
	})
}

func TestDeniedSubscriptionIsOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.subscribed()
		f := r.hub.subscription()
		r.hub.ask(f.Get("hub.callback"), url.Values{"hub.mode": {"denied"}, "hub.topic": {f.Get("hub.topic")}, "hub.reason": {"\u202eover\n"}})
		if got := r.hub.push("news", nil); got != http.StatusGone {
			t.Errorf("answered %d", got)
		}
		if r.must(); r.next >= slowPace {
			t.Errorf("next look in %s", r.next)
		}
	})
}

func TestPushIsConfirmedOnlyOnceItIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.subscribed()
		r.broken = errDisk
		if got := r.hub.push("news", nil); got != http.StatusServiceUnavailable {
			t.Errorf("answered %d", got)
		}
		r.broken = news.Errorf(news.NotFound, "source", "there is no such source")
		if got := r.hub.push("news", nil); got != http.StatusGone {
			t.Errorf("answered %d for a source that is gone", got)
		}
		r.broken = nil
		if got := r.hub.push("news", nil); got != http.StatusNoContent || len(r.pushed) != 1 {
			t.Errorf("answered %d, kept %d", got, len(r.pushed))
		}
	})
}

func TestAnotherHubEndsTheOldSubscription(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := readPushed(t, d)
		r.subscribed()
		old := r.hub
		r.hub = newHub(t)
		r.must()
		if got := r.hub.wait(); got != "confirmed" {
			t.Fatal(got)
		}
		if got := old.push("news", nil); got != http.StatusGone {
			t.Errorf("the old hub's push was answered %d", got)
		}
		if got := r.hub.push("news", nil); got != http.StatusNoContent {
			t.Errorf("the new hub's push was answered %d", got)
		}
	})
}

func TestHubInsideTheNetworkIsNotAsked(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	inside := publish(t, func(http.ResponseWriter, *http.Request) { t.Error("a service inside the network was called") })
	port := inside.URL[strings.LastIndexByte(inside.URL, ':'):]
	r := readPushed(t, d)
	r.links = false
	for i, address := range []string{"http://localhost" + port, "https://localhost" + port, "https://169.254.169.254/", "http://hub.example/", "ftp://hub.example/", "https://u:p@hub.example/"} {
		r.wire.says(fmt.Sprintf(`<feed xmlns="http://www.w3.org/2005/Atom"><title>%d</title><id>urn:x:1</id><link rel="hub" href="%s"/></feed>`, i, address))
		r.must("feed.atom")
	}
	// Nor where a hub leads.
	leading := httptest.NewServer(http.RedirectHandler("https://localhost"+port, http.StatusTemporaryRedirect))
	defer leading.Close()
	r.wire.says(fmt.Sprintf(`<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><id>urn:x:1</id><link rel="hub" href="%s"/></feed>`, leading.URL))
	r.must("feed.atom")
}
