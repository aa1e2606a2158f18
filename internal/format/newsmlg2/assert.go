package newsmlg2

import (
	"maps"
	"slices"

	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// assertion is what an item says of a concept in one place for all its uses.
type assertion struct {
	kind string // cpnat code
	node *xmltree.Node
	read bool
	news.Concept
}

// collectAsserts remembers what the item says of its concepts, so that a subject
// that carries only a code gets its names.
func (t *translation) collectAsserts(n *xmltree.Node) {
	remember := func(id, details *xmltree.Node) {
		if key := t.key(id); key != "" && t.asserts[key] == nil {
			kind := details.Child("type")
			t.asserts[key] = &assertion{node: details, kind: code(kind.Attr("qcode"), kind.Attr("uri"))}
		}
	}
	for a := range n.All("assert") {
		remember(a, a)
	}
	for s := range n.All("conceptSet") {
		for c := range s.All("concept") {
			if id := c.Child("conceptId"); id != nil {
				remember(id, c)
			}
		}
	}
}

// assertedOf returns what the item asserts of the concept that n names, or nil.
// Uses beyond the most that a list may hold get nothing: a small file must not
// multiply a large assert.
func (t *translation) assertedOf(n *xmltree.Node) *assertion {
	if len(t.asserts) == 0 {
		return nil
	}
	a := t.asserts[t.key(n)]
	if a == nil || a.node == n {
		return nil
	}
	if t.asserted++; t.asserted > news.MaxList {
		t.lose(n, "what the item asserts of its concepts is not repeated for so many of them")
		return nil
	}
	if !a.read {
		a.read = true
		t.details(&a.Concept, a.node)
	}
	return a
}

// complete adds what is asserted of the concept and it does not say itself.
func complete(c *news.Concept, a *news.Concept) {
	if c.Name == "" {
		c.Name = a.Name
	}
	if c.URI == "" {
		c.URI = a.URI
	}
	if len(c.Names) == 0 {
		c.Names = maps.Clone(a.Names)
	}
	if len(c.Broader) == 0 {
		c.Broader = slices.Clone(a.Broader)
	}
	if len(c.Symbols) == 0 {
		c.Symbols = slices.Clone(a.Symbols)
	}
	if len(c.Contacts) == 0 {
		c.Contacts = slices.Clone(a.Contacts)
	}
	if c.GeoJSON == nil {
		c.GeoJSON = slices.Clone(a.GeoJSON)
	}
}
