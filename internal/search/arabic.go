package search

import (
	"strings"
	"unicode/utf8"
)

// arabicLanguage reads Arabic with the light stemmer "light10" of Leah Larkey,
// Lisa Ballesteros and Margaret Connell (Light Stemming for Arabic Information
// Retrieval, 2007): it takes off the conjunction, the article and the commonest
// endings, and leaves roots alone. A heavier stemmer joins words that a reader
// would not; the Snowball one leaves the conjunction, so that والصحفي would not
// be found by صحفي.
func arabicLanguage() *language {
	return &language{script: arabic, stop: wordSet(arabicStop), spell: spellArabic, stem: stemArabic}
}

// Stop words are compared before the spelling is unified: afterwards على (on) is
// the name علي.
const arabicStop = `
	في فى من إلى الى على عن مع أن ان إن أو او ثم و لا لم لن ما قد
	هذا هذه ذلك تلك التي الذي الذين هو هي هم كان كانت كما حيث إذا اذا إذ بين لدى عند منذ حتى`

// spellArabic unifies the spellings of one letter that writers use as they like:
// alef with and without hamza or madda, the seats of a hamza (مسؤول, مسئول), ya
// with and without dots, ta marbuta and ha, and the Persian forms of ya and kaf
// that some keyboards give.
func spellArabic(w string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'أ', 'إ', 'آ', 'ٱ':
			return 'ا'
		case 'ؤ', 'ئ':
			return 'ء'
		case 'ى', 'ی':
			return 'ي'
		case 'ة', 'ۀ', 'ە', 'ہ':
			return 'ه'
		case 'ک':
			return 'ك'
		}
		return r
	}, w)
}

// Longest first, so that the article goes with the preposition before it.
var (
	arabicArticles = []string{"وال", "بال", "كال", "فال", "ال", "لل"}
	arabicEndings  = []string{"ها", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي"}
)

// stemArabic is light10: and, if three letters stay; one article, and each
// ending in turn, if two letters stay.
func stemArabic(w string) string {
	if rest, ok := strings.CutPrefix(w, "و"); ok && utf8.RuneCountInString(rest) >= 3 {
		w = rest
	}
	for _, a := range arabicArticles {
		if rest, ok := strings.CutPrefix(w, a); ok && utf8.RuneCountInString(rest) >= 2 {
			w = rest
			break
		}
	}
	for _, e := range arabicEndings {
		if rest, ok := strings.CutSuffix(w, e); ok && utf8.RuneCountInString(rest) >= 2 {
			w = rest
		}
	}
	return w
}
