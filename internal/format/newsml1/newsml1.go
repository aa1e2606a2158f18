// Package newsml1 reads NewsML 1.0 to 1.2, in which AFP, dpa, Reuters, Business
// Wire and TT sent and partly still send their services, into news.Item.
//
// The invariant: whatever the bytes are, Read ends in bounded time and memory,
// and every element of an item ends in a field, in Item.Extra or in a loss. An
// unclear status or embargo holds the item back instead of letting it through.
//
// The format is IPTC NewsML 1 (https://iptc.org/std/NewsML/), its identities are
// those of RFC 3085.
package newsml1

import (
	"bytes"
	"encoding/xml"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Limits on one file. They stand far above what agencies send.
const (
	MaxSize  = 16 << 20 // bytes of a file as received
	MaxItems = 10_000   // items of one file
)

// Detect reports whether head, the first bytes of a file, begins a NewsML 1
// document.
func Detect(head []byte) bool {
	name, _ := xmltree.Root(head)
	return name == "NewsML"
}

// Version returns the version that a file declares in its first bytes, such as
// 1.2, or "".
func Version(head []byte) string {
	head = bytes.ReplaceAll(head[:min(len(head), 4096)], []byte{0}, nil)
	for _, mark := range [...]string{`<NewsML Version="`, "NewsML_", "NewsMLv"} {
		_, rest, found := bytes.Cut(head, []byte(mark))
		if found && len(rest) > 3 && rest[0] == '1' && rest[1] == '.' && '0' <= rest[2] && rest[2] <= '9' {
			return string(rest[:3])
		}
	}
	return ""
}

// Read returns the items of a NewsML 1 document in their order. Its components
// other than the main one are associations of the item.
//
// A document that is not well-formed or over a limit is refused whole; the error
// says the element and line. The losses name what an item says and news.Item
// cannot hold, and what Read decided on the sender's behalf.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	r := &reader{topics: map[string]topic{}, version: Version(data[:min(len(data), 4096)])}
	text, decision, err := charset.XML(data)
	if err != nil {
		return nil, nil, err
	}
	for _, note := range decision.Notes {
		r.losses.Add(charset.Place, note)
	}
	p := xmltree.NewParser(string(text), form())
	r.text = p.Text()
	for {
		n, err := p.Next()
		if err != nil {
			return nil, nil, err
		}
		if n == nil {
			break
		}
		switch n.Name {
		case "NewsEnvelope":
			r.envelope = n
		case "TopicSet":
			r.collectTopics(n, r.topics)
		case "Catalog":
		case "NewsItem":
			if len(r.items) == MaxItems {
				return nil, nil, news.Errorf(news.TooLarge, n.Path(), "the file has more than the %d items allowed", MaxItems)
			}
			r.items = append(r.items, r.item(n))
		default:
			r.losses.Add(n.Path(), "the element does not belong in a NewsML document")
		}
	}
	if len(r.items) == 0 {
		return nil, nil, news.Errorf(news.Invalid, "NewsML", "the document holds no NewsItem")
	}
	return r.items, r.losses.All("NewsML"), nil
}

func form() xmltree.Form {
	return xmltree.Form{
		Name: "NewsML 1", DOCTYPE: true, Entities: xml.HTMLEntity,
		Root:  func(name string) bool { return name == "NewsML" },
		Wraps: func(name string) bool { return name == "NewsML" },
		Item:  func(name string) bool { return name == "NewsItem" },
	}
}

// reader collects what comes of one document.
type reader struct {
	items    []*news.Item
	losses   loss.List
	text     string
	version  string
	envelope *xmltree.Node
	topics   map[string]topic // of the document, by Duid
}
