package search

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"jisr/internal/news"
)

// span is a stretch of time: from begin up to, not including, end.
type span struct{ begin, end time.Time }

var (
	reDate     = regexp.MustCompile(`^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2}):(\d{2}))?)?)?$`)
	reRelative = regexp.MustCompile(`^-?(\d{1,4})(h|d|w|m|y|ч|д|н|м|г)$`)
)

// dayNames are days as people call them, by how many days ago they were.
var dayNames = map[string]int{
	"today": 0, "сегодня": 0, "اليوم": 0,
	"yesterday": 1, "вчера": 1, "أمس": 1, "امس": 1,
}

// readSpan reads a date as a query writes it, in the calendar and at the hour of
// the reader: a year, month, day or minute; today and yesterday; 7d, a day seven
// days ago (and 2w, 3m, 1y); 24h, the moment 24 hours ago.
func readSpan(value string, now time.Time, in *time.Location) (span, error) {
	now = now.In(in)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, in)
	if ago, ok := dayNames[strings.ToLower(value)]; ok {
		return day(today.AddDate(0, 0, -ago)), nil
	}
	if m := reDate.FindStringSubmatch(asDate(value)); m != nil {
		return calendar(m, value, in)
	}
	if m := reRelative.FindStringSubmatch(strings.ToLower(digits(value))); m != nil {
		n, _ := strconv.Atoi(m[1])
		switch m[2] {
		case "h", "ч":
			at := now.Add(-time.Duration(n) * time.Hour)
			return span{at, at}, nil
		case "d", "д":
			return day(today.AddDate(0, 0, -n)), nil
		case "w", "н":
			return day(today.AddDate(0, 0, -7*n)), nil
		case "m", "м":
			return day(today.AddDate(0, -n, 0)), nil
		default:
			return day(today.AddDate(-n, 0, 0)), nil
		}
	}
	return span{}, badDate(value)
}

func badDate(value string) error {
	return news.Errorf(news.Invalid, "q", "%q is no date: write 2026-11-25, 2026-11, today, yesterday, or 7d for seven days ago", value)
}

func day(t time.Time) span { return span{t, t.AddDate(0, 0, 1)} }

// calendar returns the span of a date that reDate has taken apart.
func calendar(m []string, value string, in *time.Location) (span, error) {
	n := make([]int, len(m))
	for i := range m[1:] {
		n[i+1], _ = strconv.Atoi(m[i+1])
	}
	year, month, d := n[1], time.Month(n[2]), n[3]
	switch {
	case m[2] == "":
		begin := time.Date(year, 1, 1, 0, 0, 0, 0, in)
		return span{begin, begin.AddDate(1, 0, 0)}, nil
	case month < 1 || month > 12:
		return span{}, badDate(value)
	case m[3] == "":
		begin := time.Date(year, month, 1, 0, 0, 0, 0, in)
		return span{begin, begin.AddDate(0, 1, 0)}, nil
	}
	begin := time.Date(year, month, d, n[4], n[5], 0, 0, in)
	if begin.Month() != month || begin.Day() != d || n[4] > 23 || n[5] > 59 {
		return span{}, badDate(value)
	}
	if m[4] == "" {
		return day(begin), nil
	}
	return span{begin, begin.Add(time.Minute)}, nil
}

// asDate writes dates of other habits as ISO 8601 has them: 25.11.2026 and
// 2026/11/25 are understood, 11/12/2026 is not, for nobody can tell which month
// it means.
func asDate(value string) string {
	s := strings.ToUpper(strings.ReplaceAll(digits(value), "/", "-"))
	if p := strings.Split(s, "."); len(p) == 3 && len(p[2]) == 4 {
		return p[2] + "-" + p[1] + "-" + p[0]
	}
	return s
}

// digits writes the digits of all scripts as ours.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r > 127 && unicode.IsDigit(r) {
			return rune('0' + digit(r))
		}
		return r
	}, s)
}
