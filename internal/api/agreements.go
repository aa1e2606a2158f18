package api

import (
	"net/http"
	"net/url"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/people"
)

// agreement is an agreement as the entries of both ledgers make it.
type agreement struct {
	ID         string                  `json:"id"`
	Partner    string                  `json:"partner"`
	State      exchange.AgreementState `json:"state"`
	Terms      *exchange.Terms         `json:"terms,omitempty"`
	Since      time.Time               `json:"since,omitzero"`
	Proposed   *exchange.Terms         `json:"proposed,omitempty"`
	ProposedBy string                  `json:"proposed_by,omitempty"`
	Digest     string                  `json:"digest,omitempty"`
	Ended      time.Time               `json:"ended,omitzero"`
	Reason     string                  `json:"reason,omitempty"`
}

func shownAgreement(a *exchange.Agreement) agreement {
	return agreement{a.ID, a.Partner, a.State, a.Terms, utc(a.Since), a.Proposed, a.ProposedBy, a.Digest, utc(a.EndedAt), a.Reason}
}

type agreements struct {
	Agreements []agreement `json:"agreements"`
}

func (s *server) listAgreements(w http.ResponseWriter, c *call) error {
	q := query(c)
	with := q.text("partner")
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.exchange.Agreements(c.Context(), with)
	if err != nil {
		return err
	}
	out := agreements{make([]agreement, len(found))}
	for i, a := range found {
		out.Agreements[i] = shownAgreement(a)
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) showAgreement(w http.ResponseWriter, c *call) error {
	q := query(c)
	id := q.required("id")
	if err := q.done(); err != nil {
		return err
	}
	return s.writeAgreement(w, c, http.StatusOK, id)
}

// writeAgreement answers with the agreement as it now stands.
func (s *server) writeAgreement(w http.ResponseWriter, c *call, status int, id string) error {
	a, err := s.exchange.Agreement(c.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, status, shownAgreement(a))
}

// terms is what a proposal says; the id and the parties follow from where it is
// sent.
type terms struct {
	Flows   map[string]exchange.Flow `json:"flows"`
	From    time.Time                `json:"from"`
	Until   time.Time                `json:"until"`
	Contact map[string]string        `json:"contact"`
	Price   string                   `json:"price"`
	Note    string                   `json:"note"`
}

func (t *terms) agreed() exchange.Terms {
	return exchange.Terms{Flows: t.Flows, From: t.From, Until: t.Until, Contact: t.Contact, Price: t.Price, Note: t.Note}
}

func (s *server) offerAgreement(w http.ResponseWriter, c *call) error {
	var in struct {
		Partner string `json:"partner"`
		Terms   terms  `json:"terms"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	id, err := s.exchange.Offer(c.Context(), in.Partner, in.Terms.agreed(), c.caller.Actor(people.ManageAgreements))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/agreement?id="+url.QueryEscape(id))
	return s.writeAgreement(w, c, http.StatusCreated, id)
}

func (s *server) acceptAgreement(w http.ResponseWriter, c *call) error {
	var in struct {
		ID     string `json:"id"`
		Digest string `json:"digest"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := s.exchange.Accept(c.Context(), in.ID, in.Digest, c.caller.Actor(people.ManageAgreements)); err != nil {
		return err
	}
	return s.writeAgreement(w, c, http.StatusOK, in.ID)
}

func (s *server) amendAgreement(w http.ResponseWriter, c *call) error {
	var in struct {
		ID    string `json:"id"`
		Terms terms  `json:"terms"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := s.exchange.Amend(c.Context(), in.ID, in.Terms.agreed(), c.caller.Actor(people.ManageAgreements)); err != nil {
		return err
	}
	return s.writeAgreement(w, c, http.StatusOK, in.ID)
}

func (s *server) endAgreement(w http.ResponseWriter, c *call) error {
	var in struct {
		ID     string `json:"id"`
		Reason string `json:"reason"`
	}
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if err := s.exchange.End(c.Context(), in.ID, in.Reason, c.caller.Actor(people.ManageAgreements)); err != nil {
		return err
	}
	return s.writeAgreement(w, c, http.StatusOK, in.ID)
}
