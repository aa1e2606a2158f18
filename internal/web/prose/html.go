// Package prose turns texts that strangers sent into what a page may show, and
// what an editor typed into what an item holds.
//
// Its invariant: what HTML returns runs no script, loads nothing, styles
// nothing and cannot reach outside the element it is put into; what
// ShowOverrides returns has no character that makes text read otherwise than it
// is stored (Unicode UAX #9 §3.1.2; "Trojan Source", CVE-2021-42574).
package prose

import (
	"bytes"
	"html"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	xhtml "golang.org/x/net/html"
	"golang.org/x/text/language"

	"jisr/internal/news"
)

// Sanitizer makes the markup of items safe to show. It may be used by several
// goroutines.
type Sanitizer struct {
	policy  *bluemonday.Policy
	written *bluemonday.Policy
}

// NewSanitizer returns a sanitizer that keeps the markup of written news:
// paragraphs, headings, lists, quotes, tables, emphasis and links to the web.
func NewSanitizer() *Sanitizer {
	shown := newPolicy()
	shown.RequireNoFollowOnLinks(true)
	shown.RequireNoReferrerOnLinks(true)
	return &Sanitizer{policy: shown, written: newPolicy().RequireNoFollowOnLinks(false)}
}

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "blockquote", "q", "cite", "ul", "ol", "li", "dl", "dt", "dd",
		"b", "strong", "i", "em", "u", "s", "sub", "sup", "small", "mark", "abbr", "code", "pre",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "bdi", "span", "div")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[A-Za-z0-9-]{2,35}$`)).Globally()
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[1-9][0-9]?$`)).OnElements("td", "th")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	// A removed block must not glue the words around it together.
	p.AddSpaceWhenStrippingTag(true)
	return p
}

// Written returns what an editor made as it is kept in an item: the same markup,
// without what only our pages want of links.
func (s *Sanitizer) Written(markup string) string { return s.written.Sanitize(markup) }

// HTML returns the text as markup that is safe to show, whatever it was.
func (s *Sanitizer) HTML(w news.Words) string {
	if IsMarkup(w) {
		return s.policy.Sanitize(w.Value)
	}
	return Paragraphs(w.Value)
}

// IsMarkup reports whether the text is HTML or XML, by its media type or, where
// a sender gave none, by its looks.
func IsMarkup(w news.Words) bool {
	switch {
	case strings.Contains(w.ContentType, "html"), strings.Contains(w.ContentType, "xml"):
		return true
	case w.ContentType != "":
		return false
	}
	head := strings.ToLower(strings.TrimSpace(w.Value[:min(len(w.Value), 64)]))
	for _, tag := range []string{"<p>", "<p ", "<div", "<html", "<!doctype", "<h1", "<h2", "<section", "<article"} {
		if strings.HasPrefix(head, tag) {
			return true
		}
	}
	return false
}

// Paragraphs makes HTML of what a person typed: a blank line ends a paragraph,
// a line break stays one.
func Paragraphs(text string) string {
	var b strings.Builder
	for _, p := range split(text) {
		b.WriteString("<p>")
		b.WriteString(strings.ReplaceAll(html.EscapeString(p), "\n", "<br>"))
		b.WriteString("</p>\n")
	}
	return b.String()
}

var blankLines = regexp.MustCompile(`\n[ \t\x{00a0}]*\n\s*`)

func split(text string) []string {
	text = strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"))
	if text == "" {
		return nil
	}
	return blankLines.Split(text, -1)
}

// blocks are the elements that stand on lines of their own.
var blocks = map[string]bool{
	"p": true, "div": true, "h1": true, "h2": true, "h3": true, "h4": true, "h5": true, "h6": true,
	"blockquote": true, "ul": true, "ol": true, "table": true, "tr": true, "section": true, "article": true, "hr": true, "pre": true,
}

// skipped are the elements whose text is not text.
var skipped = map[string]bool{"script": true, "style": true, "head": true, "title": true, "template": true, "noscript": true}

// Plain returns the text as a person edits it: paragraphs with a blank line
// between them and no markup.
func Plain(w news.Words) string {
	if !IsMarkup(w) {
		return strings.Join(split(w.Value), "\n\n")
	}
	var b strings.Builder
	z := xhtml.NewTokenizer(strings.NewReader(w.Value))
	hidden := ""
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return tidy(b.String())
		case xhtml.TextToken:
			if hidden == "" {
				b.WriteString(spaces.ReplaceAllString(string(z.Text()), " "))
			}
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			name, _ := z.TagName()
			hidden = open(&b, hidden, string(name))
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			if string(name) == hidden {
				hidden = ""
			}
			if blocks[string(name)] {
				b.WriteString("\n\n")
			}
		}
	}
}

// spaces are what HTML folds into one space. A no-break space is not.
var spaces = regexp.MustCompile(`[ \t\r\n\f]+`)

func open(b *strings.Builder, hidden, name string) string {
	switch {
	case hidden == "" && skipped[name]:
		return name
	case hidden != "":
	case blocks[name]:
		b.WriteString("\n\n")
	case name == "br":
		b.WriteString("\n")
	case name == "li":
		b.WriteString("\n– ")
	case name == "td", name == "th":
		b.WriteString("\t")
	}
	return hidden
}

var manyBlankLines = regexp.MustCompile(`\n{3,}`)

func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Trim(l, " \t")
	}
	return strings.TrimSpace(manyBlankLines.ReplaceAllString(strings.Join(lines, "\n"), "\n\n"))
}

// HasMarkup reports whether editing the text as plain paragraphs would lose
// something: anything but paragraphs and line breaks.
func HasMarkup(w news.Words) bool {
	if !IsMarkup(w) {
		return false
	}
	z := xhtml.NewTokenizer(strings.NewReader(w.Value))
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return false
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "p", "br", "div", "section", "article", "html", "body", "head":
			default:
				return true
			}
		}
	}
}

// Dir returns the direction in which the language is written, or "auto" where
// the sender named none and the browser has to look.
func Dir(tag string) string {
	if tag == "" {
		return "auto"
	}
	t, err := language.Parse(tag)
	if err != nil {
		return "auto"
	}
	script, _ := t.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Mand", "Samr":
		return "rtl"
	}
	return "ltr"
}

// The two characters that force a direction upon what follows. Embeddings and
// isolates stay: an element of its own ends them, and Arabic texts use them.
var overrides = []struct{ char, shown []byte }{
	{[]byte("\u202d"), []byte("⟪U+202D⟫")},
	{[]byte("\u202e"), []byte("⟪U+202E⟫")},
}

// ShowOverrides replaces each character that overrides the direction of text by
// a sign that can be seen. It is applied to whole pages, so that no field can
// be forgotten.
func ShowOverrides(page []byte) []byte {
	for _, o := range overrides {
		if bytes.Contains(page, o.char) {
			page = bytes.ReplaceAll(page, o.char, o.shown)
		}
	}
	return page
}

// FromForm takes from what a person typed the line endings of HTML forms and
// the signs of ShowOverrides: an editor who saves a text does not mean them.
func FromForm(s string) string {
	for _, o := range overrides {
		s = strings.ReplaceAll(strings.ReplaceAll(s, string(o.shown), ""), string(o.char), "")
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}
