package loss

import (
	"fmt"
	"time"
)

// Time reads a time of a document with parse, whose zoned is false for a time that
// names no zone. "" is the zero time; lose is told of a value that is no time, and
// of one without zone.
func Time(s string, parse func(string) (at time.Time, zoned, ok bool), lose func(reason string)) time.Time {
	if s == "" {
		return time.Time{}
	}
	at, zoned, ok := parse(s)
	switch {
	case !ok:
		lose(fmt.Sprintf("%q is not a date and time", s))
	case !zoned:
		lose(fmt.Sprintf("the time %q has no zone: taken as UTC", s))
	}
	return at
}
