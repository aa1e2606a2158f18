package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Fault is one thing that ledger check found wrong.
type Fault struct {
	Origin string `json:"origin"`
	Index  int64  `json:"index"` // of the entry, or the first one of a tile; -1 when it is about the whole log
	Ref    string `json:"item,omitempty"`
	What   string `json:"what"`
}

// Checked counts what a check went over.
type Checked struct {
	Logs, Entries, Withheld, Contents, Missing, Tiles int64
}

// checkBatch is how many entries a check reads at once.
const checkBatch = tileWidth

// Check recomputes everything from the stored bytes: each entry's leaf against
// the tree, each content against its entry, each tile against the ones below
// it, the root against the signature. found is called for every fault, progress
// from time to time. It only reads.
func Check(ctx context.Context, l *Ledger, found func(Fault), progress func(done, total int64)) (*Checked, error) {
	heads, err := l.Logs(ctx)
	if err != nil {
		return nil, err
	}
	var total, done int64
	for _, h := range heads {
		total += h.Size
	}
	c := &Checked{}
	for _, h := range heads {
		c.Logs++
		if err := l.checkLog(ctx, h, c, found, func(n int64) {
			done += n
			progress(done, total)
		}); err != nil {
			return c, fmt.Errorf("check the ledger of %s: %w", h.Origin, err)
		}
	}
	return c, nil
}

func (l *Ledger) checkLog(ctx context.Context, h *Head, c *Checked, found func(Fault), progress func(int64)) error {
	whole := func(format string, args ...any) {
		found(Fault{Origin: h.Origin, Index: -1, What: fmt.Sprintf(format, args...)})
	}
	grown := &edge{}
	for from := int64(0); from < h.Size; from += checkBatch {
		n := min(checkBatch, h.Size-from)
		records, err := l.checkEntries(ctx, h, from, n, c, found)
		if err != nil {
			return err
		}
		for _, t := range grown.extend(records) {
			// A partial tile on the way is not stored any more; the last ones follow.
			if t.level > 0 && len(t.hashes) == tileWidth {
				l.checkTile(ctx, h, t, c, found)
			}
		}
		progress(n)
	}
	for level, hashes := range grown.levels {
		if level > 0 && len(hashes) > 0 {
			l.checkTile(ctx, h, tile{level, h.Size >> (tileHeight * (level + 1)), hashes}, c, found)
		}
	}
	if h.Size == h.Checkpoint.Size && grown.root() != h.Checkpoint.Root {
		whole("the entries do not lead to the root in the checkpoint")
	}
	if len(h.Checkpoint.Note) == 0 {
		return nil
	}
	keys, err := l.Keys(ctx, h.Origin)
	if err != nil {
		return err
	}
	if _, err := ParseCheckpoint(h.Origin, h.Checkpoint.Note, keys...); err != nil {
		whole("the checkpoint's signature does not hold: %v", err)
	}
	if h.Own && h.Checkpoint.Size != h.Size {
		whole("the tree has %d entries and its checkpoint %d", h.Size, h.Checkpoint.Size)
	}
	return nil
}

// checkEntries checks the entries of one level-0 tile and returns the tree's
// hashes for them: computed where the entry is here, stored where it is
// withheld.
func (l *Ledger) checkEntries(ctx context.Context, h *Head, from, n int64, c *Checked, found func(Fault)) ([]tlog.Hash, error) {
	tile, err := readTile(ctx, l.db.Reader(), h.id, 0, from/tileWidth)
	c.Tiles++
	if err != nil || int64(len(tile)) != n*tlog.HashSize {
		found(Fault{Origin: h.Origin, Index: from, What: fmt.Sprintf("tile 0/%d is missing or has the wrong size", from/tileWidth)})
		tile = append(tile, make([]byte, n*tlog.HashSize)...)[:n*tlog.HashSize]
	}
	hidden, err := l.withheldIn(ctx, h.id, from, n)
	if err != nil {
		return nil, err
	}
	records, err := queryRecords(ctx, l.db.Reader(), selectBody+
		` WHERE e.log = $1 AND e.idx >= $2 AND e.idx < $3 ORDER BY e.idx`, h.id, from, from+n)
	if err != nil {
		return nil, err
	}
	byIndex := make(map[int64]*Record, len(records))
	for _, r := range records {
		byIndex[r.Index] = r
	}
	out := make([]tlog.Hash, n)
	for i := range n {
		index := from + i
		stored := tlog.Hash(tile[i*tlog.HashSize : (i+1)*tlog.HashSize])
		r := byIndex[index]
		switch {
		case r == nil && hidden[index]:
			c.Withheld++
			out[i] = stored
		case r == nil:
			found(Fault{Origin: h.Origin, Index: index, What: "the entry is missing"})
			out[i] = stored
		default:
			c.Entries++
			out[i] = recordHash(r.Hash())
			if out[i] != stored {
				found(Fault{Origin: h.Origin, Index: index, Ref: r.Ref,
					What: "the entry's bytes and its hash in the tree differ: one of them was altered"})
			}
			checkRecord(r, c, found)
		}
	}
	return out, nil
}

// checkRecord checks what is stored beside an entry's bytes against them.
func checkRecord(r *Record, c *Checked, found func(Fault)) {
	fault := func(what string) { found(Fault{Origin: r.Origin, Index: r.Index, Ref: r.Ref, What: what}) }
	e, err := r.Entry()
	if err != nil {
		if r.Kind != Malformed {
			fault("the entry cannot be read: " + err.Error())
		}
		return
	}
	if e.Kind != r.Kind || e.Ref != r.Ref {
		fault("the journal files the entry under another kind or item than its bytes say")
	}
	want, _ := e.ContentDigest()
	switch {
	case (want == nil) != (r.Content == nil) || want != nil && *want != *r.Content:
		fault("the journal names another content than the entry commits to")
	case want != nil && r.Body == nil:
		c.Missing++
		if r.Own {
			fault("the content is missing")
		}
	case r.Body != nil:
		c.Contents++
		if Sum(r.Body) != *want {
			fault("the content was altered: it is not the one that the entry commits to")
		}
	}
}

func (l *Ledger) withheldIn(ctx context.Context, log, from, n int64) (map[int64]bool, error) {
	rows, err := l.db.Reader().QueryContext(ctx,
		`SELECT idx FROM withheld WHERE log = $1 AND idx >= $2 AND idx < $3`, log, from, from+n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[int64]bool{}
	for rows.Next() {
		var i int64
		if err := rows.Scan(&i); err != nil {
			return nil, err
		}
		out[i] = true
	}
	return out, rows.Err()
}

// checkTile compares a stored tile above the entries with the computed one.
func (l *Ledger) checkTile(ctx context.Context, h *Head, t tile, c *Checked, found func(Fault)) {
	c.Tiles++
	first := t.index << (tileHeight * (t.level + 1))
	stored, err := readTile(ctx, l.db.Reader(), h.id, t.level, t.index)
	if err != nil || len(stored) != len(t.hashes)*tlog.HashSize {
		found(Fault{Origin: h.Origin, Index: first, What: fmt.Sprintf("tile %d/%d is missing or has the wrong size", t.level, t.index)})
		return
	}
	for i, want := range t.hashes {
		if tlog.Hash(stored[i*tlog.HashSize:(i+1)*tlog.HashSize]) != want {
			at := first + int64(i)<<(tileHeight*t.level)
			found(Fault{Origin: h.Origin, Index: at,
				What: fmt.Sprintf("tile %d/%d was altered: hash %d is not that of entries %d to %d", t.level, t.index, i, at, at+int64(1)<<(tileHeight*t.level)-1)})
		}
	}
}
