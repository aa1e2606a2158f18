package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Subscriber is an organisation that gets items and runs no node.
type Subscriber struct {
	ID       string // ULID
	Name     string
	Contact  string // whom to call when something does not arrive
	Language string // BCP 47, of what is written to it
	Active   bool
	Note     string   // for staff
	Products []string // ids of what it takes
	Created  time.Time
	Changed  time.Time
}

// Limits on what people write here.
const (
	maxName     = 200  // bytes
	maxNote     = 4000 // bytes
	maxProducts = 200  // of a subscriber
)

func (s *Subscriber) clean() error {
	s.Name, s.Contact, s.Language, s.Note = strings.TrimSpace(s.Name), strings.TrimSpace(s.Contact), strings.TrimSpace(s.Language), strings.TrimSpace(s.Note)
	if s.Name == "" {
		return news.Errorf(news.Invalid, "name", "a subscriber needs a name")
	}
	for _, l := range []struct {
		field, text string
		max         int
	}{{"name", s.Name, maxName}, {"contact", s.Contact, maxNote}, {"note", s.Note, maxNote}} {
		if err := checkText(l.field, l.text, l.max); err != nil {
			return err
		}
	}
	if s.Language != "" {
		if _, err := language.Parse(s.Language); err != nil {
			return news.Errorf(news.Invalid, "language", "%q is not a BCP 47 language tag such as ar, ru or en-GB", s.Language)
		}
	}
	if len(s.Products) > maxProducts {
		return news.Errorf(news.TooLarge, "products", "%d products are more than the %d that a subscriber may take: make one of several", len(s.Products), maxProducts)
	}
	return nil
}

// checkText refuses what cannot be stored or shown.
func checkText(field, text string, most int) error {
	if len(text) > most {
		return news.Errorf(news.TooLarge, field, "%d bytes are more than the %d allowed", len(text), most)
	}
	if strings.ToValidUTF8(text, "") != text || strings.ContainsRune(text, 0) {
		return news.Errorf(news.Invalid, field, "the text is not valid UTF-8")
	}
	return nil
}

// AddSubscriber makes a subscriber and gives it an id.
func (s *Service) AddSubscriber(ctx context.Context, sub *Subscriber) error {
	if err := sub.clean(); err != nil {
		return err
	}
	sub.ID, sub.Created = s.newID(), s.Now().UTC().Truncate(time.Microsecond)
	sub.Changed = sub.Created
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO subscriber (id, name, contact, language, active, note, created, changed, removed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0)`, sub.ID, sub.Name, sub.Contact, sub.Language, flag(sub.Active), sub.Note, db.Micros(sub.Created))
		if err != nil {
			return fmt.Errorf("add a subscriber: %w", err)
		}
		return takes(ctx, tx, sub)
	})
}

// SaveSubscriber replaces what is known of a subscriber. One that is switched off
// gets nothing more but what follows an item that it got: kills, holds and
// corrections.
func (s *Service) SaveSubscriber(ctx context.Context, sub *Subscriber) error {
	if err := sub.clean(); err != nil {
		return err
	}
	sub.Changed = s.Now().UTC().Truncate(time.Microsecond)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE subscriber SET name = $1, contact = $2, language = $3, active = $4, note = $5, changed = $6
			WHERE id = $7 AND removed = 0`, sub.Name, sub.Contact, sub.Language, flag(sub.Active), sub.Note, db.Micros(sub.Changed), sub.ID)
		if err := oneRow(res, err, none("subscriber", sub.ID)); err != nil {
			return err
		}
		if !sub.Active {
			if err := cancelWaiting(ctx, tx, "its subscriber was switched off", sub.ID, ""); err != nil {
				return err
			}
		}
		return takes(ctx, tx, sub)
	})
}

// RemoveSubscriber ends a subscriber and its destinations for good.
func (s *Service) RemoveSubscriber(ctx context.Context, id string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		now := db.Micros(s.Now())
		res, err := tx.ExecContext(ctx, `UPDATE subscriber SET removed = $1 WHERE id = $2 AND removed = 0`, now, id)
		if err := oneRow(res, err, none("subscriber", id)); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE destination SET removed = $1 WHERE subscriber = $2 AND removed = 0`, now, id); err != nil {
			return fmt.Errorf("remove destinations: %w", err)
		}
		if err := cancelWaiting(ctx, tx, "its subscriber was removed", id, ""); err != nil {
			return err
		}
		return changed(ctx, tx)
	})
}

// takes replaces what the subscriber takes.
func takes(ctx context.Context, tx *db.Tx, sub *Subscriber) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM subscription WHERE subscriber = $1`, sub.ID); err != nil {
		return fmt.Errorf("change what a subscriber takes: %w", err)
	}
	for _, p := range sub.Products {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM product WHERE id = $1 AND removed = 0`, p).Scan(&n); err != nil {
			return fmt.Errorf("look for product %s: %w", p, err)
		}
		if n == 0 {
			return news.Errorf(news.Invalid, "products", "there is no product %s", p)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO subscription (subscriber, product) VALUES ($1, $2) ON CONFLICT DO NOTHING`, sub.ID, p)
		if err != nil {
			return fmt.Errorf("change what a subscriber takes: %w", err)
		}
	}
	return changed(ctx, tx)
}

// cancelWaiting strikes off what waits for a subscriber, or for one destination,
// and is not to follow it wherever it went.
func cancelWaiting(ctx context.Context, tx *db.Tx, why, subscriber, destination string) error {
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'canceled', reason = $1
		WHERE state = 'waiting' AND priority = 0 AND destination IN (SELECT id FROM destination WHERE subscriber = $2 OR id = $3)`,
		why, subscriber, destination)
	if err != nil {
		return fmt.Errorf("strike off what waits: %w", err)
	}
	return nil
}

const selectSubscriber = `SELECT id, name, contact, language, active, note, created, changed FROM subscriber`

func scanSubscriber(rows interface{ Scan(...any) error }) (*Subscriber, error) {
	var s Subscriber
	var active int
	var created, changed int64
	if err := rows.Scan(&s.ID, &s.Name, &s.Contact, &s.Language, &active, &s.Note, &created, &changed); err != nil {
		return nil, err
	}
	s.Active, s.Created, s.Changed = active == 1, db.FromMicros(created), db.FromMicros(changed)
	return &s, nil
}

// Subscriber returns a subscriber with what it takes.
func (s *Service) Subscriber(ctx context.Context, id string) (*Subscriber, error) {
	sub, err := scanSubscriber(s.DB.Reader().QueryRowContext(ctx, selectSubscriber+` WHERE id = $1 AND removed = 0`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, none("subscriber", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read a subscriber: %w", err)
	}
	return sub, s.withProducts(ctx, []*Subscriber{sub})
}

// Subscribers returns subscribers in the order in which they were made, after
// the id, up to limit.
func (s *Service) Subscribers(ctx context.Context, after string, limit int) ([]*Subscriber, error) {
	rows, err := s.DB.Reader().QueryContext(ctx, selectSubscriber+` WHERE removed = 0 AND id > $1 ORDER BY id LIMIT $2`, after, pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	defer rows.Close()
	var out []*Subscriber
	for rows.Next() {
		sub, err := scanSubscriber(rows)
		if err != nil {
			return nil, fmt.Errorf("list subscribers: %w", err)
		}
		out = append(out, sub)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	return out, s.withProducts(ctx, out)
}

// withProducts fills in what the subscribers, in the order of their ids, take.
func (s *Service) withProducts(ctx context.Context, subs []*Subscriber) error {
	if len(subs) == 0 {
		return nil
	}
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT n.subscriber, n.product FROM subscription n JOIN product p ON p.id = n.product
		WHERE n.subscriber >= $1 AND n.subscriber <= $2 AND p.removed = 0 ORDER BY n.subscriber, n.product`, subs[0].ID, subs[len(subs)-1].ID)
	if err != nil {
		return fmt.Errorf("read what subscribers take: %w", err)
	}
	defer rows.Close()
	byID := make(map[string]*Subscriber, len(subs))
	for _, sub := range subs {
		byID[sub.ID] = sub
	}
	for rows.Next() {
		var subscriber, product string
		if err := rows.Scan(&subscriber, &product); err != nil {
			return fmt.Errorf("read what subscribers take: %w", err)
		}
		if sub := byID[subscriber]; sub != nil {
			sub.Products = append(sub.Products, product)
		}
	}
	return rows.Err()
}

// pageSize bounds how many rows a list returns.
func pageSize(limit int) int {
	if limit <= 0 || limit > 200 {
		return 50
	}
	return limit
}

// oneRow returns missing where a statement that should have changed one row
// changed none.
func oneRow(res sql.Result, err, missing error) error {
	if err != nil {
		return fmt.Errorf("write: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n == 0 {
		return missing
	}
	return nil
}
