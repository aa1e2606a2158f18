package picture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/format/dates"
	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// xmp reads a packet, or returns nil if there is none.
func (r *reader) xmp(packet []byte) *news.Item {
	packet = bytes.Trim(bytes.TrimPrefix(packet, []byte("\xef\xbb\xbf")), "\x00 \t\r\n")
	if len(packet) == 0 {
		return nil
	}
	if len(packet) > maxPacket {
		r.lose("xmp", "%d bytes of XMP are more than the %d that are read", len(packet), maxPacket)
		return nil
	}
	props, err := parseXMP(bytes.ToValidUTF8(packet, []byte("\uFFFD")))
	if err != nil {
		r.lose("xmp", "the XMP %v: it was not read", err)
		return nil
	}
	x := &xmpReader{reader: r, it: &news.Item{}, gps: map[string]string{}}
	for _, p := range props {
		x.property(p)
	}
	x.finish()
	return x.it
}

type xmpReader struct {
	*reader
	it        *news.Item
	core      location   // the legacy fields of IPTC Core: where the picture was made
	created   []location // IPTC Extension, which says the same better
	shown     []location
	authors   []news.Concept
	positions string
	gps       map[string]string
}

func (x *xmpReader) property(p *property) {
	switch p.Name.Space {
	case nsDC:
		x.dublinCore(p)
	case nsPhotoshop:
		x.photoshop(p)
	case nsIptcCore:
		x.iptcCore(p)
	case nsIptcExt:
		x.iptcExtension(p)
	case nsRights, nsPLUS:
		x.rights(p)
	case nsXMP:
		if p.Local == "MetadataDate" {
			x.it.VersionCreated = x.time(p)
		}
	case nsJisr:
		x.house(p)
	case nsEXIF:
		if strings.HasPrefix(p.Local, "GPS") {
			x.gps[p.Local] = p.text()
		}
	}
}

// house reads our own properties. What cannot be understood holds the picture back.
func (x *xmpReader) house(p *property) {
	it := x.it
	switch p.Local {
	case "Version":
		it.Version = p.text()
	case "PubStatus":
		switch s := news.PubStatus(p.text()); s {
		case news.Usable, news.Withheld, news.Canceled:
			it.PubStatus = s
		default:
			it.PubStatus = news.Withheld
			x.lose("xmp/PubStatus", "%q is no status that we know: the picture is withheld until a person decides", s)
		}
	case "Embargoed":
		if it.Embargoed = x.time(p); it.Embargoed.IsZero() {
			it.PubStatus = news.Withheld
			x.lose("xmp/Embargoed", "the end of the embargo cannot be read: the picture is withheld until a person decides")
		}
	}
}

func (x *xmpReader) dublinCore(p *property) {
	it := x.it
	switch p.Local {
	case "title":
		it.Title = p.text()
	case "description":
		it.Descriptions = append(it.Descriptions, alternatives(p, "caption")...)
	case "creator":
		for _, c := range p.items() {
			x.authors = append(x.authors, news.Concept{Name: c.text()})
		}
	case "rights":
		it.CopyrightNotice = p.text()
	case "subject":
		for _, k := range p.items() {
			if s := k.text(); s != "" {
				it.Subjects = append(it.Subjects, news.Concept{Name: s, Rel: "keyword"})
			}
		}
	case "language":
		if s := p.text(); s != "" {
			if _, err := language.Parse(s); err == nil {
				it.Language = s
			} else {
				x.keep(p)
			}
		}
	case "format":
	default:
		x.keep(p)
	}
}

func (x *xmpReader) photoshop(p *property) {
	it := x.it
	switch p.Local {
	case "Headline":
		it.Headlines = words(p.text(), "")
	case "AuthorsPosition":
		x.positions = p.text()
	case "CaptionWriter":
		it.Creators = append(it.Creators, news.Concept{Name: p.text(), Role: "captionWriter"})
	case "Credit":
		it.CreditLine = p.text()
	case "Source":
		it.InfoSources = append(it.InfoSources, news.Concept{Name: p.text()})
	case "Instructions":
		it.EdNote = p.text()
	case "TransmissionReference":
		it.AltIDs = append(it.AltIDs, news.AltID{Role: "transmissionReference", Value: p.text()})
	case "DateCreated":
		it.ContentCreated = x.time(p)
	case "Urgency":
		it.Urgency = x.urgency("xmp/photoshop:Urgency", p.text())
	case "City":
		x.core.city = p.text()
	case "State":
		x.core.state = p.text()
	case "Country":
		x.core.country = p.text()
	case "Category":
		it.Subjects = append(it.Subjects, news.Concept{Literal: p.text(), Rel: "category"})
	case "SupplementalCategories":
		for _, k := range p.items() {
			it.Subjects = append(it.Subjects, news.Concept{Name: k.text(), Rel: "category"})
		}
	case "ColorMode", "ICCProfile", "History", "DocumentAncestors", "LegacyIPTCDigest", "SidecarForExtension", "TextLayers":
	default:
		x.keep(p)
	}
}

func (x *xmpReader) iptcCore(p *property) {
	it := x.it
	switch p.Local {
	case "AltTextAccessibility":
		it.Descriptions = append(it.Descriptions, alternatives(p, "altText")...)
	case "ExtDescrAccessibility":
		it.Descriptions = append(it.Descriptions, alternatives(p, "extendedDescription")...)
	case "Location":
		x.core.sublocation = p.text()
	case "CountryCode":
		x.core.code = p.text()
	case "IntellectualGenre":
		it.Genres = append(it.Genres, news.Concept{Name: p.text()})
	case "SubjectCode":
		for _, k := range p.items() {
			it.Subjects = append(it.Subjects, subjectCode(k.text()))
		}
	default:
		x.keep(p)
	}
}

func (x *xmpReader) iptcExtension(p *property) {
	it := x.it
	switch p.Local {
	case "DigitalSourceType":
		it.DigitalSourceType = p.text()
	case "DigImageGUID":
		if id := identity(p.text()); id != "" {
			it.URI = id
		} else {
			x.keep(p)
		}
	case "PersonInImage":
		for _, k := range p.items() {
			it.People = append(it.People, news.Concept{Name: k.text()})
		}
	case "OrganisationInImageName":
		for _, k := range p.items() {
			it.Organisations = append(it.Organisations, news.Concept{Name: k.text()})
		}
	case "AboutCvTerm":
		for _, k := range p.items() {
			it.Subjects = append(it.Subjects, news.Concept{
				URI: k.field(nsIptcExt, "CvTermId").text(), Name: k.field(nsIptcExt, "CvTermName").text(),
			})
		}
	case "Event":
		it.Events = append(it.Events, news.Concept{Name: p.text()})
	case "LocationCreated":
		for _, k := range p.items() {
			x.created = append(x.created, locationOf(k))
		}
	case "LocationShown":
		for _, k := range p.items() {
			x.shown = append(x.shown, locationOf(k))
		}
	default:
		x.keep(p)
	}
}

func (x *xmpReader) rights(p *property) {
	it := x.it
	switch p.Local {
	case "UsageTerms":
		it.UsageTerms = p.text()
	case "Owner":
		if it.CopyrightHolder == "" {
			it.CopyrightHolder = p.text()
		}
	case "CopyrightOwner":
		for _, k := range p.items() {
			if s := k.field(nsPLUS, "CopyrightOwnerName").text(); s != "" {
				it.CopyrightHolder = s
				return
			}
		}
	case "Marked", "Version":
	default:
		x.keep(p)
	}
}

// finish puts together what several properties say.
func (x *xmpReader) finish() {
	it := x.it
	if len(x.authors) > 0 {
		x.authors[0].Role = x.positions
		var names []string
		for _, a := range x.authors {
			names = append(names, a.Name)
		}
		it.By = strings.Join(names, ", ")
		it.Creators = append(x.authors, it.Creators...)
	}
	made := x.core
	if len(x.created) > 0 {
		made = x.created[0]
	}
	it.Located = made.line()
	it.Places = append(made.places("located", pointOf(coordinate(x.gps["GPSLatitude"]), coordinate(x.gps["GPSLongitude"]))), it.Places...)
	for _, l := range x.shown {
		it.Places = append(it.Places, l.places("shown", l.point)...)
	}
	for _, list := range []*[]news.Concept{&it.Creators, &it.InfoSources, &it.Subjects, &it.Genres, &it.People, &it.Organisations, &it.Events} {
		*list = slices.DeleteFunc(*list, func(c news.Concept) bool { return c.Name == "" && c.Literal == "" && c.URI == "" })
		if len(*list) == 0 {
			*list = nil
		}
	}
	it.AltIDs = slices.DeleteFunc(it.AltIDs, func(a news.AltID) bool { return a.Value == "" })
}

// keep puts a property of the picture desk's namespaces that no field is for
// into Extra. Those of cameras and raw converters stay in the file alone.
func (x *xmpReader) keep(p *property) {
	data, err := json.Marshal(p.plain())
	if err != nil || string(data) == `""` || string(data) == "null" {
		return
	}
	if x.it.Extra == nil {
		x.it.Extra = map[string]json.RawMessage{}
	}
	x.it.Extra["xmp/"+prefixOf(p.Name.Space)+":"+p.Local] = data
}

func (x *xmpReader) time(p *property) time.Time { return x.reader.time("xmp/"+p.Local, p.text()) }

// alternatives reads a text in several languages.
func alternatives(p *property, role string) []news.Words {
	var out []news.Words
	for _, li := range p.items() {
		w := news.Words{Role: role, Value: li.text()}
		if lang := li.lang(); lang != "" && lang != "x-default" {
			if _, err := language.Parse(lang); err == nil {
				w.Language = lang
			}
		}
		if w.Value != "" && !slices.ContainsFunc(out, func(o news.Words) bool { return o.Value == w.Value }) {
			out = append(out, w)
		}
	}
	return out
}

func words(value, role string) []news.Words {
	if value == "" {
		return nil
	}
	return []news.Words{{Role: role, Value: value}}
}

// subjectCode reads one of IPTC's Subject Codes (8 digits) or Media Topics.
func subjectCode(s string) news.Concept {
	code := strings.TrimPrefix(s, "subj:")
	if len(code) == 8 && strings.Trim(code, "0123456789") == "" {
		return news.Concept{URI: "http://cv.iptc.org/newscodes/subjectcode/" + code, Literal: code}
	}
	if code, ok := strings.CutPrefix(s, "medtop:"); ok {
		return news.Concept{URI: "http://cv.iptc.org/newscodes/mediatopic/" + code, Literal: code}
	}
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return news.Concept{URI: s}
	}
	return news.Concept{Literal: s}
}

// identity returns the permanent name of a picture as a URI, or "".
func identity(s string) string {
	if news.ValidURI("", s) == nil {
		return s
	}
	bare := strings.ToLower(strings.ReplaceAll(strings.Trim(s, "{}"), "-", ""))
	if len(bare) == 32 && strings.Trim(bare, "0123456789abcdef") == "" {
		return fmt.Sprintf("urn:uuid:%s-%s-%s-%s-%s", bare[:8], bare[8:12], bare[12:16], bare[16:20], bare[20:])
	}
	return ""
}

func (r *reader) urgency(path, s string) int {
	if s == "" || s == "0" {
		return 0 // "reserved" in IIM: none
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > 9 {
		r.lose(path, "urgency %q is not 1 (highest) to 9", s)
		return 0
	}
	return v
}

func (r *reader) time(path, s string) time.Time {
	return loss.Time(s, dates.Parse, func(reason string) { r.lose(path, "%s", reason) })
}
