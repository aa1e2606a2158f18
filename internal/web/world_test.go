package web_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/deliver"
	"jisr/internal/deliver/send"
	"jisr/internal/exchange"
	"jisr/internal/format/ninjs"
	"jisr/internal/ingest"
	"jisr/internal/ingest/collect"
	"jisr/internal/ledger"
	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/search"
	"jisr/internal/vocab"
	"jisr/internal/web"
)

// house is a node as the pages see it, served on loopback with the real
// services over a database of its own.
type house struct {
	t        testing.TB
	url      string
	blobs    *blob.Store
	ledger   *ledger.Ledger
	newsroom *newsroom.Service
	exchange *exchange.Service
	people   *people.Service
	search   *search.Service
	vocab    *vocab.Service
	media    *media.Service
	cut      atomic.Int64 // how many parts of an upload arrive before the line breaks; 0 for all
	ingest   *ingest.Service
	deliver  *deliver.Service
	inbox    string // a folder that sources may watch
}

// open starts a house. It stops with the test.
func open(t testing.TB, org news.Organisation) *house {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("JISR_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	dir := t.TempDir()
	d := must(db.Open(ctx, filepath.Join(dir, "jisr.db")))(t)
	key := must(ledger.GenerateKey(org.Origin))(t)
	options := ledger.Options{DB: d, Keys: must(ledger.OpenKeyring(filepath.Join(dir, "keys")))(t), Now: time.Now, Log: log}
	check(t, ledger.Create(ctx, options, key))
	h := &house{t: t, blobs: must(blob.New(filepath.Join(dir, "media"), time.Now))(t), ledger: must(ledger.Open(ctx, options))(t)}
	h.newsroom = newsroom.New(newsroom.Options{DB: d, Ledger: h.ledger, Media: h.blobs, Now: time.Now, Log: log})
	var wg sync.WaitGroup
	h.exchange = exchange.New(exchange.Options{DB: d, Ledger: h.ledger, Blobs: h.blobs, Now: time.Now, Log: log, Version: "test",
		FetchLater: func(_ context.Context, tx *db.Tx, origin, digest string) error {
			tx.AfterCommit(func() {
				wg.Go(func() {
					for ctx.Err() == nil && h.exchange.FetchMedia(ctx, origin, digest) != nil {
						time.Sleep(50 * time.Millisecond)
					}
				})
			})
			return nil
		}})
	h.people = people.New(d, time.Now)
	read := func(b []byte) (*news.Item, error) { it, _, err := ninjs.Read(b); return it, err }
	h.search = must(search.New(ctx, search.Options{DB: d, Ledger: h.ledger, Read: read, Now: time.Now, Log: log}))(t)
	h.vocab = vocab.New(d, time.Now)
	check(t, h.vocab.LoadEmbedded(ctx))
	h.inbox = t.TempDir()
	h.media = must(media.New(media.Options{DB: d, Blobs: h.blobs, Dir: filepath.Join(dir, "uploads"), Now: time.Now, Log: log,
		Later: func(_ context.Context, tx *db.Tx, digest string) error {
			tx.AfterCommit(func() {
				wg.Go(func() {
					for ctx.Err() == nil && errors.Is(h.media.Process(ctx, digest), media.ErrBusy) {
						time.Sleep(20 * time.Millisecond)
					}
				})
			})
			return nil
		}}))(t)
	h.ingest = ingest.New(ingest.Options{DB: d, Newsroom: h.newsroom, Blobs: h.blobs, Origin: org.Origin,
		Collectors: collect.All(collect.Options{DB: d, Allow: inside, Now: time.Now, Log: log}), Allow: inside,
		Folder: func(path string) bool { return path == h.inbox }, Now: time.Now, Log: log})
	senders, hangUp := send.All(send.Options{Allow: inside, Origin: org.Origin, Version: "test", Now: time.Now})
	h.deliver = deliver.New(deliver.Options{DB: d, Ledger: h.ledger, Blobs: h.blobs, Wire: standings{h.newsroom}, Rights: everything{}, Senders: senders,
		Check: func(d *deliver.Destination) error { return send.Check(d, inside) },
		Needs: []string{newsroom.WireFollower}, URL: func() string { return h.url }, Allow: inside, Now: time.Now, Log: log})
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	h.url = "http://" + listener.Addr().String()
	check(t, h.exchange.SetProfile(ctx, org, h.url))
	keys := must(people.NewPasskeys(h.people, strings.Replace(h.url, "127.0.0.1", "localhost", 1), org.Origin))(t)
	site := must(web.New(web.Options{Passkeys: keys, Newsroom: h.newsroom, Exchange: h.exchange, People: h.people, Search: h.search, Ingest: h.ingest, Deliver: h.deliver, Vocab: h.vocab, Ledger: h.ledger,
		Media: h.blobs, Files: h.media, Subscribe: d.Subscribe, URL: h.url, Zone: time.FixedZone("EET", 2*3600), Now: time.Now, Log: log}))(t)
	mux := http.NewServeMux()
	mux.Handle("/exchange/", h.exchange.Handler())
	mux.Handle("/.well-known/jisr.json", h.exchange.Handler())
	mux.Handle(deliver.FeedPath, h.deliver.Handler())
	mux.HandleFunc("PATCH /media/uploads/{id}", func(w http.ResponseWriter, r *http.Request) {
		if h.cut.Load() > 0 && h.cut.Add(-1) == 0 {
			panic(http.ErrAbortHandler)
		}
		site.ServeHTTP(w, r)
	})
	mux.Handle("/", site)
	server := &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }}
	go server.Serve(listener)
	wg.Go(func() { h.newsroom.Run(ctx) })
	wg.Go(func() { h.exchange.Run(ctx) })
	wg.Go(func() { h.search.Run(ctx) })
	wg.Go(func() { h.ingest.Run(ctx) })
	wg.Go(func() { h.deliver.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		server.Close()
		wg.Wait()
		hangUp()
		h.vocab.Close()
		h.ledger.Close()
		d.Close()
	})
	return h
}

// inside is the host of the tests' own servers.
func inside(host string) bool { return host == "127.0.0.1" }

// standings asks the wire for delivery, as the node does.
type standings struct{ newsroom *newsroom.Service }

func (s standings) Standing(ctx context.Context, items []deliver.Item) (map[deliver.Item]deliver.Standing, error) {
	var keys [][2]string
	for _, it := range items {
		keys = append(keys, [2]string{it.Origin, it.URI})
	}
	lines, err := s.newsroom.Lines(ctx, keys, true)
	out := map[deliver.Item]deliver.Standing{}
	for _, l := range lines {
		out[deliver.Item{Origin: l.Origin, URI: l.URI}] = deliver.Standing{Position: l.Position, Index: l.Index, Status: l.Status, Blocked: l.Blocked, Embargoed: l.Embargoed, Expires: l.Expires}
	}
	return out, err
}

// everything may be given on: which rights stand against it is not the pages' to say.
type everything struct{}

func (everything) MayRedistribute(context.Context, string, string, int64) (bool, string, error) {
	return true, "", nil
}

// must returns a function that fails the test if there was an error, and else
// the value.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until the condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within 20 s: %s", what)
}

const password = "seven quiet bridges"

// hire makes an account.
func (h *house) hire(login, name, language string, roles ...people.Role) *people.Account {
	h.t.Helper()
	return must(h.people.CreateAccount(h.t.Context(), people.NewAccount{Login: login, Name: name, Language: language, Roles: roles, Password: password}))(h.t)
}

// client is a browser's client that follows no redirects; signed in if login is
// not empty.
func (h *house) client(login string) *http.Client {
	h.t.Helper()
	jar := must(cookiejar.New(nil))(h.t)
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if login != "" {
		secret, _, err := h.people.SignIn(h.t.Context(), people.Credentials{Login: login, Password: password, Address: "127.0.0.1:1"})
		check(h.t, err)
		u := must(http.NewRequest("GET", h.url, nil))(h.t).URL
		jar.SetCookies(u, []*http.Cookie{{Name: web.SessionCookie(h.ledger.Origin(), h.url), Value: secret, Path: "/"}})
	}
	return c
}

// issue performs an act and waits until the wire shows it.
func (h *house) issue(in newsroom.Issue) *newsroom.Issued {
	h.t.Helper()
	if in.Actor.Role == "" {
		in.Actor.Role = "editor"
	}
	out := must(h.newsroom.Issue(h.t.Context(), in))(h.t)
	check(h.t, h.ledger.WaitFollower(h.t.Context(), newsroom.WireFollower, out.Position))
	return out
}

func (h *house) store(b []byte) string {
	h.t.Helper()
	return must(h.blobs.Put(h.t.Context(), bytes.NewReader(b), blob.Expect{}))(h.t).Digest
}

// agree makes two houses partners that send each other everything.
func agree(t testing.TB, a, b *house) string {
	t.Helper()
	ctx := t.Context()
	must(a.exchange.AddPartner(ctx, b.url))(t)
	check(t, a.exchange.ConfirmPartner(ctx, b.ledger.Origin(), b.exchange.OwnFingerprint().Words))
	check(t, b.exchange.ConfirmPartner(ctx, a.ledger.Origin(), a.exchange.OwnFingerprint().Words))
	chief := ledger.Actor{Role: "chief"}
	out := exchange.Flow{Credit: "Nahr Wire / Baltika", Licence: "Editorial use", Translate: exchange.Yes, Edit: exchange.Ask, Onward: exchange.No, Embargo: exchange.Deliver}
	in := exchange.Flow{Languages: []string{"ru", "en"}, Credit: "Baltika", Translate: exchange.Yes, Edit: exchange.No, Onward: exchange.Ask, Embargo: exchange.Deliver, Retention: 90}
	id := must(a.exchange.Offer(ctx, b.ledger.Origin(), exchange.Terms{Note: "Trial year", Flows: map[string]exchange.Flow{a.ledger.Origin(): out, b.ledger.Origin(): in}}, chief))(t)
	eventually(t, "the offer is accepted", func() bool {
		g, err := b.exchange.Agreement(ctx, id)
		return err == nil && g.Proposed != nil && b.exchange.Accept(ctx, id, g.Digest, chief) == nil
	})
	eventually(t, "the agreement is in force", func() bool {
		g, err := a.exchange.Agreement(ctx, id)
		return err == nil && g.State == exchange.Active
	})
	return id
}
