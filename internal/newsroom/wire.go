package newsroom

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"jisr/internal/db"
	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// WireFollower is the name of the follower behind the wire, for WaitFollower.
const WireFollower = "wire"

// wireFollower keeps the newest version of every item in the table item.
func (s *Service) wireFollower() ledger.Follower {
	return ledger.Follower{Name: WireFollower, Kinds: []ledger.Kind{ledger.KindItem}, Prepare: s.prepareWire}
}

// arrival is an item entry as the wire needs it.
type arrival struct {
	record *ledger.Record
	entry  *ledger.Entry
	body   news.ItemBody
	item   *news.Item
}

// prepareWire reads the records and returns what shows them on the wire.
func (s *Service) prepareWire(_ context.Context, records []*ledger.Record) (func(context.Context, *db.Tx) error, error) {
	arrivals := make([]*arrival, 0, len(records))
	for _, r := range records {
		a, err := read(r)
		if err != nil {
			// The entry is of record all the same; it is shown raw on the ledger page.
			s.log.Warn("an item entry cannot be shown on the wire", "origin", r.Origin, "index", r.Index, "err", err)
			continue
		}
		arrivals = append(arrivals, a)
	}
	return func(ctx context.Context, tx *db.Tx) error { return s.applyWire(ctx, tx, arrivals) }, nil
}

func (s *Service) applyWire(ctx context.Context, tx *db.Tx, arrivals []*arrival) error {
	if err := upsertItems(ctx, tx, arrivals); err != nil {
		return err
	}
	shown, err := readShown(ctx, tx, arrivals)
	if err != nil {
		return err
	}
	for _, a := range arrivals {
		if err := s.applyDerivations(ctx, tx, a, shown); err != nil {
			return err
		}
	}
	if err := applyOwn(ctx, tx, arrivals); err != nil {
		return err
	}
	return tx.Notify(ctx, Topic)
}

// read reads an item entry with its content. An entry whose content is not here
// is shown by its label alone.
func read(r *ledger.Record) (*arrival, error) {
	a, err := readAct(r)
	if err != nil {
		return nil, err
	}
	return a, a.readContent()
}

// readAct reads an item entry without its content, which takes longer.
func readAct(r *ledger.Record) (*arrival, error) {
	e, err := r.Entry()
	if err != nil {
		return nil, err
	}
	a := &arrival{record: r, entry: e}
	if err := e.Decode(&a.body); err != nil {
		return nil, err
	}
	if e.Ref == "" || a.body.Version < 1 || !a.body.Act.Valid() {
		return nil, news.Errorf(news.Invalid, "body", "an item entry needs a ref, a version and an act that we know")
	}
	return a, nil
}

func (a *arrival) readContent() (err error) {
	if a.record.Body == nil {
		l := &a.body.Label
		a.item = &news.Item{URI: a.entry.Ref, Type: l.Type, Language: l.Language, Embargoed: l.Embargoed}
		return nil
	}
	if a.item, _, err = ninjs.Read(a.record.Body); err != nil {
		return err
	}
	if a.item.URI != a.entry.Ref {
		return news.Errorf(news.Invalid, "uri", "the content is that of %q, the entry that of %q", a.item.URI, a.entry.Ref)
	}
	return nil
}

// upsertItems writes the newest version of each item of the batch. One
// statement may touch a row only once, so older versions within the batch are
// dropped first.
func upsertItems(ctx context.Context, tx *db.Tx, arrivals []*arrival) error {
	newest := make(map[[2]string]*arrival, len(arrivals))
	for _, a := range arrivals {
		key := [2]string{a.record.Origin, a.entry.Ref}
		if old := newest[key]; old == nil || a.record.Index > old.record.Index {
			newest[key] = a
		}
	}
	rows := make([]any, 0, len(newest)*itemColumns)
	for _, a := range arrivals {
		if newest[[2]string{a.record.Origin, a.entry.Ref}] == a {
			rows = a.appendRow(rows)
		}
	}
	// Entries of one log can arrive out of order when withheld ones are revealed:
	// the place in the log decides which version is newer, not the time of arrival.
	return db.NewBulk(`item (origin, uri, position, idx, own, version, act, status, blocked, type, language,
		headline, slugline, summary, desk, urgency, machine, issued, embargoed, expires)`, itemColumns,
		`ON CONFLICT (origin, uri) DO UPDATE SET position = excluded.position, idx = excluded.idx,
		version = excluded.version, act = excluded.act, status = excluded.status, type = excluded.type,
		language = excluded.language, headline = excluded.headline, slugline = excluded.slugline,
		summary = excluded.summary, desk = excluded.desk, urgency = excluded.urgency, machine = excluded.machine,
		issued = excluded.issued, embargoed = excluded.embargoed, expires = excluded.expires
		WHERE excluded.idx > item.idx`).Insert(ctx, tx, rows)
}

const itemColumns = 20

func (a *arrival) appendRow(rows []any) []any {
	it, r := a.item, a.record
	return append(rows, r.Origin, a.entry.Ref, r.Position, r.Index, flag(r.Own), a.body.Version, string(a.body.Act),
		string(a.body.Act.After()), "", string(it.Type), strings.ToLower(it.Language), cut(it.Headline(), 500), cut(it.Slugline, 200),
		cut(it.Summary(), 500), a.body.Label.Desk, it.Urgency, flag(it.MachineMade()), db.Micros(a.entry.At),
		db.Micros(it.Embargoed), db.Micros(it.Expires))
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// applyDerivations notes what the item's newest version was made from, and lets
// what a source's act means reach the items made from it.
func (s *Service) applyDerivations(ctx context.Context, tx *db.Tx, a *arrival, known map[[2]string]*shown) error {
	is := known[[2]string{a.record.Origin, a.entry.Ref}]
	if is == nil {
		return fmt.Errorf("%s is not on the wire that it was just written to", a.entry.Ref)
	}
	if a.record.Index == is.idx && (is.derived || len(a.item.DerivedFrom) > 0) {
		is.derived = true
		if err := noteSources(ctx, tx, a); err != nil {
			return err
		}
	}
	if a.body.Act == news.Publish || a.body.Act == news.Update || a.body.Act == news.Correction {
		return nil // these change no source's status
	}
	return block(ctx, tx, `EXISTS (SELECT 1 FROM derived d WHERE d.origin = item.origin AND d.uri = item.uri
		AND d.source_uri = $1 AND d.source_origin = $2)`, a.entry.Ref, a.record.Origin)
}

// shown is what the wire says of an item of a batch.
type shown struct {
	idx     int64 // of its newest version
	derived bool  // whether sources of it are noted
}

// shownAtOnce bounds the items of one statement.
const shownAtOnce = 50

// readShown reads what the wire says of the batch's items, by origin and URI.
func readShown(ctx context.Context, tx *db.Tx, arrivals []*arrival) (map[[2]string]*shown, error) {
	out := make(map[[2]string]*shown, len(arrivals))
	var args []any
	for _, a := range arrivals {
		key := [2]string{a.record.Origin, a.entry.Ref}
		if out[key] == nil {
			out[key] = &shown{}
			args = append(args, key[0], key[1])
		}
	}
	for len(args) > 0 {
		n := min(len(args), 2*shownAtOnce)
		if err := readSomeShown(ctx, tx, args[:n], out); err != nil {
			return nil, fmt.Errorf("read the wire: %w", err)
		}
		args = args[n:]
	}
	return out, nil
}

func readSomeShown(ctx context.Context, tx *db.Tx, args []any, out map[[2]string]*shown) error {
	var pairs strings.Builder
	for i := range len(args) / 2 {
		if i > 0 {
			pairs.WriteByte(',')
		}
		fmt.Fprintf(&pairs, "($%d, $%d)", 2*i+1, 2*i+2)
	}
	// A join, because SQLite would go through all items for pairs in a list.
	rows, err := tx.QueryContext(ctx, `WITH k (origin, uri) AS (VALUES `+pairs.String()+`)
		SELECT i.origin, i.uri, i.idx, CASE WHEN EXISTS (SELECT 1 FROM derived d
		WHERE d.origin = i.origin AND d.uri = i.uri) THEN 1 ELSE 0 END
		FROM k JOIN item i ON i.origin = k.origin AND i.uri = k.uri`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key [2]string
		var derived int
		is := &shown{}
		if err := rows.Scan(&key[0], &key[1], &is.idx, &derived); err != nil {
			return err
		}
		is.derived = derived == 1
		out[key] = is
	}
	return rows.Err()
}

// noteSources replaces what is noted of the item's sources by what its newest
// version says. A source is always one issuer's: where the maker does not say
// whose it means its own, so that nobody can take another's place by issuing
// under the same URI.
func noteSources(ctx context.Context, tx *db.Tx, a *arrival) error {
	origin, uri := a.record.Origin, a.entry.Ref
	res, err := tx.ExecContext(ctx, `DELETE FROM derived WHERE origin = $1 AND uri = $2`, origin, uri)
	if err != nil {
		return fmt.Errorf("forget the sources of %s: %w", uri, err)
	}
	had, err := res.RowsAffected()
	if err != nil {
		return err
	}
	for _, d := range a.item.DerivedFrom {
		source := d.Origin
		if source == "" {
			source = origin
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO derived (source_uri, source_origin, origin, uri, relation)
			VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, d.URI, source, origin, uri, string(d.Relation))
		if err != nil {
			return fmt.Errorf("note a source of %s: %w", uri, err)
		}
	}
	if had == 0 && len(a.item.DerivedFrom) == 0 {
		return nil
	}
	return block(ctx, tx, `origin = $1 AND uri = $2`, origin, uri)
}

// block sets, for the items that the condition chooses, whether a source of
// theirs stops their use. A kill outweighs a hold.
func block(ctx context.Context, tx *db.Tx, condition string, args ...any) error {
	_, err := tx.ExecContext(ctx, `UPDATE item SET blocked = coalesce((
		SELECT max(CASE WHEN s.status = 'killed' OR s.blocked = 'killed' THEN 'killed' ELSE 'held' END)
		FROM derived d JOIN item s ON s.uri = d.source_uri AND s.origin = d.source_origin
		WHERE d.origin = item.origin AND d.uri = item.uri AND (s.status <> 'usable' OR s.blocked <> '')), '')
		WHERE `+condition, args...)
	if err != nil {
		return fmt.Errorf("follow the sources: %w", err)
	}
	return nil
}

// applyOwn keeps the heads of own items that came by another way than Issue:
// after a recovery the ledger holds versions that this database forgot.
func applyOwn(ctx context.Context, tx *db.Tx, arrivals []*arrival) error {
	heads, moved := map[string]head{}, map[string]bool{}
	for _, a := range arrivals {
		if !a.record.Own || a.record.Content == nil || a.body.Version <= heads[a.entry.Ref].version {
			continue
		}
		moved[a.entry.Ref] = true
		heads[a.entry.Ref] = head{
			version: a.body.Version, status: a.body.Act.After(), desk: a.body.Label.Desk,
			hash: a.record.Hash().String(), content: *a.record.Content,
		}
	}
	return writeHeads(ctx, tx, heads, moved)
}
