package locales

import (
	"strconv"
	"strings"
	"time"
)

// Digits are a choice of the locale file. Arabic uses Western digits (latn)
// here although CLDR's default for plain "ar" is Arabic-Indic: half of the
// countries that read Arabic news do, and journalists compare these times and
// versions with hashes, addresses and wires that have no other digits. Changing
// number.digits in ar.json changes every page.

// Number writes a whole number with the language's digits, in groups of three.
func (l *Language) Number(n int64) string {
	s := strconv.FormatInt(abs(n), 10)
	var b strings.Builder
	if n < 0 {
		b.WriteString("\u2212")
	}
	for i, r := range s {
		// Four digits stay together, as years and most counts read better so.
		if i > 0 && (len(s)-i)%3 == 0 && len(s) > 4 {
			b.WriteString(l.group)
		}
		b.WriteRune(l.digits[r-'0'])
	}
	return b.String()
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// Bytes writes a size.
func (l *Language) Bytes(n int64) string {
	switch {
	case n < 1<<10:
		return l.T("size.bytes", "n", l.Number(n))
	case n < 1<<20:
		return l.T("size.kb", "n", l.Number(n>>10))
	}
	return l.T("size.mb", "n", l.Number((n+1<<19)>>20))
}

// localDigits writes the digits of s as the language does.
func (l *Language) localDigits(s string) string {
	if l.digits[0] == '0' {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return l.digits[r-'0']
		}
		return r
	}, s)
}

// Clock writes the time of day, on 24 hours in every language, as wires do.
func (l *Language) Clock(t time.Time) string { return l.localDigits(t.Format("15:04")) }

// Date writes the day, month and year.
func (l *Language) Date(t time.Time) string {
	return l.fill(l.words["date.full"], []any{
		"day", l.localDigits(strconv.Itoa(t.Day())), "month", l.month(t),
		"year", l.localDigits(strconv.Itoa(t.Year())),
	}, false)
}

// Day writes the day and month.
func (l *Language) Day(t time.Time) string {
	return l.fill(l.words["date.day"], []any{"day", l.localDigits(strconv.Itoa(t.Day())), "month", l.month(t)}, false)
}

func (l *Language) month(t time.Time) string {
	return l.words["month."+strconv.Itoa(int(t.Month()))]
}

// Moment writes a time as briefly as it can be understood at now: the time of
// day today, else with the day, else with the year. Both are in one time zone.
func (l *Language) Moment(t, now time.Time) string {
	switch {
	case t.IsZero():
		return l.words["date.never"]
	case sameDay(t, now):
		return l.Clock(t)
	case t.Year() == now.Year():
		return l.fill(l.words["date.moment"], []any{"date", l.Day(t), "time", l.Clock(t)}, false)
	}
	return l.Full(t)
}

// Full writes the date and the time of day.
func (l *Language) Full(t time.Time) string {
	if t.IsZero() {
		return l.words["date.never"]
	}
	return l.fill(l.words["date.moment"], []any{"date", l.Date(t), "time", l.Clock(t)}, false)
}

func sameDay(a, b time.Time) bool {
	y, m, d := a.Date()
	y2, m2, d2 := b.Date()
	return y == y2 && m == m2 && d == d2
}

// Span writes a positive duration in its largest unit: 5 minutes, 3 hours.
func (l *Language) Span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return l.N("span.minutes", max(1, int64((d+time.Minute-1)/time.Minute)))
	case d < 48*time.Hour:
		return l.N("span.hours", int64((d+time.Hour/2)/time.Hour))
	}
	return l.N("span.days", int64(d/(24*time.Hour)))
}
