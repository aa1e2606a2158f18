package people

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"jisr/internal/db"
	"jisr/internal/news"
)

// providerTime is how long one call to a provider may take.
const providerTime = 10 * time.Second

// ProviderOptions says by which OpenID Connect provider people sign in (OpenID
// Connect Core 1.0, authorization code flow with PKCE).
type ProviderOptions struct {
	Issuer, ClientID, Secret string
	Redirect                 string       // URL of the node to which the provider sends people back
	Client                   *http.Client // nil for one with a time limit
}

// Provider lets people sign in with the account that their organisation gave
// them. It opens accounts that exist here; it makes none: who works in this
// newsroom is said in this newsroom. The first sign-in finds the account whose
// login is the provider's verified mail address, later ones the subject. A second
// factor is the provider's to ask for; ours is not asked for again.
type Provider struct {
	people  *Service
	options ProviderOptions

	mu    sync.Mutex
	found *found // nil until the provider answered
}

// found is what discovery told.
type found struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    *oauth2.Config
}

// NewProvider returns the provider. It is called when somebody signs in: a node
// starts without it.
func NewProvider(s *Service, o ProviderOptions) *Provider {
	if o.Client == nil {
		o.Client = &http.Client{Timeout: providerTime}
	}
	return &Provider{people: s, options: o}
}

// discover asks the provider for its addresses and keys, once it answers.
func (p *Provider) discover(ctx context.Context) (*found, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The key set keeps the context for later look-ups, so it must not end with
	// this request.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.options.Client), p.options.Issuer)
	if err != nil {
		return nil, news.Errorf(news.Unavailable, "", "the sign-in service of your organisation does not answer: try again, or use your password").Because(err)
	}
	p.found = &found{
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: p.options.ClientID, Now: p.people.now}),
		oauth: &oauth2.Config{ClientID: p.options.ClientID, ClientSecret: p.options.Secret, Endpoint: provider.Endpoint(),
			RedirectURL: p.options.Redirect, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}},
	}
	return p.found, nil
}

// errand is what is remembered while someone is at the provider.
type errand struct {
	State, Nonce, Verifier string
}

const ticketProvider = "provider"

// Begin returns the address at the provider to send the browser to, and a ticket
// that must come back from the same browser, in a cookie: otherwise somebody
// could be signed in to another's account without noticing.
func (p *Provider) Begin(ctx context.Context) (address, ticket string, err error) {
	f, err := p.discover(ctx)
	if err != nil {
		return "", "", err
	}
	e := errand{State: newSecret(), Nonce: newSecret(), Verifier: oauth2.GenerateVerifier()}
	data, err := json.Marshal(e)
	if err != nil {
		return "", "", fmt.Errorf("begin a sign-in: %w", err)
	}
	err = p.people.db.Write(ctx, func(tx *db.Tx) error {
		ticket, err = p.people.newTicket(ctx, tx, ticketProvider, "", string(data))
		return err
	})
	if err != nil {
		return "", "", err
	}
	return f.oauth.AuthCodeURL(e.State, oidc.Nonce(e.Nonce), oauth2.S256ChallengeOption(e.Verifier)), ticket, nil
}

// identity is whom the provider says it has signed in.
type identity struct {
	id, mail string
	verified bool
}

// Finish starts a session for whom the provider sent back with state and code.
// Errors: Forbidden when the answer does not belong to the ticket or no account
// here belongs to the person; Unavailable when the provider does not answer.
func (p *Provider) Finish(ctx context.Context, ticket, state, code, address, agent string) (secret string, caller *Caller, err error) {
	t, err := p.people.readTicket(ctx, p.people.db.Reader(), ticketProvider, ticket)
	if err != nil {
		return "", nil, err
	}
	var e errand
	if err := json.Unmarshal([]byte(t.data), &e); err != nil {
		return "", nil, fmt.Errorf("read a ticket: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(e.State), []byte(state)) != 1 {
		return "", nil, errTicket
	}
	// The ticket ends before the provider is asked: a code is tried once.
	if err := p.people.db.Write(ctx, func(tx *db.Tx) error { return useTicket(ctx, tx, ticket) }); err != nil {
		return "", nil, err
	}
	who, err := p.identify(ctx, e, code)
	if err != nil {
		return "", nil, err
	}
	err = p.people.db.Write(ctx, func(tx *db.Tx) error {
		a, err := p.account(ctx, tx, who)
		if err != nil {
			return err
		}
		if a.Disabled {
			return news.Errorf(news.Forbidden, "", "this account is disabled: ask an administrator")
		}
		caller = &Caller{Account: *a}
		secret, caller.Session, err = p.people.startSession(ctx, tx, a.ID, hostOf(address), clean(agent))
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return secret, caller, nil
}

// identify exchanges the code and checks what comes back.
func (p *Provider) identify(ctx context.Context, e errand, code string) (*identity, error) {
	refused := news.Errorf(news.Forbidden, "", "your organisation's sign-in service did not confirm who you are: start again")
	f, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.options.Client), providerTime)
	defer cancel()
	token, err := f.oauth.Exchange(ctx, code, oauth2.VerifierOption(e.Verifier))
	if err != nil {
		return nil, refused.Because(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := f.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, refused.Because(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(e.Nonce)) != 1 {
		return nil, refused
	}
	who := &identity{id: id.Subject}
	claims := struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}{}
	if err := id.Claims(&claims); err != nil {
		return nil, refused.Because(err)
	}
	if who.mail, who.verified = claims.Email, claims.Verified; who.mail != "" {
		return who, nil
	}
	// Many providers keep the mail address out of the token. That a later
	// sign-in needs none makes this failure one to go on after.
	info, err := f.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err == nil && info.Subject == id.Subject {
		who.mail, who.verified = info.Email, info.EmailVerified
	}
	return who, nil
}

// account finds the account of the subject, and links it at the first time.
func (p *Provider) account(ctx context.Context, tx *db.Tx, who *identity) (*Account, error) {
	unknown := news.Errorf(news.Forbidden, "", "there is no account here for you: ask an administrator to make one whose login is your mail address")
	var id string
	err := tx.QueryRowContext(ctx, `SELECT account FROM federated WHERE issuer = $1 AND subject = $2`, p.options.Issuer, who.id).Scan(&id)
	if err == nil {
		return lockAccount(ctx, tx, id)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("look for the account: %w", err)
	}
	// An address that nobody verified could be anyone's.
	if who.mail == "" || !who.verified {
		return nil, unknown
	}
	login, err := FoldLogin(who.mail)
	if err != nil {
		return nil, unknown
	}
	a, _, err := findAccount(ctx, tx, `a.login = $1`+tx.ForUpdate(), login)
	if news.KindOf(err) == news.NotFound {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO federated (issuer, subject, account, linked) VALUES ($1, $2, $3, $4)
		ON CONFLICT (issuer, subject) DO NOTHING`, p.options.Issuer, who.id, a.ID, db.Micros(p.people.now()))
	if err != nil {
		return nil, fmt.Errorf("link the account: %w", err)
	}
	return a, nil
}
