package api

import (
	"net/http"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/news"
)

type fingerprint struct {
	Hex   string `json:"hex"`
	Words string `json:"words"`
}

// profile is how this organisation presents itself.
type profile struct {
	news.Organisation
	URL         string      `json:"url,omitempty"`
	Key         string      `json:"key"`
	Fingerprint fingerprint `json:"fingerprint"`
	Software    string      `json:"software"`
}

func (s *server) showProfile(w http.ResponseWriter, c *call) error {
	p, err := s.exchange.Profile(c.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, profile{p.Organisation, p.URL, p.Keys[0], fingerprint(s.exchange.OwnFingerprint()), p.Software})
}

// profileInput is what can be changed of a profile; the origin cannot.
type profileInput struct {
	Names      map[string]string     `json:"names"`
	Kind       news.OrganisationKind `json:"kind"`
	Country    string                `json:"country"`
	Contact    string                `json:"contact"`
	Disclosure news.Disclosure       `json:"disclosure"`
	URL        string                `json:"url"`
}

func (s *server) setProfile(w http.ResponseWriter, c *call) error {
	var in profileInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	org := news.Organisation{Names: in.Names, Kind: in.Kind, Country: in.Country, Contact: in.Contact, Disclosure: in.Disclosure}
	if err := s.exchange.SetProfile(c.Context(), org, in.URL); err != nil {
		return err
	}
	return s.showProfile(w, c)
}

// partner is another organisation's node.
type partner struct {
	Organisation news.Organisation     `json:"organisation"`
	URL          string                `json:"url,omitempty"`
	State        exchange.PartnerState `json:"state"`
	Key          string                `json:"key"`
	Fingerprint  fingerprint           `json:"fingerprint"`
	Added        time.Time             `json:"added"`
	Contact      time.Time             `json:"last_contact,omitzero"`
	Failure      string                `json:"failure,omitempty"`
	Size         int64                 `json:"size"`
	Behind       int64                 `json:"behind"`
	Frozen       string                `json:"frozen,omitempty"`
}

func shownPartner(p *exchange.Partner) partner {
	return partner{p.Profile.Organisation, p.URL, p.State, p.Key, fingerprint(p.Fingerprint), utc(p.Added), utc(p.Contact),
		p.Failure, p.Size, p.Behind(), p.Frozen}
}

type partners struct {
	Partners []partner `json:"partners"`
}

func (s *server) listPartners(w http.ResponseWriter, c *call) error {
	found, err := s.exchange.Partners(c.Context())
	if err != nil {
		return err
	}
	out := partners{make([]partner, len(found))}
	for i, p := range found {
		out.Partners[i] = shownPartner(p)
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) showPartner(w http.ResponseWriter, c *call) error {
	p, err := s.exchange.Partner(c.Context(), c.PathValue("origin"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, shownPartner(p))
}

func (s *server) addPartner(w http.ResponseWriter, c *call) error {
	var in struct {
		URL string `json:"url"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	p, err := s.exchange.AddPartner(c.Context(), in.URL)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/partners/"+p.Origin)
	return writeJSON(w, http.StatusCreated, shownPartner(p))
}

func (s *server) confirmPartner(w http.ResponseWriter, c *call) error {
	var in struct {
		Fingerprint string `json:"fingerprint"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	return noContent(w, s.exchange.ConfirmPartner(c.Context(), c.PathValue("origin"), in.Fingerprint))
}

func (s *server) blockPartner(w http.ResponseWriter, c *call) error {
	return noContent(w, s.exchange.BlockPartner(c.Context(), c.PathValue("origin")))
}
