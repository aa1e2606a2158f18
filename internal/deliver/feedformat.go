package deliver

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/feed"
	"jisr/internal/format/newsmlg2"
	"jisr/internal/format/ninjs"
	"jisr/internal/news"
)

// feedFormat is a form in which a feed can be read.
type feedFormat struct {
	ext         string // of its address
	contentType string
	write       func(c *feed.Channel, items []*news.Item) ([]byte, error)
	reader      bool // read by feed readers, which know no way to put an item on hold
}

// feedFormats in the order in which documents name them. lines is ninjs, an item
// a line.
var feedFormats = []feedFormat{
	{"rss", "application/rss+xml; charset=utf-8", func(c *feed.Channel, items []*news.Item) ([]byte, error) { return feed.WriteRSS(c, items), nil }, true},
	{"atom", "application/atom+xml; charset=utf-8", func(c *feed.Channel, items []*news.Item) ([]byte, error) { return feed.WriteAtom(c, items), nil }, true},
	{"json", "application/feed+json; charset=utf-8", feed.WriteJSON, true},
	{"ninjs", "application/json", writeArray, false},
	{"ndjson", "application/x-ndjson", writeLines, false},
	{"newsml-g2", "application/vnd.iptc.g2.newsmessage+xml", writeMessage, false},
}

// FeedFormats lists the endings that the address of a feed may have.
func FeedFormats() []string {
	out := make([]string, len(feedFormats))
	for i, f := range feedFormats {
		out[i] = f.ext
	}
	return out
}

func formatOf(ext string) (*feedFormat, bool) {
	i := slices.IndexFunc(feedFormats, func(f feedFormat) bool { return f.ext == ext })
	if i < 0 {
		return nil, false
	}
	return &feedFormats[i], true
}

// document writes a page of a feed.
func (f *feedFormat) document(c *feed.Channel, items []*news.Item) ([]byte, error) {
	if f.reader {
		items = slices.Clone(items)
		for i, it := range items {
			items[i] = forReaders(it)
		}
	}
	return f.write(c, items)
}

// forReaders turns a hold into what feed readers know: an item that must not be
// used any more. A release puts the item back.
func forReaders(it *news.Item) *news.Item {
	if it.PubStatus != news.Withheld {
		return it
	}
	held := *it
	held.PubStatus, held.EdNote = news.Canceled, "HOLD: stop using it until further notice. "+it.EdNote
	held.Embargoed = time.Time{}
	return &held
}

func writeArray(_ *feed.Channel, items []*news.Item) ([]byte, error) {
	all := make([]jsontext.Value, len(items))
	for i, it := range items {
		b, err := ninjs.Write(it)
		if err != nil {
			return nil, err
		}
		all[i] = b
	}
	return json.Marshal(all)
}

func writeLines(_ *feed.Channel, items []*news.Item) ([]byte, error) {
	var out bytes.Buffer
	for _, it := range items {
		b, err := ninjs.Write(it)
		if err != nil {
			return nil, err
		}
		v := jsontext.Value(b)
		if err := v.Compact(); err != nil {
			return nil, err
		}
		out.Write(v)
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// writeMessage writes a newsMessage, however few items there are.
func writeMessage(c *feed.Channel, items []*news.Item) ([]byte, error) {
	if len(items) > 1 {
		b, _, err := newsmlg2.Write(items)
		return b, err
	}
	var one []byte
	if len(items) == 1 {
		b, _, err := newsmlg2.Write(items)
		if err != nil {
			return nil, err
		}
		_, one, _ = bytes.Cut(b, []byte("?>\n"))
	}
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<newsMessage xmlns=%q><header><sent>%s</sent></header><itemSet>%s</itemSet></newsMessage>\n",
		newsmlg2.Namespace, c.Updated.UTC().Format(time.RFC3339), strings.TrimSpace(string(one))), nil
}
