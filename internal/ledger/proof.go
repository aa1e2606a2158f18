package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/news"
)

type tileID struct {
	level int
	index int64
}

// hashReader reads a tree's hashes from its stored tiles.
type hashReader struct {
	ctx   context.Context
	q     db.Queryer
	log   int64
	tiles map[tileID][]byte
}

// ReadHashes implements tlog.HashReader.
func (r hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		t := tlog.TileForIndex(tileHeight, index)
		id := tileID{t.L, t.N}
		data, ok := r.tiles[id]
		if !ok {
			var err error
			if data, err = readTile(r.ctx, r.q, r.log, t.L, t.N); err != nil {
				return nil, err
			}
			r.tiles[id] = data
		}
		if len(data) < t.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %d/%d has %d hashes, %d are needed", t.L, t.N, len(data)/tlog.HashSize, t.W)
		}
		h, err := tlog.HashFromTile(t, data[:t.W*tlog.HashSize], index)
		if err != nil {
			return nil, fmt.Errorf("tile %d/%d: %w", t.L, t.N, err)
		}
		out[i] = h
	}
	return out, nil
}

func (l *Ledger) hashes(ctx context.Context, log int64) hashReader {
	return hashReader{ctx, l.db.Reader(), log, map[tileID][]byte{}}
}

// Tile returns the first width hashes of a tile of the origin's tree, 32 bytes
// each; NotFound if the tree has not grown that far. C2SP tlog-tiles.
func (l *Ledger) Tile(ctx context.Context, origin string, level int, index int64, width int) ([]byte, error) {
	h, err := l.Head(ctx, origin)
	if err != nil {
		return nil, err
	}
	data, err := readTile(ctx, l.db.Reader(), h.id, level, index)
	if err != nil {
		return nil, err
	}
	if width < 1 || width > tileWidth || len(data) < width*tlog.HashSize {
		return nil, news.Errorf(news.NotFound, "tile", "tile %d/%d has no %d hashes yet", level, index, width)
	}
	return data[:width*tlog.HashSize], nil
}

// Path returns the inclusion proof of an entry in the origin's tree of the size.
func (l *Ledger) Path(ctx context.Context, origin string, index, size int64) ([]Hash, error) {
	h, err := l.Head(ctx, origin)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= size || size > h.Size {
		return nil, news.Errorf(news.NotFound, "index", "there is no entry %d in a ledger of %d", index, size)
	}
	proof, err := tlog.ProveRecord(size, index, l.hashes(ctx, h.id))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d of %s: %w", index, origin, err)
	}
	out := make([]Hash, len(proof))
	for i, p := range proof {
		out[i] = Hash(p)
	}
	return out, nil
}

// CheckpointSize reads the size of a checkpoint that was verified before.
func CheckpointSize(signed []byte) (int64, error) {
	cp, err := readCheckpoint(string(signed))
	if err != nil {
		return 0, err
	}
	return cp.Size, nil
}

// RecordHash returns the tree's hash at an index of the origin's log.
func (l *Ledger) RecordHash(ctx context.Context, origin string, index int64) (tlog.Hash, error) {
	b, err := l.Tile(ctx, origin, 0, index/tileWidth, int(index%tileWidth)+1)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.Hash(b[len(b)-tlog.HashSize:]), nil
}

// Cosignatures returns the witnesses' lines for the origin's checkpoint of the
// size.
func (l *Ledger) Cosignatures(ctx context.Context, origin string, size int64) ([]string, error) {
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT s.line FROM cosignature s JOIN log g ON g.id = s.log
		WHERE g.origin = $1 AND s.size = $2 ORDER BY s.witness`, origin, size)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, rows.Err()
}

// RootAt returns the root that the origin's tree had at the size.
func (l *Ledger) RootAt(ctx context.Context, origin string, size int64) (tlog.Hash, error) {
	h, err := l.Head(ctx, origin)
	if err != nil {
		return tlog.Hash{}, err
	}
	if size < 0 || size > h.Size {
		return tlog.Hash{}, news.Errorf(news.NotFound, "size", "the ledger of %s has %d entries here", origin, h.Size)
	}
	if size == 0 {
		return (&edge{}).root(), nil
	}
	return tlog.TreeHash(size, l.hashes(ctx, h.id))
}

// Inclusion is proof that an entry stands in a signed ledger.
type Inclusion struct {
	Index      int64
	Proof      tlog.RecordProof
	Checkpoint []byte // signed note with the cosignatures known for it
}

// Prove returns the proof of inclusion of an entry of the origin's log, under
// the newest checkpoint that this node can stand behind; of its own log, one
// that witnesses cosigned if there is one that covers the entry.
func (l *Ledger) Prove(ctx context.Context, origin string, index int64) (*Inclusion, error) {
	h, err := l.Head(ctx, origin)
	if err != nil {
		return nil, err
	}
	if index < 0 || index >= h.Size {
		return nil, news.Errorf(news.NotFound, "index", "the ledger of %s has %d entries here", origin, h.Size)
	}
	size, signed, err := l.bestCheckpoint(ctx, h, index)
	if err != nil {
		return nil, err
	}
	p, err := tlog.ProveRecord(size, index, l.hashes(ctx, h.id))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d of %s: %w", index, origin, err)
	}
	return &Inclusion{Index: index, Proof: p, Checkpoint: signed}, nil
}

func (l *Ledger) bestCheckpoint(ctx context.Context, h *Head, index int64) (int64, []byte, error) {
	size, signed := int64(0), []byte(nil)
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT c.size, c.note, s.line FROM checkpoint c
		JOIN cosignature s ON s.log = c.log AND s.size = c.size
		WHERE c.log = $1 AND c.size > $2 AND c.size <= $3 ORDER BY c.size DESC, s.witness`, h.id, index, h.Size)
	if err != nil {
		return 0, nil, err
	}
	defer rows.Close()
	best := 0
	byteSize := map[int64][]byte{}
	lines := map[int64]int{}
	for rows.Next() {
		var n int64
		var note []byte
		var line string
		if err := rows.Scan(&n, &note, &line); err != nil {
			return 0, nil, err
		}
		if byteSize[n] == nil {
			byteSize[n] = note
		}
		byteSize[n] = WithCosignatures(byteSize[n], []string{line})
		if lines[n]++; lines[n] > best {
			best, size = lines[n], n
		}
	}
	if err := rows.Err(); err != nil {
		return 0, nil, err
	}
	if best > 0 {
		return size, byteSize[size], nil
	}
	size, signed = h.Checkpoint.Size, h.Checkpoint.Note
	if size > h.Size {
		return 0, nil, news.Errorf(news.Unavailable, "proof", "the mirror of %s is still catching up: try again in a moment", h.Origin)
	}
	return size, signed, nil
}

// keptCheckpoints is how many cosigned checkpoints are kept: any later one
// proves every earlier entry, so only the newest matter.
const keptCheckpoints = 64

// AddCosignature keeps a witness's verified signature on a checkpoint of the
// log.
func (l *Ledger) AddCosignature(ctx context.Context, cp *Checkpoint, c *Cosignature) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		h, err := head(ctx, tx, cp.Origin, "")
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO checkpoint (log, size, note, rotation) VALUES ($1, $2, $3, 0)
			ON CONFLICT (log, size) DO NOTHING`, h.id, cp.Size, cp.Note)
		if err != nil {
			return fmt.Errorf("keep checkpoint: %w", err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO cosignature (log, size, witness, line) VALUES ($1, $2, $3, $4)
			ON CONFLICT (log, size, witness) DO NOTHING`, h.id, cp.Size, c.Witness, c.Line)
		if err != nil {
			return fmt.Errorf("keep cosignature: %w", err)
		}
		for _, prune := range []string{
			`DELETE FROM cosignature WHERE log = $1 AND size < (SELECT min(size) FROM
				(SELECT size FROM checkpoint WHERE log = $1 ORDER BY size DESC LIMIT $2) AS kept)`,
			`DELETE FROM checkpoint WHERE log = $1 AND rotation = 0 AND size < (SELECT min(size) FROM
				(SELECT size FROM checkpoint WHERE log = $1 ORDER BY size DESC LIMIT $2) AS kept)`,
		} {
			if _, err := tx.ExecContext(ctx, prune, h.id, keptCheckpoints); err != nil {
				return fmt.Errorf("prune checkpoints: %w", err)
			}
		}
		return nil
	})
}

// Witnesses returns the newest cosignature of each witness of the origin's log.
func (l *Ledger) Witnesses(ctx context.Context, origin string) (map[string]int64, error) {
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT s.witness, max(s.size) FROM cosignature s
		JOIN log g ON g.id = s.log WHERE g.origin = $1 GROUP BY s.witness`, origin)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var w string
		var n int64
		if err := rows.Scan(&w, &n); err != nil {
			return nil, err
		}
		out[w] = n
	}
	return out, rows.Err()
}

// ProveConsistency returns the proof that the origin's tree of the larger size
// begins with its tree of the smaller one.
func (l *Ledger) ProveConsistency(ctx context.Context, origin string, smaller, larger int64) (tlog.TreeProof, error) {
	h, err := l.Head(ctx, origin)
	if err != nil {
		return nil, err
	}
	if smaller < 1 || smaller > larger || larger > h.Size {
		return nil, news.Errorf(news.Invalid, "size", "%d to %d are not sizes of this ledger of %d entries", smaller, larger, h.Size)
	}
	return tlog.ProveTree(larger, smaller, l.hashes(ctx, h.id))
}

// Resign returns the checkpoint of an earlier size of the node's own ledger,
// signed now: a witness may answer for a size that has been passed meanwhile.
// root must be what RootAt says, so that nothing is ever signed that the ledger
// was not.
func (l *Ledger) Resign(ctx context.Context, size int64, root tlog.Hash) (*Checkpoint, error) {
	had, err := l.RootAt(ctx, l.own.origin, size)
	if err != nil {
		return nil, err
	}
	if had != root {
		return nil, news.Errorf(news.Conflict, "root", "this ledger had another root at %d entries", size)
	}
	signed, err := signNote(checkpointText(l.own.origin, size, root), l.key.Load())
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return &Checkpoint{Origin: l.own.origin, Size: size, Root: root, Note: signed}, nil
}
