package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// kept remembers which bodies are stored, so that one that goes to many is
// stored once.
type kept struct {
	mu sync.Mutex
	by map[string]bool
}

const maxKept = 10_000

func (k *kept) has(digest string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.by[digest]
}

func (k *kept) add(digest string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil || len(k.by) >= maxKept {
		k.by = map[string]bool{}
	}
	k.by[digest] = true
}

// keep stores what was sent, in the transaction that notes that it was: what the
// log says can always be shown.
func (s *Service) keep(ctx context.Context, tx *db.Tx, o *outcome) error {
	if len(o.sent) == 0 || s.kept.has(o.body) {
		return nil
	}
	err := s.desk.exec(ctx, tx, `INSERT INTO delivery_body (digest, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING`, o.body, o.sent)
	if err != nil {
		return fmt.Errorf("keep what was sent: %w", err)
	}
	tx.AfterCommit(func() { s.kept.add(o.body) })
	return nil
}

// body returns the bytes of the digest that were sent of the version at the
// position of the journal. NotFound if they were removed from here.
func (s *Service) body(ctx context.Context, digest string, position int64) ([]byte, error) {
	var b []byte
	err := s.DB.Reader().QueryRowContext(ctx, `SELECT bytes FROM delivery_body WHERE digest = $1`, digest).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		if b, err = s.Ledger.Content(ctx, position); err == nil && ledger.Sum(b).String() != digest {
			err = news.Errorf(news.NotFound, "delivery", "what was sent is not kept here any more")
		}
		return b, err
	}
	if err != nil {
		return nil, fmt.Errorf("read what was sent: %w", err)
	}
	return b, nil
}
