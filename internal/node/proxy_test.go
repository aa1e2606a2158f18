package node

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// trick is what a proxy does to one answer of the node behind it.
type trick string

const (
	behave   trick = "behave"
	drop     trick = "drop the connection"
	truncate trick = "truncate"
	shorten  trick = "truncate and say so" // with a Content-Length that fits
	flip     trick = "flip a bit"
	reorder  trick = "reorder"
	replay   trick = "replay an earlier answer"
	stale    trick = "answer an old checkpoint"
	delay    trick = "delay"
	page     trick = "answer a page of its own"
	broken   trick = "answer 502"
)

// proxy stands between a node and everyone else.
type proxy struct {
	*httptest.Server
	node string // address of the node behind it

	mu      sync.Mutex
	trick   func(path string) trick
	rand    *rand.Rand
	first   map[string][]byte // the first answers by path
	tricked map[trick]int
}

func newProxy(t testing.TB, node string, seed uint64) *proxy {
	p := &proxy{node: node, rand: rand.New(rand.NewPCG(seed, 1)), first: map[string][]byte{}, tricked: map[trick]int{}}
	p.play(behave)
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// play does the trick to every answer from now on.
func (p *proxy) play(x trick) { p.playEach(func(string) trick { return x }) }

func (p *proxy) playEach(f func(path string) trick) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trick = f
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+p.node+r.URL.RequestURI(), r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	req.Header = r.Header.Clone()
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "identity") // or the transport would change the body
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x, body := p.apply(r.URL.Path, res.StatusCode, body)
	switch x {
	case drop:
		panic(http.ErrAbortHandler)
	case page:
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<p>Please sign in to the guest network.</p>") //nolint:errcheck
		return
	case broken:
		http.Error(w, "bad gateway", http.StatusBadGateway)
		return
	case delay:
		time.Sleep(300 * time.Millisecond)
	}
	for k, v := range res.Header {
		if k != "Content-Length" {
			w.Header()[k] = v
		}
	}
	w.WriteHeader(res.StatusCode)
	w.Write(body) //nolint:errcheck
	if x == truncate {
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// apply chooses the trick and changes the body.
func (p *proxy) apply(path string, status int, body []byte) (trick, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := p.trick(path)
	kept, had := p.first[path]
	if !had && status == http.StatusOK {
		p.first[path] = body
	}
	n := len(body)
	switch x {
	case truncate, shorten:
		body = body[:n/2]
	case flip:
		if n > 0 {
			body = bytes.Clone(body)
			body[p.rand.IntN(n)] ^= 1 << p.rand.IntN(8)
		}
	case reorder:
		body = append(bytes.Clone(body[n/2:]), body[:n/2]...)
	case replay:
		body = kept
	case stale:
		if strings.HasSuffix(path, "/checkpoint") {
			body = kept
		}
	}
	p.tricked[x]++
	return x, body
}

// startBehind makes and serves a node that others reach through a proxy only.
func startBehind(t testing.TB, engine db.Engine, origin string, seed uint64) (*running, *proxy) {
	t.Helper()
	addr := freeAddress(t)
	p := newProxy(t, addr, seed)
	return startAt(t, engine, origin, addr, p.URL), p
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func startAt(t testing.TB, engine db.Engine, origin, addr, url string) *running {
	t.Helper()
	c := &Config{Data: t.TempDir(), Listen: addr, URL: url}
	if engine == db.Postgres {
		c.DB = dbtest.DSN(t, engine)
	}
	org := news.Organisation{Origin: origin, Kind: "agency", Names: map[string]string{"en": origin}}
	if err := Init(t.Context(), c, org); err != nil {
		t.Fatal(err)
	}
	r := &running{t: t}
	r.serve(c)
	t.Cleanup(func() { r.stop() })
	return r
}
