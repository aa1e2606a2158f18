// Package exchange is how nodes work together: who the partners are, what was
// agreed with them, and how each side reads the other's ledger and can be sure
// of it. The protocol is docs/protocol.md.
//
// Its invariants:
//
//   - The reader pulls and verifies: nothing enters the journal that the
//     issuer's signed tree does not contain, and a batch is stored whole or not
//     at all.
//   - A partner sees the content that an agreement gives it, and of everything
//     else only that it exists.
//   - A ledger that contradicts itself is never followed further; the evidence
//     is kept.
package exchange

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/ledger"
)

// Topic is what db.Subscribe takes to be woken when partners, agreements or
// their state change.
const Topic = "exchange"

// Options is what an exchange needs.
type Options struct {
	DB     *db.DB
	Ledger *ledger.Ledger
	Blobs  *blob.Store
	Now    func() time.Time
	Log    *slog.Logger
	// AllowHosts lists hosts that may be called although they are inside a
	// private network.
	AllowHosts []string
	// FetchLater has FetchMedia called in the background, once tx is durable, until
	// it succeeds.
	FetchLater func(ctx context.Context, tx *db.Tx, origin, digest string) error
	// Version is the program's version, told to partners.
	Version string
}

// Service is the exchange of a node.
type Service struct {
	db      *db.DB
	ledger  *ledger.Ledger
	blobs   *blob.Store
	now     func() time.Time
	log     *slog.Logger
	version string
	client  *http.Client
	nonces  *nonces
	limits  limits
	later   func(ctx context.Context, tx *db.Tx, origin, digest string) error

	allowed []string

	mu      sync.Mutex
	pullers map[string]*puller
	known   map[string]*ledger.Key // by which a partner knows us, where that is not the current one
}

// New returns the exchange. Run makes it work.
func New(o Options) *Service {
	s := &Service{db: o.DB, ledger: o.Ledger, blobs: o.Blobs, now: o.Now, log: o.Log, version: o.Version,
		allowed: o.AllowHosts, pullers: map[string]*puller{}, known: map[string]*ledger.Key{}, later: o.FetchLater}
	s.nonces = newNonces(o.DB, o.Now)
	s.client = fetch.Client(fetch.Options{Allow: s.mayCall})
	return s
}

// Run follows the journal and reads every confirmed partner's ledger until ctx
// ends.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.ledger.Follow(ctx, s.agreementFollower()) })
	wg.Go(func() { s.ledger.Follow(ctx, s.mediaFollower()) })
	wg.Go(func() { s.runPullers(ctx) })
	wg.Go(func() { s.announce(ctx) })
	wg.Wait()
}

// mayCall reports whether a host may be called although it is inside a private
// network: the operator listed it or typed it when adding a partner. A node that
// is itself on the loopback interface may call its neighbours there.
func (s *Service) mayCall(host string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if slices.Contains(s.allowed, host) {
		return true
	}
	if own, err := s.Profile(ctx); err == nil && loopback(host) {
		if u, err := url.Parse(own.URL); err == nil && loopback(u.Hostname()) {
			return true
		}
	}
	typed, err := s.typedHosts(ctx)
	if err != nil {
		s.log.Error("cannot read which hosts were typed", "err", err)
	}
	return slices.Contains(typed, host)
}

func (s *Service) typedHosts(ctx context.Context) ([]string, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT host FROM typed_host`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var h string
		if err := rows.Scan(&h); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// typed notes that an operator typed the host.
func (s *Service) typed(ctx context.Context, host string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO typed_host (host) VALUES ($1) ON CONFLICT DO NOTHING`, strings.ToLower(host))
		return err
	})
}
