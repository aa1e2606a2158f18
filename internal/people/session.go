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

// How long a session lasts: a shift without a request, or a week in all.
const (
	SessionIdle = 12 * time.Hour
	SessionLife = 7 * 24 * time.Hour
)

const (
	// maxSessions is how many an account has; the oldest gives way.
	maxSessions = 20
	// coarse is how exact the time of the last use is: one write a minute, not
	// one a request.
	coarse = time.Minute
	// touchWithin is how long a request waits for that write.
	touchWithin = 200 * time.Millisecond
)

// Session is a signed-in browser.
type Session struct {
	ID      string // ULID; no secret
	Created time.Time
	Seen    time.Time // last request, to the minute
	Expires time.Time // if no request comes
	Address string
	Agent   string
}

func (s *Session) expires() time.Time {
	idle, life := s.Seen.Add(SessionIdle), s.Created.Add(SessionLife)
	if idle.Before(life) {
		return idle
	}
	return life
}

// startSession makes room for the session and stores it.
func (s *Service) startSession(ctx context.Context, tx *db.Tx, account, address, agent string) (secret, id string, err error) {
	_, err = tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1 AND id NOT IN
		(SELECT id FROM session WHERE account = $2 ORDER BY created DESC, id DESC LIMIT $3)`, account, account, maxSessions-1)
	if err != nil {
		return "", "", fmt.Errorf("make room for a session: %w", err)
	}
	if id, err = s.newID(); err != nil {
		return "", "", err
	}
	secret = newSecret()
	now := db.Micros(s.now())
	_, err = tx.ExecContext(ctx, `INSERT INTO session (id, account, hash, created, seen, address, agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, account, digest(secret), now, now, address, agent)
	if err != nil {
		return "", "", fmt.Errorf("start a session: %w", err)
	}
	return secret, id, nil
}

// Session returns who the secret of a cookie belongs to, with the roles of this
// moment. ErrSignedOut if the session is unknown or over, or the account
// disabled.
func (s *Service) Session(ctx context.Context, secret string) (*Caller, error) {
	if len(secret) > MaxSecret {
		return nil, ErrSignedOut
	}
	var session Session
	var created, seen int64
	row := s.db.Reader().QueryRowContext(ctx, `SELECT s.id, s.created, s.seen, `+accountColumns+`
		FROM session s JOIN account a ON a.id = s.account WHERE s.hash = $1`, digest(secret))
	account, _, err := scanAccount(row, &session.ID, &created, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrSignedOut
	}
	if err != nil {
		return nil, fmt.Errorf("look up a session: %w", err)
	}
	session.Created, session.Seen = db.FromMicros(created), db.FromMicros(seen)
	now := s.now()
	if account.Disabled || !now.Before(session.expires()) {
		return nil, ErrSignedOut
	}
	if now.Sub(session.Seen) >= coarse {
		s.touch(ctx, `UPDATE session SET seen = $1 WHERE id = $2 AND seen <= $3`, session.ID, now)
	}
	return &Caller{Account: *account, Session: session.ID}, nil
}

// touch notes the time of a use. That may fail or be skipped when the writer is
// busy or the disk full: a hint in a list is no reason to turn a reader away,
// and the next request tries again.
func (s *Service) touch(ctx context.Context, update, id string, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, touchWithin)
	defer cancel()
	_ = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, update, db.Micros(now), id, db.Micros(now.Add(-coarse)))
		return err
	})
}

// SignOut ends the session of the secret. Doing so twice is no error.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE hash = $1`, digest(secret)); err != nil {
			return fmt.Errorf("sign out: %w", err)
		}
		return nil
	})
}

// Sessions returns the live sessions of the account, the newest first.
func (s *Service) Sessions(ctx context.Context, account string) ([]Session, error) {
	now := s.now()
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, created, seen, address, agent FROM session
		WHERE account = $1 AND seen > $2 AND created > $3 ORDER BY created DESC, id DESC`,
		account, db.Micros(now.Add(-SessionIdle)), db.Micros(now.Add(-SessionLife)))
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var out []Session
	for rows.Next() {
		var v Session
		var created, seen int64
		if err := rows.Scan(&v.ID, &created, &seen, &v.Address, &v.Agent); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		v.Created, v.Seen = db.FromMicros(created), db.FromMicros(seen)
		v.Expires = v.expires()
		out = append(out, v)
	}
	return out, rows.Err()
}

// EndSession ends one session of the account; NotFound if it has none of that
// id.
func (s *Service) EndSession(ctx context.Context, account, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		none := news.Errorf(news.NotFound, "session", "the account has no such session")
		return change(ctx, tx, none, `DELETE FROM session WHERE account = $1 AND id = $2`, account, id)
	})
}

// endSessions ends the sessions of the account but for the one to keep, which
// may be empty, and sign-ins that are half done.
func endSessions(ctx context.Context, tx *db.Tx, account, keep string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM session WHERE account = $1 AND id <> $2`, account, keep); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM ticket WHERE account = $1`, account); err != nil {
		return fmt.Errorf("end half sign-ins: %w", err)
	}
	return nil
}
