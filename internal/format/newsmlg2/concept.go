package newsmlg2

import (
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// maxPerConcept bounds each list of one concept: names, broader concepts …
const maxPerConcept = 100

// key names the concept that an element is about: its URI, QCode or literal.
func (t *translation) key(n *xmltree.Node) string {
	if uri := n.Attr("uri"); uri != "" {
		return uri
	}
	if q := n.Attr("qcode"); q != "" {
		return firstOf(t.codes.uri(q, n), q)
	}
	return n.Attr("literal")
}

// concept reads a property that names a concept: by URI, by QCode, by literal,
// by its names or by all of them.
func (t *translation) concept(n *xmltree.Node) news.Concept {
	c := news.Concept{URI: n.Attr("uri"), Literal: n.Attr("literal"), Creator: n.Attr("creator"), Role: t.codes.roleOf(n, "role")}
	if q := n.Attr("qcode"); q != "" {
		if uri := t.codes.uri(q, n); uri == "" {
			c.Literal = q
		} else if c.URI == "" {
			c.URI = uri
		}
	}
	c.Relevance = t.percent(n, "relevance")
	c.Confidence = t.percent(n, "confidence")
	t.details(&c, n)
	if a := t.assertedOf(n); a != nil {
		complete(&c, &a.Concept)
	}
	return c
}

// details adds what the children of n say of the concept, without changing what
// it has.
func (t *translation) details(c *news.Concept, n *xmltree.Node) {
	t.names(c, n)
	for k := range n.Elements() {
		switch k.Name {
		case "broader":
			if uri := firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k), k.Attr("qcode")); uri != "" {
				c.Broader = append(c.Broader, uri)
			}
		case "geoAreaDetails", "POIDetails", "organisationDetails", "personDetails":
			t.entity(c, k)
		case "sameAs":
			// An agency's code with a public one beside it: the public one is what
			// a receiver can use.
			uri := firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k))
			if c.URI == "" {
				c.URI = uri
			} else if uri != c.URI {
				t.lose(k, "a further identity of a concept is not kept")
			}
		case "related":
			switch k.Attr("rel") {
			case houseAlias + ":rel":
				c.Rel = k.Attr("literal")
			case houseAlias + ":role":
				c.Role = k.Attr("literal")
			default:
				t.loseIfFull(k, "not kept of a concept")
			}
		case "name", "type", "conceptId": // read elsewhere
		default:
			t.loseIfFull(k, "not kept of a concept")
		}
	}
	if len(c.Broader) > maxPerConcept || len(c.Contacts) > maxPerConcept || len(c.Symbols) > maxPerConcept {
		t.lose(n, fmt.Sprintf("only the first %d details of each kind are kept of a concept", maxPerConcept))
		c.Broader = c.Broader[:min(len(c.Broader), maxPerConcept)]
		c.Contacts = c.Contacts[:min(len(c.Contacts), maxPerConcept)]
		c.Symbols = c.Symbols[:min(len(c.Symbols), maxPerConcept)]
	}
}

// names takes the name for display, else the one in the item's language, else the
// first one, and all names that have a language. Names with another role (sort
// form, mnemonic) only stand in.
func (t *translation) names(c *news.Concept, n *xmltree.Node) {
	var display, ours, first, odd string
	for k := range n.All("name") {
		s := k.Line()
		if s == "" {
			continue
		}
		role := code(k.Attr("role"), k.Attr("roleuri"))
		plain := role == "" || role == "full" || role == "display" || role == "common"
		if !plain {
			odd = firstOf(odd, s)
			continue
		}
		lang := t.tag(k.Lang(), k)
		if role == "display" && display == "" {
			if display = s; lang == "" {
				continue
			}
		}
		if lang == "" {
			if first != "" && first != s {
				t.lose(k, "a further name of a concept in no language is not kept")
			}
			first = firstOf(first, s)
			continue
		}
		first = firstOf(first, s)
		if c.Names == nil {
			c.Names = map[string]string{}
		}
		if c.Names[lang] == "" && len(c.Names) < maxPerConcept {
			c.Names[lang] = s
		}
		if ours == "" && sameLanguage(lang, t.it.Language) {
			ours = s
		}
	}
	if c.Name == "" {
		c.Name = firstOf(display, ours, first, odd)
	}
	if odd != "" && odd != c.Name {
		t.lose(n, "names of a concept for sorting, short forms and the like are not kept")
	}
}

// sameLanguage compares the primary subtags.
func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return a != "" && strings.EqualFold(a, b)
}

func (t *translation) percent(n *xmltree.Node, attr string) *int {
	s := n.Attr(attr)
	if s == "" {
		return nil
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < 0 || v > 100 {
		t.lose(n, fmt.Sprintf("%s=%q is not 0 to 100", attr, s))
		return nil
	}
	return &v
}

// subject sorts what the item speaks of by the nature of the concept.
func (t *translation) subject(n *xmltree.Node) {
	c := t.concept(n)
	kind := code(n.Attr("type"), n.Attr("typeuri"))
	if kind == "" {
		if a := t.asserts[t.key(n)]; a != nil {
			kind = a.kind
		}
	}
	if c.Name == "" && c.URI == "" && c.Literal == "" {
		return
	}
	it := t.it
	switch kind {
	case "person":
		it.People = append(it.People, c)
	case "organisation", "organization":
		it.Organisations = append(it.Organisations, c)
	case "geoArea", "poi", "POI":
		it.Places = append(it.Places, c)
	case "event":
		it.Events = append(it.Events, c)
	case "object":
		it.Objects = append(it.Objects, c)
	case "", "abstract":
		it.Subjects = append(it.Subjects, c)
	default:
		c.Rel = n.Attr("type")
		it.Subjects = append(it.Subjects, c)
	}
}

// located reads where the content comes from: the words for print, and the place
// itself where the sender says more than a name.
func (t *translation) located(n *xmltree.Node) {
	c := t.concept(n)
	words := firstOf(c.Name, c.Literal)
	for b := range n.All("broader") {
		if code(b.Attr("type"), b.Attr("typeuri")) == "country" {
			var country news.Concept
			t.names(&country, b)
			words = lexical.Join(words, ", ", country.Name)
		}
	}
	t.it.Located = lexical.Join(t.it.Located, "; ", words)
	if c.URI != "" || c.GeoJSON != nil || len(c.Names) > 0 {
		c.Rel = "located"
		t.it.Places = append(t.it.Places, c)
	}
}
