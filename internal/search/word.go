package search

import (
	"iter"
	"unicode"
	"unicode/utf8"
)

// word is a word as it stands in a text.
type word struct {
	start, end int // bytes
	script     script
}

// maxWord is how many characters of a word count; what follows is read over, so
// that two words that differ only beyond it are one.
const maxWord = 64

// words yields the words of a text: runs of letters, marks and digits, as the
// word boundaries of Unicode (UAX #29) have them with these choices for search:
//
//   - what stands between two parts of a word splits it (vice-president, l'État,
//     3.5); a query does the same and then asks for the parts side by side;
//   - the English possessive 's is no word;
//   - where a script writes no spaces, every character is a word;
//   - invisible format characters, such as those that direct bidirectional
//     text, neither split a word nor belong to it.
func words(text string) iter.Seq[word] {
	return func(yield func(word) bool) {
		possessive := false // the last character was an apostrophe that ended a word
		for i := 0; i < len(text); {
			r, size := utf8.DecodeRuneInString(text[i:])
			if !begins(r) {
				i += size
				possessive = false
				continue
			}
			w, next := scan(text, i)
			skip := possessive && next == i+1 && (text[i] == 's' || text[i] == 'S')
			if !skip && !yield(w) {
				return
			}
			i = next
			if r, size = utf8.DecodeRuneInString(text[i:]); r == '\'' || r == '’' {
				possessive = true
				i += size
			} else {
				possessive = false
			}
		}
	}
}

// scan returns the word that begins at i, and where to read on.
func scan(text string, i int) (w word, next int) {
	w.start = i
	for n := 1; i < len(text); n++ {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !continues(r) {
			break
		}
		s := scriptOf(r)
		if s == spaceless && n > 1 {
			break
		}
		if w.script == none {
			w.script = s
		}
		i += size
		if n <= maxWord {
			w.end = i
		}
		if s == spaceless {
			break
		}
	}
	return w, i
}

// class is what a character can be to a word.
type class uint8

const (
	apart  class = iota // not part of any
	inside              // within one, but not at its beginning
	letter              // a letter or digit
)

// begins reports whether a word can begin with r.
func begins(r rune) bool { return classOf(r) == letter }

// continues reports whether r can follow within a word.
func continues(r rune) bool { return classOf(r) != apart }

func classOf(r rune) class {
	if int(r) < len(common) {
		return common[r]
	}
	return lookUp(r)
}

// common are the classes of Latin, Greek, Cyrillic and Arabic, which Unicode's
// tables are slow to say for each character of each text.
var common = func() (t [0x700]class) {
	for r := range t {
		t[r] = lookUp(rune(r))
	}
	return t
}()

func lookUp(r rune) class {
	const zeroWidthSpace = '\u200b'
	switch {
	case r < utf8.RuneSelf:
		if 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return letter
		}
		return apart
	case unicode.IsLetter(r) || unicode.IsNumber(r):
		return letter
	case r != zeroWidthSpace && unicode.In(r, unicode.Mn, unicode.Mc, unicode.Cf):
		return inside
	}
	return apart
}

// script is a writing system, as far as search cares.
type script uint8

const (
	none script = iota // digits, so far
	latin
	cyrillic
	arabic
	greek
	hebrew
	spaceless // those that write no spaces between words
	otherScript
)

// scriptOf returns the script of a character, none for what every script uses.
func scriptOf(r rune) script {
	switch {
	case r < utf8.RuneSelf:
		if r >= 'A' {
			return latin
		}
		return none
	case r < 0x300:
		return latin
	case r >= 0x400 && r < 0x530:
		return cyrillic
	case r >= 0x620 && r < 0x64b:
		return arabic
	case unicode.Is(unicode.Arabic, r):
		return arabic
	case unicode.Is(unicode.Greek, r):
		return greek
	case unicode.Is(unicode.Hebrew, r):
		return hebrew
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillic
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
		return spaceless
	case unicode.IsLetter(r):
		return otherScript
	}
	return none
}
