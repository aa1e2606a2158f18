package exchange

import (
	"context"
	"time"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Purpose is what someone wants to do with an item.
type Purpose string

// The purposes that terms speak of.
const (
	ToPublish   Purpose = "publish"
	ToTranslate Purpose = "translate"
	ToEdit      Purpose = "edit"
	ToForward   Purpose = "forward" // give to a third party
)

// Because names the term that decides; pages put it in words.
type Because string

// The reasons of a decision.
const (
	BecauseOwn         Because = "own"          // it is this house's
	BecauseKilled      Because = "killed"       // its issuer killed it
	BecauseHeld        Because = "held"         // its issuer put it on hold
	BecauseSource      Because = "source"       // what it was made from was killed or held
	BecauseEmbargo     Because = "embargo"      // until the time in Until
	BecauseExpired     Because = "expired"      // its issuer no longer stands by its relevance
	BecauseTerm        Because = "term"         // the agreement's permission for the purpose
	BecauseRetention   Because = "retention"    // kept longer than the agreement allows
	BecauseNoAgreement Because = "no_agreement" // nothing was agreed that gives it
)

// Decision answers "may I use it?".
type Decision struct {
	Answer    Permission `json:"answer"`
	Because   Because    `json:"because"`
	Purpose   Purpose    `json:"purpose"`
	Until     time.Time  `json:"until,omitzero"`
	Agreement string     `json:"agreement,omitempty"`
	Licence   string     `json:"licence,omitempty"`
	Credit    string     `json:"credit,omitempty"` // the line to print
}

// MayUse decides for the item version at the position of the journal. blocked
// is the status of a source that stops the item's use, empty for none; expires
// is the item's own expiry, zero for none.
func (s *Service) MayUse(ctx context.Context, position int64, blocked news.Status, expires time.Time, purpose Purpose) (*Decision, error) {
	r, err := s.ledger.At(ctx, position)
	if err != nil {
		return nil, err
	}
	issued, body, err := itemOf(r)
	if err != nil {
		return nil, err
	}
	d := &Decision{Purpose: purpose, Answer: No}
	switch {
	case body.Act == news.Kill:
		d.Because = BecauseKilled
	case body.Act == news.Hold:
		d.Because = BecauseHeld
	case blocked != "":
		d.Because = BecauseSource
	case body.Label.Embargoed.After(s.now()):
		d.Because, d.Until = BecauseEmbargo, body.Label.Embargoed
	case !expires.IsZero() && !expires.After(s.now()):
		d.Answer, d.Because = Ask, BecauseExpired
	case r.Own:
		d.Answer, d.Because = Yes, BecauseOwn
	}
	if d.Because != "" {
		return d, nil
	}
	return d, s.byTerms(ctx, d, r, body, issued)
}

// byTerms decides by what was agreed with the issuer: by the terms in force, or
// else by those under which the item was received.
func (s *Service) byTerms(ctx context.Context, d *Decision, r *ledger.Record, body *news.ItemBody, issued time.Time) error {
	agreements, err := s.Agreements(ctx, r.Origin)
	if err != nil {
		return err
	}
	var flow *Flow
	for _, a := range agreements {
		if a.Terms == nil {
			continue
		}
		f, gives := a.Terms.Flows[r.Origin]
		if !gives || !f.matches(&body.Label, issued) {
			continue
		}
		inForce := a.State == Active && a.Terms.inForce(s.now())
		if inForce || flow == nil {
			flow, d.Agreement = &f, a.ID
		}
		if inForce {
			break
		}
	}
	if flow == nil {
		d.Answer, d.Because = Ask, BecauseNoAgreement
		return nil
	}
	d.Answer, d.Because, d.Licence, d.Credit = Yes, BecauseTerm, flow.Licence, flow.Credit
	switch d.Purpose {
	case ToTranslate:
		d.Answer = flow.Translate
	case ToEdit:
		d.Answer = flow.Edit
	case ToForward:
		d.Answer = flow.Onward
	}
	if flow.Retention > 0 && s.now().After(issued.AddDate(0, 0, flow.Retention)) {
		d.Answer, d.Because = No, BecauseRetention
	}
	return nil
}

// Receivers returns the confirmed partners that an item of this label, issued
// now, goes to: who will be told of an act on it.
func (s *Service) Receivers(ctx context.Context, label news.Label) ([]*Partner, error) {
	partners, err := s.Partners(ctx)
	if err != nil {
		return nil, err
	}
	var out []*Partner
	for _, p := range partners {
		if p.State != Confirmed {
			continue
		}
		v, err := s.viewFor(ctx, p.Origin)
		if err != nil {
			return nil, err
		}
		for i := range v.flows {
			if v.flows[i].matches(&label, v.now) {
				out = append(out, p)
				break
			}
		}
	}
	return out, nil
}
