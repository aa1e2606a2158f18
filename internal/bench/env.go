package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/exchange"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node"
)

// env is what the benchmarks share.
type env struct {
	dir      string
	engines  []db.Engine
	server   string // of PostgreSQL
	nodes    int
	closings []func()
}

func newEnv(engines []string) (*env, error) {
	dir, err := os.MkdirTemp("", "jisr-bench")
	if err != nil {
		return nil, err
	}
	e := &env{dir: dir}
	for _, name := range engines {
		e.engines = append(e.engines, db.Engine(name))
	}
	return e, nil
}

func (e *env) close() {
	for i := len(e.closings) - 1; i >= 0; i-- {
		e.closings[i]()
	}
	os.RemoveAll(e.dir)
}

// dsn returns the address of a new, empty database.
func (e *env) dsn(ctx context.Context, engine db.Engine, dir string) (string, error) {
	if engine == db.SQLite {
		return "", nil // the node's own file
	}
	if e.server == "" {
		server, err := dbtest.Server()
		if err != nil {
			return "", err
		}
		e.server = server
	}
	admin, err := sql.Open("pgx", e.server)
	if err != nil {
		return "", err
	}
	defer admin.Close()
	name := fmt.Sprintf("jisr_bench_%d_%d", os.Getpid(), e.nodes)
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	return strings.Replace(e.server, "/postgres?", "/"+name+"?", 1), nil
}

// served is a node that serves in this process.
type served struct {
	*node.Node
	halt func() // ends serving and keeps the data
}

// stop ends serving and removes the data.
func (s *served) stop() {
	s.halt()
	os.RemoveAll(s.Config.Data)
}

// serve makes and serves a node.
func (e *env) serve(ctx context.Context, engine db.Engine, origin string) (*served, error) {
	n, err := e.open(ctx, engine, origin)
	if err != nil {
		return nil, err
	}
	run, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	ready := make(chan struct{})
	failed := make(chan error, 1)
	wg.Go(func() {
		if err := n.Serve(run, func(net.Addr) { close(ready) }); err != nil {
			failed <- err
		}
	})
	select {
	case <-ready:
	case err := <-failed:
		cancel()
		return nil, err
	}
	return &served{n, func() { cancel(); wg.Wait(); n.Close() }}, nil
}

// host makes a node that serves partners and follows nothing but what that
// needs: one whose lists and index were complete long ago.
func (e *env) host(ctx context.Context, engine db.Engine, origin string) (*served, error) {
	n, err := e.open(ctx, engine, origin)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", n.Config.Listen)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: n.Exchange.Handler(), ReadHeaderTimeout: time.Second}
	run, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { server.Serve(l) }) //nolint:errcheck // it ends with stop
	wg.Go(func() { n.Exchange.Run(run) })
	return &served{n, func() { cancel(); server.Close(); wg.Wait(); n.Close() }}, nil
}

// open makes a node without serving it.
func (e *env) open(ctx context.Context, engine db.Engine, origin string) (*node.Node, error) {
	e.nodes++
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	c := &node.Config{Data: filepath.Join(e.dir, fmt.Sprint(e.nodes)), Listen: addr, URL: "http://" + addr, AllowHosts: []string{"127.0.0.1"}}
	if c.DB, err = e.dsn(ctx, engine, c.Data); err != nil {
		return nil, err
	}
	org := news.Organisation{Origin: origin, Kind: "agency", Names: map[string]string{"en": origin}}
	if err := node.Init(ctx, c, org); err != nil {
		return nil, err
	}
	return node.Open(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
}

var desk = ledger.Actor{Role: "editor"}

// items makes n items of 3 KB of ninjs, in Arabic, Russian and English, no two
// alike.
func items(n int) []newsroom.Issue { return itemsFrom(0, n) }

// itemsFrom makes n items, numbered from first.
func itemsFrom(first, n int) []newsroom.Issue {
	words := map[string][]string{
		"ar": strings.Fields("أعلن المرصد الفلكي أمس عن رصد ظاهرة نادرة في سماء المدينة وقال الباحثون إن القياسات ستستمر حتى نهاية الشهر بالتعاون مع جامعات عدة"),
		"ru": strings.Fields("Обсерватория сообщила вчера о редком явлении над городом исследователи продолжат измерения до конца месяца вместе с университетами региона"),
		"en": strings.Fields("The observatory reported yesterday a rare phenomenon above the city and researchers will go on measuring until the end of the month with several universities"),
	}
	langs := []string{"ar", "ru", "en"}
	out := make([]newsroom.Issue, n)
	for at := range out {
		i := first + at
		lang := langs[i%3]
		w := words[lang]
		var body strings.Builder
		for k := 0; body.Len() < 2300; k++ {
			fmt.Fprintf(&body, "<p>%s %d %s.</p>", strings.Join(w[k%5:k%5+12], " "), i*31+k, strings.Join(w[:8], " "))
		}
		out[at] = newsroom.Issue{Act: news.Publish, Desk: "science", Actor: desk, Item: &news.Item{
			URI: fmt.Sprintf("tag:a.example,2026:bench/%d", i), Type: news.Text, Language: lang, Urgency: 5,
			Headlines:    []news.Words{{Value: fmt.Sprintf("%s %d", strings.Join(w[:6], " "), i)}},
			Descriptions: []news.Words{{Value: strings.Join(w[3:12], " ")}},
			Bodies:       []news.Words{{ContentType: "text/html", Value: body.String()}},
			Slugline:     fmt.Sprintf("BENCH-%d", i), Located: "Tunis", By: "Science desk",
			Subjects: []news.Concept{{URI: "http://cv.iptc.org/newscodes/mediatopic/13000000", Name: "science and technology"}},
		}}
	}
	return out
}

// contents returns the ninjs of the items.
func contents(issues []newsroom.Issue) ([][]byte, int64, error) {
	var total int64
	out := make([][]byte, len(issues))
	for i, in := range issues {
		b, err := ninjs.Write(in.Item)
		if err != nil {
			return nil, 0, err
		}
		out[i], total = b, total+int64(len(b))
	}
	return out, total, nil
}

// fill publishes the items on a node, in batches.
func fill(ctx context.Context, n *node.Node, issues []newsroom.Issue) error {
	for len(issues) > 0 {
		k := min(500, len(issues))
		if _, err := n.Newsroom.IssueAll(ctx, issues[:k]); err != nil {
			return err
		}
		issues = issues[k:]
	}
	return nil
}

// partners makes two served nodes partners; a gives b everything.
func partners(ctx context.Context, a, b *served) error {
	if _, err := a.Exchange.AddPartner(ctx, b.Config.URL); err != nil {
		return err
	}
	if err := a.Exchange.ConfirmPartner(ctx, b.Ledger.Origin(), b.Exchange.OwnFingerprint().Words); err != nil {
		return err
	}
	if err := b.Exchange.ConfirmPartner(ctx, a.Ledger.Origin(), a.Exchange.OwnFingerprint().Words); err != nil {
		return err
	}
	id, err := a.Exchange.Offer(ctx, b.Ledger.Origin(), exchange.Terms{Flows: map[string]exchange.Flow{
		a.Ledger.Origin(): {Translate: exchange.Yes, Edit: exchange.Yes, Onward: exchange.No, Embargo: exchange.Deliver}}}, desk)
	if err != nil {
		return err
	}
	return until(ctx, func() bool {
		g, err := b.Exchange.Agreement(ctx, id)
		if err != nil {
			return false
		}
		if g.State != exchange.Active {
			b.Exchange.Accept(ctx, id, g.Digest, desk) //nolint:errcheck // tried again
			return false
		}
		ga, err := a.Exchange.Agreement(ctx, id)
		return err == nil && ga.State == exchange.Active
	})
}

// until waits for the condition.
func until(ctx context.Context, ok func() bool) error {
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it did not happen within two minutes")
		}
		time.Sleep(5 * time.Millisecond)
	}
	return nil
}

// plainInserts is the baseline of a database that stores the same bytes in
// batches and promises nothing about them: rows a second.
func plainInserts(ctx context.Context, e *env, rows [][]byte) (float64, error) {
	d, err := db.Open(ctx, filepath.Join(e.dir, fmt.Sprintf("plain-%d.db", time.Now().UnixNano())))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if _, err := d.Writer().ExecContext(ctx, `CREATE TABLE plain (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)`); err != nil {
		return 0, err
	}
	runtime.GC()
	began := time.Now()
	for at := 0; at < len(rows); at += 1000 {
		err := d.Write(ctx, func(tx *db.Tx) error {
			values := make([]any, 0, 2000)
			for i := at; i < min(at+1000, len(rows)); i++ {
				values = append(values, i, rows[i])
			}
			return db.NewBulk("plain (id, bytes)", 2, "").Insert(ctx, tx, values)
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(len(rows)) / time.Since(began).Seconds(), nil
}

// signatures is the baseline of signing proof into every item: SHA-256 and an
// Ed25519 verification of the same bytes, items a second on one core.
func signatures(rows [][]byte) float64 {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return 0
	}
	n := min(2000, len(rows))
	sigs := make([][]byte, n)
	for i := range n {
		sigs[i] = ed25519.Sign(private, rows[i])
	}
	began := time.Now()
	for i := range n {
		sha256.Sum256(rows[i])
		if !ed25519.Verify(public, rows[i], sigs[i]) {
			return 0
		}
	}
	return float64(n) / time.Since(began).Seconds()
}
