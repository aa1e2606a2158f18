// Package newsmlg2 reads NewsML-G2 2.x, the format in which most news agencies
// send text, pictures, video, packages and plans, into news.Item.
//
// The invariant: whatever the bytes are, Read ends in bounded time and memory,
// and every element of an item ends in a field, in Item.Extra or in a loss. An
// item that cannot be used safely (no guid, no usable kind) is refused with a
// reason that says where; an unclear status or embargo holds the item back
// instead of letting it through.
//
// The format is IPTC NewsML-G2 (https://iptc.org/std/NewsML-G2/), its codes are
// the IPTC NewsCodes (http://cv.iptc.org/newscodes/).
package newsmlg2

import (
	"bytes"
	"errors"
	"fmt"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Namespace is the XML namespace of NewsML-G2 and the other G2 standards.
const Namespace = "http://iptc.org/std/nar/2006-10-01/"

// Limits on one file. They stand far above what agencies send.
const (
	MaxSize  = 16 << 20 // bytes of a file as received
	MaxItems = 10_000   // items of a newsMessage

	maxAliases = 1000 // unknown ones that are reported
)

// Detect reports whether head, the first bytes of a file (1 KiB is enough),
// begins a NewsML-G2 document. It asks for the root element only, so that a file
// with a wrong namespace or a DOCTYPE still comes to Read, which says what is wrong.
func Detect(head []byte) bool {
	root, _ := xmltree.Root(head)
	return isRoot(root)
}

// Version returns the standard's version that a file declares in its first bytes,
// such as 2.30, or "" if it declares none.
func Version(head []byte) string {
	_, rest, found := bytes.Cut(head, []byte(" standardversion="))
	if !found || len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	version, _, found := bytes.Cut(rest[1:], rest[:1])
	if !found || len(version) > 10 {
		return ""
	}
	return string(version)
}

func isRoot(name string) bool { return name == "newsMessage" || isItem(name) }

// form is what NewsML-G2 looks like to the parser.
func form() xmltree.Form {
	return xmltree.Form{
		Name: "NewsML-G2", Root: isRoot, Item: isItem, Space: Namespace,
		Wraps: func(name string) bool { return name == "newsMessage" || name == "itemSet" },
	}
}

func isItem(name string) bool {
	switch name {
	case "newsItem", "packageItem", "planningItem", "conceptItem", "knowledgeItem", "catalogItem":
		return true
	}
	return false
}

// Read returns the items of a NewsML-G2 document in their order: one for each
// newsItem, packageItem, planningItem and conceptItem of an event.
//
// A document that is not well-formed or over a limit is refused whole: the items
// are nil and the error says the element and line. In a newsMessage an item may
// be refused alone: then the error joins one news.Error for each refused item,
// and the others are returned beside it. The losses name what an item says and
// news.Item cannot hold, and what Read decided on the sender's behalf.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	r := &reader{aliases: map[string]bool{}}
	text, decision, err := charset.XML(data)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range decision.Notes {
		r.lose(charset.Place, note)
	}
	p := xmltree.NewParser(string(text), form())
	for {
		n, err := p.Next()
		if err != nil {
			return nil, nil, err
		}
		if n == nil {
			break
		}
		if err := r.part(n, p); err != nil {
			return nil, nil, err
		}
	}
	if len(r.items) == 0 && len(r.refused) == 0 {
		return nil, nil, news.Errorf(news.Invalid, p.RootName(), "the message holds no item")
	}
	return r.items, r.losses.All(p.RootName()), errors.Join(r.refused...)
}

// reader collects what comes of one document.
type reader struct {
	items   []*news.Item
	losses  loss.List
	refused []error
	aliases map[string]bool   // unknown scheme aliases that were reported
	schemes map[string]string // by alias, from the message's header
	count   int
}

// part takes the next part of the document: a message's header or an item.
func (r *reader) part(n *xmltree.Node, p *xmltree.Parser) error {
	if n.Name == "header" {
		r.schemes = inlineSchemes(n, nil)
		return nil
	}
	if !isItem(n.Name) {
		r.lose(n.Path(), "the element does not belong in a newsMessage")
		return nil
	}
	if r.count++; r.count > MaxItems {
		return news.Errorf(news.TooLarge, p.RootName(), "the message has more than the %d items allowed", MaxItems)
	}
	if n.Space != Namespace {
		r.lose(n.Path(), fmt.Sprintf("namespace %q is not that of NewsML-G2; the item was read as if it were", n.Space))
	}
	it, err := r.item(n, p.Text())
	if err != nil {
		r.refused = append(r.refused, err)
		return nil
	}
	r.items = append(r.items, it)
	return nil
}

func (r *reader) lose(path, reason string) { r.losses.Add(path, reason) }
