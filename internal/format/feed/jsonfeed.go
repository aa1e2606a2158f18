package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"path"
	"slices"
	"strings"

	"jisr/internal/news"
)

// jsonFeed is a JSON Feed of version 1 or 1.1. gofeed reads them too, but leaves
// hubs and extensions out.
type jsonFeed struct {
	Version  string       `json:"version"`
	Title    string       `json:"title"`
	HomePage string       `json:"home_page_url,omitempty"`
	FeedURL  string       `json:"feed_url,omitempty"`
	Next     string       `json:"next_url,omitempty"`
	Summary  string       `json:"description,omitempty"`
	Language string       `json:"language,omitempty"`
	Author   *jsonAuthor  `json:"author,omitempty"` // 1.0
	Authors  []jsonAuthor `json:"authors,omitempty"`
	Hubs     []jsonHub    `json:"hubs,omitempty"`
	Items    []jsonItem   `json:"items"`
}

type jsonItem struct {
	ID          json.RawMessage  `json:"id"` // a text, but numbers are sent
	URL         string           `json:"url,omitempty"`
	ExternalURL string           `json:"external_url,omitempty"`
	Title       string           `json:"title,omitempty"`
	HTML        string           `json:"content_html,omitempty"`
	Text        string           `json:"content_text,omitempty"`
	Summary     string           `json:"summary,omitempty"`
	Image       string           `json:"image,omitempty"`
	Banner      string           `json:"banner_image,omitempty"`
	Published   string           `json:"date_published,omitempty"`
	Modified    string           `json:"date_modified,omitempty"`
	Author      *jsonAuthor      `json:"author,omitempty"` // 1.0
	Authors     []jsonAuthor     `json:"authors,omitempty"`
	Tags        []string         `json:"tags,omitempty"`
	Language    string           `json:"language,omitempty"`
	Attachments []jsonAttachment `json:"attachments,omitempty"`
	Jisr        *jsonJisr        `json:"_jisr,omitempty"`
}

// jsonJisr is our extension: what JSON Feed has no place for and a receiver must
// know. Its names are a promise.
type jsonJisr struct {
	About     string `json:"about,omitempty"`
	Version   string `json:"version,omitempty"`
	PubStatus string `json:"pub_status,omitempty"`
	EdNote    string `json:"ed_note,omitempty"`
	Copyright string `json:"copyright,omitempty"`
	Credit    string `json:"credit,omitempty"` // of a medium
}

type jsonAuthor struct {
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

type jsonHub struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type jsonAttachment struct {
	URL      string    `json:"url"`
	Type     string    `json:"mime_type"`
	Title    string    `json:"title,omitempty"`
	Size     float64   `json:"size_in_bytes,omitempty"`
	Duration float64   `json:"duration_in_seconds,omitempty"`
	Jisr     *jsonJisr `json:"_jisr,omitempty"`
}

func (r *reader) readJSON(data []byte) error {
	var f jsonFeed
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(data, &f); err != nil {
		return news.Errorf(news.Invalid, "", "the JSON feed cannot be read: %v", err)
	}
	r.feed = Feed{
		Format: "jsonfeed", Version: path.Base(f.Version), Title: strings.TrimSpace(f.Title), Link: f.HomePage,
		Self: f.FeedURL, Next: f.Next,
	}
	r.feed.Language = r.tag(f.Language)
	for _, h := range f.Hubs {
		if strings.EqualFold(h.Type, "WebSub") || strings.EqualFold(h.Type, "PubSubHubbub") {
			r.feedLink("hub", h.URL)
		}
	}
	for _, x := range f.Items {
		r.n++
		e := jsonEntry(x)
		if len(e.authors) == 0 {
			e.authors = jsonAuthors(f.Author, f.Authors)
		}
		if x.Jisr != nil {
			e.rights, e.edNote, e.version = x.Jisr.Copyright, x.Jisr.EdNote, x.Jisr.Version
			if x.Jisr.PubStatus != "" {
				e.categories = append(e.categories, category{scheme: statusScheme, term: x.Jisr.PubStatus})
			}
		}
		if err := r.add(e); err != nil {
			return err
		}
	}
	return nil
}

func jsonEntry(x jsonItem) *entry {
	e := &entry{
		link: firstOf(x.URL, x.ExternalURL), title: plain(x.Title), summary: plain(x.Summary), html: x.HTML,
		published: x.Published, updated: x.Modified, publishedAt: "date_published", updateAt: "date_modified",
		language: x.Language, authors: jsonAuthors(x.Author, x.Authors),
	}
	if x.HTML == "" {
		e.text = x.Text
	}
	if err := json.Unmarshal(x.ID, &e.id); err != nil {
		e.id = string(x.ID)
	}
	for _, t := range x.Tags {
		e.categories = append(e.categories, category{term: plain(t)})
	}
	for _, image := range []string{x.Image, x.Banner} {
		listed := slices.ContainsFunc(x.Attachments, func(a jsonAttachment) bool { return a.URL == image })
		if image != "" && !listed {
			e.media = append(e.media, &medium{kind: news.Picture, files: []news.Rendition{{Name: "main", Href: image}}})
		}
	}
	for _, a := range x.Attachments {
		f := file(a.URL, a.Type, "")
		if a.Size > 0 && a.Size < 1<<53 {
			f.SizeInBytes = int64(a.Size)
		}
		f.Duration = positive(fmt.Sprint(a.Duration))
		m := &medium{title: plain(a.Title), files: []news.Rendition{f}}
		if a.Jisr != nil {
			m.credit, m.rights = a.Jisr.Credit, a.Jisr.Copyright
		}
		e.media = append(e.media, m)
	}
	return e
}

func jsonAuthors(one *jsonAuthor, many []jsonAuthor) []author {
	if one != nil && len(many) == 0 {
		many = []jsonAuthor{*one}
	}
	var out []author
	for _, a := range many {
		out = append(out, author{name: plain(a.Name), uri: a.URL})
	}
	return out
}

// plain protects a text that is no HTML from being read as such further on.
func plain(s string) string { return html.EscapeString(s) }
