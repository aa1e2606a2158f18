// Package feed reads RSS 0.9 to 2.0, Atom and JSON Feed into items, and writes
// items as RSS 2.0, Atom 1.0 and JSON Feed 1.1 for pull feeds.
//
// The invariant: an entry is the same item each time its feed is polled, whatever
// its publisher changes in it but its id. Reading is bounded by the size of the
// file; writing never lets out an item that is withheld or under embargo.
//
// The specifications: RSS 2.0 (https://www.rssboard.org/rss-specification), Media
// RSS (https://www.rssboard.org/media-rss), Atom (RFC 4287) and its tombstones
// (RFC 6721), JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), WebSub
// (https://www.w3.org/TR/websub/). RSS and Atom go through gofeed, which forgives
// what publishers get wrong; feeds in which nothing is wrong take a shorter way to
// the same result.
package feed

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/rss"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// Limits on one feed.
const (
	MaxSize    = 16 << 20 // bytes
	MaxEntries = 5000

	maxDepth  = 100 // open elements
	maxLosses = 200
	maxMedia  = 50 // files of one entry
)

// Feed is a feed as it was fetched once.
type Feed struct {
	Format  string // rss, atom or jsonfeed
	Version string // "2.0", "1.0", "1.1"; may be empty

	Title     string
	Link      string // the site that it belongs to
	Language  string
	Copyright string

	// How to fetch it next: Self is the address that its publisher prefers, Hub
	// the WebSub hub that announces changes, Interval how long nothing changes by
	// its own account, Next the page with older entries. All may be empty.
	Self, Hub, Next string
	Interval        time.Duration

	Items []*news.Item
}

// Detect reports what kind of feed the first bytes of a file begin: rss, atom or
// jsonfeed, or "" for none.
func Detect(head []byte) string {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(head, []byte("{")) {
		if bytes.Contains(head, []byte("//jsonfeed.org/version/")) || bytes.Contains(head, []byte(`\/\/jsonfeed.org\/version\/`)) {
			return "jsonfeed"
		}
		return ""
	}
	tag, name := markup.RootTag(head)
	switch {
	case name == "rss":
		return "rss"
	case name == "RDF" && (bytes.Contains(head, []byte("purl.org/rss/1.0")) || bytes.Contains(head, []byte("netscape.com/rdf/simple/0.9"))):
		return "rss"
	case name == "feed" && (strings.Contains(tag, "www.w3.org/2005/Atom") || strings.Contains(tag, "purl.org/atom/ns#")):
		return "atom"
	}
	return ""
}

// Version returns the version that a feed declares in its first bytes: "2.0" of
// RSS, "1.0" of Atom, "1.1" of JSON Feed; "" if it declares none.
func Version(head []byte) string {
	switch Detect(head) {
	case "jsonfeed":
		_, rest, _ := strings.Cut(strings.ReplaceAll(string(head), `\/`, "/"), "//jsonfeed.org/version/")
		if i := strings.IndexByte(rest, '"'); i > 0 && i < 8 {
			return strings.TrimSuffix(rest[:i], "/")
		}
	case "atom":
		if bytes.Contains(head, []byte("purl.org/atom/ns#")) {
			return "0.3"
		}
		return "1.0"
	case "rss":
		tag, name := markup.RootTag(head)
		if name == "RDF" {
			return "1.0"
		}
		_, rest, found := strings.Cut(tag, " version=")
		if !found || len(rest) < 2 {
			return ""
		}
		if i := strings.IndexByte(rest[1:], rest[0]); i > 0 && i < 8 {
			return rest[1 : 1+i]
		}
	}
	return ""
}

// Read returns the feed. Entries without a usable identity get one from their
// link or their words. An empty feed is no error: nothing happened yet.
func Read(data []byte) (*Feed, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the feed has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	return read(data, parseRSS, parseAtom)
}

// read reads a feed with a parser of RSS and one of Atom.
func read(data []byte, parseRSS func([]byte) (*rss.Feed, error), parseAtom func([]byte) (*atom.Feed, error)) (*Feed, []loss.Loss, error) {
	r := &reader{parseRSS: parseRSS, parseAtom: parseAtom, seen: map[string]int{}, told: map[loss.Loss]bool{}}
	var err error
	switch kind := Detect(data); kind {
	case "jsonfeed":
		err = r.readJSON(data)
	case "rss", "atom":
		var text []byte
		if text, err = r.xml(data); err != nil {
			break
		}
		if kind == "rss" {
			err = r.readRSS(text)
		} else {
			err = r.readAtom(text)
		}
	default:
		err = news.Errorf(news.Invalid, "", "the file is no RSS, Atom or JSON feed")
	}
	if err != nil {
		return nil, nil, err
	}
	return &r.feed, r.losses, nil
}

// reader collects what comes of one feed.
type reader struct {
	parseRSS  func([]byte) (*rss.Feed, error)
	parseAtom func([]byte) (*atom.Feed, error)

	feed   Feed
	losses []loss.Loss
	told   map[loss.Loss]bool
	seen   map[string]int // index of an item by URI
	n      int            // of the entry being read, from 1
}

func (r *reader) lose(path, format string, args ...any) {
	l := loss.Loss{Path: path, Reason: fmt.Sprintf(format, args...)}
	if len(r.losses) < maxLosses && !r.told[l] {
		r.told[l] = true
		r.losses = append(r.losses, l)
	}
}

// xml returns the document in UTF-8 without its declaration, which may name
// another charset, once its form is within limits.
func (r *reader) xml(data []byte) ([]byte, error) {
	text, decision, err := charset.XML(data)
	if err != nil {
		return nil, err
	}
	for _, note := range decision.Notes {
		r.lose(charset.Place, "%s", note)
	}
	text = bytes.TrimLeft(text, " \t\r\n")
	if bytes.HasPrefix(text, []byte("<?xml")) {
		if _, rest, found := bytes.Cut(text, []byte("?>")); found {
			text = rest
		}
	}
	if depth := depthOf(text); depth > maxDepth {
		return nil, news.Errorf(news.TooLarge, "", "elements are nested more than %d deep", maxDepth)
	}
	if bytes.Contains(text[:min(len(text), 4096)], []byte("<!ENTITY")) {
		return nil, news.Errorf(news.Invalid, "", "the feed declares entities, which can make a reader fetch or expand what it should not")
	}
	return text, nil
}

// depthOf returns how deep the elements of a document are nested, before any
// parser builds a tree of them. Markup inside CDATA and comments is text.
func depthOf(text []byte) int {
	depth, deepest := 0, 0
	for {
		i := bytes.IndexByte(text, '<')
		if i < 0 || i+1 >= len(text) {
			return deepest
		}
		text = text[i+1:]
		end := ""
		switch {
		case bytes.HasPrefix(text, []byte("![CDATA[")):
			end = "]]>"
		case bytes.HasPrefix(text, []byte("!--")):
			end = "-->"
		case text[0] == '!' || text[0] == '?':
			end = ">"
		}
		if end != "" {
			j := bytes.Index(text, []byte(end))
			if j < 0 {
				return deepest
			}
			text = text[j:]
			continue
		}
		j := bytes.IndexByte(text, '>')
		if j < 0 {
			return deepest
		}
		switch {
		case text[0] == '/':
			depth--
		case j == 0 || text[j-1] != '/':
			depth++
			deepest = max(deepest, depth)
		}
		text = text[j:]
	}
}
