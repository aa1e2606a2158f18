package api

import (
	"fmt"

	"jisr/internal/news"
)

// warning points at something that was kept as it came and that a person should
// look at.
type warning struct {
	URI     string `json:"uri"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

func warningsOf(items []*news.Item) []warning {
	var out []warning
	for _, it := range items {
		warn := func(field, text string) {
			if why := trickyBidi(text); why != "" {
				out = append(out, warning{it.URI, field, why})
			}
		}
		for i, h := range it.Headlines {
			warn(fmt.Sprintf("headlines[%d]", i), h.Value)
		}
		for i, d := range it.Descriptions {
			warn(fmt.Sprintf("descriptions[%d]", i), d.Value)
		}
		for i, b := range it.Bodies {
			warn(fmt.Sprintf("bodies[%d]", i), b.Value)
		}
		warn("slugline", it.Slugline)
		warn("by", it.By)
	}
	return out
}

// trickyBidi says what in the text shows readers another order of words than
// is written (UAX #9 §2): an override, which no newsroom needs, or an embedding
// or isolate that is not closed and so reaches into what stands beside the
// text. Marks and closed isolates are everyday Arabic typing.
func trickyBidi(text string) string {
	var open []rune // the closers that are due
	for _, r := range text {
		switch r {
		case '\u202d', '\u202e':
			return fmt.Sprintf("it has the character U+%04X, which overrides the direction of letters: readers may see another text than is written", r)
		case '\u202a', '\u202b':
			open = append(open, '\u202c')
		case '\u2066', '\u2067', '\u2068':
			open = append(open, '\u2069')
		case '\u202c', '\u2069':
			if n := len(open); n > 0 && open[n-1] == r {
				open = open[:n-1]
			}
		case '\n':
			open = open[:0] // a paragraph ends them all
		}
	}
	if len(open) > 0 {
		return "it opens a passage of another direction and does not close it: what stands after it may be shown in a wrong order"
	}
	return ""
}
