// Package ingest brings in news from outside: watched folders, feeds, FTP and
// SFTP servers, mailboxes and what others push.
//
// Its invariants:
//   - A file is kept durably, as an arrival, before anything else is done with
//     it and before its sender is told that it was taken.
//   - Every arrival ends in items or in a reason that people see, and can be
//     tried again.
//   - An update, correction, hold or kill of a known item becomes a version of
//     it, never a second item; an older version changes nothing, and what was
//     killed does not come back by itself.
//
// A source is looked at by a collector, which keeps what is new there. What was
// kept is taken: read, given the source's rules, and issued or put up for review.
// Looking and taking are leased apart, so that a slow server does not hold up
// what is here already, and a process that dies is replaced by another.
package ingest

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/jobs"
	"jisr/internal/newsroom"
)

// Topic is what db.Subscribe takes to be woken when a file was kept or settled,
// or a source changed.
const Topic = "ingest"

// Options is what ingest needs.
type Options struct {
	DB         *db.DB
	Newsroom   *newsroom.Service
	Blobs      *blob.Store
	Jobs       *jobs.Runner
	Origin     string // of this node: URIs that ingest makes begin with it
	Collectors map[Kind]Collector
	Allow      Allow // hosts that may be called although they are inside a private network; nil for none
	// Folder reports whether a folder of this machine may be watched when somebody
	// who is not at its shell says so; nil for none.
	Folder func(path string) bool
	// Show has what pages show of a medium made, when an item came with it; nil for
	// nothing.
	Show func(ctx context.Context, digest string) error
	// InUse reports whether something beside arrivals uses the bytes of the digest;
	// nil for nothing.
	InUse func(ctx context.Context, digest string) (bool, error)
	// MediaWait is how long an item waits for a file that it names and that is not
	// here yet; LoneWait how long a picture waits for an item that names it. 0
	// means 2 minutes and 15 seconds.
	MediaWait, LoneWait time.Duration
	// Lease is how long work stays a process's own when it falls silent; 0 means
	// 30 seconds.
	Lease time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

// Service is what a node does with sources.
type Service struct {
	db         *db.DB
	newsroom   *newsroom.Service
	blobs      *blob.Store
	jobs       *jobs.Runner
	origin     string
	collectors map[Kind]Collector
	allow      Allow
	folder     func(string) bool
	inUse      func(context.Context, string) (bool, error)
	show       func(context.Context, string) error
	mediaWait  time.Duration
	loneWait   time.Duration
	lease      time.Duration
	now        func() time.Time
	log        *slog.Logger
	holder     string // this process, in leases

	mu    sync.Mutex
	looks map[string]*look // of this process, by source

	fetching map[string]int // media files under way, by host
}

// New returns the service. Run makes it work.
func New(o Options) *Service {
	s := &Service{db: o.DB, newsroom: o.Newsroom, blobs: o.Blobs, jobs: o.Jobs, origin: o.Origin,
		collectors: o.Collectors, allow: o.Allow, folder: o.Folder, inUse: o.InUse, show: o.Show, fetching: map[string]int{}, mediaWait: o.MediaWait, loneWait: o.LoneWait,
		lease: o.Lease, now: o.Now, log: o.Log, holder: ulid.Make().String(), looks: map[string]*look{}}
	if s.mediaWait == 0 {
		s.mediaWait = 2 * time.Minute
	}
	if s.loneWait == 0 {
		s.loneWait = 15 * time.Second
	}
	if s.lease == 0 {
		s.lease = 30 * time.Second
	}
	return s
}
