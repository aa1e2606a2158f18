// Package node puts a node together from its settings, starts and stops it. It
// holds no rules: those are in the rooms that it opens.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/format/ninjs"
	"jisr/internal/ingest"
	"jisr/internal/jobs"
	"jisr/internal/ledger"
	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/search"
	"jisr/internal/vocab"
)

// Version is the program's version; the build sets it.
var Version = "dev"

// Node is an open node: its rooms can be used, and Serve makes it work.
type Node struct {
	Config   *Config
	DB       *db.DB
	Ledger   *ledger.Ledger
	Blobs    *blob.Store
	Jobs     *jobs.Runner
	People   *people.Service
	Newsroom *newsroom.Service
	Exchange *exchange.Service
	Ingest   *ingest.Service
	Deliver  *deliver.Service
	Search   *search.Service
	Vocab    *vocab.Service
	Media    *media.Service

	log         *slog.Logger
	stopping    context.Context // ends when streams must
	stopStreams context.CancelFunc
	hangUp      func() // ends the connections that senders keep
}

// Init makes a new node in the data folder: settings, key, empty ledger and
// profile. It fails with Conflict where there is one.
func Init(ctx context.Context, c *Config, org news.Organisation) error {
	if err := org.Validate(); err != nil {
		return err
	}
	if c.Media != "" {
		if err := blob.CheckBucket(c.Media); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, configFile)); err == nil {
		return news.Errorf(news.Conflict, "data", "there is a node in %s already", c.Data)
	}
	d, err := db.Open(ctx, c.dsn())
	if err != nil {
		return err
	}
	defer d.Close()
	keys, err := ledger.OpenKeyring(c.keys())
	if err != nil {
		return err
	}
	key, err := ledger.GenerateKey(org.Origin)
	if err != nil {
		return err
	}
	if err := ledger.Create(ctx, ledger.Options{DB: d, Keys: keys, Now: time.Now}, key); err != nil {
		return err
	}
	// The settings come last: a node is there once they are.
	if err := c.save(); err != nil {
		return err
	}
	n, err := Open(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer n.Close()
	return n.Exchange.SetProfile(ctx, org, c.URL)
}

// Open opens the node in the data folder for use by this process. A command at
// the shell may open a node that is being served: both see the same state.
func Open(ctx context.Context, c *Config, log *slog.Logger) (*Node, error) {
	n := newNode(ctx, c, log)
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func newNode(ctx context.Context, c *Config, log *slog.Logger) *Node {
	n := &Node{Config: c, log: log}
	n.stopping, n.stopStreams = context.WithCancel(context.WithoutCancel(ctx))
	return n
}

// OpenToCheck opens the node's ledger and media only, however damaged they are.
func OpenToCheck(ctx context.Context, c *Config, log *slog.Logger) (*Node, error) {
	n := newNode(ctx, c, log)
	err := n.openLedger(ctx, ledger.Inspect)
	if err == nil {
		n.Blobs, err = openBlobs(ctx, c)
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) openLedger(ctx context.Context, open func(context.Context, ledger.Options) (*ledger.Ledger, error)) (err error) {
	if n.DB, err = db.Open(ctx, n.Config.dsn()); err != nil {
		return err
	}
	keys, err := ledger.OpenKeyring(n.Config.keys())
	if err != nil {
		return err
	}
	n.Ledger, err = open(ctx, ledger.Options{DB: n.DB, Keys: keys, Now: time.Now, Log: n.log})
	return err
}

func (n *Node) open(ctx context.Context) (err error) {
	c := n.Config
	if err := n.openLedger(ctx, ledger.Open); err != nil {
		return err
	}
	if n.Blobs, err = openBlobs(ctx, c); err != nil {
		return err
	}
	if n.Jobs, err = jobs.New(ctx, jobs.Options{DB: n.DB, Log: n.log}); err != nil {
		return err
	}
	n.Media, err = media.New(media.Options{DB: n.DB, Blobs: n.Blobs, Dir: filepath.Join(c.Data, "uploads"), Later: n.renderLater, Now: time.Now, Log: n.log})
	if err != nil {
		return err
	}
	n.Vocab = vocab.New(n.DB, time.Now)
	if err := n.Vocab.LoadEmbedded(ctx); err != nil {
		return err
	}
	n.People = people.New(n.DB, time.Now)
	n.Newsroom = newsroom.New(newsroom.Options{DB: n.DB, Ledger: n.Ledger, Media: n.Blobs, Now: time.Now, Log: n.log})
	n.Exchange = exchange.New(exchange.Options{DB: n.DB, Ledger: n.Ledger, Blobs: n.Blobs, Now: time.Now, Log: n.log,
		AllowHosts: c.AllowHosts, FetchLater: n.fetchLater, Version: Version})
	n.openIngest()
	if err := n.openDeliver(); err != nil {
		return err
	}
	n.Search, err = search.New(ctx, search.Options{DB: n.DB, Ledger: n.Ledger, Read: readContent, Now: time.Now, Log: n.log})
	return err
}

// readContent reads the content of an item entry.
func readContent(b []byte) (*news.Item, error) {
	it, _, err := ninjs.Read(b)
	return it, err
}

// Close releases what Open took.
func (n *Node) Close() error {
	n.stopStreams()
	if n.hangUp != nil {
		n.hangUp()
	}
	if n.Vocab != nil {
		n.Vocab.Close()
	}
	if n.Ledger != nil {
		n.Ledger.Close()
	}
	if n.DB == nil {
		return nil
	}
	return n.DB.Close()
}

// fetchMedia is the job that fetches a partner's media.
type fetchMedia struct {
	Origin string `json:"origin"`
	Digest string `json:"digest"`
}

// Kind implements jobs.Args.
func (fetchMedia) Kind() string { return "fetch_media" }

func (n *Node) fetchLater(ctx context.Context, tx *db.Tx, origin, digest string) error {
	_, err := n.Jobs.Enqueue(ctx, tx, fetchMedia{origin, digest}, jobs.When{Unique: true})
	return err
}

func (n *Node) handleJobs() {
	n.Ingest.HandleJobs()
	jobs.Handle(n.Jobs, func(ctx context.Context, j *jobs.Job[fetchMedia]) error {
		if err := n.Exchange.FetchMedia(ctx, j.Args.Origin, j.Args.Digest); err != nil {
			return err
		}
		return n.showMedia(ctx, j.Args.Digest)
	})
	n.handleRenditions()
}
