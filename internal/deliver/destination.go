package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/deliver/filename"
	"jisr/internal/fetch/remote"
	"jisr/internal/news"
)

// Formats are what a destination can be sent, as package format names them.
var Formats = []string{"ninjs", "ninjs-1.4", "newsml-g2", "nitf", "html", "text"}

const (
	maxSecret       = 32 << 10 // bytes: a private key
	maxDestinations = 100      // of a subscriber
)

// clean checks what people wrote and fills in what they may leave out.
func (d *Destination) clean() error {
	d.Name, d.Address = strings.TrimSpace(d.Name), strings.TrimSpace(d.Address)
	if d.Name == "" {
		return news.Errorf(news.Invalid, "name", "a destination needs a name")
	}
	for _, l := range []struct {
		field, text string
		max         int
	}{{"name", d.Name, maxName}, {"address", d.Address, news.MaxURI}, {"user", d.User, maxName}, {"secret", d.Secret, maxSecret},
		{"host_key", d.HostKey, maxNote}, {"file_name", d.FileName, maxNote}} {
		if err := checkText(l.field, l.text, l.max); err != nil {
			return err
		}
	}
	if d.Embargo == "" {
		d.Embargo = HoldBack
	}
	if d.Embargo != HoldBack && d.Embargo != Trusted {
		return news.Errorf(news.Invalid, "embargo", "%q is not hold or deliver", d.Embargo)
	}
	if d.Kind.pulled() {
		return d.cleanPulled()
	}
	if d.Format == "" {
		d.Format = "ninjs"
	}
	if !slices.Contains(Formats, d.Format) {
		return news.Errorf(news.Invalid, "format", "%q is no format that we write: choose one of %v", d.Format, Formats)
	}
	if _, err := filename.Parse(d.FileName); err != nil {
		return news.Errorf(news.Invalid, "file_name", "%s", message(err)).Because(err)
	}
	return d.checkAddress()
}

// cleanPulled checks a feed. Whoever has its token sees all of it, so that
// nothing is in it before its time.
func (d *Destination) cleanPulled() error {
	if d.Address != "" || d.User != "" || d.Secret != "" || d.FileName != "" {
		return news.Errorf(news.Invalid, "address", "a feed has no address, account or file names: its subscriber calls this node")
	}
	if d.Embargo == Trusted {
		return news.Errorf(news.Invalid, "embargo", "nothing under embargo is shown in a feed: choose another kind of destination")
	}
	d.Format = ""
	return nil
}

func (d *Destination) checkAddress() error {
	switch d.Kind {
	case HTTP:
		u, err := url.Parse(d.Address)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
			return news.Errorf(news.Invalid, "address", "%q is not an address such as https://cms.paper.example/in, without an account in it", d.Address)
		}
	case SFTP, FTP:
		u, err := url.Parse(d.Address)
		if err != nil || d.Kind == SFTP && u.Scheme != "sftp" || d.Kind == FTP && u.Scheme != "ftp" && u.Scheme != "ftps" {
			return news.Errorf(news.Invalid, "address", "%q is not a folder such as %s://files.paper.example/in", d.Address, d.Kind)
		}
		return remote.Check(remote.Server{URL: d.Address, User: d.User, Secret: d.Secret, HostKey: d.HostKey})
	case Mail:
		a, err := mail.ParseAddress(d.Address)
		if err != nil || a.Name != "" || a.Address != d.Address {
			return news.Errorf(news.Invalid, "address", "%q is not a plain mail address such as desk@paper.example", d.Address)
		}
	default:
		return news.Errorf(news.Invalid, "kind", "%q is not one of %v", d.Kind, Kinds)
	}
	return nil
}

func (s *Service) checkDestination(d *Destination) error {
	if err := d.clean(); err != nil || s.Check == nil {
		return err
	}
	return s.Check(d)
}

// AddDestination makes a destination of a subscriber and gives it an id. Only
// what is issued from now on is owed to it.
func (s *Service) AddDestination(ctx context.Context, d *Destination) error {
	if err := s.checkDestination(d); err != nil {
		return err
	}
	since, err := s.Ledger.Position(ctx)
	if err != nil {
		return err
	}
	d.since = since
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		var have int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM destination WHERE subscriber = $1 AND removed = 0 AND feed = ''`, d.Subscriber).Scan(&have)
		if err != nil {
			return fmt.Errorf("count destinations: %w", err)
		}
		if have >= maxDestinations {
			return news.Errorf(news.Conflict, "subscriber", "the subscriber has %d destinations: remove some first", have)
		}
		return s.insertDestination(ctx, tx, d)
	})
}

func (s *Service) insertDestination(ctx context.Context, tx *db.Tx, d *Destination) error {
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM subscriber WHERE id = $1 AND removed = 0`, d.Subscriber).Scan(&n); err != nil {
		return fmt.Errorf("look for the subscriber: %w", err)
	}
	if n == 0 {
		return news.Errorf(news.Invalid, "subscriber", "there is no subscriber %s", d.Subscriber)
	}
	d.ID, d.Created = s.newID(), s.Now().UTC().Truncate(time.Microsecond)
	d.Changed = d.Created
	_, err := tx.ExecContext(ctx, `INSERT INTO destination (id, subscriber, name, kind, address, login, secret, host_key, format,
		file_name, media, embargo, active, since, feed, topic, token, expires, created, changed, removed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, 0)`,
		d.ID, d.Subscriber, d.Name, string(d.Kind), d.Address, d.User, d.Secret, d.HostKey, d.Format, d.FileName, flag(d.Media),
		string(d.Embargo), flag(d.Active), d.since, d.Feed, d.Topic, d.Token, db.Micros(d.Expires), db.Micros(d.Created))
	if err != nil {
		return fmt.Errorf("add a destination: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO destination_state (destination) VALUES ($1)`, d.ID); err != nil {
		return fmt.Errorf("add a destination: %w", err)
	}
	return changed(ctx, tx)
}

// SaveDestination replaces a destination; an empty Secret keeps the one there
// is, as long as it still goes to the same host. Kind and subscriber stay.
func (s *Service) SaveDestination(ctx context.Context, d *Destination) error {
	old, err := s.Destination(ctx, d.ID)
	if err != nil {
		return err
	}
	if d.Kind != "" && d.Kind != old.Kind || d.Subscriber != "" && d.Subscriber != old.Subscriber {
		return news.Errorf(news.Conflict, "kind", "the kind and the subscriber of a destination stay: make another one")
	}
	d.Kind, d.Subscriber = old.Kind, old.Subscriber
	if d.Secret == "" && !d.Kind.pulled() {
		if hostOf(d.Address) != hostOf(old.Address) && old.Secret != "" {
			return news.Errorf(news.Invalid, "secret", "the address is another one: give its secret, too")
		}
		d.Secret = old.Secret
	}
	if err := s.checkDestination(d); err != nil {
		return err
	}
	d.Changed, d.Created = s.Now().UTC().Truncate(time.Microsecond), old.Created
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE destination SET name = $1, address = $2, login = $3, secret = $4, host_key = $5, format = $6,
			file_name = $7, media = $8, embargo = $9, active = $10, changed = $11 WHERE id = $12 AND removed = 0 AND feed = ''`,
			d.Name, d.Address, d.User, d.Secret, d.HostKey, d.Format, d.FileName, flag(d.Media), string(d.Embargo), flag(d.Active),
			db.Micros(d.Changed), d.ID)
		if err := oneRow(res, err, none("destination", d.ID)); err != nil {
			return err
		}
		if !d.Active {
			if err := cancelWaiting(ctx, tx, "its destination was switched off", "", d.ID); err != nil {
				return err
			}
		}
		return changed(ctx, tx)
	})
}

// hostOf returns the part of an address that a secret belongs to.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}

// RemoveDestination ends a destination for good. Its address stays known to the
// node: a kill of what it got still goes there.
func (s *Service) RemoveDestination(ctx context.Context, id string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE destination SET removed = $1 WHERE id = $2 AND removed = 0`, db.Micros(s.Now()), id)
		if err := oneRow(res, err, none("destination", id)); err != nil {
			return err
		}
		if err := cancelWaiting(ctx, tx, "its destination was removed", "", id); err != nil {
			return err
		}
		return changed(ctx, tx)
	})
}

const destinationColumns = `d.id, d.subscriber, d.name, d.kind, d.address, d.login, d.secret, d.host_key, d.format, d.file_name, d.media,
	d.embargo, d.active, d.since, d.feed, d.topic, d.token, d.expires, d.created, d.changed, d.removed`

func scanDestination(rows interface{ Scan(...any) error }, more ...any) (*Destination, error) {
	var d Destination
	var media, active int
	var expires, created, changed, removed int64
	err := rows.Scan(append([]any{&d.ID, &d.Subscriber, &d.Name, &d.Kind, &d.Address, &d.User, &d.Secret, &d.HostKey, &d.Format, &d.FileName,
		&media, &d.Embargo, &active, &d.since, &d.Feed, &d.Topic, &d.Token, &expires, &created, &changed, &removed}, more...)...)
	if err != nil {
		return nil, err
	}
	d.Media, d.Active, d.removed = media == 1, active == 1, removed != 0
	d.Expires, d.Created, d.Changed = db.FromMicros(expires), db.FromMicros(created), db.FromMicros(changed)
	return &d, nil
}

// Destination returns a destination, its secret included: that is for whoever
// sends, never for showing.
func (s *Service) Destination(ctx context.Context, id string) (*Destination, error) {
	d, err := scanDestination(s.DB.Reader().QueryRowContext(ctx, `SELECT `+destinationColumns+` FROM destination d WHERE d.id = $1 AND d.removed = 0`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, none("destination", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read a destination: %w", err)
	}
	return d, nil
}

// Destinations returns destinations in the order in which they were made, of one
// subscriber or, with an empty id, of all, after the id, up to limit. The
// callbacks of a hub are not among them.
func (s *Service) Destinations(ctx context.Context, subscriber, after string, limit int) ([]*Destination, error) {
	query, args := `SELECT `+destinationColumns+` FROM destination d WHERE d.removed = 0 AND d.feed = '' AND d.id > $1`, []any{after}
	if subscriber != "" {
		query += ` AND d.subscriber = $3`
	}
	args = append(args, pageSize(limit))
	if subscriber != "" {
		args = append(args, subscriber)
	}
	return destinations(ctx, s.DB.Reader(), query+` ORDER BY d.id LIMIT $2`, args...)
}

func destinations(ctx context.Context, q db.Queryer, query string, args ...any) ([]*Destination, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list destinations: %w", err)
	}
	defer rows.Close()
	var out []*Destination
	for rows.Next() {
		d, err := scanDestination(rows)
		if err != nil {
			return nil, fmt.Errorf("list destinations: %w", err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}
