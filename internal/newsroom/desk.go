package newsroom

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Stages are those of a desk that names none of its own.
var Stages = []string{"writing", "review", "ready"}

const (
	maxDesks  = 200
	maxStages = 12
)

// Desk is a part of the house that works on items.
type Desk struct {
	ID       string            // what items call it: short, lower case
	Names    map[string]string // by language of the interface
	Stages   []string          // that work passes, in order; those of Stages if empty
	Language string            // of new drafts; may be empty
}

var deskID = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$`)

// Desks returns the desks, in the order that the house gave them.
func (s *Service) Desks(ctx context.Context) ([]Desk, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, names, stages, language FROM desk ORDER BY place, id LIMIT $1`, maxDesks)
	if err != nil {
		return nil, fmt.Errorf("list desks: %w", err)
	}
	defer rows.Close()
	var out []Desk
	for rows.Next() {
		var d Desk
		var names, stages string
		if err := rows.Scan(&d.ID, &names, &stages, &d.Language); err != nil {
			return nil, fmt.Errorf("list desks: %w", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(names), &d.Names), json.Unmarshal([]byte(stages), &d.Stages)); err != nil {
			return nil, fmt.Errorf("read desk %s: %w", d.ID, err)
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

// SaveDesk makes the desk or changes it; its place in lists is the end if it is
// new. Errors: Invalid with the field.
func (s *Service) SaveDesk(ctx context.Context, d Desk) error {
	if !deskID.MatchString(d.ID) {
		return news.Errorf(news.Invalid, "desk", "a desk is called by 1 to 64 letters, digits, spaces and . _ -")
	}
	if len(d.Stages) > maxStages {
		return news.Errorf(news.Invalid, "stages", "a desk has at most %d stages", maxStages)
	}
	for i, stage := range d.Stages {
		if !deskID.MatchString(stage) || slices.Contains(d.Stages[:i], stage) {
			return news.Errorf(news.Invalid, "stages", "%q is no name of a stage, or stands twice", stage)
		}
	}
	names, err := json.Marshal(d.Names)
	if err != nil {
		return fmt.Errorf("save desk: %w", err)
	}
	stages, err := json.Marshal(d.Stages)
	if err != nil {
		return fmt.Errorf("save desk: %w", err)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO desk (id, names, stages, language, place)
			VALUES ($1, $2, $3, $4, (SELECT coalesce(max(place), 0) + 1 FROM desk))
			ON CONFLICT (id) DO UPDATE SET names = excluded.names, stages = excluded.stages, language = excluded.language`,
			d.ID, string(names), string(stages), d.Language)
		if err != nil {
			return fmt.Errorf("save desk: %w", err)
		}
		return nil
	})
}

// RemoveDesk removes the desk from the list. Items and drafts keep its name.
func (s *Service) RemoveDesk(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		return one(ctx, tx, news.Errorf(news.NotFound, "desk", "there is no desk %s", id), `DELETE FROM desk WHERE id = $1`, id)
	})
}

// stagesOf returns the stages of a desk, also of one that is not listed.
func stagesOf(ctx context.Context, q db.Queryer, desk string) ([]string, error) {
	var text string
	err := q.QueryRowContext(ctx, `SELECT stages FROM desk WHERE id = $1`, desk).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return Stages, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the desk's stages: %w", err)
	}
	var stages []string
	if err := json.Unmarshal([]byte(text), &stages); err != nil {
		return nil, fmt.Errorf("read the desk's stages: %w", err)
	}
	if len(stages) == 0 {
		return Stages, nil
	}
	return stages, nil
}

// one runs a statement that is meant for one row, and returns none if there was
// no such row.
func one(ctx context.Context, tx *db.Tx, none error, statement string, args ...any) error {
	res, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return none
}
