package people

import (
	"context"
	"fmt"
	"slices"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// CreateAccount makes an account. Errors: Invalid with the field; Conflict if
// the login is taken.
func (s *Service) CreateAccount(ctx context.Context, n NewAccount) (*Account, error) {
	a, hash, err := s.prepare(ctx, n)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error { return insertAccount(ctx, tx, a, hash) })
	if err != nil {
		return nil, err
	}
	return a, nil
}

// CreateFirstAccount makes the account that a new node starts with, which must
// be an administrator's with a password. Conflict if the node has an account
// already: of several strangers who open the first page, one gets in, and after
// the node's people none.
func (s *Service) CreateFirstAccount(ctx context.Context, n NewAccount) (*Account, error) {
	if !slices.Contains(n.Roles, Admin) {
		return nil, news.Errorf(news.Invalid, "roles", "the first account must be an administrator's")
	}
	if n.Password == "" {
		return nil, news.Errorf(news.Invalid, "password", "the first account needs a password")
	}
	// Look before hashing: whoever knocks on a closed door costs nothing.
	if err := refuseSecond(ctx, s.db.Reader()); err != nil {
		return nil, err
	}
	a, hash, err := s.prepare(ctx, n)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		alone, err := tx.TryLock(ctx, "people.first")
		if err != nil {
			return err
		}
		if !alone {
			return errNotFirst
		}
		if err := refuseSecond(ctx, tx); err != nil {
			return err
		}
		return insertAccount(ctx, tx, a, hash)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

var errNotFirst = news.Errorf(news.Conflict, "", "this node has an account already: sign in")

func refuseSecond(ctx context.Context, q db.Queryer) error {
	taken, err := anyAccount(ctx, q)
	if err == nil && taken {
		return errNotFirst
	}
	return err
}

func (s *Service) prepare(ctx context.Context, n NewAccount) (a *Account, hash string, err error) {
	if n, err = n.check(); err != nil {
		return nil, "", err
	}
	id, err := s.newID()
	if err != nil {
		return nil, "", err
	}
	if n.Password != "" {
		if hash, err = s.hasher.hash(ctx, n.Password); err != nil {
			return nil, "", err
		}
	}
	return &Account{ID: id, Login: n.Login, Name: n.Name, Language: n.Language, Roles: n.Roles,
		Password: hash != "", Created: s.now().UTC().Truncate(time.Microsecond)}, hash, nil
}

// AnyAccount reports whether the node has an account. A node without one shows
// the first-run page.
func (s *Service) AnyAccount(ctx context.Context) (bool, error) {
	return anyAccount(ctx, s.db.Reader())
}

func anyAccount(ctx context.Context, q db.Queryer) (bool, error) {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT id FROM account LIMIT 1) a`).Scan(&n); err != nil {
		return false, fmt.Errorf("look for accounts: %w", err)
	}
	return n > 0, nil
}

// Account returns the account of the id; NotFound if there is none.
func (s *Service) Account(ctx context.Context, id string) (*Account, error) {
	a, _, err := findAccount(ctx, s.db.Reader(), `a.id = $1`, id)
	return a, err
}

// AccountByLogin returns the account of the login; NotFound if there is none.
func (s *Service) AccountByLogin(ctx context.Context, login string) (*Account, error) {
	a, _, err := s.loginAccount(ctx, login)
	return a, err
}

// MaxPage is how many accounts a page has at most.
const MaxPage = 200

// Accounts returns the accounts after the one with the id, in the order in
// which they were made; after "" the first ones.
func (s *Service) Accounts(ctx context.Context, after string, limit int) ([]Account, error) {
	limit = min(max(limit, 1), MaxPage)
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT `+accountColumns+` FROM account a
		WHERE a.id > $1 ORDER BY a.id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	defer rows.Close()
	var out []Account
	for rows.Next() {
		a, _, err := scanAccount(rows)
		if err != nil {
			return nil, fmt.Errorf("list accounts: %w", err)
		}
		out = append(out, *a)
	}
	return out, rows.Err()
}

// SetPassword gives the account a new password and ends all its sessions: what
// an administrator does for someone who lost theirs. Tokens stay; they are not
// derived from the password.
func (s *Service) SetPassword(ctx context.Context, id, password string) error {
	a, err := s.Account(ctx, id)
	if err != nil {
		return err
	}
	if err := checkPassword(password, a.Login, a.Name); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		// First the account, which locks it, then its sessions: a sign-in with
		// the old password that is under way waits, and then finds it changed.
		if err := storePassword(ctx, tx, id, hash); err != nil {
			return err
		}
		return endSessions(ctx, tx, id, "")
	})
}

// SetRoles replaces the roles of the account; running sessions and tokens have
// them from the next request on. Conflict if no administrator would be left.
func (s *Service) SetRoles(ctx context.Context, id string, roles []Role) error {
	roles, err := checkRoles(roles)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if !slices.Contains(roles, Admin) {
			if err := keepAdmin(ctx, tx, id); err != nil {
				return err
			}
		}
		return change(ctx, tx, errNoAccount, `UPDATE account SET roles = $1 WHERE id = $2`, words(roles), id)
	})
}

// Disable shuts the account out at once: its sessions end, its tokens are
// refused until Enable. Conflict if no administrator would be left.
func (s *Service) Disable(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := keepAdmin(ctx, tx, id); err != nil {
			return err
		}
		if err := change(ctx, tx, errNoAccount, `UPDATE account SET disabled = 1 WHERE id = $1`, id); err != nil {
			return err
		}
		return endSessions(ctx, tx, id, "")
	})
}

// keepAdmin refuses to go on if the account is the last enabled administrator.
func keepAdmin(ctx context.Context, tx *db.Tx, id string) error {
	others, err := adminsBut(ctx, tx, id)
	if err != nil || others > 0 {
		return err
	}
	a, err := lockAccount(ctx, tx, id)
	if err != nil {
		return err
	}
	if a.Disabled || !slices.Contains(a.Roles, Admin) {
		return nil
	}
	return news.Errorf(news.Conflict, "account", "this is the only administrator: make another one first")
}

// Enable lets a disabled account in again.
func (s *Service) Enable(ctx context.Context, id string) error {
	return s.set(ctx, `UPDATE account SET disabled = 0 WHERE id = $1`, id)
}

// SetLanguage sets the language of the account's pages, one of Languages.
func (s *Service) SetLanguage(ctx context.Context, id, language string) error {
	if err := checkLanguage(language); err != nil {
		return err
	}
	return s.set(ctx, `UPDATE account SET language = $2 WHERE id = $1`, id, language)
}

// SetName sets the name that colleagues see.
func (s *Service) SetName(ctx context.Context, id, name string) error {
	name, err := checkName(name)
	if err != nil {
		return err
	}
	return s.set(ctx, `UPDATE account SET name = $2 WHERE id = $1`, id, name)
}

// SetNamed says whether the person wants their name in the ledger entries they
// make from now on. What is in a ledger stays there.
func (s *Service) SetNamed(ctx context.Context, id string, named bool) error {
	return s.set(ctx, `UPDATE account SET named = $2 WHERE id = $1`, id, bit(named))
}

func (s *Service) set(ctx context.Context, update string, args ...any) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return change(ctx, tx, errNoAccount, update, args...)
	})
}
