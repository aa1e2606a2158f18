package deliver

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	// FeedTokenPrefix starts every token of a feed, so that scanners find leaked
	// ones.
	FeedTokenPrefix = "jisrfeed_"
	maxFeedTokens   = 20 // of a feed
	maxFeedSecret   = 64 // bytes of what is looked up as a token
)

// FeedToken opens a pull feed. The secret itself is kept nowhere.
type FeedToken struct {
	ID          string // ULID; no secret
	Destination string
	Name        string // who has it
	Created     time.Time
	Used        time.Time // to the minute; zero for never
	Revoked     time.Time // zero while it opens the feed
}

// CreateFeedToken makes a token for a feed and returns its secret, which cannot
// be had again.
func (s *Service) CreateFeedToken(ctx context.Context, destination, name string) (secret string, t *FeedToken, err error) {
	d, err := s.Destination(ctx, destination)
	if err != nil {
		return "", nil, err
	}
	if !d.Kind.pulled() {
		return "", nil, news.Errorf(news.Conflict, "destination", "only a feed has tokens: this is a destination of the kind %s", d.Kind)
	}
	if name = strings.TrimSpace(name); name == "" {
		return "", nil, news.Errorf(news.Invalid, "name", "say who gets the token")
	}
	if err := checkText("name", name, maxName); err != nil {
		return "", nil, err
	}
	secret = FeedTokenPrefix + strings.ToLower(rand.Text())
	t = &FeedToken{ID: s.newID(), Destination: destination, Name: name, Created: s.Now().UTC().Truncate(time.Microsecond)}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM feed_token WHERE destination = $1 AND revoked = 0`, destination).Scan(&have); err != nil {
			return fmt.Errorf("count tokens: %w", err)
		}
		if have >= maxFeedTokens {
			return news.Errorf(news.Conflict, "destination", "the feed has %d tokens: revoke some first", have)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO feed_token (id, destination, name, hash, created, used, revoked) VALUES ($1, $2, $3, $4, $5, 0, 0)`,
			t.ID, destination, name, secretHash(secret), db.Micros(t.Created))
		if err != nil {
			return fmt.Errorf("store a token: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	return secret, t, nil
}

// secretHash is what is stored of a token: it is long and random, so that a
// plain digest cannot be undone.
func secretHash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// FeedTokens returns the tokens of a feed, the newest first; revoked ones, too.
func (s *Service) FeedTokens(ctx context.Context, destination string) ([]*FeedToken, error) {
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT id, name, created, used, revoked FROM feed_token WHERE destination = $1
		ORDER BY id DESC LIMIT 200`, destination)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close()
	var out []*FeedToken
	for rows.Next() {
		t := &FeedToken{Destination: destination}
		var created, used, revoked int64
		if err := rows.Scan(&t.ID, &t.Name, &created, &used, &revoked); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		t.Created, t.Used, t.Revoked = db.FromMicros(created), db.FromMicros(used), db.FromMicros(revoked)
		out = append(out, t)
	}
	return out, rows.Err()
}

// RevokeFeedToken ends a token, and what follows the feed through the hub by it.
func (s *Service) RevokeFeedToken(ctx context.Context, destination, id string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		now := db.Micros(s.Now())
		res, err := tx.ExecContext(ctx, `UPDATE feed_token SET revoked = $1 WHERE destination = $2 AND id = $3 AND revoked = 0`, now, destination, id)
		if err := oneRow(res, err, news.Errorf(news.NotFound, "token", "the feed has no such token, or it was revoked before")); err != nil {
			return err
		}
		return endCallbacks(ctx, tx, s.Now(), `feed = $2 AND token = $3`, destination, id)
	})
}

// opened is a feed with the token that opens it.
type opened struct {
	destination *Destination
	token       *FeedToken
}

// errShut answers every token that opens nothing the same: it tells nobody
// which feeds there are.
var errShut = news.Errorf(news.Forbidden, "token", "the token opens no feed here: it may have been revoked")

// open returns the feed that the secret of a token opens. Where the destination
// is named, too, it must be that one's.
func (s *Service) open(ctx context.Context, secret, destination string) (*opened, error) {
	if !strings.HasPrefix(secret, FeedTokenPrefix) || len(secret) > maxFeedSecret {
		return nil, errShut
	}
	t := &FeedToken{}
	var used int64
	err := s.DB.Reader().QueryRowContext(ctx, `SELECT id, destination, name, used FROM feed_token WHERE hash = $1 AND revoked = 0`, secretHash(secret)).
		Scan(&t.ID, &t.Destination, &t.Name, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errShut
	}
	if err != nil {
		return nil, fmt.Errorf("look up a token: %w", err)
	}
	if destination != "" && destination != t.Destination {
		return nil, errShut
	}
	l, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	d := l.destinations[t.Destination]
	if d == nil || d.removed {
		return nil, errShut
	}
	if now := s.Now(); now.Sub(db.FromMicros(used)) >= time.Minute {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE feed_token SET used = $1 WHERE id = $2`, db.Micros(now), t.ID)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("note the use of a token: %w", err)
		}
	}
	return &opened{d, t}, nil
}
