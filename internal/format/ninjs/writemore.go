package ninjs

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"jisr/internal/news"
)

// moreOf returns the content of the item's jisr:more description: whatever
// Write cannot say of the item in the places that 3.0 has, empty if nothing.
// uri is what the item's required uri says. The bytes are valid until the next
// call.
func (w *writer) moreOf(it *news.Item, uri string) []byte {
	m := &writer{buf: append(w.more[:0], '{')}
	m.moreScalars(it, uri)
	m.moreGenres(it)
	m.moreAltIDs(it)
	m.moreTexts(it)
	m.moreConcepts(it)
	if it.EventDetails != nil {
		m.object("eventDetails", func() { m.eventDetailsMore(it.EventDetails) })
	}
	amend(m, "plannedCoverage", it.PlannedCoverage, func(c *news.Coverage) { m.coverage(c, true) })
	amend(m, "renditions", it.Renditions, m.renditionMore)
	amend(m, "trustIndicators", it.TrustIndicators, func(l *news.Link) { m.link(l, true) })
	m.moreLists(it)
	if len(it.Extra) > 0 {
		m.object("extra", func() {
			m.rawMap(it.Extra, func(key string, _ json.RawMessage) bool {
				_, top := topLevel(key)
				return !top
			})
		})
	}
	m.close('}')
	w.more = m.buf
	w.fail(m.err)
	if len(m.buf) == len("{}") {
		return nil
	}
	return m.buf
}

func (w *writer) moreScalars(it *news.Item, uri string) {
	if it.URI != uri {
		w.key("uri")
		w.quote("uri", it.URI)
	}
	if !representationFits(it) {
		w.text("representationType", it.Representation)
	}
	w.time("contentDigitised", it.ContentDigitised)
	if r := it.Rights; r != nil {
		w.object("rightsInfo", func() {
			w.rightsMore(r)
		})
	}
	if s := it.Standard; s != nil {
		w.object("standard", func() {
			w.text("name", s.Name)
			w.text("version", s.Version)
			w.text("schema", s.Schema)
		})
	}
}

// rightsMore writes what rights does not.
func (w *writer) rightsMore(r *news.Rights) {
	linked := asURI(r.LinkedRights)
	if linked == "" && r.EncodedRights == "" {
		w.text("langId", r.LangID)
		w.text("linkedRights", r.LinkedRights)
		return
	}
	w.uri("langId", r.LangID, true)
	w.uri("linkedRights", r.LinkedRights, true)
	if linked != "" {
		w.text("encodedRights", r.EncodedRights)
	}
}

// moreGenres writes the digital source type and the signals where they are not
// of the IPTC vocabularies. If a genre could be mistaken for one of them, it
// says all that is in doubt.
func (w *writer) moreGenres(it *news.Item) {
	doubt := slices.ContainsFunc(it.Genres, func(g news.Concept) bool {
		return isDigitalSourceType(g.URI) || isSignal(g.URI) || g.Literal == markProgram || g.Literal == markData
	})
	if doubt {
		w.text("type", string(it.Type))
		w.key("digitalSourceType")
		w.quote("digitalSourceType", it.DigitalSourceType)
		wholeList(w, "signals", it.Signals, w.wholeConcept)
		wholeList(w, "genres", it.Genres, w.wholeConcept)
		return
	}
	if !isDigitalSourceType(it.DigitalSourceType) {
		w.text("digitalSourceType", it.DigitalSourceType)
	}
	if !signalsAreGenres(it) {
		wholeList(w, "signals", it.Signals, w.wholeConcept)
	}
	amend(w, "genres", it.Genres, func(c *news.Concept) { w.concept(c, fieldsOfGenre, true) })
}

// moreAltIDs is for alternative ids that could be mistaken for our own lines.
func (w *writer) moreAltIDs(it *news.Item) {
	doubt := slices.ContainsFunc(it.AltIDs, func(a news.AltID) bool {
		return a.Value != "" && (a.Role == roleDateline && it.Dateline == "" ||
			a.Role == roleCredit && it.CreditLine == "" || a.Role == roleService && it.Service == "")
	})
	if !doubt {
		return
	}
	for _, own := range [...]struct{ name, value string }{
		{"dateline", it.Dateline}, {"creditLine", it.CreditLine}, {"service", it.Service},
	} {
		w.key(own.name)
		w.quote(own.name, own.value)
	}
	wholeList(w, "altIds", it.AltIDs, func(a *news.AltID) {
		w.text("role", a.Role)
		w.text("value", a.Value)
	})
}

// wholeList writes a list that replaces the item's, if empty too.
func wholeList[T any](w *writer, name string, values []T, put func(*T)) {
	if len(values) == 0 {
		w.key(name)
		w.buf = append(w.buf, "[]"...)
		return
	}
	array(w, name, values, put)
}

func (w *writer) moreTexts(it *news.Item) {
	line := func(t *news.Words) {
		w.text("language", t.Language)
		w.integer("charCount", t.CharCount)
		w.integer("wordCount", t.WordCount)
	}
	amend(w, "headlines", it.Headlines, line)
	amend(w, "descriptions", it.Descriptions, line)
	amend(w, "bodies", it.Bodies, func(t *news.Words) { w.text("language", t.Language) })
}

func (w *writer) moreConcepts(it *news.Item) {
	for _, l := range [...]struct {
		name     string
		concepts []news.Concept
		allowed  fields
	}{
		{"people", it.People, fieldsOfPerson},
		{"organisations", it.Organisations, fieldsOfOrganisation},
		{"places", it.Places, fieldsOfPlace},
		{"subjects", it.Subjects, fieldsOfSubject},
		{"events", it.Events, fieldsOfEvent},
		{"objects", it.Objects, fieldsOfObject},
		{"infoSources", it.InfoSources, fieldsOfSource},
	} {
		amend(w, l.name, l.concepts, func(c *news.Concept) { w.concept(c, l.allowed, true) })
	}
}

// moreLists writes the lists that ninjs does not have at all.
func (w *writer) moreLists(it *news.Item) {
	array(w, "creators", it.Creators, w.wholeConcept)
	array(w, "audiences", it.Audiences, w.wholeConcept)
	array(w, "parts", it.Parts, func(p *news.Part) {
		w.text("id", p.ID)
		w.text("role", p.Role)
		w.integer("seq", p.Seq)
		w.text("start", p.Start)
		w.text("end", p.End)
		w.text("unit", p.Unit)
		w.text("description", p.Description)
		w.text("language", p.Language)
	})
	array(w, "hops", it.Hops, func(h *news.Hop) {
		w.integer("seq", h.Seq)
		w.object("party", func() { w.wholeConcept(&h.Party) })
		w.text("action", h.Action)
		w.time("at", h.At)
	})
	if !derivationsFit(it) {
		array(w, "derivedFrom", it.DerivedFrom, func(d *news.Derivation) {
			w.text("relation", string(d.Relation))
			w.text("uri", d.URI)
			w.text("version", d.Version)
			w.text("origin", d.Origin)
		})
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
