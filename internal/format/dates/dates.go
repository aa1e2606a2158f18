// Package dates reads the dates that people and old programs write: RFC 3339,
// RFC 5322 and its elder RFC 822, ISO 8601 in its basic form, EXIF, MySQL.
//
// The invariant: a time comes back with the offset that was written; if none
// was, or one that nobody can be sure of, it is UTC and the caller is told so,
// because a newsroom must know which of its times are guesses.
package dates

import (
	"strings"
	"time"
	"unicode"
)

// Parse reads a date. zoned is false if the text names no offset, or a zone
// whose name means different offsets in different countries; t is then UTC. ok is
// false if the text is no date, or one that JSON cannot hold.
func Parse(s string) (t time.Time, zoned, ok bool) {
	s = normal(s)
	if len(s) < 4 || len(s) > 60 {
		return time.Time{}, false, false
	}
	for _, layout := range zonedLayouts(s) {
		if v, err := time.Parse(layout, s); err == nil {
			return storable(v, true)
		}
	}
	rest, zoned := withoutZoneName(s)
	if zoned {
		for _, layout := range plainLayouts(rest) {
			if v, err := time.Parse(layout+" -0700", rest+" "+offsetOf(s[len(rest):])); err == nil {
				return storable(v, true)
			}
		}
	}
	for _, layout := range plainLayouts(rest) {
		if v, err := time.Parse(layout, rest); err == nil {
			return storable(v, false)
		}
	}
	return time.Time{}, false, false
}

// zonedLayouts returns the forms with an offset in numbers that a text which
// begins like s can have.
func zonedLayouts(s string) []string {
	if startsWithYear(s) {
		return []string{
			time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07",
			"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05 Z0700",
			"20060102T150405Z0700", "2006:01:02 15:04:05Z07:00", "2006-01-02T15:04Z0700",
		}
	}
	return []string{
		"2 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -07:00", "2 Jan 06 15:04:05 -0700",
		"2 Jan 2006 15:04 -0700", "2 Jan 06 15:04 -0700", "2 January 2006 15:04:05 -0700",
	}
}

func plainLayouts(s string) []string {
	if startsWithYear(s) {
		return []string{
			"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02",
			"2006:01:02 15:04:05", "20060102T150405", "20060102",
		}
	}
	return []string{
		"2 Jan 2006 15:04:05", "2 Jan 06 15:04:05", "2 Jan 2006 15:04", "2 Jan 06 15:04", "2 Jan 2006",
		"2 January 2006 15:04:05", "2 January 2006", "Jan 2 15:04:05 2006", "January 2, 2006", "02.01.2006 15:04", "02.01.2006",
	}
}

func startsWithYear(s string) bool {
	if len(s) < 4 {
		return false
	}
	for i := range 4 {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// normal trims the text, drops the weekday, which often is wrong or in another
// language, and a comment, and writes digits of any script as ASCII.
func normal(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.IndexByte(s, '('); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return '0' + r - '٠'
		case r >= '۰' && r <= '۹':
			return '0' + r - '۰'
		}
		return r
	}, s)
	if day, rest, found := strings.Cut(s, ","); found && isWord(day) {
		return strings.TrimSpace(rest)
	}
	if day, rest, found := strings.Cut(s, " "); found && len(day) == 3 && isWord(day) && rest != "" && unicode.IsLetter(rune(rest[0])) {
		return rest // ctime: Mon Jan 2 …
	}
	return s
}

func isWord(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' && !unicode.IsMark(r) }) < 0
}

// withoutZoneName cuts a trailing zone name off. zoned is true if the name
// always means one offset.
func withoutZoneName(s string) (rest string, zoned bool) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 || !isWord(strings.TrimRight(s[i+1:], "+-:0123456789")) || strings.ContainsAny(s[i+1:], ",") {
		return s, false
	}
	return s[:i], offsetOf(s[i:]) != ""
}

// offsetOf returns the offset of a zone name. Names that several countries use
// differently (IST, AST, BST, CST of China) are not in it, the American ones of
// RFC 822 are, because that standard defines them.
func offsetOf(name string) string {
	name = strings.ToUpper(strings.TrimSpace(name))
	switch name {
	case "Z", "UT", "UTC", "GMT", "WET":
		return "+0000"
	case "CET", "WEST":
		return "+0100"
	case "CEST", "EET":
		return "+0200"
	case "MSK", "EEST":
		return "+0300"
	case "EDT":
		return "-0400"
	case "EST", "CDT":
		return "-0500"
	case "CST", "MDT":
		return "-0600"
	case "MST", "PDT":
		return "-0700"
	case "PST":
		return "-0800"
	}
	for _, prefix := range []string{"GMT", "UTC"} {
		rest, found := strings.CutPrefix(name, prefix)
		if !found || rest == "" || rest[0] != '+' && rest[0] != '-' {
			continue
		}
		switch digits := strings.ReplaceAll(rest[1:], ":", ""); len(digits) {
		case 1:
			return rest[:1] + "0" + digits + "00"
		case 2:
			return rest[:1] + digits + "00"
		case 4:
			return rest[:1] + digits
		}
	}
	return ""
}

// storable refuses what JSON cannot say: years beyond 9999, offsets of a day.
func storable(t time.Time, zoned bool) (time.Time, bool, bool) {
	if _, err := t.MarshalJSON(); err != nil || t.IsZero() {
		return time.Time{}, false, false
	}
	_, offset := t.Zone()
	if offset == 0 {
		return t.UTC(), zoned, true
	}
	// time.Parse names a zone that happens to fit the machine's own; a fixed one
	// makes equal texts equal times everywhere.
	return t.In(time.FixedZone("", offset)), zoned, true
}
