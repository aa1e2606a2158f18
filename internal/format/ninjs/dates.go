package ninjs

import (
	"strings"
	"time"
)

// isDateTime reports whether s is a date-time of RFC 3339, which has an offset.
func isDateTime(s string) bool {
	if len(s) < len("2006-01-02T15:04:05Z") || s[10] != 'T' && s[10] != 't' || strings.Contains(s, ",") {
		return false
	}
	_, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	return err == nil
}

// isTruncatedDate reports whether s is a year, a month, a day or a date-time,
// as the schema's pattern for expected dates has them. The pattern knows how
// many days the longest month has, and no more.
func isTruncatedDate(s string) bool {
	s = strings.TrimPrefix(s, "-")
	year, rest, more := strings.Cut(s, "-")
	if !isDigits(year) || len(year) < 4 || len(year) > 4 && year[0] == '0' {
		return false
	}
	if !more {
		return true
	}
	month, rest, more := strings.Cut(rest, "-")
	if !inRange(month, 1, 12) {
		return false
	}
	if !more {
		return true
	}
	day, clock, more := strings.Cut(rest, "T")
	if !inRange(day, 1, 31) {
		return false
	}
	return !more || isClock(clock)
}

// isClock reports whether s is hh:mm:ss with an optional fraction and offset.
func isClock(s string) bool {
	if len(s) < 8 || !inRange(s[:2], 0, 23) || s[2] != ':' || !inRange(s[3:5], 0, 59) || s[5] != ':' || !inRange(s[6:8], 0, 59) {
		return false
	}
	s = s[8:]
	if fraction, ok := strings.CutPrefix(s, "."); ok {
		s = strings.TrimLeft(fraction, "0123456789")
		if len(s) == len(fraction) {
			return false
		}
	}
	if s == "" || s == "Z" {
		return true
	}
	return len(s) == 6 && (s[0] == '+' || s[0] == '-') && inRange(s[1:3], 0, 23) && s[3] == ':' && inRange(s[4:], 0, 59)
}

func inRange(s string, low, high int) bool {
	if len(s) != 2 || !isDigits(s) {
		return false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n >= low && n <= high
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
