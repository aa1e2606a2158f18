package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	// TicketLife is how long a person has for the next step of signing in.
	TicketLife = 5 * time.Minute
	// ticketTries is how often a code may be mistyped before the password is
	// asked for again.
	ticketTries = 5
)

// errTicket is for a step of signing in that came too late or out of order.
var errTicket = news.Errorf(news.Forbidden, "ticket", "this took too long or was tried too often: start again")

// Kinds of ticket.
const (
	ticketCode    = "code"
	ticketPasskey = "passkey"
)

// NeedsCode is the error of a sign-in whose password was right and which goes on
// with a code of the second factor: see SignInWithCode.
type NeedsCode struct {
	Ticket string // secret; good for a few minutes and a few tries
}

// Error implements error.
func (*NeedsCode) Error() string { return "a code of the second factor is needed" }

// ticket is what is remembered between two steps.
type ticket struct {
	account, data string
	tries         int64
}

func (s *Service) newTicket(ctx context.Context, tx *db.Tx, kind, account, data string) (secret string, err error) {
	secret = newSecret()
	_, err = tx.ExecContext(ctx, `INSERT INTO ticket (hash, account, kind, data, tries, expires) VALUES ($1, $2, $3, $4, 0, $5)`,
		digest(secret), account, kind, data, db.Micros(s.now().Add(TicketLife)))
	if err != nil {
		return "", fmt.Errorf("store a ticket: %w", err)
	}
	return secret, nil
}

// readTicket returns a ticket that is still good.
func (s *Service) readTicket(ctx context.Context, q db.Queryer, kind, secret string) (*ticket, error) {
	if len(secret) > MaxSecret {
		return nil, errTicket
	}
	t := &ticket{}
	err := q.QueryRowContext(ctx, `SELECT account, data, tries FROM ticket WHERE hash = $1 AND kind = $2 AND expires > $3`,
		digest(secret), kind, db.Micros(s.now())).Scan(&t.account, &t.data, &t.tries)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errTicket
	}
	if err != nil {
		return nil, fmt.Errorf("read a ticket: %w", err)
	}
	return t, nil
}

// tryTicket counts a try, durably, before anything is compared.
func (s *Service) tryTicket(ctx context.Context, secret string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return change(ctx, tx, errTicket, `UPDATE ticket SET tries = tries + 1 WHERE hash = $1 AND tries < $2`, digest(secret), ticketTries)
	})
}

// useTicket ends the ticket: of two who present it at once, one goes on.
func useTicket(ctx context.Context, tx *db.Tx, secret string) error {
	return change(ctx, tx, errTicket, `DELETE FROM ticket WHERE hash = $1`, digest(secret))
}

// SignInWithCode ends a sign-in that NeedsCode interrupted: with a code of the
// device, or with a recovery code. It counts under the same back-off as the
// password. Errors: Forbidden with Field "code" for a wrong one, with
// Field "ticket" when the sign-in must begin anew.
func (s *Service) SignInWithCode(ctx context.Context, ticket, code, address, agent string) (secret string, caller *Caller, err error) {
	t, err := s.readTicket(ctx, s.db.Reader(), ticketCode, ticket)
	if err != nil {
		return "", nil, err
	}
	account, err := s.Account(ctx, t.account)
	if err != nil {
		return "", nil, errTicket
	}
	g, err := s.narrow(ctx, guard(account.Login, address))
	if err != nil {
		return "", nil, err
	}
	if err := s.count(ctx, g); err != nil {
		return "", nil, err
	}
	if err := s.tryTicket(ctx, ticket); err != nil {
		return "", nil, err
	}
	caller = &Caller{Account: *account}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		now, err := lockAccount(ctx, tx, account.ID)
		if err != nil || now.Disabled {
			return errTicket
		}
		if err := s.acceptSecond(ctx, tx, account.ID, code); err != nil {
			return err
		}
		if err := useTicket(ctx, tx, ticket); err != nil {
			return err
		}
		if err := s.forgive(ctx, tx, g); err != nil {
			return err
		}
		secret, caller.Session, err = s.startSession(ctx, tx, account.ID, hostOf(address), clean(agent))
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return secret, caller, nil
}

// acceptSecond accepts a code of the device or a recovery code. The two cannot
// be taken for one another: one has six digits, the other ten characters.
func (s *Service) acceptSecond(ctx context.Context, tx *db.Tx, account, code string) error {
	f, err := lockFactor(ctx, tx, account)
	if err != nil {
		return err
	}
	if f == nil || !f.confirmed {
		return errTicket // it was removed meanwhile: the password alone is enough now
	}
	if len(foldRecovery(code)) == 10 {
		return useRecovery(ctx, tx, account, code)
	}
	return s.useCode(ctx, tx, f, code)
}
