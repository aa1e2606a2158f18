package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Delivery is one version of an item for one destination, as the log shows it.
type Delivery struct {
	ID          string
	Destination string
	Item        Item
	Position    int64 // of the version in the journal
	Version     int
	Act         news.Act
	State       State
	Priority    bool
	Created     time.Time
	NotBefore   time.Time // end of the embargo that it waits for; zero for none
	Due         time.Time // while it waits: the next attempt
	Attempts    int
	Tried       time.Time // the last attempt
	Sent        time.Time // when the other side took it; zero if it did not
	Answer      string    // of the other side, the last one
	Reason      string    // why it is not sent
	Format      string
	Name        string // of the file
	Body        string // digest of the bytes that were sent
	Size        int64
	Losses      []Loss // what the format could not carry
	Entry       string // hash of the ledger entry
}

const deliveryColumns = `id, destination, origin, uri, position, version, act, state, priority, created, not_before, due, attempts, tried,
	answer, reason, format, name, body, size, losses, entry`

func scanDelivery(rows interface{ Scan(...any) error }) (*Delivery, error) {
	var d Delivery
	var priority int
	var created, notBefore, due, tried int64
	var losses []byte
	err := rows.Scan(&d.ID, &d.Destination, &d.Item.Origin, &d.Item.URI, &d.Position, &d.Version, &d.Act, &d.State, &priority, &created,
		&notBefore, &due, &d.Attempts, &tried, &d.Answer, &d.Reason, &d.Format, &d.Name, &d.Body, &d.Size, &losses, &d.Entry)
	if err != nil {
		return nil, err
	}
	d.Priority, d.Created, d.NotBefore, d.Tried = priority == 1, db.FromMicros(created), db.FromMicros(notBefore), db.FromMicros(tried)
	switch d.State {
	case Waiting:
		d.Due = db.FromMicros(due)
	case Sent:
		d.Sent = d.Tried
	}
	if len(losses) > 0 {
		err = json.Unmarshal(losses, &d.Losses)
	}
	return &d, err
}

// Log chooses deliveries. Empty fields choose all.
type Log struct {
	Destination string
	State       State
	Item        Item   // both or none of its fields
	Before      string // only ids below this one, to read on
	Limit       int    // 1 to 200; 0 means 50
}

// Deliveries returns what the log holds, newest first.
func (s *Service) Deliveries(ctx context.Context, l Log) ([]*Delivery, error) {
	var where []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if l.Destination != "" {
		add("destination = $%d", l.Destination)
	}
	if l.State != "" {
		if !slices.Contains(States, l.State) {
			return nil, news.Errorf(news.Invalid, "state", "%q is not one of %v", l.State, States)
		}
		add("state = $%d", string(l.State))
		if slices.Contains(openStates, l.State) {
			where = append(where, open)
		}
	}
	if l.Item.URI != "" {
		add("origin = $%d", l.Item.Origin)
		add("uri = $%d", l.Item.URI)
	}
	if l.Before != "" {
		add("id < $%d", l.Before)
	}
	query := `SELECT ` + deliveryColumns + ` FROM delivery`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	args = append(args, pageSize(l.Limit))
	rows, err := s.DB.Reader().QueryContext(ctx, query+fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read the delivery log: %w", err)
	}
	defer rows.Close()
	var out []*Delivery
	for rows.Next() {
		d, err := scanDelivery(rows)
		if err != nil {
			return nil, fmt.Errorf("read the delivery log: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// Delivery returns one delivery.
func (s *Service) Delivery(ctx context.Context, id string) (*Delivery, error) {
	d, err := scanDelivery(s.DB.Reader().QueryRowContext(ctx, `SELECT `+deliveryColumns+` FROM delivery WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, none("delivery", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read a delivery: %w", err)
	}
	return d, nil
}

// ContentType returns the media type of the bytes that a delivery sent.
func (d *Delivery) ContentType(body []byte) string {
	if f, ok := formatOf(d.Format); ok && !slices.Contains(Formats, d.Format) {
		return f.contentType
	}
	return contentType(d.Format, body)
}

// Body returns the bytes that a delivery sent; NotFound if it sent none.
func (s *Service) Body(ctx context.Context, id string) (*Delivery, []byte, error) {
	d, err := s.Delivery(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if d.Body == "" {
		return nil, nil, news.Errorf(news.NotFound, "delivery", "nothing was sent with this delivery yet")
	}
	b, err := s.body(ctx, d.Body, d.Position)
	return d, b, err
}

// Resend sends the newest version of the delivery's item to its destination,
// and returns the new delivery. Bytes that were sent before are sent again as
// they were.
func (s *Service) Resend(ctx context.Context, id string) (*Delivery, error) {
	old, err := s.Delivery(ctx, id)
	if err != nil {
		return nil, err
	}
	l, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	d := l.destinations[old.Destination]
	if d == nil || d.removed {
		return nil, news.Errorf(news.Conflict, "destination", "its destination was removed")
	}
	st, err := s.Wire.Standing(ctx, []Item{old.Item})
	if err != nil {
		return nil, err
	}
	again := s.newID()
	err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.resend(ctx, tx, d, old, st[old.Item], again) })
	if err != nil {
		return nil, err
	}
	return s.Delivery(ctx, again)
}

func (s *Service) resend(ctx context.Context, tx *db.Tx, d *Destination, old *Delivery, now Standing, id string) error {
	history := map[Item]map[string][]*past{old.Item: {}}
	if err := readHistories(ctx, tx, []Item{old.Item}, history); err != nil {
		return fmt.Errorf("read earlier deliveries: %w", err)
	}
	var newest *past
	got := false
	for _, p := range history[old.Item][d.ID] {
		if p.state == Waiting || p.state == Sending {
			return news.Errorf(news.Conflict, "delivery", "version of this item is on its way already: wait for what comes of it")
		}
		got = got || p.got()
		if newest == nil || p.index >= newest.index {
			newest = p
		}
	}
	switch {
	case newest == nil:
		return none("delivery", old.ID)
	case now.Index > newest.index:
		return news.Errorf(news.Conflict, "delivery", "the newest version of this item is in no product that is taken here")
	case newest.act.StopsUse() && !got, newest.state == Canceled && !got && d.silent:
		return news.Errorf(news.Conflict, "delivery", "the item was stopped before this destination got it: there is nothing to send")
	case d.silent && !urgent(newest.act):
		return news.Errorf(news.Conflict, "destination", "the destination is switched off: switch it on first")
	}
	// The rest is as the newest delivery of the item has it; its bytes, too, so
	// that the same goes out again.
	at := db.Micros(s.Now())
	_, err := tx.ExecContext(ctx, `INSERT INTO delivery (id, destination, origin, uri, position, idx, version, act, state, priority, created,
		not_before, due, since, reason, format, name, body, size, losses)
		SELECT $1, destination, origin, uri, position, idx, version, act, 'waiting', priority, $2, not_before,
			CASE WHEN not_before > $2 THEN not_before ELSE $2 END, $2, 'sent again by hand', format, name, body, size, losses
		FROM delivery WHERE id = $3`, id, at, newest.id)
	if err != nil {
		return fmt.Errorf("resend: %w", err)
	}
	wake := map[string]bool{d.ID: urgent(newest.act)}
	tx.AfterCommit(func() { s.wake(wake) })
	return tx.Notify(ctx, Topic)
}
