// Package api is the node's interface for programs: REST under /api/v1, and the
// health and figures that machines watch.
//
// Its invariant: a request does what its line in the table of routes lets its
// token do, and nothing else. A handler parses, calls a service and renders;
// the rules are in the services. Every failure leaves as a problem document
// (RFC 9457) that shows nothing internal.
//
// The contract is openapi.json. Tests hold it to the routes and to what the
// handlers answer; docs/api.md is the introduction.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/ingest"
	"jisr/internal/ledger"
	"jisr/internal/media"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/search"
	"jisr/internal/vocab"
)

// Options is what the API stands on.
type Options struct {
	DB       *db.DB
	Ledger   *ledger.Ledger
	Newsroom *newsroom.Service
	Exchange *exchange.Service
	Ingest   *ingest.Service
	Deliver  *deliver.Service
	People   *people.Service
	Blobs    *blob.Store
	Search   *search.Service // nil for a node without an index
	Vocab    *vocab.Service
	Media    *media.Service // nil to make no previews of what is stored
	Metrics  *Metrics       // nil to count nothing
	Limits   Limits
	Now      func() time.Time
	Log      *slog.Logger
}

// Limits bounds what callers may ask for. Zero fields mean the defaults.
type Limits struct {
	Rate    float64 // requests a second that a token may make in the long run; 50
	Burst   int     // requests that it may make at once; 100
	Streams int     // event streams open at a time, for all; 256
}

// streamsEach is how many event streams a token may have open.
const streamsEach = 8

func (l Limits) withDefaults() Limits {
	if l.Rate == 0 {
		l.Rate = 50
	}
	if l.Burst == 0 {
		l.Burst = 100
	}
	if l.Streams == 0 {
		l.Streams = 256
	}
	return l
}

type server struct {
	db       *db.DB
	ledger   *ledger.Ledger
	newsroom *newsroom.Service
	exchange *exchange.Service
	ingest   *ingest.Service
	deliver  *deliver.Service
	people   *people.Service
	blobs    *blob.Store
	search   *search.Service
	vocab    *vocab.Service
	media    *media.Service
	metrics  *Metrics
	buckets  *buckets
	streams  *streams
	now      func() time.Time
	log      *slog.Logger
}

// New returns the handler of everything under /api/v1/ and /ingest/v1/.
func New(o Options) http.Handler { return newServer(o).handler() }

func newServer(o Options) *server {
	limits := o.Limits.withDefaults()
	return &server{
		db: o.DB, ledger: o.Ledger, newsroom: o.Newsroom, exchange: o.Exchange, ingest: o.Ingest, deliver: o.Deliver, people: o.People, blobs: o.Blobs,
		search: o.Search, vocab: o.Vocab, media: o.Media, metrics: o.Metrics, now: o.Now, log: o.Log,
		buckets: newBuckets(limits.Rate, limits.Burst),
		streams: newStreams(limits.Streams, streamsEach),
	}
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range s.routes() {
		mux.Handle(rt.pattern, s.serve(rt))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			s.problem(w, r, unrouted(mux, r))
			return
		}
		mux.ServeHTTP(w, r)
	})
}
