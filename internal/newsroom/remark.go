package newsroom

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/news"
)

const maxRemark = 4000 // bytes

// Remark is what a colleague says about a draft or an item. Remarks never leave
// the house.
type Remark struct {
	ID     string // ULID
	Author string // account id
	At     time.Time
	Body   string // plain text
}

// Subject is what remarks are about.
type Subject string

// OnDraft and OnItem are the subjects there are.
func OnDraft(id string) Subject         { return Subject("draft " + id) }
func OnItem(origin, uri string) Subject { return Subject("item " + origin + " " + uri) }

// Say adds a remark.
func (s *Service) Say(ctx context.Context, about Subject, author, body string) (*Remark, error) {
	body = strings.TrimSpace(strings.ToValidUTF8(body, "\uFFFD"))
	if body == "" || len(body) > maxRemark {
		return nil, news.Errorf(news.Invalid, "remark", "a remark has 1 to %d bytes", maxRemark)
	}
	r := &Remark{ID: ulid.Make().String(), Author: author, At: s.now().UTC().Truncate(time.Microsecond), Body: body}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO remark (id, subject, author, at, body) VALUES ($1, $2, $3, $4, $5)`,
			r.ID, string(about), author, db.Micros(r.At), body)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep a remark: %w", err)
	}
	return r, nil
}

// Remarks returns what was said about the subject, the newest 200 of it, oldest
// first.
func (s *Service) Remarks(ctx context.Context, about Subject) ([]Remark, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, author, at, body FROM
		(SELECT id, author, at, body FROM remark WHERE subject = $1 ORDER BY id DESC LIMIT 200) r ORDER BY id`, string(about))
	if err != nil {
		return nil, fmt.Errorf("list remarks: %w", err)
	}
	defer rows.Close()
	var out []Remark
	for rows.Next() {
		var r Remark
		var at int64
		if err := rows.Scan(&r.ID, &r.Author, &at, &r.Body); err != nil {
			return nil, fmt.Errorf("list remarks: %w", err)
		}
		r.At = db.FromMicros(at)
		out = append(out, r)
	}
	return out, rows.Err()
}

// Unsay deletes the author's own remark; NotFound if there is none of theirs.
func (s *Service) Unsay(ctx context.Context, id, author string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return one(ctx, tx, news.Errorf(news.NotFound, "remark", "you have made no such remark"),
			`DELETE FROM remark WHERE id = $1 AND author = $2`, id, author)
	})
}
