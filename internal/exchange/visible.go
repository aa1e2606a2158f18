package exchange

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// view decides which entries of this node's ledger one partner may see. It is
// made for one request; agreements may change between two.
type view struct {
	partner string
	origin  string
	now     time.Time
	flows   []Flow   // ours to the partner, in force now
	periods []period // ours to the partner, ever in force
	all     bool     // a flow in force gives everything
	earlier func(ref string, before int64) ([]*ledger.Record, error)
}

// period is a flow and the time during which it was in force.
type period struct {
	flow         Flow
	since, until time.Time
}

func (s *Service) viewFor(ctx context.Context, partner string) (*view, error) {
	v := &view{partner: partner, origin: s.ledger.Origin(), now: s.now()}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT d.terms, d.since, d.until FROM agreed d
		JOIN agreement a ON a.id = d.id WHERE a.partner = $1`, partner)
	if err != nil {
		return nil, fmt.Errorf("read agreements with %s: %w", partner, err)
	}
	defer rows.Close()
	for rows.Next() {
		var terms []byte
		var since, until int64
		if err := rows.Scan(&terms, &since, &until); err != nil {
			return nil, err
		}
		t, err := parseTerms(terms)
		if err != nil {
			return nil, err
		}
		f, sends := t.Flows[v.origin]
		if !sends {
			continue
		}
		p := period{f, db.FromMicros(since), t.Until}
		if until != 0 && (p.until.IsZero() || db.FromMicros(until).Before(p.until)) {
			p.until = db.FromMicros(until)
		}
		v.periods = append(v.periods, p)
		if until == 0 && t.inForce(v.now) {
			v.flows = append(v.flows, f)
			v.all = v.all || f.all()
		}
	}
	v.earlier = func(ref string, before int64) ([]*ledger.Record, error) {
		records, err := s.ledger.About(ctx, v.origin, ref, ledger.KindItem)
		for i, r := range records {
			if r.Index >= before {
				return records[:i], err
			}
		}
		return records, err
	}
	return v, rows.Err()
}

// sees reports whether the partner may see the entry and its content.
func (v *view) sees(r *ledger.Record) (bool, error) {
	switch r.Kind {
	case ledger.KindKey, ledger.KindRemoval:
		return true, nil
	case ledger.KindItem:
		if v.all {
			return true, nil
		}
		return v.seesItem(r)
	case ledger.KindAgreement:
		var b agreementBody
		err := decode(r, &b)
		return b.To == v.partner, err
	case ledger.KindUse:
		var b news.UseBody
		err := decode(r, &b)
		return b.Issuer == v.partner, err
	}
	// Kinds that this version does not know how to offer stay at home.
	return false, nil
}

func decode(r *ledger.Record, into any) error {
	e, err := r.Entry()
	if err != nil {
		return err
	}
	return e.Decode(into)
}

func (v *view) seesItem(r *ledger.Record) (bool, error) {
	at, body, err := itemOf(r)
	if err != nil {
		return false, err
	}
	for i := range v.flows {
		f := &v.flows[i]
		if f.matches(&body.Label, at) && (f.Embargo == Deliver || !body.Label.Embargoed.After(v.now)) {
			return true, nil
		}
	}
	if !body.Act.StopsUse() && body.Act != news.Release {
		return false, nil
	}
	// A stop follows the item to whoever was given an earlier version, whatever
	// has become of the agreement since.
	earlier, err := v.earlier(r.Ref, r.Index)
	if err != nil {
		return false, err
	}
	for _, old := range earlier {
		at, body, err := itemOf(old)
		if err == nil && v.gave(&body.Label, at) {
			return true, nil
		}
	}
	return false, nil
}

// gave reports whether terms that were ever in force gave an item of the label.
func (v *view) gave(l *news.Label, issued time.Time) bool {
	for i := range v.periods {
		p := &v.periods[i]
		if p.flow.matches(l, issued) && (p.until.IsZero() || issued.Before(p.until)) {
			return true
		}
	}
	return false
}

func itemOf(r *ledger.Record) (time.Time, *news.ItemBody, error) {
	e, err := r.Entry()
	if err != nil {
		return time.Time{}, nil, err
	}
	var b news.ItemBody
	return e.At, &b, e.Decode(&b)
}
