package search

import (
	"maps"
	"strings"
	"time"
	"unicode/utf8"
)

// Excerpt is a piece of a text with what was looked for in it.
type Excerpt struct {
	Text  string
	Marks []Mark // in order, apart
}

// Mark is a stretch of an excerpt's text, in bytes.
type Mark struct{ Start, End int }

const (
	excerptLength = 240       // characters
	excerptLead   = 40        // characters before the first word that is marked
	maxExcerpted  = 256 << 10 // bytes of text that are looked through
)

// Snippet returns the piece of the text, which is plain and of the language, in
// which the most words of the query stand, with those words marked; the
// beginning if there is none. The index holds no text, so this reads it again.
// also is what a search was also made for, as Found says.
func Snippet(text, query, language string, also ...Spelling) Excerpt {
	if len(text) > maxExcerpted {
		text = strings.ToValidUTF8(text[:maxExcerpted], "")
	}
	language = baseLanguage(language)
	a := newAnalyser()
	wanted := wantedTerms(a, query, language)
	for _, s := range also {
		for _, spelling := range s.As {
			maps.Copy(wanted, wantedTerms(a, spelling, language))
		}
	}
	var found []match
	for w := range words(text) {
		for t := range a.term(text, w, language).all() {
			if wanted[t] {
				found = append(found, match{w, t})
				break
			}
		}
	}
	return excerpt(text, densest(text, found))
}

// match is a word of a text that is looked for.
type match struct {
	word
	term string
}

// wantedTerms returns the terms of a query. One that cannot be searched marks
// nothing.
func wantedTerms(a *analyser, query, language string) map[string]bool {
	wanted := map[string]bool{}
	for _, l := range []string{language, ""} {
		p, err := parse(a, query, l, time.Time{})
		if err != nil {
			continue
		}
		p.expr.phrases(func(ph phrase) bool {
			for _, t := range ph {
				wanted[bareTerm(t)] = true
			}
			return true
		})
	}
	return wanted
}

// bareTerm returns the term of a word that is looked for in a field.
func bareTerm(term string) string {
	if r, size := utf8.DecodeRuneInString(term); mark(r) >= inHeadline && mark(r) <= inOrg {
		return term[size:]
	}
	return term
}

// densest returns the run of matches within one excerpt's length that has the
// most different terms, the first of equals.
func densest(text string, found []match) []match {
	var best []match
	most := 0
	counts := map[string]int{}
	last := 0
	for first := range found {
		for last < len(found) && found[last].end-found[first].start <= windowBytes(text, found[first].start) {
			counts[found[last].term]++
			last++
		}
		if len(counts) > most {
			most, best = len(counts), found[first:last]
		}
		if last == first {
			last++ // a single word longer than an excerpt
			continue
		}
		t := found[first].term
		if counts[t]--; counts[t] == 0 {
			delete(counts, t)
		}
	}
	return best
}

// windowBytes returns how many bytes the characters of an excerpt take from a
// place in the text on, its lead left off.
func windowBytes(text string, from int) int {
	return forward(text, from, excerptLength-excerptLead) - from
}

// forward returns the place n characters further on, backward that n before.
func forward(text string, at, n int) int {
	for ; n > 0 && at < len(text); n-- {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}

func backward(text string, at, n int) int {
	for ; n > 0 && at > 0; n-- {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return at
}

// excerpt cuts the text around the matches, between words.
func excerpt(text string, found []match) Excerpt {
	start := 0
	if len(found) > 0 {
		start = backward(text, found[0].start, excerptLead)
		if start > 0 {
			if space := strings.IndexAny(text[start:found[0].start], " \n\t"); space >= 0 {
				start += space + 1
			}
		}
	}
	end := forward(text, start, excerptLength)
	if len(found) > 0 {
		end = max(end, found[len(found)-1].end)
	}
	if end < len(text) {
		last := start
		if len(found) > 0 {
			last = found[len(found)-1].end
		}
		if space := strings.LastIndexAny(text[last:end], " \n\t"); space > 0 {
			end = last + space
		}
	}
	var e Excerpt
	if start > 0 {
		e.Text = "… "
	}
	shift := len(e.Text) - start
	e.Text += strings.Map(oneLine, text[start:end])
	if end < len(text) {
		e.Text += " …"
	}
	for _, m := range found {
		e.Marks = append(e.Marks, Mark{m.start + shift, m.end + shift})
	}
	return e
}

// oneLine makes the spaces of a text plain, one for one.
func oneLine(r rune) rune {
	if r == '\n' || r == '\r' || r == '\t' {
		return ' '
	}
	return r
}
