package newsmlg2

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// maxPerConcept bounds each list of one concept: names, broader concepts …
const maxPerConcept = 100

// assertion is what an item says of a concept in one place for all its uses.
type assertion struct {
	kind string // cpnat code
	node *node
	read bool
	news.Concept
}

// collectAsserts remembers what the item says of its concepts, so that a subject
// that carries only a code gets its names.
func (t *translation) collectAsserts(n *node) {
	remember := func(id, details *node) {
		if key := t.key(id); key != "" && t.asserts[key] == nil {
			kind := details.child("type")
			t.asserts[key] = &assertion{node: details, kind: code(kind.attr("qcode"), kind.attr("uri"))}
		}
	}
	for a := range n.all("assert") {
		remember(a, a)
	}
	for s := range n.all("conceptSet") {
		for c := range s.all("concept") {
			if id := c.child("conceptId"); id != nil {
				remember(id, c)
			}
		}
	}
}

// assertedOf returns what the item asserts of the concept that n names, or nil.
// Uses beyond the most that a list may hold get nothing: a small file must not
// multiply a large assert.
func (t *translation) assertedOf(n *node) *assertion {
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

// key names the concept that an element is about: its URI, QCode or literal.
func (t *translation) key(n *node) string {
	if uri := n.attr("uri"); uri != "" {
		return uri
	}
	if q := n.attr("qcode"); q != "" {
		return firstOf(t.codes.uri(q, n), q)
	}
	return n.attr("literal")
}

// concept reads a property that names a concept: by URI, by QCode, by literal,
// by its names or by all of them.
func (t *translation) concept(n *node) news.Concept {
	c := news.Concept{URI: n.attr("uri"), Literal: n.attr("literal"), Creator: n.attr("creator"), Role: t.codes.roleOf(n, "role")}
	if q := n.attr("qcode"); q != "" {
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
func (t *translation) details(c *news.Concept, n *node) {
	t.names(c, n)
	for k := range n.elements() {
		switch k.name {
		case "broader":
			if uri := firstOf(k.attr("uri"), t.codes.uri(k.attr("qcode"), k), k.attr("qcode")); uri != "" {
				c.Broader = append(c.Broader, uri)
			}
		case "geoAreaDetails", "POIDetails", "organisationDetails", "personDetails":
			t.entity(c, k)
		case "sameAs":
			// An agency's code with a public one beside it: the public one is what
			// a receiver can use.
			uri := firstOf(k.attr("uri"), t.codes.uri(k.attr("qcode"), k))
			if c.URI == "" {
				c.URI = uri
			} else if uri != c.URI {
				t.lose(k, "a further identity of a concept is not kept")
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

// names takes the name in the item's language, else the first one, and all names
// that have a language. Names with a role (sort form, mnemonic) only stand in.
func (t *translation) names(c *news.Concept, n *node) {
	var ours, first, odd string
	for k := range n.all("name") {
		s := k.line()
		if s == "" {
			continue
		}
		role := code(k.attr("role"), k.attr("roleuri"))
		plain := role == "" || role == "full" || role == "display" || role == "common"
		if !plain {
			odd = firstOf(odd, s)
			continue
		}
		lang := t.tag(k.lang(), k)
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
		c.Name = firstOf(ours, first, odd)
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

func (t *translation) percent(n *node, attr string) *int {
	s := n.attr(attr)
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

// entity reads what is particular to a place, an organisation or a person.
func (t *translation) entity(c *news.Concept, n *node) {
	for k := range n.elements() {
		switch k.name {
		case "position":
			t.position(c, k)
		case "line", "circle", "polygon":
			t.lose(k, "the shape of a place is not kept, only a point")
		case "hasInstrument":
			c.Symbols = append(c.Symbols, instrument(k))
		case "contactInfo":
			t.contacts(c, k)
		case "address": // some write it without contactInfo
			if a := t.address(k); len(a.Lines) > 0 || a.Locality != "" || a.Country != "" {
				c.Contacts = append(c.Contacts, news.Contact{Type: k.name, Role: t.codes.roleOf(k, "role"), Address: a})
			}
		default:
			t.loseIfFull(k, "not kept of a person, place or organisation")
		}
	}
}

// loseIfFull reports an element that says something; agencies send many that do
// not, because a template has them.
func (t *translation) loseIfFull(n *node, reason string) {
	if len(n.attrs) > 0 || n.line() != "" {
		t.lose(n, reason)
	}
}

// position makes a GeoJSON point (RFC 7946: longitude first) of the first
// position.
func (t *translation) position(c *news.Concept, n *node) {
	lat, err1 := strconv.ParseFloat(n.attr("latitude"), 64)
	lon, err2 := strconv.ParseFloat(n.attr("longitude"), 64)
	switch {
	case err1 != nil || err2 != nil || !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180):
		t.lose(n, fmt.Sprintf("latitude %q, longitude %q is not a place on Earth", n.attr("latitude"), n.attr("longitude")))
	case c.GeoJSON == nil:
		c.GeoJSON = fmt.Appendf(nil, `{"type":"Point","coordinates":[%s,%s]}`, decimal(lon), decimal(lat))
	}
}

// decimal writes a number as JSON has it, without an exponent.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// instrument reads a ticker symbol of an organisation.
func instrument(n *node) news.Symbol {
	s := news.Symbol{Exchange: firstOf(code(n.attr("market"), n.attr("marketuri")), n.attr("marketlabel"))}
	switch kind := code(n.attr("type"), n.attr("typeuri")); strings.ToLower(kind) {
	case "", "ticker", "tidm":
		s.Ticker = n.attr("symbol")
	default:
		s.SymbolType, s.Symbol = kind, n.attr("symbol")
	}
	return s
}

// contacts reads the ways to reach a party.
func (t *translation) contacts(c *news.Concept, n *node) {
	for k := range n.elements() {
		contact := news.Contact{Type: k.name, Role: t.codes.roleOf(k, "role"), Lang: k.lang()}
		switch k.name {
		case "address":
			contact.Address = t.address(k)
		case "email", "im", "phone", "fax", "web":
			contact.Value = k.line()
		default:
			t.loseIfFull(k, "this way to reach a party is not kept")
			continue
		}
		c.Contacts = append(c.Contacts, contact)
	}
}

func (t *translation) address(n *node) *news.Address {
	var a news.Address
	for k := range n.elements() {
		text := k.line()
		switch k.name {
		case "line":
			a.Lines = append(a.Lines, text)
		case "locality":
			a.Locality = firstOf(text, k.attr("literal"))
		case "area":
			a.Area = firstOf(text, k.attr("literal"))
		case "postalCode":
			a.PostalCode = text
		case "country":
			a.Country = firstOf(text, code(k.attr("qcode"), k.attr("uri")))
		default:
			t.loseIfFull(k, "not kept of an address")
		}
	}
	return &a
}

// subject sorts what the item speaks of by the nature of the concept.
func (t *translation) subject(n *node) {
	c := t.concept(n)
	kind := code(n.attr("type"), n.attr("typeuri"))
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
		c.Rel = n.attr("type")
		it.Subjects = append(it.Subjects, c)
	}
}

// located reads where the content comes from: the words for print, and the place
// itself where the sender says more than a name.
func (t *translation) located(n *node) {
	c := t.concept(n)
	words := firstOf(c.Name, c.Literal)
	for b := range n.all("broader") {
		if code(b.attr("type"), b.attr("typeuri")) == "country" {
			var country news.Concept
			t.names(&country, b)
			words = join(words, ", ", country.Name)
		}
	}
	t.it.Located = join(t.it.Located, "; ", words)
	if c.URI != "" || c.GeoJSON != nil || len(c.Names) > 0 {
		c.Rel = "located"
		t.it.Places = append(t.it.Places, c)
	}
}
