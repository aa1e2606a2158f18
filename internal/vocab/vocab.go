// Package vocab keeps controlled vocabularies: IPTC Media Topics, NewsCodes and
// a house's own lists, as data with labels in many languages.
//
// Its invariant: a concept that an item may name stays readable: a newer edition
// of a scheme retires what it no longer has and never deletes it.
//
// Schemes and concepts are those of SKOS (https://www.w3.org/TR/skos-reference/)
// as IPTC publishes its NewsCodes (https://cv.iptc.org/newscodes/); a QCode is
// alias:code (NewsML-G2 Guidelines, "QCodes").
package vocab

import (
	"slices"
	"strings"
	"time"
)

// Scheme is one vocabulary.
type Scheme struct {
	URI         string
	Alias       string            // before the colon of its QCodes: medtop
	Names       map[string]string // by BCP 47 language
	Definitions map[string]string
	Edition     time.Time // when its authority released it; zero if it does not say
	Authority   string    // who keeps it, a URI
	Embedded    bool      // came with the program: no file of its authority was loaded yet
	Concepts    int       // that are not retired
}

// Concept is one entry of a scheme.
type Concept struct {
	URI         string
	Scheme      string // URI
	Alias       string // of the scheme
	Code        string
	Names       map[string]string   // by BCP 47 language
	Labels      map[string][]string // other names by which it is found
	Definitions map[string]string
	Broader     []string  // URIs
	ExactMatch  []string  // URIs of the same thing in other schemes
	Retired     time.Time // zero while it is in use
	ReplacedBy  string    // URI of the concept to use instead of a retired one
}

// QCode returns alias:code.
func (c *Concept) QCode() string { return c.Alias + ":" + c.Code }

// Name returns the concept's name for a reader of the language, or its code.
func (c *Concept) Name(language string) string {
	if n := pick(c.Names, language); n != "" {
		return n
	}
	return c.Code
}

// Name returns the scheme's name for a reader of the language, or its alias.
func (s *Scheme) Name(language string) string {
	if n := pick(s.Names, language); n != "" {
		return n
	}
	return s.Alias
}

// pick chooses a text: in the language itself, in the language without region or
// with another one, in English, in whatever there is.
func pick(texts map[string]string, language string) string {
	for _, want := range []string{language, "en"} {
		if t := inLanguage(texts, want); t != "" {
			return t
		}
	}
	for _, lang := range languages(texts) {
		return texts[lang]
	}
	return ""
}

// inLanguage returns the text in the language, with its region or any, or "".
// Among other regions IPTC's default, British English, comes before American
// because the tags are taken in order.
func inLanguage(texts map[string]string, language string) string {
	if t := texts[language]; t != "" {
		return t
	}
	base := baseOf(language)
	if t := texts[base]; t != "" {
		return t
	}
	for _, lang := range languages(texts) {
		if baseOf(lang) == base {
			return texts[lang]
		}
	}
	return ""
}

// languages returns the languages of the texts in order.
func languages[T any](texts map[string]T) []string {
	out := make([]string, 0, len(texts))
	for lang := range texts {
		out = append(out, lang)
	}
	slices.Sort(out)
	return out
}

// baseOf returns the language of a BCP 47 tag without script and region.
func baseOf(tag string) string {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return base
}

// Canonical returns the form of a URI under which it is kept. IPTC's URIs begin
// with http:, but its own examples and many senders write https:.
func Canonical(uri string) string {
	if rest, ok := strings.CutPrefix(uri, "https://cv.iptc.org/"); ok {
		return "http://cv.iptc.org/" + rest
	}
	return uri
}
