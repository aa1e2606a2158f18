package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"jisr/internal/db"
	"jisr/internal/news"
)

// accountColumns are what scanAccount reads, of the table under the name a.
const accountColumns = `a.id, a.login, a.name, a.language, a.roles, a.named, a.disabled, a.password, a.created`

// scanAccount reads an account and its stored password from a row, after the
// columns that stand before it.
func scanAccount(row interface{ Scan(...any) error }, before ...any) (*Account, string, error) {
	var a Account
	var roles, password string
	var named, disabled int
	var created int64
	err := row.Scan(append(before, &a.ID, &a.Login, &a.Name, &a.Language, &roles, &named, &disabled, &password, &created)...)
	if err != nil {
		return nil, "", err
	}
	a.Roles, a.Named, a.Disabled = split[Role](roles), named == 1, disabled == 1
	a.Password, a.Created = password != "", db.FromMicros(created)
	return &a, password, nil
}

// words and split are how roles and scopes are stored.
func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return strings.Join(out, " ")
}

func split[T ~string](list string) []T {
	var out []T
	for w := range strings.FieldsSeq(list) {
		out = append(out, T(w))
	}
	return out
}

var errNoAccount = news.Errorf(news.NotFound, "account", "there is no such account")

// lockAccount returns the account and keeps others from changing it until the
// transaction ends.
func lockAccount(ctx context.Context, tx *db.Tx, id string) (*Account, error) {
	a, _, err := findAccount(ctx, tx, `a.id = $1`+tx.ForUpdate(), id)
	return a, err
}

// loginAccount returns the account of a login and its stored password; NotFound
// if there is none.
func (s *Service) loginAccount(ctx context.Context, login string) (*Account, string, error) {
	folded, err := FoldLogin(login)
	if err != nil {
		return nil, "", errNoAccount
	}
	return findAccount(ctx, s.db.Reader(), `a.login = $1`, folded)
}

func findAccount(ctx context.Context, q db.Queryer, where, arg string) (*Account, string, error) {
	a, password, err := scanAccount(q.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account a WHERE `+where, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", errNoAccount
	}
	if err != nil {
		return nil, "", fmt.Errorf("read an account: %w", err)
	}
	return a, password, nil
}

func insertAccount(ctx context.Context, tx *db.Tx, a *Account, password string) error {
	taken := news.Errorf(news.Conflict, "login", "there is already an account with the login %s", a.Login)
	return change(ctx, tx, taken, `INSERT INTO account (id, login, name, language, roles, named, disabled, password, created)
		VALUES ($1, $2, $3, $4, $5, 0, 0, $6, $7) ON CONFLICT (login) DO NOTHING`,
		a.ID, a.Login, a.Name, a.Language, words(a.Roles), password, db.Micros(a.Created))
}

func storePassword(ctx context.Context, tx *db.Tx, id, hash string) error {
	return change(ctx, tx, errNoAccount, `UPDATE account SET password = $1 WHERE id = $2`, hash, id)
}

// change runs a statement that is meant for one row, and returns none if there
// was no such row.
func change(ctx context.Context, tx *db.Tx, none error, statement string, args ...any) error {
	res, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("write people: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("write people: %w", err)
	}
	if n == 0 {
		return none
	}
	return nil
}

// adminsBut counts the enabled administrators beside the account, and locks
// them: two of them who remove each other at once must not both succeed.
func adminsBut(ctx context.Context, tx *db.Tx, id string) (int, error) {
	rows, err := tx.QueryContext(ctx, `SELECT id FROM account
		WHERE disabled = 0 AND ' ' || roles || ' ' LIKE '% admin %' ORDER BY id`+tx.ForUpdate())
	if err != nil {
		return 0, fmt.Errorf("count administrators: %w", err)
	}
	defer rows.Close()
	others := 0
	for rows.Next() {
		var admin string
		if err := rows.Scan(&admin); err != nil {
			return 0, fmt.Errorf("count administrators: %w", err)
		}
		if admin != id {
			others++
		}
	}
	return others, rows.Err()
}
