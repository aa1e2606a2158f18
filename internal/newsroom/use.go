package newsroom

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// ReportUse records, for the issuer to see, what this house did with another's
// item. A use of something that must not be used is refused with Conflict.
func (s *Service) ReportUse(ctx context.Context, u news.UseBody, uri string, actor ledger.Actor) (*ledger.Appended, error) {
	switch u.Act {
	case news.UsePublished, news.UseTranslated, news.UseBroadcast:
	default:
		return nil, news.Errorf(news.Invalid, "act", "%q is not published, translated or broadcast", u.Act)
	}
	if u.When != "" {
		if _, err := time.Parse(time.RFC3339, u.When); err != nil {
			return nil, news.Errorf(news.Invalid, "when", "%q is not a time such as 2026-11-25T10:00:00Z", u.When)
		}
	}
	if len(u.Where) > maxReason {
		return nil, news.Errorf(news.TooLarge, "where", "%d bytes are more than the %d allowed", len(u.Where), maxReason)
	}
	l, err := s.Line(ctx, u.Issuer, uri, true)
	if err != nil {
		return nil, err
	}
	if !l.Usable(s.now()) {
		return nil, news.Errorf(news.Conflict, "item", "this item must not be used now: it is killed, on hold or under embargo")
	}
	u.Version = l.Version
	return s.ledger.Append(ctx, func(_ context.Context, _ *db.Tx, a *ledger.Appender) error {
		_, err := a.Add(ledger.Draft{Kind: ledger.KindUse, Actor: actor, Ref: uri, Body: u})
		return err
	})
}

// Notice tells editors of a kill or hold by another organisation.
type Notice struct {
	Position    int64 // of the kill or hold in the journal: the notice's id
	Origin, URI string
	Act         news.Act
	Reason      string
	Headline    string
	Received    time.Time
	Used        bool // the item was used here, so an editor must confirm
	Confirmed   time.Time
	ConfirmedBy string // account id
}

// Open reports whether the notice still waits for an editor.
func (n *Notice) Open() bool { return n.Used && n.Confirmed.IsZero() }

// Notices returns notices, newest first, below the position before (0 for all);
// with open, only those that wait for an editor. Those about items under embargo
// are for readers who may see them.
func (s *Service) Notices(ctx context.Context, open, withEmbargoed bool, before int64, limit int) ([]*Notice, error) {
	if limit <= 0 || limit > 200 {
		limit = 50
	}
	if before <= 0 {
		before = 1 << 62
	}
	query := `SELECT position, origin, uri, act, reason, headline, received, used, confirmed, confirmed_by FROM notice WHERE position < $1`
	if open {
		query += ` AND confirmed = 0 AND used = 1`
	}
	hidden := int64(1) << 62 // no embargo ends so late
	if !withEmbargoed {
		hidden = db.Micros(s.now())
	}
	query += ` AND NOT EXISTS (SELECT 1 FROM item i WHERE i.origin = notice.origin AND i.uri = notice.uri AND i.embargoed > $2)`
	rows, err := s.db.Reader().QueryContext(ctx, query+` ORDER BY position DESC LIMIT $3`, before, hidden, limit)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	defer rows.Close()
	var out []*Notice
	for rows.Next() {
		var n Notice
		var received, confirmed int64
		var used int
		if err := rows.Scan(&n.Position, &n.Origin, &n.URI, &n.Act, &n.Reason, &n.Headline, &received, &used, &confirmed, &n.ConfirmedBy); err != nil {
			return nil, err
		}
		n.Received, n.Confirmed, n.Used = db.FromMicros(received), db.FromMicros(confirmed), used == 1
		out = append(out, &n)
	}
	return out, rows.Err()
}

// ConfirmNotice records that an editor saw to every place where the item was
// used, and tells the issuer. account is kept here; the ledger names a role.
func (s *Service) ConfirmNotice(ctx context.Context, position int64, account string, actor ledger.Actor) error {
	r, err := s.ledger.At(ctx, position)
	if err != nil {
		return err
	}
	killed, err := readAct(r)
	if err != nil {
		return err
	}
	_, err = s.ledger.Append(ctx, func(ctx context.Context, tx *db.Tx, a *ledger.Appender) error {
		res, err := tx.ExecContext(ctx, `UPDATE notice SET confirmed = $1, confirmed_by = $2 WHERE position = $3 AND confirmed = 0`,
			db.Micros(a.At()), account, position)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if n == 0 {
			return news.Errorf(news.Conflict, "notice", "there is no open notice of this kill or hold: someone confirmed it already")
		}
		if err := tx.Notify(ctx, Topic); err != nil {
			return err
		}
		_, err = a.Add(ledger.Draft{Kind: ledger.KindUse, Actor: actor, Ref: r.Ref, Body: news.UseBody{
			Act: news.UseConfirmed, Issuer: r.Origin, Version: killed.body.Version, Entry: r.Hash().String()}})
		return err
	})
	return err
}

// ReachedBy says which organisations have acknowledged the newest kill or hold
// of an own item, and whose editors have confirmed it, by origin.
func ReachedBy(v *View) (applied, confirmed map[string]time.Time) {
	applied, confirmed = map[string]time.Time{}, map[string]time.Time{}
	if len(v.Versions) == 0 {
		return applied, confirmed
	}
	stop := v.Versions[len(v.Versions)-1]
	for _, u := range v.Uses {
		if u.Entry != stop.Hash {
			continue
		}
		switch u.Act {
		case news.UseApplied:
			applied[u.By] = u.At
		case news.UseConfirmed:
			confirmed[u.By] = u.At
		}
	}
	return applied, confirmed
}
