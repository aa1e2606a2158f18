package fetch

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// saidMax is how many bytes of another machine's words are shown.
const saidMax = 300

// Said makes what another machine said safe to show and to log: one line of
// valid UTF-8 without control or formatting characters, cut to a few words.
func Said(s string) string {
	if len(s) > 4*saidMax {
		s = s[:4*saidMax] // the rest would be cut anyway
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= saidMax {
		return s
	}
	cut := saidMax
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
