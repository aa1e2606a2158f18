package web

import (
	"strconv"

	"jisr/internal/news"
	"jisr/internal/vocab"
	"jisr/internal/web/view"
)

// vocabulary shows the vocabularies: all of them, what was looked for, or what
// stands below one concept or at the top of one list.
func (s *Site) vocabulary(q *request) error {
	v := view.Vocabulary{Query: q.text("q"), Scheme: q.FormValue("scheme")}
	var failed error
	switch of := q.FormValue("of"); {
	case v.Query != "":
		v.Matches, failed = s.vocab.Search(q.Context(), vocab.Query{Text: v.Query, Scheme: v.Scheme, Language: q.Tag, Limit: 50})
	case of != "":
		if err := s.showConcept(q, of, &v); err != nil {
			return err
		}
	case v.Scheme != "":
		if err := s.below(q, v.Scheme, &v); err != nil {
			return err
		}
	}
	if failed != nil && news.KindOf(failed) == "" {
		return failed
	}
	var err error
	if v.Schemes, err = s.vocab.Schemes(q.Context()); err != nil {
		return err
	}
	v.Shell = q.shell("vocabulary", q.T("menu.vocabulary"), failed)
	if v.Concept != nil {
		v.Title = v.Concept.Name(q.Tag)
	}
	return q.render(view.VocabularyPage(v), failed)
}

// showConcept fills in a concept, what it is a part of and what is below it.
func (s *Site) showConcept(q *request, of string, v *view.Vocabulary) error {
	c, err := s.vocab.Concept(q.Context(), of)
	if err != nil {
		return err
	}
	v.Concept, v.Scheme = c, c.Alias
	about := append(append([]string{}, c.Broader...), c.ExactMatch...)
	if c.ReplacedBy != "" {
		about = append(about, c.ReplacedBy)
	}
	if v.Names, err = s.conceptNames(q, about); err != nil {
		return err
	}
	return s.below(q, c.URI, v)
}

func (s *Site) below(q *request, of string, v *view.Vocabulary) error {
	p, err := s.vocab.Children(q.Context(), of, q.number("after"), 100)
	if err != nil {
		return err
	}
	v.Below = p.Concepts
	if p.Next > 0 {
		v.More = view.Link("/vocabulary", "of", q.FormValue("of"), "scheme", q.FormValue("scheme"), "after", strconv.FormatInt(p.Next, 10))
	}
	return nil
}
