package vocab

import (
	"context"
	"strings"

	"jisr/internal/news"
)

// Names says how concepts of items are called for a reader of one language. It
// is about showing: the record stays as its issuer wrote it.
type Names struct {
	language string
	known    map[string]*Concept
}

// Names looks up what the vocabularies say of all concepts of the items, those
// of their associations included: one or two statements for a page of items,
// none if they were shown lately.
func (s *Service) Names(ctx context.Context, language string, items ...*news.Item) (*Names, error) {
	var uris []string
	for _, it := range items {
		uris = collect(uris, it)
	}
	known, err := s.Concepts(ctx, uris)
	if err != nil {
		return nil, err
	}
	return &Names{language, known}, nil
}

// maxNested is how deep associations are followed.
const maxNested = 3

func collect(uris []string, it *news.Item) []string { return collectTo(uris, it, maxNested) }

func collectTo(uris []string, it *news.Item, depth int) []string {
	for _, list := range [][]news.Concept{it.Subjects, it.Genres, it.Signals, it.Places, it.People, it.Organisations, it.Events,
		it.Objects, it.InfoSources, it.Creators, it.Audiences} {
		for i := range list {
			if k := key(&list[i]); k != "" {
				uris = append(uris, k)
			}
		}
	}
	if it.DigitalSourceType != "" {
		uris = append(uris, it.DigitalSourceType)
	}
	if depth > 0 {
		for i := range it.Associations {
			uris = collectTo(uris, &it.Associations[i], depth-1)
		}
	}
	return uris
}

// key is what a concept is looked up by: its URI, or a code that could be a
// QCode.
func key(c *news.Concept) string {
	if c.URI != "" {
		return c.URI
	}
	if strings.Contains(c.Literal, ":") {
		return c.Literal
	}
	return ""
}

// Of returns the name of a concept: what its sender calls it in the reader's
// language, else what its vocabulary does, else the sender's name, else the
// vocabulary's in another language, else its code.
func (n *Names) Of(c *news.Concept) string {
	known := n.known[key(c)]
	if name := inLanguage(c.Names, n.language); name != "" {
		return name
	}
	if known != nil {
		if name := inLanguage(known.Names, n.language); name != "" {
			return name
		}
	}
	switch {
	case c.Name != "":
		return c.Name
	case len(c.Names) > 0:
		return pick(c.Names, n.language)
	case known != nil:
		return known.Name(n.language)
	case c.Literal != "":
		return c.Literal
	}
	return codeOf(c.URI, "")
}

// OfURI returns the name of what an item names by a URI alone, such as its
// digital source type.
func (n *Names) OfURI(uri string) string { return n.Of(&news.Concept{URI: uri}) }

// Known returns what the vocabularies have of a concept, or nil: its code, what
// replaces it, where it stands in the tree.
func (n *Names) Known(c *news.Concept) *Concept { return n.known[key(c)] }
