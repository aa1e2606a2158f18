package newsmlg2

import (
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// node is an element, or a text when its name is empty. An item becomes one tree
// of nodes, is translated and dropped before the next one is read, so memory
// follows the largest item and not the message.
type node struct {
	name    string // local name
	space   string // namespace URI
	foreign bool   // of another namespace than its item
	attrs   []xml.Attr
	text    string
	index   int32 // of an item in its message, from 1; else 0
	start   int32 // byte offsets in the source
	end     int32
	row     int32 // the line where its start tag begins

	parent, first, last, next *node
}

// elements yields the child elements.
func (n *node) elements() iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for k := n.first; k != nil; k = k.next {
			if k.name != "" && !yield(k) {
				return
			}
		}
	}
}

// all yields the child elements with the name.
func (n *node) all(name string) iter.Seq[*node] {
	return func(yield func(*node) bool) {
		for k := n.first; k != nil; k = k.next {
			if k.name == name && !k.foreign && !yield(k) {
				return
			}
		}
	}
}

// child returns the first child element with the name, or nil.
func (n *node) child(name string) *node {
	for k := range n.all(name) {
		return k
	}
	return nil
}

// find returns the first element below n with one of the names, whatever its
// namespace, or nil.
func (n *node) find(names ...string) *node {
	for k := range n.elements() {
		for _, name := range names {
			if k.name == name {
				return k
			}
		}
		if f := k.find(names...); f != nil {
			return f
		}
	}
	return nil
}

// attr returns the attribute without prefix, trimmed; "" on a nil node.
func (n *node) attr(name string) string {
	if n == nil {
		return ""
	}
	for i := range n.attrs {
		if a := &n.attrs[i]; a.Name.Local == name && a.Name.Space == "" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// lang returns the element's own xml:lang.
func (n *node) lang() string {
	for i := range n.attrs {
		if a := &n.attrs[i]; a.Name.Local == "lang" && a.Name.Space == "xml" {
			return strings.TrimSpace(a.Value)
		}
	}
	return ""
}

// path returns where the element is, for people: newsMessage/itemSet/newsItem[2]/itemMeta.
func (n *node) path() string {
	s := n.name
	if n.index > 0 {
		s += "[" + strconv.Itoa(int(n.index)) + "]"
	}
	if n.parent == nil {
		return s
	}
	return n.parent.path() + "/" + s
}

// source returns the element as it was written: a copy, so that an item does not
// keep the whole document in memory.
func (n *node) source(text string) string { return strings.Clone(text[n.start:n.end]) }

// parser turns the document into nodes, one item at a time, and enforces every
// limit on its form.
type parser struct {
	text   string
	dec    *xml.Decoder
	root   string // name of the root element
	open   []*node
	prefix []string // of the open elements: end tags must repeat it
	scope  []binding
	marks  []int // len(scope) before each open element
	within *node // the header or item being built
	nodes  int
	items  int32
	slab   []node
	line   int // where the current token begins
	done   bool
}

type binding struct{ prefix, space string }

func newParser(text string) *parser {
	p := &parser{text: text, dec: xml.NewDecoder(strings.NewReader(text))}
	// The text is UTF-8 by now, whatever its declaration still says.
	p.dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return p
}

// next returns the next header or item, or nil at the end of the document.
func (p *parser) next() (*node, error) {
	for {
		start := int(p.dec.InputOffset())
		p.line, _ = p.dec.InputPos()
		t, err := p.dec.RawToken()
		if errors.Is(err, io.EOF) {
			return nil, p.atEnd()
		}
		if err != nil {
			return nil, p.syntax(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			err = p.startElement(t, start)
		case xml.EndElement:
			var n *node
			if n, err = p.endElement(t); n != nil {
				return n, nil
			}
		case xml.CharData:
			err = p.chars(t, start)
		case xml.Directive:
			err = p.fail(news.Invalid, "a DOCTYPE is not allowed: NewsML-G2 has none, and it can make a reader fetch or expand what it should not")
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *parser) startElement(t xml.StartElement, start int) error {
	switch {
	case p.done:
		return p.fail(news.Invalid, "a second root element <%s> follows the first", t.Name.Local)
	case len(p.open) >= maxDepth:
		return p.fail(news.TooLarge, "elements are nested more than %d deep", maxDepth)
	case len(t.Attr) > maxAttrs:
		return p.fail(news.TooLarge, "<%s> has %d attributes, more than the %d allowed", t.Name.Local, len(t.Attr), maxAttrs)
	case len(p.open) == 0 && !isRoot(t.Name.Local):
		return p.fail(news.Invalid, "<%s> is not the root of a NewsML-G2 document", t.Name.Local)
	}
	if err := p.count(); err != nil {
		return err
	}
	p.marks = append(p.marks, len(p.scope))
	for _, a := range t.Attr {
		if a.Name.Space == "xmlns" {
			p.scope = append(p.scope, binding{a.Name.Local, a.Value})
		} else if a.Name.Space == "" && a.Name.Local == "xmlns" {
			p.scope = append(p.scope, binding{"", a.Value})
		}
	}
	if len(p.scope) > maxBindings {
		return p.fail(news.TooLarge, "more than %d namespaces are declared", maxBindings)
	}
	n := p.alloc()
	n.name, n.space, n.attrs, n.start = t.Name.Local, p.namespace(t.Name.Space), t.Attr, int32(start)
	n.row = int32(p.line)
	if len(p.open) == 0 {
		p.root = n.name
	} else {
		n.parent = p.open[len(p.open)-1]
	}
	switch {
	case p.within != nil:
		n.foreign = n.space != p.within.space && n.space != Namespace && n.space != ""
		n.parent.add(n)
	case n.name != "newsMessage" && n.name != "itemSet":
		p.within, p.nodes = n, 0
		if isItem(n.name) {
			p.items++
			n.index = p.items
		}
	}
	p.open = append(p.open, n)
	p.prefix = append(p.prefix, t.Name.Space)
	return nil
}

func (p *parser) endElement(t xml.EndElement) (*node, error) {
	top := len(p.open) - 1
	if top < 0 {
		return nil, p.fail(news.Invalid, "</%s> closes nothing", t.Name.Local)
	}
	n := p.open[top]
	if n.name != t.Name.Local || p.prefix[top] != t.Name.Space {
		return nil, p.fail(news.Invalid, "</%s> closes <%s>, opened at line %d", t.Name.Local, n.name, n.row)
	}
	p.open, p.prefix = p.open[:top], p.prefix[:top]
	p.scope, p.marks = p.scope[:p.marks[top]], p.marks[:top]
	p.done = top == 0
	if n.end = int32(p.dec.InputOffset()); n != p.within {
		return nil, nil
	}
	p.within, p.slab = nil, nil
	if n.end-n.start > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, n.path(), "line %d: the item has %d bytes, more than the %d allowed",
			n.row, n.end-n.start, news.MaxContent)
	}
	return n, nil
}

func (p *parser) chars(t xml.CharData, start int) error {
	if len(p.open) == 0 && strings.TrimSpace(string(t)) != "" {
		return p.fail(news.Invalid, "there is text outside the root element")
	}
	if p.within == nil {
		return nil
	}
	if err := p.count(); err != nil {
		return err
	}
	n := p.alloc()
	// Most texts stand in the source as they are: they share its memory.
	if n.text = p.text[start:p.dec.InputOffset()]; n.text != string(t) {
		n.text = string(t)
	}
	p.open[len(p.open)-1].add(n)
	return nil
}

func (n *node) add(k *node) {
	k.parent = n
	if n.last == nil {
		n.first = k
	} else {
		n.last.next = k
	}
	n.last = k
}

// alloc takes nodes from slabs: one allocation for many.
func (p *parser) alloc() *node {
	if len(p.slab) == 0 {
		p.slab = make([]node, 128)
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	return n
}

func (p *parser) count() error {
	if p.nodes++; p.nodes > maxNodes {
		return p.fail(news.TooLarge, "one item has more than %d elements and texts", maxNodes)
	}
	return nil
}

func (p *parser) namespace(prefix string) string {
	for i := len(p.scope) - 1; i >= 0; i-- {
		if p.scope[i].prefix == prefix {
			return p.scope[i].space
		}
	}
	return prefix // "" without a default namespace; else the undeclared prefix itself
}

func (p *parser) atEnd() error {
	if len(p.open) > 0 {
		n := p.open[len(p.open)-1]
		return p.fail(news.Invalid, "the file ends before <%s> of line %d is closed: it was cut off", n.name, n.row)
	}
	if !p.done {
		return p.fail(news.Invalid, "the file holds no XML element")
	}
	return nil
}

func (p *parser) syntax(err error) error {
	msg := err.Error()
	var se *xml.SyntaxError
	if errors.As(err, &se) {
		msg = se.Msg
		if msg == "unexpected EOF" && len(p.open) > 0 {
			return p.atEnd()
		}
		if strings.HasPrefix(msg, "invalid character entity") {
			msg += "; write the character itself, only &lt; &gt; &amp; &quot; &apos; and numbers are allowed"
		}
	}
	return p.fail(news.Invalid, "%s", msg)
}

// fail makes the error of the place where the parser stands.
func (p *parser) fail(kind news.Kind, format string, args ...any) *news.Error {
	at := ""
	if len(p.open) > 0 {
		at = p.open[len(p.open)-1].path()
	}
	line, _ := p.dec.InputPos()
	return news.Errorf(kind, at, "line "+strconv.Itoa(line)+": "+format, args...)
}
