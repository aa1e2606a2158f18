package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"jisr/internal/news"
)

// WriteJSON returns the items as JSON Feed 1.1.
func WriteJSON(c *Channel, items []*news.Item) ([]byte, error) {
	f := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: c.Title, HomePage: c.Link, FeedURL: c.Self, Next: c.Next,
		Summary: c.Description, Language: c.Language, Items: []jsonItem{},
	}
	if c.Hub != "" {
		f.Hubs = []jsonHub{{"WebSub", c.Hub}}
	}
	for _, it := range c.written(items) {
		f.Items = append(f.Items, c.jsonItem(it))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("write a JSON feed: %w", err)
	}
	return b.Bytes(), nil
}

func (c *Channel) jsonItem(it *news.Item) jsonItem {
	t := c.textOf(it)
	id, _ := json.Marshal(it.URI) // a string always can be
	x := jsonItem{ID: id, URL: c.page(it), Title: t.title, Summary: t.summary, Language: it.Language}
	if !t.published.IsZero() {
		x.Published, x.Modified = t.published.Format(time.RFC3339), t.updated.Format(time.RFC3339)
	}
	if t.killed {
		x.Jisr = &jsonJisr{PubStatus: string(news.Canceled), EdNote: t.summary, Version: it.Version}
		x.Text = firstOf(t.summary, killed) // one of the two contents is required
		return x
	}
	if x.HTML = t.html; x.HTML == "" {
		x.Text = firstOf(t.summary, t.title)
	}
	for _, a := range authorsOf(it) {
		x.Authors = append(x.Authors, jsonAuthor{a.name, a.uri})
	}
	for _, s := range it.Subjects {
		if name := firstOf(s.Name, s.Literal); name != "" {
			x.Tags = append(x.Tags, name)
		}
	}
	if it.CopyrightNotice != "" || it.Version != "" {
		x.Jisr = &jsonJisr{Copyright: it.CopyrightNotice, Version: it.Version}
	}
	for _, e := range c.enclosures(it) {
		if e.file.Name == "thumbnail" {
			continue
		}
		a := jsonAttachment{URL: e.href, Type: firstOf(e.file.ContentType, "application/octet-stream"), Size: float64(e.file.SizeInBytes), Duration: e.file.Duration}
		if len(e.of.Headlines) > 0 && e.of != it {
			a.Title = e.of.Headline()
		}
		if e.of.CreditLine != "" || e.of.CopyrightNotice != "" {
			a.Jisr = &jsonJisr{Credit: e.of.CreditLine, Copyright: e.of.CopyrightNotice}
		}
		if x.Image == "" && e.of.Type == news.Picture {
			x.Image = e.href
		}
		x.Attachments = append(x.Attachments, a)
	}
	return x
}
