package exchange

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// PartnerState is how far a partnership has come.
type PartnerState string

// Asked: they called on us. Added: we know their profile. Confirmed: people
// here compared fingerprints with people there. Blocked: no contact.
const (
	Asked     PartnerState = "asked"
	Added     PartnerState = "added"
	Confirmed PartnerState = "confirmed"
	Blocked   PartnerState = "blocked"
)

// Partner is another organisation's node, as this one knows it.
type Partner struct {
	Origin      string
	URL         string // empty when only they can call us
	State       PartnerState
	Profile     *Profile
	Key         string // note verifier key
	Fingerprint Fingerprint
	Added       time.Time
	Contact     time.Time // last successful
	Failure     string    // why the last contact failed; empty when it did not
	SeenSize    int64     // of their ledger at the last contact
	Size        int64     // of their ledger that is verified and stored here
	Frozen      string    // why replication stopped; empty while it runs
}

// Behind is how many entries of the partner's ledger are still to be fetched.
func (p *Partner) Behind() int64 { return max(0, p.SeenSize-p.Size) }

// Fingerprint is what people compare.
type Fingerprint struct {
	Hex   string // 32 digits in groups of four
	Words string // eight pronounceable words, the same in every language
}

func fingerprint(vkey string) Fingerprint {
	b, err := ledger.Fingerprint(vkey)
	if err != nil {
		return Fingerprint{}
	}
	var groups, words []string
	for i := 0; i < len(b); i += 2 {
		groups = append(groups, hex.EncodeToString(b[i:i+2]))
		words = append(words, proquint(uint16(b[i])<<8|uint16(b[i+1])))
	}
	return Fingerprint{strings.Join(groups, " "), strings.Join(words, " ")}
}

// proquint spells 16 bits as a word that can be spoken over a telephone in any
// language: consonants and vowels in turn (D. S. Wilkerson, "Proquints", 2009).
func proquint(n uint16) string {
	const con, vow = "bdfghjklmnprstvz", "aiou"
	return string([]byte{con[n>>12], vow[n>>10&3], con[n>>6&15], vow[n>>4&3], con[n&15]})
}

// OwnFingerprint returns the fingerprint that partners compare for this node.
func (s *Service) OwnFingerprint() Fingerprint { return fingerprint(s.ledger.Key().Verifier) }

const selectPartner = `SELECT p.origin, p.url, p.state, p.profile, p.vkey, p.added, p.contact, p.failure, p.seen_size,
	coalesce(g.size, 0), coalesce(g.frozen, '') FROM partner p LEFT JOIN log g ON g.origin = p.origin`

func scanPartner(row interface{ Scan(...any) error }) (*Partner, error) {
	var p Partner
	var doc []byte
	var added, contact int64
	err := row.Scan(&p.Origin, &p.URL, &p.State, &doc, &p.Key, &added, &contact, &p.Failure, &p.SeenSize, &p.Size, &p.Frozen)
	if err != nil {
		return nil, err
	}
	if p.Profile, _, err = openProfile(doc); err != nil {
		return nil, fmt.Errorf("stored profile of %s: %w", p.Origin, err)
	}
	p.Added, p.Contact, p.Fingerprint = db.FromMicros(added), db.FromMicros(contact), fingerprint(p.Key)
	return &p, nil
}

// Partners returns every partner, by origin.
func (s *Service) Partners(ctx context.Context) ([]*Partner, error) {
	rows, err := s.db.Reader().QueryContext(ctx, selectPartner+` ORDER BY p.origin`)
	if err != nil {
		return nil, fmt.Errorf("read partners: %w", err)
	}
	defer rows.Close()
	var out []*Partner
	for rows.Next() {
		p, err := scanPartner(rows)
		if err != nil {
			return nil, fmt.Errorf("read partners: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// Partner returns the partner of this origin; NotFound if there is none.
func (s *Service) Partner(ctx context.Context, origin string) (*Partner, error) {
	p, err := scanPartner(s.db.Reader().QueryRowContext(ctx, selectPartner+` WHERE p.origin = $1`, origin))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "origin", "%s is not a partner", origin)
	}
	return p, err
}

// AddPartner fetches the profile at a node's address, stores it and calls on
// the node, so that people there see us too. Nothing flows before both sides
// confirmed.
func (s *Service) AddPartner(ctx context.Context, address string) (*Partner, error) {
	u, err := cleanURL(address)
	if err != nil {
		return nil, err
	}
	if err := s.typed(ctx, u.Hostname()); err != nil {
		return nil, err
	}
	doc, err := s.fetchProfile(ctx, u.String())
	if err != nil {
		return nil, err
	}
	profile, vkey, err := openProfile(doc)
	if err != nil {
		return nil, err
	}
	if profile.Origin == s.ledger.Origin() {
		return nil, news.Errorf(news.Invalid, "url", "that is this node itself")
	}
	if profile.URL != u.String() {
		return nil, news.Errorf(news.Invalid, "url", "the node at %s says that its address is %q: add it under that one", u, profile.URL)
	}
	if err := s.storePartner(ctx, profile, doc, vkey, Added); err != nil {
		return nil, err
	}
	if err := s.sendHello(ctx, u.String()); err != nil {
		s.log.Warn("a new partner could not be told of us yet", "partner", profile.Origin, "err", err)
	}
	return s.Partner(ctx, profile.Origin)
}

// storePartner stores what a profile says. A partner whose key is confirmed
// keeps it: a profile alone never replaces a key that people compared.
func (s *Service) storePartner(ctx context.Context, p *Profile, doc []byte, vkey string, state PartnerState) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		var known, was string
		var shown []byte
		err := tx.QueryRowContext(ctx, `SELECT vkey, state, profile FROM partner WHERE origin = $1`+tx.ForUpdate(), p.Origin).Scan(&known, &was, &shown)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			_, err = tx.ExecContext(ctx, `INSERT INTO partner (origin, url, state, profile, vkey, added, contact, failure, seen_size, epoch)
				VALUES ($1, $2, $3, $4, $5, $6, 0, '', 0, '')`, p.Origin, p.URL, string(state), doc, vkey, db.Micros(s.now()))
		case err != nil:
		case PartnerState(was) == Blocked && state == Asked:
			return news.Errorf(news.Forbidden, "origin", "this node does not accept calls from %s", p.Origin)
		case known != vkey && state == Asked:
			// Whoever called first keeps the name until people here look at it:
			// otherwise a stranger could take the place of a node that waits.
			return news.Errorf(news.Conflict, "key", "this node knows %s by another key; a lost key is replaced by a new handshake on both sides", p.Origin)
		case known == vkey && newer(shown, p):
			return news.Errorf(news.Conflict, "profile", "this node was shown a newer profile of %s before", p.Origin)
		case PartnerState(was) == Confirmed && known == vkey:
			_, err = tx.ExecContext(ctx, `UPDATE partner SET url = $1, profile = $2 WHERE origin = $3`, p.URL, doc, p.Origin)
		default:
			next := state
			if PartnerState(was) == Added && vkey == known {
				next = Added // a call from one that we added ourselves takes nothing back
			}
			_, err = tx.ExecContext(ctx, `UPDATE partner SET url = $1, profile = $2, vkey = $3, state = $4 WHERE origin = $5`,
				p.URL, doc, vkey, string(next), p.Origin)
		}
		if err != nil {
			return fmt.Errorf("store partner: %w", err)
		}
		return tx.Notify(ctx, Topic)
	})
}

// applyKey notes the key to which a confirmed partner changed: its fingerprint is
// the one to compare from now on.
func (s *Service) applyKey(ctx context.Context, tx *db.Tx, r *ledger.Record) error {
	if r.Own {
		return nil
	}
	vkey, err := ledger.Announced(r.Origin, r.Bytes)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE partner SET vkey = $1 WHERE origin = $2 AND state IN ($3, $4)`,
		vkey, r.Origin, string(Confirmed), string(Blocked))
	if err != nil {
		return fmt.Errorf("note the partner's key: %w", err)
	}
	return nil
}

// newer reports whether the stored profile document was issued after p: an old
// one, shown again by whoever kept it, must not take a partner back to an address
// that it has left.
func newer(stored []byte, p *Profile) bool {
	old, _, err := openProfile(stored)
	return err == nil && old.Issued.After(p.Issued)
}

// ConfirmPartner says that people here compared the partner's fingerprint,
// given in words or hex, with people there. From now on its ledger is read. It
// is refused when the fingerprint is another one.
func (s *Service) ConfirmPartner(ctx context.Context, origin, compared string) error {
	p, err := s.Partner(ctx, origin)
	if err != nil {
		return err
	}
	same := func(a, b string) bool { return strings.EqualFold(squeeze(a), squeeze(b)) }
	if !same(compared, p.Fingerprint.Words) && !same(compared, p.Fingerprint.Hex) {
		return news.Errorf(news.Invalid, "fingerprint", "this is not the fingerprint of %s: do not confirm; ask them to read theirs again", origin)
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		// The key in the row is the one whose fingerprint was shown: if another
		// profile came in between, nothing is confirmed.
		res, err := tx.ExecContext(ctx, `UPDATE partner SET state = $1, failure = '' WHERE origin = $2 AND vkey = $3`,
			string(Confirmed), origin, p.Key)
		if err != nil {
			return fmt.Errorf("confirm partner: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return news.Errorf(news.Conflict, "fingerprint", "the partner's key changed a moment ago: compare again").Because(err)
		}
		if err := ledger.AddMirror(ctx, tx, origin, p.Key); err != nil {
			return err
		}
		return tx.Notify(ctx, Topic)
	})
	if err != nil || p.URL == "" {
		return err
	}
	// A node that waits for us to confirm need not wait for its next try.
	if err := s.sendHello(ctx, p.URL); err != nil {
		s.log.Info("the partner could not be told; it will find out", "partner", origin, "err", err)
	}
	return nil
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == ':' {
			return -1
		}
		return r
	}, s)
}

// BlockPartner ends all contact. What was received stays.
func (s *Service) BlockPartner(ctx context.Context, origin string) error {
	return s.setState(ctx, origin, Blocked)
}

func (s *Service) setState(ctx context.Context, origin string, state PartnerState) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE partner SET state = $1 WHERE origin = $2`, string(state), origin)
		if err != nil {
			return fmt.Errorf("set the partner's state: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return news.Errorf(news.NotFound, "origin", "%s is not a partner", origin).Because(err)
		}
		return tx.Notify(ctx, Topic)
	})
}

// heard notes the outcome of a contact with a partner.
func (s *Service) heard(ctx context.Context, origin string, size int64, failure string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if failure == "" {
			_, err = tx.ExecContext(ctx, `UPDATE partner SET contact = $1, failure = '', seen_size = $2 WHERE origin = $3`,
				db.Micros(s.now()), size, origin)
		} else {
			_, err = tx.ExecContext(ctx, `UPDATE partner SET failure = $1 WHERE origin = $2`, failure, origin)
		}
		if err != nil {
			return fmt.Errorf("note the contact: %w", err)
		}
		return tx.Notify(ctx, Topic)
	})
}
