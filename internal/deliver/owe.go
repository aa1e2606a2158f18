package deliver

import (
	"context"
	"fmt"
	"strings"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// follower notes what is owed to whom, in the transaction in which it goes past
// the entry.
func (s *Service) follower() ledger.Follower {
	return ledger.Follower{Name: Follower, Kinds: []ledger.Kind{ledger.KindItem}, Needs: s.Needs, Batch: 200, Prepare: s.prepare}
}

// arriving is an arrival with where it goes.
type arriving struct {
	arrival
	to map[string]*Destination // that take it now
}

// prepare reads the records and finds who takes what, which needs no
// transaction.
func (s *Service) prepare(ctx context.Context, records []*ledger.Record) (func(context.Context, *db.Tx) error, error) {
	l, err := s.load(ctx)
	if err != nil || len(l.destinations) == 0 {
		return nil, err
	}
	var batch []*arriving
	for _, r := range records {
		a, err := s.arriving(l, r)
		if err != nil {
			s.Log.Warn("an item entry cannot be delivered", "origin", r.Origin, "index", r.Index, "err", err)
			continue
		}
		batch = append(batch, a)
	}
	if len(batch) == 0 {
		return nil, nil
	}
	return func(ctx context.Context, tx *db.Tx) error { return s.owe(ctx, tx, l, batch) }, nil
}

func (s *Service) arriving(l *listing, r *ledger.Record) (*arriving, error) {
	e, body, err := itemOf(r)
	if err != nil {
		return nil, err
	}
	a := &arriving{arrival: arrival{item: Item{r.Origin, e.Ref}, position: r.Position, index: r.Index, version: body.Version,
		act: body.Act, embargoed: body.Label.Embargoed}}
	if body.Act.StopsUse() || len(l.products) == 0 {
		return a, nil // a stop goes to whoever has the item, and to nobody else
	}
	it, err := contentOf(r, e, body)
	if err != nil {
		return nil, err
	}
	if it.Embargoed.After(a.embargoed) {
		a.embargoed = it.Embargoed // should label and content disagree, the later time is the safe one
	}
	a.to = l.takers(&candidate{origin: r.Origin, own: r.Own, desk: body.Label.Desk, item: it})
	for id, d := range a.to {
		if d.since >= r.Position {
			delete(a.to, id) // issued before this destination was made
		}
	}
	return a, nil
}

// itemOf reads an item entry.
func itemOf(r *ledger.Record) (*ledger.Entry, *news.ItemBody, error) {
	e, err := r.Entry()
	if err != nil {
		return nil, nil, err
	}
	var b news.ItemBody
	if err := e.Decode(&b); err != nil {
		return nil, nil, err
	}
	if e.Ref == "" || b.Version < 1 || !b.Act.Valid() {
		return nil, nil, news.Errorf(news.Invalid, "body", "an item entry needs a ref, a version and an act that we know")
	}
	return e, &b, nil
}

// contentOf returns the item that an entry speaks of. One whose content is not
// here is known by its label.
func contentOf(r *ledger.Record, e *ledger.Entry, b *news.ItemBody) (*news.Item, error) {
	if r.Body == nil {
		return &news.Item{URI: e.Ref, Type: b.Label.Type, Language: b.Label.Language, Embargoed: b.Label.Embargoed}, nil
	}
	it, _, err := ninjs.Read(r.Body)
	if err != nil {
		return nil, err
	}
	if it.URI != e.Ref {
		return nil, news.Errorf(news.Invalid, "uri", "the content is that of %q, the entry that of %q", it.URI, e.Ref)
	}
	return it, nil
}

// owe notes what the batch means for each destination.
func (s *Service) owe(ctx context.Context, tx *db.Tx, l *listing, batch []*arriving) error {
	history, err := histories(ctx, tx, batch)
	if err != nil {
		return err
	}
	n := s.newNotes()
	for _, a := range batch {
		before := history[a.item]
		for id := range before {
			d := l.destinations[id]
			if d == nil || d.Kind == Callback {
				continue // what a feed shows its callbacks follows from the feed
			}
			n.note(&a.arrival, d, a.to[id] != nil, before)
		}
		for id, d := range a.to {
			if _, noted := before[id]; !noted {
				n.note(&a.arrival, d, true, before)
			}
		}
	}
	return s.store(ctx, tx, n)
}

// notes collects what is to be written about deliveries.
type notes struct {
	s     *Service
	now   int64
	fresh []*noted
	old   map[settlement][]string // ids, by what becomes of them
	wake  map[string]bool         // destinations; true for something urgent
}

type settlement struct {
	state   State
	because string
}

// noted is a delivery that is to be stored.
type noted struct {
	past
	a   *arrival
	to  string
	due int64
	nb  int64
}

func (s *Service) newNotes() *notes {
	return &notes{s: s, now: db.Micros(s.Now()), old: map[settlement][]string{}, wake: map[string]bool{}}
}

// note decides about one destination and keeps before up to date, since a batch
// may hold several versions of an item.
func (n *notes) note(a *arrival, d *Destination, wanted bool, before map[string][]*past) {
	v := decide(a, wanted, before[d.ID])
	for _, p := range v.settled {
		p.state, p.reason, p.place = v.as, v.because, 0
		if !p.fresh {
			k := settlement{v.as, v.because}
			n.old[k] = append(n.old[k], p.id)
		}
	}
	if len(v.settled) > 0 && d.Kind.pulled() {
		n.wake[d.ID] = n.wake[d.ID] || false
	}
	if !v.owe {
		return
	}
	fresh := &noted{past: past{id: n.s.newID(), position: a.position, index: a.index, act: a.act, state: v.state, reason: v.reason, fresh: true},
		a: a, to: d.ID, due: n.now}
	if !a.act.StopsUse() && !n.s.trusts(d, a.item) {
		if fresh.nb = db.Micros(a.embargoed); fresh.nb > fresh.due {
			fresh.due = fresh.nb
		}
	}
	n.fresh = append(n.fresh, fresh)
	before[d.ID] = append(before[d.ID], &fresh.past)
	if v.state == Waiting {
		n.wake[d.ID] = n.wake[d.ID] || urgent(a.act)
	}
}

// trusts reports whether the destination gets the item while it is under
// embargo. What a partner trusts this house with is not this house's to give on.
func (s *Service) trusts(d *Destination, it Item) bool {
	return d.Embargo == Trusted && it.Origin == s.Ledger.Origin()
}

const notedColumns = 15

// store writes the notes and calls who has to act on them.
func (s *Service) store(ctx context.Context, tx *db.Tx, n *notes) error {
	for k, ids := range n.old {
		if err := settle(ctx, tx, k, ids); err != nil {
			return err
		}
	}
	rows := make([]any, 0, len(n.fresh)*notedColumns)
	for _, f := range n.fresh {
		rows = append(rows, f.id, f.to, f.a.item.Origin, f.a.item.URI, f.position, f.index, f.a.version, string(f.act),
			string(f.state), flag(urgent(f.act)), n.now, f.nb, f.due, f.due, f.reason)
	}
	err := db.NewBulk(`delivery (id, destination, origin, uri, position, idx, version, act, state, priority, created, not_before, due, since, reason)`,
		notedColumns, "").Insert(ctx, tx, rows)
	if err != nil {
		return err
	}
	if len(n.wake) == 0 && len(n.old) == 0 {
		return nil
	}
	tx.AfterCommit(func() { s.wake(n.wake) })
	return tx.Notify(ctx, Topic)
}

// perStatement is how many ids one statement names.
const perStatement = 200

// settle gives the deliveries a state in which they go nowhere any more, as far
// as they are still waiting.
func settle(ctx context.Context, tx *db.Tx, k settlement, ids []string) error {
	for len(ids) > 0 {
		part := ids[:min(len(ids), perStatement)]
		ids = ids[len(part):]
		args := []any{string(k.state), k.because}
		for _, id := range part {
			args = append(args, id)
		}
		_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = $1, reason = $2, place = 0 WHERE id IN (`+marks(3, len(part))+`)
			AND state IN ('waiting', 'offered')`, args...)
		if err != nil {
			return fmt.Errorf("settle deliveries: %w", err)
		}
	}
	return nil
}

// marks returns n placeholders from first on, with commas between.
func marks(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}

// histories returns what was owed of the items before, by item and destination.
// On PostgreSQL the rows are locked, so that none of them is taken for sending
// while it is decided about.
func histories(ctx context.Context, tx *db.Tx, batch []*arriving) (map[Item]map[string][]*past, error) {
	out := map[Item]map[string][]*past{}
	var items []Item
	for _, a := range batch {
		if out[a.item] == nil {
			out[a.item] = map[string][]*past{}
			items = append(items, a.item)
		}
	}
	for len(items) > 0 {
		part := items[:min(len(items), perStatement/2)]
		items = items[len(part):]
		if err := readHistories(ctx, tx, part, out); err != nil {
			return nil, fmt.Errorf("read earlier deliveries: %w", err)
		}
	}
	return out, nil
}

func readHistories(ctx context.Context, tx *db.Tx, items []Item, into map[Item]map[string][]*past) error {
	either, args := make([]string, len(items)), make([]any, 0, 2*len(items))
	for i, it := range items {
		args = append(args, it.Origin, it.URI)
		either[i] = fmt.Sprintf("(origin = $%d AND uri = $%d)", len(args)-1, len(args))
	}
	rows, err := tx.QueryContext(ctx, `SELECT origin, uri, destination, `+pastColumns+` FROM delivery
		WHERE `+strings.Join(either, " OR ")+inOrder(tx), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var item Item
		var to string
		p, err := scanPast(rows, &item.Origin, &item.URI, &to)
		if err != nil {
			return err
		}
		into[item][to] = append(into[item][to], p)
	}
	return rows.Err()
}

// inOrder locks rows in the order of their ids, so that two transactions never
// wait for one another. Without locks the order would only cost an index.
func inOrder(tx *db.Tx) string {
	if lock := tx.ForUpdate(); lock != "" {
		return " ORDER BY id" + lock
	}
	return ""
}

const pastColumns = `id, position, idx, act, state, reached, place`

func scanPast(rows interface{ Scan(...any) error }, first ...any) (*past, error) {
	p := &past{}
	var reached int
	err := rows.Scan(append(first, &p.id, &p.position, &p.index, &p.act, &p.state, &reached, &p.place)...)
	p.reached = reached == 1
	return p, err
}
