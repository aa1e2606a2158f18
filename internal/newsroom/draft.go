package newsroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/news"
)

// Draft is an item being written: working state, private to this house.
type Draft struct {
	ID       string
	Item     *news.Item // its URI is the item's that it will be a version of, or empty
	Desk     string
	Author   string // account id
	Revision int64  // grows by one with each save; 0 for a draft that was never saved
	Updated  time.Time
	Version  int // the issued version that it was begun from; 0 for a new item
}

// DraftLine is a draft as a list shows it.
type DraftLine struct {
	ID, Headline, Language, Desk, Author string
	Updated                              time.Time
	URI                                  string
	Version                              int
}

// SaveDraft stores the draft and returns it with its id and new revision. It
// fails with Conflict, and stores nothing, if someone saved since d.Revision.
func (s *Service) SaveDraft(ctx context.Context, d *Draft) (out *Draft, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		out, err = s.PutDraft(ctx, tx, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// PutDraft is SaveDraft within a transaction.
func (s *Service) PutDraft(ctx context.Context, tx *db.Tx, d *Draft) (*Draft, error) {
	item := *d.Item
	uri := item.URI
	if uri == "" {
		item.URI = "urn:jisr:draft" // ninjs demands one; it is taken off again on reading
	}
	b, err := ninjs.Write(&item)
	if err != nil {
		return nil, fmt.Errorf("save draft: %w", err)
	}
	if len(b) > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, "item", "%d bytes are more than the %d allowed", len(b), news.MaxContent)
	}
	out := *d
	out.Updated = s.now().UTC().Truncate(time.Microsecond)
	out.Revision++
	if out.ID == "" {
		out.ID, out.Revision = ulid.Make().String(), 1
		_, err := tx.ExecContext(ctx, `INSERT INTO draft (id, item, headline, language, desk, author, revision, updated, base_uri, base_version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, out.ID, b, cut(item.Headline(), 500), item.Language, d.Desk, d.Author,
			out.Revision, db.Micros(out.Updated), uri, d.Version)
		return &out, err
	}
	if err := s.refuseLocked(ctx, tx, out.ID, d.Author); err != nil {
		return nil, err
	}
	res, err := tx.ExecContext(ctx, `UPDATE draft SET item = $1, headline = $2, language = $3, desk = $4, author = $5,
		revision = $6, updated = $7, base_uri = $8, base_version = $9 WHERE id = $10 AND revision = $11`, b, cut(item.Headline(), 500),
		item.Language, d.Desk, d.Author, out.Revision, db.Micros(out.Updated), uri, d.Version, d.ID, d.Revision)
	if err != nil {
		return nil, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return &out, err
	}
	if _, err := readDraft(ctx, tx, d.ID); err != nil {
		return nil, err
	}
	return nil, news.Errorf(news.Conflict, "revision", "someone saved this draft meanwhile: your text is still here, compare before you save")
}

// Draft returns a draft; NotFound if there is none of this id.
func (s *Service) Draft(ctx context.Context, id string) (*Draft, error) {
	return readDraft(ctx, s.db.Reader(), id)
}

// DraftIn is Draft within a transaction.
func (s *Service) DraftIn(ctx context.Context, tx *db.Tx, id string) (*Draft, error) {
	return readDraft(ctx, tx, id)
}

func readDraft(ctx context.Context, q db.Queryer, id string) (*Draft, error) {
	d := &Draft{ID: id}
	var b []byte
	var updated int64
	var uri string
	err := q.QueryRowContext(ctx, `SELECT item, desk, author, revision, updated, base_uri, base_version FROM draft WHERE id = $1`, id).
		Scan(&b, &d.Desk, &d.Author, &d.Revision, &updated, &uri, &d.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "draft", "there is no such draft: it was published or deleted")
	}
	if err != nil {
		return nil, fmt.Errorf("read draft: %w", err)
	}
	if d.Item, _, err = ninjs.Read(b); err != nil {
		return nil, fmt.Errorf("read draft %s: %w", id, err)
	}
	d.Item.URI, d.Updated = uri, db.FromMicros(updated)
	return d, nil
}

// Drafts returns drafts, the last saved first; those after the cursor, which is
// the last line of the page before, or nil.
func (s *Service) Drafts(ctx context.Context, after *DraftLine, limit int) ([]*DraftLine, error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	updated, id := int64(1)<<62, ""
	if after != nil {
		updated, id = db.Micros(after.Updated), after.ID
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, headline, language, desk, author, updated, base_uri, base_version
		FROM draft WHERE updated < $1 OR (updated = $2 AND id < $3) ORDER BY updated DESC, id DESC LIMIT $4`, updated, updated, id, limit)
	if err != nil {
		return nil, fmt.Errorf("read drafts: %w", err)
	}
	defer rows.Close()
	var out []*DraftLine
	for rows.Next() {
		var d DraftLine
		var at int64
		if err := rows.Scan(&d.ID, &d.Headline, &d.Language, &d.Desk, &d.Author, &at, &d.URI, &d.Version); err != nil {
			return nil, err
		}
		d.Updated = db.FromMicros(at)
		out = append(out, &d)
	}
	return out, rows.Err()
}

// DeleteDraft deletes a draft; it is no error if there is none.
func (s *Service) DeleteDraft(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.DeleteDraftIn(ctx, tx, id) })
}

// DeleteDraftIn is DeleteDraft within a transaction.
func (s *Service) DeleteDraftIn(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM draft WHERE id = $1`, id)
	return err
}
