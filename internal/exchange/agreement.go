package exchange

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// AgreementState is where an agreement stands.
type AgreementState string

// The states of an agreement.
const (
	Offered AgreementState = "offered"
	Active  AgreementState = "active"
	Ended   AgreementState = "ended"
)

// Agreement is an agreement as the entries of both ledgers make it.
type Agreement struct {
	ID         string
	Partner    string
	State      AgreementState
	Terms      *Terms // in force, or last in force; nil while only offered
	Since      time.Time
	Proposed   *Terms // offered or amended, waiting for the other side; nil for none
	ProposedBy string
	Digest     string // of the proposed terms: what an acceptance names
	EndedAt    time.Time
	Reason     string
	Changed    int64 // journal position
}

// agreementAct is what an agreement entry does.
type agreementAct string

const (
	actOffer  agreementAct = "offer"
	actAccept agreementAct = "accept"
	actAmend  agreementAct = "amend"
	actEnd    agreementAct = "end"
)

// agreementBody is the body of an agreement entry; its ref is the agreement's
// id and its content the terms, so that both ledgers hold the same hash.
type agreementBody struct {
	Act    agreementAct `json:"act"`
	To     string       `json:"to"` // the other party
	Reason string       `json:"reason,omitempty"`
}

// agreementsFollower is the name of the follower behind the agreements.
const agreementsFollower = "agreements"

// Offer proposes terms to a partner and returns the agreement's id.
func (s *Service) Offer(ctx context.Context, partner string, t Terms, actor ledger.Actor) (string, error) {
	t.ID = fmt.Sprintf("tag:%s,%d:agreement/%s", s.ledger.Origin(), s.now().Year(), ulid.Make())
	return t.ID, s.propose(ctx, actOffer, partner, t, actor)
}

// Amend proposes new terms for an active agreement, or a counter-offer for one
// that is only offered. Those in force stay in force until the partner accepts.
func (s *Service) Amend(ctx context.Context, id string, t Terms, actor ledger.Actor) error {
	a, err := s.Agreement(ctx, id)
	if err != nil {
		return err
	}
	if a.State == Ended {
		return news.Errorf(news.Conflict, "agreement", "this agreement has ended: offer a new one")
	}
	t.ID = id
	return s.propose(ctx, actAmend, a.Partner, t, actor)
}

func (s *Service) propose(ctx context.Context, act agreementAct, partner string, t Terms, actor ledger.Actor) error {
	p, err := s.Partner(ctx, partner)
	if err != nil {
		return err
	}
	if p.State != Confirmed {
		return news.Errorf(news.Conflict, "partner", "confirm %s first: compare fingerprints with its people", partner)
	}
	t.Between = []string{s.ledger.Origin(), partner}
	slices.Sort(t.Between)
	if err := t.Validate(t.Between[0], t.Between[1]); err != nil {
		return err
	}
	content, err := json.Marshal(&t, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("write terms: %w", err)
	}
	if len(content) > maxTerms {
		return news.Errorf(news.TooLarge, "terms", "%d bytes are more than the %d allowed", len(content), maxTerms)
	}
	return s.record(ctx, t.ID, agreementBody{Act: act, To: partner}, content, actor)
}

// Accept accepts what the partner proposed. digest names the terms that were
// read; it is refused when others were proposed meanwhile.
func (s *Service) Accept(ctx context.Context, id, digest string, actor ledger.Actor) error {
	a, err := s.Agreement(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case a.State == Ended || a.Proposed == nil:
		return news.Errorf(news.Conflict, "agreement", "nothing waits to be accepted in this agreement")
	case a.ProposedBy == s.ledger.Origin():
		return news.Errorf(news.Conflict, "agreement", "these terms are your own proposal: the partner has to accept them")
	case digest != a.Digest:
		return news.Errorf(news.Conflict, "digest", "other terms were proposed meanwhile: read them before you accept")
	}
	content, err := s.ledger.Content(ctx, a.Changed) // the last change is the proposal
	if err != nil {
		return err
	}
	if ledger.Sum(content).String() != digest {
		return news.Errorf(news.Conflict, "digest", "other terms were proposed meanwhile: read them before you accept")
	}
	return s.record(ctx, id, agreementBody{Act: actAccept, To: a.Partner}, content, actor)
}

// End ends an agreement, or withdraws or declines an offer. What was received
// under it stays, under its terms.
func (s *Service) End(ctx context.Context, id, reason string, actor ledger.Actor) error {
	a, err := s.Agreement(ctx, id)
	if err != nil {
		return err
	}
	if a.State == Ended {
		return news.Errorf(news.Conflict, "agreement", "this agreement has ended already")
	}
	return s.record(ctx, id, agreementBody{Act: actEnd, To: a.Partner, Reason: reason}, nil, actor)
}

// record appends an agreement entry and waits until it shows.
func (s *Service) record(ctx context.Context, id string, body agreementBody, content []byte, actor ledger.Actor) error {
	out, err := s.ledger.Append(ctx, func(_ context.Context, _ *db.Tx, a *ledger.Appender) error {
		_, err := a.Add(ledger.Draft{Kind: ledger.KindAgreement, Actor: actor, Ref: id, Body: body, Content: content})
		return err
	})
	if err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.ledger.WaitFollower(wait, agreementsFollower, out.Last()); news.KindOf(err) != news.Unavailable {
		return err
	}
	return nil // it is of record; a node that only has its command line open follows later
}

// agreementFollower folds the agreement entries of both sides into the table, and
// the keys to which partners changed into what people see of them.
func (s *Service) agreementFollower() ledger.Follower {
	return ledger.Follower{Name: agreementsFollower, Kinds: []ledger.Kind{ledger.KindAgreement, ledger.KindKey}, Apply: s.applyAgreements}
}

func (s *Service) applyAgreements(ctx context.Context, tx *db.Tx, records []*ledger.Record) error {
	for _, r := range records {
		apply := s.applyAgreement
		if r.Kind == ledger.KindKey {
			apply = s.applyKey
		}
		err := apply(ctx, tx, r)
		var refused *news.Error
		if errors.As(err, &refused) {
			// A partner may write anything into its own ledger; what does not follow
			// from the agreement's state changes nothing here.
			s.log.Warn("an entry has no effect", "kind", r.Kind, "origin", r.Origin, "index", r.Index, "agreement", r.Ref, "err", err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return tx.Notify(ctx, Topic)
}

func (s *Service) applyAgreement(ctx context.Context, tx *db.Tx, r *ledger.Record) error {
	e, err := r.Entry()
	if err != nil {
		return err
	}
	var body agreementBody
	if err := e.Decode(&body); err != nil {
		return err
	}
	own := s.ledger.Origin()
	partner := r.Origin
	if r.Own {
		partner = body.To
	} else if body.To != own {
		return news.Errorf(news.Invalid, "to", "it is addressed to %s", body.To)
	}
	a, err := readAgreement(ctx, tx, e.Ref)
	if err != nil && news.KindOf(err) != news.NotFound {
		return err
	}
	if a != nil && a.Partner != partner {
		return news.Errorf(news.Forbidden, "ref", "the agreement is with %s", a.Partner)
	}
	var terms *Terms
	if body.Act != actEnd {
		if terms, err = parseTerms(r.Body); err != nil {
			return err
		}
		if err := terms.Validate(own, partner); err != nil {
			return err
		}
		if terms.ID != e.Ref {
			return news.Errorf(news.Invalid, "id", "the terms are those of %q", terms.ID)
		}
	}
	switch body.Act {
	case actOffer, actAmend:
		return s.applyProposal(ctx, tx, a, body.Act, partner, r)
	case actAccept:
		return s.applyAccept(ctx, tx, a, r, e.At)
	case actEnd:
		return s.applyEnd(ctx, tx, a, r, e.At, body.Reason)
	}
	return news.Errorf(news.Invalid, "act", "%q is not an act we know", body.Act)
}

func (s *Service) applyProposal(ctx context.Context, tx *db.Tx, a *Agreement, act agreementAct, partner string, r *ledger.Record) error {
	if (a == nil) != (act == actOffer) {
		return news.Errorf(news.Conflict, "act", "an offer begins an agreement and an amendment changes one")
	}
	if a != nil && a.State == Ended {
		return news.Errorf(news.Conflict, "act", "the agreement has ended")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO agreement (id, partner, state, since, proposed, proposed_by, digest, ended, reason, changed)
		VALUES ($1, $2, $3, 0, $4, $5, $6, 0, '', $7) ON CONFLICT (id) DO UPDATE SET proposed = excluded.proposed,
		proposed_by = excluded.proposed_by, digest = excluded.digest, changed = excluded.changed`,
		r.Ref, partner, string(Offered), r.Body, r.Origin, r.Content.String(), r.Position)
	if err != nil {
		return fmt.Errorf("store proposal: %w", err)
	}
	return nil
}

func (s *Service) applyAccept(ctx context.Context, tx *db.Tx, a *Agreement, r *ledger.Record, at time.Time) error {
	if a == nil || a.State == Ended || a.Proposed == nil || a.ProposedBy == r.Origin || a.Digest != r.Content.String() {
		return news.Errorf(news.Conflict, "act", "it accepts terms that are not proposed to it")
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE agreed SET until = $1 WHERE id = $2 AND until = 0`, []any{r.Position, a.ID}},
		{`INSERT INTO agreed (id, since, until, terms) VALUES ($1, $2, 0, $3)
			ON CONFLICT (id, since) DO UPDATE SET terms = excluded.terms, until = 0`, []any{a.ID, r.Position, r.Body}},
		{`UPDATE agreement SET state = $1, terms = $2, since = $3, proposed = NULL, proposed_by = '', digest = '', changed = $4
			WHERE id = $5`, []any{string(Active), r.Body, db.Micros(at), r.Position, a.ID}},
	} {
		if _, err := tx.ExecContext(ctx, step.query, step.args...); err != nil {
			return fmt.Errorf("store acceptance: %w", err)
		}
	}
	return nil
}

func (s *Service) applyEnd(ctx context.Context, tx *db.Tx, a *Agreement, r *ledger.Record, at time.Time, reason string) error {
	if a == nil || a.State == Ended {
		return news.Errorf(news.Conflict, "act", "there is nothing to end")
	}
	if _, err := tx.ExecContext(ctx, `UPDATE agreed SET until = $1 WHERE id = $2 AND until = 0`, r.Position, a.ID); err != nil {
		return fmt.Errorf("store the end: %w", err)
	}
	_, err := tx.ExecContext(ctx, `UPDATE agreement SET state = $1, ended = $2, reason = $3, proposed = NULL, proposed_by = '',
		digest = '', changed = $4 WHERE id = $5`, string(Ended), db.Micros(at), reason, r.Position, a.ID)
	if err != nil {
		return fmt.Errorf("store the end: %w", err)
	}
	return nil
}

const selectAgreement = `SELECT id, partner, state, terms, since, proposed, proposed_by, digest, ended, reason, changed FROM agreement`

func scanAgreement(row interface{ Scan(...any) error }) (*Agreement, error) {
	var a Agreement
	var terms, proposed []byte
	var since, ended int64
	err := row.Scan(&a.ID, &a.Partner, &a.State, &terms, &since, &proposed, &a.ProposedBy, &a.Digest, &ended, &a.Reason, &a.Changed)
	if err != nil {
		return nil, err
	}
	a.Since, a.EndedAt = db.FromMicros(since), db.FromMicros(ended)
	if terms != nil {
		if a.Terms, err = parseTerms(terms); err != nil {
			return nil, err
		}
	}
	if proposed != nil {
		if a.Proposed, err = parseTerms(proposed); err != nil {
			return nil, err
		}
	}
	return &a, nil
}

func readAgreement(ctx context.Context, q db.Queryer, id string) (*Agreement, error) {
	a, err := scanAgreement(q.QueryRowContext(ctx, selectAgreement+` WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "agreement", "there is no agreement %s", id)
	}
	return a, err
}

// Agreement returns an agreement; NotFound if there is none of this id.
func (s *Service) Agreement(ctx context.Context, id string) (*Agreement, error) {
	return readAgreement(ctx, s.db.Reader(), id)
}

// Agreements returns every agreement, or those with one partner, the last
// changed first.
func (s *Service) Agreements(ctx context.Context, partner string) ([]*Agreement, error) {
	rows, err := s.db.Reader().QueryContext(ctx, selectAgreement+` WHERE $1 = '' OR partner = $2 ORDER BY changed DESC`, partner, partner)
	if err != nil {
		return nil, fmt.Errorf("read agreements: %w", err)
	}
	defer rows.Close()
	var out []*Agreement
	for rows.Next() {
		a, err := scanAgreement(rows)
		if err != nil {
			return nil, fmt.Errorf("read agreements: %w", err)
		}
		out = append(out, a)
	}
	return out, rows.Err()
}
