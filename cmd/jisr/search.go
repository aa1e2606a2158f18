package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node"
	"jisr/internal/search"
)

type searchCmd struct {
	Query  []string `arg:"" help:"Words, \"phrases\", field:value and more, as docs/search.md says."`
	Order  string   `help:"What comes first: newest or best." enum:"newest,best" default:"newest"`
	Killed bool     `help:"Killed items too, by their headline."`
	Limit  int      `help:"How many at most: 1 to 200." default:"50" short:"n"`
	Next   string   `help:"Read on where a page ended." placeholder:"NEXT"`
	Counts bool     `help:"Count what is found by language, type, origin, desk, subject, place and day instead of listing it." short:"c"`
	Quiet  bool     `help:"Print URIs only." short:"q"`
}

// searched is a page as --json prints it.
type searched struct {
	Items      []line    `json:"items"`
	Next       string    `json:"next,omitempty"`
	Also       []foundAs `json:"also,omitempty"`
	Correction string    `json:"correction,omitempty"`
}

// foundAs says in which other spellings a name was looked for.
type foundAs struct {
	Word string   `json:"word"`
	As   []string `json:"as"`
}

func (c *searchCmd) Run(a *app) error {
	q := search.Query{Text: strings.Join(c.Query, " "), Limit: c.Limit, WithEmbargoed: true, WithKilled: c.Killed, In: time.Local}
	if c.Order == "best" {
		q.Order = search.Best
	}
	if c.Limit < 1 || c.Limit > 200 {
		return news.Errorf(news.Invalid, "limit", "%d is outside 1 to 200", c.Limit)
	}
	if c.Next != "" {
		tier, before, ok := strings.Cut(c.Next, ".")
		var err, err2 error
		q.Tier, err = strconv.Atoi(tier)
		q.Before, err2 = strconv.ParseInt(before, 10, 64)
		if !ok || err != nil || err2 != nil || q.Tier < 0 || q.Before <= 0 {
			return news.Errorf(news.Invalid, "next", "%q is not what a page ended with", c.Next)
		}
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.CatchUp(a.ctx); err != nil {
			return err
		}
		if err := n.Search.CatchUp(a.ctx); err != nil {
			return err
		}
		if c.Counts {
			return c.count(a, n, q)
		}
		return c.list(a, n, q)
	})
}

func (c *searchCmd) list(a *app, n *node.Node, q search.Query) error {
	found, err := n.Search.Search(a.ctx, q)
	if err != nil {
		return err
	}
	page := searched{Items: []line{}}
	if len(found.Hits) == 0 && c.Next == "" {
		if page.Correction, err = n.Search.Correct(a.ctx, q); err != nil {
			return err
		}
	}
	for _, s := range found.Also {
		page.Also = append(page.Also, foundAs(s))
	}
	if found.NextBefore > 0 {
		page.Next = fmt.Sprintf("%d.%d", found.NextTier, found.NextBefore)
	}
	lines, err := linesOf(a, n, found.Hits)
	if err != nil {
		return err
	}
	rows := make([][]string, len(lines))
	for i, l := range lines {
		page.Items = append(page.Items, lineOf(l))
		rows[i] = []string{stamp(l.Issued), l.Origin, standing(l), short(l.Headline, 60), l.URI}
	}
	return a.show(page, func(w io.Writer) {
		if c.Quiet {
			for _, l := range lines {
				fmt.Fprintln(w, printable(l.URI))
			}
			return
		}
		table(w, rows)
		for _, s := range page.Also {
			fmt.Fprintf(a.err, "%s was also looked for as %s.\n", printable(s.Word), printable(strings.Join(s.As, ", ")))
		}
		switch {
		case page.Correction != "":
			fmt.Fprintf(a.err, "Nothing was found. Did you mean: %s\n", printable(page.Correction))
		case len(lines) == 0:
			fmt.Fprintln(a.err, "Nothing was found.")
		case page.Next != "":
			fmt.Fprintf(a.err, "There are more: --next %s\n", page.Next)
		}
	})
}

// linesOf returns the lines of hits in their order.
func linesOf(a *app, n *node.Node, hits []search.Hit) ([]*newsroom.Line, error) {
	keys := make([][2]string, len(hits))
	order := map[[2]string]int{}
	for i, h := range hits {
		keys[i] = [2]string{h.Origin, h.URI}
		order[keys[i]] = i
	}
	lines, err := n.Newsroom.Lines(a.ctx, keys, true)
	slices.SortFunc(lines, func(x, y *newsroom.Line) int {
		return order[[2]string{x.Origin, x.URI}] - order[[2]string{y.Origin, y.URI}]
	})
	return lines, err
}

// tallied is a value of a facet as --json prints it.
type tallied struct {
	Value string `json:"value"`
	Name  string `json:"name,omitempty"`
	Items int    `json:"items"`
}

func (c *searchCmd) count(a *app, n *node.Node, q search.Query) error {
	f, err := n.Search.Facets(a.ctx, q)
	if err != nil {
		return err
	}
	kinds := []struct {
		name   string
		counts []search.Count
	}{{"languages", f.Languages}, {"types", f.Types}, {"origins", f.Origins}, {"desks", f.Desks}, {"subjects", f.Subjects}, {"places", f.Places}, {"days", f.Days}}
	out := map[string]any{"total": f.Total, "more": f.More}
	for _, k := range kinds {
		list := make([]tallied, len(k.counts))
		for i, n := range k.counts {
			list[i] = tallied(n)
		}
		out[k.name] = list
	}
	return a.show(out, func(w io.Writer) {
		plus := ""
		if f.More {
			plus = "+"
		}
		rows := [][]string{{"items", "", fmt.Sprintf("%d%s", f.Total, plus)}}
		for _, k := range kinds {
			for _, n := range k.counts {
				name := n.Value
				if n.Name != "" && n.Name != n.Value {
					name = n.Name + " (" + n.Value + ")"
				}
				rows = append(rows, []string{k.name, name, fmt.Sprintf("%d%s", n.Items, plus)})
			}
		}
		table(w, rows)
	})
}

type similarCmd struct {
	target
	Limit int `help:"How many at most: 1 to 200." default:"20" short:"n"`
}

// twin is a similar item as --json prints it.
type twin struct {
	line
	Exact    bool `json:"exact"`
	Distance int  `json:"distance"`
}

func (c *similarCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.CatchUp(a.ctx); err != nil {
			return err
		}
		if err := n.Search.CatchUp(a.ctx); err != nil {
			return err
		}
		origin, err := c.origin(a.ctx, n)
		if err != nil {
			return err
		}
		found, err := n.Search.Similar(a.ctx, origin, c.URI, true, c.Limit)
		if err != nil {
			return err
		}
		hits := make([]search.Hit, len(found))
		at := map[string]search.Twin{}
		for i, f := range found {
			hits[i] = f.Hit
			at[f.Origin+" "+f.URI] = f
		}
		lines, err := linesOf(a, n, hits)
		if err != nil {
			return err
		}
		out := struct {
			Items []twin `json:"items"`
		}{[]twin{}}
		rows := make([][]string, len(lines))
		for i, l := range lines {
			f := at[l.Origin+" "+l.URI]
			out.Items = append(out.Items, twin{lineOf(l), f.Exact, f.Distance})
			how := "nearly the same"
			if f.Exact {
				how = "the same"
			}
			rows[i] = []string{stamp(l.Issued), l.Origin, standing(l), how, short(l.Headline, 60), l.URI}
		}
		return a.show(out, func(w io.Writer) { table(w, rows) })
	})
}
