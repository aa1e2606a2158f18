package feed

import (
	"bytes"
	"encoding/xml"
	"html"
	"slices"
	"strings"
	"time"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// Channel is what a pull feed says of itself. Title, Self and Updated are
// required, everything else may be empty.
type Channel struct {
	Title, Description string
	Link               string // the site that the feed belongs to
	Self               string // the address of the feed, its identity as well
	Hub                string // a WebSub hub
	Next               string // the page with older items
	Language           string
	Copyright          string
	Interval           time.Duration // how long nothing changes

	// Updated is the time of the node's clock at which the feed is made. An item
	// whose embargo ends after it is not written.
	Updated time.Time
	// Page returns the address of an item's page, or "". Nil if there are none.
	Page func(*news.Item) string
	// Media returns the address of a rendition for the reader of the feed, or ""
	// to leave it out. Nil for the Href that the rendition has.
	Media func(*news.Rendition) string
}

// written returns the items that may leave the house in this feed: nothing
// withheld, nothing under embargo. A kill always goes out, for an earlier version
// may have been there before the embargo was. This is the last of several doors,
// not the only one.
func (c *Channel) written(items []*news.Item) []*news.Item {
	return slices.DeleteFunc(slices.Clone(items), func(it *news.Item) bool {
		return it.URI == "" || it.PubStatus == news.Withheld || it.Embargoed.After(c.Updated) && it.PubStatus != news.Canceled
	})
}

// reason returns why an item was killed, but not under embargo: it may speak of what
// the embargo keeps.
func (c *Channel) reason(it *news.Item) string {
	if it.Embargoed.After(c.Updated) {
		return ""
	}
	return it.EdNote
}

func (c *Channel) page(it *news.Item) string {
	if c.Page != nil {
		if s := c.Page(it); s != "" {
			return s
		}
	}
	for _, id := range it.AltIDs {
		if id.Role == "link" {
			return id.Value
		}
	}
	if strings.HasPrefix(it.URI, "http://") || strings.HasPrefix(it.URI, "https://") {
		return it.URI
	}
	return ""
}

// enclosure is a file of an item for the reader of a feed.
type enclosure struct {
	of   *news.Item // the association, or the item itself
	file news.Rendition
	href string
}

// enclosures returns the files of an item and its associations that can be
// fetched, the main ones first.
func (c *Channel) enclosures(it *news.Item) []enclosure {
	var out []enclosure
	visit := func(of *news.Item) {
		if of.PubStatus == news.Withheld || of.PubStatus == news.Canceled || of.Embargoed.After(c.Updated) {
			return
		}
		for _, f := range of.Renditions {
			href := f.Href
			if c.Media != nil {
				href = c.Media(&f)
			}
			if href != "" {
				out = append(out, enclosure{of, f, href})
			}
		}
	}
	visit(it)
	for i := range it.Associations {
		visit(&it.Associations[i])
	}
	return out
}

// houseSpace is the namespace of what RSS and Atom have no place for and a receiver
// must know; its names are a promise: version.
const houseSpace = "urn:jisr:feed:"

// killed is what stands in place of the words of an item that must not be used
// any more: repeating them would spread them again.
const killed = "KILL"

// text is what a feed says of an item.
type text struct {
	title, summary, html string
	published, updated   time.Time
	killed               bool
}

func (c *Channel) textOf(it *news.Item) text {
	t := text{published: it.FirstCreated, updated: it.VersionCreated, killed: it.PubStatus == news.Canceled}
	if t.updated.IsZero() {
		t.updated = t.published
	}
	if t.published.IsZero() {
		t.published = t.updated
	}
	if t.killed {
		t.title, t.summary = killed, c.reason(it)
		return t
	}
	t.title = it.Headline()
	if d := it.Descriptions; len(d) > 0 {
		t.summary = it.Summary()
		if i := slices.IndexFunc(d, func(w news.Words) bool { return w.Value == t.summary }); i >= 0 && markup.IsHTML(d[i].ContentType) {
			t.summary = markup.Text(t.summary)
		}
	}
	if b := it.Body(); markup.IsHTML(b.ContentType) {
		t.html = b.Value
	} else {
		t.html = markup.HTML(b.Value)
	}
	return t
}

// authorsOf returns who made an item: its byline, which is what its maker wants
// to be shown, else the names of its creators.
func authorsOf(it *news.Item) []author {
	var out []author
	for _, c := range it.Creators {
		if c.Name != "" && c.Role == "" {
			out = append(out, author{name: c.Name, uri: c.URI})
		}
	}
	if len(out) == 0 && it.By != "" {
		out = append(out, author{name: it.By})
	}
	return out
}

// writer writes XML.
type writer struct{ b bytes.Buffer }

// open writes a start tag; attrs are names and values in turn.
func (w *writer) open(name string, attrs ...string) {
	w.b.WriteByte('<')
	w.b.WriteString(name)
	for i := 0; i+1 < len(attrs); i += 2 {
		w.b.WriteString(" " + attrs[i] + `="` + escape(attrs[i+1]) + `"`)
	}
	w.b.WriteByte('>')
}

func (w *writer) element(name, value string, attrs ...string) {
	w.open(name, attrs...)
	w.b.WriteString(escape(value))
	w.b.WriteString("</" + name + ">\n")
}

func (w *writer) optional(name, value string) {
	if strings.TrimSpace(value) != "" {
		w.element(name, value)
	}
}

// loose writes a text into an element that readers take for HTML or not, each as
// it likes. A text that would be another as HTML is written as HTML.
func (w *writer) loose(name, s string, attrs ...string) {
	if markup.Line(s) != strings.Join(strings.Fields(s), " ") {
		s = html.EscapeString(s)
	}
	if strings.TrimSpace(s) != "" {
		w.element(name, s, attrs...)
	}
}

// construct writes an Atom text construct, which says what it is.
func (w *writer) construct(name, s string) {
	if markup.Text(s) == s {
		w.optional(name, s)
	} else if s != "" {
		w.element(name, html.EscapeString(s), "type", "html")
	}
}

func (w *writer) links(name string, c *Channel) {
	for _, l := range [][2]string{{"self", c.Self}, {"hub", c.Hub}, {"next", c.Next}} {
		if l[1] != "" {
			w.element(name, "", "rel", l[0], "href", l[1])
		}
	}
}

func escape(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a strings.Builder returns no error
	return b.String()
}
