package ledger

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// RolledBack begins the reason of a log that is frozen only because its origin
// showed an older tree: it runs again once the origin shows one that continues
// what we hold. A fork is never lifted by itself.
const RolledBack = "rolled back"

// Evidence is a pair of signed notes that cannot both be honest.
type Evidence struct {
	Origin string
	Found  time.Time
	Source string // who showed us the second note
	Reason string
	Ours   []byte
	Theirs []byte
}

// Examine compares a verified checkpoint of a log, from whomever it came, with
// what this node holds. A contradiction stops the replication of that log,
// keeps both notes and is returned as an error of kind Conflict; a checkpoint
// that is ahead of us says nothing yet.
func (l *Ledger) Examine(ctx context.Context, cp *Checkpoint, source string) error {
	h, err := l.Head(ctx, cp.Origin)
	if err != nil {
		return err
	}
	if cp.Size > h.Size {
		return nil
	}
	root, err := l.RootAt(ctx, cp.Origin, cp.Size)
	if err != nil {
		return err
	}
	if root == cp.Root {
		return nil
	}
	reason := fmt.Sprintf("forked: %s signed two different ledgers of %d entries", cp.Origin, cp.Size)
	return l.Freeze(ctx, h, cp, source, reason)
}

// Freeze stops the replication of a log and keeps the evidence. It always
// returns an error of kind Conflict that says so.
func (l *Ledger) Freeze(ctx context.Context, h *Head, theirs *Checkpoint, source, reason string) error {
	said := news.Errorf(news.Conflict, "origin", "replication of %s is stopped: %s", h.Origin, reason)
	if h.Frozen == reason {
		return said
	}
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE log SET frozen = $1 WHERE id = $2`, reason, h.id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO evidence (log, found, source, reason, ours, theirs)
			VALUES ($1, $2, $3, $4, $5, $6)`, h.id, db.Micros(l.now()), source, reason, h.Checkpoint.Note, theirs.Note)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep evidence against %s: %w", h.Origin, err)
	}
	l.log.Error("a ledger contradicts itself; its replication is stopped", "origin", h.Origin, "source", source, "reason", reason)
	return said
}

// Thaw lets the replication of a log go on. The evidence stays.
func (l *Ledger) Thaw(ctx context.Context, origin string) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE log SET frozen = '' WHERE origin = $1`, origin)
		return err
	})
}

// EvidenceAgainst returns what is held against the origin, newest first.
func (l *Ledger) EvidenceAgainst(ctx context.Context, origin string) ([]Evidence, error) {
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT g.origin, e.found, e.source, e.reason, e.ours, e.theirs
		FROM evidence e JOIN log g ON g.id = e.log WHERE g.origin = $1 ORDER BY e.id DESC LIMIT 100`, origin)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Evidence
	for rows.Next() {
		var e Evidence
		var found int64
		if err := rows.Scan(&e.Origin, &found, &e.Source, &e.Reason, &e.Ours, &e.Theirs); err != nil {
			return nil, err
		}
		e.Found = db.FromMicros(found)
		out = append(out, e)
	}
	return out, rows.Err()
}
