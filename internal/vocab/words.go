package vocab

import (
	"strings"

	"jisr/internal/search"
)

// What stands before the words of other kinds in vocab_word, so that no prefix
// of a plain word finds them.
const (
	markStem  = "\x01" // the stem of a word
	markLabel = "\x02" // a whole label: its words with a space between
)

// Weights: the lower, the better a word stands for its concept.
const (
	weightAlternative = 100  // a word of another label than a name
	weightCode        = 50   // the code
	weightRetired     = 1000 // a concept that is not to be used any more
)

const (
	maxWords    = 32  // words of a label that are found
	maxKeyBytes = 400 // of a whole label
)

// wordsOf returns the words under which a concept is found and their weights.
func wordsOf(a *search.Analysis, c *Concept) map[string]int {
	out := map[string]int{}
	base := 0
	if !c.Retired.IsZero() {
		base = weightRetired
	}
	add := func(word string, weight int) {
		if word == "" {
			return
		}
		if old, ok := out[word]; !ok || weight < old {
			out[word] = weight
		}
	}
	label := func(text, language string, weight int) {
		forms := a.Forms(text, language)
		for i, f := range forms[:min(len(forms), maxWords)] {
			// Words at the beginning of short names first.
			w := weight + min(i, 5)*2 + min(len(forms)-1, 9)
			add(f.Bare, w)
			add(f.Core, w)
			if f.Term != "" && f.Term != f.Bare {
				add(markStem+f.Term, w)
			}
		}
		// A name of one word has the least weight of all as it is.
		if len(forms) > 1 || len(forms) == 1 && weight != base {
			add(labelKey(forms), weight)
		}
	}
	for lang, name := range c.Names {
		label(name, lang, base)
	}
	for lang, list := range c.Labels {
		for _, l := range list {
			label(l, lang, base+weightAlternative)
		}
	}
	label(c.Code, "", base+weightCode)
	return out
}

// labelKey is how a whole label is found.
func labelKey(forms []search.Form) string {
	var b strings.Builder
	b.WriteString(markLabel)
	for i, f := range forms {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(f.Bare)
		if b.Len() > maxKeyBytes {
			break
		}
	}
	return b.String()
}
