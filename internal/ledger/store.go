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

// Head is a log as this node holds it.
type Head struct {
	id         int64
	Origin     string
	Own        bool
	Size       int64       // leaves verified and stored
	Checkpoint *Checkpoint // the signed note that proves them; of a mirror it may be larger than Size
	Frozen     string      // why replication, or of its own log writing, stopped; empty while it runs
}

const selectLog = `SELECT id, origin, own, size, checkpoint, frozen FROM log`

func scanHead(row interface{ Scan(...any) error }) (*Head, error) {
	var h Head
	var own int
	var signed []byte
	if err := row.Scan(&h.id, &h.Origin, &own, &h.Size, &signed, &h.Frozen); err != nil {
		return nil, err
	}
	h.Own = own == 1
	if len(signed) == 0 { // a mirror of which nothing has come yet
		h.Checkpoint = &Checkpoint{Origin: h.Origin, Root: (&edge{}).root()}
		return &h, nil
	}
	cp, err := readCheckpoint(string(signed))
	if err != nil {
		return nil, err
	}
	cp.Note = signed
	h.Checkpoint = cp
	return &h, nil
}

// Logs returns every log that the node holds, its own first.
func (l *Ledger) Logs(ctx context.Context) ([]*Head, error) {
	rows, err := l.db.Reader().QueryContext(ctx, selectLog+` ORDER BY own DESC, origin`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Head
	for rows.Next() {
		h, err := scanHead(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// Head returns the log of the origin; NotFound if the node holds none.
func (l *Ledger) Head(ctx context.Context, origin string) (*Head, error) {
	return head(ctx, l.db.Reader(), origin, "")
}

func head(ctx context.Context, q db.Queryer, origin, lock string) (*Head, error) {
	h, err := scanHead(q.QueryRowContext(ctx, selectLog+` WHERE origin = $1`+lock, origin))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "origin", "this node holds no ledger of %s", origin)
	}
	if err != nil {
		return nil, fmt.Errorf("read the head of %s: %w", origin, err)
	}
	return h, nil
}

func insertLog(ctx context.Context, tx *db.Tx, origin string, own int, checkpoint []byte) (int64, error) {
	if checkpoint == nil {
		checkpoint = []byte{}
	}
	var id int64
	err := tx.QueryRowContext(ctx, `INSERT INTO log (origin, own, size, checkpoint, checkpoint_size, frozen)
		VALUES ($1, $2, 0, $3, 0, '') RETURNING id`, origin, own, checkpoint).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("insert log: %w", err)
	}
	return id, nil
}

func insertKey(ctx context.Context, tx *db.Tx, log int64, vkey string) error {
	// A hostile origin may announce a key that it had before.
	_, err := tx.ExecContext(ctx, `INSERT INTO log_key (log, vkey, until) VALUES ($1, $2, -1)
		ON CONFLICT (log, vkey) DO UPDATE SET until = -1`, log, vkey)
	if err != nil {
		return fmt.Errorf("insert key: %w", err)
	}
	return nil
}

// Keys returns the note verifier keys that ever signed the origin's
// checkpoints, the current one first.
func (l *Ledger) Keys(ctx context.Context, origin string) ([]string, error) {
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT k.vkey FROM log_key k JOIN log g ON g.id = k.log
		WHERE g.origin = $1 ORDER BY CASE WHEN k.until = -1 THEN 0 ELSE 1 END, k.until DESC`, origin)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, rows.Err()
}

// loadEdge reads the right edge of a tree of the given size.
func loadEdge(ctx context.Context, q db.Queryer, log, size int64) (*edge, error) {
	e := &edge{size: size}
	for level := 0; size>>(tileHeight*level) > 0; level++ {
		width := int(size >> (tileHeight * level) % tileWidth)
		index := size >> (tileHeight * (level + 1))
		hashes := make([]tlog.Hash, 0, tileWidth)
		if width > 0 {
			data, err := readTile(ctx, q, log, level, index)
			if err != nil {
				return nil, err
			}
			if len(data) < width*tlog.HashSize {
				return nil, fmt.Errorf("tile %d/%d has %d bytes, the tree needs %d", level, index, len(data), width*tlog.HashSize)
			}
			for i := range width {
				hashes = append(hashes, tlog.Hash(data[i*tlog.HashSize:(i+1)*tlog.HashSize]))
			}
		}
		e.levels = append(e.levels, hashes)
	}
	return e, nil
}

func readTile(ctx context.Context, q db.Queryer, log int64, level int, index int64) ([]byte, error) {
	var data []byte
	err := q.QueryRowContext(ctx, `SELECT hashes FROM tile WHERE log = $1 AND level = $2 AND idx = $3`,
		log, level, index).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "tile", "there is no tile %d/%d", level, index)
	}
	if err != nil {
		return nil, fmt.Errorf("read tile %d/%d: %w", level, index, err)
	}
	return data, nil
}

func writeTiles(ctx context.Context, tx *db.Tx, log int64, tiles []tile) error {
	values := make([]any, 0, 4*len(tiles))
	for _, t := range tiles {
		data := make([]byte, 0, len(t.hashes)*tlog.HashSize)
		for _, h := range t.hashes {
			data = append(data, h[:]...)
		}
		values = append(values, log, t.level, t.index, data)
	}
	return db.NewBulk("tile (log, level, idx, hashes)", 4,
		"ON CONFLICT (log, level, idx) DO UPDATE SET hashes = excluded.hashes").Insert(ctx, tx, values)
}

// placed is an entry on its way into the journal.
type placed struct {
	position int64
	index    int64
	kind     Kind
	ref      string
	bytes    []byte
	digest   *Hash  // of the content that the entry commits to; nil for none
	content  []byte // nil where it is not, or no longer, to be had
	entry    *Entry // read; nil where nobody has read it yet
}

// record returns the entry as the journal shows it, once it has a position.
func (p *placed) record(h *Head) *Record {
	return &Record{Position: p.position, Origin: h.Origin, Own: h.Own, Index: p.index, Kind: p.kind, Ref: p.ref,
		Content: p.digest, Bytes: p.bytes, Body: p.content, entry: p.entry}
}

// writeEntries gives the entries the next places in the journal and stores them
// with their content. The journal's head is locked from here to the commit, so
// that positions become visible in order.
func (l *Ledger) writeEntries(ctx context.Context, tx *db.Tx, h *Head, entries []placed) error {
	if len(entries) == 0 {
		return nil
	}
	var last int64
	err := tx.QueryRowContext(ctx, `UPDATE journal SET position = position + $1 WHERE id = 1 RETURNING position`,
		len(entries)).Scan(&last)
	if err != nil {
		return fmt.Errorf("advance the journal: %w", err)
	}
	first := last - int64(len(entries)) + 1
	rows := make([]any, 0, 7*len(entries))
	contents := make([]any, 0, 2*len(entries))
	for i := range entries {
		e := &entries[i]
		e.position = first + int64(i)
		var digest any
		if e.digest != nil {
			digest = e.digest[:]
		}
		if e.content != nil {
			contents = append(contents, e.position, e.content)
		}
		rows = append(rows, e.position, h.id, e.index, string(e.kind), e.ref, digest, e.bytes)
	}
	if err := db.NewBulk("content (position, bytes)", 2, "").Insert(ctx, tx, contents); err != nil {
		return err
	}
	if err := db.NewBulk("entry (position, log, idx, kind, ref, content, bytes)", 7, "").Insert(ctx, tx, rows); err != nil {
		return err
	}
	tx.AfterCommit(func() {
		if len(entries) >= bulkEntries {
			l.bulk.Store(time.Now().UnixNano())
		}
		records := make([]*Record, len(entries))
		for i := range entries {
			records[i] = entries[i].record(h)
		}
		l.tail.add(records)
	})
	return tx.Notify(ctx, Topic)
}

// Content returns the content of the entry at a position of the journal;
// NotFound if the node has none, or none any more.
func (l *Ledger) Content(ctx context.Context, position int64) ([]byte, error) {
	var b []byte
	err := l.db.Reader().QueryRowContext(ctx, `SELECT bytes FROM content WHERE position = $1`, position).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "content", "the content of this entry is not kept here")
	}
	if err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	return b, nil
}

// Position returns the newest position of the journal; 0 while it is empty.
func (l *Ledger) Position(ctx context.Context) (int64, error) {
	var p int64
	err := l.db.Reader().QueryRowContext(ctx, `SELECT position FROM journal WHERE id = 1`).Scan(&p)
	return p, err
}
