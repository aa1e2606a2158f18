package vocab

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
	"jisr/internal/search"
)

// Edition is a scheme as a file gives it.
type Edition struct {
	Scheme   Scheme
	Concepts []Concept
	Notes    []string // what of the file was not understood
	partial  bool     // some concepts of a scheme: those it lacks are not retired
}

// Care says what Load does about an edition that looks like a mistake.
type Care int

const (
	// Careful refuses an edition that is older than the one here, and one that
	// would retire more than half of the concepts in use: a file that was cut off
	// or filtered.
	Careful Care = iota
	// Forced loads it.
	Forced
)

// Report says what an edition changed.
type Report struct {
	Scheme    string    `json:"scheme"`
	Alias     string    `json:"alias"`
	Edition   time.Time `json:"edition,omitzero"`
	Previous  time.Time `json:"previous_edition,omitzero"`
	Added     []string  `json:"added"` // codes
	Changed   []string  `json:"changed"`
	Retired   []string  `json:"retired"`
	Unchanged int       `json:"unchanged"`
	Notes     []string  `json:"notes,omitempty"`
}

// Load takes an edition of a scheme in. Concepts that the scheme has no longer
// are retired. Names in languages that the edition does not speak stay: a house's
// translations outlive the authority's next release.
func (s *Service) Load(ctx context.Context, e *Edition, care Care) (*Report, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	var report *Report
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		report, err = s.load(ctx, tx, e, care)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("load the vocabulary %s: %w", e.Scheme.Alias, err)
	}
	return report, nil
}

// loading is one edition on its way into the database.
type loading struct {
	*Edition
	tx      *db.Tx
	scheme  int64 // its id
	next    int64 // the next free id
	old     map[string]*entry
	member  map[string]bool // URIs of the concepts, old and new
	speaks  map[string]bool // languages of the edition
	report  *Report
	changed []*entry
}

// entry is a concept in the database.
type entry struct {
	Concept
	id, place int64
}

func (s *Service) load(ctx context.Context, tx *db.Tx, e *Edition, care Care) (*Report, error) {
	l := &loading{Edition: e, tx: tx, old: map[string]*entry{}, member: map[string]bool{}, speaks: e.languages(),
		report: &Report{Scheme: e.Scheme.URI, Alias: e.Scheme.Alias, Edition: e.Scheme.Edition,
			Added: []string{}, Changed: []string{}, Retired: []string{}, Notes: e.Notes}}
	if err := tx.QueryRowContext(ctx, `SELECT next FROM vocab_state WHERE id = 1`+tx.ForUpdate()).Scan(&l.next); err != nil {
		return nil, err
	}
	was, err := l.findScheme(ctx)
	if err != nil {
		return nil, err
	}
	if care == Careful && was != nil && !was.Embedded && e.Scheme.Edition.Before(was.Edition) {
		return nil, news.Errorf(news.Conflict, "edition", "the file is of %s, the edition here of %s: it is older. --force loads it all the same",
			e.Scheme.Edition.Format(time.DateOnly), was.Edition.Format(time.DateOnly))
	}
	if err := l.readOld(ctx); err != nil {
		return nil, err
	}
	l.compare(s.now())
	if care == Careful && was != nil && !was.Embedded && 2*len(l.report.Retired) > was.Concepts {
		return nil, news.Errorf(news.Conflict, "file", "this would retire %d of %d concepts: the file seems cut off or filtered. --force loads it all the same",
			len(l.report.Retired), was.Concepts)
	}
	if err := l.write(ctx, was); err != nil {
		return nil, err
	}
	return l.report, tx.Notify(ctx, topic)
}

// findScheme finds the scheme as it is here, or takes an id for a new one.
func (l *loading) findScheme(ctx context.Context) (*Scheme, error) {
	rows, err := l.tx.QueryContext(ctx, `SELECT id, `+schemeColumns+` FROM vocab_scheme WHERE uri = $1 OR alias = $2`, l.Scheme.URI, l.Scheme.Alias)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var was *Scheme
	for rows.Next() {
		var id int64
		sc, err := scanScheme(after{rows, []any{&id}})
		if err != nil {
			return nil, err
		}
		if sc.URI != l.Scheme.URI {
			return nil, news.Errorf(news.Conflict, "alias", "the alias %s is that of %s: give this vocabulary another with --alias", sc.Alias, sc.URI)
		}
		was, l.scheme = sc, id
	}
	if was == nil {
		l.scheme = l.take()
	} else {
		l.report.Previous = was.Edition
		l.report.Alias = l.Scheme.Alias
	}
	return was, rows.Err()
}

// after scans columns that stand before others.
type after struct {
	row
	before []any
}

func (a after) Scan(into ...any) error { return a.row.Scan(append(slices.Clone(a.before), into...)...) }

func (l *loading) take() int64 {
	l.next++
	return l.next - 1
}

// readOld reads the concepts of the scheme, and those of others whose URI the
// edition claims.
func (l *loading) readOld(ctx context.Context) error {
	rows, err := l.tx.QueryContext(ctx, `SELECT c.id, c.place, `+conceptColumns+`
		FROM vocab_concept c JOIN vocab_scheme s ON s.id = c.scheme WHERE c.scheme = $1`, l.scheme)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e := &entry{}
		c, err := scanConcept(rows, &e.id, &e.place)
		if err != nil {
			return err
		}
		e.Concept = *c
		l.old[c.URI], l.member[c.URI] = e, true
	}
	return rows.Err()
}

// compare decides what becomes of each concept.
func (l *loading) compare(now time.Time) {
	seen := make(map[string]bool, len(l.Concepts))
	for i := range l.Concepts {
		l.member[l.Concepts[i].URI] = true
	}
	for i := range l.Concepts {
		c := &l.Concepts[i]
		c.Scheme, c.Alias = l.Scheme.URI, l.Scheme.Alias
		seen[c.URI] = true
		was := l.old[c.URI]
		if was == nil {
			l.report.Added = append(l.report.Added, c.Code)
			l.changed = append(l.changed, &entry{*c, l.take(), int64(i + 1)})
			continue
		}
		l.keep(c, &was.Concept)
		place := int64(i + 1)
		if l.partial {
			place = was.place
		}
		was.Alias = c.Alias
		if place == was.place && same(c, &was.Concept) {
			l.report.Unchanged++
			continue
		}
		switch {
		case same(c, &was.Concept):
			l.report.Unchanged++
		case !c.Retired.IsZero() && was.Retired.IsZero():
			l.report.Retired = append(l.report.Retired, c.Code)
		default:
			l.report.Changed = append(l.report.Changed, c.Code)
		}
		l.changed = append(l.changed, &entry{*c, was.id, place})
	}
	if l.partial {
		return
	}
	for _, uri := range slices.Sorted(maps.Keys(l.old)) {
		was := l.old[uri]
		if seen[uri] || !was.Retired.IsZero() {
			continue
		}
		gone := *was
		if gone.Retired = l.Scheme.Edition; gone.Retired.IsZero() {
			gone.Retired = now.UTC().Truncate(time.Second)
		}
		l.report.Retired = append(l.report.Retired, gone.Code)
		l.changed = append(l.changed, &gone)
	}
}

// keep adds what the concept had in languages that the edition does not speak.
func (l *loading) keep(c, was *Concept) {
	c.Names = keepTexts(c.Names, was.Names, l.speaks)
	c.Labels = keepTexts(c.Labels, was.Labels, l.speaks)
	c.Definitions = keepTexts(c.Definitions, was.Definitions, l.speaks)
	if c.ReplacedBy == "" && !c.Retired.IsZero() {
		c.ReplacedBy = was.ReplacedBy
	}
}

func keepTexts[T any](now, was map[string]T, speaks map[string]bool) map[string]T {
	for lang, t := range was {
		_, given := now[lang]
		if given || speaks[lang] || lang == baseOf(lang) && speaks["*"+lang] {
			continue
		}
		if now == nil {
			now = map[string]T{}
		}
		now[lang] = t
	}
	return now
}

// languages returns the languages of the edition's names, and with a star before
// them their base languages: "en-GB" also replaces an "en" that stood in for it.
func (e *Edition) languages() map[string]bool {
	out := map[string]bool{}
	for i := range e.Concepts {
		for lang := range e.Concepts[i].Names {
			out[lang], out["*"+baseOf(lang)] = true, true
		}
	}
	return out
}

func same(a, b *Concept) bool {
	x, y := *a, *b
	for _, c := range []*Concept{&x, &y} {
		c.Retired = db.FromMicros(db.Micros(c.Retired)) // of one zone and precision
		if len(c.Names) == 0 {
			c.Names = nil
		}
		if len(c.Labels) == 0 {
			c.Labels = nil
		}
		if len(c.Definitions) == 0 {
			c.Definitions = nil
		}
		if len(c.Broader) == 0 {
			c.Broader = nil
		}
		if len(c.ExactMatch) == 0 {
			c.ExactMatch = nil
		}
	}
	return reflect.DeepEqual(x, y)
}

// write brings the changes into the tables.
func (l *loading) write(ctx context.Context, was *Scheme) error {
	if err := l.writeConcepts(ctx); err != nil {
		return err
	}
	if err := l.writeTree(ctx); err != nil {
		return err
	}
	if err := index(ctx, l.tx, l.scheme, l.changed); err != nil {
		return err
	}
	if err := l.writeScheme(ctx, was); err != nil {
		return err
	}
	_, err := l.tx.ExecContext(ctx, `UPDATE vocab_state SET next = $1 WHERE id = 1`, l.next)
	return err
}

func (l *loading) writeConcepts(ctx context.Context) error {
	uris := make([]any, 0, len(l.report.Added))
	var values []any
	for _, c := range l.changed {
		if l.old[c.URI] == nil {
			uris = append(uris, c.URI)
		}
		values = append(values, c.id, c.URI, l.scheme, c.place, c.Code, toStore(c.Names), toStore(c.Labels), toStore(c.Definitions),
			toStore(c.Broader), toStore(c.ExactMatch), db.Micros(c.Retired), c.ReplacedBy)
	}
	if err := l.claimed(ctx, uris); err != nil {
		return err
	}
	return db.NewBulk(`vocab_concept (id, uri, scheme, place, code, names, labels, definitions, broader, matches, retired, replaced)`, 12,
		`ON CONFLICT (id) DO UPDATE SET place = excluded.place, code = excluded.code, names = excluded.names, labels = excluded.labels,
		definitions = excluded.definitions, broader = excluded.broader, matches = excluded.matches, retired = excluded.retired,
		replaced = excluded.replaced`).Insert(ctx, l.tx, values)
}

// claimed refuses new concepts whose URI another scheme has.
func (l *loading) claimed(ctx context.Context, uris []any) error {
	return inChunks(uris, func(in string, args []any) error {
		rows, err := l.tx.QueryContext(ctx, `SELECT c.uri, s.alias FROM vocab_concept c JOIN vocab_scheme s ON s.id = c.scheme WHERE c.uri IN (`+in+`)`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			var uri, alias string
			if err := rows.Scan(&uri, &alias); err != nil {
				return err
			}
			return news.Errorf(news.Conflict, "concept", "%s belongs to the vocabulary %s", uri, alias)
		}
		return rows.Err()
	})
}

func (l *loading) writeTree(ctx context.Context) error {
	ids := make([]any, len(l.changed))
	var values []any
	for i, c := range l.changed {
		ids[i] = c.id
		// What is broader in another scheme says nothing of this one's tree.
		parents := slices.DeleteFunc(slices.Clone(c.Broader), func(p string) bool { return !l.member[p] })
		if len(parents) == 0 {
			parents = []string{l.Scheme.URI}
		}
		for _, p := range parents {
			values = append(values, p, c.place, c.id)
		}
	}
	err := inChunks(ids, func(in string, args []any) error {
		_, err := l.tx.ExecContext(ctx, `DELETE FROM vocab_tree WHERE concept IN (`+in+`)`, args...)
		return err
	})
	if err != nil {
		return err
	}
	return db.NewBulk(`vocab_tree (parent, place, concept)`, 3, `ON CONFLICT DO NOTHING`).Insert(ctx, l.tx, values)
}

func (l *loading) writeScheme(ctx context.Context, was *Scheme) error {
	sc := l.Scheme
	if was != nil {
		sc.Names = keepTexts(sc.Names, was.Names, nil)
		sc.Definitions = keepTexts(sc.Definitions, was.Definitions, nil)
		if sc.Authority == "" {
			sc.Authority = was.Authority
		}
	}
	embedded := 0
	if sc.Embedded {
		embedded = 1
	}
	_, err := l.tx.ExecContext(ctx, `INSERT INTO vocab_scheme (id, uri, alias, names, definitions, edition, authority, embedded, concepts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, (SELECT COUNT(*) FROM vocab_concept WHERE scheme = $1 AND retired = 0))
		ON CONFLICT (id) DO UPDATE SET alias = excluded.alias, names = excluded.names, definitions = excluded.definitions,
		edition = excluded.edition, authority = excluded.authority, embedded = excluded.embedded, concepts = excluded.concepts`,
		l.scheme, sc.URI, sc.Alias, toStore(sc.Names), toStore(sc.Definitions), db.Micros(sc.Edition), sc.Authority, embedded)
	return err
}

// index writes under which words concepts are found.
func index(ctx context.Context, tx *db.Tx, scheme int64, concepts []*entry) error {
	analysis := search.NewAnalysis()
	ids := make([]any, len(concepts))
	var values []any
	for i, c := range concepts {
		ids[i] = c.id
		found := wordsOf(analysis, &c.Concept)
		for _, w := range slices.Sorted(maps.Keys(found)) {
			values = append(values, []byte(w), c.id, scheme, found[w])
		}
	}
	err := inChunks(ids, func(in string, args []any) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM vocab_word WHERE concept IN (`+in+`)`, args...)
		return err
	})
	if err != nil {
		return err
	}
	return db.NewBulk(`vocab_word (word, concept, scheme, weight)`, 4, ``).Insert(ctx, tx, values)
}

// inChunks calls f with the values, a statement's worth at a time: in is the
// list of their placeholders.
func inChunks(values []any, f func(in string, args []any) error) error {
	for chunk := range slices.Chunk(values, perRequest) {
		if err := f(placeholders(len(chunk)), chunk); err != nil {
			return err
		}
	}
	return nil
}
