package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	// TokenPrefix starts every token, so that scanners find leaked ones.
	TokenPrefix = "jisr_"
	// MaxSecret bounds what is looked up as a token or a cookie, in bytes.
	MaxSecret = 64

	// TokenLife is how long a token lasts if nothing else is asked for,
	// MaxTokenLife at most.
	TokenLife    = 365 * 24 * time.Hour
	MaxTokenLife = 3 * TokenLife

	maxTokens = 100 // an account
)

// Token is a program's right to act for an account, within its scopes.
type Token struct {
	ID      string // ULID; no secret
	Name    string // what it is for
	Scopes  []Scope
	Created time.Time
	Used    time.Time // to the minute; zero for never
	Expires time.Time
}

// NewToken is what CreateToken needs to know.
type NewToken struct {
	Name    string
	Scopes  []Scope
	Expires time.Time // zero: after TokenLife
}

// CreateToken makes a token for the account and returns its secret, which
// cannot be had again.
func (s *Service) CreateToken(ctx context.Context, account string, n NewToken) (secret string, t *Token, err error) {
	t = &Token{Created: s.now().UTC().Truncate(time.Microsecond), Expires: n.Expires}
	if t.Name, err = checkName(n.Name); err != nil {
		return "", nil, err
	}
	if t.Scopes, err = checkScopes(n.Scopes); err != nil {
		return "", nil, err
	}
	if t.Expires.IsZero() {
		t.Expires = t.Created.Add(TokenLife)
	}
	t.Expires = t.Expires.UTC().Truncate(time.Microsecond)
	if life := t.Expires.Sub(t.Created); life <= 0 || life > MaxTokenLife {
		return "", nil, news.Errorf(news.Invalid, "expires", "a token ends in the future, within %d days", MaxTokenLife/(24*time.Hour))
	}
	if t.ID, err = s.newID(); err != nil {
		return "", nil, err
	}
	secret = TokenPrefix + newSecret()
	err = s.db.Write(ctx, func(tx *db.Tx) error { return insertToken(ctx, tx, account, t, digest(secret)) })
	if err != nil {
		return "", nil, err
	}
	return secret, t, nil
}

func insertToken(ctx context.Context, tx *db.Tx, account string, t *Token, hash []byte) error {
	if _, err := lockAccount(ctx, tx, account); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM token WHERE account = $1 AND expires <= $2`, account, db.Micros(t.Created)); err != nil {
		return fmt.Errorf("remove expired tokens: %w", err)
	}
	var have int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM token WHERE account = $1`, account).Scan(&have); err != nil {
		return fmt.Errorf("count tokens: %w", err)
	}
	if have >= maxTokens {
		return news.Errorf(news.Conflict, "", "the account has %d tokens: revoke some first", have)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO token (id, account, hash, name, scopes, created, used, expires)
		VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`,
		t.ID, account, hash, t.Name, words(t.Scopes), db.Micros(t.Created), db.Micros(t.Expires))
	if err != nil {
		return fmt.Errorf("store a token: %w", err)
	}
	return nil
}

// Token returns who the secret of a token acts for, with the roles of this
// moment. ErrSignedOut if the token is unknown, expired or revoked, or the
// account disabled.
func (s *Service) Token(ctx context.Context, secret string) (*Caller, error) {
	if !strings.HasPrefix(secret, TokenPrefix) || len(secret) > MaxSecret {
		return nil, ErrSignedOut
	}
	c := &Caller{}
	var scopes string
	var used, expires int64
	row := s.db.Reader().QueryRowContext(ctx, `SELECT t.id, t.scopes, t.used, t.expires, `+accountColumns+`
		FROM token t JOIN account a ON a.id = t.account WHERE t.hash = $1`, digest(secret))
	account, _, err := scanAccount(row, &c.Token, &scopes, &used, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrSignedOut
	}
	if err != nil {
		return nil, fmt.Errorf("look up a token: %w", err)
	}
	now := s.now()
	if account.Disabled || !now.Before(db.FromMicros(expires)) {
		return nil, ErrSignedOut
	}
	c.Account, c.Scopes = *account, split[Scope](scopes)
	if now.Sub(db.FromMicros(used)) >= coarse {
		s.touch(ctx, `UPDATE token SET used = $1 WHERE id = $2 AND used <= $3`, c.Token, now)
	}
	return c, nil
}

// Tokens returns the tokens of the account, expired ones too, the newest first.
func (s *Service) Tokens(ctx context.Context, account string) ([]Token, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, name, scopes, created, used, expires FROM token
		WHERE account = $1 ORDER BY id DESC`, account)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close()
	var out []Token
	for rows.Next() {
		var t Token
		var scopes string
		var created, used, expires int64
		if err := rows.Scan(&t.ID, &t.Name, &scopes, &created, &used, &expires); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		t.Scopes = split[Scope](scopes)
		t.Created, t.Used, t.Expires = db.FromMicros(created), db.FromMicros(used), db.FromMicros(expires)
		out = append(out, t)
	}
	return out, rows.Err()
}

// RevokeToken ends a token of the account for good; NotFound if it has none of
// that id.
func (s *Service) RevokeToken(ctx context.Context, account, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		none := news.Errorf(news.NotFound, "token", "the account has no such token")
		return change(ctx, tx, none, `DELETE FROM token WHERE account = $1 AND id = $2`, account, id)
	})
}
