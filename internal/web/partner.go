package web

import (
	"net/url"

	"rsc.io/qr"

	"jisr/internal/exchange"
	"jisr/internal/web/view"
)

func (s *Site) partners(q *request) error { return s.showPartners(q, nil) }

func (s *Site) showPartners(q *request, failed error) error {
	found, err := s.exchange.Partners(q.Context())
	if err != nil {
		return err
	}
	own, err := s.exchange.Profile(q.Context())
	if err != nil {
		return err
	}
	v := view.Partners{Shell: q.shell("partners", q.T("menu.partners"), failed), Partners: found, Own: s.exchange.OwnFingerprint(),
		URL: own.URL, Address: q.PostFormValue("url")}
	return q.render(view.PartnersPage(v), failed)
}

func (s *Site) addPartner(q *request) error {
	p, err := s.exchange.AddPartner(q.Context(), q.text("url"))
	if err != nil {
		return s.showPartners(q, err)
	}
	s.directory.forget()
	return q.redirect(partnerLink(p.Origin), "partner_added")
}

func partnerLink(origin string) string { return "/partners/" + url.PathEscape(origin) }

func (s *Site) partner(q *request) error { return s.showPartner(q, nil) }

func (s *Site) showPartner(q *request, failed error) error {
	origin := q.PathValue("origin")
	p, err := s.exchange.Partner(q.Context(), origin)
	if err != nil {
		return err
	}
	v := view.Partner{Shell: q.shell("partners", p.Profile.Name(q.Tag), failed), P: p, Own: s.exchange.OwnFingerprint(),
		Compared: q.PostFormValue("fingerprint")}
	if v.Agreements, err = s.exchange.Agreements(q.Context(), origin); err != nil {
		return err
	}
	if v.Evidence, err = s.ledger.EvidenceAgainst(q.Context(), origin); err != nil {
		return err
	}
	return q.render(view.PartnerPage(v), failed)
}

func (s *Site) confirmPartner(q *request) error {
	origin := q.PathValue("origin")
	if err := s.exchange.ConfirmPartner(q.Context(), origin, q.text("fingerprint")); err != nil {
		return s.showPartner(q, err)
	}
	return q.redirect(partnerLink(origin), "partner_confirmed")
}

func (s *Site) blockPartner(q *request) error {
	origin := q.PathValue("origin")
	if err := s.exchange.BlockPartner(q.Context(), origin); err != nil {
		return err
	}
	return q.redirect(partnerLink(origin), "partner_blocked")
}

func (s *Site) ownCode(q *request) error {
	return q.code(s.ledger.Origin(), s.exchange.OwnFingerprint())
}

func (s *Site) partnerCode(q *request) error {
	p, err := s.exchange.Partner(q.Context(), q.PathValue("origin"))
	if err != nil {
		return err
	}
	return q.code(p.Origin, p.Fingerprint)
}

// code sends a fingerprint as a QR code: the origin and the hex digits, for a
// telephone's camera on the other side's screen.
func (q *request) code(origin string, f exchange.Fingerprint) error {
	c, err := qr.Encode(origin+" "+f.Hex, qr.M)
	if err != nil {
		return err
	}
	c.Scale = 5
	q.w.Header().Set("Content-Type", "image/png")
	_, _ = q.w.Write(c.PNG())
	return nil
}
