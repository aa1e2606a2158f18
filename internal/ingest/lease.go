package ingest

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Leases keep two processes over one database from doing the same work. A lease
// is its holder's until its time runs out; whoever dies holding one is replaced
// then. Every effect of leased work is written under the condition that the lease
// is still held, so that a process which slept through its time does no harm.

func lookLease(source string) string { return "look/" + source }
func takeLease(source string) string { return "take/" + source }

// claim takes the lease, or extends it, unless another holds it.
func (s *Service) claim(ctx context.Context, tx *db.Tx, name string) (bool, error) {
	now := s.now()
	res, err := tx.ExecContext(ctx, `INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
		WHERE lease.holder = excluded.holder OR lease.until < $4`, name, s.holder, db.Micros(now.Add(s.lease)), db.Micros(now))
	if err != nil {
		return false, fmt.Errorf("claim %s: %w", name, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// release gives the lease back.
func (s *Service) release(ctx context.Context, tx *db.Tx, name string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM lease WHERE name = $1 AND holder = $2`, name, s.holder)
	return err
}

// errLost is that another process took the work over.
var errLost = news.Errorf(news.Unavailable, "", "another process works on this source now")

// hold fails with errLost unless the lease is still held, and keeps it until the
// transaction ends.
func (s *Service) hold(ctx context.Context, tx *db.Tx, name string) error {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT name FROM lease WHERE name = $1 AND holder = $2`+tx.ForUpdate()+`) held`,
		name, s.holder).Scan(&n)
	if err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	if n == 0 {
		return errLost
	}
	return nil
}

// keepAlive extends the lease until the returned function is called, and ends the
// returned context if it is lost.
func (s *Service) keepAlive(ctx context.Context, name string) (work context.Context, stop func()) {
	work, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(s.lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-work.Done():
				return
			case <-tick.C:
			}
			mine := false
			err := s.db.Write(work, func(tx *db.Tx) (err error) {
				mine, err = s.claim(work, tx, name)
				return err
			})
			if err == nil && !mine {
				cancel(errLost)
				return
			}
		}
	}()
	return work, func() {
		cancel(nil)
		<-done
	}
}

// releaseAll gives back every lease of this process, for an orderly end.
func (s *Service) releaseAll(ctx context.Context) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM lease WHERE holder = $1`, s.holder); err != nil {
			return err
		}
		return tx.Notify(ctx, Topic)
	})
}

// inherit ends the leases of the process that worked on a SQLite file before: a
// file is served by one process, and this one is only starting.
func (s *Service) inherit(ctx context.Context) error {
	if s.db.Engine != db.SQLite {
		return nil
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM lease WHERE holder <> $1`, s.holder)
		return err
	})
}
