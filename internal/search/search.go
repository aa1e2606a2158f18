// Package search finds items by their words.
//
// Its invariant: what is found is what the journal says now. The index holds the
// newest version of every item, and it alone; it follows the journal, so it can
// be thrown away and built again to the same result. Both engines index the same
// terms, which this package makes (analysis.go), and find the same items.
//
// The first storey of the house's search: exact terms after stemming, newest
// first. An item that is under embargo is not found before its time on this
// node's clock, unless the caller may see it; a killed one only when asked for.
package search

import (
	"context"
	"fmt"
	"log/slog"
	"math"
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

// Query is what someone looks for. The zero value of a filter lets all through.
type Query struct {
	Text          string // words, "phrases", -unwanted, one OR other; empty for filters alone
	Language      string // of the item; en also finds en-GB
	Type          news.Type
	Origin        string
	From, To      time.Time // issued at or after From and before To; with both, up to three years apart, the index helps
	WithEmbargoed bool      // whether the reader may see items before their embargo ends
	WithKilled    bool      // whether killed items are found, by their headline
	Before        int64     // only positions below this one, to read on; 0 begins at the newest
	Limit         int       // 1 to 200; 0 means 50
}

// Hit is an item that was found.
type Hit struct {
	Position  int64 // of its newest version in the journal: the cursor to read on from
	Origin    string
	URI       string
	Version   int
	Status    news.Status
	Type      news.Type
	Language  string // without region
	Issued    time.Time
	Embargoed time.Time
}

// Search returns items, newest first. A query that no one could mean (too long,
// too many words) fails with TooLarge or Invalid and says so; any other text is
// a valid query. A text without a single word to look for finds nothing.
func (s *Service) Search(ctx context.Context, q Query) ([]Hit, error) {
	language := baseLanguage(q.Language)
	p, err := parse(newAnalyser(), q.Text, language)
	if err != nil {
		return nil, err
	}
	if len(p.wanted)+len(p.unwanted) == 0 && strings.TrimSpace(q.Text) != "" {
		return nil, nil
	}
	p.wanted = append(p.wanted, q.marks()...)
	if len(p.wanted) == 0 {
		p.wanted = expression{{phrase{markOf(markAll, "")}}}
	}
	if q.Limit <= 0 || q.Limit > 200 {
		q.Limit = 50
	}
	var hits []Hit
	for _, plan := range s.engine.plans() {
		if hits, err = s.try(ctx, plan, s.engine.match(p), q); err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		if len(hits) == q.Limit {
			break
		}
	}
	return hits, nil
}

// try asks the database by one plan.
func (s *Service) try(ctx context.Context, p plan, match string, q Query) ([]Hit, error) {
	statement, args := s.statement(p, match, q)
	rows, err := s.db.Reader().QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Hit
	for rows.Next() {
		var h Hit
		if err := h.scan(rows); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// statement writes the query of the database.
func (s *Service) statement(p plan, match string, q Query) (string, []any) {
	before := q.Before
	if before <= 0 {
		before = math.MaxInt64
	}
	args := []any{match, before}
	var b strings.Builder
	b.WriteString(`SELECT ` + hitColumns)
	b.WriteString(p.from)
	and := func(condition string, value any) {
		args = append(args, value)
		fmt.Fprintf(&b, " AND %s $%d", condition, len(args))
	}
	if !q.WithEmbargoed {
		and("d.embargoed <=", db.Micros(s.now()))
	}
	if !q.WithKilled {
		and("d.status <>", string(news.StatusKilled))
	}
	if !q.From.IsZero() {
		and("d.issued >=", db.Micros(q.From))
	}
	if !q.To.IsZero() {
		and("d.issued <", db.Micros(q.To))
	}
	args = append(args, q.Limit)
	fmt.Fprintf(&b, " ORDER BY %s DESC LIMIT $%d", p.order, len(args))
	return b.String(), args
}

// marks returns the filters that the index knows.
func (q *Query) marks() expression {
	var e expression
	add := func(kind rune, values ...string) {
		var c clause
		for _, v := range values {
			if v != "" {
				c = append(c, phrase{markOf(kind, v)})
			}
		}
		if len(c) > 0 {
			e = append(e, c)
		}
	}
	add(markLanguage, baseLanguage(q.Language))
	add(markType, string(q.Type))
	add(markOrigin, q.Origin)
	add(markMonth, months(q.From, q.To)...)
	return e
}

// maxMonths is up to how many months a range of time is looked up in the index;
// a longer one holds so much that its newest items are found at once.
const maxMonths = 36

// months returns the months that the range touches, nil if they are too many or
// the range is open at its beginning or end.
func months(from, to time.Time) []string {
	if from.IsZero() || to.IsZero() {
		return nil
	}
	from, to = from.UTC(), to.UTC()
	var out []string
	for m := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC); m.Before(to); m = m.AddDate(0, 1, 0) {
		if out = append(out, month(m)); len(out) > maxMonths {
			return nil
		}
	}
	return out
}
