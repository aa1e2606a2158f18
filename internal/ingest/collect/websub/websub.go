// Package websub subscribes to feeds at WebSub hubs and takes what the hubs
// push (W3C Recommendation WebSub, 23 January 2018).
//
// Its invariants: only what this node asked for is confirmed, and only what a hub
// signed with the subscription's secret, by SHA-256 or stronger, is taken. A hub
// makes a feed faster, never less sure: its source is polled all the same.
package websub

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/fetch"
)

// Path is where hubs call; the id of a subscription follows it.
const Path = "/ingest/v1/websub/"

const (
	lease    = 10 * 24 * time.Hour // that we ask for
	minLease = time.Minute
	maxLease = 90 * 24 * time.Hour
	// askTime is how long an answer to what we asked is waited for.
	askTime  = 24 * time.Hour
	maxAgain = 24 * time.Hour   // between two requests that come to nothing
	minAgain = 10 * time.Minute // doubled each time
	maxURL   = 2048
)

// Options is what the service needs.
type Options struct {
	DB     *db.DB
	Client *http.Client // follows no redirects and calls no private network
	Allow  func(host string) bool
	URL    string // of this node, as hubs call it
	Agent  string // User-Agent
	Now    func() time.Time
	Log    *slog.Logger
}

// Service keeps the subscriptions, one a source.
type Service struct{ Options }

// New returns the service.
func New(o Options) *Service {
	o.URL = strings.TrimSuffix(o.URL, "/")
	return &Service{o}
}

// subscription is a row.
type subscription struct {
	id, source, hub, topic, secret string
	asked                          time.Time     // when the hub was last asked
	tries                          int64         // requests since the hub last agreed
	lease                          time.Duration // that the hub gave
	until                          time.Time     // when it ends; zero if the hub did not agree
	weak                           bool          // the hub signs in a way that can be forged
}

// renewal is when the hub is to be asked again, a third of the lease before its
// end.
func (s *subscription) renewal() time.Time { return s.until.Add(-s.lease / 3) }

// again is when a request that came to nothing is repeated.
func (s *subscription) again() time.Time {
	wait := maxAgain
	if s.tries < 8 {
		wait = min(minAgain<<max(s.tries-1, 0), maxAgain)
	}
	return s.asked.Add(wait)
}

// Feed is what a source gets from a hub.
type Feed struct {
	Source        string // id
	Hub, Topic    string
	Authorization string // by which the hub knows the source's reader; empty for none
}

// Follow sees to it that the hub pushes the topic for the source: it subscribes,
// or renews in time. pushes says whether the hub agreed; renew is when to call
// Follow again at the latest. What goes wrong is logged: it is the hub's trouble,
// and the source is polled anyway.
func (s *Service) Follow(ctx context.Context, f Feed) (renew time.Duration, pushes bool) {
	source, hub, topic := f.Source, f.Hub, f.Topic
	if why := s.unfit(hub, topic); why != "" {
		s.Log.Debug("a feed's hub is not used", "source", source, "why", why)
		return 0, false
	}
	sub, err := s.of(ctx, source, hub, topic)
	if err != nil {
		s.Log.Error("read a subscription", "source", source, "err", err)
		return 0, false
	}
	now := s.Now()
	active := sub.until.After(now)
	if (!active || !now.Before(sub.renewal())) && !now.Before(sub.again()) {
		if err := s.ask(ctx, sub, f.Authorization); err != nil {
			s.Log.Warn("a hub was asked in vain", "source", source, "hub", host(hub), "err", err)
		}
		// Many hubs confirm before they answer.
		if sub, err = s.bySource(ctx, source); err != nil || sub == nil {
			return 0, false
		}
		active = sub.until.After(now)
	}
	if !active || sub.weak {
		return 0, false
	}
	return max(sub.renewal().Sub(now), time.Minute), true
}

// unfit says why a hub cannot be used; "" if it can. What it is told includes the
// secret by which it signs.
func (s *Service) unfit(hub, topic string) string {
	u, err := url.Parse(hub)
	t, err2 := url.Parse(topic)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || len(hub) > maxURL:
		return "its address cannot be read"
	case err2 != nil || t.Hostname() == "" || len(topic) > maxURL:
		return "the topic has no whole address"
	case u.Scheme == "https":
		return ""
	case u.Scheme == "http" && s.Allow != nil && s.Allow(strings.ToLower(u.Hostname())):
		return "" // in the operator's own network
	}
	return "it is not called by https"
}

func host(address string) string {
	if u, err := url.Parse(address); err == nil {
		return fetch.Said(u.Host)
	}
	return ""
}

const columns = `id, source, hub, topic, secret, asked, tries, lease, until, weak`

func scan(row *sql.Row) (*subscription, error) {
	var s subscription
	var asked, length, until int64
	var weak int
	err := row.Scan(&s.id, &s.source, &s.hub, &s.topic, &s.secret, &asked, &s.tries, &length, &until, &weak)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a subscription: %w", err)
	}
	s.asked, s.until, s.lease, s.weak = db.FromMicros(asked), db.FromMicros(until), time.Duration(length)*time.Microsecond, weak == 1
	return &s, nil
}

func (s *Service) bySource(ctx context.Context, source string) (*subscription, error) {
	return scan(s.DB.Reader().QueryRowContext(ctx, `SELECT `+columns+` FROM websub WHERE source = $1`, source))
}

func (s *Service) byID(ctx context.Context, id string) (*subscription, error) {
	return scan(s.DB.Reader().QueryRowContext(ctx, `SELECT `+columns+` FROM websub WHERE id = $1`, id))
}

// of returns the source's subscription to the topic, a new one if it has none or
// one to something else: what the old hub pushes is refused from then on.
func (s *Service) of(ctx context.Context, source, hub, topic string) (*subscription, error) {
	sub, err := s.bySource(ctx, source)
	if err != nil || sub != nil && sub.hub == hub && sub.topic == topic {
		return sub, err
	}
	sub = &subscription{id: random(), source: source, hub: hub, topic: topic, secret: random()}
	return sub, s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM websub WHERE source = $1`, source); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO websub (id, source, hub, topic, secret, asked, tries, lease, until, weak, pushed, reason)
			VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 0, '')`, sub.id, source, hub, topic, sub.secret)
		return err
	})
}

// random returns 256 bits in hex: nobody guesses it.
func random() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
