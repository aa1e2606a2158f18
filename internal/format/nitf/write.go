package nitf

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

// publicID names the version that Write writes.
const publicID = "-//IPTC//DTD NITF 3.6//EN"

// Write writes the item as NITF 3.6. NITF holds one text and what is around it:
// the losses name, by JSON pointer, what the item has and NITF has no place for.
// An error is of kind Invalid.
func Write(it *news.Item) ([]byte, []loss.Loss, error) {
	if it.URI == "" {
		return nil, nil, news.Errorf(news.Invalid, "uri", "an item needs a uri")
	}
	w := &writer{it: it}
	w.Raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.Open("nitf", "xmlns", Namespace, "version", publicID, "baselang", it.Language)
	w.head()
	w.body()
	w.Close()
	w.unwritten()
	return []byte(w.String() + "\n"), w.losses.All(""), nil
}

type writer struct {
	xmltree.Writer
	it     *news.Item
	losses loss.List
	kept   map[string]bool // keys of Extra that were written
}

func (w *writer) head() {
	it := w.it
	w.Open("head")
	w.Line("title", it.Title)
	w.extra("head/meta")
	w.tobject()
	w.extra("head/iim")
	w.docdata()
	w.extra("head/pubdata")
	w.extra("head/revision-history")
	w.Close()
}

// keptAs writes back an element that Read kept, if it still says what the item
// does; attrs are names and values in turn.
func (w *writer) keptAs(path string, attrs ...string) bool {
	for _, s := range xmltree.Kept(w.it, path) {
		n, ok := xmltree.Element(s)
		for i := 0; i+1 < len(attrs); i += 2 {
			ok = ok && n.Attr(attrs[i]) == attrs[i+1]
		}
		if ok {
			w.Raw(s)
			w.writeKept(path)
			return true
		}
	}
	return false
}

func (w *writer) writeKept(path string) {
	if w.kept == nil {
		w.kept = map[string]bool{}
	}
	w.kept[path] = true
}

// extra writes back the elements that Read kept under the path.
func (w *writer) extra(path string) {
	for _, s := range xmltree.Kept(w.it, path) {
		if _, ok := xmltree.Element(s); ok {
			w.Raw(s)
			w.writeKept(path)
		}
	}
}

func (w *writer) tobject() {
	it := w.it
	isSubject := func(c news.Concept) bool {
		num, ok := strings.CutPrefix(c.URI, subjectCodes)
		return ok && isSubjectCode(num)
	}
	if len(it.Genres) == 0 && !slices.ContainsFunc(it.Subjects, isSubject) {
		return
	}
	w.Open("tobject", "tobject.type", "news")
	for _, g := range it.Genres {
		w.Open("tobject.property", "tobject.property.type", cmp.Or(g.Name, g.Literal, g.URI))
		w.Close()
	}
	for _, s := range it.Subjects {
		if isSubject(s) {
			w.Open("tobject.subject", "tobject.subject.ipr", s.Creator, "tobject.subject.refnum", strings.TrimPrefix(s.URI, subjectCodes), "tobject.subject.detail", s.Name)
			w.Close()
		}
	}
	w.Close()
}

func (w *writer) docdata() {
	it := w.it
	w.Open("docdata", "management-status", w.status())
	source, id := docID(it.URI)
	if provider := w.provider(); source == "" || strings.EqualFold(source, provider) {
		source = provider
	}
	if w.find(it.Signals, signals+"correction") {
		w.empty("correction", "regsrc", source, "id-string", id)
	}
	for _, p := range it.Places {
		if p.Rel == "evloc" {
			w.empty("evloc", "iso-cc", p.Literal, "city", p.Name)
		}
	}
	w.empty("doc-id", "regsrc", source, "id-string", id)
	if len(it.Hops) > 0 {
		w.Open("del-list")
		for _, h := range it.Hops {
			w.empty("from-src", "src-name", cmp.Or(h.Party.Name, h.Party.Literal, h.Party.URI), "level-number", strconv.Itoa(h.Seq))
		}
		w.Close()
	}
	if it.Urgency > 0 {
		w.empty("urgency", "ed-urg", strconv.Itoa(min(it.Urgency, 8)))
		if it.Urgency > 8 {
			w.lose("/urgency", "NITF ends at urgency 8")
		}
	}
	w.subjects("fixture", func(s news.Concept) { w.empty("fixture", "fix-id", cmp.Or(s.Name, s.Literal)) })
	w.date("date.issue", it.VersionCreated)
	w.date("date.release", it.Embargoed)
	w.date("date.expire", it.Expires)
	for _, a := range it.Audiences {
		w.empty("doc-scope", "scope", cmp.Or(a.Name, a.Literal, a.URI))
	}
	w.subjects("series", func(s news.Concept) {
		if name := cmp.Or(s.Name, s.Literal); !w.keptAs("head/docdata/series", "series.name", name) {
			w.empty("series", "series.name", name)
		}
	})
	w.empty("ed-msg", "info", it.EdNote)
	version := it.Version
	if strings.ContainsFunc(version, func(c rune) bool { return c <= ' ' }) {
		w.lose("/version", "a version with spaces cannot be written")
		version = ""
	}
	if !w.keptAs("head/docdata/du-key", "version", version, "key", it.Slugline) {
		w.empty("du-key", "version", version, "key", it.Slugline)
	}
	w.copyright()
	w.extra("head/docdata/doc.rights")
	w.keyList()
	w.identified()
	w.Close()
}

// status returns the management-status. NITF says embargoed where others say
// usable after a time.
func (w *writer) status() string {
	switch w.it.PubStatus {
	case news.Withheld, news.Canceled:
		return string(w.it.PubStatus)
	}
	if !w.it.Embargoed.IsZero() {
		return "embargoed"
	}
	return "usable"
}

// docID splits an identity that Read made from a doc-id.
func docID(uri string) (source, id string) {
	parts, ok := lexical.Parts("nitf", uri)
	switch {
	case ok && len(parts) == 1:
		return "", parts[0]
	case ok && len(parts) == 2:
		return parts[0], parts[1]
	}
	return "", uri
}

func (w *writer) provider() string {
	for _, s := range w.it.InfoSources {
		if s.Role == "provider" {
			return cmp.Or(s.Literal, s.Name, s.URI)
		}
	}
	return ""
}

func (w *writer) find(concepts []news.Concept, uri string) bool {
	return slices.ContainsFunc(concepts, func(c news.Concept) bool { return c.URI == uri })
}

func (w *writer) subjects(rel string, write func(news.Concept)) {
	for _, s := range w.it.Subjects {
		if s.Rel == rel {
			write(s)
		}
	}
}

// date writes a time as NITF wants it: basic ISO 8601 with an offset.
func (w *writer) date(name string, at time.Time) {
	if !at.IsZero() {
		w.empty(name, "norm", norm(at))
	}
}

func norm(at time.Time) string { return at.Format("20060102T150405-0700") }

// copyright writes the notice as year and holder if that is all it says.
func (w *writer) copyright() {
	it := w.it
	year := ""
	if rest, ok := strings.CutPrefix(it.CopyrightNotice, "© "); ok {
		y, holder, _ := strings.Cut(rest, " ")
		if len(y) == 4 && strings.Trim(y, "0123456789") == "" && holder == it.CopyrightHolder {
			year = y
		}
	}
	w.empty("doc.copyright", "year", year, "holder", it.CopyrightHolder)
}

func (w *writer) noticeIsYear() bool {
	n := w.it.CopyrightNotice
	return n == "" || len(n) >= len("© 2026") && strings.HasPrefix(n, "© ") && strings.Trim(n[3:7], "0123456789") == "" &&
		strings.TrimSpace(n[7:]) == w.it.CopyrightHolder
}

func (w *writer) keyList() {
	if !slices.ContainsFunc(w.it.Subjects, func(s news.Concept) bool { return s.Rel == "keyword" }) {
		return
	}
	w.Open("key-list")
	w.subjects("keyword", func(s news.Concept) { w.empty("keyword", "key", cmp.Or(s.Name, s.Literal)) })
	w.Close()
}

func (w *writer) identified() {
	it := w.it
	var out xmltree.Writer
	concept := func(name string, c news.Concept, attrs ...string) {
		out.Open(name, append(attrs, "idsrc", c.Creator, "value", cmp.Or(c.Literal, c.URI))...)
		out.Text(c.Name)
		for _, s := range c.Symbols {
			out.Open("alt-code", "idsrc", cmp.Or(s.Exchange, s.SymbolType, "ticker"), "value", cmp.Or(s.Ticker, s.Symbol))
			out.Close()
		}
		out.Close()
	}
	for _, c := range it.People {
		concept("person", c)
	}
	for _, c := range it.Organisations {
		concept("org", c)
	}
	for _, c := range it.Places {
		if c.Rel != "evloc" {
			out.Open("location", "location-code", cmp.Or(c.Literal, c.URI), "code-source", c.Creator)
			out.Text(c.Name)
			out.Close()
		}
	}
	for _, c := range it.Events {
		concept("event", c)
	}
	for _, c := range it.Objects {
		concept("object.title", c)
	}
	for _, c := range it.Subjects {
		switch num, isCode := strings.CutPrefix(c.URI, subjectCodes); {
		case c.Rel == "keyword", c.Rel == "series", c.Rel == "fixture", isCode && isSubjectCode(num):
		case c.Rel == "function" || c.Rel == "virtloc":
			concept(c.Rel, c)
		default:
			concept("classifier", c, "type", cmp.Or(c.Rel, "subject"))
		}
	}
	if out.Len() > 0 {
		w.Open("identified-content")
		w.Raw(out.String())
		w.Close()
	}
}

// empty writes an element that has attributes only, if any has a value.
func (w *writer) empty(name string, attrs ...string) {
	for i := 1; i < len(attrs); i += 2 {
		if attrs[i] != "" {
			w.Open(name, attrs...)
			w.Close()
			return
		}
	}
}

func (w *writer) lose(path, reason string) { w.losses.Add(path, reason) }

// unwritten reports what NITF has no place for.
func (w *writer) unwritten() {
	it := w.it
	for _, f := range [...]struct {
		path string
		full bool
	}{
		{"/profile", it.Profile != ""}, {"/service", it.Service != ""}, {"/creditLine", it.CreditLine != ""},
		{"/firstCreated", !it.FirstCreated.IsZero()}, {"/contentDigitised", !it.ContentDigitised.IsZero()},
		{"/rightsInfo", it.Rights != nil}, {"/digitalSourceType", it.DigitalSourceType != ""}, {"/trustIndicators", len(it.TrustIndicators) > 0},
		{"/derivedFrom", len(it.DerivedFrom) > 0}, {"/parts", len(it.Parts) > 0}, {"/eventDetails", it.EventDetails != nil},
		{"/plannedCoverage", len(it.PlannedCoverage) > 0}, {"/altIds", len(it.AltIDs) > 0},
		{"/representation", it.Representation != "" && it.Representation != "full"},
	} {
		if f.full {
			w.lose(f.path, "NITF has no place for it")
		}
	}
	if it.Located != "" && it.Dateline == "" && it.ContentCreated.IsZero() {
		w.lose("/located", "NITF says a place in the dateline only")
	}
	for _, s := range it.Signals {
		if s.URI != signals+"correction" && s.URI != signals+"update" {
			w.lose("/signals", "NITF has no place for it")
		}
	}
	for _, l := range [...]struct {
		path string
		list []news.Concept
	}{
		{"people", it.People}, {"organisations", it.Organisations}, {"places", it.Places}, {"subjects", it.Subjects}, {"events", it.Events},
		{"objects", it.Objects}, {"genres", it.Genres}, {"infoSources", it.InfoSources}, {"creators", it.Creators}, {"audiences", it.Audiences},
	} {
		for i := range l.list {
			if richer(&l.list[i]) {
				w.lose("/"+l.path, "names in other languages, relevance, contacts, shapes and broader concepts are not written")
			}
		}
	}
	for key := range it.Extra {
		if !w.kept[key] {
			w.lose("/extra/"+key, "not written: it came from another format or place")
		}
	}
	switch it.Type {
	case "", news.Text, news.Picture, news.Video, news.Audio, news.Graphic:
	default:
		w.lose("/type", fmt.Sprintf("NITF is for texts, not for the type %s", it.Type))
	}
}

func richer(c *news.Concept) bool {
	return len(c.Names) > 0 || c.Relevance != nil || c.Confidence != nil || len(c.Contacts) > 0 || c.GeoJSON != nil || len(c.Broader) > 0
}
