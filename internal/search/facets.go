package search

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"jisr/internal/db"
)

// Facets says how what a query finds is spread.
type Facets struct {
	// Total is how many items were found. Beyond FacetCap it is FacetCap, More is
	// true, and all counts are those of the newest FacetCap: at least so many.
	Total int
	More  bool

	Languages, Types, Origins, Desks, Subjects, Places []Count // the most frequent first
	Days                                               []Count // the newest first, in the reader's calendar: 2026-11-25
}

// Count is how many of the items share a value.
type Count struct {
	Value string // as a field of a query takes it
	Name  string // of a concept, in the words of one of the items; may be empty
	Items int
}

const (
	// FacetCap is up to how many items are counted, so that a common word costs no
	// more with every year of the archive.
	FacetCap  = 1000
	maxCounts = 20 // values of a kind
	maxDays   = 31
)

// Facets counts what a query finds, whatever its order, limit and cursor.
func (s *Service) Facets(ctx context.Context, q Query) (*Facets, error) {
	question, err := s.question(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &Facets{}
	if question == nil {
		return out, nil
	}
	rows, err := ask(ctx, s, question, question.expr, 0, FacetCap+1, `d.language, d.type, d.origin, d.desk, d.about, d.issued`, readTraits)
	if err != nil {
		return nil, err
	}
	if len(rows) > FacetCap {
		rows, out.More = rows[:FacetCap], true
	}
	out.Total = len(rows)
	kinds := [7]counter{}
	for i := range rows {
		rows[i].count(&kinds, q.calendar())
	}
	out.Languages, out.Types, out.Origins, out.Desks = kinds[0].most(), kinds[1].most(), kinds[2].most(), kinds[3].most()
	out.Subjects, out.Places = kinds[4].most(), kinds[5].most()
	out.Days = kinds[6].all()
	slices.SortFunc(out.Days, func(a, b Count) int { return strings.Compare(b.Value, a.Value) })
	out.Days = out.Days[:min(len(out.Days), maxDays)]
	return out, nil
}

// traits is what is counted of an item.
type traits struct {
	language, typ, origin, desk, about string
	issued                             time.Time
}

func readTraits(rows interface{ Scan(...any) error }) (t traits, err error) {
	var issued int64
	err = rows.Scan(&t.language, &t.typ, &t.origin, &t.desk, &t.about, &issued)
	t.issued = db.FromMicros(issued)
	return t, err
}

func (t *traits) count(kinds *[7]counter, in *time.Location) {
	kinds[0].add(t.language, "")
	kinds[1].add(t.typ, "")
	kinds[2].add(t.origin, "")
	kinds[3].add(t.desk, "")
	kinds[6].add(t.issued.In(in).Format("2006-01-02"), "")
	for line := range strings.SplitSeq(t.about, "\n") {
		if line == "" {
			continue
		}
		value, name, _ := strings.Cut(line[1:], "\t")
		if line[0] == 's' {
			kinds[4].add(value, name)
		} else {
			kinds[5].add(value, name)
		}
	}
}

// counter counts values.
type counter map[string]*Count

func (c *counter) add(value, name string) {
	if value == "" {
		return
	}
	if *c == nil {
		*c = counter{}
	}
	n := (*c)[value]
	if n == nil {
		n = &Count{Value: value, Name: name}
		(*c)[value] = n
	}
	n.Items++
}

func (c counter) all() []Count {
	out := make([]Count, 0, len(c))
	for _, n := range c {
		out = append(out, *n)
	}
	return out
}

// most returns the most frequent values.
func (c counter) most() []Count {
	out := c.all()
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.Items-a.Items, strings.Compare(a.Value, b.Value)) })
	return out[:min(len(out), maxCounts)]
}
