package feed

import (
	"bytes"
	"encoding/xml"
	"html"
	"net/url"
	"strings"
	"sync"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"jisr/internal/format/xmltree"
)

// plainFeed reads well-formed feeds of the usual shape several times faster than
// gofeed, and into the same structs. At anything that is strange it gives up, and
// gofeed reads the feed from the beginning; so what it does read has to come out as
// gofeed would have it, its peculiarities included (FuzzPlainFeeds). It fills what
// the readers here look at and nothing else.
type plainFeed struct {
	text    string
	scan    *xmltree.Scanner
	scope   []namespace
	strange bool // gofeed has to read it
}

type namespace struct{ prefix, uri string }

func newPlain(text []byte) *plainFeed {
	s := string(text)
	return &plainFeed{text: s, scan: xmltree.NewScanner(s, nil)}
}

// root returns the root element.
func (p *plainFeed) root() xmltree.Token {
	for p.scan.Next() {
		switch t := p.scan.Token; {
		case t.Kind == xmltree.Start:
			return t
		case t.Kind == xmltree.Text && strings.TrimSpace(t.Text) == "":
		default:
			p.strange = true
			return t
		}
	}
	p.strange = true
	return xmltree.Token{}
}

// declare takes the namespaces of a start tag and returns what undoes that.
func (p *plainFeed) declare(t xmltree.Token) (before int) {
	before = len(p.scope)
	for _, a := range t.Attrs {
		switch {
		case a.Name.Space == "xmlns":
			p.scope = append(p.scope, namespace{a.Name.Local, strings.TrimSpace(a.Value)})
		case a.Name.Space == "" && a.Name.Local == "xmlns", a.Name.Space == "xml" && a.Name.Local == "base":
			p.strange = true // another default namespace, or relative addresses
		}
	}
	return before
}

// children calls handle with each element in parent, up to its end tag. handle
// reads the element to its end.
func (p *plainFeed) children(parent xmltree.Token, handle func(t xmltree.Token)) {
	for !p.strange {
		if !p.scan.Next() {
			p.strange = true
			return
		}
		switch t := p.scan.Token; t.Kind {
		case xmltree.End:
			p.strange = p.strange || t.Name != parent.Name
			return
		case xmltree.Start:
			before := p.declare(t)
			handle(t)
			p.scope = p.scope[:before]
		}
	}
}

// source reads an element to its end and returns what stands in it, as it stands.
func (p *plainFeed) source(t xmltree.Token) string {
	open := []xml.Name{t.Name}
	for !p.strange {
		if !p.scan.Next() {
			break
		}
		switch in := p.scan.Token; in.Kind {
		case xmltree.Start:
			open = append(open, in.Name)
		case xmltree.End:
			last := len(open) - 1
			if open[last] != in.Name {
				p.strange = true
				return ""
			}
			if open = open[:last]; last == 0 {
				return p.text[t.To:in.From]
			}
		}
	}
	p.strange = true
	return ""
}

// words reads a text. Markup in it is kept, as publishers mean it.
func (p *plainFeed) words(t xmltree.Token) string { return unescaped(p.source(t)) }

// unescaped resolves the references outside the CDATA sections of a source.
func unescaped(source string) string {
	source = strings.TrimSpace(source)
	before, rest, found := strings.Cut(source, "<![CDATA[")
	if !found {
		return unescape(source)
	}
	var b strings.Builder
	b.Grow(len(source))
	for found {
		b.WriteString(unescape(before))
		var data string
		data, rest, _ = strings.Cut(rest, "]]>") // it has an end: the scanner saw it
		b.WriteString(data)
		before, rest, found = strings.Cut(rest, "<![CDATA[")
	}
	b.WriteString(unescape(before))
	return b.String()
}

// unescape resolves references that end in a semicolon, those of HTML too.
func unescape(s string) string {
	const longest = 64 // bytes of a reference, as gofeed has it
	i := strings.IndexByte(s, '&')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for ; i >= 0; i = strings.IndexByte(s, '&') {
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexByte(s[:min(len(s), longest)], ';')
		char := ""
		if end > 0 && !strings.ContainsAny(s[:end], " \t\r\n") {
			// Without its semicolon, &copy2; would be © and more.
			if char = html.UnescapeString(s[:end+1]); char == html.UnescapeString(s[:end])+";" {
				char = ""
			}
		}
		if char == "" {
			char, end = "&", 0
		}
		b.WriteString(char)
		s = s[end+1:]
	}
	b.WriteString(s)
	return b.String()
}

// attribute returns an attribute, or that of the same name with a prefix.
func attribute(t xmltree.Token, name string) string {
	prefixed, found := "", false
	for _, a := range t.Attrs {
		switch {
		case a.Name.Local != name:
		case a.Name.Space == "":
			return resolved(a)
		case !found:
			prefixed, found = resolved(a), true
		}
	}
	return prefixed
}

// resolved returns the value of an attribute; an address is written as net/url
// writes it, which gofeed does to resolve it.
func resolved(a xml.Attr) string {
	switch strings.ToLower(a.Name.Local) {
	case "href", "scheme", "src", "uri":
		return normalURL(a.Value)
	}
	return a.Value
}

func normalURL(s string) string {
	u, err := url.Parse(strings.TrimLeft(s, " "))
	if err != nil {
		return s
	}
	return u.String()
}

// extension reads an element of another namespace into to.
func (p *plainFeed) extension(t xmltree.Token, to *ext.Extensions) {
	key := p.key(t.Name.Space)
	x := p.element(t, resolved, 0)
	if p.strange {
		return
	}
	if *to == nil {
		*to = ext.Extensions{}
	}
	if (*to)[key] == nil {
		(*to)[key] = map[string][]ext.Extension{}
	}
	(*to)[key][x.Name] = append((*to)[key][x.Name], x)
}

// None of it is ever written to.
var noChildren, noAttrs = map[string][]ext.Extension{}, map[string]string{}

// element reads an element with its descendants.
func (p *plainFeed) element(t xmltree.Token, value func(xml.Attr) string, depth int) ext.Extension {
	x := ext.Extension{Name: t.Name.Local, Attrs: noAttrs, Children: noChildren}
	if len(t.Attrs) > 0 {
		x.Attrs = make(map[string]string, len(t.Attrs))
		for _, a := range t.Attrs {
			x.Attrs[a.Name.Local] = value(a)
		}
	}
	for !p.strange {
		if depth > maxDepth || !p.scan.Next() {
			p.strange = true
			return x
		}
		switch in := p.scan.Token; in.Kind {
		case xmltree.Text:
			x.Value += in.Text
		case xmltree.End:
			p.strange = in.Name != t.Name
			x.Value = strings.TrimSpace(x.Value)
			return x
		case xmltree.Start:
			before := p.declare(in)
			child := p.element(in, func(a xml.Attr) string { return a.Value }, depth+1)
			p.scope = p.scope[:before]
			if len(x.Children) == 0 {
				x.Children = map[string][]ext.Extension{}
			}
			x.Children[child.Name] = append(x.Children[child.Name], child)
		}
	}
	return x
}

// key returns the name under which gofeed files the elements of a prefix.
func (p *plainFeed) key(prefix string) string {
	uri, bound := "", false
	for i := len(p.scope) - 1; i >= 0 && !bound; i-- {
		if bound = p.scope[i].prefix == prefix; bound {
			uri = p.scope[i].uri
		}
	}
	for _, n := range p.scope {
		p.strange = p.strange || n.uri == uri && n.prefix != prefix
	}
	name, known := filed(uri)
	if !bound || !known {
		p.strange = true
	}
	if name == probe {
		return prefix
	}
	return name
}

const (
	probe         = "jisr-probe" // a prefix that no namespace has by convention
	maxNamespaces = 500          // that are remembered
)

// files remembers how gofeed files a namespace: by the prefix that is usual for it,
// or by the feed's own.
var files = struct {
	sync.Mutex
	names map[string]string
}{names: map[string]string{}}

// filed asks gofeed how it files a namespace: by a usual name, or by probe if it
// goes by the feed's prefix. It is false for what gofeed takes for RSS itself, and
// once too many have been asked for.
func filed(uri string) (name string, known bool) {
	files.Lock()
	defer files.Unlock()
	name, known = files.names[uri]
	if !known && len(files.names) < maxNamespaces && uri != "" {
		var b bytes.Buffer
		b.WriteString(`<rss><channel><` + probe + `:x xmlns:` + probe + `="`)
		_ = xml.EscapeText(&b, []byte(uri)) // a buffer takes everything
		b.WriteString(`"/></channel></rss>`)
		if f, err := new(rss.Parser).Parse(&b); err == nil {
			for name = range f.Extensions {
				known = true
			}
		}
		files.names[uri] = name
	}
	return name, known && name != ""
}
