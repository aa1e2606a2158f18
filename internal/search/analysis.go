package search

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// analysisVersion changes whenever the same text would yield other terms. An
// index of another version is built anew at the next start.
const analysisVersion = 3

// language is how the words of one language become terms.
type language struct {
	script script
	stop   map[string]bool     // words too common to be looked for, folded
	spell  func(string) string // undoes spelling variants, after stop words are gone
	stem   func(string) string // takes endings and particles off

	terms map[string]*term // what term has returned, by word
}

// analyser turns words into terms: what is indexed and looked for. It remembers
// what it did, because news repeats its words; it belongs to one goroutine.
type analyser struct {
	byName   map[string]*language
	byScript map[script]*language
	plain    *language // of which we know nothing
	readings map[string]*reading
	marks    map[valued]string
	terms    terms // of the item that is being read
}

// maxTermsKept bounds what a language remembers, to a few megabytes.
const maxTermsKept = 50_000

func newAnalyser() *analyser {
	ar, ru, en := arabicLanguage(), russianLanguage(), englishLanguage()
	a := &analyser{
		byName:   map[string]*language{"ar": ar, "ru": ru, "en": en},
		byScript: map[script]*language{arabic: ar, cyrillic: ru, latin: en},
		plain:    &language{},
	}
	// Languages that share a script with one that we stem keep their words whole:
	// the endings of another language are not theirs.
	for s, names := range map[script]string{
		arabic:   "fa ur ps ckb ku sd ug",
		cyrillic: "uk be bg mk sr kk ky tg mn tt ba",
	} {
		for name := range strings.FieldsSeq(names) {
			a.byName[name] = &language{script: s, spell: a.byScript[s].spell}
		}
	}
	return a
}

// languageOf decides by which rules a word is read: those of the text's language
// where it is written in that script, otherwise those of the script's first
// language here. An English name in a Russian text is English.
func (a *analyser) languageOf(s script, name string) *language {
	if l := a.byName[name]; l != nil && l.script == s {
		return l
	}
	if s == latin && name != "" && a.byName[name] == nil {
		return a.plain // fr, de, tr …: what is not listed above is written in Latin letters
	}
	if l := a.byScript[s]; l != nil {
		return l
	}
	return a.plain
}

// baseLanguage returns the language of a BCP 47 tag without region and script:
// "en" of "en-GB".
func baseLanguage(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base
}

// term is what a word becomes in a language.
type term struct {
	text string // what is indexed and looked for; empty for a stop word
	next *term  // a character that stands for several words (ﷺ) has several terms
	hash uint64 // of text
	word uint64 // hash of the word as it stands, folded: stop words count, endings too

	lexeme *lexeme // nil for what the lexicon does not take

	run   uint64 // of the item that is being read, see terms
	count int    // how often its text has said the term
}

// reading is by which rules words are read in texts of a language, by script.
type reading [otherScript + 1]*language

// reading returns the rules for texts of a language.
func (a *analyser) reading(name string) *reading {
	if r := a.readings[name]; r != nil {
		return r
	}
	if a.readings == nil || len(a.readings) >= maxReadings {
		a.readings = map[string]*reading{}
	}
	r := &reading{}
	for s := range r {
		r[s] = a.languageOf(script(s), name)
	}
	a.readings[strings.Clone(name)] = r
	return r
}

// maxReadings bounds them: a tag can be anything.
const maxReadings = 200

// term returns the term of a word in a text of the language.
func (a *analyser) term(text string, w word, name string) *term {
	return a.reading(name).term(text, w)
}

func (r *reading) term(text string, w word) *term {
	l := r[w.script]
	raw := text[w.start:w.end]
	if t := l.terms[raw]; t != nil {
		return t
	}
	if l.terms == nil || len(l.terms) >= maxTermsKept {
		l.terms = map[string]*term{}
	}
	t := l.analyse(raw, w.script)
	l.terms[strings.Clone(raw)] = t // a slice of it would keep the whole text
	return t
}

// all yields the terms of a word that are no stop words.
func (t *term) all() iter.Seq[string] {
	return func(yield func(string) bool) {
		for ; t != nil; t = t.next {
			if t.text != "" && !yield(t.text) {
				return
			}
		}
	}
}

func (l *language) analyse(raw string, s script) *term {
	folded := fold(raw, s)
	if strings.IndexByte(folded, ' ') < 0 {
		t := l.newTerm(folded)
		if t.text != "" {
			t.lexeme = lexemeOf(folded, s)
		}
		return t
	}
	var first, last *term
	for part := range strings.FieldsSeq(folded) {
		t := l.newTerm(part)
		if first == nil {
			first = t
		} else {
			last.next = t
		}
		last = t
	}
	if first == nil {
		return &term{}
	}
	return first
}

func (l *language) newTerm(folded string) *term {
	text := l.reduce(folded)
	return &term{text: text, hash: hashOf(text), word: hashOf(folded)}
}

// reduce returns the term of a folded word.
func (l *language) reduce(w string) string {
	if l.stop[w] {
		return ""
	}
	if l.spell != nil {
		w = l.spell(w)
	}
	if l.stem != nil {
		w = l.stem(w)
	}
	return w
}

// bare returns the word without stop words and stemming: the term it has in
// languages of its script that are not stemmed.
func (a *analyser) bare(text string, w word) string {
	folded := strings.Join(strings.Fields(fold(text[w.start:w.end], w.script)), " ")
	if l := a.byScript[w.script]; l != nil && l.spell != nil {
		return l.spell(folded)
	}
	return folded
}

// fold undoes differences that no language makes between words: compatibility
// forms (NFKC), case, digits of other scripts, invisible characters, and the
// marks that Latin, Greek, Cyrillic, Arabic and Hebrew texts may leave out. What
// is no letter, mark or digit becomes a space.
func fold(w string, s script) string {
	if isPlainASCII(w) {
		return strings.ToLower(w)
	}
	switch s {
	case latin, greek:
		w = norm.NFKD.String(w) // so that marks stand alone and can be dropped
	default:
		w = norm.NFKC.String(w)
	}
	var b strings.Builder
	b.Grow(len(w))
	for _, r := range w {
		foldRune(&b, r, s)
	}
	return b.String()
}

func foldRune(b *strings.Builder, r rune, s script) {
	switch {
	case unicode.Is(unicode.Cf, r):
	case unicode.IsDigit(r):
		b.WriteByte('0' + byte(digit(r)))
	case unicode.Is(unicode.Mn, r):
		if s == otherScript || s == spaceless {
			b.WriteRune(r) // the vowels of Indic scripts are marks
		}
	case r == 'ـ': // tatweel stretches a word and is none of its letters
	case !continues(r):
		b.WriteByte(' ')
	default:
		r = unicode.ToLower(r)
		if long, ok := letters[r]; ok {
			b.WriteString(long)
			return
		}
		b.WriteRune(r)
	}
}

// letters are those that normalisation leaves and people type otherwise.
var letters = map[rune]string{
	'ς': "σ", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ı': "i", 'ё': "е",
}

// digit returns the value of a decimal digit: Unicode keeps each script's ten
// in order, in a run that begins with its zero.
func digit(r rune) int {
	for i := range 10 {
		if !unicode.IsDigit(r - rune(i) - 1) {
			return i
		}
	}
	return int(r) % 10
}

func isPlainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// wordSet makes a set of stop words from a list.
func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}
