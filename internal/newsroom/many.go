package newsroom

import (
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
		for i := range acts {
			if refused[i] != nil {
				continue
			}
			out := &Issued{Origin: s.ledger.Origin(), URI: acts[i].Item.URI}
			err := s.issue(ctx, tx, a, acts[i], out)
			switch {
			case err == nil:
				issued[i] = out
				performed = append(performed, out)
			case news.KindOf(err) == "":
				return err
			default: // issue refuses before it writes anything
				refused[i] = err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for i, out := range performed {
		out.Position, out.Index = appended.Positions[i], appended.Indexes[i]
	}
	return issued, refused, nil
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
