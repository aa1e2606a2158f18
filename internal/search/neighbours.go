package search

import (
	"context"
	"encoding/binary"
	"fmt"

	"jisr/internal/db"
)

// neighbours finds which recent items have a fingerprint like a given one,
// without looking at all of them: two that differ in three bits of 64 have one
// of four bands of 16 bits in common, so each is chained to the others that share
// one of its bands.
//
// It is a memory of what search_doc says, and holds facts only that never change:
// which fingerprint stands at which position of the journal. Whether an item is
// still there, and to which bundle it belongs, is for the database to say, in the
// transaction that asks. So two processes over one database may each have one. A
// table of bands would be written all over by every batch, and the larger the
// archive the more of it; this costs 40 bytes an item and a microsecond.
//
// Only the reach newest positions of the journal count: the same on every node
// and in every rebuilt index.
type neighbours struct {
	top     int64 // positions up to here are known
	entries []neighbour
	chains  [bands]chains
}

type neighbour struct {
	fingerprint
	position int64
	next     [bands]int32 // place in entries of the next in its chain, plus one
}

// chains are those of one band: of the entries that share its 16 bits (folded
// with their kin), in the order of their positions.
type chains struct{ first, last []int32 } // place in entries, plus one

const (
	bands = 4
	// reach is how many positions of the journal are looked back: some two months
	// of a wire that brings four thousand items a day.
	reach = 1 << 18
	// maxCandidates is how many of a chain are compared, from the oldest on.
	// Reports made from a template (weather, markets) can have thousands in common.
	maxCandidates = 64
)

func newNeighbours() *neighbours {
	n := &neighbours{}
	for b := range n.chains {
		n.chains[b] = chains{make([]int32, 1<<16), make([]int32, 1<<16)}
	}
	return n
}

// bandsOf returns in which chain of each band the fingerprint belongs. A short
// text is only ever linked to its equal: one chain is enough.
func bandsOf(f fingerprint) (keys [bands]uint16, used int) {
	kin := uint16(f.kin ^ f.kin>>16)
	for b := range keys {
		keys[b] = uint16(f.near>>(16*b)) ^ kin
	}
	if f.short() {
		return keys, 1
	}
	return keys, bands
}

// add takes an item in. Its position must be above all others'.
func (n *neighbours) add(position int64, f fingerprint) {
	n.top = position
	if f.words == 0 {
		return
	}
	if len(n.entries) >= 2*reach {
		n.forget()
	}
	n.entries = append(n.entries, neighbour{fingerprint: f, position: position})
	place := int32(len(n.entries))
	keys, used := bandsOf(f)
	for b := range used {
		c := &n.chains[b]
		if last := c.last[keys[b]]; last != 0 {
			n.entries[last-1].next[b] = place
		} else {
			c.first[keys[b]] = place
		}
		c.last[keys[b]] = place
	}
}

// forget drops what is out of reach.
func (n *neighbours) forget() {
	old := n.entries
	top := n.top
	*n = *newNeighbours()
	for _, e := range old {
		if e.position > top-reach {
			n.add(e.position, e.fingerprint)
		}
	}
	n.top = top
}

// of returns the positions of the items like one at the position.
func (n *neighbours) of(position int64, f fingerprint) []int64 {
	if f.words == 0 {
		return nil
	}
	var out []int64
	keys, used := bandsOf(f)
	for b := range used {
		looked := 0
		place := &n.chains[b].first[keys[b]]
		for *place != 0 && looked < maxCandidates {
			e := &n.entries[*place-1]
			if e.position <= position-reach {
				*place = e.next[b] // it will be out of reach of all that come
				if *place == 0 {
					n.chains[b].last[keys[b]] = 0
				}
				continue
			}
			if e.position >= position {
				break
			}
			looked++
			if _, ok := f.distance(e.fingerprint); ok && !seenBefore(f, e.fingerprint, b) {
				out = append(out, e.position)
			}
			next := e.next[b]
			place = &next
		}
	}
	return out
}

// seenBefore reports whether the two share an earlier band, in whose chain they
// have met.
func seenBefore(f, g fingerprint, band int) bool {
	differ := f.near ^ g.near
	for b := range band {
		if uint16(differ>>(16*b)) == 0 {
			return true
		}
	}
	return false
}

// catchUp reads what was indexed since, by this process before it started or by
// another one.
func (n *neighbours) catchUp(ctx context.Context, q db.Queryer) error {
	rows, err := q.QueryContext(ctx, `SELECT position, print FROM search_doc WHERE position > $1 AND position >
		(SELECT coalesce(max(position), 0) FROM search_doc) - $2 ORDER BY position`, n.top, reach)
	if err != nil {
		return fmt.Errorf("read fingerprints: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var position int64
		var print []byte
		if err := rows.Scan(&position, &print); err != nil {
			return fmt.Errorf("read fingerprints: %w", err)
		}
		n.add(position, readPrint(print))
	}
	return rows.Err()
}

// The bytes of a fingerprint in the database.
func (f fingerprint) encode() []byte {
	if f.words == 0 {
		return []byte{}
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 24), uint32(f.words))
	b = binary.LittleEndian.AppendUint32(b, f.kin)
	b = binary.LittleEndian.AppendUint64(b, f.near)
	return binary.LittleEndian.AppendUint64(b, f.exact)
}

func readPrint(b []byte) (f fingerprint) {
	if len(b) != 24 {
		return f
	}
	return fingerprint{words: int(binary.LittleEndian.Uint32(b)), kin: binary.LittleEndian.Uint32(b[4:]),
		near: binary.LittleEndian.Uint64(b[8:]), exact: binary.LittleEndian.Uint64(b[16:])}
}
