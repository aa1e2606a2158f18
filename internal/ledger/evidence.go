package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/news"
)

// RolledBack begins the reason of a log that is frozen only because its origin
// showed an older tree: it runs again once the origin shows one that continues
// what we hold. A fork is never lifted by itself.
const RolledBack = "rolled back"

// Forked reports whether the log contradicted itself, which only people may
// forgive.
func (h *Head) Forked() bool { return h.Frozen != "" && !strings.HasPrefix(h.Frozen, RolledBack) }

// maxRollbacks is how many times a rollback of one log is kept as evidence: an
// origin that shows an old tree and the new one in turn must not fill the disk.
const maxRollbacks = 100

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
	return l.Freeze(ctx, h, cp, source, forked(cp.Origin, cp.Size))
}

func forked(origin string, size int64) string {
	return fmt.Sprintf("forked: %s signed two different ledgers of %d entries", origin, size)
}

// ExamineLonger is Examine for a checkpoint that is ahead of us: began is the
// root that its tree had when it was as large as ours, proven under cp.
func (l *Ledger) ExamineLonger(ctx context.Context, cp *Checkpoint, size int64, began tlog.Hash, source string) error {
	h, err := l.Head(ctx, cp.Origin)
	if err != nil {
		return err
	}
	root, err := l.RootAt(ctx, cp.Origin, size)
	if err != nil || root == began {
		return err
	}
	return l.Freeze(ctx, h, cp, source, forked(cp.Origin, size))
}

// Freeze stops the replication of a log and keeps the evidence. It always
// returns an error of kind Conflict that says so.
func (l *Ledger) Freeze(ctx context.Context, h *Head, theirs *Checkpoint, source, reason string) error {
	said := news.Errorf(news.Conflict, "origin", "replication of %s is stopped: %s", h.Origin, reason)
	if h.Frozen == reason {
		return said
	}
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		now, err := head(ctx, tx, h.Origin, tx.ForUpdate())
		if err != nil {
			return err
		}
		if now.Forked() {
			return nil // what was found first stands
		}
		if _, err := tx.ExecContext(ctx, `UPDATE log SET frozen = $1 WHERE id = $2`, reason, h.id); err != nil {
			return err
		}
		if strings.HasPrefix(reason, RolledBack) {
			var n int
			err := tx.QueryRowContext(ctx, `SELECT count(*) FROM evidence WHERE log = $1`, h.id).Scan(&n)
			if err != nil || n >= maxRollbacks {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO evidence (log, found, source, reason, ours, theirs)
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
