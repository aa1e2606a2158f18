package ingest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Authority is who manages a source, which decides what it may point at.
type Authority int

// The authorities. Whoever is at the machine's shell may watch any folder that
// the process can read; others only those that the operator listed.
const (
	Remote Authority = iota
	Shell
)

// maxSources bounds a node's sources: each is looked at again and again.
const maxSources = 5000

// CreateSource stores a new source and returns it with its id. It fails with
// Invalid when something about it is wrong, with Conflict when the name is taken.
func (s *Service) CreateSource(ctx context.Context, src Source, by Authority) (*Source, error) {
	if err := s.check(&src, by); err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	src.ID, src.Created, src.Changed = ulid.Make().String(), now, now
	rules, err := json.Marshal(src.Rules)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.free(ctx, tx, &src); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO source (id, name, kind, address, login, secret, host_key, pattern, outcome, pace,
			active, rules, created, changed, removed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0)`,
			src.ID, src.Name, string(src.Kind), src.Address, src.User, src.Secret, src.HostKey, src.Pattern, string(src.After),
			src.Interval.Microseconds(), flag(src.Active), rules, db.Micros(src.Created), db.Micros(src.Changed))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO source_state (source, state, pace, next, asked, looked, success, failure, failures,
			newest, arrived, waiting, done, failed, aside, recent) VALUES ($1, NULL, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, '')`, src.ID)
		if err != nil {
			return err
		}
		return tx.Notify(ctx, Topic)
	})
	if err != nil {
		return nil, failed("store the source", err)
	}
	src.Secret = ""
	return &src, nil
}

// free fails if there is another source of the name, or no room for one more.
func (s *Service) free(ctx context.Context, tx *db.Tx, src *Source) error {
	var same, all int
	err := tx.QueryRowContext(ctx, `SELECT coalesce(sum(CASE WHEN name = $1 AND id <> $2 THEN 1 ELSE 0 END), 0), count(*)
		FROM source WHERE removed = 0`, src.Name, src.ID).Scan(&same, &all)
	switch {
	case err != nil:
		return err
	case same > 0:
		return news.Errorf(news.Conflict, "name", "there is a source named %q already: give this one another name", src.Name)
	case all > maxSources:
		return news.Errorf(news.Conflict, "", "there are %d sources, as many as a node has: remove one first", all)
	}
	return nil
}

// ChangeSource replaces what people decide about the source. An empty secret
// keeps the one it has, unless where it points to changes: a secret is never
// sent to another place than the one that it was given for.
func (s *Service) ChangeSource(ctx context.Context, src Source, by Authority) (*Source, error) {
	now := s.now().UTC().Truncate(time.Microsecond)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		old, err := readSource(ctx, tx, src.ID, tx.ForUpdate())
		if err != nil {
			return err
		}
		if src.Kind == "" {
			src.Kind = old.Kind
		}
		if src.Kind != old.Kind {
			return news.Errorf(news.Invalid, "kind", "a source stays what it is: make a new one of the kind %s", src.Kind)
		}
		if old.Kind == Folder && src.Address == old.Address {
			by = Shell // it was allowed when it was made
		}
		if err := s.check(&src, by); err != nil {
			return err
		}
		moved := src.Address != old.Address || src.User != old.User
		if src.Secret == "" && !moved {
			src.Secret = old.Secret
		}
		src.Created, src.Changed = old.Created, now
		rules, err := json.Marshal(src.Rules)
		if err != nil {
			return err
		}
		if err := s.free(ctx, tx, &src); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE source SET name = $1, address = $2, login = $3, secret = $4, host_key = $5, pattern = $6,
			outcome = $7, pace = $8, active = $9, rules = $10, changed = $11 WHERE id = $12`, src.Name, src.Address, src.User, src.Secret,
			src.HostKey, src.Pattern, string(src.After), src.Interval.Microseconds(), flag(src.Active), rules, db.Micros(now), src.ID)
		if err != nil {
			return err
		}
		if src.Address != old.Address {
			// What the collector noted is about another place.
			_, err = tx.ExecContext(ctx, `UPDATE source_state SET state = NULL WHERE source = $1`, src.ID)
			if err != nil {
				return err
			}
		}
		return s.lookSoon(ctx, tx, src.ID)
	})
	if err != nil {
		return nil, failed("change the source", err)
	}
	src.Secret = ""
	return &src, nil
}

// lookSoon has the source looked at without waiting for its turn.
func (s *Service) lookSoon(ctx context.Context, tx *db.Tx, id string) error {
	_, err := tx.ExecContext(ctx, `UPDATE source_state SET next = 0, failures = 0 WHERE source = $1`, id)
	if err != nil {
		return err
	}
	return tx.Notify(ctx, Topic)
}

// SetActive pauses the source or lets it go on. What was kept is taken all the
// same.
func (s *Service) SetActive(ctx context.Context, id string, active Activity) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := readSource(ctx, tx, id, tx.ForUpdate()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE source SET active = $1, changed = $2 WHERE id = $3`, flag(active == Running), db.Micros(s.now()), id)
		if err != nil {
			return err
		}
		return s.lookSoon(ctx, tx, id)
	})
	return failed("change the source", err)
}

// Activity is whether a source is looked at.
type Activity string

// The activities.
const (
	Running Activity = "running"
	Paused  Activity = "paused"
)

// RemoveSource ends the source. Its arrivals and items stay; its secret goes.
func (s *Service) RemoveSource(ctx context.Context, id string) error {
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := readSource(ctx, tx, id, tx.ForUpdate()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE source SET removed = $1, active = 0, secret = '' WHERE id = $2`, db.Micros(s.now()), id)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE source_state SET state = NULL WHERE source = $1`, id)
		if err != nil {
			return err
		}
		return tx.Notify(ctx, Topic)
	})
	return failed("remove the source", err)
}

const sourceColumns = `s.id, s.name, s.kind, s.address, s.login, s.host_key, s.pattern, s.outcome, s.pace, s.active, s.rules,
	s.created, s.changed`

// scanSource reads sourceColumns and then more.
func scanSource(row interface{ Scan(...any) error }, more ...any) (*Source, error) {
	var src Source
	var pace, created, changed int64
	var active int
	var rules []byte
	err := row.Scan(append([]any{&src.ID, &src.Name, &src.Kind, &src.Address, &src.User, &src.HostKey, &src.Pattern, &src.After,
		&pace, &active, &rules, &created, &changed}, more...)...)
	if err != nil {
		return nil, err
	}
	src.Interval, src.Active = time.Duration(pace)*time.Microsecond, active == 1
	src.Created, src.Changed = db.FromMicros(created), db.FromMicros(changed)
	return &src, json.Unmarshal(rules, &src.Rules)
}

// readSource reads a source that was not removed, with its secret. lock is "" or
// a transaction's ForUpdate.
func readSource(ctx context.Context, q db.Queryer, id, lock string) (*Source, error) {
	var secret string
	src, err := scanSource(q.QueryRowContext(ctx, `SELECT `+sourceColumns+`, s.secret FROM source s
		WHERE s.id = $1 AND s.removed = 0`+lock, id), &secret)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noSource(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	src.Secret = secret
	return src, nil
}

func noSource(id string) error {
	return news.Errorf(news.NotFound, "source", "there is no source %s: it was removed, or the id is not right", id)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// failed says what was being done, unless the error speaks for itself.
func failed(doing string, err error) error {
	if err == nil || news.KindOf(err) != "" {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
