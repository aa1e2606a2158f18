// Package markup turns HTML into text and text into HTML, for formats that carry
// the one where an item holds the other.
//
// The invariant: Text never loses a word that a reader of the page would see and
// never keeps one that only a program reads; HTML has no markup that the text
// did not mean, because every character of the text is escaped. Markup is not
// made safe here: bodies are kept as they were sent, and the page that shows one
// sanitises it.
package markup

import (
	"bytes"
	"html"
	"strings"
	"unicode"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/language"
)

// Text returns the text of HTML: paragraphs with an empty line between them, a
// line for each br and list entry, a tab between the cells of a table.
func Text(source string) string {
	if !strings.ContainsAny(source, "<&") {
		return tidy(source)
	}
	w := writer{}
	z := xhtml.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(max(len(source), 1))
	hidden, pre := 0, 0
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return tidy(w.b.String())
		case xhtml.TextToken:
			switch {
			case hidden > 0:
			case pre > 0:
				w.b.WriteString(string(z.Text()))
			default:
				w.words(string(z.Text()))
			}
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if isHidden(a) {
				hidden++
			}
			if a == atom.Pre {
				pre++
			}
			w.start(a)
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			a := atom.Lookup(name)
			if isHidden(a) {
				hidden = max(0, hidden-1)
			}
			if a == atom.Pre {
				pre = max(0, pre-1)
			}
			w.end(a)
		}
	}
}

// Line returns the text of HTML on one line, for headlines and names.
func Line(source string) string { return strings.Join(strings.Fields(Text(source)), " ") }

// writer collects text; white space of the source counts as one space.
type writer struct {
	b     strings.Builder
	space bool
}

func (w *writer) words(s string) {
	for i, f := range strings.Fields(s) {
		if i > 0 || w.space || startsWithSpace(s) {
			w.b.WriteByte(' ')
		}
		w.space = false
		w.b.WriteString(f)
	}
	w.space = endsWithSpace(s) || w.space
}

func (w *writer) start(a atom.Atom) {
	switch {
	case a == atom.Br:
		w.put("\n")
	case a == atom.Li:
		w.put("\n• ")
	case a == atom.Tr || a == atom.Dt || a == atom.Dd:
		w.put("\n")
	case isBlock(a):
		w.put("\n\n")
	}
}

func (w *writer) end(a atom.Atom) {
	switch {
	case a == atom.Td || a == atom.Th:
		w.put("\t")
	case isBlock(a):
		w.put("\n\n")
	}
}

func (w *writer) put(s string) {
	w.space = false
	w.b.WriteString(s)
}

func startsWithSpace(s string) bool { return s != "" && strings.TrimLeft(s[:1], " \t\r\n") == "" }
func endsWithSpace(s string) bool   { return s != "" && strings.TrimRight(s[len(s)-1:], " \t\r\n") == "" }

// isHidden names the elements whose text no reader sees. Void elements are not
// among them: they have no end.
func isHidden(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Template, atom.Title, atom.Iframe, atom.Object, atom.Select, atom.Textarea, atom.Noscript:
		return true
	}
	return false
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Aside, atom.Main, atom.Figure, atom.Figcaption,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Dl, atom.Table, atom.Blockquote, atom.Pre, atom.Hr,
		atom.Address, atom.Caption:
		return true
	}
	return false
}

// tidy trims lines and leaves at most one empty line between two.
func tidy(s string) string {
	var lines []string
	empty := true
	for l := range strings.Lines(strings.ReplaceAll(s, "\r\n", "\n")) {
		l = strings.TrimRightFunc(l, unicode.IsSpace)
		if l == "" && empty {
			continue
		}
		empty = l == ""
		lines = append(lines, strings.TrimLeft(l, " "))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// HTML returns plain text as HTML: a p for each paragraph, a br for each further
// line.
func HTML(text string) string {
	var b strings.Builder
	for _, p := range Paragraphs(text) {
		b.WriteString("<p>")
		b.WriteString(strings.ReplaceAll(html.EscapeString(p), "\n", "<br>"))
		b.WriteString("</p>\n")
	}
	return b.String()
}

// Paragraphs splits plain text at its empty lines.
func Paragraphs(text string) []string {
	var out []string
	var lines []string
	end := func() {
		if len(lines) > 0 {
			out = append(out, strings.Join(lines, "\n"))
			lines = nil
		}
	}
	for l := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		if l = strings.TrimSpace(l); l == "" {
			end()
		} else {
			lines = append(lines, l)
		}
	}
	end()
	return out
}

// IsHTML reports whether a media type is one of HTML or XHTML.
func IsHTML(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/html") || strings.HasPrefix(mediaType, "application/xhtml")
}

// Direction returns rtl or ltr for a BCP 47 language, by the script that it is
// written in.
func Direction(lang string) string {
	tag, err := language.Parse(lang)
	if err != nil {
		return "ltr"
	}
	script, _ := tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Mand", "Samr":
		return "rtl"
	}
	return "ltr"
}

// RootTag returns the first start tag of an XML document without its brackets,
// and the local name of the element, from the document's first bytes. Both are
// empty if those bytes are no XML.
func RootTag(head []byte) (tag, name string) {
	// A UTF-16 document shows its root once the zero bytes are gone.
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		head = bytes.ReplaceAll(head[2:], []byte{0}, nil)
	}
	s := strings.TrimPrefix(string(head), "\ufeff")
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		end := ""
		switch {
		case strings.HasPrefix(s, "<?"):
			end = "?>"
		case strings.HasPrefix(s, "<!--"):
			end = "-->"
		case strings.HasPrefix(s, "<!"):
			end = ">"
		case strings.HasPrefix(s, "<"):
			tag, _, _ = strings.Cut(s[1:], ">")
			name = tag
			if i := strings.IndexAny(name, " \t\r\n/"); i >= 0 {
				name = name[:i]
			}
			return tag, name[strings.IndexByte(name, ':')+1:]
		default:
			return "", ""
		}
		if declared, _, _ := strings.Cut(s, ">"); end == ">" && strings.Contains(declared, "[") {
			_, s, _ = strings.Cut(s, "]") // a DOCTYPE with declarations inside
		}
		_, rest, found := strings.Cut(s, end)
		if !found {
			return "", ""
		}
		s = rest
	}
}
