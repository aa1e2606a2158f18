package feed

import (
	"html"
	"strings"

	"github.com/mmcdole/gofeed/atom"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

func (r *reader) readAtom(text []byte) error {
	f, err := r.parseAtom(text)
	if err != nil {
		return news.Errorf(news.Invalid, "", "the feed is not well-formed: %v", err)
	}
	r.feed = Feed{
		Format: "atom", Version: f.Version, Title: markup.Line(f.Title), Copyright: markup.Line(f.Rights),
		Interval: interval("", f.Extensions["sy"]),
	}
	for _, l := range f.Links {
		if l.Rel == "alternate" || l.Rel == "" {
			r.feed.Link = firstOf(r.feed.Link, strings.TrimSpace(l.Href))
		}
		r.feedLink(l.Rel, l.Href)
	}
	if r.feed.Link == "" && isURI(f.ID) {
		r.feed.Link = f.ID
	}
	r.feed.Language = r.tag(f.Language)
	for _, x := range f.Entries {
		r.n++
		e := r.atomEntry(x)
		if len(e.authors) == 0 {
			e.authors = atomAuthors(f.Authors)
		}
		if err := r.add(e); err != nil {
			return err
		}
	}
	r.tombstones(f)
	return nil
}

func (r *reader) atomEntry(x *atom.Entry) *entry {
	e := &entry{
		id: x.ID, title: x.Title, summary: x.Summary, rights: x.Rights,
		published: x.Published, updated: x.Updated, publishedAt: "published", updateAt: "updated",
		authors: atomAuthors(x.Authors), media: mediaRSS(x.Extensions["media"]),
		places: places(x.Extensions), extra: extra(x.Extensions), version: value(x.Extensions[house]["version"]),
	}
	for _, c := range x.Contributors {
		e.authors = append(e.authors, author{c.Name, c.Email, c.URI})
	}
	if c := x.Content; c != nil {
		switch {
		case c.Src != "":
			e.media = append(e.media, &medium{files: []news.Rendition{file(c.Src, c.Type, "")}})
		case c.Type == "" || c.Type == "text" || c.Type == "text/plain":
			e.text = html.UnescapeString(c.Value)
		default:
			e.html = strings.TrimSpace(c.Value)
		}
	}
	for _, c := range x.Categories {
		e.categories = append(e.categories, category{c.Scheme, c.Term, c.Label})
	}
	for _, l := range x.Links {
		switch l.Rel {
		case "", "alternate":
			e.link = firstOf(e.link, l.Href)
		case "enclosure":
			e.media = append(e.media, &medium{title: l.Title, files: []news.Rendition{file(l.Href, l.Type, l.Length)}})
		case "self", "edit", "replies":
		default:
			e.keep("atom/link/"+l.Rel, l.Href)
		}
	}
	if s := x.Source; s != nil {
		e.sourceName, e.sourceURL = s.Title, s.ID
	}
	return e
}

func atomAuthors(people []*atom.Person) []author {
	var out []author
	for _, p := range people {
		out = append(out, author{p.Name, p.Email, p.URI})
	}
	return out
}

// tombstones reads which entries their publisher took back (RFC 6721).
func (r *reader) tombstones(f *atom.Feed) {
	for _, elements := range f.Extensions {
		for _, t := range elements["deleted-entry"] {
			if t.Attrs["ref"] == "" || len(r.feed.Items) >= MaxEntries {
				continue
			}
			r.n++
			it := &news.Item{Type: news.Text, URI: r.identity(&entry{id: t.Attrs["ref"]}), PubStatus: news.Canceled}
			it.VersionCreated = r.time(t.Attrs["when"], "deleted-entry")
			it.Version = value(t.Children["version"])
			for _, c := range t.Children["comment"] {
				it.EdNote = markup.Text(c.Value)
			}
			r.keep(it)
		}
	}
}
