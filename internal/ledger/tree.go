package ledger

import (
	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is fixed by C2SP tlog-tiles: 256 hashes a tile.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// edge is the right edge of a Merkle tree (RFC 6962 §2.1): for each tile level,
// the hashes of its rightmost tile that is not full. It is all that appending
// and computing the root need.
type edge struct {
	size   int64
	levels [][]tlog.Hash
}

// tile is a tile to be stored: full or the rightmost of its level.
type tile struct {
	level  int
	index  int64
	hashes []tlog.Hash
}

// clone returns a copy that shares nothing with e, so that a failed append
// leaves e as it was.
func (e *edge) clone() *edge {
	c := &edge{size: e.size, levels: make([][]tlog.Hash, len(e.levels))}
	for i, l := range e.levels {
		c.levels[i] = append(make([]tlog.Hash, 0, tileWidth), l...)
	}
	return c
}

// extend appends record hashes and returns the tiles that must be stored: the
// ones that became full, then the partial ones that changed.
func (e *edge) extend(records []tlog.Hash) []tile {
	var out []tile
	changed := make([]bool, len(e.levels)+8)
	for _, h := range records {
		e.size++
		for level := 0; ; level++ {
			if level == len(e.levels) {
				e.levels = append(e.levels, make([]tlog.Hash, 0, tileWidth))
			}
			e.levels[level] = append(e.levels[level], h)
			changed[level] = true
			if len(e.levels[level]) < tileWidth {
				break
			}
			full := e.levels[level]
			index := (e.size >> (tileHeight * (level + 1))) - 1
			out = append(out, tile{level, index, full})
			e.levels[level] = make([]tlog.Hash, 0, tileWidth)
			changed[level] = false
			h = subtree(full)
		}
	}
	for level, l := range e.levels {
		if changed[level] && len(l) > 0 {
			out = append(out, tile{level, e.size >> (tileHeight * (level + 1)), l})
		}
	}
	return out
}

// root returns the tree's hash.
func (e *edge) root() tlog.Hash {
	var root tlog.Hash
	have := false
	for _, l := range e.levels {
		if len(l) == 0 {
			continue
		}
		if have {
			// The hashes of a level are perfect subtrees and what lies below them to
			// the right is smaller than one, so RFC 6962 splits the list as if each
			// were a leaf.
			l = append(l[:len(l):len(l)], root)
		}
		root, have = subtree(l), true
	}
	if !have {
		h, _ := tlog.TreeHash(0, nil) // of the empty tree: SHA-256 of nothing
		return h
	}
	return root
}

// subtree is MTH of RFC 6962 §2.1 over hashes of subtrees.
func subtree(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	split := 1
	for split*2 < len(hashes) {
		split *= 2
	}
	return tlog.NodeHash(subtree(hashes[:split]), subtree(hashes[split:]))
}

// recordHash is the tree's leaf hash over an entry's leaf: the log's records
// are the 32-byte leaves, so that a withheld entry still has its place.
func recordHash(leaf Hash) tlog.Hash { return tlog.RecordHash(leaf[:]) }
