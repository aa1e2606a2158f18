package web

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

func (s *Site) agreements(q *request) error {
	found, err := s.exchange.Agreements(q.Context(), "")
	if err != nil {
		return err
	}
	partners, err := s.confirmedPartners(q)
	if err != nil {
		return err
	}
	v := view.Agreements{Shell: q.shell("agreements", q.T("menu.agreements"), nil), Agreements: found, Partners: partners}
	return q.render(view.AgreementsPage(v), nil)
}

func (s *Site) confirmedPartners(q *request) ([]*exchange.Partner, error) {
	all, err := s.exchange.Partners(q.Context())
	return slices.DeleteFunc(all, func(p *exchange.Partner) bool { return p.State != exchange.Confirmed }), err
}

func (s *Site) agreement(q *request) error { return s.showAgreement(q, nil) }

func (s *Site) showAgreement(q *request, failed error) error {
	a, err := s.exchange.Agreement(q.Context(), q.FormValue("id"))
	if err != nil {
		return err
	}
	sh := q.shell("agreements", "", failed)
	sh.Title = q.T("title.agreement", "org", sh.Name(a.Partner))
	if sh.Concepts, err = s.concepts(q, subjectsOf(a.Terms), subjectsOf(a.Proposed)); err != nil {
		return err
	}
	v := view.Agreement{Shell: sh, A: a, Current: view.Clauses(sh, a.Terms), Next: view.Clauses(sh, a.Proposed),
		Ours: a.ProposedBy == s.ledger.Origin()}
	return q.render(view.AgreementPage(v), failed)
}

// subjectsOf is what the terms choose by.
func subjectsOf(t *exchange.Terms) *news.Item {
	it := &news.Item{}
	if t == nil {
		return it
	}
	for _, f := range t.Flows {
		for _, uri := range f.Subjects {
			it.Subjects = append(it.Subjects, news.Concept{URI: uri})
		}
	}
	return it
}

func (s *Site) accept(q *request) error {
	id := q.FormValue("id")
	err := s.exchange.Accept(q.Context(), id, q.FormValue("digest"), q.caller.Actor(people.ManageAgreements))
	if err != nil {
		return s.showAgreement(q, err)
	}
	return q.redirect(view.Link("/agreement", "id", id), "accepted")
}

func (s *Site) end(q *request) error {
	id := q.FormValue("id")
	err := s.exchange.End(q.Context(), id, q.text("reason"), q.caller.Actor(people.ManageAgreements))
	if err != nil {
		return s.showAgreement(q, err)
	}
	return q.redirect(view.Link("/agreement", "id", id), "ended")
}

func (s *Site) newOffer(q *request) error {
	usual := view.FlowForm{Sends: true, Translate: "yes", Edit: "ask", Onward: "no", Embargo: "deliver"}
	return s.showOffer(q, view.Offer{Partner: q.FormValue("partner"), Out: usual, In: usual}, nil)
}

// showOffer shows the form of an offer or amendment.
func (s *Site) showOffer(q *request, v view.Offer, failed error) error {
	title := q.T("title.offer")
	if v.ID != "" {
		title = q.T("title.amend")
	}
	v.Shell = q.shell("agreements", title, failed)
	partners, err := s.confirmedPartners(q)
	if err != nil {
		return err
	}
	if v.Out.Picker, err = s.picker(q, "out.subject", v.Out.Subjects); err != nil {
		return err
	}
	if v.In.Picker, err = s.picker(q, "in.subject", v.In.Subjects); err != nil {
		return err
	}
	for _, p := range partners {
		v.Partners = append(v.Partners, view.Option{Value: p.Origin, Label: v.Name(p.Origin), Chosen: p.Origin == v.Partner})
	}
	return q.render(view.OfferPage(v), failed)
}

func (s *Site) offer(q *request) error {
	v := readOffer(q)
	if q.FormValue("do") == "find" {
		return s.showOffer(q, v, nil)
	}
	terms, err := s.terms(v)
	if err != nil {
		return s.showOffer(q, v, err)
	}
	id, err := s.exchange.Offer(q.Context(), v.Partner, terms, q.caller.Actor(people.ManageAgreements))
	if err != nil {
		return s.showOffer(q, v, err)
	}
	return q.redirect(view.Link("/agreement", "id", id), "offered")
}

func (s *Site) amendPage(q *request) error {
	a, err := s.exchange.Agreement(q.Context(), q.FormValue("id"))
	if err != nil {
		return err
	}
	t := a.Terms
	if a.Proposed != nil {
		t = a.Proposed
	}
	return s.showOffer(q, s.offerOf(a, t), nil)
}

func (s *Site) amend(q *request) error {
	v := readOffer(q)
	if q.FormValue("do") == "find" {
		return s.showOffer(q, v, nil)
	}
	terms, err := s.terms(v)
	if err != nil {
		return s.showOffer(q, v, err)
	}
	if err := s.exchange.Amend(q.Context(), v.ID, terms, q.caller.Actor(people.ManageAgreements)); err != nil {
		return s.showOffer(q, v, err)
	}
	return q.redirect(view.Link("/agreement", "id", v.ID), "amended")
}

func readOffer(q *request) view.Offer {
	return view.Offer{ID: q.FormValue("id"), Partner: q.FormValue("partner"), Out: readFlow(q, "out."), In: readFlow(q, "in."),
		From: q.FormValue("from"), Until: q.FormValue("until"), Price: q.text("price"), Note: q.text("note"), Contact: q.text("contact")}
}

func readFlow(q *request, side string) view.FlowForm {
	return view.FlowForm{Sends: q.FormValue(side+"sends") != "", Types: q.Form[side+"type"], Subjects: q.chosen(side + "subject"),
		Desks: q.text(side + "desk"), Languages: q.text(side + "language"), Licence: q.text(side + "licence"), Credit: q.text(side + "credit"),
		Translate: q.FormValue(side + "translate"), Edit: q.FormValue(side + "edit"), Onward: q.FormValue(side + "onward"),
		Embargo: q.FormValue(side + "embargo"), Retention: q.FormValue(side + "retention")}
}

// terms makes terms of what was typed.
func (s *Site) terms(v view.Offer) (exchange.Terms, error) {
	t := exchange.Terms{Flows: map[string]exchange.Flow{}, Price: v.Price, Note: v.Note}
	var err error
	if t.From, err = s.day("from", v.From); err != nil {
		return t, err
	}
	if t.Until, err = s.day("until", v.Until); err != nil {
		return t, err
	}
	if !t.Until.IsZero() {
		t.Until = t.Until.AddDate(0, 0, 1) // up to the end of that day
	}
	if v.Contact != "" {
		t.Contact = map[string]string{s.ledger.Origin(): v.Contact}
	}
	for origin, f := range map[string]view.FlowForm{s.ledger.Origin(): v.Out, v.Partner: v.In} {
		if f.Sends {
			if t.Flows[origin], err = flowOf(f); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

func (s *Site) day(field, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, value, s.zone)
	if err != nil {
		return t, news.Errorf(news.Invalid, field, "%q is not a date", value)
	}
	return t, nil
}

func flowOf(f view.FlowForm) (exchange.Flow, error) {
	out := exchange.Flow{Subjects: f.Subjects, Desks: list(f.Desks), Languages: list(f.Languages), Licence: f.Licence, Credit: f.Credit,
		Translate: exchange.Permission(f.Translate), Edit: exchange.Permission(f.Edit), Onward: exchange.Permission(f.Onward),
		Embargo: exchange.Embargo(f.Embargo)}
	for _, t := range f.Types {
		out.Types = append(out.Types, news.Type(t))
	}
	if f.Retention != "" {
		n, err := strconv.Atoi(f.Retention)
		if err != nil {
			return out, news.Errorf(news.Invalid, "retention", "%q is not a number of days", f.Retention)
		}
		out.Retention = n
	}
	return out, nil
}

// list splits what was typed with commas of any script.
func list(s string) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '،' || r == ';' || r == '؛' }) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// offerOf fills the form with the terms of an agreement.
func (s *Site) offerOf(a *exchange.Agreement, t *exchange.Terms) view.Offer {
	v := view.Offer{ID: a.ID, Partner: a.Partner}
	if t == nil {
		return v
	}
	own := s.ledger.Origin()
	v.Price, v.Note, v.Contact = t.Price, t.Note, t.Contact[own]
	if !t.From.IsZero() {
		v.From = t.From.In(s.zone).Format(time.DateOnly)
	}
	if !t.Until.IsZero() {
		v.Until = t.Until.In(s.zone).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	v.Out, v.In = formOfFlow(t.Flows, own), formOfFlow(t.Flows, a.Partner)
	return v
}

func formOfFlow(flows map[string]exchange.Flow, origin string) view.FlowForm {
	f, sends := flows[origin]
	if !sends {
		return view.FlowForm{Translate: "yes", Edit: "ask", Onward: "no", Embargo: "deliver"}
	}
	out := view.FlowForm{Sends: true, Subjects: f.Subjects, Desks: strings.Join(f.Desks, ", "), Languages: strings.Join(f.Languages, ", "),
		Licence: f.Licence, Credit: f.Credit, Translate: string(f.Translate), Edit: string(f.Edit), Onward: string(f.Onward),
		Embargo: string(f.Embargo)}
	for _, t := range f.Types {
		out.Types = append(out.Types, string(t))
	}
	if f.Retention > 0 {
		out.Retention = strconv.Itoa(f.Retention)
	}
	return out
}
