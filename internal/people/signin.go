package people

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrCredentials does not say which of the two was wrong.
	ErrCredentials = news.Errorf(news.Forbidden, "", "login or password is wrong")
	// ErrSignedOut is for a session or token that is unknown, expired, ended, or
	// of a disabled account. HTTP says 401.
	ErrSignedOut = news.Errorf(news.Forbidden, "", "sign in first")
)

// Credentials are what someone signs in with, and from where.
type Credentials struct {
	Login    string
	Password string
	Address  string // remote address, with or without a port; behind a proxy that of the client
	Agent    string // User-Agent, shown in the list of sessions
}

// SignIn starts a session and returns the secret for its cookie, which is
// always a new one. Errors: ErrCredentials; *NeedsCode where the account has a
// second factor; Unavailable after too many failures (its cause is a *Wait) or
// when too many sign in at once; Forbidden for the right password of a disabled
// account.
func (s *Service) SignIn(ctx context.Context, c Credentials) (secret string, caller *Caller, err error) {
	p, err := s.prove(ctx, c.Login, c.Password, c.Address)
	if err != nil {
		return "", nil, err
	}
	if p.account.Disabled {
		return "", nil, news.Errorf(news.Forbidden, "", "this account is disabled: ask an administrator")
	}
	renewed := ""
	if s.hasher.outdated(p.stored) {
		if renewed, err = s.hasher.hash(ctx, c.Password); err != nil {
			return "", nil, err
		}
	}
	caller = &Caller{Account: p.account}
	second := ""
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.stillProven(ctx, tx, p); err != nil {
			return err
		}
		if renewed != "" {
			if err := storePassword(ctx, tx, p.account.ID, renewed); err != nil {
				return err
			}
		}
		f, err := lockFactor(ctx, tx, p.account.ID)
		if err != nil {
			return err
		}
		if f != nil && f.confirmed {
			// The account is not forgiven yet: who has the password and guesses at
			// codes must not begin anew with each sign-in.
			if err := forgiveAddress(ctx, tx, p.guarded); err != nil {
				return err
			}
			second, err = s.newTicket(ctx, tx, ticketCode, p.account.ID, "")
			return err
		}
		if err := s.forgive(ctx, tx, p.guarded); err != nil {
			return err
		}
		secret, caller.Session, err = s.startSession(ctx, tx, p.account.ID, hostOf(c.Address), clean(c.Agent))
		return err
	})
	if err != nil {
		return "", nil, err
	}
	if second != "" {
		return "", nil, &NeedsCode{second}
	}
	return secret, caller, nil
}

// proven is an account whose password was given.
type proven struct {
	account Account
	stored  string // what the password was compared with
	guarded guarded
}

// prove checks the password of a login, with the back-off around it. What it
// does for a login that does not exist costs the same: one hash.
func (s *Service) prove(ctx context.Context, login, password, address string) (*proven, error) {
	if len(password) > MaxPassword {
		return nil, ErrCredentials // nobody has such a one
	}
	g, err := s.narrow(ctx, guard(login, address))
	if err != nil {
		return nil, err
	}
	// Look before queueing for a hash: who must wait anyway does not keep others
	// from their turn, and does not reach for the writer.
	if err := waiting(ctx, s.db.Reader(), g, s.now()); err != nil {
		return nil, err
	}
	done, err := s.hasher.turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := s.count(ctx, g); err != nil {
		return nil, err
	}
	p := &proven{guarded: g, stored: s.hasher.stranger}
	a, stored, err := s.loginAccount(ctx, login)
	if err != nil && news.KindOf(err) == "" {
		return nil, err
	}
	if err == nil && stored != "" {
		p.account, p.stored = *a, stored
	}
	ok, err := s.hasher.matches(p.stored, password)
	if err != nil {
		return nil, fmt.Errorf("password of %s: %w", p.account.ID, err)
	}
	if !ok {
		return nil, ErrCredentials
	}
	return p, nil
}

// stillProven locks the account and refuses if its password was changed, or the
// account disabled, while the old password was being checked: otherwise a
// session would outlive the change that was to end it.
func (s *Service) stillProven(ctx context.Context, tx *db.Tx, p *proven) error {
	var stored string
	var disabled int
	err := tx.QueryRowContext(ctx, `SELECT password, disabled FROM account WHERE id = $1`+tx.ForUpdate(), p.account.ID).
		Scan(&stored, &disabled)
	if err != nil {
		return fmt.Errorf("lock the account: %w", err)
	}
	if stored != p.stored || disabled == 1 {
		return ErrCredentials
	}
	return nil
}

// ChangePassword changes the caller's own password after proof of the present
// one, under the same back-off as a sign-in, and ends the account's other
// sessions. Errors as of SignIn; Invalid for a weak password.
func (s *Service) ChangePassword(ctx context.Context, c *Caller, address, present, fresh string) error {
	if c == nil || c.Session == "" {
		return ErrSignedOut // a token is not a person
	}
	if err := checkPassword(fresh, c.Account.Login, c.Account.Name); err != nil {
		return err
	}
	p, err := s.prove(ctx, c.Account.Login, present, address)
	if errors.Is(err, ErrCredentials) {
		return news.Errorf(news.Forbidden, "present", "the present password is wrong")
	}
	if err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, fresh)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.stillProven(ctx, tx, p); err != nil {
			return err
		}
		if err := s.forgive(ctx, tx, p.guarded); err != nil {
			return err
		}
		if err := storePassword(ctx, tx, c.Account.ID, hash); err != nil {
			return err
		}
		return endSessions(ctx, tx, c.Account.ID, c.Session)
	})
}

// maxAgent is how many bytes of a User-Agent are kept.
const maxAgent = 200

// clean makes text that a stranger sent fit to be stored and shown in a list.
func clean(text string) string {
	if len(text) > maxAgent {
		text = text[:maxAgent]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
}
