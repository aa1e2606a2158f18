package node

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"jisr/internal/db"
	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/fetch/remote/remotetest"
	"jisr/internal/news"
)

// inbox is a subscriber's system: what it took, as "item act version".
type inbox struct {
	*httptest.Server
	mu  sync.Mutex
	got []string
}

func newInbox(t *testing.T) *inbox {
	in := &inbox{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) //nolint:errcheck
		in.mu.Lock()
		defer in.mu.Unlock()
		in.got = append(in.got, r.Header.Get("Jisr-Item")+" "+r.Header.Get("Jisr-Act")+" "+r.Header.Get("Jisr-Version"))
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) has(what string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Contains(in.got, what)
}

// subscribe makes a subscriber of the query with the destination.
func (r *running) subscribe(q deliver.Query, d deliver.Destination) *deliver.Destination {
	r.t.Helper()
	p := &deliver.Product{Name: "p", Query: q}
	if err := r.Deliver.AddProduct(r.t.Context(), p); err != nil {
		r.t.Fatal(err)
	}
	s := &deliver.Subscriber{Name: "s", Active: true, Products: []string{p.ID}}
	if err := r.Deliver.AddSubscriber(r.t.Context(), s); err != nil {
		r.t.Fatal(err)
	}
	d.Subscriber, d.Active, d.Name = s.ID, true, "d"
	if err := r.Deliver.AddDestination(r.t.Context(), &d); err != nil {
		r.t.Fatal(err)
	}
	return &d
}

func TestPartnersItemsReachSubscribersOnlyAsAgreedAndKillsAlways(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	c := *b.Config
	c.AllowHosts = []string{"127.0.0.1"}
	b.stop()
	b.serve(&c)
	t.Cleanup(func() { b.stop() })
	partner(t, a, b)
	id := agree(t, a, b, anything()) // nothing may be given on
	in := newInbox(t)
	push := b.subscribe(deliver.Query{Own: true, Partners: []string{"a.example"}},
		deliver.Destination{Kind: deliver.HTTP, Address: in.URL, Secret: strings.Repeat("secret", 5)})
	a.issue(news.Publish, story("urn:x:1", "en", "Not to be given on"), "")
	eventually(t, "it is withheld", func() bool {
		found, err := b.Deliver.Deliveries(t.Context(), deliver.Log{Destination: push.ID, State: deliver.Withheld})
		return err == nil && len(found) == 1 && strings.Contains(found[0].Reason, "a.example does not let its items be given on")
	})
	free := anything()
	free.Onward = exchange.Yes
	if err := a.Exchange.Amend(t.Context(), id, exchange.Terms{Flows: map[string]exchange.Flow{"a.example": free}}, chief); err != nil {
		t.Fatal(err)
	}
	accept(t, b, id)
	eventually(t, "the new terms are in force", func() bool {
		g, err := b.Exchange.Agreement(t.Context(), id)
		return err == nil && g.Terms != nil && g.Terms.Flows["a.example"].Onward == exchange.Yes
	})
	a.issue(news.Publish, story("urn:x:2", "en", "To be given on"), "")
	b.issue(news.Publish, story("urn:x:own", "ar", "خبر"), "")
	eventually(t, "both arrive", func() bool { return in.has("urn:x:2 publish 1") && in.has("urn:x:own publish 1") })
	if err := a.Exchange.End(t.Context(), id, "the series is over", chief); err != nil {
		t.Fatal(err)
	}
	a.issue(news.Kill, story("urn:x:2", "", ""), "wrong")
	a.issue(news.Kill, story("urn:x:1", "", ""), "wrong")
	eventually(t, "the kill arrives, whatever was ended", func() bool { return in.has("urn:x:2 kill 2") })
	if in.has("urn:x:1 publish 1") || in.has("urn:x:1 kill 2") {
		t.Errorf("what was never given on: %v", in.got)
	}
	sound(t, b)
}

func TestKillOfASourceReachesTheSubscribersOfWhatWasMadeFromIt(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	c := *b.Config
	c.AllowHosts = []string{"127.0.0.1"}
	b.stop()
	b.serve(&c)
	t.Cleanup(func() { b.stop() })
	partner(t, a, b)
	agree(t, a, b, anything())
	in := newInbox(t)
	b.subscribe(deliver.Query{Own: true}, deliver.Destination{Kind: deliver.HTTP, Address: in.URL, Secret: strings.Repeat("secret", 5)})
	a.issue(news.Publish, story("urn:x:source", "en", "The source"), "")
	eventually(t, "the source arrives", func() bool { return b.line("a.example", "urn:x:source") != nil })
	made := story("urn:x:made", "ru", "Перевод")
	made.DerivedFrom = []news.Derivation{{Relation: news.TranslationOf, URI: "urn:x:source", Origin: "a.example"}}
	b.issue(news.Publish, made, "")
	eventually(t, "the translation is delivered", func() bool { return in.has("urn:x:made publish 1") })
	a.issue(news.Kill, story("urn:x:source", "", ""), "wrong")
	eventually(t, "the translation is put on hold at its subscribers", func() bool { return in.has("urn:x:made hold 2") })
}

func TestEachVersionIsAFileInTheSubscribersFolder(t *testing.T) {
	n := start(t, db.SQLite, "a.example")
	c := *n.Config
	c.AllowHosts = []string{"127.0.0.1"}
	n.stop()
	n.serve(&c)
	t.Cleanup(func() { n.stop() })
	server := remotetest.SFTP(t)
	n.subscribe(deliver.Query{Own: true}, deliver.Destination{Kind: deliver.SFTP, Address: server.URL, User: remotetest.User, Secret: remotetest.Password,
		HostKey: server.HostKey, Format: "newsml-g2", FileName: "{act}/{id}-v{version}.{ext}"})
	n.issue(news.Publish, story("urn:x:1", "ar", "خبر"), "")
	file := func(pattern string) string {
		found, _ := filepath.Glob(filepath.Join(server.Dir, pattern))
		if len(found) != 1 {
			return ""
		}
		b, _ := os.ReadFile(found[0])
		return string(b)
	}
	eventually(t, "the file", func() bool { return strings.Contains(file("publish/*-v1.xml"), "خبر") })
	n.issue(news.Kill, story("urn:x:1", "", ""), "wrong")
	eventually(t, "the kill's file", func() bool { return strings.Contains(file("kill/*-v2.xml"), "stat:canceled") })
}
