package iptc7901

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/lexical"
	"jisr/internal/news"
)

// header is what both formats say before the text.
type header struct {
	version  string // "7901", "1312", "ZCZC"
	service  string // letters of the source: "dpx", "a"
	number   string // of the message, unique for a day
	priority string
	category string
	words    int
	month    int // 1312 only
	day      int
	slug     string // keywords
	tabular  bool
	marks    marks // ZCZC only
}

// parseHeader reads the lines of a header.
//
//	7901: service number SP priority SP category SP words [SP keywords]
//	1312: service number [US selector] SP priority SP category SP keywords SP month-day SP words
func parseHeader(lines []string) (header, bool) {
	if len(lines) == 0 {
		return header{}, false
	}
	all := strings.Join(lines, "\n")
	tabular := strings.Contains(all, "\x12")
	clean := strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' {
			return ' '
		}
		return c
	}, all)
	first, rest, _ := strings.Cut(clean, "\n")
	h, ok := header1312(strings.Fields(strings.ReplaceAll(clean, "\n", " ")))
	if !ok {
		h, ok = header7901(strings.Fields(first))
		h.slug = strings.Join(strings.Fields(cmp.Or(strings.TrimSpace(rest), h.slug)), " ")
	}
	h.tabular = tabular && h.version == "1312"
	return h, ok
}

// serviceNumber splits "dpx0123" into letters and digits.
func serviceNumber(s string) (service, number string, ok bool) {
	i := strings.IndexAny(s, "0123456789")
	if i < 1 || i > 8 {
		return "", "", false
	}
	service, number = s[:i], s[i:]
	isLetter := func(c rune) bool { return c|0x20 < 'a' || c|0x20 > 'z' }
	return service, number, !strings.ContainsFunc(service, isLetter) && strings.Trim(number, "0123456789") == "" && len(number) >= 3 && len(number) <= 5
}

func header7901(f []string) (header, bool) {
	if len(f) < 4 {
		return header{}, false
	}
	h := header{version: "7901"}
	var ok bool
	if h.service, h.number, ok = serviceNumber(f[0]); !ok {
		if len(f) < 5 { // some write a space between service and number
			return header{}, false
		}
		if h.service, h.number, ok = serviceNumber(f[0] + f[1]); !ok {
			return header{}, false
		}
		f = f[1:]
	}
	h.priority, h.category = f[1], f[2]
	words, err := strconv.Atoi(f[3])
	if len(h.priority) != 1 || len(h.category) > 3 || err != nil || words < 0 || len(f[3]) > 5 {
		return header{}, false
	}
	h.words = words
	h.slug = strings.Join(f[4:], " ")
	return h, true
}

func header1312(f []string) (header, bool) {
	n := len(f)
	if n < 5 {
		return header{}, false
	}
	h := header{version: "1312"}
	var ok bool
	if h.service, h.number, ok = serviceNumber(f[0]); !ok || len(h.service) != 1 || len(h.number) != 4 {
		return header{}, false
	}
	words, err := strconv.Atoi(f[n-1])
	month, day, dated := strings.Cut(f[n-2], "-")
	h.month, h.day = number(month, 12), number(day, 31)
	if err != nil || words < 0 || !dated || h.month == 0 || h.day == 0 {
		return header{}, false
	}
	h.words = words
	f = f[1 : n-2]
	if len(f[0]) > 1 && len(f) > 2 && len(f[1]) == 1 { // the selector that routes the message
		f = f[1:]
	}
	if len(f) < 2 || len(f[0]) != 1 || len(f[1]) != 1 {
		return header{}, false
	}
	h.priority, h.category, h.slug = f[0], f[1], strings.Join(f[2:], " ")
	return h, true
}

// number returns a number from 1 to most, or 0.
func number(s string, most int) int {
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > most || len(s) > 2 {
		return 0
	}
	return v
}

func (r *reader) header(it *news.Item, h header) {
	it.Extra = map[string]json.RawMessage{}
	if h.version == "ZCZC" {
		r.marked(it, h)
		return
	}
	it.Slugline = h.slug
	it.Urgency = urgency(h.priority)
	if it.Urgency == 0 {
		r.losses.Addf(r.at, "priority %q is not one we know", h.priority)
	}
	it.InfoSources = []news.Concept{{Literal: h.service, Role: "provider"}}
	it.AltIDs = []news.AltID{{Role: "messageNumber", Value: h.service + h.number}}
	it.Subjects = []news.Concept{category(h)}
	it.Extra["header/priority"] = quote(h.priority)
}

func quote(s string) json.RawMessage {
	data, err := json.Marshal(s)
	if err != nil { // a string always marshals
		return nil
	}
	return data
}

// urgency returns the urgency of a priority: IPTC's digit, or ANPA's letter.
func urgency(p string) int {
	switch strings.ToLower(p) {
	case "1", "2", "3", "4", "5", "6", "7", "8", "9":
		return int(p[0] - '0')
	case "f": // flash
		return 1
	case "b": // bulletin
		return 2
	case "u": // urgent
		return 3
	case "r": // regular
		return 4
	case "d": // deferred
		return 5
	case "a", "s", "w", "t", "h", "c", "e", "g", "i", "q", "x", "y", "z", "l", "m", "n", "o", "p", "v", "j", "k": // advances and the like
		return 6
	}
	return 0
}

const subjectCodes = "http://cv.iptc.org/newscodes/subjectcode/"

// category returns the subject that a category stands for: IPTC's three letters
// are the first level of its subject codes.
func category(h header) news.Concept {
	c := news.Concept{Rel: "category", Literal: h.category}
	if h.version != "7901" {
		c.URI = "http://cvx.iptc.org/anpa1312-category/" + strings.ToLower(h.category)
		return c
	}
	codes := [...]string{"ACE", "CLJ", "DIS", "FIN", "EDU", "ENV", "HTH", "HUM", "LAB", "LIF", "POL", "REL", "SCI", "SOI", "SPO", "WAR", "WEA"}
	for i, code := range codes {
		if strings.EqualFold(code, h.category) {
			n := strconv.Itoa(i + 1)
			c.URI = subjectCodes + strings.Repeat("0", 2-len(n)) + n + "000000"
		}
	}
	return c
}

// trailer reads the date behind the text: "121035 FEB 26", "121035 GMT Feb 26"
// or "RW-04-12-26 0815EDT".
func (r *reader) trailer(it *news.Item, h header, s string) {
	s, _, _ = strings.Cut(s, string(eot))
	clean := strings.Map(func(c rune) rune {
		if c < ' ' || c == '<' {
			return ' '
		}
		return c
	}, s)
	if len(clean) > 200 {
		r.losses.Add(r.at, "what follows the end of the text is not kept")
		clean = clean[:200]
	}
	fields := strings.Fields(clean)
	at, zoned, ok := date7901(fields)
	if !ok {
		at, zoned, ok = date1312(fields)
	}
	switch {
	case ok && !zoned:
		r.losses.Addf(r.at, "the time %q has no zone: taken as UTC", strings.Join(fields, " "))
		fallthrough
	case ok:
		it.VersionCreated = at
	case len(fields) > 0:
		it.Extra["trailer"] = quote(strings.Join(fields, " "))
	}
}

// date7901 reads day and time of day, month and year, with a zone among them.
func date7901(f []string) (at time.Time, zoned, ok bool) {
	var day, hour, minute, year int
	var month time.Month
	offset, zone := 0, false
	for _, s := range f {
		switch o, isZone := zoneOf(s); {
		case isZone:
			offset, zone = o, true
		case monthOf(s) > 0:
			month = monthOf(s)
		case len(s) == 6 && isDigits(s) && day == 0:
			day, hour, minute = atoi(s[:2]), atoi(s[2:4]), atoi(s[4:])
		case (len(s) == 2 || len(s) == 4) && isDigits(s) && month > 0:
			if year = atoi(s); year < 100 {
				year += 2000
			}
		}
	}
	if day < 1 || day > 31 || hour > 23 || minute > 59 || month == 0 || year == 0 {
		return time.Time{}, false, false
	}
	return date(year, month, day, hour, minute, offset), zone, true
}

// date1312 reads source-month-day-year and time of day with its zone.
func date1312(f []string) (at time.Time, zoned, ok bool) {
	for i := 0; i+1 < len(f); i++ {
		parts := strings.Split(f[i], "-")
		if len(parts) < 3 || len(f[i+1]) < 4 || !isDigits(f[i+1][:4]) {
			continue
		}
		parts = parts[len(parts)-3:]
		month, day := number(parts[0], 12), number(parts[1], 31)
		if month == 0 || day == 0 || len(parts[2]) != 2 || !isDigits(parts[2]) {
			continue
		}
		hour, minute := atoi(f[i+1][:2]), atoi(f[i+1][2:4])
		zone := f[i+1][4:]
		if zone == "" && i+2 < len(f) {
			zone = f[i+2]
		}
		offset, zoned := zoneOf(zone)
		if hour > 23 || minute > 59 {
			continue
		}
		return date(2000+atoi(parts[2]), time.Month(month), day, hour, minute, offset), zoned, true
	}
	return time.Time{}, false, false
}

func date(year int, month time.Month, day, hour, minute, offset int) time.Time {
	if offset == 0 {
		return time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	}
	return time.Date(year, month, day, hour, minute, 0, 0, time.FixedZone("", offset*3600))
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// atoi reads a string of digits of at most four.
func atoi(s string) int {
	v, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return v
}

// monthOf returns the month that three letters name in English, German, French
// or Spanish, or 0.
func monthOf(s string) time.Month {
	s = strings.ToUpper(strings.Trim(s, ".,"))
	if len(s) < 3 || isDigits(s) {
		return 0
	}
	for i, names := range [...]string{"JAN ENE", "FEB FEV", "MAR MRZ MAE", "APR AVR ABR", "MAY MAI", "JUN", "JUL", "AUG AOU AGO", "SEP", "OCT OKT", "NOV", "DEC DEZ DIC"} {
		for name := range strings.SplitSeq(names, " ") {
			if strings.HasPrefix(s, name) && len(s) <= 9 {
				return time.Month(i + 1)
			}
		}
	}
	return 0
}

// zoneOf returns the hours east of Greenwich of a zone that wires name.
func zoneOf(s string) (hours int, ok bool) {
	switch strings.ToUpper(s) {
	case "GMT", "UTC", "Z", "TU":
		return 0, true
	case "BST", "CET", "MEZ", "HEC":
		return 1, true
	case "CEST", "MESZ", "EET":
		return 2, true
	case "MSK", "EEST", "AST":
		return 3, true
	case "EDT":
		return -4, true
	case "EST", "CDT":
		return -5, true
	case "CST", "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST":
		return -8, true
	}
	return 0, false
}

// identity names the message by its source, day and number, which together are
// unique. Without a day it is named by its text.
func (r *reader) identity(it *news.Item, h header, message string) {
	if it.VersionCreated.IsZero() {
		it.URI = lexical.ContentURI([]byte(message))
		r.losses.Add(r.at, "the message has no date: it is named by its text, and no correction can follow it")
		return
	}
	it.URI = lexical.URN("iptc7901", strings.ToLower(h.service), it.VersionCreated.Format("20060102"), h.number)
}
