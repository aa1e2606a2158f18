package nitf

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
)

// converter writes HTML as the content of a body.content: paragraphs, headlines,
// lists, tables and media, and in them emphasis, links and line breaks. What NITF
// has no element for keeps its text.
type converter struct {
	xmltree.Writer
	losses []string
	depth  int
	ids    map[string]bool // written: an id may stand once in a document
}

// maxMarkup bounds how deep markup may be nested; NITF has no use for more.
const maxMarkup = 60

// toNITF returns HTML as NITF blocks, and what they do not keep.
func toNITF(value string) (markup string, losses []string) {
	c := &converter{}
	c.blocks(parse(value), true)
	return c.String(), c.losses
}

// toInline returns HTML as the content of an NITF paragraph.
func toInline(value string) (markup string, losses []string) {
	c := &converter{}
	for _, n := range parse(value) {
		c.inline(n)
	}
	return c.String(), c.losses
}

func parse(value string) []*html.Node {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(value), body)
	if err != nil { // nested too deep: the words must not be lost
		return []*html.Node{{Type: html.TextNode, Data: value}}
	}
	return nodes
}

func (c *converter) lose(reason string) {
	const most = 50 // kinds of markup: nobody reads more
	if len(c.losses) < most && !slices.Contains(c.losses, reason) {
		c.losses = append(c.losses, reason)
	}
}

func children(n *html.Node) []*html.Node {
	var out []*html.Node
	for k := range n.ChildNodes() {
		out = append(out, k)
	}
	return out
}

// blocks writes nodes as blocks; what stands between blocks becomes paragraphs.
// free allows a block element, which NITF does not nest.
func (c *converter) blocks(nodes []*html.Node, free bool) {
	if c.depth++; c.depth > maxMarkup {
		c.lose("markup nested more than 60 deep is not written")
		c.depth--
		return
	}
	defer func() { c.depth-- }()
	for len(nodes) > 0 {
		n := 0
		for n < len(nodes) && !isBlock(nodes[n]) {
			n++
		}
		if !blank(nodes[:n]) {
			c.Open("p")
			for _, k := range nodes[:n] {
				c.inline(k)
			}
			c.Close()
		}
		if n < len(nodes) {
			c.block(nodes[n], free)
			n++
		}
		nodes = nodes[n:]
	}
}

func blank(nodes []*html.Node) bool {
	for _, n := range nodes {
		if n.Type == html.ElementNode && n.DataAtom != atom.Br || n.Type == html.TextNode && strings.TrimSpace(n.Data) != "" {
			return false
		}
	}
	return true
}

func isBlock(n *html.Node) bool {
	if n.Type != html.ElementNode {
		return false
	}
	switch n.DataAtom {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Dl, atom.Blockquote, atom.Pre, atom.Hr,
		atom.Div, atom.Section, atom.Article, atom.Aside, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Figure, atom.Img, atom.Video,
		atom.Audio, atom.Script, atom.Style, atom.Address, atom.Details, atom.Form, atom.Center:
		return true
	}
	return false
}

func (c *converter) block(n *html.Node, free bool) {
	switch n.DataAtom {
	case atom.P:
		c.paragraph("p", n)
	case atom.H1, atom.H2, atom.H4, atom.H5, atom.H6:
		c.paragraph("hl2", n, "class", n.Data)
	case atom.H3:
		c.paragraph("hl2", n)
	case atom.Pre:
		c.Open("pre")
		c.Text(textOf(n))
		c.Close()
	case atom.Hr:
		c.Element("hr", "")
	case atom.Ul, atom.Ol:
		c.list(n, atom.Li)
	case atom.Dl:
		c.list(n, atom.Dt, atom.Dd)
	case atom.Table:
		c.table(n)
	case atom.Blockquote:
		c.Open("bq")
		c.Open("block")
		c.blocks(children(n), false)
		c.Close()
		c.Close()
	case atom.Img, atom.Video, atom.Audio, atom.Figure:
		c.media(n)
	case atom.Script, atom.Style:
		c.lose("scripts and styles are not written")
	default:
		if !free {
			c.blocks(children(n), false)
			return
		}
		c.Open("block", c.attrs(n)...)
		c.blocks(children(n), false)
		c.Close()
	}
}

// attrs returns the attributes that NITF shares with HTML.
func (c *converter) attrs(n *html.Node) []string {
	var out []string
	for _, a := range n.Attr {
		switch {
		case a.Namespace != "":
		case a.Key == "class",
			n.DataAtom == atom.P && (a.Key == "lede" || a.Key == "summary" || a.Key == "optional-text"),
			(n.DataAtom == atom.Td || n.DataAtom == atom.Th) && (a.Key == "align" || a.Key == "valign"):
			out = append(out, a.Key, a.Val)
		case a.Key == "id" && isBlock(n) && ncName(a.Val) && !c.ids[a.Val]:
			if c.ids == nil {
				c.ids = map[string]bool{}
			}
			c.ids[a.Val] = true
			out = append(out, "id", a.Val)
		case a.Key == "lang":
			if tag, ok := lexical.Language(a.Val); ok {
				out = append(out, "xml:lang", tag)
			}
		}
	}
	return out
}

// ncName reports whether s can be an id of XML; we let less pass than XML does.
func ncName(s string) bool {
	for i, c := range s {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Namespace == "" && a.Key == key {
			return a.Val
		}
	}
	return ""
}

func (c *converter) paragraph(name string, n *html.Node, more ...string) {
	var inside []*html.Node // an HTML parser lets blocks such as img stand in a p
	c.Open(name, more...)
	own := c.attrs(n)
	for i := 0; i+1 < len(own); i += 2 {
		if !slices.Contains(more, own[i]) { // an attribute stands once
			c.Attrs(own[i], own[i+1])
		}
	}
	for k := range n.ChildNodes() {
		if isBlock(k) {
			inside = append(inside, k)
			continue
		}
		c.inline(k)
	}
	c.Close()
	for _, k := range inside {
		c.block(k, false)
	}
}

func (c *converter) list(n *html.Node, entries ...atom.Atom) {
	c.Open(n.Data, c.attrs(n)...)
	for k := range n.ChildNodes() {
		isEntry := false
		for _, e := range entries {
			isEntry = isEntry || k.DataAtom == e
		}
		switch {
		case isEntry:
			c.mixed(k.Data, k)
		case !blank([]*html.Node{k}):
			c.lose("text between the entries of a list is not written")
		}
	}
	c.Close()
}

// mixed writes an element that may hold text or blocks.
func (c *converter) mixed(name string, n *html.Node, more ...string) {
	c.Open(name, append(more, c.attrs(n)...)...)
	kids := children(n)
	hasBlock := false
	for _, k := range kids {
		hasBlock = hasBlock || isBlock(k)
	}
	if hasBlock {
		c.blocks(kids, false)
	} else {
		for _, k := range kids {
			c.inline(k)
		}
	}
	c.Close()
}

// table writes rows in the order that NITF wants: head, foot, body.
func (c *converter) table(n *html.Node) {
	var caption *html.Node
	rows := map[atom.Atom][]*html.Node{}
	var visit func(n *html.Node, in atom.Atom)
	visit = func(n *html.Node, in atom.Atom) {
		for k := range n.ChildNodes() {
			switch k.DataAtom {
			case atom.Caption:
				caption = k
			case atom.Thead, atom.Tfoot, atom.Tbody:
				visit(k, k.DataAtom)
			case atom.Tr:
				rows[in] = append(rows[in], k)
			}
		}
	}
	visit(n, atom.Tbody)
	c.Open("table", c.attrs(n)...)
	if caption != nil {
		c.mixed("caption", caption)
	}
	c.rows("thead", rows[atom.Thead])
	c.rows("tfoot", rows[atom.Tfoot])
	if len(rows[atom.Thead])+len(rows[atom.Tfoot]) > 0 {
		c.rows("tbody", rows[atom.Tbody])
	} else {
		c.rows("", rows[atom.Tbody])
	}
	c.Close()
}

func (c *converter) rows(around string, rows []*html.Node) {
	if len(rows) == 0 {
		return
	}
	if around != "" {
		c.Open(around)
		defer c.Close()
	}
	for _, row := range rows {
		c.Open("tr", c.attrs(row)...)
		for k := range row.ChildNodes() {
			if k.DataAtom == atom.Td || k.DataAtom == atom.Th {
				c.mixed(k.Data, k, "colspan", attr(k, "colspan"), "rowspan", attr(k, "rowspan"))
			}
		}
		c.Close()
	}
}

// media writes a picture, film or sound with its caption.
func (c *converter) media(n *html.Node) {
	var files []*html.Node
	var caption *html.Node
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch n.DataAtom {
		case atom.Img, atom.Video, atom.Audio, atom.Source:
			files = append(files, n)
		case atom.Figcaption:
			caption = n
			return
		}
		for k := range n.ChildNodes() {
			visit(k)
		}
	}
	visit(n)
	kind := "image"
	for _, f := range files {
		if f.DataAtom == atom.Video || f.DataAtom == atom.Audio {
			kind = f.Data
		}
	}
	if len(files) == 0 { // a figure of text
		c.blocks(children(n), false)
		return
	}
	c.Open("media", "media-type", kind)
	for _, f := range files {
		if src := attr(f, "src"); src != "" {
			c.Open("media-reference", "mime-type", attr(f, "type"), "source", src, "alternate-text", attr(f, "alt"))
			c.Close()
		}
	}
	if caption != nil {
		c.mixed("media-caption", caption)
	}
	c.Close()
}

func (c *converter) inline(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		c.Text(n.Data)
		return
	case html.ElementNode:
	default:
		return
	}
	if c.depth++; c.depth > maxMarkup {
		c.Text(textOf(n))
		c.depth--
		return
	}
	defer func() { c.depth-- }()
	var name string
	var with []string
	switch n.DataAtom {
	case atom.Br:
		c.Element("br", "")
		return
	case atom.Em, atom.I, atom.Cite, atom.Dfn, atom.Var:
		name, with = "em", c.attrs(n)
	case atom.Strong, atom.B:
		name, with = "em", []string{"class", "strong"}
	case atom.Q:
		name = "q"
	case atom.A:
		name, with = "a", []string{"href", attr(n, "href"), "title", attr(n, "title")}
	case atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Embed:
		c.lose("scripts, styles and embedded pages are not written")
		return
	case atom.Span:
	default:
		if n.FirstChild != nil {
			c.lose("the markup <" + n.Data + "> is not written, only its text")
		}
	}
	if name != "" {
		c.Open(name, with...)
		defer c.Close()
	}
	for k := range n.ChildNodes() {
		c.inline(k)
	}
}

// textOf returns the text below a node.
func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for k := range n.Descendants() {
		if k.Type == html.TextNode {
			b.WriteString(k.Data)
		}
	}
	return b.String()
}
