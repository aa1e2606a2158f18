package ninjs

import (
	"encoding/json"
	"slices"
	"strings"

	"jisr/internal/news"
)

// Write writes the item as ninjs 3.0: one line, no white space, members in a
// fixed order, texts unescaped where JSON allows, times in RFC 3339 with their
// own offset. Equal items give equal bytes.
//
// An error is of kind Invalid, or TooLarge if the result is over
// news.MaxContent.
func Write(it *news.Item) ([]byte, error) {
	if asURI(it.URI) == "" {
		return nil, news.Errorf(news.Invalid, "uri", "%q is not a URI with a scheme such as urn:, tag: or https:", short(it.URI))
	}
	w := &writer{buf: make([]byte, 0, sizeHint(it))}
	w.open('{')
	w.buf = append(w.buf, `"standard":{"name":"`+standardName+`","version":"`+standardVersion+`","schema":"`+standardSchema+`"}`...)
	w.item(it, asURI(it.URI))
	w.close('}')
	if w.err != nil {
		return nil, w.err
	}
	if len(w.buf) > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, "", "%d bytes are more than the %d allowed for one item", len(w.buf), news.MaxContent)
	}
	return w.buf, nil
}

// sizeHint guesses the size of an item's JSON, so that most items take one
// allocation.
func sizeHint(it *news.Item) int {
	n := 1024 + len(it.EdNote) + len(it.UsageTerms)
	for _, texts := range [...][]news.Words{it.Headlines, it.Descriptions, it.Bodies} {
		for _, t := range texts {
			n += len(t.Value) + len(t.Value)/16 + 96
		}
	}
	n += 128 * (len(it.People) + len(it.Organisations) + len(it.Places) + len(it.Subjects) + len(it.Genres) + len(it.AltIDs))
	return n + 512*(len(it.Renditions)+len(it.PlannedCoverage)) + 1024*len(it.Associations)
}

// item writes the members of an item that the schema has. uri is what its
// required uri shall be.
func (w *writer) item(it *news.Item, uri string) {
	w.text("uri", uri)
	w.itemType(it.Type)
	w.text("version", it.Version)
	if representationFits(it) {
		w.text("representationType", it.Representation)
	}
	w.text("profile", it.Profile)
	w.text("title", it.Title)
	w.text("slugline", it.Slugline)
	w.text("by", it.By)
	w.text("located", it.Located)
	w.text("language", it.Language)
	w.urgency(it.Urgency)
	w.pubStatus(it.PubStatus)
	w.time("firstCreated", it.FirstCreated)
	w.time("versionCreated", it.VersionCreated)
	w.time("contentCreated", it.ContentCreated)
	w.time("embargoedUntil", it.Embargoed)
	w.time("expires", it.Expires)
	w.text("edNote", it.EdNote)
	w.text("usageTerms", it.UsageTerms)
	w.text("copyrightHolder", it.CopyrightHolder)
	w.text("copyrightNotice", it.CopyrightNotice)
	w.rights(it.Rights)
	array(w, "headlines", it.Headlines, w.line)
	w.descriptions(it, uri)
	array(w, "bodies", it.Bodies, w.body)
	w.concepts(it)
	w.eventDetails(it.EventDetails)
	array(w, "plannedCoverage", it.PlannedCoverage, func(c *news.Coverage) { w.coverage(c, false) })
	array(w, "renditions", it.Renditions, func(r *news.Rendition) { w.rendition(r) })
	w.associations(it, uri)
	w.altIDs(it)
	array(w, "trustIndicators", it.TrustIndicators, func(l *news.Link) { w.link(l, false) })
	w.extra(it)
}

func (w *writer) itemType(t news.Type) {
	switch t {
	case news.Programme:
		t = news.Composite
	case news.Data:
		t = news.Component
	case "", news.Text, news.Picture, news.Video, news.Audio, news.Graphic, news.Composite, news.Component, news.Event, news.Planning:
	default:
		w.fail(news.Errorf(news.Invalid, "type", "%q is not a type we know; use one of %v", short(string(t)), news.Types))
	}
	w.text("type", string(t))
}

func (w *writer) urgency(n int) {
	if n < 0 || n > 9 {
		w.fail(news.Errorf(news.Invalid, "urgency", "%d is outside 1 (highest) to 9", n))
	}
	w.integer("urgency", n)
}

func (w *writer) pubStatus(s news.PubStatus) {
	switch s {
	case "", news.Usable, news.Withheld, news.Canceled:
	default:
		w.fail(news.Errorf(news.Invalid, "pubStatus", "%q is not usable, withheld or canceled", short(string(s))))
	}
	w.text("pubStatus", string(s))
}

func representationFits(it *news.Item) bool {
	return it.Representation == "full" || it.Representation == "partial"
}

// rights writes rightsInfo. The schema wants linked or encoded rights, not
// both.
func (w *writer) rights(r *news.Rights) {
	if r == nil {
		return
	}
	linked := asURI(r.LinkedRights)
	if linked == "" && r.EncodedRights == "" {
		return
	}
	w.object("rightsInfo", func() {
		w.uri("langId", r.LangID, false)
		if linked != "" {
			w.text("linkedRights", linked)
		} else {
			w.text("encodedRights", r.EncodedRights)
		}
	})
}

// line writes a headline or description. Its value is required, if empty.
func (w *writer) line(t *news.Words) {
	w.text("role", t.Role)
	w.text("contentType", t.ContentType)
	w.key("value")
	w.quote("value", t.Value)
}

func (w *writer) body(t *news.Words) {
	w.text("role", t.Role)
	w.text("contentType", t.ContentType)
	w.integer("charCount", t.CharCount)
	w.integer("wordCount", t.WordCount)
	w.key("value")
	w.quote("value", t.Value)
}

// descriptions writes the descriptions and, last, jisr:more.
func (w *writer) descriptions(it *news.Item, uri string) {
	more := w.moreOf(it, uri)
	if len(it.Descriptions) == 0 && len(more) == 0 {
		return
	}
	w.key("descriptions")
	w.open('[')
	for i := range it.Descriptions {
		d := &it.Descriptions[i]
		if isMore(*d) {
			w.fail(news.Errorf(news.Invalid, "descriptions", "the role %s is reserved", roleMore))
		}
		w.comma()
		w.open('{')
		w.line(d)
		w.close('}')
	}
	if len(more) > 0 {
		w.comma()
		w.buf = append(w.buf, `{"role":"`+roleMore+`","contentType":"`+typeMore+`","value":`...)
		w.buf = appendQuoted(w.buf, more) // its texts were checked when they were written
		w.close('}')
	}
	w.close(']')
}

func (w *writer) concepts(it *news.Item) {
	array(w, "people", it.People, func(c *news.Concept) { w.concept(c, fieldsOfPerson, false) })
	array(w, "organisations", it.Organisations, func(c *news.Concept) { w.concept(c, fieldsOfOrganisation, false) })
	array(w, "places", it.Places, func(c *news.Concept) { w.concept(c, fieldsOfPlace, false) })
	array(w, "subjects", it.Subjects, func(c *news.Concept) { w.concept(c, fieldsOfSubject, false) })
	array(w, "events", it.Events, func(c *news.Concept) { w.concept(c, fieldsOfEvent, false) })
	array(w, "objects", it.Objects, func(c *news.Concept) { w.concept(c, fieldsOfObject, false) })
	w.genres(it)
	array(w, "infoSources", it.InfoSources, func(c *news.Concept) { w.concept(c, fieldsOfSource, false) })
}

// genres writes the genres, before them what travels as a genre.
func (w *writer) genres(it *news.Item) {
	start := len(w.buf)
	w.key("genres")
	w.open('[')
	inner := len(w.buf)
	one := func(put func()) {
		w.comma()
		w.open('{')
		put()
		w.close('}')
	}
	switch it.Type {
	case news.Programme:
		one(func() { w.text("name", "programme"); w.text("literal", markProgram) })
	case news.Data:
		one(func() { w.text("name", "data"); w.text("literal", markData) })
	}
	if isDigitalSourceType(it.DigitalSourceType) && !sourceTypeIsGenre(it) {
		one(func() { w.text("uri", it.DigitalSourceType) })
	}
	if signalsAreGenres(it) {
		for i := range it.Signals {
			one(func() { w.concept(&it.Signals[i], fieldsOfGenre, false) })
		}
	}
	for i := range it.Genres {
		one(func() { w.concept(&it.Genres[i], fieldsOfGenre, false) })
	}
	if len(w.buf) == inner {
		w.buf = w.buf[:start]
		return
	}
	w.close(']')
}

// sourceTypeIsGenre reports whether a genre names the digital source type too.
func sourceTypeIsGenre(it *news.Item) bool {
	return slices.ContainsFunc(it.Genres, func(c news.Concept) bool { return c.URI == it.DigitalSourceType })
}

// signalsAreGenres reports whether the signals can travel as genres: all are
// of the IPTC vocabulary and say no more than a genre can.
func signalsAreGenres(it *news.Item) bool {
	for i := range it.Signals {
		if s := &it.Signals[i]; !isSignal(s.URI) || !fitsGenre(s) {
			return false
		}
	}
	return true
}

func (w *writer) link(l *news.Link, more bool) {
	w.uri("role", l.Role, more)
	if !more {
		w.text("title", l.Title)
	}
	w.uri("href", l.Href, more)
}

// altIDs writes our own lines first, so that Read takes those.
func (w *writer) altIDs(it *news.Item) {
	start := len(w.buf)
	w.key("altIds")
	w.open('[')
	inner := len(w.buf)
	one := func(role, value string) {
		w.comma()
		w.open('{')
		w.text("role", role)
		w.text("value", value)
		w.close('}')
	}
	for _, own := range [...]news.AltID{{Role: roleDateline, Value: it.Dateline}, {Role: roleCredit, Value: it.CreditLine}, {Role: roleService, Value: it.Service}} {
		if own.Value != "" {
			one(own.Role, own.Value)
		}
	}
	for _, a := range it.AltIDs {
		one(a.Role, a.Value)
	}
	if len(w.buf) == inner {
		w.buf = w.buf[:start]
		return
	}
	w.close(']')
}

// associations writes the sources of the item and its associations. The schema
// requires name and uri; an association without a URI gets one under the
// item's, and jisr:more says that it has none.
func (w *writer) associations(it *news.Item, uri string) {
	if len(it.Associations) == 0 && (len(it.DerivedFrom) == 0 || !derivationsFit(it)) {
		return
	}
	w.key("associations")
	w.open('[')
	if derivationsFit(it) {
		for _, d := range it.DerivedFrom {
			w.comma()
			w.open('{')
			w.text("name", housePrefix+string(d.Relation))
			w.text("uri", d.URI)
			w.text("version", d.Version)
			if d.Origin != "" {
				array(w, "altIds", []news.AltID{{Role: roleOrigin, Value: d.Origin}}, func(a *news.AltID) {
					w.text("role", a.Role)
					w.text("value", a.Value)
				})
			}
			w.close('}')
		}
	}
	for i := range it.Associations {
		a := &it.Associations[i]
		w.comma()
		w.open('{')
		w.key("name")
		w.quote("name", a.Name)
		w.text("rel", a.Rel)
		own := asURI(a.URI)
		if own == "" {
			base, _, _ := strings.Cut(uri, "#")
			own = base + "#association-" + decimal(i+1)
		}
		w.item(a, own)
		w.close('}')
	}
	w.close(']')
}

// derivationsFit reports whether all sources can travel as associations.
func derivationsFit(it *news.Item) bool {
	for _, d := range it.DerivedFrom {
		if !isRelation(d.Relation) || asURI(d.URI) != d.URI || d.URI == "" {
			return false
		}
	}
	return true
}

// extra writes the unknown members of the source's top level back to it.
func (w *writer) extra(it *news.Item) {
	if len(it.Extra) == 0 {
		return
	}
	top := make(map[string]json.RawMessage, len(it.Extra))
	for key, value := range it.Extra {
		if name, ok := topLevel(key); ok {
			top[name] = value
		}
	}
	w.rawMap(top, func(string, json.RawMessage) bool { return true })
}

// topLevel returns the name of the top-level member that a key of Extra
// stands for; it is false for any other place and for names that ninjs has.
func topLevel(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, "/")
	if !ok || strings.Contains(rest, "/") {
		return "", false
	}
	name := strings.NewReplacer("~1", "/", "~0", "~").Replace(rest)
	return name, propertyNamed(name) == pNone
}
