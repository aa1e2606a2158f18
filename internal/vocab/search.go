package vocab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"jisr/internal/news"
	"jisr/internal/search"
)

// Query is what someone looks for in the vocabularies.
type Query struct {
	Text     string // words or their beginnings, a code or a QCode; empty lists a scheme from its top
	Scheme   string // URI or alias; empty for all
	Language string // of the reader: what matches in it comes first
	Limit    int    // 1 to 100; 0 means 20
}

// Match is a concept that was found.
type Match struct {
	Concept *Concept // without definitions
	Label   string   // the name or label that matched best
	Lang    string   // its language
}

const (
	maxQuery      = 300 // characters
	maxQueryWords = 8
	candidates    = 100 // that the database ranks by words, before labels are compared
)

// Search returns the concepts that have a label with all words of the query, or
// words that begin with them, in any language, best first: a whole label before
// a part, the reader's language before others, concepts in use before retired
// ones.
func (s *Service) Search(ctx context.Context, q Query) ([]Match, error) {
	if q.Limit <= 0 {
		q.Limit = 20
	}
	q.Limit = min(q.Limit, candidates)
	q.Text = strings.TrimSpace(q.Text)
	if utf8.RuneCountInString(q.Text) > maxQuery {
		return nil, news.Errorf(news.TooLarge, "q", "the query has more than %d characters", maxQuery)
	}
	scheme := int64(0)
	if q.Scheme != "" {
		var err error
		if scheme, err = s.schemeID(ctx, q.Scheme); err != nil {
			return nil, err
		}
	}
	if q.Text == "" {
		return s.top(ctx, q)
	}
	analysis := search.NewAnalysis()
	forms := analysis.Forms(q.Text, q.Language)
	found, err := s.find(ctx, forms, scheme)
	if err != nil {
		return nil, fmt.Errorf("search vocabularies: %w", err)
	}
	// A QCode that somebody pasted is one concept.
	if c, err := s.exact(ctx, q); err != nil {
		return nil, err
	} else if c != nil {
		found = slices.DeleteFunc(found, func(f *Concept) bool { return f.URI == c.URI })
		found = append([]*Concept{c}, found...)
		return rank(analysis, found, forms, q, c.URI), nil
	}
	return rank(analysis, found, forms, q, ""), nil
}

// top lists a scheme for a reader who has typed nothing yet.
func (s *Service) top(ctx context.Context, q Query) ([]Match, error) {
	if q.Scheme == "" {
		return nil, nil
	}
	p, err := s.Children(ctx, q.Scheme, 0, q.Limit)
	if err != nil {
		return nil, err
	}
	out := make([]Match, len(p.Concepts))
	for i, c := range p.Concepts {
		out[i] = Match{Concept: c, Label: c.Name(q.Language), Lang: q.Language}
	}
	return out, nil
}

// exact returns the concept that the text names by URI or QCode, or nil.
func (s *Service) exact(ctx context.Context, q Query) (*Concept, error) {
	if !strings.Contains(q.Text, ":") {
		return nil, nil
	}
	known, err := s.Concepts(ctx, []string{q.Text})
	if err != nil {
		return nil, err
	}
	c := known[q.Text]
	if c == nil || q.Scheme != "" && c.Alias != q.Scheme && c.Scheme != Canonical(q.Scheme) {
		return nil, nil
	}
	return c, nil
}

func (s *Service) schemeID(ctx context.Context, name string) (int64, error) {
	var id int64
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id FROM vocab_scheme WHERE uri = $1 OR alias = $2`, Canonical(name), name)
	if err != nil {
		return 0, fmt.Errorf("vocabulary %s: %w", name, err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return 0, err
		}
		return 0, noScheme(name)
	}
	return id, rows.Scan(&id)
}

// find has the database choose candidates.
func (s *Service) find(ctx context.Context, forms []search.Form, scheme int64) ([]*Concept, error) {
	if len(forms) == 0 {
		return nil, nil
	}
	query, args := statement(forms, scheme)
	rows, err := s.db.Reader().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*Concept
	for rows.Next() {
		c, err := scanConcept(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// statement writes the query of the database. One word, the longest, drives: its
// range of the index is read, the other words are looked up for what it yields.
func statement(forms []search.Form, scheme int64) (string, []any) {
	key := labelKey(forms)
	forms = forms[:min(len(forms), maxQueryWords)]
	wanted := make([][]span, len(forms))
	for i, f := range forms {
		wanted[i] = spans(f)
		if i < len(forms)-1 && utf8.RuneCountInString(f.Bare) == 1 {
			wanted[i] = wanted[i][:1] // half of a vocabulary begins so: only a last word may be half typed
		}
	}
	slices.SortStableFunc(wanted, func(a, b []span) int { return len(b[0].word) - len(a[0].word) })

	var b strings.Builder
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	in := ""
	if scheme != 0 {
		in = " AND scheme = " + arg(scheme)
	}
	b.WriteString(`SELECT ` + searchColumns + ` FROM (SELECT concept, MIN(weight) AS weight FROM (`)
	fmt.Fprintf(&b, `SELECT concept, weight - 10000 AS weight FROM vocab_word WHERE word = %s%s`, arg([]byte(key)), in)
	for _, span := range wanted[0] {
		fmt.Fprintf(&b, ` UNION ALL SELECT concept, weight + %d FROM vocab_word WHERE word %s%s`, span.weight, span.condition(arg), in)
		for _, other := range wanted[1:] {
			b.WriteString(` AND EXISTS (SELECT 1 FROM vocab_word o WHERE o.concept = vocab_word.concept AND (`)
			for i, span := range other {
				if i > 0 {
					b.WriteString(` OR `)
				}
				b.WriteString(`o.word ` + span.condition(arg))
			}
			b.WriteString(`))`)
		}
	}
	fmt.Fprintf(&b, `) w GROUP BY concept ORDER BY 2, 1 LIMIT %d) f
		JOIN vocab_concept c ON c.id = f.concept JOIN vocab_scheme s ON s.id = c.scheme ORDER BY f.weight, c.place, c.id`, candidates)
	return b.String(), args
}

// searchColumns are conceptColumns without the definitions, which are long.
const searchColumns = `c.uri, s.uri, s.alias, c.code, c.names, c.labels, '', c.broader, c.matches, c.retired, c.replaced`

// span is a part of the index: a word, or all words that begin with one.
type span struct {
	word   string
	prefix bool
	weight int // added to that of the word
}

func (s span) condition(arg func(any) string) string {
	if !s.prefix {
		return "= " + arg([]byte(s.word))
	}
	// No byte of UTF-8 is 0xff.
	return ">= " + arg([]byte(s.word)) + " AND word < " + arg(append([]byte(s.word), 0xff))
}

// spans returns where a word of a query is found, as it stands first.
func spans(f search.Form) []span {
	out := []span{{f.Bare, false, 0}, {f.Bare, true, 20}}
	if f.Core != "" {
		out = append(out, span{f.Core, true, 25})
	}
	if f.Term != "" {
		// A word that is its own stem stands in the index once.
		out = append(out, span{markStem + f.Term, false, 40}, span{f.Term, false, 40})
	}
	return out
}

// rank compares the labels of the candidates with the query and returns the
// best. first is the URI of a concept that comes before all, or empty.
func rank(a *search.Analysis, found []*Concept, forms []search.Form, q Query, first string) []Match {
	type scored struct {
		Match
		score int
	}
	all := make([]scored, len(found))
	for i, c := range found {
		m, score := best(a, c, forms, q.Language)
		if c.URI == first {
			score = -1
		}
		all[i] = scored{m, score}
	}
	slices.SortStableFunc(all, func(x, y scored) int { return cmp.Compare(x.score, y.score) })
	out := make([]Match, min(len(all), q.Limit))
	for i := range out {
		out[i] = all[i].Match
	}
	return out
}

// best returns the label of a concept that matches the query best, and how well:
// lower is better.
func best(a *search.Analysis, c *Concept, forms []search.Form, language string) (Match, int) {
	const none = 1 << 20
	m, least := Match{Concept: c, Label: c.Name(language), Lang: language}, none
	try := func(text, lang string, base int) {
		own := a.Forms(text, lang)
		s := likeness(own, forms)
		if s == none {
			return
		}
		s = s*100 + base + min(len(own), 20)
		if lang != "" && baseOf(lang) == baseOf(language) {
			s -= 50
		}
		if s < least {
			least, m.Label, m.Lang = s, text, lang
		}
	}
	for _, lang := range languages(c.Names) {
		try(c.Names[lang], lang, 50)
	}
	for _, lang := range languages(c.Labels) {
		for _, l := range c.Labels[lang] {
			try(l, lang, 80)
		}
	}
	if !c.Retired.IsZero() {
		least += 10_000
	}
	if len(c.Broader) > 0 {
		least += 5 // of two alike, the wider one
	}
	return m, least
}

// likeness says how well a label matches: 0 if it is the query, 1 if it begins
// with it, 2 if it has all its words, 3 if some only begin so, 4 if they only
// share stems, none otherwise.
func likeness(label, query []search.Form) int {
	worst := 2
	begins := len(label) >= len(query)
	for i, f := range query {
		one := 5
		for _, w := range label {
			switch {
			case w.Bare == f.Bare, w.Core != "" && w.Core == f.Bare, f.Core != "" && (f.Core == w.Bare || f.Core == w.Core):
				one = 2
			case strings.HasPrefix(w.Bare, f.Bare), strings.HasPrefix(w.Core, f.Bare), f.Core != "" && strings.HasPrefix(w.Bare, f.Core):
				one = min(one, 3)
			case f.Term != "" && f.Term == w.Term:
				one = min(one, 4)
			}
		}
		if one == 5 {
			return 1 << 20
		}
		worst = max(worst, one)
		begins = begins && i < len(label) && strings.HasPrefix(label[i].Bare, f.Bare)
	}
	if begins {
		if len(label) == len(query) && worst == 2 {
			return 0
		}
		return 1
	}
	return worst
}
