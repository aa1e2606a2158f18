package xmltree

import (
	"strings"
	"unicode/utf8"
)

// Writer builds an XML document. It escapes what it is given and closes what was
// opened, so its output is well-formed whatever the texts are; characters that
// XML 1.0 cannot hold become U+FFFD.
type Writer struct {
	b    strings.Builder
	open []string
	tag  bool // the start tag of the innermost element still lacks its ">"
}

// Open starts an element. attrs are names and values in turn; attributes without
// a value are left out.
func (w *Writer) Open(name string, attrs ...string) {
	w.endTag()
	w.b.WriteByte('<')
	w.b.WriteString(name)
	w.open = append(w.open, name)
	w.tag = true
	w.Attrs(attrs...)
}

// Attrs adds attributes to the element that was just opened.
func (w *Writer) Attrs(attrs ...string) {
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			w.Attr(attrs[i], attrs[i+1])
		}
	}
}

// Attr adds an attribute to the element that was just opened, with or without a
// value.
func (w *Writer) Attr(name, value string) {
	w.b.WriteByte(' ')
	w.b.WriteString(name)
	w.b.WriteString(`="`)
	escapeXML(&w.b, value, true)
	w.b.WriteByte('"')
}

// Close ends the innermost element.
func (w *Writer) Close() {
	name := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if w.tag {
		w.b.WriteString("/>")
		w.tag = false
		return
	}
	w.b.WriteString("</")
	w.b.WriteString(name)
	w.b.WriteByte('>')
}

// Text writes a text into the innermost element.
func (w *Writer) Text(s string) {
	if s != "" {
		w.endTag()
		escapeXML(&w.b, s, false)
	}
}

// Raw writes markup as it is: the caller answers for it.
func (w *Writer) Raw(s string) {
	if s != "" {
		w.endTag()
		w.b.WriteString(s)
	}
}

// Element writes an element with a text.
func (w *Writer) Element(name, text string, attrs ...string) {
	w.Open(name, attrs...)
	w.Text(text)
	w.Close()
}

// Line writes an element with a text, or nothing if there is no text.
func (w *Writer) Line(name, text string, attrs ...string) {
	if text != "" {
		w.Element(name, text, attrs...)
	}
}

// String returns what was written.
func (w *Writer) String() string { return w.b.String() }

// Len returns the bytes written so far.
func (w *Writer) Len() int { return w.b.Len() }

func (w *Writer) endTag() {
	if w.tag {
		w.b.WriteByte('>')
		w.tag = false
	}
}

// escapeXML also writes line breaks of attributes as numbers, because a parser
// makes spaces of them, and carriage returns everywhere, because it drops them.
func escapeXML(b *strings.Builder, s string, inValue bool) {
	from := 0
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		as := ""
		switch {
		case c == '&':
			as = "&amp;"
		case c == '<':
			as = "&lt;"
		case c == '>':
			as = "&gt;"
		case c == '"' && inValue:
			as = "&quot;"
		case c == '\n' && inValue:
			as = "&#10;"
		case c == '\t' && inValue:
			as = "&#9;"
		case c == '\r':
			as = "&#13;"
		case c == utf8.RuneError && size == 1, !Allowed(c):
			as = "\uFFFD"
		}
		if as != "" {
			b.WriteString(s[from:i])
			b.WriteString(as)
			from = i + size
		}
		i += size
	}
	b.WriteString(s[from:])
}

// Allowed reports whether XML 1.0 can hold the character.
func Allowed(c rune) bool {
	return c == '\t' || c == '\n' || c == '\r' || c >= 0x20 && c <= 0xd7ff || c >= 0xe000 && c <= 0xfffd || c >= 0x10000
}
