package picture

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"jisr/internal/news"
)

// isOurs reports whether the item is the authority for a property.
func isOurs(name xml.Name) bool {
	switch name.Space {
	case nsDC:
		switch name.Local {
		case "title", "description", "creator", "rights", "subject", "language":
			return true
		}
	case nsPhotoshop:
		switch name.Local {
		case "Headline", "AuthorsPosition", "CaptionWriter", "Credit", "Source", "Instructions", "TransmissionReference", "DateCreated",
			"Urgency", "City", "State", "Country", "Category", "SupplementalCategories", "LegacyIPTCDigest":
			return true
		}
	case nsIptcCore:
		switch name.Local {
		case "AltTextAccessibility", "ExtDescrAccessibility", "Location", "CountryCode", "IntellectualGenre", "SubjectCode":
			return true
		}
	case nsIptcExt:
		switch name.Local {
		case "DigitalSourceType", "DigImageGUID", "PersonInImage", "OrganisationInImageName", "Event", "LocationCreated", "LocationShown", "AboutCvTerm":
			return true
		}
	case nsRights:
		return name.Local == "UsageTerms" || name.Local == "Owner"
	case nsPLUS:
		return name.Local == "CopyrightOwner"
	case nsXMP:
		return name.Local == "MetadataDate"
	case nsJisr:
		return true
	case nsEXIF:
		return name.Local == "GPSLatitude" || name.Local == "GPSLongitude"
	}
	return false
}

// writeXMP returns a packet with the item's words and the further properties.
func writeXMP(it *news.Item, kept []*property) []byte {
	w := &xmpWriter{prefixes: map[string]string{nsRDF: "rdf"}}
	w.words("dc:title", words(firstOf(it.Title, it.Slugline), ""))
	w.words("dc:description", described(it, "caption"))
	w.words("dc:rights", words(it.CopyrightNotice, ""))
	w.list("dc:language", "Bag", it.Language)
	authors, title, writer := authorsOf(it)
	w.list("dc:creator", "Seq", authors...)
	w.text("photoshop:AuthorsPosition", title)
	w.text("photoshop:CaptionWriter", writer)
	w.text("photoshop:Headline", headline(it))
	w.text("photoshop:Credit", it.CreditLine)
	w.text("photoshop:Source", source(it))
	w.text("photoshop:Instructions", it.EdNote)
	w.text("photoshop:TransmissionReference", altID(it, "transmissionReference"))
	if it.Urgency > 0 {
		w.text("photoshop:Urgency", fmt.Sprint(it.Urgency))
	}
	w.time("photoshop:DateCreated", it.ContentCreated)
	w.time("xmp:MetadataDate", it.VersionCreated)
	w.subjects(it.Subjects)
	w.list("Iptc4xmpExt:PersonInImage", "Bag", names(it.People)...)
	w.list("Iptc4xmpExt:OrganisationInImageName", "Bag", names(it.Organisations)...)
	w.words("Iptc4xmpExt:Event", words(strings.Join(names(it.Events), ", "), ""))
	w.text("Iptc4xmpCore:IntellectualGenre", strings.Join(names(it.Genres), ", "))
	w.words("Iptc4xmpCore:AltTextAccessibility", described(it, "altText"))
	w.words("Iptc4xmpCore:ExtDescrAccessibility", described(it, "extendedDescription"))
	w.text("Iptc4xmpExt:DigitalSourceType", it.DigitalSourceType)
	w.text("Iptc4xmpExt:DigImageGUID", it.URI)
	w.text("jisr:Version", it.Version)
	w.text("jisr:PubStatus", string(it.PubStatus))
	w.time("jisr:Embargoed", it.Embargoed)
	w.words("xmpRights:UsageTerms", words(it.UsageTerms, ""))
	if it.CopyrightHolder != "" {
		w.structures("plus:CopyrightOwner", "Seq", [][2]string{{"plus:CopyrightOwnerName", it.CopyrightHolder}})
	}
	w.places(it)
	for _, p := range kept {
		w.property(p)
	}
	return w.packet()
}

// xmpWriter collects properties and the namespaces that they use.
type xmpWriter struct {
	b        strings.Builder
	prefixes map[string]string // by namespace
}

func (w *xmpWriter) packet() []byte {
	var b strings.Builder
	// The byte order mark in the header is how programs find the encoding.
	b.WriteString("<?xpacket begin=\"\uFEFF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF")
	var decls []string
	for space, prefix := range w.prefixes {
		decls = append(decls, fmt.Sprintf(` xmlns:%s="%s"`, prefix, escape(space)))
	}
	slices.Sort(decls)
	b.WriteString(strings.Join(decls, ""))
	b.WriteString(">\n<rdf:Description rdf:about=\"\">\n")
	b.WriteString(w.b.String())
	b.WriteString("</rdf:Description>\n</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>")
	return []byte(b.String())
}

// open writes a start tag of one of our own prefixes.
func (w *xmpWriter) open(name string) {
	prefix, _, _ := strings.Cut(name, ":")
	for _, space := range []string{nsDC, nsPhotoshop, nsIptcCore, nsIptcExt, nsRights, nsPLUS, nsXMP, nsEXIF, nsJisr} {
		if prefixOf(space) == prefix {
			w.prefixes[space] = prefix
		}
	}
	w.b.WriteString("<" + name + ">")
}

func (w *xmpWriter) close(name string) { w.b.WriteString("</" + name + ">\n") }

func (w *xmpWriter) text(name, value string) {
	if value = strings.TrimSpace(value); value != "" {
		w.open(name)
		w.b.WriteString(escape(value))
		w.close(name)
	}
}

func (w *xmpWriter) time(name string, t time.Time) {
	if !t.IsZero() {
		w.text(name, t.Format(time.RFC3339Nano))
	}
}

// words writes a text in one or more languages; the first is the default.
func (w *xmpWriter) words(name string, texts []news.Words) {
	if len(texts) == 0 {
		return
	}
	w.open(name)
	w.b.WriteString("<rdf:Alt>")
	for i, t := range texts {
		lang := t.Language
		if i == 0 || lang == "" {
			lang = "x-default"
		}
		fmt.Fprintf(&w.b, `<rdf:li xml:lang="%s">%s</rdf:li>`, escape(lang), escape(t.Value))
	}
	if first := texts[0]; first.Language != "" {
		fmt.Fprintf(&w.b, `<rdf:li xml:lang="%s">%s</rdf:li>`, escape(first.Language), escape(first.Value))
	}
	w.b.WriteString("</rdf:Alt>")
	w.close(name)
}

func (w *xmpWriter) list(name, kind string, values ...string) {
	values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
	if len(values) == 0 {
		return
	}
	w.open(name)
	w.b.WriteString("<rdf:" + kind + ">")
	for _, v := range values {
		w.b.WriteString("<rdf:li>" + escape(v) + "</rdf:li>")
	}
	w.b.WriteString("</rdf:" + kind + ">")
	w.close(name)
}

// structures writes a list of structures, each a list of names and values.
func (w *xmpWriter) structures(name, kind string, all ...[][2]string) {
	if len(all) == 0 {
		return
	}
	w.open(name)
	w.b.WriteString("<rdf:" + kind + ">")
	for _, fields := range all {
		w.b.WriteString(`<rdf:li rdf:parseType="Resource">`)
		for _, f := range fields {
			w.text(f[0], f[1])
		}
		w.b.WriteString("</rdf:li>")
	}
	w.b.WriteString("</rdf:" + kind + ">")
	w.close(name)
}

func (w *xmpWriter) subjects(subjects []news.Concept) {
	var keywords, codes, categories []string
	var terms [][][2]string
	category := ""
	for _, s := range subjects {
		switch code := subjectCodeOf(s); {
		case s.Rel == "category" && s.Literal != "":
			category = s.Literal
		case s.Rel == "category":
			categories = append(categories, s.Name)
		case code != "":
			codes = append(codes, code)
		case s.URI != "":
			terms = append(terms, [][2]string{{"Iptc4xmpExt:CvTermId", s.URI}, {"Iptc4xmpExt:CvTermName", s.Name}})
		default:
			keywords = append(keywords, firstOf(s.Name, s.Literal))
		}
	}
	w.list("dc:subject", "Bag", keywords...)
	w.list("Iptc4xmpCore:SubjectCode", "Bag", codes...)
	w.text("photoshop:Category", category)
	w.list("photoshop:SupplementalCategories", "Bag", categories...)
	w.structures("Iptc4xmpExt:AboutCvTerm", "Bag", terms...)
}

func (w *xmpWriter) places(it *news.Item) {
	l := madeAt(it)
	w.text("photoshop:City", l.city)
	w.text("photoshop:State", l.state)
	w.text("photoshop:Country", l.country)
	w.text("Iptc4xmpCore:Location", l.sublocation)
	w.text("Iptc4xmpCore:CountryCode", l.code)
	if lat, long, ok := latLong(l.point); ok {
		w.text("exif:GPSLatitude", gps(lat, "N", "S"))
		w.text("exif:GPSLongitude", gps(long, "E", "W"))
	}
	if l.name != "" || l.id != "" {
		w.structures("Iptc4xmpExt:LocationCreated", "Bag", l.fields())
	}
	var shown [][][2]string
	for _, p := range it.Places {
		if p.Rel != "located" {
			part := location{point: p.GeoJSON}
			part.take(p)
			shown = append(shown, part.fields())
		}
	}
	w.structures("Iptc4xmpExt:LocationShown", "Bag", shown...)
}

func (l location) fields() [][2]string {
	fields := [][2]string{
		{"Iptc4xmpExt:LocationName", l.name}, {"Iptc4xmpExt:LocationId", l.id}, {"Iptc4xmpExt:Sublocation", l.sublocation},
		{"Iptc4xmpExt:City", l.city}, {"Iptc4xmpExt:ProvinceState", l.state}, {"Iptc4xmpExt:CountryName", l.country}, {"Iptc4xmpExt:CountryCode", l.code},
	}
	if lat, long, ok := latLong(l.point); ok {
		fields = append(fields, [2]string{"exif:GPSLatitude", gps(lat, "N", "S")}, [2]string{"exif:GPSLongitude", gps(long, "E", "W")})
	}
	return fields
}

// take fills the part of a location that a place is.
func (l *location) take(p news.Concept) {
	switch p.Role {
	case "sublocation":
		l.sublocation = p.Name
	case "city":
		l.city = p.Name
	case "state":
		l.state = p.Name
	case "country":
		l.country, l.code = p.Name, p.Literal
	default:
		l.name, l.id = p.Name, firstOf(p.URI, p.Literal)
	}
}

// property writes one that the item has no field for, as it was.
func (w *xmpWriter) property(p *property) {
	name := w.qualified(p.Name)
	w.b.WriteString("<" + name)
	for _, a := range p.attrs {
		if a.Name.Space == "xmlns" || a.Name.Space == "" {
			continue
		}
		fmt.Fprintf(&w.b, ` %s="%s"`, w.qualified(a.Name), escape(a.Value))
	}
	w.b.WriteString(">")
	if len(p.kids) == 0 {
		w.b.WriteString(escape(p.value))
	}
	for _, k := range p.kids {
		w.property(k)
	}
	w.close(name)
}

// qualified returns a name with a prefix that is declared on the packet.
func (w *xmpWriter) qualified(name xml.Name) string {
	switch name.Space {
	case "":
		return name.Local
	case nsXML:
		return "xml:" + name.Local
	}
	prefix, ok := w.prefixes[name.Space]
	if !ok {
		if prefix = prefixOf(name.Space); prefix == "" {
			prefix = fmt.Sprint("ns", len(w.prefixes))
		}
		w.prefixes[name.Space] = prefix
	}
	return prefix + ":" + name.Local
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder returns no error
	return b.String()
}

// gps writes degrees as XMP does: whole degrees and minutes with decimals.
func gps(v float64, positive, negative string) string {
	ref := positive
	if v < 0 {
		ref, v = negative, -v
	}
	micro := math.Round(v * 60 * 1e6) // of a minute, so that 59.9999999 does not become 60
	d := math.Floor(micro / 60e6)
	return fmt.Sprintf("%d,%.6f%s", int(d), (micro-d*60e6)/1e6, ref)
}
