package search

import (
	"strings"
	"unicode/utf8"
)

// Form is one word of a text in the forms under which names are looked up.
type Form struct {
	Bare string // folded and spelt in one way
	Term string // its stem, as items are indexed; empty for a word too common for that
	Core string // an Arabic word without conjunction and article; empty where nothing goes
}

// Analysis is the house's reading of words, for those who keep names of their
// own and must find them as items are found. It belongs to one goroutine.
type Analysis struct{ a *analyser }

// NewAnalysis returns an Analysis by today's rules.
func NewAnalysis() *Analysis { return &Analysis{newAnalyser()} }

// AnalysisVersion changes whenever the same text would yield other forms.
const AnalysisVersion = analysisVersion

// Forms returns the words of a text of the language, a BCP 47 tag or empty.
func (a *Analysis) Forms(text, language string) []Form {
	language = baseLanguage(language)
	var out []Form
	for w := range words(text) {
		l, spell := a.a.languageOf(w.script, language), a.a.byScript[w.script]
		// A character that stands for several words (ﷺ) is that many.
		for part := range strings.FieldsSeq(fold(text[w.start:w.end], w.script)) {
			f := Form{Bare: part, Term: l.reduce(part)}
			if spell != nil && spell.spell != nil {
				f.Bare = spell.spell(part)
			}
			if w.script == arabic {
				f.Core = core(f.Bare)
			}
			out = append(out, f)
		}
	}
	return out
}

// core takes the conjunction and the article off an Arabic word, by the rules of
// the stemmer, and returns "" if there are none.
func core(word string) string {
	w := word
	if rest, ok := strings.CutPrefix(w, "و"); ok && utf8.RuneCountInString(rest) >= 3 {
		w = rest
	}
	for _, a := range arabicArticles {
		if rest, ok := strings.CutPrefix(w, a); ok && utf8.RuneCountInString(rest) >= 2 {
			return rest
		}
	}
	if w != word {
		return w
	}
	return ""
}
