package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Record is an entry in the journal.
type Record struct {
	Position int64
	Origin   string
	Own      bool
	Index    int64
	Kind     Kind
	Ref      string
	Content  *Hash  // what content the entry commits to; nil for none
	Bytes    []byte // the entry as first written
	Body     []byte // the content; nil unless asked for and kept here

	once  sync.Once
	entry *Entry
	err   error
}

// Hash returns the entry's leaf, by which others refer to it.
func (r *Record) Hash() Hash { return Sum(r.Bytes) }

// Entry reads the entry. Records are shared: nobody changes it.
func (r *Record) Entry() (*Entry, error) {
	r.once.Do(func() {
		if r.entry == nil {
			r.entry, r.err = ParseEntry(r.Origin, r.Bytes)
		}
	})
	return r.entry, r.err
}

// The columns of a Record. Content is joined by its digest and may be gone.
const (
	recordColumns = `e.position, g.origin, g.own, e.idx, e.kind, e.ref, e.content, e.bytes`
	recordFrom    = ` FROM entry e JOIN log g ON g.id = e.log`
	bodyColumn    = `, c.bytes`
	bodyFrom      = ` LEFT JOIN content c ON c.position = e.position`
	selectRecord  = `SELECT ` + recordColumns + `, NULL` + recordFrom
	selectBody    = `SELECT ` + recordColumns + bodyColumn + recordFrom + bodyFrom
)

func scanRecord(rows interface{ Scan(...any) error }) (*Record, error) {
	var r Record
	var own int
	var digest []byte
	err := rows.Scan(&r.Position, &r.Origin, &own, &r.Index, &r.Kind, &r.Ref, &digest, &r.Bytes, &r.Body)
	if err != nil {
		return nil, err
	}
	r.Own = own == 1
	if len(digest) == len(Hash{}) {
		h := Hash(digest)
		r.Content = &h
	}
	return &r, nil
}

func queryRecords(ctx context.Context, q db.Queryer, query string, args ...any) ([]*Record, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	defer rows.Close()
	var out []*Record
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// Journal returns up to limit records after the position, oldest first, with
// their content.
func (l *Ledger) Journal(ctx context.Context, after int64, limit int) ([]*Record, error) {
	if records, ok := l.tail.after(after, limit); ok {
		return records, nil
	}
	return queryRecords(ctx, l.db.Reader(), selectBody+` WHERE e.position > $1 ORDER BY e.position LIMIT $2`, after, limit)
}

// Range returns the records that this node has of the origin's log from the
// index on, up to limit, with their content. Withheld ones are missing.
func (l *Ledger) Range(ctx context.Context, origin string, from int64, limit int) ([]*Record, error) {
	var out []*Record
	err := l.EachInRange(ctx, origin, from, limit, func(r *Record) error {
		r.Bytes, r.Body = bytes.Clone(r.Bytes), bytes.Clone(r.Body)
		out = append(out, r)
		return nil
	})
	return out, err
}

// EachInRange calls f with what Range would return. The bytes of a record are
// only valid until f returns: nothing is copied on the way out.
func (l *Ledger) EachInRange(ctx context.Context, origin string, from int64, limit int, f func(*Record) error) error {
	h, err := l.Head(ctx, origin)
	if err != nil {
		return err
	}
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT e.position, e.idx, e.kind, e.ref, e.content, e.bytes, c.bytes
		FROM entry e`+bodyFrom+` WHERE e.log = $1 AND e.idx >= $2 AND e.idx < $3 ORDER BY e.idx`, h.id, from, from+int64(limit))
	if err != nil {
		return fmt.Errorf("read entries of %s: %w", origin, err)
	}
	defer rows.Close()
	var digest, b, body sql.RawBytes
	for rows.Next() {
		r := &Record{Origin: origin, Own: h.Own}
		if err := rows.Scan(&r.Position, &r.Index, &r.Kind, &r.Ref, &digest, &b, &body); err != nil {
			return fmt.Errorf("read entries of %s: %w", origin, err)
		}
		if len(digest) == len(Hash{}) {
			h := Hash(digest)
			r.Content = &h
		}
		r.Bytes, r.Body = b, body
		if err := f(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// At returns the record at a position of the journal, with its content.
func (l *Ledger) At(ctx context.Context, position int64) (*Record, error) {
	return one(l.db.Reader().QueryRowContext(ctx, selectBody+` WHERE e.position = $1`, position))
}

// AtAll returns the records at the positions of the journal, oldest first, with
// their content. Positions that hold nothing are left out.
func (l *Ledger) AtAll(ctx context.Context, positions []int64) ([]*Record, error) {
	if len(positions) == 0 {
		return nil, nil
	}
	marks, args := make([]string, len(positions)), make([]any, len(positions))
	for i, p := range positions {
		marks[i], args[i] = fmt.Sprintf("$%d", i+1), p
	}
	return queryRecords(ctx, l.db.Reader(), selectBody+` WHERE e.position IN (`+strings.Join(marks, ", ")+`) ORDER BY e.position`, args...)
}

// AtIndex returns the record at an index of the origin's log, with its content.
func (l *Ledger) AtIndex(ctx context.Context, origin string, index int64) (*Record, error) {
	return one(l.db.Reader().QueryRowContext(ctx, selectBody+` WHERE g.origin = $1 AND e.idx = $2`, origin, index))
}

func one(row *sql.Row) (*Record, error) {
	r, err := scanRecord(row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "entry", "there is no such entry here")
	}
	return r, err
}

// About returns the records of the kinds that speak of the ref, oldest first,
// in every log or, with a non-empty origin, in that one. Their content is left
// out.
func (l *Ledger) About(ctx context.Context, origin, ref string, kinds ...Kind) ([]*Record, error) {
	return About(ctx, l.db.Reader(), origin, ref, kinds...)
}

// About is Ledger.About within a transaction.
func About(ctx context.Context, q db.Queryer, origin, ref string, kinds ...Kind) ([]*Record, error) {
	query, args := selectRecord+` WHERE e.ref = $1`, []any{ref}
	if origin != "" {
		args = append(args, origin)
		query += fmt.Sprintf(` AND g.origin = $%d`, len(args))
	}
	if len(kinds) > 0 {
		marks := make([]string, len(kinds))
		for i, k := range kinds {
			args = append(args, string(k))
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		query += ` AND e.kind IN (` + strings.Join(marks, ", ") + `)`
	}
	return queryRecords(ctx, q, query+` ORDER BY e.position`, args...)
}
