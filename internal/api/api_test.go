package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/format/ninjs"
	"jisr/internal/ingest"
	"jisr/internal/ledger"
	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/search"
	"jisr/internal/vocab"
)

// node is a whole node behind its API, on a clock that can be moved.
type node struct {
	*httptest.Server
	Options
	server   *server
	contract *contractDoc
	accounts atomic.Int64

	ahead atomic.Int64 // of the time, in nanoseconds
}

func (n *node) clock() time.Time { return time.Now().Add(time.Duration(n.ahead.Load())) }

func (n *node) advance(d time.Duration) { n.ahead.Add(int64(d)) }

// newNode starts a node that answers the API, the protocol and the questions of
// its health.
func newNode(t *testing.T, d *db.DB, origin string, limits Limits) *node {
	t.Helper()
	n := &node{contract: loadContract(t)}
	log := slog.New(slog.DiscardHandler)
	keys, err := ledger.OpenKeyring(t.TempDir())
	must(t, err)
	lo := ledger.Options{DB: d, Keys: keys, Now: n.clock, Log: log}
	key, err := ledger.GenerateKey(origin)
	must(t, err)
	must(t, ledger.Create(t.Context(), lo, key))
	l, err := ledger.Open(t.Context(), lo)
	must(t, err)
	blobs, err := blob.New(t.TempDir(), n.clock)
	must(t, err)
	n.Options = Options{
		DB: d, Ledger: l, Blobs: blobs, People: people.New(d, n.clock), Now: n.clock, Log: log, Limits: limits,
		Newsroom: newsroom.New(newsroom.Options{DB: d, Ledger: l, Media: blobs, Now: n.clock, Log: log}),
		Exchange: exchange.New(exchange.Options{DB: d, Ledger: l, Blobs: blobs, Now: n.clock, Log: log, Version: "test"}),
	}
	n.Search, err = search.New(t.Context(), search.Options{DB: d, Ledger: l, Now: n.clock, Log: log,
		Read: func(b []byte) (*news.Item, error) { it, _, err := ninjs.Read(b); return it, err }})
	must(t, err)
	n.Vocab = vocab.New(d, n.clock)
	t.Cleanup(n.Vocab.Close)
	must(t, n.Vocab.LoadEmbedded(t.Context()))
	n.Ingest = ingest.New(ingest.Options{DB: d, Newsroom: n.Newsroom, Blobs: blobs, Origin: origin, Now: n.clock, Log: log,
		Folder: func(path string) bool { return path == "/srv/wires" }})
	n.Deliver = deliver.New(deliver.Options{DB: d, Ledger: l, Blobs: blobs, Wire: standings{n.Newsroom}, Needs: []string{newsroom.WireFollower},
		Senders: map[deliver.Kind]deliver.Sender{deliver.HTTP: &mailbox{}}, URL: func() string { return n.URL },
		Allow: func(string) bool { return true }, Now: n.clock, Log: log})
	n.Media, err = media.New(media.Options{DB: d, Blobs: blobs, Dir: t.TempDir(), Now: n.clock, Log: log,
		Later: func(context.Context, *db.Tx, string) error { return nil }})
	must(t, err)
	n.Metrics = NewMetrics(l, n.Exchange)
	n.Metrics.CountSources(n.Ingest, n.clock)
	n.Metrics.CountDeliveries(n.Deliver)
	n.server = newServer(n.Options)
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", n.server.handler())
	mux.Handle("/ingest/v1/", n.server.handler())
	mux.Handle("/exchange/", n.Exchange.Handler())
	mux.Handle("/.well-known/", n.Exchange.Handler())
	mux.Handle("/", Health(HealthOptions{DB: d, Ledger: l, People: n.People, Deliver: n.Deliver, Metrics: n.Metrics, Log: log}))
	mux.Handle(deliver.FeedPath, n.Deliver.Handler())
	n.Server = httptest.NewServer(mux)
	must(t, n.Exchange.SetProfile(t.Context(), news.Organisation{Names: map[string]string{"en": origin}, Kind: "agency"}, n.URL))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { n.Newsroom.Run(ctx) })
	wg.Go(func() { n.Exchange.Run(ctx) })
	wg.Go(func() { n.Search.Run(ctx) })
	wg.Go(func() { n.Ingest.Run(ctx) })
	wg.Go(func() { n.Deliver.Run(ctx) })
	t.Cleanup(func() {
		n.CloseClientConnections()
		cancel()
		wg.Wait()
		n.Close()
		l.Close()
	})
	return n
}

// sqliteNode is newNode for tests of what does not touch the store's ways.
func sqliteNode(t *testing.T) *node {
	t.Helper()
	return newNode(t, dbtest.Open(t, db.SQLite), "wire.example", Limits{Rate: 1e6, Burst: 1e6})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// token makes an account with the roles and returns a token of it.
func (n *node) token(t *testing.T, roles []people.Role, scopes ...people.Scope) string {
	t.Helper()
	if len(scopes) == 0 {
		scopes = people.Scopes
	}
	a, err := n.People.CreateAccount(t.Context(), people.NewAccount{
		Login: fmt.Sprint("p", n.accounts.Add(1)), Language: "en", Roles: roles})
	must(t, err)
	secret, _, err := n.People.CreateToken(t.Context(), a.ID, people.NewToken{Name: "test", Scopes: scopes})
	must(t, err)
	return secret
}

// reply is an answer that kept the contract.
type reply struct {
	t      *testing.T
	what   string
	Status int
	Header http.Header
	Body   []byte
}

type header struct{ name, value string }

// do makes a request and holds the answer to openapi.json. body is sent as it
// is when it is a string or bytes, and as JSON otherwise.
func (n *node) do(t *testing.T, token, method, path string, body any, headers ...header) *reply {
	t.Helper()
	var in io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case string:
		in, kind = strings.NewReader(b), "application/json"
	case []byte:
		in, kind = bytes.NewReader(b), "application/octet-stream"
	default:
		j, err := json.Marshal(b)
		must(t, err)
		in, kind = bytes.NewReader(j), "application/json"
	}
	req, err := http.NewRequestWithContext(t.Context(), method, n.URL+path, in)
	must(t, err)
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		req.Header.Set(h.name, h.value)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	r := &reply{t, method + " " + path, res.StatusCode, res.Header, b}
	if strings.HasPrefix(path, "/api/v1/") || strings.HasPrefix(path, "/ingest/v1/") {
		n.contract.check(t, method, req.URL.Path, r)
	}
	return r
}

// want fails the test unless the answer has the status.
func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("%s: status %d, want %d: %s", r.what, r.Status, status, r.Body)
	}
	return r
}

// into reads the answer into v.
func (r *reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.Body, v); err != nil {
		r.t.Fatalf("%s: %v in %s", r.what, err, r.Body)
	}
}

// problem returns the problem document of a refusal.
func (r *reply) problem(status int) exchange.Problem {
	r.t.Helper()
	r.want(status)
	var p exchange.Problem
	if r.into(&p); r.Header.Get("Content-Type") != "application/problem+json" || p.Status != status || p.Title == "" || p.Detail == "" {
		r.t.Errorf("%s: not a problem document: %v %s", r.what, r.Header, r.Body)
	}
	return p
}

type object = map[string]any

func story(uri, language, headline string) object {
	o := object{"type": "text", "language": language, "headlines": []object{{"role": "main", "value": headline}},
		"bodies":   []object{{"role": "main", "contentType": "text/plain", "value": headline + "."}},
		"standard": object{"name": "ninjs", "version": "3.0"}}
	if uri != "" {
		o["uri"] = uri
	}
	return o
}

func itemPath(what, uri string, more ...string) string {
	q := "uri=" + url.QueryEscape(uri)
	for _, m := range more {
		q += "&" + m
	}
	return "/api/v1/item" + what + "?" + q
}

// publish publishes a story and returns where it landed.
func (n *node) publish(t *testing.T, token string, item object) newsroom.Issued {
	t.Helper()
	var out issued
	n.do(t, token, "POST", "/api/v1/items?desk=science", item).want(201).into(&out)
	return *out.Issued[0]
}
