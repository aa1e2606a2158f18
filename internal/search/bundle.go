package search

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"jisr/internal/db"
)

// A bundle is all items that links connect; its id is made of the name of the one
// that came first, so that an index built anew has the same bundles.
// Links are not stored: they follow from the fingerprints.

// bundleOf returns the id of the bundle that an item began.
func bundleOf(k key) int64 {
	id := int64(hashOf(k.origin + "\n" + k.uri))
	if id == 0 {
		return 1
	}
	return id
}

// group is items that are known to belong together: a bundle of the index, an
// item of the index that was alone so far, or an item that is being indexed.
type group struct {
	label    int64 // of a bundle
	position int64 // of an item of the index
	doc      *document
	key      key   // of the item that came first …
	born     int64 // … and when; 0 while it is not known
	parent   *group
}

func (g *group) root() *group {
	for g.parent != nil {
		g = g.parent
	}
	return g
}

// bundle puts the documents, which are not in the index yet, into bundles with
// each other and with what is there, and marks what is there accordingly.
func (ix *indexer) bundle(ctx context.Context, tx *db.Tx, docs []*document) error {
	near := ix.near
	if near == nil {
		near = newNeighbours()
	}
	// If the transaction fails, what near learns from it is wrong: it is read again.
	ix.near = nil
	tx.AfterCommit(func() { ix.near = near })
	if err := near.catchUp(ctx, tx); err != nil {
		return err
	}
	like := make(map[*document][]int64)
	wanted := map[int64]bool{}
	for _, d := range docs {
		if found := near.of(d.position, d.print); len(found) > 0 {
			like[d] = found
			for _, p := range found {
				wanted[p] = true
			}
		}
		near.add(d.position, d.print)
	}
	if len(like) == 0 {
		return nil
	}
	at, err := groupsAt(ctx, tx, docs, wanted)
	if err != nil {
		return err
	}
	joined := map[*group][]*group{} // what became one, by its root
	for _, d := range docs {
		g := at[d.position]
		for _, p := range like[d] {
			if other := at[p]; other != nil { // not superseded since
				join(g.root(), other.root(), joined)
			}
		}
	}
	roots := make([]*group, 0, len(joined))
	for root := range joined {
		roots = append(roots, root)
	}
	slices.SortFunc(roots, func(a, b *group) int { return int(a.born - b.born) })
	for _, root := range roots {
		if err := label(ctx, tx, append(joined[root], root)); err != nil {
			return err
		}
	}
	return nil
}

// groupsAt returns the group of each document and of each wanted position that
// is in the index.
func groupsAt(ctx context.Context, tx *db.Tx, docs []*document, wanted map[int64]bool) (map[int64]*group, error) {
	at := make(map[int64]*group, len(docs)+len(wanted))
	for _, d := range docs {
		at[d.position] = &group{doc: d, key: d.key(), born: d.born}
		delete(wanted, d.position)
	}
	positions := make([]any, 0, len(wanted))
	for p := range wanted {
		positions = append(positions, p)
	}
	bundles := map[int64]*group{}
	for part := range slices.Chunk(positions, maxMarks) {
		rows, err := tx.QueryContext(ctx, `SELECT position, origin, uri, born, bundle FROM search_doc WHERE position IN (`+placeholders(len(part))+`)`, part...)
		if err != nil {
			return nil, err
		}
		for rows.Next() {
			var position, label int64
			var g group
			if err := rows.Scan(&position, &g.key.origin, &g.key.uri, &g.born, &label); err != nil {
				return nil, errors.Join(err, rows.Close())
			}
			switch {
			case label == 0:
				g.position = position
				at[position] = &g
			case bundles[label] == nil:
				bundles[label] = &group{label: label}
				fallthrough
			default:
				at[position] = bundles[label]
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, err
		}
	}
	return at, nil
}

// join makes one of two roots.
func join(a, b *group, joined map[*group][]*group) {
	if a == b {
		return
	}
	if len(joined[a]) < len(joined[b]) {
		a, b = b, a
	}
	b.parent = a
	joined[a] = append(append(joined[a], b), joined[b]...)
	delete(joined, b)
}

// label gives the groups the id of the item among them that came first.
func label(ctx context.Context, tx *db.Tx, groups []*group) error {
	id, err := idOf(ctx, tx, groups)
	if err != nil {
		return err
	}
	var alone []any
	for _, g := range groups {
		switch {
		case g.doc != nil:
			g.doc.bundle = id
		case g.label == 0:
			alone = append(alone, g.position)
		case g.label != id:
			if _, err := tx.ExecContext(ctx, `UPDATE search_doc SET bundle = $1 WHERE bundle = $2`, id, g.label); err != nil {
				return err
			}
		}
	}
	return setBundle(ctx, tx, id, alone)
}

func setBundle(ctx context.Context, tx *db.Tx, id int64, positions []any) error {
	for part := range slices.Chunk(positions, maxMarks) {
		_, err := tx.ExecContext(ctx, `UPDATE search_doc SET bundle = $`+fmt.Sprint(len(part)+1)+
			` WHERE position IN (`+placeholders(len(part))+`)`, append(slices.Clone(part), id)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// idOf returns the id of what the groups become. Mostly new items join a bundle,
// which keeps its id.
func idOf(ctx context.Context, tx *db.Tx, groups []*group) (int64, error) {
	var bundles, older []*group
	for _, g := range groups {
		switch {
		case g.label != 0:
			bundles = append(bundles, g)
		case g.doc == nil || g.born < g.doc.position:
			older = append(older, g)
		}
	}
	if len(bundles) == 1 && len(older) == 0 {
		return bundles[0].label, nil
	}
	for _, g := range bundles {
		err := tx.QueryRowContext(ctx, `SELECT born, origin, uri FROM search_doc WHERE bundle = $1 AND bundle <> 0 ORDER BY born LIMIT 1`, g.label).
			Scan(&g.born, &g.key.origin, &g.key.uri)
		if err != nil {
			return 0, err
		}
	}
	first := slices.MinFunc(groups, func(a, b *group) int { return int(a.born - b.born) })
	return bundleOf(first.key), nil
}

// maxParted is up to how many members a bundle is taken apart when one of them
// changed. A larger one, of reports made from a template, stays as it is.
const maxParted = 400

// part sees whether bundles that lost a member to a new version still hang
// together, and gives up ids of those that left before somebody else gets one.
func part(ctx context.Context, tx *db.Tx, labels map[int64]bool) error {
	for label := range labels {
		members, err := membersOf(ctx, tx, label)
		if err != nil {
			return err
		}
		if len(members) == 0 {
			continue
		}
		if len(members) == maxParted {
			// Its id may be that of the item which left.
			if id := bundleOf(members[0].key); id != label {
				if _, err := tx.ExecContext(ctx, `UPDATE search_doc SET bundle = $1 WHERE bundle = $2`, id, label); err != nil {
					return err
				}
			}
			continue
		}
		for _, together := range components(members) {
			id := int64(0)
			if len(together) > 1 {
				id = bundleOf(together[0].key)
			}
			if id == label {
				continue
			}
			positions := make([]any, len(together))
			for i, m := range together {
				positions[i] = m.position
			}
			if err := setBundle(ctx, tx, id, positions); err != nil {
				return err
			}
		}
	}
	return nil
}

type member struct {
	fingerprint
	position int64
	key      key
}

// membersOf returns the members of a bundle, the first to come first.
func membersOf(ctx context.Context, tx *db.Tx, label int64) ([]member, error) {
	rows, err := tx.QueryContext(ctx, `SELECT position, origin, uri, print FROM search_doc WHERE bundle = $1 AND bundle <> 0
		ORDER BY born LIMIT $2`, label, maxParted)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []member
	for rows.Next() {
		var m member
		var print []byte
		if err := rows.Scan(&m.position, &m.key.origin, &m.key.uri, &print); err != nil {
			return nil, err
		}
		m.fingerprint = readPrint(print)
		out = append(out, m)
	}
	return out, rows.Err()
}

// components parts members into those that links connect, keeping their order.
func components(members []member) [][]member {
	var out [][]member
	for len(members) > 0 {
		together := members[:1:1]
		rest := slices.Clone(members[1:])
		for i := 0; i < len(together); i++ {
			rest = slices.DeleteFunc(rest, func(m member) bool {
				apart := max(m.position, together[i].position) - min(m.position, together[i].position)
				if _, ok := m.distance(together[i].fingerprint); !ok || apart >= reach {
					return false
				}
				together = append(together, m)
				return true
			})
		}
		out = append(out, together)
		members = rest
	}
	return out
}
