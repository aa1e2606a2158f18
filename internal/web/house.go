package web

import (
	"maps"
	"slices"
	"strings"

	"jisr/internal/news"
	"jisr/internal/web/view"
)

func (s *Site) organisation(q *request) error {
	p, err := s.exchange.Profile(q.Context())
	if err != nil {
		return err
	}
	v := view.Organisation{Shell: q.shell("organisation", q.T("menu.organisation"), nil), Profile: p, Own: s.exchange.OwnFingerprint()}
	return q.render(view.OrganisationPage(v), nil)
}

func (s *Site) saveOrganisation(q *request) error {
	p, err := s.exchange.Profile(q.Context())
	if err != nil {
		return err
	}
	// Names in languages that the form does not show stay.
	org, names := p.Organisation, maps.Clone(p.Names)
	if names == nil {
		names = map[string]string{}
	}
	for _, tag := range []string{"ar", "ru", "en"} {
		if names[tag] = q.text("names." + tag); names[tag] == "" {
			delete(names, tag)
		}
	}
	org.Names, org.Kind, org.Country, org.Contact = names, news.OrganisationKind(q.FormValue("kind")), strings.ToUpper(q.text("country")), q.text("contact")
	org.Disclosure = news.Disclosure{Owner: q.text("owner"), Funding: q.text("funding"), EditorialCode: q.text("editorial_code")}
	if err := s.exchange.SetProfile(q.Context(), org, q.text("url")); err != nil {
		shown := *p
		shown.Organisation, shown.URL = org, q.text("url")
		v := view.Organisation{Shell: q.shell("organisation", q.T("menu.organisation"), err), Profile: &shown, Own: s.exchange.OwnFingerprint()}
		return q.render(view.OrganisationPage(v), err)
	}
	s.directory.forget()
	return q.redirect("/organisation", "profile")
}

func (s *Site) ledgerState(q *request) error {
	v := view.LedgerState{Shell: q.shell("ledger", q.T("menu.ledger"), nil)}
	var err error
	if v.Logs, err = s.ledger.Logs(q.Context()); err != nil {
		return err
	}
	if v.Lags, err = s.ledger.Lags(q.Context()); err != nil {
		return err
	}
	if v.Position, err = s.ledger.Position(q.Context()); err != nil {
		return err
	}
	witnesses, err := s.ledger.Witnesses(q.Context(), s.ledger.Origin())
	if err != nil {
		return err
	}
	for _, origin := range slices.Sorted(maps.Keys(witnesses)) {
		v.Witnesses = append(v.Witnesses, view.WitnessOf{Origin: origin, Size: witnesses[origin]})
	}
	return q.render(view.LedgerPage(v), nil)
}
