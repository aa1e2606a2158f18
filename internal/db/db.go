// Package db opens the database of a node and hides the few differences between
// its two engines: SQLite for one machine, PostgreSQL for many.
//
// Its invariant: one SQL text, with $1 placeholders, runs on both; where the
// engines truly differ the difference is a method here, tested on both. What
// Write returned nil for is durable (SQLite: WAL with synchronous=FULL).
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Engine is the database system behind a DB.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database with an up-to-date schema.
type DB struct {
	Engine Engine
	write  *sql.DB // SQLite: exactly one connection, so that writers queue instead of failing
	read   *sql.DB
	pool   *pgxpool.Pool // PostgreSQL only
	hub    hub
	stop   context.CancelFunc
	wakers sync.WaitGroup // what stop ends
}

// Queryer runs statements: a DB's reader, or a Tx.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// readers is how many SQLite connections read at once. Readers never block the
// writer under WAL; more of them than cores only costs page cache.
const readers = 6

// Open opens the database named by dsn and migrates its schema to the newest
// version: a postgres:// URL, or the path of a SQLite file that is made if it
// is absent.
func Open(ctx context.Context, dsn string) (*DB, error) {
	d, err := open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func open(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	return openSQLite(ctx, dsn)
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	// page_size only matters when the file is made: 8 KiB pages hold two items
	// of the usual 3 KB, 4 KiB pages one. A checkpoint copies the WAL into the file
	// and syncs it: a few thousand pages a time keeps bulk replication from paying
	// that every megabyte.
	w, err := sql.Open("sqlite", sqliteDSN(path, "immediate", "page_size(8192)", "journal_mode(WAL)",
		"synchronous(FULL)", "foreign_keys(1)", "cache_size(-16000)", "wal_autocheckpoint(4000)",
		"journal_size_limit(67108864)"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	if err := w.Ping(); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), w.Close())
	}
	// A reader drops its whole page cache whenever someone wrote: a large one only
	// costs the freeing and allocating of pages that the system has cached anyway.
	r, err := sql.Open("sqlite", sqliteDSN(path, "deferred", "query_only(1)", "cache_size(-1000)"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), w.Close())
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &DB{Engine: SQLite, write: w, read: r, stop: stop}
	d.wakers.Go(func() { d.watch(watch) })
	return d, nil
}

// sqliteDSN names the file for the driver, with how transactions begin and
// pragmas for each connection.
func sqliteDSN(path, txlock string, pragmas ...string) string {
	params := url.Values{"_txlock": {txlock}, "_pragma": append([]string{"busy_timeout(10000)", "temp_store(MEMORY)"}, pragmas...)}
	return "file:" + path + "?" + params.Encode()
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	conn := stdlib.OpenDBFromPool(pool)
	if err := conn.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	listen, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &DB{Engine: Postgres, write: conn, read: conn, pool: pool, stop: stop}
	d.wakers.Go(func() { d.listen(listen) })
	return d, nil
}

// Close releases the connections. Transactions under way are rolled back. The
// last connection to a SQLite file must be the one that may write: it moves the
// write-ahead log into the file, so that whoever copies a stopped node's file
// has all of it.
func (d *DB) Close() error {
	d.stop()
	d.wakers.Wait()
	var err error
	if d.read != d.write {
		err = d.read.Close()
	}
	err = errors.Join(err, d.write.Close())
	if d.pool != nil {
		d.pool.Close()
	}
	return err
}

// Reader returns a handle for queries outside a transaction. On SQLite it
// refuses to write.
func (d *DB) Reader() *sql.DB { return d.read }

// Writer returns the handle of the writing side, for libraries that manage
// their own transactions. Ours use Write.
func (d *DB) Writer() *sql.DB { return d.write }

// Tx is a transaction that writes.
type Tx struct {
	*sql.Tx
	db    *DB
	after []func()
}

// Engine returns the engine the transaction runs on.
func (tx *Tx) Engine() Engine { return tx.db.Engine }

// AfterCommit has f called once the transaction is durable, and not at all if
// it is rolled back.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Write runs f in a transaction and commits it if f returns nil. When Write
// returns nil the effects are durable.
func (d *DB) Write(ctx context.Context, f func(*Tx) error) error {
	inner, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &Tx{Tx: inner, db: d}
	// Rollback after Commit is a no-op, so the deferred call only undoes a
	// failed or panicking f.
	defer inner.Rollback() //nolint:errcheck
	if err := f(tx); err != nil {
		return err
	}
	if err := inner.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

// Savepoint runs f so that its failure undoes only what f did and leaves the
// transaction usable.
func (tx *Tx) Savepoint(ctx context.Context, f func() error) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT part`); err != nil {
		return fmt.Errorf("savepoint: %w", err)
	}
	after := len(tx.after)
	if err := f(); err != nil {
		tx.after = tx.after[:after]
		if _, rerr := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT part`); rerr != nil {
			return errors.Join(err, rerr)
		}
		if _, rerr := tx.ExecContext(ctx, `RELEASE SAVEPOINT part`); rerr != nil {
			return errors.Join(err, rerr)
		}
		return err
	}
	if _, err := tx.ExecContext(ctx, `RELEASE SAVEPOINT part`); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// TryLock takes a lock of the given name until the transaction ends, without
// waiting, and reports whether it did. It keeps two processes over one
// PostgreSQL from doing the same work; a SQLite file has one process, whose
// single writer is lock enough.
func (tx *Tx) TryLock(ctx context.Context, name string) (bool, error) {
	if tx.db.Engine == SQLite {
		return true, nil
	}
	var ok bool
	err := tx.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock(hashtext($1))`, name).Scan(&ok)
	if err != nil {
		return false, fmt.Errorf("lock %s: %w", name, err)
	}
	return ok, nil
}

// ForUpdate returns the clause that locks the rows a SELECT reads until the
// transaction ends. SQLite needs none: a writing transaction excludes others
// from its first statement. The lock leaves a row's key alone, as all of ours do:
// a stronger one would wait for whoever writes a row that refers to this one, and
// two such waits are a deadlock.
func (tx *Tx) ForUpdate() string {
	if tx.db.Engine == Postgres {
		return " FOR NO KEY UPDATE"
	}
	return ""
}

// Micros is how times are stored: microseconds since 1970 in UTC, 0 for none.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
