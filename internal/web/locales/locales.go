// Package locales holds every word that a person sees, in every language of the
// interface, and the rules by which numbers, plurals and dates are written.
//
// Its invariant: each key exists in every language, and each plural in every
// form that the language has (Unicode CLDR, "Language Plural Rules"). Load
// refuses anything less, so a page cannot miss a word in one language only.
//
// A value that is put into a sentence is wrapped in directional isolates
// (UAX #9 §2.4), so that a Latin name in an Arabic sentence cannot reorder what
// stands around it.
package locales

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed ar.json ru.json en.json
var files embed.FS

// Tags lists the languages of the interface in the order in which they are
// offered.
var Tags = []string{"ar", "ru", "en"}

// Catalog holds every language.
type Catalog struct {
	languages map[string]*Language
	matcher   language.Matcher
}

// Language is one language of the interface.
type Language struct {
	Tag  string // BCP 47
	Dir  string // rtl or ltr
	Name string // in the language itself

	tag     language.Tag
	words   map[string]string
	plurals map[string]map[plural.Form]string
	digits  []rune
	group   string
}

// forms names the plural forms as CLDR does.
var forms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two,
	"few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// required lists the cardinal forms that whole numbers take in each language,
// and "other", which fractions would take.
var required = map[string][]string{
	"ar": {"zero", "one", "two", "few", "many", "other"},
	"ru": {"one", "few", "many", "other"},
	"en": {"one", "other"},
}

// Load reads the locale files and compares them with one another.
func Load() (*Catalog, error) {
	c := &Catalog{languages: map[string]*Language{}}
	for _, tag := range Tags {
		b, err := files.ReadFile(tag + ".json")
		if err != nil {
			return nil, fmt.Errorf("read locale: %w", err)
		}
		l, err := parse(tag, b)
		if err != nil {
			return nil, fmt.Errorf("locale %s: %w", tag, err)
		}
		c.languages[tag] = l
	}
	// English first: the matcher's first tag is what nobody asked for.
	c.matcher = language.NewMatcher([]language.Tag{language.English, language.Arabic, language.Russian})
	return c, c.compare()
}

func parse(tag string, b []byte) (*Language, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	l := &Language{Tag: tag, tag: language.Make(tag), words: map[string]string{}, plurals: map[string]map[plural.Form]string{}}
	for key, value := range raw {
		var word string
		if json.Unmarshal(value, &word) == nil {
			l.words[key] = word
			continue
		}
		var byForm map[string]string
		if err := json.Unmarshal(value, &byForm); err != nil {
			return nil, fmt.Errorf("%s is neither a text nor plural forms: %w", key, err)
		}
		if err := l.addPlural(key, byForm); err != nil {
			return nil, err
		}
	}
	l.Name, l.Dir = l.words["language.name"], l.words["language.dir"]
	l.digits, l.group = []rune(l.words["number.digits"]), l.words["number.group"]
	if len(l.digits) != 10 || (l.Dir != "rtl" && l.Dir != "ltr") {
		return nil, fmt.Errorf("number.digits needs ten digits and language.dir rtl or ltr")
	}
	return l, nil
}

func (l *Language) addPlural(key string, byForm map[string]string) error {
	for _, form := range required[l.Tag] {
		if byForm[form] == "" {
			return fmt.Errorf("%s lacks the plural form %q", key, form)
		}
	}
	l.plurals[key] = map[plural.Form]string{}
	for name, text := range byForm {
		form, known := forms[name]
		if !known || !slices.Contains(required[l.Tag], name) {
			return fmt.Errorf("%s has the plural form %q, which %s does not have", key, name, l.Tag)
		}
		l.plurals[key][form] = text
	}
	return nil
}

// compare reports the first key that one language has and another lacks.
func (c *Catalog) compare() error {
	for _, tag := range Tags {
		for _, other := range Tags {
			for key := range c.languages[tag].words {
				if _, ok := c.languages[other].words[key]; !ok {
					return fmt.Errorf("locale %s lacks %q, which %s has", other, key, tag)
				}
			}
			for key := range c.languages[tag].plurals {
				if _, ok := c.languages[other].plurals[key]; !ok {
					return fmt.Errorf("locale %s lacks the plurals of %q, which %s has", other, key, tag)
				}
			}
		}
	}
	return nil
}

// Language returns the language of the tag, or nil.
func (c *Catalog) Language(tag string) *Language { return c.languages[tag] }

// Match returns the language that suits an Accept-Language header best.
func (c *Catalog) Match(accept string) *Language {
	tag, _ := language.MatchStrings(c.matcher, accept)
	base, _ := tag.Base()
	if l := c.languages[base.String()]; l != nil {
		return l
	}
	return c.languages["en"]
}

// Keys lists every key, sorted.
func (c *Catalog) Keys() []string {
	en := c.languages["en"]
	return slices.Sorted(func(yield func(string) bool) {
		for key := range maps.Keys(en.words) {
			if !yield(key) {
				return
			}
		}
		for key := range maps.Keys(en.plurals) {
			if !yield(key) {
				return
			}
		}
	})
}

// Missing begins the text that stands for a key nobody wrote; tests look for it.
const Missing = "⟦"

// T returns the text of the key. args are names and values in turn; a value
// replaces its name in braces.
func (l *Language) T(key string, args ...any) string {
	text, ok := l.words[key]
	if !ok {
		return Missing + key + "⟧"
	}
	return l.fill(text, args, true)
}

// Has reports whether the key has a text.
func (l *Language) Has(key string) bool { _, ok := l.words[key]; return ok }

// N returns the text of the key in the plural form for n, which replaces {n}.
func (l *Language) N(key string, n int64, args ...any) string {
	byForm, ok := l.plurals[key]
	if !ok {
		return Missing + key + "⟧"
	}
	// The arguments after the integer describe a fraction: there is none.
	form := plural.Cardinal.MatchPlural(l.tag, int(abs(n)%1_000_000), 0, 0, 0, 0)
	text, ok := byForm[form]
	if !ok {
		text = byForm[plural.Other]
	}
	return l.fill(strings.ReplaceAll(text, "{n}", l.Number(n)), args, true)
}

const (
	isolate    = "\u2068" // FIRST STRONG ISOLATE
	popIsolate = "\u2069" // POP DIRECTIONAL ISOLATE
)

// fill puts the values into the text in one pass, so that a value that looks
// like a name in braces stays as it is.
func (l *Language) fill(text string, args []any, isolated bool) string {
	if len(args) == 0 || !strings.Contains(text, "{") {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		value := fmt.Sprint(args[i+1])
		if isolated {
			value = isolate + value + popIsolate
		}
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
