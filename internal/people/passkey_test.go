package people

import (
	"errors"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// phone is an authenticator in software.
type phone struct {
	site virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func newPhone(origin string) *phone {
	return &phone{
		site: virtualwebauthn.RelyingParty{Name: "Wire", ID: "wire.example", Origin: origin},
		auth: virtualwebauthn.NewAuthenticator(),
		key:  virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
	}
}

func (p *phone) create(t *testing.T, options []byte, account string) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	p.auth.Options.UserHandle = []byte(account)
	p.auth.AddCredential(p.key)
	return []byte(virtualwebauthn.CreateAttestationResponse(p.site, p.auth, p.key, *o))
}

func (p *phone) answer(t *testing.T, options []byte) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	p.key.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(p.site, p.auth, p.key, *o))
}

const nodeURL = "https://wire.example"

func newPasskeys(t *testing.T, h *house) *Passkeys {
	t.Helper()
	p, err := NewPasskeys(h.Service, nodeURL, "Wire")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// give adds a passkey on the phone to the caller's account.
func (p *Passkeys) give(t *testing.T, c *Caller, on *phone) {
	t.Helper()
	options, ticket, err := p.Begin(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Add(t.Context(), c, ticket, "telephone", on.create(t, options, c.Account.ID)); err != nil {
		t.Fatalf("add: %v (%v)", err, errors.Unwrap(err))
	}
}

func TestPasskeySignsItsOwnerInWithoutPasswordAndCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		_, c := h.enter(t, "lina", office)
		h.secure(t, c)
		keys, on := newPasskeys(t, h), newPhone(nodeURL)
		keys.give(t, c, on)
		options, ticket, err := keys.BeginSignIn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		answer := on.answer(t, options)
		secret, in, err := keys.SignIn(ctx, ticket, answer, office, "Browser/1")
		if err != nil || in.Account.ID != a.ID {
			t.Fatalf("sign in: %v (%v)", err, errors.Unwrap(err))
		}
		if _, err := h.Session(ctx, secret); err != nil {
			t.Errorf("session: %v", err)
		}
		if _, _, err := keys.SignIn(ctx, ticket, answer, office, ""); !errors.Is(err, errTicket) {
			t.Errorf("the same answer again: %v", err)
		}
		list, err := keys.List(ctx, a.ID)
		if err != nil || len(list) != 1 || list[0].Name != "telephone" || list[0].Used.IsZero() {
			t.Errorf("listed %+v, %v", list, err)
		}
		if err := keys.Remove(ctx, a.ID, list[0].ID); err != nil {
			t.Fatal(err)
		}
		options, ticket, _ = keys.BeginSignIn(ctx)
		if _, _, err := keys.SignIn(ctx, ticket, on.answer(t, options), office, ""); news.KindOf(err) != news.Forbidden {
			t.Errorf("a removed passkey: %v", err)
		}
	})
}

func TestPasskeyOfAnotherSitePersonOrMomentIsRefused(t *testing.T) {
	h, ctx := newHouse(dbtest.Open(t, db.SQLite)), t.Context()
	h.hire(t, "lina", Editor)
	ivan := h.hire(t, "ivan", Editor)
	_, c := h.enter(t, "lina", office)
	_, other := h.enter(t, "ivan", office)
	keys, on := newPasskeys(t, h), newPhone(nodeURL)
	keys.give(t, c, on)

	options, ticket, err := keys.Begin(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Add(ctx, other, ticket, "mine now", newPhone(nodeURL).create(t, options, ivan.ID)); news.KindOf(err) != news.Forbidden {
		t.Errorf("another's ticket: %v", err)
	}
	phishing := *on
	phishing.site.Origin = "https://wire.example.evil.example"
	options, ticket, _ = keys.BeginSignIn(ctx)
	if _, _, err := keys.SignIn(ctx, ticket, phishing.answer(t, options), office, ""); news.KindOf(err) != news.Forbidden {
		t.Errorf("an answer given to another site: %v", err)
	}
	options, ticket, _ = keys.BeginSignIn(ctx)
	h.later(2 * TicketLife)
	if _, _, err := keys.SignIn(ctx, ticket, on.answer(t, options), office, ""); !errors.Is(err, errTicket) {
		t.Errorf("an answer that came too late: %v", err)
	}
	h.later(time.Minute)
	if err := h.Disable(ctx, c.Account.ID); err != nil {
		t.Fatal(err)
	}
	options, ticket, _ = keys.BeginSignIn(ctx)
	if _, _, err := keys.SignIn(ctx, ticket, on.answer(t, options), office, ""); news.KindOf(err) != news.Forbidden {
		t.Errorf("a disabled account: %v", err)
	}
}
