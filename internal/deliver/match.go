package deliver

import (
	"errors"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"jisr/internal/news"
	"jisr/internal/search"
)

// Query chooses items. An empty list, and urgency 0, matches everything.
type Query struct {
	// Own takes items of this house, Partners those of the partners named by their
	// origins. A query takes from at least one of them.
	Own      bool     `json:"own"`
	Partners []string `json:"partners,omitempty"`

	Subjects  []string    `json:"subjects,omitempty"`  // URIs, or literals
	Languages []string    `json:"languages,omitempty"` // BCP 47; "ar" takes "ar-EG"
	Places    []string    `json:"places,omitempty"`    // URIs, or names
	Types     []news.Type `json:"types,omitempty"`
	Genres    []string    `json:"genres,omitempty"` // URIs, literals or names
	Desks     []string    `json:"desks,omitempty"`
	Urgency   int         `json:"urgency,omitzero"` // takes this one and what is more urgent: 1 is the highest
	Words     string      `json:"words,omitzero"`   // as in a search: all of them, "a phrase", OR, -not
}

// maxChoices bounds the lists of a query together.
const maxChoices = 500

// candidate is an item that is held against queries.
type candidate struct {
	origin string
	own    bool
	desk   string
	item   *news.Item
	text   func() *search.Text // its words, read once and only if asked for
}

// matcher is a query made ready.
type matcher struct {
	Query
	subjects, places, genres map[string]bool
	watch                    *search.Watch // nil for no words
}

// compile checks a query and makes it ready.
func compile(q *Query) (*matcher, error) {
	if !q.Own && len(q.Partners) == 0 {
		return nil, news.Errorf(news.Invalid, "query.own", "say whose items: this house's, or name partners")
	}
	for _, p := range q.Partners {
		if err := news.ValidOrigin(p); err != nil {
			return nil, news.Errorf(news.Invalid, "query.partners", "%q is not the origin of a partner", p)
		}
	}
	for _, l := range q.Languages {
		if _, err := language.Parse(l); err != nil {
			return nil, news.Errorf(news.Invalid, "query.languages", "%q is not a BCP 47 language tag such as ar, ru or en-GB", l)
		}
	}
	for _, t := range q.Types {
		if !slices.Contains(news.Types, t) {
			return nil, news.Errorf(news.Invalid, "query.types", "%q is not a type we know; use some of %v", t, news.Types)
		}
	}
	if q.Urgency < 0 || q.Urgency > 9 {
		return nil, news.Errorf(news.Invalid, "query.urgency", "%d is outside 1 (highest) to 9", q.Urgency)
	}
	n := 0
	for _, list := range []struct {
		field  string
		values []string
	}{{"subjects", q.Subjects}, {"places", q.Places}, {"genres", q.Genres}, {"desks", q.Desks}, {"languages", q.Languages}, {"partners", q.Partners}} {
		n += len(list.values)
		for _, v := range list.values {
			if strings.TrimSpace(v) == "" {
				return nil, news.Errorf(news.Invalid, "query."+list.field, "an empty choice matches nothing: leave it out")
			}
			if err := checkText("query."+list.field, v, news.MaxURI); err != nil {
				return nil, err
			}
		}
	}
	if n > maxChoices {
		return nil, news.Errorf(news.TooLarge, "query", "%d choices are more than the %d that a product may have", n, maxChoices)
	}
	m := &matcher{Query: *q, subjects: setOf(q.Subjects), places: setOf(q.Places), genres: setOf(q.Genres)}
	if q.Words = strings.TrimSpace(q.Words); q.Words == "" {
		return m, nil
	}
	var err error
	if m.watch, err = search.NewWatch(q.Words); err != nil {
		return nil, news.Errorf(news.KindOf(err), "query.words", "%s", message(err)).Because(err)
	}
	return m, nil
}

// message is an error's text without its field.
func message(err error) string {
	var e *news.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return "it cannot be read"
}

// setOf returns the values in lower case: people type names and codes as they
// like.
func setOf(values []string) map[string]bool {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]bool, len(values))
	for _, v := range values {
		out[strings.ToLower(strings.TrimSpace(v))] = true
	}
	return out
}

// matches reports whether the query takes the item. What costs least is asked
// first.
func (m *matcher) matches(c *candidate) bool {
	it := c.item
	switch {
	case c.own && !m.Own, !c.own && !slices.Contains(m.Partners, c.origin),
		len(m.Types) > 0 && !slices.Contains(m.Types, it.Type),
		len(m.Desks) > 0 && !slices.Contains(m.Desks, c.desk),
		m.Urgency > 0 && (it.Urgency == 0 || it.Urgency > m.Urgency),
		len(m.Languages) > 0 && !slices.ContainsFunc(m.Languages, func(want string) bool { return speaks(it.Language, want) }),
		!among(m.subjects, it.Subjects), !among(m.places, it.Places), !among(m.genres, it.Genres):
		return false
	}
	return m.watch == nil || m.watch.Matches(c.text())
}

// among reports whether one of the concepts is wanted: by its URI, its code, its
// name in any language, or a broader concept that it names.
func among(wanted map[string]bool, have []news.Concept) bool {
	if wanted == nil {
		return true
	}
	for i := range have {
		c := &have[i]
		for _, key := range []string{c.URI, c.Literal, c.Name} {
			if key != "" && wanted[strings.ToLower(key)] {
				return true
			}
		}
		for _, name := range c.Names {
			if wanted[strings.ToLower(name)] {
				return true
			}
		}
		for _, b := range c.Broader {
			if wanted[strings.ToLower(b)] {
				return true
			}
		}
	}
	return false
}

// speaks reports whether the language tag is the wanted one or a form of it.
func speaks(tag, want string) bool {
	return strings.EqualFold(tag, want) ||
		len(tag) > len(want) && tag[len(want)] == '-' && strings.EqualFold(tag[:len(want)], want)
}
