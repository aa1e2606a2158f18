// Package nitf reads and writes NITF 3.x, the News Industry Text Format, as AP,
// PA, EFE and many national agencies send their text, and reads NITF articles
// that stand inside NewsML.
//
// The invariant: whatever the bytes are, Read ends in bounded time and memory,
// and every element ends in a field, in Item.Extra or in a loss. An unclear
// status or release time holds the item back instead of letting it through.
//
// The format is IPTC NITF (https://iptc.org/standards/nitf/), DTD and XML Schema
// 3.0 to 3.6.
package nitf

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/lexical"
	"jisr/internal/format/loss"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Namespace is the XML namespace of NITF since 3.4; most files have none.
const Namespace = "http://iptc.org/std/NITF/2006-10-18/"

// MaxSize is how many bytes a file may have.
const MaxSize = news.MaxContent

// Detect reports whether head, the first bytes of a file, begins an NITF
// document.
func Detect(head []byte) bool {
	name, _ := xmltree.Root(head)
	return name == "nitf"
}

// Version returns the version that a file declares in its version attribute or
// in its document type, such as 3.2, or "".
func Version(head []byte) string {
	head = bytes.ReplaceAll(head[:min(len(head), 4096)], []byte{0}, nil)
	for _, mark := range [...]string{"DTD NITF ", "nitf-", "NITF//DTD "} {
		_, rest, found := bytes.Cut(head, []byte(mark))
		if !found || len(rest) < 3 {
			continue
		}
		major, minor := rest[0], rest[2]
		if isDigit(major) && (rest[1] == '.' || rest[1] == '-') && isDigit(minor) {
			return string([]byte{major, '.', minor})
		}
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Read returns the one item of an NITF document. The losses name what the
// document says and news.Item cannot hold, and what Read decided on the sender's
// behalf. Errors are of kind Invalid or TooLarge and say the element and line.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	var losses loss.List
	text, decision, err := charset.XML(data)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range decision.Notes {
		losses.Add(charset.Place, note)
	}
	p := xmltree.NewParser(string(text), form())
	n, err := p.Next()
	if err != nil {
		return nil, nil, err
	}
	if _, err := p.Next(); err != nil {
		return nil, nil, err
	}
	r := &reader{it: &news.Item{}, text: p.Text(), lose: func(at *xmltree.Node, reason string) { losses.Add(at.Path(), reason) }}
	r.article(n)
	if r.it.URI == "" {
		r.it.URI = lexical.ContentURI(data)
		r.lose(n, "the article has no doc-id, uno or du-key: it is named by its bytes, and no correction can follow it")
	}
	r.it.Standard = &news.Standard{Name: "NITF", Version: Version(data[:min(len(data), 4096)])}
	r.rest.Into(r.it)
	return []*news.Item{r.it}, losses.All("nitf"), nil
}

func form() xmltree.Form {
	return xmltree.Form{
		Name: "NITF", Space: Namespace, DOCTYPE: true, Entities: xml.HTMLEntity,
		Root:  func(name string) bool { return name == "nitf" },
		Wraps: func(string) bool { return false },
		Item:  func(name string) bool { return name == "nitf" },
	}
}

// reader turns one article into an item.
type reader struct {
	it      *news.Item
	text    string // the document, for Extra
	lose    func(at *xmltree.Node, reason string)
	rest    xmltree.Rest
	issued  string // norm of date.issue
	release string // norm of date.release
	media   []news.Item
}

func (r *reader) losef(at *xmltree.Node, format string, args ...any) {
	r.lose(at, fmt.Sprintf(format, args...))
}

// article reads an nitf element, or anything that holds parts of one.
func (r *reader) article(n *xmltree.Node) {
	it := r.it
	it.Type = news.Text
	it.Language = r.language(n)
	for k := range n.Elements() {
		switch k.Name {
		case "head":
			r.head(k)
		case "body":
			r.body(k)
		default:
			r.rest.Keep(k, r.text)
		}
	}
	if uno := n.Attr("uno"); uno != "" {
		if it.URI == "" {
			it.URI = uriOf("", uno)
		} else if it.URI != uriOf("", uno) {
			it.AltIDs = append(it.AltIDs, news.AltID{Role: "uno", Value: uno})
		}
	}
	if it.URI == "" && it.Slugline != "" && r.issued != "" {
		// A du-key is unique for a day or so.
		it.URI = lexical.URN("nitf", r.issued[:min(8, len(r.issued))], it.Slugline)
		r.lose(n, "the article has no doc-id or uno: it is named by its du-key and day")
	}
	r.place()
}

// language returns the language of the article.
func (r *reader) language(n *xmltree.Node) string {
	for _, s := range [...]string{n.Lang(), n.Attr("baselang"), n.Child("body").Lang(), n.Down("body", "body.content").Lang(), n.Down("body", "body.head", "hedline").Lang()} {
		if s == "" {
			continue
		}
		if tag, ok := lexical.Language(s); ok {
			return tag
		}
		r.losef(n, "%q is not a BCP 47 language tag", s)
	}
	return ""
}

// uriOf names an item by a doc-id. One that is a URI is kept as given; any other
// becomes a URN of its source and itself, from which Write makes the doc-id again.
func uriOf(source, id string) string {
	switch {
	case id == "":
		return ""
	case lexical.IsURI(id):
		return id
	case lexical.IsUUID(id):
		return "urn:uuid:" + strings.ToLower(id)
	case source == "":
		return lexical.URN("nitf", id)
	}
	return lexical.URN("nitf", strings.ToLower(source), id)
}

// place decides where the media of the article belong: to an item that is
// nothing else, or beside its text.
func (r *reader) place() {
	it := r.it
	if len(it.Bodies) > 0 || len(r.media) != 1 || r.media[0].Type == "" {
		it.Associations = append(it.Associations, r.media...)
		return
	}
	m := r.media[0]
	it.Type, it.Renditions = m.Type, m.Renditions
	it.Descriptions = append(it.Descriptions, m.Descriptions...)
	it.AltIDs = append(it.AltIDs, m.AltIDs...)
	it.By = cmp.Or(it.By, m.By)
	it.CreditLine = cmp.Or(it.CreditLine, m.CreditLine)
	it.CopyrightNotice = cmp.Or(it.CopyrightNotice, m.CopyrightNotice)
}
