package people

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	maxPasskeys = 20
	// maxWaiting is how many sign-ins by passkey may be under way: each visitor of
	// the sign-in page can begin one.
	maxWaiting = 5000
	// maxCeremony is the longest answer of an authenticator that is read, in
	// bytes.
	maxCeremony = 64 << 10
)

var errPasskey = news.Errorf(news.Forbidden, "passkey", "this passkey does not open an account here: use another, or the password")

// Passkeys lets people sign in with a passkey (W3C Web Authentication Level 3).
// A passkey proves possession and, because the device asks for a finger, a face
// or a PIN, the person: no second factor is asked for.
type Passkeys struct {
	people *Service
	rp     *webauthn.WebAuthn
}

// Passkey is a passkey as its owner sees it.
type Passkey struct {
	ID      string // credential id, base64url
	Name    string
	Created time.Time
	Used    time.Time // zero for never
}

// NewPasskeys returns the passkeys of a node at the URL, to which browsers bind
// them; name is shown by the device. They need https, localhost aside.
func NewPasskeys(s *Service, nodeURL, name string) (*Passkeys, error) {
	u, err := url.Parse(nodeURL)
	if err != nil || u.Hostname() == "" {
		return nil, news.Errorf(news.Invalid, "url", "passkeys need the node's address in the settings: %q is none", nodeURL)
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return nil, news.Errorf(news.Invalid, "url", "passkeys belong to a name: give the node an address with a domain name or localhost, not %s", u.Hostname())
	}
	rp, err := webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:      protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
		AttestationPreference: protocol.PreferNoAttestation, // which make of device someone has is not our business
	})
	if err != nil {
		return nil, fmt.Errorf("set up passkeys: %w", err)
	}
	return &Passkeys{s, rp}, nil
}

// holder is an account as the library wants to see it.
type holder struct {
	account Account
	keys    []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.account.ID) }
func (h *holder) WebAuthnName() string                       { return h.account.Login }
func (h *holder) WebAuthnDisplayName() string                { return h.account.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// Begin starts to add a passkey: options are for navigator.credentials.create,
// as JSON; the ticket goes back to Add.
func (p *Passkeys) Begin(ctx context.Context, c *Caller) (options []byte, ticket string, err error) {
	if c == nil || c.Session == "" {
		return nil, "", ErrSignedOut
	}
	h, err := p.holder(ctx, p.people.db.Reader(), c.Account)
	if err != nil {
		return nil, "", err
	}
	if len(h.keys) >= maxPasskeys {
		return nil, "", news.Errorf(news.Conflict, "passkey", "an account has at most %d passkeys: remove one first", maxPasskeys)
	}
	var known []protocol.CredentialDescriptor
	for _, k := range h.keys {
		known = append(known, k.Descriptor())
	}
	creation, session, err := p.rp.BeginRegistration(h, webauthn.WithExclusions(known))
	if err != nil {
		return nil, "", fmt.Errorf("begin a passkey: %w", err)
	}
	return p.start(ctx, c.Account.ID, creation, session)
}

// start stores what the second half of a ceremony needs.
func (p *Passkeys) start(ctx context.Context, account string, forBrowser any, session *webauthn.SessionData) (options []byte, ticket string, err error) {
	if options, err = json.Marshal(forBrowser); err != nil {
		return nil, "", fmt.Errorf("begin with a passkey: %w", err)
	}
	data, err := json.Marshal(session)
	if err != nil {
		return nil, "", fmt.Errorf("begin with a passkey: %w", err)
	}
	err = p.people.db.Write(ctx, func(tx *db.Tx) error {
		ticket, err = p.people.newTicket(ctx, tx, ticketPasskey, account, string(data))
		return err
	})
	return options, ticket, err
}

// Add stores the passkey that the browser made. Errors: Forbidden when the
// answer does not belong to the ticket; Invalid for the name.
func (p *Passkeys) Add(ctx context.Context, c *Caller, ticket, name string, response []byte) (*Passkey, error) {
	if c == nil || c.Session == "" {
		return nil, ErrSignedOut
	}
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	session, owner, err := p.session(ctx, ticket)
	if err != nil {
		return nil, err
	}
	if owner != c.Account.ID {
		return nil, errTicket
	}
	h, err := p.holder(ctx, p.people.db.Reader(), c.Account)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBody(bytes.NewReader(response[:min(len(response), maxCeremony)]))
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	made, err := p.rp.CreateCredential(h, *session, parsed)
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	stored, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("store a passkey: %w", err)
	}
	out := &Passkey{ID: encodeKeyID(made.ID), Name: name, Created: p.people.now().UTC().Truncate(time.Microsecond)}
	return out, p.people.db.Write(ctx, func(tx *db.Tx) error {
		if err := useTicket(ctx, tx, ticket); err != nil {
			return err
		}
		taken := news.Errorf(news.Conflict, "passkey", "this passkey is here already")
		return change(ctx, tx, taken, `INSERT INTO passkey (id, account, name, credential, created, used) VALUES ($1, $2, $3, $4, $5, 0)
			ON CONFLICT (id) DO NOTHING`, out.ID, c.Account.ID, out.Name, string(stored), db.Micros(out.Created))
	})
}

// BeginSignIn starts a sign-in: options are for navigator.credentials.get, as
// JSON; the ticket goes back to SignIn. The browser offers the passkeys it has
// for this node: nothing is asked about an account, so nothing is told.
func (p *Passkeys) BeginSignIn(ctx context.Context) (options []byte, ticket string, err error) {
	var waiting int
	err = p.people.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM ticket WHERE expires > $1`, db.Micros(p.people.now())).Scan(&waiting)
	if err != nil {
		return nil, "", fmt.Errorf("count sign-ins: %w", err)
	}
	if waiting >= maxWaiting {
		return nil, "", news.Errorf(news.Unavailable, "", "too many people are signing in at the moment: try again in a minute")
	}
	assertion, session, err := p.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, "", fmt.Errorf("begin a sign-in: %w", err)
	}
	return p.start(ctx, "", assertion, session)
}

// SignIn starts a session for whose passkey answered, as Service.SignIn does.
func (p *Passkeys) SignIn(ctx context.Context, ticket string, response []byte, address, agent string) (secret string, caller *Caller, err error) {
	session, _, err := p.session(ctx, ticket)
	if err != nil {
		return "", nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBody(bytes.NewReader(response[:min(len(response), maxCeremony)]))
	if err != nil {
		return "", nil, errPasskey.Because(err)
	}
	err = p.people.db.Write(ctx, func(tx *db.Tx) error {
		if err := useTicket(ctx, tx, ticket); err != nil {
			return err
		}
		var found *holder
		used, err := p.rp.ValidateDiscoverableLogin(func(_, account []byte) (webauthn.User, error) {
			a, err := lockAccount(ctx, tx, string(account))
			if err != nil {
				return nil, err
			}
			found, err = p.holder(ctx, tx, *a)
			return found, err
		}, *session, parsed)
		if err != nil {
			return errPasskey.Because(err)
		}
		if found.account.Disabled {
			return news.Errorf(news.Forbidden, "", "this account is disabled: ask an administrator")
		}
		if used.Authenticator.CloneWarning {
			return news.Errorf(news.Forbidden, "passkey", "this passkey seems to have been copied: sign in another way and remove it")
		}
		if err := p.noteUse(ctx, tx, used); err != nil {
			return err
		}
		caller = &Caller{Account: found.account}
		secret, caller.Session, err = p.people.startSession(ctx, tx, found.account.ID, hostOf(address), clean(agent))
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return secret, caller, nil
}

// noteUse keeps the authenticator's counter, by which a copy is noticed.
func (p *Passkeys) noteUse(ctx context.Context, tx *db.Tx, used *webauthn.Credential) error {
	stored, err := json.Marshal(used)
	if err != nil {
		return fmt.Errorf("store a passkey: %w", err)
	}
	return change(ctx, tx, errPasskey, `UPDATE passkey SET credential = $1, used = $2 WHERE id = $3`,
		string(stored), db.Micros(p.people.now()), encodeKeyID(used.ID))
}

// List returns the account's passkeys, the oldest first.
func (p *Passkeys) List(ctx context.Context, account string) ([]Passkey, error) {
	rows, err := p.people.db.Reader().QueryContext(ctx, `SELECT id, name, created, used FROM passkey WHERE account = $1 ORDER BY created, id`, account)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	defer rows.Close()
	var out []Passkey
	for rows.Next() {
		var k Passkey
		var created, used int64
		if err := rows.Scan(&k.ID, &k.Name, &created, &used); err != nil {
			return nil, fmt.Errorf("list passkeys: %w", err)
		}
		k.Created, k.Used = db.FromMicros(created), db.FromMicros(used)
		out = append(out, k)
	}
	return out, rows.Err()
}

// Remove removes a passkey of the account; NotFound if it has none of that id.
func (p *Passkeys) Remove(ctx context.Context, account, id string) error {
	return p.people.db.Write(ctx, func(tx *db.Tx) error {
		none := news.Errorf(news.NotFound, "passkey", "the account has no such passkey")
		return change(ctx, tx, none, `DELETE FROM passkey WHERE account = $1 AND id = $2`, account, id)
	})
}

// session returns what a ceremony began with, and whose it is.
func (p *Passkeys) session(ctx context.Context, secret string) (*webauthn.SessionData, string, error) {
	t, err := p.people.readTicket(ctx, p.people.db.Reader(), ticketPasskey, secret)
	if err != nil {
		return nil, "", err
	}
	s := &webauthn.SessionData{}
	if err := json.Unmarshal([]byte(t.data), s); err != nil {
		return nil, "", fmt.Errorf("read a ticket: %w", err)
	}
	return s, t.account, nil
}

func (p *Passkeys) holder(ctx context.Context, q db.Queryer, a Account) (*holder, error) {
	rows, err := q.QueryContext(ctx, `SELECT credential FROM passkey WHERE account = $1 ORDER BY created, id`, a.ID)

	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	defer rows.Close()
	h := &holder{account: a}
	for rows.Next() {
		var stored string
		var k webauthn.Credential
		if err := rows.Scan(&stored); err != nil {
			return nil, fmt.Errorf("read passkeys: %w", err)
		}
		if err := json.Unmarshal([]byte(stored), &k); err != nil {
			return nil, fmt.Errorf("read passkeys: %w", err)
		}
		h.keys = append(h.keys, k)
	}
	return h, rows.Err()
}

func encodeKeyID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }
