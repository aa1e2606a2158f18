package vocab

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"jisr/internal/news"
)

// Limits on an edition. IPTC's largest vocabulary has about 1,200 concepts in 15
// languages and 8 MB as JSON.
const (
	MaxFile      = 64 << 20 // bytes
	maxConcepts  = 100_000
	maxLanguages = 64    // of a concept
	maxLabels    = 64    // alternative labels in one language
	maxRelated   = 64    // broader concepts, or exact matches
	maxLabel     = 500   // characters
	maxText      = 8_000 // characters of a definition
	maxURI       = 1_000 // bytes
	maxNotes     = 20
)

// note adds something that people should know of the file. Only the first are
// kept.
func (e *Edition) note(format string, args ...any) {
	if len(e.Notes) < maxNotes {
		e.Notes = append(e.Notes, fmt.Sprintf(format, args...))
	}
}

var (
	aliasForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,62}$`)
	languageForm = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
)

// check brings an edition into the form in which it is kept, and refuses what
// cannot be kept.
func (e *Edition) check() error {
	s := &e.Scheme
	s.URI = Canonical(strings.TrimSpace(s.URI))
	if err := checkURI("scheme", s.URI); err != nil {
		return err
	}
	if !aliasForm.MatchString(s.Alias) {
		return news.Errorf(news.Invalid, "alias", "%q cannot be an alias (letters, digits, - and _, 63 at most): give one with --alias", s.Alias)
	}
	switch {
	case len(e.Concepts) == 0:
		return news.Errorf(news.Invalid, "concepts", "the file holds no concepts of %s", s.URI)
	case len(e.Concepts) > maxConcepts:
		return news.Errorf(news.TooLarge, "concepts", "the file holds %d concepts, more than the %d allowed", len(e.Concepts), maxConcepts)
	}
	s.Names = e.texts(s.URI, s.Names, maxLabel)
	s.Definitions = e.texts(s.URI, s.Definitions, maxText)
	if checkURI("authority", s.Authority) != nil {
		s.Authority = ""
	}
	uris, codes := make(map[string]bool, len(e.Concepts)), make(map[string]string, len(e.Concepts))
	for i := range e.Concepts {
		c := &e.Concepts[i]
		if err := e.checkConcept(c); err != nil {
			return err
		}
		if uris[c.URI] {
			return news.Errorf(news.Invalid, "concept", "%s stands twice in the file", c.URI)
		}
		if other := codes[c.Code]; other != "" {
			return news.Errorf(news.Invalid, "concept", "%s and %s have the same code %q", other, c.URI, c.Code)
		}
		uris[c.URI], codes[c.Code] = true, c.URI
	}
	return nil
}

func (e *Edition) checkConcept(c *Concept) error {
	c.URI = Canonical(strings.TrimSpace(c.URI))
	if err := checkURI("concept", c.URI); err != nil {
		return err
	}
	c.Code = strings.TrimSpace(c.Code)
	if c.Code == "" {
		c.Code = codeOf(c.URI, e.Scheme.URI)
	}
	if c.Code == "" || utf8.RuneCountInString(c.Code) > maxLabel || clean(c.Code) != c.Code {
		return news.Errorf(news.Invalid, "concept", "the code %q of %s cannot be kept", c.Code, c.URI)
	}
	c.Names = e.texts(c.URI, c.Names, maxLabel)
	c.Definitions = e.texts(c.URI, c.Definitions, maxText)
	c.Labels = e.labels(c)
	c.Broader = e.related(c, c.Broader)
	c.ExactMatch = e.related(c, c.ExactMatch)
	c.ReplacedBy = Canonical(c.ReplacedBy)
	if checkURI("", c.ReplacedBy) != nil {
		c.ReplacedBy = ""
	}
	return nil
}

// texts keeps what is a text in a language, with clean spaces.
func (e *Edition) texts(of string, in map[string]string, longest int) map[string]string {
	out := make(map[string]string, len(in))
	for _, lang := range languages(in) {
		t := clean(in[lang])
		switch {
		case t == "":
		case !languageForm.MatchString(lang):
			e.note("%s: %q is no language", of, lang)
		case utf8.RuneCountInString(t) > longest:
			e.note("%s: a text in %s has more than %d characters", of, lang, longest)
		case len(out) == maxLanguages:
			e.note("%s: only the first %d languages are kept", of, maxLanguages)
		default:
			out[lang] = t
		}
	}
	return out
}

func (e *Edition) labels(c *Concept) map[string][]string {
	out := map[string][]string{}
	for _, lang := range languages(c.Labels) {
		for _, l := range c.Labels[lang] {
			// Each passes as a name does.
			l = e.texts(c.URI, map[string]string{lang: l}, maxLabel)[lang]
			if l == "" || l == c.Names[lang] {
				continue
			}
			if len(out) == maxLanguages || len(out[lang]) == maxLabels {
				e.note("%s: only the first %d labels of a language are kept", c.URI, maxLabels)
				break
			}
			out[lang] = append(out[lang], l)
		}
	}
	return out
}

func (e *Edition) related(c *Concept, uris []string) []string {
	var out []string
	for _, u := range uris {
		u = Canonical(strings.TrimSpace(u))
		switch {
		case u == c.URI, checkURI("", u) != nil:
			e.note("%s: %q is not a concept that it can point to", c.URI, u)
		case len(out) == maxRelated:
			e.note("%s: only the first %d related concepts are kept", c.URI, maxRelated)
			return out
		default:
			out = append(out, u)
		}
	}
	return out
}

// clean makes a text one line without control characters.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

func checkURI(field, uri string) error {
	if len(uri) > maxURI {
		return news.Errorf(news.TooLarge, field, "a URI has more than %d bytes", maxURI)
	}
	u, err := url.Parse(uri)
	if err != nil || strings.ContainsFunc(uri, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return news.Errorf(news.Invalid, field, "%q is not a URI", uri)
	}
	// Names, not links: but pages show them, and a script must not pass for one.
	switch named := u.Opaque != ""; u.Scheme {
	case "http", "https":
		if u.Host != "" {
			return nil
		}
	case "urn", "tag":
		if named {
			return nil
		}
	}
	return news.Errorf(news.Invalid, field, "%q is not a whole URI: http:, https:, urn: or tag:", uri)
}

// codeOf returns what a concept's URI says beyond its scheme's, or its last step.
func codeOf(uri, scheme string) string {
	rest, ok := strings.CutPrefix(uri, scheme)
	if !ok || rest == "" || scheme == "" {
		rest = uri[strings.LastIndexAny(uri, "/#:")+1:]
	}
	rest = strings.TrimLeft(rest, "/#")
	if plain, err := url.PathUnescape(rest); err == nil && utf8.ValidString(plain) {
		return plain
	}
	return rest
}
