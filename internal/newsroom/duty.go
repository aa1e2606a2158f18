package newsroom

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// dutyFollower turns the kills and holds of others into notices for editors and
// duties for the node.
func (s *Service) dutyFollower() ledger.Follower {
	return ledger.Follower{Name: "duty", Kinds: []ledger.Kind{ledger.KindItem}, Needs: []string{WireFollower},
		Prepare: s.prepareDuties}
}

// prepareDuties picks the kills and holds, which are few.
func (s *Service) prepareDuties(_ context.Context, records []*ledger.Record) (func(context.Context, *db.Tx) error, error) {
	var stops []*arrival
	for _, r := range records {
		a, err := readAct(r)
		if err != nil || !a.body.Act.StopsUse() || a.readContent() != nil {
			continue // unreadable ones were logged by the wire
		}
		stops = append(stops, a)
	}
	if len(stops) == 0 {
		return nil, nil
	}
	return func(ctx context.Context, tx *db.Tx) error { return s.applyDuties(ctx, tx, stops) }, nil
}

func (s *Service) applyDuties(ctx context.Context, tx *db.Tx, stops []*arrival) error {
	for _, a := range stops {
		r := a.record
		if !r.Own {
			if err := s.notice(ctx, tx, a); err != nil {
				return err
			}
			if err := addDuty(ctx, tx, "apply", r.Origin, a.entry.Ref, a.body.Version, r, a.body.Reason); err != nil {
				return err
			}
		}
		if err := s.holdDerivatives(ctx, tx, a); err != nil {
			return err
		}
	}
	return tx.Notify(ctx, dutyTopic)
}

const dutyTopic = "duty"

func addDuty(ctx context.Context, tx *db.Tx, kind, origin, uri string, version int, cause *ledger.Record, reason string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO duty (kind, origin, uri, version, entry, reason)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`, kind, origin, uri, version, cause.Hash().String(), reason)
	if err != nil {
		return fmt.Errorf("note a duty: %w", err)
	}
	return nil
}

// notice files a kill or hold for the editors. It waits for a confirmation when
// the item was used here: reported as used, or made into something of ours.
func (s *Service) notice(ctx context.Context, tx *db.Tx, a *arrival) error {
	used, err := s.used(ctx, tx, a.record.Origin, a.entry.Ref)
	if err != nil {
		return fmt.Errorf("look for uses of %s: %w", a.entry.Ref, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO notice (position, origin, uri, act, reason, headline, received, used, confirmed, confirmed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, '') ON CONFLICT DO NOTHING`, a.record.Position, a.record.Origin, a.entry.Ref,
		string(a.body.Act), a.body.Reason, cut(a.item.Headline(), 500), db.Micros(s.now()), flag(used))
	if err != nil {
		return fmt.Errorf("file a notice: %w", err)
	}
	return tx.Notify(ctx, Topic)
}

// used reports whether this house reported a use of the issuer's item or made
// something of it.
func (s *Service) used(ctx context.Context, tx *db.Tx, issuer, uri string) (bool, error) {
	var made int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM derived d JOIN issued i ON i.uri = d.uri
		WHERE d.origin = $1 AND d.source_uri = $2 AND d.source_origin = $3`, s.ledger.Origin(), uri, issuer).Scan(&made)
	if err != nil || made > 0 {
		return made > 0, err
	}
	reports, err := ledger.About(ctx, tx, s.ledger.Origin(), uri, ledger.KindUse)
	if err != nil {
		return false, err
	}
	for _, r := range reports {
		if u, err := useOf(r); err == nil && u.Issuer == issuer {
			return true, nil
		}
	}
	return false, nil
}

// holdDerivatives puts what this house made of a stopped item on hold, so that
// the stop reaches the house's own partners; an editor decides what follows.
func (s *Service) holdDerivatives(ctx context.Context, tx *db.Tx, a *arrival) error {
	rows, err := tx.QueryContext(ctx, `SELECT i.uri, i.version FROM derived d JOIN issued i ON i.uri = d.uri
		WHERE d.origin = $1 AND d.source_uri = $2 AND d.source_origin = $3
		AND i.status = 'usable'`, s.ledger.Origin(), a.entry.Ref, a.record.Origin)
	if err != nil {
		return fmt.Errorf("look for derivatives of %s: %w", a.entry.Ref, err)
	}
	type own struct {
		uri     string
		version int
	}
	var derivatives []own
	for rows.Next() {
		var o own
		if err := rows.Scan(&o.uri, &o.version); err != nil {
			rows.Close()
			return err
		}
		derivatives = append(derivatives, o)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	verb := map[news.Act]string{news.Kill: "killed", news.Hold: "put on hold"}[a.body.Act]
	for _, o := range derivatives {
		reason := fmt.Sprintf("its source %s was %s by %s: %s", a.entry.Ref, verb, a.record.Origin, cut(a.body.Reason, maxReason/2))
		if err := addDuty(ctx, tx, "hold", s.ledger.Origin(), o.uri, o.version, a.record, cut(reason, maxReason-8)); err != nil {
			return err
		}
	}
	return nil
}

// duty is a row of the table duty.
type duty struct {
	id                               int64
	kind, origin, uri, entry, reason string
	version                          int
}

// runDuties does the duties until ctx ends.
func (s *Service) runDuties(ctx context.Context) {
	woken, cancel := s.db.Subscribe(dutyTopic)
	defer cancel()
	for ctx.Err() == nil {
		if err := s.doDuties(ctx); err != nil && ctx.Err() == nil && news.KindOf(err) != news.Unavailable {
			s.log.Error("cannot do what a kill or hold obliges to; will try again", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-woken:
		case <-time.After(5 * time.Second):
		}
	}
}

func (s *Service) doDuties(ctx context.Context) error {
	for {
		due, err := s.duties(ctx)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, d := range due {
			if err := s.doDuty(ctx, d); err != nil {
				return err
			}
		}
	}
}

func (s *Service) duties(ctx context.Context) ([]duty, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, kind, origin, uri, version, entry, reason FROM duty ORDER BY id LIMIT 100`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []duty
	for rows.Next() {
		var d duty
		if err := rows.Scan(&d.id, &d.kind, &d.origin, &d.uri, &d.version, &d.entry, &d.reason); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// node is the actor of what the software does by itself.
var node = ledger.Actor{Role: "node"}

// doDuty performs one duty and strikes it off in the same transaction.
func (s *Service) doDuty(ctx context.Context, d duty) error {
	_, err := s.ledger.Append(ctx, func(ctx context.Context, tx *db.Tx, a *ledger.Appender) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM duty WHERE id = $1`, d.id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return err // another process did it
		}
		if d.kind == "hold" {
			in := Issue{Act: news.Hold, Item: &news.Item{URI: d.uri}, Reason: d.reason, Actor: node}
			err := s.issue(ctx, tx, a, in, &Issued{})
			if news.KindOf(err) == news.Conflict {
				return nil // an editor was faster: it is held or killed already
			}
			return err
		}
		return s.apply(ctx, tx, a, d)
	})
	return err
}

// apply acknowledges a kill or hold to its issuer: here it cannot be used any
// more. It is said once, however often the journal is followed anew.
func (s *Service) apply(ctx context.Context, tx *db.Tx, a *ledger.Appender, d duty) error {
	said, err := ledger.About(ctx, tx, s.ledger.Origin(), d.uri, ledger.KindUse)
	if err != nil {
		return err
	}
	for _, r := range said {
		if u, err := useOf(r); err == nil && u.Act == news.UseApplied && u.Entry == d.entry {
			return nil
		}
	}
	_, err = a.Add(ledger.Draft{Kind: ledger.KindUse, Actor: node, Ref: d.uri,
		Body: news.UseBody{Act: news.UseApplied, Issuer: d.origin, Version: d.version, Entry: d.entry}})
	return err
}

// useOf reads a use entry.
func useOf(r *ledger.Record) (*news.UseBody, error) {
	e, err := r.Entry()
	if err != nil {
		return nil, err
	}
	var u news.UseBody
	return &u, e.Decode(&u)
}
