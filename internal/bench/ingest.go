package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"jisr/internal/db"
	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/search"
)

const (
	feedCount   = 200
	feedEntries = 50
)

// ingestFeeds measures 200 feeds of 50 entries from a server on this machine,
// from adding them until every entry is an item of record, on the wire and
// found. The baseline fetches the same feeds one by one, parses them with gofeed
// and stores each entry's bytes in a plain table, a durable transaction a feed.
// A second line measures the same feeds polled again with one new entry each.
func ingestFeeds(ctx context.Context, e *env) error {
	server, err := newFeedServer()
	if err != nil {
		return err
	}
	defer server.close()
	plain, err := plainAggregator(ctx, e, server)
	if err != nil {
		return err
	}
	for _, engine := range e.engines {
		n, err := e.serve(ctx, engine, "a.example")
		if err != nil {
			return err
		}
		n.Config.AllowHosts = []string{"127.0.0.1"}
		all, again, err := ingestInto(ctx, n, server)
		n.stop()
		if err != nil {
			return err
		}
		server.extra = 0
		report("ingest-"+string(engine), all.Seconds(), "s", plain.Seconds(), "fetch-parse-and-store-one-by-one")
		report("ingest-again-"+string(engine), again.Seconds(), "s", plain.Seconds(), "fetch-parse-and-store-one-by-one")
	}
	return nil
}

func ingestInto(ctx context.Context, n *served, server *feedServer) (all, again time.Duration, err error) {
	ids := make([]string, feedCount)
	began := time.Now()
	for i := range ids {
		src, err := n.Ingest.CreateSource(ctx, ingest.Source{Name: fmt.Sprint("Feed ", i), Kind: ingest.Feed, Active: true,
			Address: server.address(i), Rules: ingest.Rules{Publish: true, Desk: "science"}}, ingest.Shell)
		if err != nil {
			return 0, 0, err
		}
		ids[i] = src.ID
	}
	if err := shownAndFound(ctx, n, feedCount*feedEntries); err != nil {
		return 0, 0, err
	}
	all = time.Since(began)
	server.extra = 1
	began = time.Now()
	for _, id := range ids {
		if err := n.Ingest.SetActive(ctx, id, ingest.Running); err != nil { // that is: look now
			return 0, 0, err
		}
	}
	err = shownAndFound(ctx, n, feedCount*(feedEntries+1))
	return all, time.Since(began), err
}

// shownAndFound waits until as many items are of record, on the wire and found.
func shownAndFound(ctx context.Context, n *served, items int64) error {
	err := until(ctx, func() bool {
		head, err := n.Ledger.Head(ctx, n.Ledger.Origin())
		return err == nil && head.Size >= items
	})
	if err != nil {
		return err
	}
	end, err := n.Ledger.Position(ctx)
	if err != nil {
		return err
	}
	for _, follower := range []string{newsroom.WireFollower, search.Follower} {
		if err := n.Ledger.WaitFollower(ctx, follower, end); err != nil {
			return err
		}
	}
	return nil
}

// feedServer serves the feeds.
type feedServer struct {
	listener net.Listener
	server   *http.Server
	entries  []*news.Item
	extra    int // new entries of each feed
}

func newFeedServer() (*feedServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &feedServer{listener: l}
	for _, in := range items(feedCount * (feedEntries + 1)) {
		s.entries = append(s.entries, in.Item)
	}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Second}
	go s.server.Serve(l) //nolint:errcheck // it ends with close
	return s, nil
}

func (s *feedServer) close() { s.server.Close() }

func (s *feedServer) address(i int) string {
	return fmt.Sprintf("http://%s/%d.xml", s.listener.Addr(), i)
}

func (s *feedServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/"), ".xml"))
	if err != nil || i < 0 || i >= feedCount {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/rss+xml")
	w.Write(s.feed(i)) //nolint:errcheck // a reader that went away
}

func (s *feedServer) feed(i int) []byte {
	var b bytes.Buffer
	text := func(name, value string) {
		fmt.Fprintf(&b, "<%s>", name)
		xml.EscapeText(&b, []byte(value)) //nolint:errcheck // a buffer takes everything
		fmt.Fprintf(&b, "</%s>", name)
	}
	b.WriteString(`<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>`)
	text("title", fmt.Sprint("Feed ", i))
	text("link", fmt.Sprintf("https://feed%d.example/", i))
	for k := range feedEntries + s.extra {
		it := s.entries[i*(feedEntries+1)+k]
		b.WriteString("<item>")
		text("guid", fmt.Sprintf("https://feed%d.example/%d", i, k))
		text("title", it.Headline())
		text("description", it.Summary())
		text("category", "science")
		text("pubDate", time.Date(2026, 3, 1, 9, k, 0, 0, time.UTC).Format(time.RFC1123Z))
		text("content:encoded", it.Body().Value)
		b.WriteString("</item>")
	}
	b.WriteString("</channel></rss>")
	return b.Bytes()
}

func plainAggregator(ctx context.Context, e *env, server *feedServer) (time.Duration, error) {
	d, err := db.Open(ctx, filepath.Join(e.dir, "aggregator.db"))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if _, err := d.Writer().ExecContext(ctx, `CREATE TABLE plain (guid TEXT PRIMARY KEY, bytes BLOB NOT NULL)`); err != nil {
		return 0, err
	}
	began := time.Now()
	for i := range feedCount {
		res, err := http.Get(server.address(i))
		if err != nil {
			return 0, err
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return 0, err
		}
		f, err := gofeed.NewParser().Parse(bytes.NewReader(body))
		if err != nil {
			return 0, err
		}
		err = d.Write(ctx, func(tx *db.Tx) error {
			var values []any
			for _, it := range f.Items {
				values = append(values, it.GUID, []byte(it.Content))
			}
			return db.NewBulk("plain (guid, bytes)", 2, "").Insert(ctx, tx, values)
		})
		if err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}
