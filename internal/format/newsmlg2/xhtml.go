package newsmlg2

import (
	"html"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"jisr/internal/format/markup"
	"jisr/internal/format/xmltree"
)

// maxMarkup is how deep elements of a body may be nested, so that the item around
// it stays below what a reader takes.
const maxMarkup = 150

// toXHTML returns HTML as the content of an XHTML body. HTML that is well-formed
// but for void elements, as Read makes it, is rewritten tag by tag and comes back
// as it was; any other is mended by an HTML parser, and exact is false.
func toXHTML(value string) (content string, exact bool) {
	if content, ok := rewrite(value); ok {
		n, ok := xmltree.Element("<body>" + content + "</body>")
		return content, ok && xmltree.Inner(n, xmltree.HTMLTag) == value
	}
	body := &xhtml.Node{Type: xhtml.ElementNode, Data: "body", DataAtom: atom.Body}
	if nodes, err := xhtml.ParseFragment(strings.NewReader(value), body); err == nil {
		var b strings.Builder
		for _, n := range nodes {
			serialise(&b, n)
		}
		if content, ok := rewrite(strings.TrimSpace(b.String())); ok {
			return content, false
		}
	}
	// Nested too deep for a reader: the words must not be lost.
	var out xmltree.Writer
	for p := range strings.SplitSeq(markup.Text(value), "\n\n") {
		out.Line("p", p)
	}
	return out.String(), false
}

// serialise writes a parsed node in the form that rewrite takes.
func serialise(b *strings.Builder, n *xhtml.Node) {
	switch n.Type {
	case xhtml.TextNode:
		b.WriteString(html.EscapeString(n.Data))
		return
	case xhtml.ElementNode:
	default:
		return
	}
	if !isTagName(n.Data) {
		for k := range n.ChildNodes() {
			serialise(b, k)
		}
		return
	}
	b.WriteString("<" + n.Data)
	for _, a := range n.Attr {
		if a.Namespace == "" && isTagName(a.Key) {
			b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
		}
	}
	b.WriteString(">")
	if xmltree.IsVoid(n.Data) {
		return
	}
	for k := range n.ChildNodes() {
		serialise(b, k)
	}
	b.WriteString("</" + n.Data + ">")
}

// rewrite turns well-formed HTML into XHTML: every element closed, every text
// escaped. ok is false for anything that it does not take for well-formed.
func rewrite(value string) (content string, ok bool) {
	var out xmltree.Writer
	var open []string
	for len(value) > 0 {
		if value[0] != '<' {
			i := strings.IndexByte(value, '<')
			if i < 0 {
				i = len(value)
			}
			out.Text(html.UnescapeString(value[:i]))
			value = value[i:]
			continue
		}
		end := strings.IndexByte(value, '>')
		if name, isEnd := strings.CutPrefix(value, "</"); isEnd {
			if end < 0 || len(open) == 0 || name[:end-2] != open[len(open)-1] {
				return "", false
			}
			open = open[:len(open)-1]
			out.Close()
			value = value[end+1:]
			continue
		}
		name, attrs, rest, ok := startTag(value)
		if !ok || len(open) >= maxMarkup || strings.EqualFold(name, "body") {
			return "", false
		}
		out.Open(name)
		for i := 0; i < len(attrs); i += 2 {
			out.Attr(attrs[i], attrs[i+1])
		}
		if xmltree.IsVoid(name) {
			out.Close()
		} else {
			open = append(open, name)
		}
		value = rest
	}
	return out.String(), len(open) == 0
}

// startTag reads a start tag: a name, and attributes in double quotes.
func startTag(s string) (name string, attrs []string, rest string, ok bool) {
	s = s[1:]
	i := strings.IndexAny(s, " >")
	if i <= 0 || !isTagName(s[:i]) {
		return "", nil, "", false
	}
	name, s = s[:i], s[i:]
	for {
		if rest, done := strings.CutPrefix(s, ">"); done {
			return name, attrs, rest, true
		}
		key, after, found := strings.Cut(s, `="`)
		if !found || len(key) < 2 || key[0] != ' ' || !isTagName(key[1:]) || key == " xmlns" || len(attrs) >= 2*xmltree.MaxAttrs ||
			slices.Contains(evens(attrs), key[1:]) {
			return "", nil, "", false
		}
		value, after, found := strings.Cut(after, `"`)
		if !found || strings.Contains(value, "<") {
			return "", nil, "", false
		}
		attrs = append(attrs, key[1:], html.UnescapeString(value))
		s = after
	}
}

// evens returns every second entry: the names among names and values.
func evens(pairs []string) []string {
	var out []string
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, pairs[i])
	}
	return out
}

// isTagName reports whether s is a name without prefix that HTML and XML share.
func isTagName(s string) bool {
	for i, c := range s {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}
