package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
)

// How long what is done with is kept. What failed or was set aside stays until a
// person has seen to it.
const (
	keepBytes = 14 * 24 * time.Hour // of files that are no media
	keepFeeds = 2 * 24 * time.Hour  // of feeds, which repeat themselves at each poll
	keepRows  = 90 * 24 * time.Hour
	keepTaken = 180 * 24 * time.Hour // what was last taken of an item; the record knows it for ever
	sweepMost = 1000                 // rows a sweep
)

// Sweep forgets arrivals that were done with long ago, and their bytes unless
// something else uses them. It does a bounded part of the work: call it often.
func (s *Service) Sweep(ctx context.Context) error {
	if err := s.sweepBytes(ctx); err != nil {
		return fmt.Errorf("sweep the bytes of arrivals: %w", err)
	}
	now := s.now()
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM arrival WHERE id IN (SELECT id FROM arrival
			WHERE state = 'done' AND settled < $1 ORDER BY settled LIMIT $2)`, db.Micros(now.Add(-keepRows)), sweepMost)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM fetched WHERE at < $1`, db.Micros(now.Add(-keepRows)))
		if err != nil {
			return err
		}
		// Statuses other than issued are not in the record: they stay.
		_, err = tx.ExecContext(ctx, `DELETE FROM taken WHERE arrival < $1 AND status = 'issued' AND trouble = 0`, idBefore(now.Add(-keepTaken)))
		return err
	})
	if err != nil {
		return fmt.Errorf("sweep arrivals: %w", err)
	}
	return nil
}

// idBefore is below every id that was made after the time.
func idBefore(at time.Time) string {
	var id ulid.ULID
	if err := id.SetTime(ulid.Timestamp(at)); err != nil {
		return ""
	}
	return id.String()
}

// sweepBytes removes the bytes of arrivals that are done with. Files of formats
// that can be an item's media are left: items, drafts and partners may use them.
func (s *Service) sweepBytes(ctx context.Context) error {
	now := s.now()
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT a.id, a.digest FROM arrival a JOIN source s ON s.id = a.source
		WHERE a.state = 'done' AND a.digest <> '' AND a.settled < $1 AND (s.kind = 'feed' OR a.settled < $2)
		AND a.format NOT IN ('', 'picture', 'subtitles') ORDER BY a.settled LIMIT $3`,
		db.Micros(now.Add(-keepFeeds)), db.Micros(now.Add(-keepBytes)), sweepMost)
	if err != nil {
		return err
	}
	defer rows.Close()
	type old struct{ id, digest string }
	var all []old
	for rows.Next() {
		var o old
		if err := rows.Scan(&o.id, &o.digest); err != nil {
			return err
		}
		all = append(all, o)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, o := range all {
		if err := s.dropBytes(ctx, o.id, o.digest); err != nil {
			return err
		}
	}
	return nil
}

// dropBytes forgets the bytes of one arrival. The row lets go of them first: a
// crash then leaves bytes that nobody names, not a name without bytes.
func (s *Service) dropBytes(ctx context.Context, id, digest string) error {
	var others int
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE arrival SET digest = '', reason = $1 WHERE id = $2`, "its bytes were removed to make room", id)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM arrival WHERE digest = $1) + (SELECT count(*) FROM fetched WHERE digest = $1)`, digest).Scan(&others)
	})
	if err != nil || others > 0 {
		return err
	}
	if s.inUse != nil {
		used, err := s.inUse(ctx, digest)
		if err != nil || used {
			return err
		}
	}
	return s.blobs.Delete(digest)
}
