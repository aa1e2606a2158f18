package xmltree

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind says what a token of a Scanner is.
type Kind byte

// The kinds of tokens. Comments and processing instructions are passed over.
const (
	Start Kind = iota + 1
	End
	Text // a text or a CDATA section
)

// Token is a token of a document. Its strings share the document's memory where
// they stand in it as they are.
type Token struct {
	Kind  Kind
	Name  xml.Name   // Space is the prefix
	Attrs []xml.Attr // never changed afterwards; the caller may keep them
	Text  string     // character references are resolved
	// Where it stands in the document, in bytes. An element that closes itself
	// has an End of no length.
	From, To int
	Line     int // on which it begins, from 1
}

// Scanner reads the tokens of a plain document many times faster than
// encoding/xml does: names in ASCII, attributes in quotes, the character
// references of XML. At anything else, be it wrong or only rare, it stops, and
// encoding/xml says what to make of it. So it never judges a document itself; what
// it returns is what encoding/xml would have returned (FuzzScanner).
type Scanner struct {
	text  string
	named map[string]string // named characters beyond XML's
	pos   int
	line  int
	plain bool // the document has only characters that XML allows
	empty bool // the element that was returned closes itself
	attrs []xml.Attr
	Token Token // the last one
}

// NewScanner returns a scanner of the text. named are characters that are known by
// name beyond the five of XML.
func NewScanner(text string, named map[string]string) *Scanner {
	return &Scanner{text: text, named: named, line: 1, plain: onlyXML(text)}
}

// onlyXML reports whether the text is UTF-8 of characters that XML allows.
func onlyXML(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return false
		}
	}
	return utf8.ValidString(text) && !strings.Contains(text, "\uFFFE") && !strings.Contains(text, "\uFFFF")
}

// Pos returns where the next token begins: its offset and line.
func (s *Scanner) Pos() (offset, line int) { return s.pos, s.line }

// Next reads the next token into s.Token. It returns false at the end of the text
// and, with Pos before it, at a token that it leaves to encoding/xml.
func (s *Scanner) Next() bool {
	if s.empty {
		s.empty = false
		s.Token = Token{Kind: End, Name: s.Token.Name, From: s.pos, To: s.pos, Line: s.line}
		return true
	}
	for s.plain && s.pos < len(s.text) {
		rest := s.text[s.pos:]
		switch {
		case rest[0] != '<':
			return s.chars(rest)
		case len(rest) < 2:
			return false
		case rest[1] == '/':
			return s.endTag(rest)
		case strings.HasPrefix(rest, "<![CDATA["):
			return s.cdata(rest)
		case rest[1] == '!' || rest[1] == '?':
			if !s.passOver(rest) {
				return false
			}
		default:
			return s.startTag(rest)
		}
	}
	return false
}

// take ends the token that is n bytes long.
func (s *Scanner) take(n int) bool {
	s.Token.From, s.Token.To, s.Token.Line = s.pos, s.pos+n, s.line
	s.advance(n)
	return true
}

func (s *Scanner) advance(n int) {
	s.line += strings.Count(s.text[s.pos:s.pos+n], "\n")
	s.pos += n
}

func (s *Scanner) chars(rest string) bool {
	n := strings.IndexByte(rest, '<')
	if n < 0 {
		n = len(rest)
	}
	text, ok := s.value(rest[:n])
	if !ok || strings.Contains(rest[:n], "]]>") {
		return false
	}
	s.Token = Token{Kind: Text, Text: text}
	return s.take(n)
}

func (s *Scanner) cdata(rest string) bool {
	const before, after = len("<![CDATA["), len("]]>")
	n := strings.Index(rest, "]]>")
	if n < 0 {
		return false
	}
	s.Token = Token{Kind: Text, Text: newlines(rest[before:n])}
	return s.take(n + after)
}

// passOver skips a comment or a processing instruction. It leaves an XML
// declaration that is not of version 1.0 in double quotes.
func (s *Scanner) passOver(rest string) bool {
	if strings.HasPrefix(rest, "<!--") {
		n := strings.Index(rest[len("<!--"):], "--")
		if n < 0 || !strings.HasPrefix(rest[len("<!--")+n:], "-->") {
			return false
		}
		s.advance(len("<!--") + n + len("-->"))
		return true
	}
	n := strings.Index(rest, "?>")
	name := nameLength(rest[2:])
	if rest[1] != '?' || n < 0 || name == 0 || 2+name > n {
		return false
	}
	if rest[2:2+name] == "xml" && !strings.HasPrefix(rest, `<?xml version="1.0"`) {
		return false
	}
	s.advance(n + len("?>"))
	return true
}

func (s *Scanner) endTag(rest string) bool {
	name, n := splitName(rest[2:])
	n += 2
	for n < len(rest) && isSpace(rest[n]) {
		n++
	}
	if name.Local == "" || n >= len(rest) || rest[n] != '>' {
		return false
	}
	s.Token = Token{Kind: End, Name: name}
	return s.take(n + 1)
}

func (s *Scanner) startTag(rest string) bool {
	name, n := splitName(rest[1:])
	n++
	if name.Local == "" {
		return false
	}
	first := len(s.attrs)
	for {
		from := n
		for n < len(rest) && isSpace(rest[n]) {
			n++
		}
		switch {
		case n >= len(rest):
			return false
		case rest[n] == '>':
			s.Token = Token{Kind: Start, Name: name, Attrs: s.since(first)}
			return s.take(n + 1)
		case strings.HasPrefix(rest[n:], "/>"):
			s.Token = Token{Kind: Start, Name: name, Attrs: s.since(first)}
			s.empty = true
			return s.take(n + 2)
		case n == from:
			return false
		}
		a, length := s.attribute(rest[n:])
		if length == 0 {
			return false
		}
		s.attrs = append(s.attrs, a)
		n += length
	}
}

// since returns the attributes that were read since first, apart from those that
// come.
func (s *Scanner) since(first int) []xml.Attr {
	last := len(s.attrs)
	attrs := s.attrs[first:last:last]
	if cap(s.attrs)-last < 8 {
		s.attrs = make([]xml.Attr, 0, 256)
	}
	return attrs
}

// attribute reads name="value" and returns its length, 0 if it is no such thing.
func (s *Scanner) attribute(rest string) (a xml.Attr, length int) {
	name, n := splitName(rest)
	if name.Local == "" || n+2 > len(rest) || rest[n] != '=' || rest[n+1] != '"' && rest[n+1] != '\'' {
		return a, 0
	}
	end := strings.IndexByte(rest[n+2:], rest[n+1])
	if end < 0 {
		return a, 0
	}
	raw := rest[n+2 : n+2+end]
	value, ok := s.value(raw)
	if !ok || strings.IndexByte(raw, '<') >= 0 {
		return a, 0
	}
	return xml.Attr{Name: name, Value: value}, n + 2 + end + 1
}

// value resolves line ends and character references. ok is false for references
// that it does not know.
func (s *Scanner) value(raw string) (text string, ok bool) {
	raw = newlines(raw)
	i := strings.IndexByte(raw, '&')
	if i < 0 {
		return raw, true
	}
	var b strings.Builder
	b.Grow(len(raw))
	for i >= 0 {
		b.WriteString(raw[:i])
		raw = raw[i+1:]
		end := strings.IndexByte(raw, ';')
		if end < 0 {
			return "", false
		}
		char, known := s.character(raw[:end])
		if !known {
			return "", false
		}
		b.WriteString(char)
		raw = raw[end+1:]
		i = strings.IndexByte(raw, '&')
	}
	b.WriteString(raw)
	return b.String(), true
}

// character returns what a reference between & and ; stands for.
func (s *Scanner) character(ref string) (string, bool) {
	switch ref {
	case "amp":
		return "&", true
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "quot":
		return `"`, true
	case "apos":
		return "'", true
	}
	digits, numeric := strings.CutPrefix(ref, "#")
	if !numeric {
		char, known := s.named[ref]
		return char, known && nameLength(ref) == len(ref) && onlyXML(char)
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	// ParseUint alone would let signs and underscores pass in other bases.
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n > unicode.MaxRune || n >= 0xD800 && n < 0xE000 {
		return "", false
	}
	char := string(rune(n))
	return char, onlyXML(char)
}

// newlines makes every line end \n, as XML asks of a reader.
func newlines(text string) string {
	if strings.IndexByte(text, '\r') < 0 {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// splitName reads a name with at most one prefix; Local is empty if there is none
// such.
func splitName(rest string) (name xml.Name, length int) {
	n := nameLength(rest)
	if n < len(rest) && rest[n] == ':' {
		local := nameLength(rest[n+1:])
		if n == 0 || local == 0 {
			return name, 0
		}
		name = xml.Name{Space: rest[:n], Local: rest[n+1 : n+1+local]}
		n += 1 + local
	} else {
		name.Local = rest[:n]
	}
	if n < len(rest) && (rest[n] == ':' || rest[n] >= utf8.RuneSelf) {
		return xml.Name{}, 0
	}
	return name, n
}

// nameLength returns how many bytes of rest are a name of ASCII without a colon.
func nameLength(rest string) int {
	for i := range len(rest) {
		c := rest[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '-' || c == '.')) {
			return i
		}
	}
	return len(rest)
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }
