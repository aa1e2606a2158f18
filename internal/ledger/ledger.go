// Package ledger keeps the record: each organisation's append-only signed
// ledger, the mirrors of its partners' and the journal, the one local order in
// which a node accepted all of it.
//
// Its invariants:
//
//   - A ledger never forks. Its head is one row, read and replaced in the
//     transaction that appends; a checkpoint leaves the node only after that
//     transaction is durable. A crash, a paused process or a second one over the
//     same database can delay an append, never split the tree.
//   - Data and record commit together. What a room writes with an entry is in
//     the entry's transaction.
//   - A mirror holds only what its origin's signature covers.
//
// The protocol is in docs/protocol.md; the tree is RFC 6962, through
// golang.org/x/mod/sumdb/tlog; notes, checkpoints, cosignatures and tiles are
// those of C2SP.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Topic is what db.Subscribe takes to be woken when the journal grows.
const Topic = "journal"

// Options is what a ledger needs.
type Options struct {
	DB    *db.DB
	Keys  *Keyring
	Now   func() time.Time
	Log   *slog.Logger
	Fault func(step string) error // fault injection in tests; nil in production
}

// Ledger is the record of one node.
type Ledger struct {
	db    *db.DB
	keys  *Keyring
	now   func() time.Time
	log   *slog.Logger
	fault func(string) error

	own    *logRow // the node's own log; its tree state lives in appendState
	key    atomic.Pointer[Key]
	queue  chan *request
	state  appendState
	tail   tail
	bulk   atomic.Int64 // when a large batch was last stored, Unix nanoseconds
	closed chan struct{}
	done   sync.WaitGroup

	readOnly  atomic.Pointer[string]
	held      sync.RWMutex // write-locked while appends must wait
	followers sync.Map     // name → *followerState
}

// logRow is what does not change about a log.
type logRow struct {
	id     int64
	origin string
}

// Create makes the node's own ledger, empty, signed by key. It fails with
// Conflict if there is one.
func Create(ctx context.Context, o Options, key *Key) error {
	if err := o.Keys.Add(key); err != nil {
		return err
	}
	root := (&edge{}).root()
	signed, err := signNote(checkpointText(key.Origin, 0, root), key)
	if err != nil {
		return fmt.Errorf("sign the first checkpoint: %w", err)
	}
	return o.DB.Write(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM log WHERE own = 1`).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return news.Errorf(news.Conflict, "origin", "this node has a ledger already")
		}
		id, err := insertLog(ctx, tx, key.Origin, 1, signed)
		if err != nil {
			return err
		}
		return insertKey(ctx, tx, id, key.Verifier)
	})
}

// Open opens the node's ledger. It refuses, with a message that names `jisr
// ledger check`, when the stored tree and the last checkpoint disagree: going
// on would fork the ledger.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	l, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := l.loadKey(ctx, o.DB.Reader()); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := l.verifyHeads(ctx); err != nil {
		return nil, err
	}
	l.done.Add(2)
	go l.sequence()
	go l.watchKey()
	return l, nil
}

// Inspect opens the node's ledger for Check, however damaged it is. Nothing can
// be appended to it.
func Inspect(ctx context.Context, o Options) (*Ledger, error) {
	l, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	l.SetReadOnly("the ledger is only being inspected")
	return l, nil
}

func open(ctx context.Context, o Options) (*Ledger, error) {
	l := &Ledger{db: o.DB, keys: o.Keys, now: o.Now, log: o.Log, fault: o.Fault,
		queue: make(chan *request, maxGroup), closed: make(chan struct{})}
	if l.fault == nil {
		l.fault = func(string) error { return nil }
	}
	row := &logRow{}
	err := o.DB.Reader().QueryRowContext(ctx, `SELECT id, origin FROM log WHERE own = 1`).Scan(&row.id, &row.origin)
	if err != nil {
		return nil, fmt.Errorf("open ledger: this node has none yet (run jisr init): %w", err)
	}
	l.own = row
	return l, nil
}

// loadKey takes the private key that signs now from the keyring.
func (l *Ledger) loadKey(ctx context.Context, q db.Queryer) error {
	k, err := l.currentKey(ctx, q)
	if err != nil {
		return err
	}
	l.key.Store(k)
	return nil
}

func (l *Ledger) currentKey(ctx context.Context, q db.Queryer) (*Key, error) {
	var vkey string
	err := q.QueryRowContext(ctx,
		`SELECT vkey FROM log_key WHERE log = $1 AND until = -1`, l.own.id).Scan(&vkey)
	if err != nil {
		return nil, err
	}
	return l.keys.Get(vkey)
}

// verifyHeads compares the right edge of every stored tree with its checkpoint.
func (l *Ledger) verifyHeads(ctx context.Context) error {
	heads, err := l.Logs(ctx)
	if err != nil {
		return fmt.Errorf("open ledger: %w", err)
	}
	for _, h := range heads {
		if h.Own && h.Frozen != "" {
			l.SetReadOnly(h.Frozen)
		}
		e, err := loadEdge(ctx, l.db.Reader(), h.id, h.Size)
		if err == nil && h.Checkpoint.Size == h.Size && e.root() != h.Checkpoint.Root {
			err = errors.New("the stored tree does not have the root that was signed")
		}
		if err == nil && h.Own && h.Checkpoint.Size != h.Size {
			err = fmt.Errorf("the tree has %d entries and its checkpoint %d", h.Size, h.Checkpoint.Size)
		}
		if err != nil {
			return news.Errorf(news.Conflict, "ledger",
				"the ledger of %s is damaged at its end; run `jisr ledger check` to see where, then restore a backup or `jisr recover`", h.Origin).Because(err)
		}
	}
	return nil
}

// Close ends the sequencer after the appends under way.
func (l *Ledger) Close() {
	close(l.closed)
	l.done.Wait()
}

// Origin returns the name of the node's own ledger.
func (l *Ledger) Origin() string { return l.own.origin }

// Key returns the key that signs now.
func (l *Ledger) Key() *Key { return l.key.Load() }

// HoldAppends makes appends wait until release is called: a starting node first
// learns from its partners whether its own tail is all there.
func (l *Ledger) HoldAppends() (release func()) {
	l.held.Lock()
	return l.held.Unlock
}

// Suspend makes every append fail with the reason, in every process over the
// database and after a restart, until Resume: a node that was restored from an
// old backup must not go on before it has its tail back, and its partners may be
// out of reach when it is next started.
func (l *Ledger) Suspend(ctx context.Context, reason string) error {
	l.SetReadOnly(reason)
	return l.freezeOwn(ctx, reason)
}

// Resume ends what Suspend began.
func (l *Ledger) Resume(ctx context.Context) error {
	if err := l.freezeOwn(ctx, ""); err != nil {
		return err
	}
	l.SetReadOnly("")
	return nil
}

func (l *Ledger) freezeOwn(ctx context.Context, reason string) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE log SET frozen = $1 WHERE id = $2 AND frozen <> $1`, reason, l.own.id)
		if err != nil {
			return fmt.Errorf("note whether the ledger may be written: %w", err)
		}
		return nil
	})
}

// SetReadOnly makes every append of this process fail with the reason until it
// is called with "".
func (l *Ledger) SetReadOnly(reason string) {
	if reason == "" {
		l.readOnly.Store(nil)
		return
	}
	l.readOnly.Store(&reason)
}

// ReadOnly returns why appends are refused, or "".
func (l *Ledger) ReadOnly() string {
	if r := l.readOnly.Load(); r != nil {
		return *r
	}
	return ""
}
