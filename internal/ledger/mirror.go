package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Incoming is one place of another's log as it was received.
type Incoming struct {
	Bytes   []byte    // the entry; nil when it is withheld
	Content []byte    // its content; nil when there is none to be had
	Record  tlog.Hash // of a withheld entry: the tree's hash at this place
}

// WithheldLeaf returns an Incoming for an entry that was withheld and of which
// the sender gave the leaf.
func WithheldLeaf(leaf Hash) Incoming { return Incoming{Record: recordHash(leaf)} }

// Extension is what a node received of a log beyond what it holds.
type Extension struct {
	Origin     string
	From       int64 // index of the first record: the size held so far
	Records    []Incoming
	Checkpoint *Checkpoint    // verified, of size From+len(Records) or more
	Proof      tlog.TreeProof // that the checkpoint's tree begins with this one; unused when it ends there
}

// AddMirror begins the mirror of a partner's log, whose checkpoints vkey signs.
// A mirror that exists keeps its content; a different current key replaces the
// old one, as people who compared fingerprints on both sides decided.
func AddMirror(ctx context.Context, tx *db.Tx, origin, vkey string) error {
	name, _, err := PublicKey(vkey)
	if err != nil {
		return err
	}
	if name != origin {
		return news.Errorf(news.Invalid, "key", "a key of %s cannot sign for %s", name, origin)
	}
	h, err := head(ctx, tx, origin, tx.ForUpdate())
	if news.KindOf(err) == news.NotFound {
		id, err := insertLog(ctx, tx, origin, 0, nil)
		if err != nil {
			return err
		}
		return insertKey(ctx, tx, id, vkey)
	}
	if err != nil {
		return err
	}
	var n int
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM log_key WHERE log = $1 AND vkey = $2 AND until = -1`, h.id, vkey).Scan(&n)
	if err != nil || n == 1 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE log_key SET until = $1 WHERE log = $2 AND until = -1`, h.Size, h.id); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO log_key (log, vkey, until) VALUES ($1, $2, -1)
		ON CONFLICT (log, vkey) DO UPDATE SET until = -1`, h.id, vkey)
	return err
}

// Extend verifies the extension against its checkpoint and stores all of it,
// the new size and the journal positions in one transaction, or nothing.
func (l *Ledger) Extend(ctx context.Context, x *Extension) error {
	entries, withheld, records, err := x.prepare()
	if err != nil {
		return err
	}
	return l.write(ctx, func(tx *db.Tx) error {
		h, err := head(ctx, tx, x.Origin, tx.ForUpdate())
		if err != nil {
			return err
		}
		if h.Frozen != "" && !h.Own { // our own is suspended just because it lacks this
			return news.Errorf(news.Conflict, "origin", "replication of %s is stopped: %s", x.Origin, h.Frozen)
		}
		if h.Size != x.From {
			return news.Errorf(news.Conflict, "from", "this node holds %d entries of %s, the batch begins at %d", h.Size, x.Origin, x.From)
		}
		e, err := loadEdge(ctx, tx, h.id, h.Size)
		if err != nil {
			return err
		}
		tiles := e.extend(records)
		if err := x.verify(e); err != nil {
			return err
		}
		if err := l.fault("verified"); err != nil {
			return err
		}
		if err := writeTiles(ctx, tx, h.id, tiles); err != nil {
			return err
		}
		if err := l.writeEntries(ctx, tx, h, entries); err != nil {
			return err
		}
		if err := insertWithheld(ctx, tx, h.id, withheld); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE log SET size = $1, checkpoint = $2, checkpoint_size = $3 WHERE id = $4`,
			e.size, x.Checkpoint.Note, x.Checkpoint.Size, h.id)
		if err != nil {
			return fmt.Errorf("replace the head of %s: %w", x.Origin, err)
		}
		if err := l.learnKey(ctx, tx, h, x, entries); err != nil {
			return err
		}
		return l.fault("extended")
	})
}

// learnKey takes over the key that the origin's ledger itself announced. An
// announcement that cannot be read changes nothing.
func (l *Ledger) learnKey(ctx context.Context, tx *db.Tx, h *Head, x *Extension, entries []placed) error {
	vkey, err := lastKey(x.Origin, entries)
	if err != nil {
		l.log.Warn("a key entry has no effect", "origin", x.Origin, "after", x.From, "err", err)
	}
	if vkey == "" {
		return nil
	}
	if h.Own { // recovery: what the lost tail says was ours to sign with
		k, err := l.keys.Get(vkey)
		if err != nil {
			return news.Errorf(news.Unavailable, "keys", "the ledger's tail changes to the key %s, which is not in the keys folder: put it there and recover again", vkey).Because(err)
		}
		if err := l.takeKey(ctx, tx, k); err != nil {
			return err
		}
	}
	return rotated(ctx, tx, h.id, x.From+int64(len(x.Records)), x.Checkpoint.Note, vkey)
}

// prepare hashes and reads the records, before any lock is taken.
func (x *Extension) prepare() (entries []placed, withheld []int64, records []tlog.Hash, err error) {
	records = make([]tlog.Hash, len(x.Records))
	entries = make([]placed, 0, len(x.Records))
	for i, r := range x.Records {
		index := x.From + int64(i)
		if r.Bytes == nil {
			withheld = append(withheld, index)
			records[i] = r.Record
			continue
		}
		records[i] = recordHash(Sum(r.Bytes))
		p, err := place(x.Origin, index, r.Bytes, r.Content)
		if err != nil {
			return nil, nil, nil, err
		}
		entries = append(entries, *p)
	}
	return entries, withheld, records, nil
}

// place reads a received entry for the journal. One that its origin's ledger
// contains but that cannot be read is kept as it is: refusing it would stop the
// replication of all that follows.
func place(origin string, index int64, b, content []byte) (*placed, error) {
	if len(b) > MaxEntry || len(content) > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, "entries", "entry %d of %s is over the limits of %d bytes and %d of content", index, origin, MaxEntry, news.MaxContent)
	}
	p := &placed{index: index, bytes: b, content: content}
	e, err := ParseEntry(origin, b)
	if err != nil {
		p.kind, p.content = Malformed, nil
		return p, nil
	}
	p.kind, p.ref, p.entry = e.Kind, e.Ref, e
	p.digest, _ = e.ContentDigest()
	if content != nil && (p.digest == nil || Sum(content) != *p.digest) {
		return nil, news.Errorf(news.Invalid, "entries", "the content of entry %d of %s is not the one that the entry commits to", index, origin)
	}
	return p, nil
}

// verify compares the extended tree with the checkpoint.
func (x *Extension) verify(e *edge) error {
	cp, root := x.Checkpoint, e.root()
	if e.size == cp.Size {
		if root != cp.Root {
			return news.Errorf(news.Invalid, "entries", "entries %d to %d of %s do not lead to the root that it signed", x.From, e.size-1, x.Origin)
		}
		return nil
	}
	if e.size > cp.Size {
		return news.Errorf(news.Invalid, "entries", "the batch ends at %d, beyond the checkpoint's %d", e.size, cp.Size)
	}
	if e.size == 0 {
		return nil // the empty tree begins every tree
	}
	if err := tlog.CheckTree(x.Proof, cp.Size, cp.Root, e.size, root); err != nil {
		return news.Errorf(news.Invalid, "entries", "entries %d to %d of %s are not the ones in the tree that it signed", x.From, e.size-1, x.Origin).Because(err)
	}
	return nil
}

func insertWithheld(ctx context.Context, tx *db.Tx, log int64, indexes []int64) error {
	values := make([]any, 0, 2*len(indexes))
	for _, i := range indexes {
		values = append(values, log, i)
	}
	return db.NewBulk("withheld (log, idx)", 2, "").Insert(ctx, tx, values)
}

// Withheld returns up to limit indexes of the origin's log, from the given one
// on, whose entry this node was not shown.
func (l *Ledger) Withheld(ctx context.Context, origin string, from int64, limit int) ([]int64, error) {
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT w.idx FROM withheld w JOIN log g ON g.id = w.log
		WHERE g.origin = $1 AND w.idx >= $2 ORDER BY w.idx LIMIT $3`, origin, from, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var i int64
		if err := rows.Scan(&i); err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, rows.Err()
}

// CountWithheld returns how many entries of the origin's log are not here.
func (l *Ledger) CountWithheld(ctx context.Context, origin string) (int64, error) {
	var n int64
	err := l.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM withheld w JOIN log g ON g.id = w.log
		WHERE g.origin = $1`, origin).Scan(&n)
	return n, err
}

// Revealed is an entry that was withheld before.
type Revealed struct {
	Index          int64
	Bytes, Content []byte
}

// Reveal puts entries that were withheld until now into the journal, each
// checked against the hash that the verified tree has had in its place.
func (l *Ledger) Reveal(ctx context.Context, origin string, revealed []Revealed) error {
	return l.write(ctx, func(tx *db.Tx) error {
		h, err := head(ctx, tx, origin, tx.ForUpdate())
		if err != nil {
			return err
		}
		reader := hashReader{ctx, tx, h.id, map[tileID][]byte{}}
		var entries []placed
		for _, r := range revealed {
			res, err := tx.ExecContext(ctx, `DELETE FROM withheld WHERE log = $1 AND idx = $2`, h.id, r.Index)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				continue // known already: an answer came twice
			}
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, r.Index)})
			if err != nil {
				return err
			}
			if hashes[0] != recordHash(Sum(r.Bytes)) {
				return news.Errorf(news.Invalid, "entries", "entry %d of %s is not the one that its ledger has in this place", r.Index, origin)
			}
			p, err := place(origin, r.Index, r.Bytes, r.Content)
			if err != nil {
				return err
			}
			entries = append(entries, *p)
		}
		return l.writeEntries(ctx, tx, h, entries)
	})
}
