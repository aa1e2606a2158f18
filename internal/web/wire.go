package web

import (
	"slices"
	"strconv"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/search"
	"jisr/internal/web/view"
)

// page is how many lines a list has.
const page = 50

// wireFilter reads which lines the reader wants.
func wireFilter(q *request) newsroom.Filter {
	return newsroom.Filter{Origin: q.FormValue("origin"), Language: q.FormValue("language"), Type: news.Type(q.FormValue("type")),
		Desk: q.text("desk"), WithEmbargoed: q.embargoed(), Before: q.number("before"), Limit: page}
}

func (s *Site) wire(q *request) error {
	f, query := wireFilter(q), q.text("q")
	v := view.Wire{Query: query, Origin: f.Origin, Language: f.Language, Type: string(f.Type), Desk: f.Desk}
	v.Filtered = query != "" || f.Origin != "" || f.Language != "" || f.Type != "" || f.Desk != ""
	var failed error
	var more int64
	if query != "" {
		v.Lines, more, failed = s.find(q, query, f)
	} else {
		v.Lines, failed = s.newsroom.Wire(q.Context(), f)
		if len(v.Lines) == page {
			more = v.Lines[page-1].Position
		}
	}
	title := q.T("menu.wire")
	if query != "" {
		title = q.T("title.search", "query", query)
	}
	v.Shell = q.shell("wire", title, failed)
	s.wireChoices(q, &v)
	if len(v.Lines) > 0 {
		v.Newest = v.Lines[0].Position
	}
	if f.Before == 0 && query == "" {
		v.Live = wireLink("/wire/stream", f, "after", v.Newest)
	}
	if more > 0 {
		v.Older = wireLink("/wire", f, "before", more)
		if query != "" {
			v.Older += "&" + view.Link("", "q", query)[1:]
		}
	}
	return q.render(view.WirePage(v), failed)
}

// find returns the lines that match a search, newest first, and where to read
// on; 0 at the end.
func (s *Site) find(q *request, query string, f newsroom.Filter) (lines []*newsroom.Line, more int64, err error) {
	found, err := s.search.Search(q.Context(), search.Query{Text: query, Language: f.Language, Type: f.Type, Origin: f.Origin,
		WithEmbargoed: f.WithEmbargoed, WithKilled: true, Before: f.Before, Limit: page})
	if err != nil || len(found.Hits) == 0 {
		return nil, 0, err
	}
	keys := make([][2]string, len(found.Hits))
	for i, h := range found.Hits {
		keys[i] = [2]string{h.Origin, h.URI}
	}
	lines, err = s.newsroom.Lines(q.Context(), keys, f.WithEmbargoed)
	return lines, found.NextBefore, err
}

// wireLink is the address of the lines of the filter after or before a position.
func wireLink(path string, f newsroom.Filter, name string, position int64) string {
	return view.Link(path, "origin", f.Origin, "language", f.Language, "type", string(f.Type), "desk", f.Desk,
		name, strconv.FormatInt(position, 10))
}

// wireChoices fills the lists of the filter form.
func (s *Site) wireChoices(q *request, v *view.Wire) {
	v.Origins = []view.Option{{Label: q.T("wire.any_origin")}}
	origins := make([]string, 0, len(v.Names))
	for o := range v.Names {
		origins = append(origins, o)
	}
	slices.Sort(origins)
	for _, o := range origins {
		v.Origins = append(v.Origins, view.Option{Value: o, Label: v.Name(o), Chosen: o == v.Origin})
	}
	v.Speaks = []view.Option{{Label: q.T("wire.any_language")}}
	for _, l := range []string{"ar", "ru", "en", "fr", "es"} {
		v.Speaks = append(v.Speaks, view.Option{Value: l, Label: q.T("lang." + l), Chosen: l == v.Language})
	}
	v.Types = []view.Option{{Label: q.T("wire.any_type")}}
	for _, t := range news.Types {
		v.Types = append(v.Types, view.Option{Value: string(t), Label: q.T("type." + string(t)), Chosen: string(t) == v.Type})
	}
}

func (s *Site) notices(q *request) error {
	open := q.FormValue("open") != ""
	found, err := s.newsroom.Notices(q.Context(), open, q.embargoed(), q.number("before"), page)
	if err != nil {
		return err
	}
	v := view.Notices{Shell: q.shell("notices", q.T("menu.notices"), nil), Notices: found, OnlyOpen: open}
	if len(found) == page {
		v.Older = view.Link("/notices", "open", q.FormValue("open"), "before", strconv.FormatInt(found[page-1].Position, 10))
	}
	return q.render(view.NoticesPage(v), nil)
}
