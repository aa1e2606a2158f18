package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
)

func set(ctx context.Context, tx *db.Tx, name string, position int) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO follower (name, position) VALUES ($1, $2)`, name, position)
	return err
}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Reader().QueryRowContext(t.Context(), `SELECT count(*) FROM follower`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFailedWriteLeavesNothingAndCallsNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("called after a rollback") })
			return errors.Join(set(t.Context(), tx, "a", 1), boom)
		})
		if !errors.Is(err, boom) || count(t, d) != 0 {
			t.Errorf("err %v, %d rows", err, count(t, d))
		}
	})
}

func TestSavepointUndoesOnlyItsPart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		called := 0
		err := d.Write(ctx, func(tx *db.Tx) error {
			if err := tx.Savepoint(ctx, func() error { return set(ctx, tx, "kept", 1) }); err != nil {
				return err
			}
			err := tx.Savepoint(ctx, func() error {
				tx.AfterCommit(func() { called++ })
				return errors.Join(set(ctx, tx, "undone", 1), set(ctx, tx, "kept", 2)) // the second breaks a key
			})
			if err == nil {
				t.Error("a broken key went unnoticed")
			}
			return set(ctx, tx, "also kept", 3)
		})
		if err != nil || count(t, d) != 2 || called != 0 {
			t.Errorf("err %v, %d rows, %d calls", err, count(t, d), called)
		}
	})
}

func TestBulkInsertWritesEveryRowOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, n := range []int{0, 1, 299, 300, 301, 1234} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				var values []any
				for i := range n {
					values = append(values, string(rune('a'+i%26))+time.Duration(i).String()+time.Duration(n).String(), i)
				}
				return db.NewBulk("follower (name, position)", 2, "ON CONFLICT (name) DO NOTHING").Insert(t.Context(), tx, values)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := count(t, d); got != 1+299+300+301+1234 {
			t.Errorf("%d rows", got)
		}
	})
}

func TestNotificationComesAfterTheCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		woken, cancel := d.Subscribe("topic")
		defer cancel()
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := tx.Notify(t.Context(), "topic"); err != nil {
				return err
			}
			select {
			case <-woken:
				t.Error("woken before the commit")
			case <-time.After(20 * time.Millisecond):
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
		case <-time.After(5 * time.Second):
			t.Error("not woken")
		}
	})
}

func TestOtherProcessWakesThisOne(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			dsn := dbtest.DSN(t, engine)
			one, err := db.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer one.Close()
			other, err := db.Open(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			woken, cancel := one.Subscribe("topic")
			defer cancel()
			time.Sleep(200 * time.Millisecond) // the watchers are up
			err = other.Write(t.Context(), func(tx *db.Tx) error {
				return errors.Join(set(t.Context(), tx, "a", 1), tx.Notify(t.Context(), "topic"))
			})
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-woken:
			case <-time.After(5 * time.Second):
				t.Error("not woken")
			}
		})
	}
}

func TestReopeningKeepsTheSchemaAndTheData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jisr.db")
	for range 2 {
		d, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
