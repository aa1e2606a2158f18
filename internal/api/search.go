package api

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/search"
)

// searchResult is a page of what was found.
type searchResult struct {
	Items      []line     `json:"items"`
	Next       string     `json:"next,omitempty"`
	Also       []spelling `json:"also,omitempty"`
	Correction string     `json:"correction,omitempty"`
	Stories    []bundle   `json:"stories,omitempty"`
}

// spelling says what else a name was taken for.
type spelling struct {
	Word string   `json:"word"`
	As   []string `json:"as"`
}

// bundle is a story that items of the page belong to.
type bundle struct {
	ID      string   `json:"id"`
	Size    int      `json:"size"`
	Killed  int      `json:"killed"`
	Origins []string `json:"origins"`
	Items   []itemID `json:"items"`
}

type itemID struct {
	Origin string `json:"origin"`
	URI    string `json:"uri"`
}

// searchQuery reads the parameters that all searches share.
func (s *server) searchQuery(c *call, q *params) search.Query {
	out := search.Query{
		Text: q.text("q"), Origin: q.text("origin"), Language: q.text("language"), Type: news.Type(q.text("type")),
		WithEmbargoed: c.embargoed(), WithKilled: q.flag("killed"),
	}
	if name := q.text("timezone"); name != "" {
		in, err := time.LoadLocation(name)
		if err != nil || strings.EqualFold(name, "local") {
			q.fail("timezone", "%q is not a time zone such as Europe/Moscow", name)
		}
		out.In = in
	}
	return out
}

func (s *server) searchItems(w http.ResponseWriter, c *call) error {
	q := query(c)
	sq := s.searchQuery(c, q)
	sq.Limit = q.limit()
	switch order := search.Order(q.text("order")); order {
	case "newest":
	case search.Newest, search.Best:
		sq.Order = order
	default:
		q.fail("order", "%q is not newest or best", order)
	}
	if next := q.text("next"); next != "" {
		tier, before, ok := readNext(next)
		if !ok {
			q.fail("next", "%q is not what an answer had as next", next)
		}
		sq.Tier, sq.Before = tier, before
	}
	if err := q.done(); err != nil {
		return err
	}
	if s.search == nil {
		return errNoIndex
	}
	found, err := s.search.Search(c.Context(), sq)
	if err != nil {
		return err
	}
	out := searchResult{}
	if found.NextBefore > 0 {
		out.Next = fmt.Sprintf("%d.%d", found.NextTier, found.NextBefore)
	}
	for _, a := range found.Also {
		out.Also = append(out.Also, spelling(a))
	}
	if len(found.Hits) == 0 && sq.Before == 0 {
		if out.Correction, err = s.search.Correct(c.Context(), sq); err != nil {
			return err
		}
	}
	if err := s.fill(c, found.Hits, &out); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, out)
}

var errNoIndex = news.Errorf(news.Unavailable, "q", "this node has no search index")

func readNext(next string) (tier int, before int64, ok bool) {
	first, second, ok := strings.Cut(next, ".")
	tier, err := strconv.Atoi(first)
	before, err2 := strconv.ParseInt(second, 10, 64)
	return tier, before, ok && err == nil && err2 == nil && tier >= 0 && before > 0
}

// fill adds the lines of the hits, as the wire shows them by now and to this
// reader, and the stories that they belong to.
func (s *server) fill(c *call, hits []search.Hit, out *searchResult) error {
	keys := make([][2]string, len(hits))
	named := make([]search.Key, len(hits))
	for i, h := range hits {
		keys[i] = [2]string{h.Origin, h.URI}
		named[i] = search.Key{Origin: h.Origin, URI: h.URI}
	}
	lines, err := s.newsroom.Lines(c.Context(), keys, c.embargoed())
	if err != nil {
		return err
	}
	order := make(map[[2]string]int, len(keys))
	for i, k := range keys {
		order[k] = i
	}
	slices.SortFunc(lines, func(a, b *newsroom.Line) int {
		return order[[2]string{a.Origin, a.URI}] - order[[2]string{b.Origin, b.URI}]
	})
	out.Items = s.lines(lines)
	bundles, err := s.search.SimilarAll(c.Context(), named, c.embargoed())
	if err != nil {
		return err
	}
	at := map[string]int{}
	for _, k := range named {
		b := bundles[k]
		if b == nil {
			continue
		}
		if _, there := at[b.ID]; !there {
			at[b.ID] = len(out.Stories)
			out.Stories = append(out.Stories, bundle{ID: b.ID, Size: b.Size, Killed: b.Killed, Origins: b.Origins})
		}
		st := &out.Stories[at[b.ID]]
		st.Items = append(st.Items, itemID{k.Origin, k.URI})
	}
	return nil
}

// facet is how many items share a value.
type facet struct {
	Value string `json:"value"`
	Name  string `json:"name,omitempty"`
	Items int    `json:"items"`
}

type facets struct {
	Total     int     `json:"total"`
	More      bool    `json:"more"`
	Languages []facet `json:"languages"`
	Types     []facet `json:"types"`
	Origins   []facet `json:"origins"`
	Desks     []facet `json:"desks"`
	Subjects  []facet `json:"subjects"`
	Places    []facet `json:"places"`
	Days      []facet `json:"days"`
}

func (s *server) searchFacets(w http.ResponseWriter, c *call) error {
	q := query(c)
	sq := s.searchQuery(c, q)
	if err := q.done(); err != nil {
		return err
	}
	if s.search == nil {
		return errNoIndex
	}
	f, err := s.search.Facets(c.Context(), sq)
	if err != nil {
		return err
	}
	of := func(counts []search.Count) []facet {
		out := make([]facet, len(counts))
		for i, n := range counts {
			out[i] = facet(n)
		}
		return out
	}
	return writeJSON(w, http.StatusOK, facets{Total: f.Total, More: f.More, Languages: of(f.Languages), Types: of(f.Types),
		Origins: of(f.Origins), Desks: of(f.Desks), Subjects: of(f.Subjects), Places: of(f.Places), Days: of(f.Days)})
}

type suggestions struct {
	Queries []string `json:"queries"`
}

func (s *server) searchSuggestions(w http.ResponseWriter, c *call) error {
	q := query(c)
	sq := s.searchQuery(c, q)
	if err := q.done(); err != nil {
		return err
	}
	if s.search == nil {
		return errNoIndex
	}
	found, err := s.search.Suggest(c.Context(), sq, 0)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, suggestions{append([]string{}, found...)})
}

// twin is an item that is the same story as another.
type twin struct {
	line
	Exact    bool `json:"exact"`
	Distance int  `json:"distance"`
}

type twins struct {
	Items []twin `json:"items"`
}

func (s *server) similarItems(w http.ResponseWriter, c *call) error {
	q := query(c)
	origin, uri := s.name(q)
	limit := q.limit()
	if err := q.done(); err != nil {
		return err
	}
	if s.search == nil {
		return errNoIndex
	}
	found, err := s.search.Similar(c.Context(), origin, uri, c.embargoed(), limit)
	if err != nil {
		return err
	}
	keys := make([][2]string, len(found))
	at := make(map[[2]string]int, len(found))
	for i, f := range found {
		keys[i] = [2]string{f.Origin, f.URI}
		at[keys[i]] = i
	}
	lines, err := s.newsroom.Lines(c.Context(), keys, c.embargoed())
	if err != nil {
		return err
	}
	slices.SortFunc(lines, func(a, b *newsroom.Line) int { return at[[2]string{a.Origin, a.URI}] - at[[2]string{b.Origin, b.URI}] })
	out := twins{Items: make([]twin, len(lines))}
	for i, l := range lines {
		f := found[at[[2]string{l.Origin, l.URI}]]
		out.Items[i] = twin{s.line(l), f.Exact, f.Distance}
	}
	return writeJSON(w, http.StatusOK, out)
}
