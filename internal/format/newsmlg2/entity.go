package newsmlg2

import (
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/news"
)

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
