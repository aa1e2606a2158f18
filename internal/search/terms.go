package search

import (
	"slices"
	"strings"
)

// Limits on what one item adds to the index. Beyond them it is found by less of
// its text; nothing fails. PostgreSQL sets them: a tsvector holds positions up to
// 16,383 and a megabyte of terms. SQLite could do more, but then the two would
// find different things.
const (
	maxText       = 2 << 20 // bytes of text that are read
	maxPositions  = 16_000  // terms with a place, for phrases; later ones are found as single words
	maxTermsBytes = 600_000 // bytes of terms
)

// terms are those of one item, in order. A gap keeps phrases from running from
// one text into the next.
type terms struct {
	placed []string        // "" is a gap
	loose  []string        // beyond maxPositions, each once
	seen   map[string]bool // filled once there are loose ones
	marks  []string        // what filters ask for, see markOf
	text   int             // bytes read
	bytes  int             // bytes of terms
}

// add appends the terms of a text and a gap, and has the sketch take its words.
func (t *terms) add(a *analyser, text, language string, s *sketch) {
	if text == "" {
		return
	}
	if len(text) > maxText-t.text {
		text = strings.ToValidUTF8(text[:maxText-t.text], "")
	}
	t.text += len(text)
	t.placed = slices.Grow(t.placed, min(len(text)/8, maxPositions)+1)
	before := len(t.placed)
	for w := range words(text) {
		for term := a.term(text, w, language); term != nil; term = term.next {
			s.take(term)
			if term.text != "" {
				t.append(term.text)
			}
		}
	}
	if len(t.placed) > before {
		t.placed = append(t.placed, "")
	}
}

func (t *terms) append(term string) {
	if t.bytes+len(term) > maxTermsBytes {
		return
	}
	if len(t.placed) < maxPositions {
		t.placed = append(t.placed, term)
		t.bytes += len(term)
		return
	}
	if t.seen == nil {
		t.seen = make(map[string]bool, len(t.placed))
		for _, p := range t.placed {
			t.seen[p] = true
		}
	}
	if !t.seen[term] {
		t.seen[term] = true
		t.loose = append(t.loose, term)
		t.bytes += len(term)
	}
}

// The marks that filters ask for stand in the index beside the terms, so that a
// rare language or a month of the archive is found as fast as a rare word. They
// begin with a character of Unicode's private use area, which no word contains.
const (
	markLanguage = '\ue001'
	markType     = '\ue002'
	markOrigin   = '\ue003'
	markMonth    = '\ue004' // year and month of issue in UTC
	markAll      = '\ue005' // of every item
)

// markOf returns the mark of a kind for a value, every character of which the
// index takes for part of a word.
func markOf(kind rune, value string) string {
	var b strings.Builder
	b.WriteRune(kind)
	for _, r := range value {
		if begins(r) {
			b.WriteRune(r)
		} else {
			b.WriteRune('\ue100' + r&0xff)
		}
	}
	return b.String()
}
