package newsmlg2

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/lexical"
	"jisr/internal/format/loss"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

const (
	standardVersion = "2.34"
	catalogHref     = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_40.xml"

	// houseAlias names the scheme of what NewsML-G2 has no code for. Its codes are
	// a promise: files that other systems keep carry them.
	houseAlias = "jisr"
	houseURI   = "urn:jisr:g2:"
)

// Write writes the items as NewsML-G2: one alone, several in a newsMessage. A
// package (composite with associations and no content of its own) becomes a
// packageItem, a plan a planningItem, an event a conceptItem, anything else a
// newsItem. The output follows the power schema of 2.34; reading it gives the
// items back, but for the losses, which name by JSON pointer what cannot be
// written at all.
//
// An error is of kind Invalid.
func Write(items []*news.Item) ([]byte, []loss.Loss, error) {
	data, lost, _, err := WriteFor(items)
	return data, lost, err
}

// WriteFor is Write that also says what receivers other than ourselves do not get:
// apart names what an item has and NewsML-G2 has no place for, so that it stands in
// an element of our own.
func WriteFor(items []*news.Item) (data []byte, lost, apart []loss.Loss, err error) {
	if len(items) == 0 {
		return nil, nil, nil, news.Errorf(news.Invalid, "", "there is no item to write")
	}
	var losses loss.List
	var out xmltree.Writer
	out.Raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	if len(items) > 1 {
		out.Open("newsMessage", "xmlns", Namespace)
		out.Open("header")
		out.Line("sent", sent(items))
		out.Close()
		out.Open("itemSet")
	}
	ids := map[string]bool{}
	for i, it := range items {
		at, prefix := "", ""
		if len(items) > 1 {
			at, prefix = "/"+strconv.Itoa(i), "i"+strconv.Itoa(i+1)+"-"
		}
		if it.URI == "" {
			return nil, nil, nil, news.Errorf(news.Invalid, strings.TrimPrefix(at+"/uri", "/"), "an item needs a uri: it becomes the guid")
		}
		w := &writer{it: it, at: at, prefix: prefix, lost: &losses, ids: ids}
		apart = append(apart, w.complete(&out, len(items) == 1)...)
	}
	if len(items) > 1 {
		out.Close()
		out.Close()
	}
	return []byte(out.String() + "\n"), losses.All(""), apart, nil
}

// sent returns when the newest of the items was made: a message's time must not
// depend on the clock, so that equal items give equal bytes.
func sent(items []*news.Item) string {
	var at time.Time
	for _, it := range items {
		if it.VersionCreated.After(at) {
			at = it.VersionCreated
		}
	}
	if at.IsZero() {
		at = time.Unix(0, 0).UTC()
	}
	return stamp(at)
}

func stamp(at time.Time) string { return at.Format(time.RFC3339Nano) }

// writer writes one item.
type writer struct {
	it      *news.Item
	at      string          // JSON pointer of the item among those written
	prefix  string          // of ids that the writer makes
	losses  *loss.List      // of this way of writing it
	lost    *loss.List      // what is lost in the end
	more    string          // the element that completes the item
	schemes []string        // base URIs that the inline catalog names, as ns1, ns2 …
	house   bool            // whether the house's scheme is used
	kept    map[string]bool // keys of Extra that were written
	ids     map[string]bool // xs:ID values of the document
}

func (w *writer) lose(path, reason string) { w.losses.Add(w.at+path, reason) }

func (w *writer) losef(path, format string, args ...any) {
	w.lose(path, fmt.Sprintf(format, args...))
}

// item writes the item. What it refers to is known only at its end, so the
// sections come before the catalog that stands above them.
func (w *writer) item(out *xmltree.Writer, alone bool) {
	it := w.it
	name := rootOf(it)
	var body section
	if hops := w.hops(); hops != "" {
		body.add("hopHistory", hops)
	}
	if rights := w.rights(); rights != "" {
		body.add("rightsInfo", rights)
	}
	body.add("itemMeta", w.itemMeta(name))
	if content := w.contentMeta(name); content != "" {
		body.add("contentMeta", content)
	}
	switch name {
	case "newsItem":
		for i := range it.Parts {
			body.add("partMeta", w.part(i))
		}
		if content := w.contentSet(); content != "" {
			body.add("contentSet", content)
		}
	case "packageItem":
		body.add("groupSet", w.groupSet())
	case "planningItem":
		body.add("newsCoverageSet", w.coverageSet())
	case "conceptItem":
		body.add("concept", w.concept())
	}
	w.extras(&body, "", name)
	w.reordered(name)
	w.unwritten(name)

	space := ""
	if alone {
		space = Namespace
	}
	out.Open(name, "xmlns", space, "guid", it.URI, "version", w.version(), "standard", "NewsML-G2", "standardversion", w.standardVersion(),
		"conformance", "power", "xml:lang", w.language("/language", it.Language))
	out.Element("catalogRef", "", "href", catalogHref)
	w.catalog(out)
	out.Raw(body.in(name))
	out.Close()
}

// rootOf returns the kind of item that the type asks for.
func rootOf(it *news.Item) string {
	switch it.Type {
	case news.Event:
		return "conceptItem"
	case news.Planning:
		return "planningItem"
	case news.Composite:
		if len(it.Associations) > 0 && len(it.Bodies)+len(it.Renditions)+len(it.Parts) == 0 {
			return "packageItem"
		}
	}
	return "newsItem"
}

// catalog writes the schemes that are not IPTC's.
func (w *writer) catalog(out *xmltree.Writer) {
	if len(w.schemes) == 0 && !w.house {
		return
	}
	out.Open("catalog")
	if w.house {
		out.Element("scheme", "", "alias", houseAlias, "uri", houseURI)
	}
	for i, base := range w.schemes {
		out.Element("scheme", "", "alias", "ns"+strconv.Itoa(i+1), "uri", base)
	}
	out.Close()
}

func (w *writer) version() string {
	v := w.it.Version
	if v == "" {
		return ""
	}
	if n, err := strconv.ParseUint(v, 10, 63); err != nil || n == 0 {
		w.losef("/version", "%q is not a whole number from 1", lexical.Shorten(v))
		return ""
	}
	return v
}

func (w *writer) standardVersion() string {
	if s := w.it.Standard; s != nil && s.Name == "NewsML-G2" && validVersion(s.Version) {
		return s.Version
	}
	return standardVersion
}

// validVersion reports whether s is digits, a point and digits.
func validVersion(s string) bool {
	major, minor, found := strings.Cut(s, ".")
	return found && isNumber(major) && isNumber(minor)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// language returns the tag if it is one.
func (w *writer) language(path, tag string) string {
	if clean, ok := lexical.Language(tag); !ok || clean != tag {
		w.losef(path, "%q is not a BCP 47 language tag", lexical.Shorten(tag))
		return ""
	}
	return tag
}

// line returns a text as the reader will find it: on one line.
func (w *writer) line(path, s string) string {
	flat := strings.Join(strings.Fields(allowed(s)), " ")
	if flat != s {
		w.lose(path, "line breaks, further white space and control characters are not kept")
	}
	return flat
}

// allowed returns the text as XML 1.0 can hold it.
func allowed(s string) string {
	return strings.Map(func(c rune) rune {
		if !xmltree.Allowed(c) {
			return '\uFFFD'
		}
		return c
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// token returns a text that is an attribute: without spaces around it.
func (w *writer) token(path, s string) string {
	clean := strings.TrimSpace(allowed(s))
	if clean != s {
		w.lose(path, "white space around it and control characters are not kept")
	}
	return clean
}

// block writes a text of paragraphs as the content of an element.
func (w *writer) block(path, s string) string {
	var out xmltree.Writer
	var kept []string
	for p := range strings.SplitSeq(allowed(s), "\n\n") {
		var lines []string
		for l := range strings.SplitSeq(p, "\n") {
			lines = append(lines, strings.Join(strings.Fields(l), " "))
		}
		p = strings.Trim(strings.Join(lines, "\n"), "\n")
		if p != "" {
			kept = append(kept, p)
		}
	}
	if strings.Join(kept, "\n\n") != s {
		w.lose(path, "empty lines, further white space and control characters are not kept")
	}
	for i, p := range kept {
		if i > 0 {
			out.Text("\n\n")
		}
		for j, l := range strings.Split(p, "\n") {
			if j > 0 {
				out.Element("br", "")
			}
			out.Text(l)
		}
	}
	return out.String()
}

// element returns an element around content that is markup already.
func element(name, content string, attrs ...string) string {
	var out xmltree.Writer
	out.Open(name, attrs...)
	out.Raw(content)
	out.Close()
	return out.String()
}

// text returns an element around a text.
func text(name, s string, attrs ...string) string {
	var out xmltree.Writer
	out.Element(name, s, attrs...)
	return out.String()
}

// id returns an xs:ID that stands once in the document, or "".
func (w *writer) id(path, s string) string {
	if s == "" {
		return ""
	}
	if !isNCName(s) || w.ids[s] {
		w.losef(path, "%q cannot be the id of an element, which is a name that stands once", lexical.Shorten(s))
		return ""
	}
	w.ids[s] = true
	return s
}

// isNCName reports whether s can be an xs:ID.
func isNCName(s string) bool {
	for i, c := range s {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0xc0 && c != 0xd7 && c != 0xf7 && c < 0x2000
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// section is the content of an element whose children the schema orders.
type section struct{ parts []part }

type part struct{ name, markup string }

func (s *section) add(name, markup string) {
	if markup != "" {
		s.parts = append(s.parts, part{name, markup})
	}
}

// in returns the markup in the order that the schema asks for in the element.
// What the schema does not know comes last: that is where it allows elements of
// other namespaces.
func (s *section) in(element string) string {
	order, _ := childOrder(element)
	rank := func(p part) int {
		if i := place(order, p.name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(s.parts, func(a, b part) int { return cmp.Compare(rank(a), rank(b)) })
	var b strings.Builder
	for _, p := range s.parts {
		b.WriteString(p.markup)
	}
	return b.String()
}

// extras puts the elements of Extra that Read kept from the section back into it.
// prefix is the section's path with a slash behind it, element its name.
func (w *writer) extras(s *section, prefix, element string) {
	order, _ := childOrder(element)
	var keys []string
	for key := range w.it.Extra {
		name, ok := strings.CutPrefix(key, prefix)
		if ok && name != "" && !strings.Contains(name, "/") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		name := strings.TrimPrefix(key, prefix)
		for _, value := range xmltree.Kept(w.it, key) {
			n, isElement := xmltree.Element(value)
			markup := value
			switch {
			case isElement && n.Name == name && (place(order, name) >= 0 || n.Space != "" && n.Space != Namespace):
			case isElement || place(order, name) < 0:
				continue
			case strings.Join(strings.Fields(allowed(value)), " ") != value:
				continue
			default:
				markup = text(name, value)
			}
			s.add(name, markup)
			if w.kept == nil {
				w.kept = map[string]bool{}
			}
			w.kept[key] = true
		}
	}
}

// reordered reports lists whose entries stand in different places of a file, so
// that they come back in another order.
func (w *writer) reordered(root string) {
	first := func(path string, list []news.Concept, stands func(*news.Concept) bool) {
		for i := 1; i < len(list); i++ {
			if stands(&list[i]) && !stands(&list[i-1]) {
				w.lose(path, "their order is not kept")
				return
			}
		}
	}
	first("/places", w.it.Places, func(c *news.Concept) bool { return c.Rel == "located" })
	if root == "conceptItem" {
		first("/events", w.it.Events, func(c *news.Concept) bool { return c.Rel != "" })
	}
	if w.providerIndex() > 0 {
		w.lose("/infoSources", "their order is not kept")
	}
}

// unwritten reports what this kind of item has no place for.
func (w *writer) unwritten(root string) {
	it := w.it
	type field struct {
		path string
		full bool
	}
	fields := []field{
		{"/trustIndicators", len(it.TrustIndicators) > 0},
		{"/name", it.Name != ""}, {"/rel", it.Rel != ""},
	}
	if root != "newsItem" {
		fields = append(fields, field{"/bodies", len(it.Bodies) > 0}, field{"/renditions", len(it.Renditions) > 0}, field{"/parts", len(it.Parts) > 0})
	}
	if root != "conceptItem" {
		fields = append(fields, field{"/eventDetails", it.EventDetails != nil})
	}
	if root != "planningItem" {
		fields = append(fields, field{"/plannedCoverage", len(it.PlannedCoverage) > 0})
	}
	for _, f := range fields {
		if f.full {
			w.lose(f.path, "a "+root+" has no place for it")
		}
	}
	keys := make([]string, 0, len(it.Extra))
	for key := range it.Extra {
		if !w.kept[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		w.lose("/extra/"+key, "not written: it came from another format or place")
	}
}
