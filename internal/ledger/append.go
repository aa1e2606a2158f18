package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/news"
)

// maxGroup is how many appends one transaction, and so one fsync and one
// signature, serves at most.
const maxGroup = 256

// Appender takes the entries of one append.
type Appender struct {
	origin  string
	at      time.Time
	entries []placed
	group   map[Hash][]byte // content that this and earlier appends of the group added
}

// At is the time that the entries carry.
func (a *Appender) At() time.Time { return a.at }

// Add records a draft and returns the hash of its entry, which a later entry
// names as Prev.
func (a *Appender) Add(d Draft) (Hash, error) {
	p, err := d.write(a.origin, a.at)
	if err != nil {
		return Hash{}, fmt.Errorf("add %s entry: %w", d.Kind, err)
	}
	a.entries = append(a.entries, *p)
	if p.digest != nil {
		a.group[*p.digest] = p.content
	}
	return Sum(p.bytes), nil
}

// Latest returns the content of the newest own entry of the kind that speaks of
// the ref, which commits to the digest: stored, or added by the group.
func (a *Appender) Latest(ctx context.Context, tx *db.Tx, kind Kind, ref string, digest Hash) ([]byte, error) {
	if b, ok := a.group[digest]; ok {
		return b, nil
	}
	var b []byte
	err := tx.QueryRowContext(ctx, `SELECT c.bytes FROM entry e JOIN log g ON g.id = e.log JOIN content c ON c.position = e.position
		WHERE e.ref = $1 AND e.kind = $2 AND g.own = 1 ORDER BY e.position DESC LIMIT 1`, ref, string(kind)).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) || err == nil && Sum(b) != digest {
		return nil, news.Errorf(news.NotFound, "content", "the content %s is not kept here", digest)
	}
	if err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	return b, nil
}

// Appended says where an append's entries landed, in the order they were added.
type Appended struct {
	Positions []int64
	Indexes   []int64
}

// Last returns the newest position, or 0 if nothing was appended.
func (a *Appended) Last() int64 {
	if len(a.Positions) == 0 {
		return 0
	}
	return a.Positions[len(a.Positions)-1]
}

type request struct {
	ctx   context.Context
	f     func(ctx context.Context, tx *db.Tx, a *Appender) error
	done  chan error
	added *Appender
	out   Appended
}

// Append runs f in a transaction and commits what it wrote together with the
// entries that it added. It returns when all is durable and a checkpoint covers
// it. Appends that arrive together share the transaction: f must not wait for
// anything but the database, and sees what earlier ones of its group wrote. If
// f fails, only its own effects are undone.
func (l *Ledger) Append(ctx context.Context, f func(ctx context.Context, tx *db.Tx, a *Appender) error) (*Appended, error) {
	l.held.RLock() // waits while a starting node asks its partners
	defer l.held.RUnlock()
	if why := l.ReadOnly(); why != "" {
		return nil, news.Errorf(news.Unavailable, "ledger", "%s", why)
	}
	r := &request{ctx: ctx, f: f, done: make(chan error, 1)}
	select {
	case l.queue <- r:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, news.Errorf(news.Unavailable, "ledger", "the node is stopping")
	}
	// From here on the outcome is waited for, whatever ctx says: an append that
	// was called off and happened all the same would be neither.
	if err := <-r.done; err != nil {
		return nil, sayFull(err)
	}
	return &r.out, nil
}

// sequence is the one goroutine of the process that appends.
func (l *Ledger) sequence() {
	defer l.done.Done()
	for {
		var group []*request
		select {
		case r := <-l.queue:
			group = append(group, r)
		case <-l.closed:
			l.drain()
			return
		}
	collect:
		for len(group) < maxGroup {
			select {
			case r := <-l.queue:
				group = append(group, r)
			default:
				break collect
			}
		}
		l.appendGroup(group)
	}
}

func (l *Ledger) drain() {
	for {
		select {
		case r := <-l.queue:
			r.done <- news.Errorf(news.Unavailable, "ledger", "the node is stopping")
		default:
			return
		}
	}
}

// appendState is the tree as the last append of this process left it; another
// process may have gone further, so the stored size decides whether it holds.
type appendState struct {
	edge *edge
}

// appendGroup appends the group in one transaction and answers every request.
func (l *Ledger) appendGroup(group []*request) {
	ctx := context.Background()
	var grown *edge
	errs := make([]error, len(group))
	err := l.db.Write(ctx, func(tx *db.Tx) error {
		head, err := head(ctx, tx, l.own.origin, tx.ForUpdate())
		if err != nil {
			return err
		}
		if err := l.syncState(ctx, tx, head); err != nil {
			return err
		}
		if head.Frozen != "" {
			return news.Errorf(news.Unavailable, "ledger", "%s", head.Frozen)
		}
		at, added := l.now(), map[Hash][]byte{}
		for i, r := range group {
			r.added = &Appender{origin: l.own.origin, at: at, group: added}
			if errs[i], err = perform(ctx, tx, r); err != nil {
				return err
			}
		}
		grown, err = l.appendEntries(ctx, tx, head, group)
		return err
	})
	if err == nil {
		l.state.edge = grown
	}
	for i, r := range group {
		if errs[i] == nil {
			errs[i] = err
		}
		for _, e := range r.added.list() {
			r.out.Positions = append(r.out.Positions, e.position)
			r.out.Indexes = append(r.out.Indexes, e.index)
		}
		r.done <- errs[i]
	}
}

// ownFailure marks what a request itself failed with, and that all it did was
// undone.
type ownFailure struct{ error }

// perform runs one request of a group. own is its failure, whose effects are
// undone and nobody else's; broken says that they could not be: SQLite ends the
// whole transaction of its own accord when the disk is full or a statement is
// interrupted, and each further statement would then commit by itself.
//
// For the same reason a caller's cancellation never reaches the statements.
func perform(ctx context.Context, tx *db.Tx, r *request) (own, broken error) {
	err := tx.Savepoint(ctx, func() error {
		if err := r.f(context.WithoutCancel(r.ctx), tx, r.added); err != nil {
			return ownFailure{err}
		}
		return nil
	})
	if err == nil {
		return nil, nil
	}
	r.added.entries = nil
	if f, undone := err.(ownFailure); undone { // joined with another error it is not
		return f.error, nil
	}
	return nil, fmt.Errorf("the append was broken off: %w", err)
}

func (a *Appender) list() []placed {
	if a == nil {
		return nil
	}
	return a.entries
}

// syncState makes l.state and l.key match the stored head.
func (l *Ledger) syncState(ctx context.Context, tx *db.Tx, h *Head) error {
	if l.state.edge != nil && l.state.edge.size == h.Size {
		return nil
	}
	e, err := loadEdge(ctx, tx, h.id, h.Size)
	if err != nil {
		return err
	}
	if err := l.loadKey(ctx, tx); err != nil {
		return err
	}
	if e.root() != h.Checkpoint.Root {
		return news.Errorf(news.Conflict, "ledger", "the stored tree does not have the root that was signed; run `jisr ledger check`")
	}
	l.state.edge = e
	return nil
}

// appendEntries writes the entries of the group, the tree that they make and
// its checkpoint, and returns the new edge.
func (l *Ledger) appendEntries(ctx context.Context, tx *db.Tx, h *Head, group []*request) (*edge, error) {
	var all []placed
	for _, r := range group {
		all = append(all, r.added.entries...)
	}
	if len(all) == 0 {
		return l.state.edge, nil
	}
	grown := l.state.edge.clone()
	records := make([]tlog.Hash, len(all))
	for i := range all {
		all[i].index = h.Size + int64(i)
		records[i] = recordHash(Sum(all[i].bytes))
	}
	tiles := grown.extend(records)
	if err := writeTiles(ctx, tx, h.id, tiles); err != nil {
		return nil, err
	}
	if err := l.fault("tiles"); err != nil {
		return nil, err
	}
	if err := l.writeEntries(ctx, tx, h, all); err != nil {
		return nil, err
	}
	if err := l.fault("entries"); err != nil {
		return nil, err
	}
	if err := l.signHead(ctx, tx, h, grown, all); err != nil {
		return nil, err
	}
	i := 0
	for _, r := range group {
		i += copy(r.added.entries, all[i:])
	}
	return grown, l.fault("head")
}

// signHead replaces the head. The condition on its old size is what keeps a
// ledger from forking if ever a lock should fail.
func (l *Ledger) signHead(ctx context.Context, tx *db.Tx, h *Head, grown *edge, added []placed) error {
	signers := []*Key{l.key.Load()}
	next, err := l.nextKey(added)
	if err != nil {
		return err
	}
	if next != nil {
		signers = append(signers, next)
	}
	signed, err := signNote(checkpointText(l.own.origin, grown.size, grown.root()), signers...)
	if err != nil {
		return fmt.Errorf("sign checkpoint: %w", err)
	}
	res, err := tx.ExecContext(ctx, `UPDATE log SET size = $1, checkpoint = $2, checkpoint_size = $3
		WHERE id = $4 AND size = $5`, grown.size, signed, grown.size, h.id, h.Size)
	if err != nil {
		return fmt.Errorf("replace the head: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return news.Errorf(news.Unavailable, "ledger", "another process appended at the same moment: try again").Because(err)
	}
	if next == nil {
		return nil
	}
	if err := l.takeKey(ctx, tx, next); err != nil {
		return err
	}
	return rotated(ctx, tx, h.id, grown.size, signed, next.Verifier)
}
