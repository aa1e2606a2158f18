package xmltree

import "strings"

// Tag says what becomes of an element in HTML: its name, or "" to leave only its
// children, or Drop to leave nothing.
type Tag func(n *Node) string

// Drop leaves an element and all that is in it out.
const Drop = "-"

// HTMLTag keeps XHTML as it is. Making it safe to show is the reader's reader's
// business: the original markup is what proofs are about.
func HTMLTag(n *Node) string { return n.Name }

// IsHTML reports whether the element begins XHTML, whatever its namespace says:
// agencies forget it.
func IsHTML(n *Node) bool {
	if n.Space == "http://www.w3.org/1999/xhtml" {
		return true
	}
	switch n.Name {
	case "html", "body", "p", "div", "section", "article", "span", "h1", "h2", "h3", "ul", "ol", "table", "br", "pre", "blockquote", "figure":
		return true
	}
	return false
}

// Inner writes the children of n as HTML. Void elements have no end tag and all
// others have one, because an HTML parser takes <p/> for an open p.
func Inner(n *Node, name Tag) string {
	var b strings.Builder
	b.Grow(int(n.End - n.Start))
	writeChildren(&b, n, name)
	return strings.TrimSpace(b.String())
}

func writeChildren(b *strings.Builder, n *Node, name Tag) {
	for k := n.First; k != nil; k = k.Next {
		if k.Name == "" {
			writeText(b, k.Text)
			continue
		}
		switch as := name(k); as {
		case Drop:
		case "":
			writeChildren(b, k, name)
		default:
			writeTag(b, k, as)
			if !IsVoid(as) {
				writeChildren(b, k, name)
				b.WriteString("</")
				b.WriteString(as)
				b.WriteByte('>')
			}
		}
	}
}

func writeTag(b *strings.Builder, n *Node, as string) {
	b.WriteByte('<')
	b.WriteString(as)
	for _, a := range n.Attrs {
		name := a.Name.Local
		switch {
		case a.Name.Space == "xml" && name == "lang":
			if n.Attr("lang") != "" {
				continue
			}
		case a.Name.Space != "" || name == "xmlns":
			continue
		}
		b.WriteByte(' ')
		b.WriteString(name)
		b.WriteString(`="`)
		writeValue(b, a.Value)
		b.WriteByte('"')
	}
	b.WriteByte('>')
}

// IsVoid reports whether an HTML element has no content and no end tag.
func IsVoid(name string) bool {
	switch strings.ToLower(name) {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr":
		return true
	}
	return false
}

func writeText(b *strings.Builder, s string) { writeEscaped(b, s, false) }

func writeValue(b *strings.Builder, s string) { writeEscaped(b, s, true) }

func writeEscaped(b *strings.Builder, s string, inValue bool) {
	from := 0
	for i := range len(s) {
		var as string
		switch s[i] {
		case '&':
			as = "&amp;"
		case '<':
			as = "&lt;"
		case '>':
			as = "&gt;"
		case '"':
			if inValue {
				as = "&quot;"
			}
		}
		if as != "" {
			b.WriteString(s[from:i])
			b.WriteString(as)
			from = i + 1
		}
	}
	b.WriteString(s[from:])
}
