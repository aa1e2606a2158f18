// Package collect looks at the places that news comes from and hands over what
// is new there: watched folders, FTP and SFTP servers, feeds and mailboxes.
//
// Its invariants: nothing is deleted, moved or noted as seen at its source before
// it is kept here; one bad file holds up no other; nothing that a sender writes,
// a name, a redirect or a size, leads out of its folder, into the node's own
// network or past a limit.
package collect

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/format/mail"
	"jisr/internal/ingest"
	"jisr/internal/ingest/collect/websub"
)

// maxFile is the largest file that is fetched, in bytes.
const maxFile = 64 << 20

const (
	// settleTime is how long a file must stay as it is before it is taken.
	settleTime = 2 * time.Second
	// holdTime is how much longer it must before its source lets go of it.
	holdTime = 10 * time.Second
)

// Options is what collectors need.
type Options struct {
	// Allow reports whether a host may be called although it is inside a private
	// network; nil allows none.
	Allow ingest.Allow
	URL   string // of this node, as others call it; without one no hub is asked to push
	DB    *db.DB // keeps the subscriptions at hubs; nil for none
	Now   func() time.Time
	Log   *slog.Logger
}

func (o Options) client() *http.Client {
	return fetch.Client(fetch.Options{Allow: o.Allow, Header: 30 * time.Second})
}

// agent is how the node introduces itself, so that whoever is called too often
// knows whom to write to.
func (o Options) agent() string {
	if o.URL == "" {
		return "Jisr"
	}
	return "Jisr (+" + o.URL + ")"
}

// subscriptions returns nil where hubs could not reach this node.
func (o Options) subscriptions() *websub.Service {
	if o.URL == "" || o.DB == nil {
		return nil
	}
	return websub.New(websub.Options{DB: o.DB, Client: o.client(), Allow: o.Allow, URL: o.URL, Agent: o.agent(), Now: o.Now, Log: o.Log})
}

// All returns the collector of each kind of source that is looked at.
func All(o Options) map[ingest.Kind]ingest.Collector {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	rules := files{settle: settleTime, hold: holdTime, now: o.Now, wait: wait}
	remote := &servers{allow: o.Allow, files: rules, limit: maxFiles}
	return map[ingest.Kind]ingest.Collector{
		ingest.Folder: &folders{files: rules},
		ingest.FTP:    remote,
		ingest.SFTP:   remote,
		ingest.Feed:   newFeeds(o),
		ingest.Mail:   &mailboxes{allow: o.Allow, max: mail.MaxSize},
	}
}

// WebSub returns what hubs call, to be mounted at websub.Path. What they push is
// given to keep with the id of its source; keep fails with NotFound once there is
// no such source or it is paused.
func WebSub(o Options, keep func(ctx context.Context, source string, f ingest.File) error) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := o.subscriptions()
	if s == nil {
		return http.NotFoundHandler()
	}
	return s.Handler(func(ctx context.Context, source string, body []byte) error {
		return keep(ctx, source, ingest.File{Key: digestOf(body), Name: fileName(body), Data: body})
	})
}
