// Package search finds items by their words.
//
// Its invariant: what is found is what the journal says now. The index holds the
// newest version of every item, and it alone; it follows the journal, so it can
// be thrown away and built again to the same result. Both engines index the same
// terms, which this package makes (analysis.go), and find the same items in the
// same order. docs/search.md says how a query is written.
//
// An item that is under embargo is not found before its time on this node's
// clock, unless the caller may see it; a killed one only when asked for.
package search

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Follower is the name of the follower that keeps the index, for WaitFollower.
const Follower = "search"

// Options is what search needs.
type Options struct {
	DB     *db.DB
	Ledger *ledger.Ledger
	Read   func(content []byte) (*news.Item, error) // of an item entry: ninjs
	Now    func() time.Time
	Log    *slog.Logger
}

// Service searches the items of a node.
type Service struct {
	db     *db.DB
	ledger *ledger.Ledger
	read   func([]byte) (*news.Item, error)
	now    func() time.Time
	log    *slog.Logger
	engine engine
}

// New returns the search with its index ready to be filled. Run keeps it.
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{db: o.DB, ledger: o.Ledger, read: o.Read, now: o.Now, log: o.Log, engine: engineOf(o.DB)}
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare the search index: %w", err)
	}
	return s, nil
}

// Order is which hits come first.
type Order string

// The orders. Best puts items first that are about what is looked for: all of it
// in the headline; then all of it in what tells an item's matter (slugline, names
// of concepts, words that the text keeps saying); then the rest. Among equals the
// newest is first.
const (
	Newest Order = ""
	Best   Order = "best"
)

// Query is what someone looks for. The zero value of a filter lets all through.
type Query struct {
	Text          string // see docs/search.md; empty for filters alone
	Language      string // of the item; en also finds en-GB
	Type          news.Type
	Origin        string
	From, To      time.Time      // issued at or after From and before To
	WithEmbargoed bool           // whether the reader may see items before their embargo ends
	WithKilled    bool           // whether killed items are found, by their headline
	In            *time.Location // the reader's calendar, for dates in Text; nil means UTC
	Order         Order
	Before        int64 // only positions below this one, to read on; 0 begins at the newest
	Tier          int   // to read on in the order Best: Found.NextTier
	Limit         int   // 1 to 200; 0 means 50
}

// Hit is an item that was found.
type Hit struct {
	Position  int64 // of its newest version in the journal
	Origin    string
	URI       string
	Version   int
	Status    news.Status
	Type      news.Type
	Language  string // without region
	Issued    time.Time
	Embargoed time.Time
}

// Found is a page of hits.
type Found struct {
	Hits []Hit
	// Where to read on, as Query has them; NextBefore is 0 at the end.
	NextBefore int64
	NextTier   int
	// Also says which names were looked for in other spellings and scripts, so
	// that a page can label what it shows.
	Also []Spelling
}

// patience is how long a search may take; it would hold up others.
const patience = 5 * time.Second

// Search returns a page of items. A query that no one could mean (too long, a
// parenthesis that is not closed, a date that is none) fails with TooLarge or
// Invalid and says where and how to mend it; any other text is a valid query. A
// text without a single word to look for finds nothing.
func (s *Service) Search(ctx context.Context, q Query) (*Found, error) {
	question, err := s.question(ctx, q)
	if err != nil {
		return nil, err
	}
	found := &Found{}
	if question == nil {
		return found, nil
	}
	found.Also = question.also
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	tiers := []*expr{question.expr}
	if q.Order == Best {
		tiers = question.tiers()
	}
	before := q.Before
	for tier := max(q.Tier, 0); tier < len(tiers); tier++ {
		hits, err := ask(ctx, s, question, tiers[tier], before, q.Limit-len(found.Hits), hitColumns, readHit)
		if err != nil {
			return nil, err
		}
		found.Hits = append(found.Hits, hits...)
		if len(found.Hits) == q.Limit {
			found.NextBefore, found.NextTier = found.Hits[q.Limit-1].Position, tier
			break
		}
		before = 0
	}
	return found, nil
}

// question is a query made ready for the index.
type question struct {
	expr     *expr
	from, to time.Time
	id       string
	visible  int64 // up to which embargo, in microseconds
	killed   bool
	also     []Spelling
}

// question reads a query; nil if it holds no word to look for.
func (s *Service) question(ctx context.Context, q Query) (*question, error) {
	p, err := s.parse(ctx, q)
	if err != nil {
		return nil, err
	}
	if p.empty() && strings.TrimSpace(q.Text) != "" {
		return nil, nil
	}
	out := &question{id: p.id, visible: s.visibleUntil(q.WithEmbargoed), killed: q.WithKilled || p.killed, also: p.also}
	out.from, out.to = p.between(q.From, q.To, s.now(), q.calendar())
	out.expr = combine(all, p.expr, q.filters(), period(out.from, out.to, s.now()))
	if out.expr == nil {
		out.expr = anything
	}
	return out, nil
}

func (s *Service) parse(ctx context.Context, q Query) (*parsed, error) {
	p := s.parser(q)
	p.spellings = func(word string) ([]string, error) {
		alone := Query{Language: q.Language, WithEmbargoed: q.WithEmbargoed, WithKilled: q.WithKilled}
		return s.spellings(ctx, alone, word)
	}
	return p.parse(q.Text)
}

func (s *Service) parser(q Query) *parser {
	return &parser{a: newAnalyser(), language: baseLanguage(q.Language), now: s.now(), in: q.calendar()}
}

// calendar returns the reader's.
func (q *Query) calendar() *time.Location {
	if q.In == nil {
		return time.UTC
	}
	return q.In
}

// filters returns what the fields of a query demand.
func (q *Query) filters() *expr {
	return combine(all, filter(markLanguage, baseLanguage(q.Language)), filter(markType, string(q.Type)), filter(markOrigin, q.Origin))
}

func filter(m mark, value string) *expr {
	if value == "" {
		return nil
	}
	return &expr{op: has, phrase: phrase{m.of(value)}}
}

// tiers returns what the hits of each tier of the order Best must hold.
func (q *question) tiers() []*expr {
	plain, phrases := false, false
	q.expr.phrases(func(p phrase) bool {
		plain = plain || p.plain()
		phrases = phrases || p.plain() && len(p) > 1
		return true
	})
	if !plain {
		return []*expr{q.expr}
	}
	headline := q.expr.lift(func(p phrase) *expr { return &expr{op: has, phrase: p.inField(inHeadline)} })
	matter := q.expr.lift(func(p phrase) *expr {
		words := make([]*expr, len(p))
		for i, t := range p {
			words[i] = combine(some, &expr{op: has, phrase: phrase{inHeadline.word(t)}}, &expr{op: has, phrase: phrase{telling.word(t)}})
		}
		return combine(all, words...)
	})
	if phrases { // the words of a phrase tell nothing of their order
		matter = combine(all, matter, q.expr)
	}
	return []*expr{headline, combine(all, matter, negate(headline)), combine(all, q.expr, negate(matter))}
}

// ask returns up to limit rows that the expression and the conditions of the
// question hold for, newest first, below a position of the journal (0: all).
func ask[T any](ctx context.Context, s *Service, q *question, e *expr, before int64, limit int, columns string,
	read func(interface{ Scan(...any) error }) (T, error)) ([]T, error) {
	if before <= 0 {
		var top int64
		if err := s.db.Reader().QueryRowContext(ctx, `SELECT coalesce(max(position), 0) FROM search_doc`).Scan(&top); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		before = top + 1
	}
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var out []T
	var err error
	for _, plan := range s.plans(q, e, before) {
		if out, err = try(limited, s, q, plan, before, limit, columns, read); err != nil {
			if limited.Err() != nil && ctx.Err() == nil {
				return nil, news.Errorf(news.Unavailable, "q", "the search took too long: say more, such as a language, a field or a time").Because(err)
			}
			return nil, fmt.Errorf("search: %w", err)
		}
		if len(out) == limit {
			break
		}
	}
	return out, nil
}

func (s *Service) plans(q *question, e *expr, before int64) []plan {
	match := s.engine.match(e)
	if q.id != "" {
		return []plan{{match, s.engine.named()}}
	}
	return s.engine.plans(match, before)
}

// try asks the database by one plan.
func try[T any](ctx context.Context, s *Service, q *question, p plan, before int64, limit int, columns string,
	read func(interface{ Scan(...any) error }) (T, error)) ([]T, error) {
	args := []any{p.match, before}
	var b strings.Builder
	b.WriteString(`SELECT ` + columns + p.from)
	and := func(condition string, value any) {
		args = append(args, value)
		fmt.Fprintf(&b, " AND %s $%d", condition, len(args))
	}
	and("d.embargoed <=", q.visible)
	if !q.killed {
		and("d.status <>", string(news.StatusKilled))
	}
	if !q.from.IsZero() {
		and("d.issued >=", db.Micros(q.from))
	}
	if !q.to.IsZero() {
		and("d.issued <", db.Micros(q.to))
	}
	if q.id != "" {
		and("d.uri =", q.id)
	}
	args = append(args, limit)
	fmt.Fprintf(&b, " ORDER BY %s DESC LIMIT $%d", s.engine.newest(), len(args))
	rows, err := s.db.Reader().QueryContext(ctx, b.String(), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		row, err := read(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// hitColumns are those of search_doc that make a Hit.
const hitColumns = `d.position, d.origin, d.uri, d.version, d.status, d.type, d.language, d.issued, d.embargoed`

// scan reads hitColumns and what follows them.
func (h *Hit) scan(rows interface{ Scan(...any) error }, more ...any) error {
	var issued, embargoed int64
	err := rows.Scan(append([]any{&h.Position, &h.Origin, &h.URI, &h.Version, &h.Status, &h.Type, &h.Language, &issued, &embargoed}, more...)...)
	h.Issued, h.Embargoed = db.FromMicros(issued), db.FromMicros(embargoed)
	return err
}

func readHit(rows interface{ Scan(...any) error }) (h Hit, err error) {
	err = h.scan(rows)
	return h, err
}
