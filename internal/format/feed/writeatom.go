package feed

import (
	"encoding/xml"
	"strconv"
	"time"

	"jisr/internal/news"
)

// WriteAtom returns the items as Atom 1.0. A killed item becomes a tombstone
// (RFC 6721), which tells readers to remove it.
func WriteAtom(c *Channel, items []*news.Item) []byte {
	w := &writer{}
	w.b.WriteString(xml.Header)
	w.open("feed", append([]string{"xmlns", "http://www.w3.org/2005/Atom", "xmlns:at", "http://purl.org/atompub/tombstones/1.0", "xmlns:media", "http://search.yahoo.com/mrss/", "xmlns:jisr", houseSpace}, lang(c.Language)...)...)
	w.element("id", c.Self)
	w.construct("title", c.Title)
	w.construct("subtitle", c.Description)
	w.element("updated", c.Updated.Format(time.RFC3339))
	w.construct("rights", c.Copyright)
	w.b.WriteString("<author><name>" + escape(c.Title) + "</name></author>\n")
	if c.Link != "" {
		w.element("link", "", "rel", "alternate", "href", c.Link)
	}
	w.links("link", c)
	for _, it := range c.written(items) {
		if t := c.textOf(it); t.killed {
			w.open("at:deleted-entry", "ref", it.URI, "when", t.updated.Format(time.RFC3339))
			w.optional("at:comment", t.summary)
			w.optional("jisr:version", it.Version)
			w.b.WriteString("</at:deleted-entry>\n")
		} else {
			c.atomEntry(w, it, t)
		}
	}
	w.b.WriteString("</feed>\n")
	return w.b.Bytes()
}

func (c *Channel) atomEntry(w *writer, it *news.Item, t text) {
	w.open("entry", lang(it.Language)...)
	w.element("id", it.URI)
	w.construct("title", t.title)
	w.element("updated", firstTime(t.updated, c.Updated).Format(time.RFC3339))
	if !t.published.IsZero() {
		w.element("published", t.published.Format(time.RFC3339))
	}
	if page := c.page(it); page != "" {
		w.element("link", "", "rel", "alternate", "href", page)
	}
	for _, a := range authorsOf(it) {
		w.b.WriteString("<author>")
		w.element("name", a.name)
		w.optional("uri", a.uri)
		w.b.WriteString("</author>\n")
	}
	w.construct("rights", it.CopyrightNotice)
	for _, s := range it.Subjects {
		attrs := []string{"term", firstOf(s.Literal, s.Name)}
		if scheme, term := split(s); scheme != "" {
			attrs = []string{"term", term, "scheme", scheme}
		}
		if s.Name != "" {
			attrs = append(attrs, "label", s.Name)
		}
		if attrs[1] != "" {
			w.element("category", "", attrs...)
		}
	}
	w.optional("jisr:version", it.Version)
	w.construct("summary", t.summary)
	if t.html != "" {
		w.element("content", t.html, "type", "html")
	}
	for _, e := range c.enclosures(it) {
		w.mediaContent(e)
		if e.file.Name != "thumbnail" {
			attrs := []string{"rel", "enclosure", "href", e.href}
			if e.file.ContentType != "" {
				attrs = append(attrs, "type", e.file.ContentType)
			}
			if e.file.SizeInBytes > 0 {
				attrs = append(attrs, "length", strconv.FormatInt(e.file.SizeInBytes, 10))
			}
			w.element("link", "", attrs...)
		}
	}
	w.b.WriteString("</entry>\n")
}

func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

func lang(tag string) []string {
	if tag == "" {
		return nil
	}
	return []string{"xml:lang", tag}
}
