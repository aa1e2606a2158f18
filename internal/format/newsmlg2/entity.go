package newsmlg2

import (
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// entity reads what is particular to a place, an organisation or a person.
func (t *translation) entity(c *news.Concept, n *xmltree.Node) {
	for k := range n.Elements() {
		switch k.Name {
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
				c.Contacts = append(c.Contacts, news.Contact{Type: k.Name, Role: t.codes.roleOf(k, "role"), Address: a})
			}
		default:
			t.loseIfFull(k, "not kept of a person, place or organisation")
		}
	}
}

// loseIfFull reports an element that says something; agencies send many that do
// not, because a template has them.
func (t *translation) loseIfFull(n *xmltree.Node, reason string) {
	if len(n.Attrs) > 0 || n.Line() != "" {
		t.lose(n, reason)
	}
}

// position makes a GeoJSON point (RFC 7946: longitude first) of the first
// position.
func (t *translation) position(c *news.Concept, n *xmltree.Node) {
	lat, err1 := strconv.ParseFloat(n.Attr("latitude"), 64)
	lon, err2 := strconv.ParseFloat(n.Attr("longitude"), 64)
	switch {
	case err1 != nil || err2 != nil || !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180):
		t.lose(n, fmt.Sprintf("latitude %q, longitude %q is not a place on Earth", n.Attr("latitude"), n.Attr("longitude")))
	case c.GeoJSON == nil:
		c.GeoJSON = fmt.Appendf(nil, `{"type":"Point","coordinates":[%s,%s]}`, decimal(lon), decimal(lat))
	}
}

// decimal writes a number as JSON has it, without an exponent.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// instrument reads a ticker symbol of an organisation.
func instrument(n *xmltree.Node) news.Symbol {
	s := news.Symbol{Exchange: firstOf(code(n.Attr("market"), n.Attr("marketuri")), n.Attr("marketlabel"))}
	switch kind := code(n.Attr("type"), n.Attr("typeuri")); strings.ToLower(kind) {
	case "", "ticker", "tidm":
		s.Ticker = n.Attr("symbol")
	default:
		s.SymbolType, s.Symbol = kind, n.Attr("symbol")
	}
	return s
}

// contacts reads the ways to reach a party.
func (t *translation) contacts(c *news.Concept, n *xmltree.Node) {
	for k := range n.Elements() {
		contact := news.Contact{Type: k.Name, Role: t.codes.roleOf(k, "role"), Lang: k.Lang()}
		switch k.Name {
		case "address":
			contact.Address = t.address(k)
		case "email", "im", "phone", "fax", "web":
			contact.Value = k.Line()
		default:
			t.loseIfFull(k, "this way to reach a party is not kept")
			continue
		}
		c.Contacts = append(c.Contacts, contact)
	}
}

func (t *translation) address(n *xmltree.Node) *news.Address {
	var a news.Address
	for k := range n.Elements() {
		text := k.Line()
		switch k.Name {
		case "line":
			a.Lines = append(a.Lines, text)
		case "locality":
			a.Locality = firstOf(text, k.Attr("literal"))
		case "area":
			a.Area = firstOf(text, k.Attr("literal"))
		case "postalCode":
			a.PostalCode = text
		case "country":
			a.Country = firstOf(text, code(k.Attr("qcode"), k.Attr("uri")))
		default:
			t.loseIfFull(k, "not kept of an address")
		}
	}
	return &a
}
