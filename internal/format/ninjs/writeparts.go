package ninjs

import (
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// fields is a set of members of a concept.
type fields uint16

const (
	fieldID fields = 1 << iota
	fieldName
	fieldRel
	fieldRole
	fieldURI
	fieldLiteral
	fieldCreator
	fieldRelevance
	fieldConfidence
	fieldSymbols
	fieldContacts
	fieldGeoJSON
)

// The members that the 3.0 schema gives to each kind of concept.
const (
	fieldsOfGenre        = fieldName | fieldURI | fieldLiteral
	fieldsOfObject       = fieldsOfGenre | fieldRel
	fieldsOfEvent        = fieldsOfObject | fieldID
	fieldsOfPerson       = fieldsOfObject | fieldContacts
	fieldsOfOrganisation = fieldsOfPerson | fieldSymbols
	fieldsOfPlace        = fieldsOfPerson | fieldGeoJSON
	fieldsOfSubject      = fieldsOfObject | fieldCreator | fieldRelevance | fieldConfidence
	fieldsOfSource       = fieldsOfGenre | fieldRole | fieldContacts
	allFields            = ^fields(0)
)

// concept writes the members of a concept that the schema allows in its place,
// or, if more, all that it does not allow.
func (w *writer) concept(c *news.Concept, allowed fields, more bool) {
	here := func(f fields) bool { return (allowed&f != 0) != more }
	text := func(f fields, name, value string) {
		if here(f) {
			w.text(name, value)
		}
	}
	text(fieldID, "id", c.ID)
	text(fieldName, "name", c.Name)
	text(fieldRel, "rel", c.Rel)
	text(fieldRole, "role", c.Role)
	if allowed&fieldURI != 0 {
		w.uri("uri", c.URI, more)
	}
	text(fieldLiteral, "literal", c.Literal)
	text(fieldCreator, "creator", c.Creator)
	w.percent("relevance", c.Relevance, allowed&fieldRelevance != 0, more)
	w.percent("confidence", c.Confidence, allowed&fieldConfidence != 0, more)
	w.symbols(c.Symbols, allowed&fieldSymbols != 0, more)
	w.contacts(c.Contacts, allowed&fieldContacts != 0, more)
	if len(c.GeoJSON) > 0 && (allowed&fieldGeoJSON != 0 && isGeoJSON(c.GeoJSON)) != more {
		w.raw("geoJSON", c.GeoJSON)
	}
	if !more {
		return
	}
	w.names(c.Names)
	w.strings("broader", c.Broader)
}

// wholeConcept writes a concept inside jisr:more, where nothing is forbidden.
func (w *writer) wholeConcept(c *news.Concept) {
	w.concept(c, 0, true)
	w.text("uri", c.URI)
}

func (w *writer) names(names map[string]string) {
	if names == nil {
		return
	}
	w.key("names")
	w.open('{')
	for _, lang := range sortedKeys(names) {
		w.comma()
		w.quote("names", lang)
		w.buf = append(w.buf, ':')
		w.quote("names", names[lang])
	}
	w.close('}')
}

// fitsGenre reports whether a concept says no more than a genre can.
func fitsGenre(c *news.Concept) bool {
	var w writer
	w.open('{')
	w.concept(c, fieldsOfGenre, true)
	return len(w.buf) == 1
}

// percent writes a relevance or confidence, which the schema bounds.
func (w *writer) percent(name string, n *int, allowed, more bool) {
	if n != nil && (allowed && *n >= 0 && *n <= 100) != more {
		w.key(name)
		w.buf = appendInt(w.buf, *n)
	}
}

// symbols writes what 3.0 allows of symbols, where a ticker is the symbol; or
// the whole list if that is not all of it.
func (w *writer) symbols(symbols []news.Symbol, allowed, more bool) {
	if more {
		for i := range symbols {
			if s := &symbols[i]; !allowed || s.Ticker != "" || asURI(s.SymbolType) != s.SymbolType {
				array(w, "symbols", symbols, func(s *news.Symbol) {
					w.text("ticker", s.Ticker)
					w.text("exchange", s.Exchange)
					w.text("symbolType", s.SymbolType)
					w.text("symbol", s.Symbol)
				})
				return
			}
		}
		return
	}
	if !allowed {
		return
	}
	array(w, "symbols", symbols, func(s *news.Symbol) {
		w.text("exchange", s.Exchange)
		w.uri("symbolType", s.SymbolType, false)
		if s.Symbol != "" {
			w.text("symbol", s.Symbol)
		} else {
			w.text("symbol", s.Ticker)
		}
	})
}

// contacts writes the contacts that 3.0 allows, which have either a value or
// an address; or the whole list if that is not all of it.
func (w *writer) contacts(contacts []news.Contact, allowed, more bool) {
	fit := make([]news.Contact, 0, len(contacts))
	whole := allowed
	for _, c := range contacts {
		if c.Value != "" && c.Address != nil {
			whole = false
			c.Address = nil
		}
		if c.Value == "" && c.Address == nil {
			whole = false
			continue
		}
		fit = append(fit, c)
	}
	switch {
	case !more && allowed:
		array(w, "contactInfo", fit, w.contact)
	case more && !whole:
		array(w, "contactInfo", contacts, w.contact)
	}
}

func (w *writer) contact(c *news.Contact) {
	w.text("type", c.Type)
	w.text("role", c.Role)
	w.text("lang", c.Lang)
	w.text("name", c.Name)
	w.text("value", c.Value)
	if a := c.Address; a != nil {
		w.key("address")
		w.open('{')
		w.strings("lines", a.Lines)
		w.text("locality", a.Locality)
		w.text("area", a.Area)
		w.text("postalCode", a.PostalCode)
		w.text("country", a.Country)
		w.close('}')
	}
}

// rendition writes what 3.0 has of a rendition.
func (w *writer) rendition(r *news.Rendition) {
	w.key("name")
	w.quote("name", r.Name)
	w.uri("href", r.Href, false)
	w.text("contentType", r.ContentType)
	w.text("title", r.Title)
	w.integer("width", r.Width)
	w.integer("height", r.Height)
	w.integer("sizeInBytes", int(r.SizeInBytes))
	w.number("duration", r.Duration)
	w.text("format", r.Format)
	w.text("aspectRatio", r.AspectRatio)
	w.text("videoCodec", r.VideoCodec)
	w.number("frameRate", r.FrameRate)
	if p := r.PointOfInterest; p != nil {
		w.key("poi")
		w.open('{')
		w.integer("x", p.X)
		w.integer("y", p.Y)
		w.close('}')
	}
	if scanTypeFits(r) {
		w.text("scanType", r.ScanType)
	}
	if r.BitRate != 0 {
		w.text("bitrate", bitRateText(r.BitRate))
	}
	w.rawMap(r.Extra, func(name string, value json.RawMessage) bool { return renditionExtraFits(r, name, value) })
}

func scanTypeFits(r *news.Rendition) bool {
	return r.ScanType == "progressive" || r.ScanType == "interlaced"
}

// renditionExtraFits reports whether 3.0 has an extra member of a rendition.
func renditionExtraFits(r *news.Rendition, name string, value json.RawMessage) bool {
	switch name {
	case "transportProtocol":
	case "bitrate":
		if r.BitRate != 0 {
			return false
		}
	default:
		return false
	}
	return jsontext.Value(value).Kind() == '"'
}

// renditionMore writes what 3.0 does not have of a rendition.
func (w *writer) renditionMore(r *news.Rendition) {
	w.text("uri", r.URI)
	w.integer("version", r.Version)
	w.text("versionGUID", r.VersionGUID)
	w.uri("href", r.Href, true)
	w.time("generated", r.Generated)
	w.text("originalFilename", r.OriginalFilename)
	w.text("fileExtension", r.FileExt)
	w.text("digest", r.Digest)
	w.number("averageBitRate", r.AverageBitRate)
	w.number("sampleRate", r.SampleRate)
	w.number("audioBitRate", r.AudioBitRate)
	w.integer("audioChannels", r.AudioChannels)
	w.text("colourSpace", r.ColourSpace)
	w.text("backgroundColour", r.BackgroundColour)
	w.text("orientation", r.Orientation)
	w.text("videoScaling", r.VideoScaling)
	w.text("audioCodec", r.AudioCodec)
	w.text("scene", r.Scene)
	w.number("printSize", r.PrintSize)
	w.text("code", r.Code)
	w.text("signal", r.Signal)
	if !scanTypeFits(r) {
		w.text("scanType", r.ScanType)
	}
	w.object("extra", func() {
		w.rawMap(r.Extra, func(name string, value json.RawMessage) bool { return !renditionExtraFits(r, name, value) })
	})
}

func (w *writer) eventDetails(e *news.EventDetails) {
	if e == nil {
		return
	}
	w.key("eventDetails")
	w.open('{')
	w.uri("eventStatus", e.Status, false)
	w.uri("plannedCoverageStatus", e.CoverageStatus, false)
	w.dates(e.Dates, false)
	if e.Organiser != nil {
		w.key("organiser")
		w.open('{')
		w.concept(e.Organiser, fieldsOfOrganisation, false)
		w.close('}')
	}
	w.close('}')
}

func (w *writer) eventDetailsMore(e *news.EventDetails) {
	w.uri("eventStatus", e.Status, true)
	w.uri("plannedCoverageStatus", e.CoverageStatus, true)
	w.dates(e.Dates, true)
	if e.Organiser != nil {
		w.object("organiser", func() { w.concept(e.Organiser, fieldsOfOrganisation, true) })
	}
}

// dates writes dates if the schema allows them, or, if more, when it does not.
func (w *writer) dates(d *news.Dates, more bool) {
	if d == nil || datesFit(d) == more {
		return
	}
	w.key("dates")
	w.open('{')
	w.time("startDate", d.Start)
	w.time("endDate", d.End)
	w.text("expectedStartDate", d.ExpectedStart)
	w.text("expectedEndDate", d.ExpectedEnd)
	w.text("expectedDuration", d.Duration)
	if len(d.Recurrence) > 0 {
		w.raw("recurrence", d.Recurrence)
	}
	w.close('}')
}

// datesFit reports whether 3.0 allows the dates: the start or the end must be
// given in exactly one way.
func datesFit(d *news.Dates) bool {
	start := d.Start.IsZero() != (d.ExpectedStart == "")
	end := d.End.IsZero() != (d.ExpectedEnd == "")
	return (start || end) &&
		(d.ExpectedStart == "" || isTruncatedDate(d.ExpectedStart)) &&
		(d.ExpectedEnd == "" || isTruncatedDate(d.ExpectedEnd)) &&
		(len(d.Recurrence) == 0 || fits(d.Recurrence, recurrenceRule()))
}

func (w *writer) coverage(c *news.Coverage, more bool) {
	w.uri("uri", c.URI, more)
	if !more {
		w.text("title", c.Title)
		w.text("pubStatus", string(c.PubStatus))
	}
	if coverageTypeFits(c) != more {
		w.text("type", c.Type)
	}
	w.dates(c.Dates, more)
	if (c.Urgency >= 1 && c.Urgency <= 9) != more {
		w.integer("urgency", c.Urgency)
	}
	if more {
		w.text("event", c.Event)
		w.text("plannedCoverageStatus", c.Status)
		w.text("headline", c.Headline)
		w.text("scheduled", c.Scheduled)
		w.strings("services", c.Services)
		w.text("assignedTo", c.AssignedTo)
		amend(w, "renditions", c.Renditions, w.renditionMore)
		w.object("extra", func() {
			w.rawMap(c.Extra, func(name string, value json.RawMessage) bool { return !coverageExtraFits(name, value) })
		})
	} else {
		w.text("edNote", c.EdNote)
		w.text("language", c.Language)
		w.object("itemCount", func() {
			w.integer("rangeFrom", c.ItemCountFrom)
			w.integer("rangeTo", c.ItemCountTo)
		})
		w.integer("wordCount", c.WordCount)
		array(w, "renditions", c.Renditions, w.rendition)
		w.rawMap(c.Extra, coverageExtraFits)
	}
}

func coverageTypeFits(c *news.Coverage) bool { return contains(itemTypes3, c.Type) }

// coverageExtraFits reports whether 3.0 has an extra member of a coverage.
func coverageExtraFits(name string, value json.RawMessage) bool {
	rule := coverageExtraRule(name)
	return rule != nil && fits(value, rule)
}
