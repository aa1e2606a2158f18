package newsroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/news"
)

const maxTemplates = 200

// Template is a draft to begin from.
type Template struct {
	ID, Name, Desk string
	Item           *news.Item // without URI
}

// Templates returns the templates by name, without their items.
func (s *Service) Templates(ctx context.Context) ([]Template, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, name, desk FROM template ORDER BY name, id LIMIT $1`, maxTemplates)
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	defer rows.Close()
	var out []Template
	for rows.Next() {
		var t Template
		if err := rows.Scan(&t.ID, &t.Name, &t.Desk); err != nil {
			return nil, fmt.Errorf("list templates: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// Template returns a template; NotFound if there is none of this id.
func (s *Service) Template(ctx context.Context, id string) (*Template, error) {
	t := &Template{ID: id}
	var b []byte
	err := s.db.Reader().QueryRowContext(ctx, `SELECT name, desk, item FROM template WHERE id = $1`, id).Scan(&t.Name, &t.Desk, &b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoTemplate
	}
	if err != nil {
		return nil, fmt.Errorf("read a template: %w", err)
	}
	if t.Item, _, err = ninjs.Read(b); err != nil {
		return nil, fmt.Errorf("read template %s: %w", id, err)
	}
	t.Item.URI = ""
	return t, nil
}

var errNoTemplate = news.Errorf(news.NotFound, "template", "there is no such template")

// SaveTemplate keeps the item as a template. What belongs to one story only is
// left out: its identity, times, embargo and what it was made from.
func (s *Service) SaveTemplate(ctx context.Context, t Template) (*Template, error) {
	t.Name = strings.TrimSpace(t.Name)
	if t.Name == "" || len(t.Name) > 200 {
		return nil, news.Errorf(news.Invalid, "template", "a template needs a name of 1 to 200 bytes")
	}
	item := *t.Item
	item.URI, item.Version, item.PubStatus, item.AltIDs, item.DerivedFrom, item.Hops, item.Signals = "urn:jisr:template", "", "", nil, nil, nil, nil
	item.FirstCreated, item.VersionCreated, item.ContentCreated = time.Time{}, time.Time{}, time.Time{}
	item.Embargoed, item.Expires = time.Time{}, time.Time{}
	b, err := ninjs.Write(&item)
	if err != nil {
		return nil, fmt.Errorf("save a template: %w", err)
	}
	if len(b) > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, "item", "%d bytes are more than the %d allowed", len(b), news.MaxContent)
	}
	if t.ID == "" {
		t.ID = ulid.Make().String()
	}
	item.URI, t.Item = "", &item
	return &t, s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO template (id, name, desk, item) VALUES ($1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET name = excluded.name, desk = excluded.desk, item = excluded.item`, t.ID, t.Name, t.Desk, b)
		return err
	})
}

// RemoveTemplate removes a template; NotFound if there is none of this id.
func (s *Service) RemoveTemplate(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return one(ctx, tx, errNoTemplate, `DELETE FROM template WHERE id = $1`, id)
	})
}
