package db

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// How many parameters one INSERT carries. SQLite looks every parameter up by its
// name, one after the other, so that the cost of a statement grows with their
// square; to PostgreSQL each statement is a round trip.
const (
	paramsSQLite   = 210
	paramsPostgres = 1400
)

// Bulk inserts many rows with few statements.
type Bulk struct {
	into     string
	columns  int
	conflict string
	full     *sql.Stmt // of the largest statement, prepared on first use
}

// NewBulk describes an INSERT: into is "table (column, …)", columns their
// number, conflict an ON CONFLICT clause or empty.
func NewBulk(into string, columns int, conflict string) *Bulk {
	return &Bulk{into: into, columns: columns, conflict: conflict}
}

// Insert writes the rows, whose values stand one after the other in values.
// It belongs to one transaction.
func (b *Bulk) Insert(ctx context.Context, tx *Tx, values []any) error {
	params := paramsSQLite
	if tx.db.Engine == Postgres {
		params = paramsPostgres
	}
	chunk := params / b.columns * b.columns
	for len(values) >= chunk {
		if b.full == nil {
			stmt, err := tx.PrepareContext(ctx, b.sql(chunk))
			if err != nil {
				return fmt.Errorf("insert into %s: %w", b.into, err)
			}
			b.full = stmt
		}
		if _, err := b.full.ExecContext(ctx, values[:chunk]...); err != nil {
			return fmt.Errorf("insert into %s: %w", b.into, err)
		}
		values = values[chunk:]
	}
	if len(values) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, b.sql(len(values)), values...); err != nil {
		return fmt.Errorf("insert into %s: %w", b.into, err)
	}
	return nil
}

func (b *Bulk) sql(params int) string {
	var s strings.Builder
	s.Grow(64 + 6*params)
	s.WriteString("INSERT INTO ")
	s.WriteString(b.into)
	s.WriteString(" VALUES ")
	for i := range params {
		switch {
		case i%b.columns != 0:
			s.WriteString(",$")
		case i == 0:
			s.WriteString("($")
		default:
			s.WriteString("),($")
		}
		s.WriteString(strconv.Itoa(i + 1))
	}
	s.WriteString(") ")
	s.WriteString(b.conflict)
	return s.String()
}
