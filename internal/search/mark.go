package search

import "strings"

// What filters and fields ask for stands in the index beside the words of the
// text, so that a rare language or a month of the archive is found as fast as a
// rare word. Each begins with a character of Unicode's private use area, which no
// word contains.
type mark rune

// Marks of whole values.
const (
	markLanguage mark = '\ue001' + iota
	markType
	markOrigin
	markDay // of issue, in UTC
	markMonth
	markYear
	markAll // of every item
	markDesk
	markStatus
	markUrgency
	markSubject // the URI, code or literal of a concept, and what stands behind its last / or :
	markPlace
	markPerson
	markOrg
)

// Marks of single words, in the order of the words where phrases are asked for.
const (
	inHeadline mark = '\ue020' + iota
	inSlugline
	inBy
	inSubject
	inPlace
	inPerson
	inOrg
	// telling marks the words that an item is about: of its slugline and of the
	// names of its concepts, and what its text keeps saying. They have no order.
	telling
)

// maxMark is how many bytes of a value count.
const maxMark = 200

// of returns the mark of a value, every character of which the index takes for
// part of a word. Upper and lower case are the same.
func (m mark) of(value string) string {
	value = strings.ToLower(strings.ToValidUTF8(value[:min(len(value), maxMark)], ""))
	var b strings.Builder
	b.Grow(len(value) + 3)
	b.WriteRune(rune(m))
	for _, r := range value {
		if begins(r) {
			b.WriteRune(r)
		} else {
			b.WriteRune('\ue100' + r&0xff)
		}
	}
	return b.String()
}

// word returns the mark of a term.
func (m mark) word(term string) string {
	if m == 0 {
		return term
	}
	return string(rune(m)) + term
}

// maxMarksKept bounds what an analyser remembers of marks.
const maxMarksKept = 10_000

type valued struct {
	mark  mark
	value string
}

// mark is m.of(value), remembered: most items share their marks with others.
func (a *analyser) mark(m mark, value string) string {
	k := valued{m, value}
	if s, ok := a.marks[k]; ok {
		return s
	}
	if a.marks == nil || len(a.marks) >= maxMarksKept {
		a.marks = map[valued]string{}
	}
	s := m.of(value)
	k.value = strings.Clone(value)
	a.marks[k] = s
	return s
}
