package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"jisr/internal/db"
	"jisr/internal/fetch/httpsig"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Limits of the protocol (docs/protocol.md "Limits").
const (
	maxBatch       = 64 << 20  // bytes of one answer with entries
	maxEntries     = 5000      // entries in one answer
	maxRequestBody = 256 << 10 // bytes of a request between nodes
	MaxMedia       = 10 << 30  // bytes of one media file, unless an agreement says less
)

// caller verifies who makes a request between nodes and returns its origin. Only
// confirmed partners pass.
func (s *Service) caller(r *http.Request, body []byte) (string, error) {
	sig, err := httpsig.Parse(r.Header)
	if err != nil {
		return "", err
	}
	origin, _, _ := strings.Cut(sig.KeyID, "+")
	p, err := s.Partner(r.Context(), origin)
	if news.KindOf(err) == news.NotFound || err == nil && p.State != Confirmed {
		return "", news.Errorf(news.Forbidden, "keyid", "this node has not confirmed %q as a partner", origin)
	}
	if err != nil {
		return "", err
	}
	if err := s.verify(r, sig, origin, body); err != nil {
		return "", err
	}
	// Strangers cannot use up a partner's allowance, and one that is over it cannot
	// fill the memory with nonces.
	if err := s.limits.take(origin); err != nil {
		return "", err
	}
	return origin, s.nonces.use(r.Context(), origin, sig)
}

func (s *Service) verify(r *http.Request, sig *httpsig.Signature, origin string, body []byte) error {
	vkeys, err := s.ledger.Keys(r.Context(), origin)
	if err != nil {
		return err
	}
	if len(vkeys) == 0 {
		return news.Errorf(news.Forbidden, "keyid", "no key of %s is known", origin)
	}
	_, key, err := ledger.PublicKey(vkeys[0])
	if err != nil {
		return err
	}
	p, err := s.ownProfile(r.Context())
	if err != nil {
		return err
	}
	if p.URL == "" {
		return news.Errorf(news.Unavailable, "url", "this node has no public address set")
	}
	// Only the key that is current as far as we know: one that was rotated away may
	// have been stolen. A caller that we have not followed through its rotation yet
	// signs by the key before, see remote.do.
	//
	// The address must be one of this node's own, whatever name a proxy called us
	// by; a partner may not have heard of the newest.
	first := sig.Verify(r, p.URL+r.URL.RequestURI(), body, s.now(), key)
	for _, before := range p.Before {
		if first == nil || sig.Verify(r, before+r.URL.RequestURI(), body, s.now(), key) == nil {
			return nil
		}
	}
	return first
}

// readBody reads a request's body within the limit.
func readBody(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody+1))
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	if len(b) > maxRequestBody {
		return nil, news.Errorf(news.TooLarge, "body", "more than the %d bytes that a request may have", maxRequestBody)
	}
	return b, nil
}

// nonces refuses a signed request that comes twice.
type nonces struct {
	db      *db.DB
	now     func() time.Time
	started time.Time

	mu    sync.Mutex
	seen  map[string]time.Time
	sweep time.Time
}

func newNonces(d *db.DB, now func() time.Time) *nonces {
	return &nonces{db: d, now: now, started: now(), seen: map[string]time.Time{}}
}

// use takes note of a verified request's nonce and fails with Forbidden when it
// was used before. Over PostgreSQL the processes share a table. Over one SQLite
// file there is one process and its memory is enough for most: what was signed
// before it started is refused, since it may have been accepted then. Only where
// the caller's clock is ahead of ours could that be mistaken, so those nonces
// outlive the process.
func (n *nonces) use(ctx context.Context, origin string, sig *httpsig.Signature) error {
	value := origin + " " + sig.Nonce
	expires := sig.Created.Add(2 * httpsig.MaxSkew)
	if n.db.Engine == db.Postgres {
		return n.store(ctx, value, expires)
	}
	if sig.Created.Before(n.started.Truncate(time.Second)) {
		return news.Errorf(news.Unavailable, "created", "the request was signed before this node started: sign it anew")
	}
	now := n.now()
	if err := n.remember(value, expires, now); err != nil {
		return err
	}
	switch {
	case sig.Created.After(now):
		return n.store(ctx, value, expires)
	case now.Before(n.started.Add(2 * httpsig.MaxSkew)):
		return n.stored(ctx, value)
	}
	return nil
}

func (n *nonces) remember(value string, expires, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now.Sub(n.sweep) > time.Minute {
		n.sweep = now
		for v, until := range n.seen {
			if until.Before(now) {
				delete(n.seen, v)
			}
		}
	}
	if _, twice := n.seen[value]; twice {
		return replayed()
	}
	n.seen[value] = expires
	return nil
}

// stored fails when the nonce is in the table.
func (n *nonces) stored(ctx context.Context, value string) error {
	var k int
	err := n.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM nonce WHERE value = $1`, value).Scan(&k)
	if err != nil {
		return fmt.Errorf("look for nonce: %w", err)
	}
	if k > 0 {
		return replayed()
	}
	return nil
}

func replayed() error {
	return news.Errorf(news.Forbidden, "nonce", "this request was made before; it is not accepted twice")
}

func (n *nonces) store(ctx context.Context, value string, expires time.Time) error {
	return n.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM nonce WHERE expires < $1`, db.Micros(n.now())); err != nil {
			return fmt.Errorf("forget nonces: %w", err)
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO nonce (value, expires) VALUES ($1, $2) ON CONFLICT DO NOTHING`, value, db.Micros(expires))
		if err != nil {
			return fmt.Errorf("keep nonce: %w", err)
		}
		if k, err := res.RowsAffected(); err != nil || k == 0 {
			return errors.Join(replayed(), err)
		}
		return nil
	})
}

// limits is a token bucket a partner.
type limits struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// Requests a partner may make: a burst for catching up, then a steady rate that
// long polling never comes near.
const (
	requestRate  = 100 // a second
	requestBurst = 1000
)

func (l *limits) take(origin string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[string]*rate.Limiter{}
	}
	b := l.buckets[origin]
	if b == nil {
		b = rate.NewLimiter(requestRate, requestBurst)
		l.buckets[origin] = b
	}
	if !b.Allow() {
		return &limited{news.Errorf(news.Unavailable, "rate", "more than %d requests a second: slow down", requestRate)}
	}
	return nil
}

// limited is an error that HTTP answers with 429.
type limited struct{ reason *news.Error }

func (l *limited) Error() string { return l.reason.Error() }
func (l *limited) Unwrap() error { return l.reason }

// signed makes a request that is signed by this node's key.
func (s *Service) signed(ctx context.Context, key *ledger.Key, method, url string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	keyid, _, _ := strings.Cut(key.Verifier, "+")
	_, rest, _ := strings.Cut(key.Verifier, "+")
	hash, _, _ := strings.Cut(rest, "+")
	r.Header.Set("User-Agent", "jisr/"+s.version)
	return r, httpsig.Sign(r, body, keyid+"+"+hash, key, s.now())
}
