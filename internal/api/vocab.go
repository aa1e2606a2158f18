package api

import (
	"net/http"
	"time"

	"jisr/internal/vocab"
)

// scheme is a vocabulary.
type scheme struct {
	URI       string            `json:"uri"`
	Alias     string            `json:"alias"`
	Names     map[string]string `json:"names"`
	Edition   time.Time         `json:"edition,omitzero"`
	Authority string            `json:"authority,omitempty"`
	Embedded  bool              `json:"embedded"`
	Concepts  int               `json:"concepts"`
}

type schemes struct {
	Schemes []scheme `json:"schemes"`
}

func (s *server) listSchemes(w http.ResponseWriter, c *call) error {
	if err := query(c).done(); err != nil {
		return err
	}
	found, err := s.vocab.Schemes(c.Context())
	if err != nil {
		return err
	}
	out := schemes{make([]scheme, len(found))}
	for i, v := range found {
		out.Schemes[i] = scheme{v.URI, v.Alias, v.Names, utc(v.Edition), v.Authority, v.Embedded, v.Concepts}
	}
	return writeJSON(w, http.StatusOK, out)
}

// concept is an entry of a vocabulary.
type concept struct {
	URI         string              `json:"uri"`
	QCode       string              `json:"qcode"`
	Scheme      string              `json:"scheme"`
	Name        string              `json:"name"` // in the language that was asked for
	Names       map[string]string   `json:"names,omitempty"`
	Labels      map[string][]string `json:"labels,omitempty"`
	Definitions map[string]string   `json:"definitions,omitempty"`
	Broader     []string            `json:"broader,omitempty"`
	ExactMatch  []string            `json:"exact_match,omitempty"`
	Retired     time.Time           `json:"retired,omitzero"`
	ReplacedBy  string              `json:"replaced_by,omitempty"`
}

func shownConcept(c *vocab.Concept, language string) concept {
	return concept{c.URI, c.QCode(), c.Scheme, c.Name(language), c.Names, c.Labels, c.Definitions, c.Broader, c.ExactMatch, utc(c.Retired), c.ReplacedBy}
}

func (s *server) showConcept(w http.ResponseWriter, c *call) error {
	q := query(c)
	uri, language := q.required("uri"), q.text("lang")
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.vocab.Concept(c.Context(), uri)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, shownConcept(found, language))
}

// conceptMatch is a concept that was found, and by what.
type conceptMatch struct {
	URI     string    `json:"uri"`
	QCode   string    `json:"qcode"`
	Scheme  string    `json:"scheme"`
	Name    string    `json:"name"`
	Matched string    `json:"matched"`
	Retired time.Time `json:"retired,omitzero"`
}

type conceptMatches struct {
	Concepts []conceptMatch `json:"concepts"`
}

func (s *server) searchConcepts(w http.ResponseWriter, c *call) error {
	q := query(c)
	ask := vocab.Query{Text: q.text("q"), Scheme: q.text("scheme"), Language: q.text("lang"), Limit: int(q.number("limit", 20))}
	if ask.Limit < 1 || ask.Limit > 100 {
		q.fail("limit", "%d is outside 1 to 100", ask.Limit)
	}
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.vocab.Search(c.Context(), ask)
	if err != nil {
		return err
	}
	out := conceptMatches{make([]conceptMatch, len(found))}
	for i, m := range found {
		out.Concepts[i] = conceptMatch{m.Concept.URI, m.Concept.QCode(), m.Concept.Scheme, m.Concept.Name(ask.Language), m.Label, utc(m.Concept.Retired)}
	}
	return writeJSON(w, http.StatusOK, out)
}

type conceptPage struct {
	Concepts []concept `json:"concepts"`
	Next     int64     `json:"next_after,omitempty"`
}

func (s *server) listConcepts(w http.ResponseWriter, c *call) error {
	q := query(c)
	of, language, after, limit := q.required("of"), q.text("lang"), q.number("after", 0), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	p, err := s.vocab.Children(c.Context(), of, after, limit)
	if err != nil {
		return err
	}
	out := conceptPage{make([]concept, len(p.Concepts)), p.Next}
	for i, k := range p.Concepts {
		out.Concepts[i] = shownConcept(k, language)
	}
	return writeJSON(w, http.StatusOK, out)
}
