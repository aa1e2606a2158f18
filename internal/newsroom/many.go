package newsroom

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Head is the newest version of an own item, as the record has it, also before
// the wire shows it.
type Head struct {
	Version int
	Status  news.Status
	Desk    string
	Content string     // digest of the content
	Item    *news.Item // the content; its URI alone where that is gone
}

// headsAtOnce bounds the parameters of one statement.
const headsAtOnce = 100

// Heads returns the heads of those of the items that this house has issued, by
// URI.
func (s *Service) Heads(ctx context.Context, uris []string) (map[string]*Head, error) {
	out := make(map[string]*Head)
	for len(uris) > 0 {
		n := min(len(uris), headsAtOnce)
		if err := s.heads(ctx, uris[:n], out); err != nil {
			return nil, fmt.Errorf("read what was issued: %w", err)
		}
		uris = uris[n:]
	}
	return out, nil
}

func (s *Service) heads(ctx context.Context, uris []string, out map[string]*Head) error {
	args := make([]any, len(uris))
	places := make([]string, len(uris))
	for i, uri := range uris {
		args[i], places[i] = uri, fmt.Sprintf("$%d", i+1)
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT i.uri, i.version, i.status, i.desk, i.content,
		(SELECT c.bytes FROM entry e JOIN log g ON g.id = e.log JOIN content c ON c.position = e.position
			WHERE e.ref = i.uri AND e.kind = 'item' AND g.own = 1 ORDER BY e.position DESC LIMIT 1)
		FROM issued i WHERE i.uri IN (`+strings.Join(places, ", ")+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var uri string
		var digest, content []byte
		h := &Head{}
		if err := rows.Scan(&uri, &h.Version, &h.Status, &h.Desk, &digest, &content); err != nil {
			return err
		}
		h.Item = &news.Item{URI: uri}
		h.Content = ledger.Hash(digest).String()
		if content != nil && ledger.Sum(content).String() == h.Content {
			if h.Item, _, err = ninjs.Read(content); err != nil {
				return fmt.Errorf("read the issued %s: %w", uri, err)
			}
		}
		out[uri] = h
	}
	return rows.Err()
}

// IssueEach performs many acts in one transaction, in their order. An act that
// is refused, because of its item or of what was issued meanwhile, has its error
// in refused and does not keep the others from being performed. err is why none
// was. The acts must not be of drafts.
func (s *Service) IssueEach(ctx context.Context, acts []Issue) (issued []*Issued, refused []error, err error) {
	issued, refused = make([]*Issued, len(acts)), make([]error, len(acts))
	for i := range acts {
		if refused[i] = s.prepare(&acts[i]); acts[i].Draft != "" {
			return nil, nil, fmt.Errorf("act %d is of a draft, whose end could be refused after the act", i+1)
		}
	}
	var performed []*Issued
	appended, err := s.ledger.Append(ctx, func(ctx context.Context, tx *db.Tx, a *ledger.Appender) error {
		heads, err := readHeads(ctx, tx, acts)
		if err != nil {
			return err
		}
		moved := map[string]bool{}
		for i := range acts {
			if refused[i] != nil {
				continue
			}
			uri := acts[i].Item.URI
			out := &Issued{Origin: s.ledger.Origin(), URI: uri}
			next, err := s.perform(ctx, tx, a, acts[i], heads[uri], out)
			switch {
			case err == nil:
				issued[i], heads[uri], moved[uri] = out, next, true
				performed = append(performed, out)
			case news.KindOf(err) == "":
				return err
			default:
				refused[i] = err
			}
		}
		return writeHeads(ctx, tx, heads, moved)
	})
	if err != nil {
		return nil, nil, err
	}
	for i, out := range performed {
		out.Position, out.Index = appended.Positions[i], appended.Indexes[i]
	}
	return issued, refused, nil
}

// readHeads is readHead for the items of many acts.
func readHeads(ctx context.Context, tx *db.Tx, acts []Issue) (map[string]head, error) {
	seen := make(map[string]bool, len(acts))
	var uris []any
	for i := range acts {
		if uri := acts[i].Item.URI; !seen[uri] {
			seen[uri] = true
			uris = append(uris, uri)
		}
	}
	out := make(map[string]head, len(uris))
	for len(uris) > 0 {
		n := min(len(uris), headsAtOnce)
		if err := readSomeHeads(ctx, tx, uris[:n], out); err != nil {
			return nil, fmt.Errorf("read what was issued: %w", err)
		}
		uris = uris[n:]
	}
	return out, nil
}

func readSomeHeads(ctx context.Context, tx *db.Tx, uris []any, out map[string]head) error {
	places := make([]string, len(uris))
	for i := range uris {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	rows, err := tx.QueryContext(ctx, `SELECT uri, version, status, desk, hash, content FROM issued WHERE uri IN (`+strings.Join(places, ", ")+`)`, uris...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var uri string
		var content []byte
		h := head{exists: true}
		if err := rows.Scan(&uri, &h.version, &h.status, &h.desk, &h.hash, &content); err != nil {
			return err
		}
		copy(h.content[:], content)
		out[uri] = h
	}
	return rows.Err()
}

// writeHeads is writeHead for the heads that moved.
func writeHeads(ctx context.Context, tx *db.Tx, heads map[string]head, moved map[string]bool) error {
	values := make([]any, 0, 6*len(moved))
	for uri := range moved {
		h := heads[uri]
		values = append(values, uri, h.version, string(h.status), h.desk, h.hash, bytes.Clone(h.content[:]))
	}
	return db.NewBulk(`issued (uri, version, status, desk, hash, content)`, 6, `ON CONFLICT (uri) DO UPDATE SET
		version = excluded.version, status = excluded.status, desk = excluded.desk, hash = excluded.hash, content = excluded.content
		WHERE excluded.version > issued.version`).Insert(ctx, tx, values)
}

// BreakLock ends the lock on a draft, for what must not wait, and reports whether
// somebody had it open. Their next save meets another revision.
func (s *Service) BreakLock(ctx context.Context, tx *db.Tx, draft string) (held bool, err error) {
	res, err := tx.ExecContext(ctx, `UPDATE task SET locked_by = '', locked_until = 0 WHERE draft = $1 AND locked_until > $2`,
		draft, db.Micros(s.now()))
	if err != nil {
		return false, fmt.Errorf("break the lock: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}
