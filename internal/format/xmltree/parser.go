package xmltree

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// Limits on one document. They stand far above what agencies send.
const (
	MaxDepth    = 200     // open elements
	MaxNodes    = 200_000 // elements and texts of one item
	MaxAttrs    = 64      // attributes of one element
	MaxBindings = 256     // namespace prefixes in scope
)

// Form says what the documents of a format look like from outside.
type Form struct {
	Name string // of the format, for messages
	// Root reports whether an element can be the root.
	Root func(name string) bool
	// Wraps reports whether an element only holds the parts that Next returns.
	Wraps func(name string) bool
	// Item reports whether a part is an item: items are numbered in paths.
	Item func(name string) bool
	// Space is the namespace of the format; elements of it are never foreign.
	Space string
	// DOCTYPE lets a document type declaration pass. It is skipped unread: what
	// it declares is neither fetched nor expanded.
	DOCTYPE bool
	// Entities are the named characters that are known beyond the five of XML,
	// such as xml.HTMLEntity; each must stand for a text of a few bytes.
	Entities map[string]string
}

// Parser turns a document into nodes, one part at a time, and enforces every
// limit on its form.
type Parser struct {
	form   Form
	text   string
	scan   *Scanner
	strict *xml.Decoder // reads on where the scanner stopped, at an offset and line
	offset int
	row    int
	root   string // name of the root element
	open   []*Node
	scope  []binding
	marks  []int // len(scope) before each open element
	within *Node // the header or item being built
	nodes  int
	items  int32
	slab   []Node
	done   bool
}

type binding struct{ prefix, space string }

// NewParser returns a parser of the text, which must be UTF-8 whatever its
// declaration says.
func NewParser(text string, form Form) *Parser {
	return &Parser{form: form, text: text, scan: NewScanner(text, form.Entities)}
}

// directive is the kind of a token that a scanner never returns: a DOCTYPE.
const directive Kind = 0

// token returns the next token. The scanner reads what is plain; from the first
// thing on that it leaves alone, encoding/xml reads the rest.
func (p *Parser) token() (Token, error) {
	if p.strict == nil {
		if p.scan.Next() {
			return p.scan.Token, nil
		}
		p.offset, p.row = p.scan.Pos()
		if p.offset == len(p.text) {
			return Token{}, io.EOF
		}
		p.strict = xml.NewDecoder(strings.NewReader(p.text[p.offset:]))
		p.strict.Entity = p.form.Entities
		p.strict.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	}
	for {
		token := Token{From: p.at(), Line: p.lineNow()}
		t, err := p.strict.RawToken()
		if err != nil {
			return Token{}, err
		}
		token.To = p.at()
		switch t := t.(type) {
		case xml.StartElement:
			token.Kind, token.Name, token.Attrs = Start, t.Name, t.Attr
		case xml.EndElement:
			token.Kind, token.Name = End, t.Name
		case xml.CharData:
			// Most texts stand in the source as they are: they share its memory.
			if token.Kind, token.Text = Text, p.text[token.From:token.To]; token.Text != string(t) {
				token.Text = string(t)
			}
		case xml.Directive:
			token.Kind = directive
		default:
			continue
		}
		return token, nil
	}
}

// at returns how much of the document was read, in bytes.
func (p *Parser) at() int {
	if p.strict == nil {
		at, _ := p.scan.Pos()
		return at
	}
	return p.offset + int(p.strict.InputOffset())
}

// lineNow returns the line up to which the document was read, from 1.
func (p *Parser) lineNow() int {
	if p.strict == nil {
		_, line := p.scan.Pos()
		return line
	}
	line, _ := p.strict.InputPos()
	return p.row + line - 1
}

// Text returns the document.
func (p *Parser) Text() string { return p.text }

// RootName returns the name of the root element, once it was read.
func (p *Parser) RootName() string { return p.root }

// Next returns the next part, or nil at the end of the document.
func (p *Parser) Next() (*Node, error) {
	for {
		t, err := p.token()
		if errors.Is(err, io.EOF) {
			return nil, p.atEnd()
		}
		if err != nil {
			return nil, p.syntax(err)
		}
		switch t.Kind {
		case Start:
			err = p.startElement(t)
		case End:
			var n *Node
			if n, err = p.endElement(t); n != nil {
				return n, nil
			}
		case Text:
			err = p.chars(t)
		case directive:
			if !p.form.DOCTYPE || len(p.open) > 0 {
				err = p.fail(news.Invalid, "a DOCTYPE is not allowed: %s has none, and it can make a reader fetch or expand what it should not", p.form.Name)
			}
		}
		if err != nil {
			return nil, err
		}
	}
}

func (p *Parser) startElement(t Token) error {
	switch {
	case p.done:
		return p.fail(news.Invalid, "a second root element <%s> follows the first", t.Name.Local)
	case len(p.open) >= MaxDepth:
		return p.fail(news.TooLarge, "elements are nested more than %d deep", MaxDepth)
	case len(t.Attrs) > MaxAttrs:
		return p.fail(news.TooLarge, "<%s> has %d attributes, more than the %d allowed", t.Name.Local, len(t.Attrs), MaxAttrs)
	case len(p.open) == 0 && !p.form.Root(t.Name.Local):
		return p.fail(news.Invalid, "<%s> is not the root of a %s document", t.Name.Local, p.form.Name)
	}
	if err := p.count(); err != nil {
		return err
	}
	p.marks = append(p.marks, len(p.scope))
	for _, a := range t.Attrs {
		if a.Name.Space == "xmlns" {
			p.scope = append(p.scope, binding{a.Name.Local, a.Value})
		} else if a.Name.Space == "" && a.Name.Local == "xmlns" {
			p.scope = append(p.scope, binding{"", a.Value})
		}
	}
	if len(p.scope) > MaxBindings {
		return p.fail(news.TooLarge, "more than %d namespaces are declared", MaxBindings)
	}
	n := p.alloc()
	n.Name, n.Prefix, n.Space, n.Attrs, n.Start = t.Name.Local, t.Name.Space, p.namespace(t.Name.Space), t.Attrs, int32(t.From)
	n.Row = int32(t.Line)
	if len(p.open) == 0 {
		p.root = n.Name
	} else {
		n.Parent = p.open[len(p.open)-1]
	}
	switch {
	case p.within != nil:
		n.Foreign = n.Space != p.within.Space && n.Space != p.form.Space && n.Space != ""
		n.Parent.add(n)
	case !p.form.Wraps(n.Name):
		p.within, p.nodes = n, 0
		if p.form.Item(n.Name) {
			p.items++
			n.Index = p.items
		}
	}
	p.open = append(p.open, n)
	return nil
}

func (p *Parser) endElement(t Token) (*Node, error) {
	top := len(p.open) - 1
	if top < 0 {
		return nil, p.fail(news.Invalid, "</%s> closes nothing", t.Name.Local)
	}
	n := p.open[top]
	if n.Name != t.Name.Local || n.Prefix != t.Name.Space {
		return nil, p.fail(news.Invalid, "</%s> closes <%s>, opened at line %d", t.Name.Local, n.Name, n.Row)
	}
	p.open = p.open[:top]
	p.scope, p.marks = p.scope[:p.marks[top]], p.marks[:top]
	p.done = top == 0
	if n.End = int32(t.To); n != p.within {
		return nil, nil
	}
	p.within, p.slab = nil, nil
	if n.End-n.Start > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, n.Path(), "line %d: the item has %d bytes, more than the %d allowed",
			n.Row, n.End-n.Start, news.MaxContent)
	}
	return n, nil
}

func (p *Parser) chars(t Token) error {
	if len(p.open) == 0 && strings.TrimSpace(t.Text) != "" {
		return p.fail(news.Invalid, "there is text outside the root element")
	}
	if p.within == nil {
		return nil
	}
	if err := p.count(); err != nil {
		return err
	}
	n := p.alloc()
	n.Text = t.Text
	p.open[len(p.open)-1].add(n)
	return nil
}

func (n *Node) add(k *Node) {
	k.Parent = n
	if n.Last == nil {
		n.First = k
	} else {
		n.Last.Next = k
	}
	n.Last = k
}

// alloc takes nodes from slabs: one allocation for many.
func (p *Parser) alloc() *Node {
	if len(p.slab) == 0 {
		p.slab = make([]Node, 128)
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	return n
}

func (p *Parser) count() error {
	if p.nodes++; p.nodes > MaxNodes {
		return p.fail(news.TooLarge, "one item has more than %d elements and texts", MaxNodes)
	}
	return nil
}

func (p *Parser) namespace(prefix string) string {
	for i := len(p.scope) - 1; i >= 0; i-- {
		if p.scope[i].prefix == prefix {
			return p.scope[i].space
		}
	}
	return prefix // "" without a default namespace; else the undeclared prefix itself
}

func (p *Parser) atEnd() error {
	if len(p.open) > 0 {
		n := p.open[len(p.open)-1]
		return p.fail(news.Invalid, "the file ends before <%s> of line %d is closed: it was cut off", n.Name, n.Row)
	}
	if !p.done {
		return p.fail(news.Invalid, "the file holds no XML element")
	}
	return nil
}

func (p *Parser) syntax(err error) error {
	msg := err.Error()
	var se *xml.SyntaxError
	if errors.As(err, &se) {
		msg = se.Msg
		if msg == "unexpected EOF" && len(p.open) > 0 {
			return p.atEnd()
		}
		if strings.HasPrefix(msg, "invalid character entity") {
			msg += "; write the character itself or its number"
			if p.form.Entities == nil {
				msg += ": only &lt; &gt; &amp; &quot; &apos; are allowed"
			}
		}
	}
	return p.fail(news.Invalid, "%s", msg)
}

// fail makes the error of the place where the parser stands.
func (p *Parser) fail(kind news.Kind, format string, args ...any) *news.Error {
	at := ""
	if len(p.open) > 0 {
		at = p.open[len(p.open)-1].Path()
	}
	return news.Errorf(kind, at, "line "+strconv.Itoa(p.lineNow())+": "+format, args...)
}
