package picture

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"jisr/internal/format/charset"
	"jisr/internal/news"
)

// dataset is one field of IPTC-IIM: record 1 is the envelope, record 2 the
// application record that desks fill in.
type dataset struct {
	record, id byte
	value      []byte
}

// The datasets of record 2 that an item has fields for (IPTC-IIM 4.2 chapter 6).
const (
	iimTitle          = 5
	iimUrgency        = 10
	iimSubject        = 12
	iimCategory       = 15
	iimCategories     = 20
	iimKeywords       = 25
	iimReleaseDate    = 30
	iimReleaseTime    = 35
	iimExpireDate     = 37
	iimExpireTime     = 38
	iimInstructions   = 40
	iimCreatedDate    = 55
	iimCreatedTime    = 60
	iimByline         = 80
	iimBylineTitle    = 85
	iimCity           = 90
	iimSublocation    = 92
	iimState          = 95
	iimCountryCode    = 100
	iimCountry        = 101
	iimTransmission   = 103
	iimHeadline       = 105
	iimCredit         = 110
	iimSource         = 115
	iimCopyright      = 116
	iimCaption        = 120
	iimCaptionWriter  = 122
	iimRecordVersion  = 0
	iimEnvelopeCoding = 90 // of record 1: the charset of all text
)

// iimUTF8 declares UTF-8 (ISO 2022 escape sequence; IIM 4.2, 1:90).
const iimUTF8 = "\x1b%G"

// datasets splits a block of IIM. What follows the first damaged field is left
// out; complete is then false.
func datasets(data []byte) (sets []dataset, complete bool) {
	for len(data) > 0 && data[0] == 0x1c {
		if len(data) < 5 || len(sets) >= maxEntries {
			return sets, false
		}
		record, id, n := data[1], data[2], int(binary.BigEndian.Uint16(data[3:]))
		data = data[5:]
		if n&0x8000 != 0 { // an extended field: the length of its length
			k := n & 0x7fff
			if k > 4 || k > len(data) {
				return sets, false
			}
			n = 0
			for _, b := range data[:k] {
				n = n<<8 | int(b)
			}
			data = data[k:]
		}
		if n > len(data) {
			return sets, false
		}
		sets = append(sets, dataset{record, id, data[:n]})
		data = data[n:]
	}
	return sets, len(bytes.Trim(data, "\x00")) == 0
}

// iim reads a block of IIM, or returns nil if there is none.
func (r *reader) iim(data []byte) *news.Item {
	sets, complete := datasets(data)
	if len(sets) == 0 {
		return nil
	}
	if !complete {
		r.lose("iim", "the IPTC-IIM is damaged: what follows the first %d fields was not read", len(sets))
	}
	x := &iimReader{reader: r, it: &news.Item{}}
	for _, s := range r.decode(sets) {
		if s.value != "" {
			x.set(s)
		}
	}
	x.finish()
	return x.it
}

// field is a dataset of record 2 whose text is UTF-8.
type field struct {
	id    byte
	value string
}

// decode turns the texts into UTF-8. All fields are taken together, because the
// few letters of a name alone tell nobody a charset.
func (r *reader) decode(sets []dataset) []field {
	var coding []byte
	var all []byte
	for _, s := range sets {
		switch {
		case s.record == 1 && s.id == iimEnvelopeCoding:
			coding = s.value
		case s.record == 2 && s.id != iimRecordVersion:
			all = append(append(all, s.value...), '\n')
		}
	}
	toUTF8 := r.decoder(coding, all)
	var out []field
	for _, s := range sets {
		if s.record == 2 && s.id != iimRecordVersion {
			value := strings.ReplaceAll(toUTF8(s.value), "\r\n", "\n")
			value = strings.ReplaceAll(value, "\r", "\n")
			out = append(out, field{s.id, strings.Trim(value, " \x00\n")})
		}
	}
	return out
}

func (r *reader) decoder(coding, all []byte) func([]byte) string {
	asUTF8 := func(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
	switch label := isoOf(coding); {
	case utf8.Valid(all):
		return asUTF8
	case string(coding) == iimUTF8:
		r.lose("iim/1:90", "declared as UTF-8, but is not: the charset was guessed")
	case label != "":
		return fixed(label)
	}
	_, decision := charset.Text(all, "")
	for _, note := range decision.Notes {
		r.lose("iim/1:90", "%s", note)
	}
	return fixed(decision.Name)
}

func fixed(label string) func([]byte) string {
	enc, _, ok := charset.Lookup(label)
	if !ok {
		enc = charmap.Windows1252
	}
	return func(b []byte) string {
		out, err := enc.NewDecoder().Bytes(b)
		if err != nil {
			out = bytes.ToValidUTF8(b, []byte("\uFFFD"))
		}
		return string(out)
	}
}

// isoOf returns the label of the ISO 8859 charset that an ISO 2022 escape
// sequence designates as G1, or "".
func isoOf(coding []byte) string {
	if len(coding) != 3 || coding[0] != 0x1b || coding[1] != '-' && coding[1] != '.' {
		return ""
	}
	parts := map[byte]int{'A': 1, 'B': 2, 'C': 3, 'D': 4, 'L': 5, 'G': 6, 'F': 7, 'H': 8, 'M': 9, 'V': 10, 'Y': 13, '_': 14, 'b': 15, 'f': 16}
	if n := parts[coding[2]]; n > 0 {
		return fmt.Sprintf("iso-8859-%d", n)
	}
	return ""
}

type iimReader struct {
	*reader
	it                     *news.Item
	place                  location
	title                  string
	release, expire, taken [2]string // date, time
}

func (x *iimReader) set(f field) {
	it := x.it
	switch f.id {
	case iimTitle:
		it.Title = f.value
	case iimUrgency:
		it.Urgency = x.urgency("iim/2:10", f.value)
	case iimSubject:
		parts := strings.Split(f.value, ":") // IPR:code:name:matter:detail
		if len(parts) > 1 {
			it.Subjects = append(it.Subjects, subjectCode(parts[1]))
		}
	case iimCategory:
		it.Subjects = append(it.Subjects, news.Concept{Literal: f.value, Rel: "category"})
	case iimCategories:
		it.Subjects = append(it.Subjects, news.Concept{Name: f.value, Rel: "category"})
	case iimKeywords:
		it.Subjects = append(it.Subjects, news.Concept{Name: f.value, Rel: "keyword"})
	case iimReleaseDate:
		x.release[0] = f.value
	case iimReleaseTime:
		x.release[1] = f.value
	case iimExpireDate:
		x.expire[0] = f.value
	case iimExpireTime:
		x.expire[1] = f.value
	case iimCreatedDate:
		x.taken[0] = f.value
	case iimCreatedTime:
		x.taken[1] = f.value
	case iimInstructions:
		it.EdNote = f.value
	case iimByline:
		it.Creators = append(it.Creators, news.Concept{Name: f.value})
	case iimBylineTitle:
		x.title = f.value
	case iimCity:
		x.place.city = f.value
	case iimSublocation:
		x.place.sublocation = f.value
	case iimState:
		x.place.state = f.value
	case iimCountryCode:
		x.place.code = f.value
	case iimCountry:
		x.place.country = f.value
	case iimTransmission:
		it.AltIDs = append(it.AltIDs, news.AltID{Role: "transmissionReference", Value: f.value})
	case iimHeadline:
		it.Headlines = words(f.value, "")
	case iimCredit:
		it.CreditLine = f.value
	case iimSource:
		it.InfoSources = append(it.InfoSources, news.Concept{Name: f.value})
	case iimCopyright:
		it.CopyrightNotice = f.value
	case iimCaption:
		it.Descriptions = words(f.value, "caption")
	case iimCaptionWriter:
		it.Creators = append(it.Creators, news.Concept{Name: f.value, Role: "captionWriter"})
	default:
		x.keep(f)
	}
}

// keep puts a field that the item has none for into Extra; one that repeats
// becomes a list of lines.
func (x *iimReader) keep(f field) {
	if !isText(f.value) {
		return // previews and counters of programs
	}
	if x.it.Extra == nil {
		x.it.Extra = map[string]json.RawMessage{}
	}
	key := fmt.Sprintf("iim/2:%d", f.id)
	if old, ok := x.it.Extra[key]; ok {
		var before string
		if json.Unmarshal(old, &before) == nil {
			f.value = before + "\n" + f.value
		}
	}
	x.it.Extra[key], _ = json.Marshal(f.value)
}

func isText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == utf8.RuneError })
}

func (x *iimReader) finish() {
	it := x.it
	// Bylines come before the caption's writer, whatever their order in the file.
	slices.SortStableFunc(it.Creators, func(a, b news.Concept) int { return strings.Compare(a.Role, b.Role) })
	var names []string
	for _, c := range it.Creators {
		if c.Role == "" {
			names = append(names, c.Name)
		}
	}
	if len(names) > 0 {
		it.By = strings.Join(names, ", ")
		it.Creators[0].Role = x.title
	}
	it.Located = x.place.line()
	it.Places = x.place.places("located", nil)
	it.ContentCreated = x.reader.time("iim/2:55", moment(x.taken))
	it.Expires = x.reader.time("iim/2:37", moment(x.expire))
	if x.release[0] == "" {
		return
	}
	if it.Embargoed = x.reader.time("iim/2:30", moment(x.release)); it.Embargoed.IsZero() {
		// A release date that nobody can read must not let the picture out.
		it.PubStatus = news.Withheld
		x.lose("iim/2:30", "the release date cannot be read: the picture is withheld until a person decides")
	}
}

// moment joins a date CCYYMMDD and a time HHMMSS±HHMM. Programs also leave the
// time out, or its zone, or write both with hyphens.
func moment(of [2]string) string {
	date, clock := strings.ReplaceAll(of[0], "-", ""), strings.ReplaceAll(of[1], ":", "")
	if date == "00000000" {
		return ""
	}
	if date == "" || clock == "" || len(clock) < 6 {
		return date
	}
	return date + "T" + clock
}
