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
	maxFields     = 350     // words of fields; later ones are not found by field
	maxPositions  = 16_000  // terms with a place, for phrases; later ones are found as single words
	maxTermsBytes = 600_000 // bytes of terms
)

// token is a term as it stands in the index. The zero value is a gap, which keeps
// phrases from running from one text into the next.
type token struct {
	mark mark // 0 for a word of the text
	term *term
}

// terms are those of one item. They belong to an analyser, which uses them again
// for the next item.
type terms struct {
	fields  []token  // the words of headline, slugline …, in order
	placed  []token  // the words of all texts, in order
	loose   []token  // words without a place
	marks   []string // what filters ask for
	touched []*term  // each term of the text once, in order of appearance
	run     uint64   // numbers the items, to tell which counts are this one's
	text    int      // bytes read
	bytes   int      // bytes of terms
}

// reset makes ready for the next item.
func (t *terms) reset() {
	t.fields, t.placed, t.loose = t.fields[:0], t.placed[:0], t.loose[:0]
	t.marks, t.touched = t.marks[:0], t.touched[:0]
	t.run++
	t.text, t.bytes = 0, 0
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
	before, rules := len(t.placed), a.reading(language)
	for w := range words(text) {
		for term := rules.term(text, w); term != nil; term = term.next {
			s.take(term)
			if term.text != "" {
				t.append(term)
			}
		}
	}
	if len(t.placed) > before {
		t.placed = append(t.placed, token{})
	}
}

func (t *terms) append(term *term) {
	if t.bytes+len(term.text) > maxTermsBytes {
		return
	}
	if term.run != t.run {
		term.run, term.count = t.run, 0
		t.touched = append(t.touched, term)
	}
	term.count++
	if len(t.placed) < maxPositions {
		t.placed = append(t.placed, token{term: term})
		t.bytes += len(term.text)
		return
	}
	if term.count == 1 {
		t.loose = append(t.loose, token{term: term})
		t.bytes += len(term.text)
	}
}

// addField appends the words of a field, which are found by it, and a gap.
func (t *terms) addField(a *analyser, m mark, text, language string) {
	before, rules := len(t.fields), a.reading(language)
	for w := range words(text) {
		for term := rules.term(text, w); term != nil; term = term.next {
			if term.text == "" || len(t.fields) >= maxFields {
				continue
			}
			t.fields = append(t.fields, token{m, term})
			t.bytes += len(term.text) + 3
		}
	}
	if len(t.fields) > before && len(t.fields) < maxFields {
		t.fields = append(t.fields, token{})
	}
}

// tellingTimes is how often a text says a word that it is about; a text of more
// than six hundred words says it once in two hundred.
const tellingTimes = 3

// addTelling marks what the item is about; what its headline says is known
// already.
func (t *terms) addTelling() {
	seen := make(map[string]bool, 32)
	take := func(term *term) {
		if !seen[term.text] {
			seen[term.text] = true
			t.loose = append(t.loose, token{telling, term})
			t.bytes += len(term.text) + 3
		}
	}
	for _, f := range t.fields {
		if f.mark == inHeadline {
			seen[f.term.text] = true
		}
	}
	for _, f := range t.fields {
		if f.mark >= inSlugline && f.mark != inBy {
			take(f.term)
		}
	}
	least := max(tellingTimes, len(t.placed)/200)
	for _, term := range t.touched {
		if term.count >= least {
			take(term)
		}
	}
}

// lexemes returns the words of fields that the lexicon takes, each once.
func (t *terms) lexemes() []*lexeme {
	out := make([]*lexeme, 0, len(t.fields))
	for _, f := range t.fields {
		if f.term != nil && f.term.lexeme != nil && !slices.Contains(out, f.term.lexeme) {
			out = append(out, f.term.lexeme)
		}
	}
	return out
}

// texts returns the terms of the text in order, "" for a gap.
func (t *terms) texts() []string {
	out := make([]string, len(t.placed))
	for i, k := range t.placed {
		if k.term != nil {
			out[i] = k.term.text
		}
	}
	return slices.Clip(out)
}
