package feed

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// WriteRSS returns the items as RSS 2.0 with the modules that feed readers know.
// A killed item stays in the feed without its words and with the category
// "canceled" of IPTC's publication statuses.
func WriteRSS(c *Channel, items []*news.Item) []byte {
	w := &writer{}
	w.b.WriteString(xml.Header)
	w.b.WriteString(`<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:jisr="` + houseSpace + `"><channel>` + "\n")
	w.loose("title", c.Title)
	w.element("link", firstOf(c.Link, c.Self))
	w.element("description", firstOf(c.Description, c.Title))
	w.optional("language", c.Language)
	w.loose("copyright", c.Copyright)
	w.element("lastBuildDate", c.Updated.Format(time.RFC1123Z))
	if c.Interval >= time.Minute {
		w.element("ttl", strconv.Itoa(int(c.Interval/time.Minute)))
	}
	w.links("atom:link", c)
	for _, it := range c.written(items) {
		c.rssItem(w, it)
	}
	w.b.WriteString("</channel></rss>\n")
	return w.b.Bytes()
}

func (c *Channel) rssItem(w *writer, it *news.Item) {
	t := c.textOf(it)
	w.b.WriteString("<item>\n")
	w.loose("title", t.title)
	w.optional("link", c.page(it))
	w.element("guid", it.URI, "isPermaLink", "false")
	if !t.published.IsZero() {
		w.element("pubDate", t.published.Format(time.RFC1123Z))
		w.element("atom:updated", t.updated.Format(time.RFC3339))
	}
	w.optional("jisr:version", it.Version)
	if t.killed {
		w.element("category", string(news.Canceled), "domain", statusScheme)
		w.optional("description", t.summary)
		w.b.WriteString("</item>\n")
		return
	}
	w.optional("description", markup.HTML(t.summary))
	w.optional("content:encoded", t.html)
	for _, a := range authorsOf(it) {
		w.loose("dc:creator", a.name)
	}
	w.optional("dc:language", it.Language)
	w.loose("dc:rights", it.CopyrightNotice)
	for _, s := range it.Subjects {
		if scheme, term := split(s); s.Name == "" && scheme != "" {
			w.element("category", term, "domain", scheme)
		} else {
			w.loose("category", firstOf(s.Name, s.Literal, s.URI))
		}
	}
	enclosures := c.enclosures(it)
	for _, e := range enclosures {
		w.mediaContent(e)
	}
	// RSS readers take one enclosure, and only the kinds that they can play.
	if i := slices.IndexFunc(enclosures, func(e enclosure) bool { return isPlayable(e.file.ContentType) }); i >= 0 {
		f := enclosures[i].file
		w.element("enclosure", "", "url", enclosures[i].href, "length", strconv.FormatInt(f.SizeInBytes, 10), "type", f.ContentType)
	}
	w.b.WriteString("</item>\n")
}

func isPlayable(mediaType string) bool {
	return strings.HasPrefix(mediaType, "audio/") || strings.HasPrefix(mediaType, "video/")
}

// split parts a concept's URI into scheme and term.
func split(c news.Concept) (scheme, term string) {
	i := strings.LastIndexAny(c.URI, "/#")
	if !isURI(c.URI) || i < 0 || i == len(c.URI)-1 || strings.HasSuffix(c.URI[:i+1], "://") {
		return "", ""
	}
	return c.URI[:i+1], c.URI[i+1:]
}

// mediaContent writes a file with what is said of it.
func (w *writer) mediaContent(e enclosure) {
	f := e.file
	if f.Name == "thumbnail" {
		w.element("media:thumbnail", "", sized(f, "url", e.href)...)
		return
	}
	attrs := sized(f, "url", e.href)
	if f.ContentType != "" {
		attrs = append(attrs, "type", f.ContentType)
	}
	if f.SizeInBytes > 0 {
		attrs = append(attrs, "fileSize", strconv.FormatInt(f.SizeInBytes, 10))
	}
	if f.Duration > 0 {
		attrs = append(attrs, "duration", strconv.FormatFloat(f.Duration, 'f', -1, 64))
	}
	if medium := map[news.Type]string{news.Picture: "image", news.Graphic: "image", news.Video: "video", news.Audio: "audio"}[e.of.Type]; medium != "" {
		attrs = append(attrs, "medium", medium)
	}
	w.open("media:content", attrs...)
	if len(e.of.Headlines) > 0 {
		w.loose("media:title", e.of.Headline())
	}
	w.loose("media:description", e.of.Summary())
	w.loose("media:credit", firstOf(e.of.CreditLine, e.of.By))
	w.loose("media:copyright", e.of.CopyrightNotice)
	w.b.WriteString("</media:content>\n")
}

func sized(f news.Rendition, attrs ...string) []string {
	if f.Width > 0 && f.Height > 0 {
		attrs = append(attrs, "width", strconv.Itoa(f.Width), "height", strconv.Itoa(f.Height))
	}
	return attrs
}
