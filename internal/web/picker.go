package web

import (
	"context"
	"slices"
	"strings"

	"jisr/internal/news"
	"jisr/internal/vocab"
	"jisr/internal/web/view"
)

// topics is the vocabulary whose top is offered at once where subjects are
// chosen.
const topics = "medtop"

// found is how many concepts a search offers.
const found = 20

// picker makes the field that takes subjects. chosen are URIs, or words that no
// vocabulary has; called says how their sender calls them, if that is known. What
// the reader looks for without scripts is looked up.
func (s *Site) picker(q *request, name string, chosen []string, called ...news.Concept) (view.Picker, error) {
	p := view.Picker{Name: name, Legend: q.T("field.subject"), Find: q.text(name + ".find")}
	names, err := s.conceptNames(q, chosen, called...)
	if err != nil {
		return p, err
	}
	top, err := s.vocab.Children(q.Context(), topics, 0, 50)
	if err != nil && news.KindOf(err) != news.NotFound {
		return p, err
	}
	offered := map[string]bool{}
	if top != nil {
		for _, c := range top.Concepts {
			p.Top = append(p.Top, view.Option{Value: c.URI, Label: c.Name(q.Tag), Chosen: slices.Contains(chosen, c.URI)})
			offered[c.URI] = true
		}
	}
	for _, uri := range chosen {
		if !offered[uri] {
			p.Chosen = append(p.Chosen, view.Option{Value: uri, Label: names[uri], Chosen: true})
			offered[uri] = true
		}
	}
	if q.FormValue("do") != "find" || p.Find == "" {
		return p, nil
	}
	p.Looked = true
	matches, err := s.subjects(q, p.Find)
	if err != nil {
		return p, err
	}
	for _, m := range matches {
		if !slices.Contains(chosen, m.URI) {
			p.Found = append(p.Found, view.Option{Value: m.URI, Label: m.label()})
		}
	}
	return p, nil
}

// concepts looks up how the concepts of items are called in the reader's
// language.
func (s *Site) concepts(q *request, items ...*news.Item) (view.Concepts, error) {
	names, err := s.vocab.Names(q.Context(), q.Tag, items...)
	return view.Concepts{Names: names}, err
}

// withConcepts puts the concepts of a form into the item: those that the form
// does not show, for they have no URI, stay, and so does what the item says of
// those that were chosen before. New ones get what their vocabulary says, so that
// who receives the item can read and choose by it without having the vocabulary.
func (s *Site) withConcepts(ctx context.Context, have []news.Concept, chosen []string, language string) ([]news.Concept, error) {
	var out []news.Concept
	kept := map[string]bool{}
	for _, c := range have {
		if c.URI == "" || slices.Contains(chosen, c.URI) {
			out = append(out, c)
			kept[c.URI] = true
		}
	}
	known, err := s.vocab.Concepts(ctx, chosen)
	if err != nil {
		return nil, err
	}
	for _, uri := range chosen {
		if c := known[uri]; c != nil && !kept[c.URI] {
			out = append(out, news.Concept{URI: c.URI, Name: c.Name(language), Broader: c.Broader})
		}
	}
	return out, nil
}

// chosen returns the concepts that the reader chose in a field, each once.
func (q *request) chosen(name string) []string {
	var out []string
	for _, uri := range q.Form[name] {
		if uri = strings.TrimSpace(uri); uri != "" && !slices.Contains(out, uri) {
			out = append(out, uri)
		}
	}
	return out
}

// conceptNames says how the concepts are called in the reader's language.
func (s *Site) conceptNames(q *request, uris []string, called ...news.Concept) (map[string]string, error) {
	it, as := &news.Item{}, map[string]news.Concept{}
	for _, c := range called {
		as[c.URI] = c
	}
	for _, uri := range uris {
		c, ok := as[uri]
		if !ok {
			c = news.Concept{URI: uri}
			as[uri] = c
		}
		it.Subjects = append(it.Subjects, c)
	}
	names, err := s.vocab.Names(q.Context(), q.Tag, it)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, uri := range uris {
		if out[uri] = uri; strings.Contains(uri, ":") {
			c := as[uri]
			out[uri] = names.Of(&c)
		}
	}
	return out, nil
}

// match is a subject as the script of the field is told of it.
type match struct {
	URI   string `json:"uri"`
	Name  string `json:"name"`
	Under string `json:"under,omitempty"` // what it is a part of
}

func (m match) label() string {
	if m.Under == "" {
		return m.Name
	}
	return m.Name + " · " + m.Under
}

// subjects looks for what an item can be about. IPTC's lists of genres, roles
// and the like are for other fields.
func (s *Site) subjects(q *request, text string) ([]match, error) {
	all, err := s.vocab.Search(q.Context(), vocab.Query{Text: text, Language: q.Tag, Limit: 5 * found})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m vocab.Match) bool {
		return !m.Concept.Retired.IsZero() || m.Concept.Alias != topics && strings.HasPrefix(m.Concept.Scheme, "http://cv.iptc.org/")
	})
	all = all[:min(len(all), found)]
	var parents []string
	for _, m := range all {
		parents = append(parents, m.Concept.Broader...)
	}
	names, err := s.conceptNames(q, parents)
	if err != nil {
		return nil, err
	}
	out := make([]match, len(all))
	for i, m := range all {
		out[i] = match{URI: m.Concept.URI, Name: m.Concept.Name(q.Tag)}
		if len(m.Concept.Broader) > 0 {
			out[i].Under = names[m.Concept.Broader[0]]
		}
	}
	return out, nil
}

// findConcepts answers the script of the field.
func (s *Site) findConcepts(q *request) error {
	matches, err := s.subjects(q, q.text("q"))
	return q.json(err, struct {
		Found []match `json:"found"`
	}{matches})
}
