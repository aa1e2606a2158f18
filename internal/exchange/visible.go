package exchange

import (
	"context"
	"fmt"
	"time"

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

// period is a flow and what of the ledger it was in force for.
type period struct {
	flow  Flow
	until time.Time // as the terms themselves say; zero for no end
	ended int64     // journal position of the entry that ended it; 0 while in force
}

func (s *Service) viewFor(ctx context.Context, partner string) (*view, error) {
	v := &view{partner: partner, origin: s.ledger.Origin(), now: s.now()}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT d.terms, d.until FROM agreed d
		JOIN agreement a ON a.id = d.id WHERE a.partner = $1`, partner)
	if err != nil {
		return nil, fmt.Errorf("read agreements with %s: %w", partner, err)
	}
	defer rows.Close()
	for rows.Next() {
		var terms []byte
		var ended int64
		if err := rows.Scan(&terms, &ended); err != nil {
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
		v.periods = append(v.periods, period{f, t.Until, ended})
		if ended == 0 && t.inForce(v.now) {
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

// sight is how much of an entry a partner sees.
type sight int

const (
	unseen    sight = iota // only that it exists
	entryOnly              // without its content
	whole
)

// addressed is how much of an entry is seen that speaks to one partner.
func addressed(yes bool) sight {
	if yes {
		return whole
	}
	return unseen
}

// sees says how much of the entry the partner may see.
func (v *view) sees(r *ledger.Record) (sight, error) {
	switch r.Kind {
	case ledger.KindKey, ledger.KindRemoval:
		return whole, nil
	case ledger.KindItem:
		if v.all {
			return whole, nil
		}
		return v.seesItem(r)
	case ledger.KindAgreement:
		var b agreementBody
		err := decode(r, &b)
		return addressed(b.To == v.partner), err
	case ledger.KindUse:
		var b news.UseBody
		err := decode(r, &b)
		return addressed(b.Issuer == v.partner), err
	}
	// Kinds that this version does not know how to offer stay at home.
	return unseen, nil
}

func decode(r *ledger.Record, into any) error {
	e, err := r.Entry()
	if err != nil {
		return err
	}
	return e.Decode(into)
}

func (v *view) seesItem(r *ledger.Record) (sight, error) {
	at, body, err := itemOf(r)
	if err != nil {
		return unseen, err
	}
	stops := body.Act.StopsUse() || body.Act == news.Release
	embargoed := body.Label.Embargoed
	var earlier []*ledger.Record
	if stops {
		if earlier, err = v.earlier(r.Ref, r.Index); err != nil {
			return unseen, err
		}
		// A kill says nothing of the embargo that the item was under, and must not be
		// how its headline gets out.
		if last := len(earlier) - 1; last >= 0 && body.Act == news.Kill {
			if _, before, err := itemOf(earlier[last]); err == nil {
				embargoed = before.Label.Embargoed
			}
		}
	}
	for i := range v.flows {
		f := &v.flows[i]
		if f.matches(&body.Label, at) && f.gives(embargoed, v.now) {
			return whole, nil
		}
	}
	if !stops {
		return unseen, nil
	}
	// A stop follows the item to whoever was given an earlier version, whatever
	// has become of the agreement since; its content only to those who were given
	// the version that it repeats.
	sees := unseen
	for _, old := range earlier {
		at, body, err := itemOf(old)
		switch {
		case err != nil, body.Act.StopsUse(), body.Act == news.Release: // these repeat what was before
		case v.gave(old, &body.Label, at):
			sees = whole
		case sees == whole:
			sees = entryOnly
		}
	}
	return sees, nil
}

// gives reports whether the flow lets an item under such an embargo go now.
func (f *Flow) gives(embargoed, now time.Time) bool {
	return f.Embargo == Deliver || !embargoed.After(now)
}

// gave reports whether terms that were ever in force gave the entry of the
// label.
func (v *view) gave(r *ledger.Record, l *news.Label, issued time.Time) bool {
	for i := range v.periods {
		p := &v.periods[i]
		if p.flow.matches(l, issued) && p.flow.gives(l.Embargoed, v.now) &&
			(p.until.IsZero() || issued.Before(p.until)) && (p.ended == 0 || r.Position < p.ended) {
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
