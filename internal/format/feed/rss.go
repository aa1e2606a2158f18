package feed

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

func (r *reader) readRSS(text []byte) error {
	f, err := r.parseRSS(text)
	if err != nil {
		return news.Errorf(news.Invalid, "", "the feed is not well-formed: %v", err)
	}
	r.feed = Feed{
		Format: "rss", Version: f.Version, Title: markup.Line(f.Title), Link: strings.TrimSpace(f.Link),
		Copyright: markup.Line(f.Copyright), Interval: interval(f.TTL, f.Extensions["sy"]),
	}
	if dc := f.DublinCoreExt; dc != nil {
		f.Language = firstOf(f.Language, first(dc.Language))
		r.feed.Copyright = firstOf(r.feed.Copyright, markup.Line(first(dc.Rights)))
	}
	r.feed.Language = r.tag(f.Language)
	for _, l := range f.Extensions["atom"]["link"] {
		r.feedLink(l.Attrs["rel"], l.Attrs["href"])
	}
	for _, i := range f.Items {
		r.n++
		if err := r.add(r.rssEntry(i)); err != nil {
			return err
		}
	}
	return nil
}

// feedLink takes what a feed says of itself.
func (r *reader) feedLink(rel, href string) {
	href = strings.TrimSpace(href)
	switch {
	case !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://"):
	case rel == "self":
		r.feed.Self = href
	case rel == "hub" && r.feed.Hub == "":
		r.feed.Hub = href
	case rel == "next":
		r.feed.Next = href
	}
}

// interval returns how often a feed says that it changes: RSS ttl in minutes, or
// the syndication module's period and frequency. A silly answer is none.
func interval(ttl string, sy map[string][]ext.Extension) time.Duration {
	bounded := func(d time.Duration) time.Duration {
		if d < time.Minute || d > 30*24*time.Hour {
			return 0
		}
		return d
	}
	if minutes, err := strconv.Atoi(strings.TrimSpace(ttl)); err == nil && minutes > 0 && minutes < 1e6 {
		return bounded(time.Duration(minutes) * time.Minute)
	}
	period := map[string]time.Duration{"hourly": time.Hour, "daily": 24 * time.Hour, "weekly": 7 * 24 * time.Hour, "monthly": 30 * 24 * time.Hour}
	d := period[strings.TrimSpace(value(sy["updatePeriod"]))]
	if n, err := strconv.Atoi(strings.TrimSpace(value(sy["updateFrequency"]))); err == nil && n > 0 {
		d /= time.Duration(n)
	}
	return bounded(d)
}

func (r *reader) rssEntry(i *rss.Item) *entry {
	e := &entry{
		link: i.Link, title: i.Title, summary: i.Description, html: strings.TrimSpace(i.Content),
		published: i.PubDate, publishedAt: "pubDate", updateAt: "updated",
	}
	if i.GUID != nil {
		e.id = i.GUID.Value
	}
	if a := rssAuthor(i.Author); a != (author{}) {
		e.authors = append(e.authors, a)
	}
	if dc := i.DublinCoreExt; dc != nil {
		if len(dc.Creator) > 0 {
			e.authors = nil // the name, where author is but an address
		}
		for _, c := range dc.Creator {
			e.authors = append(e.authors, author{name: c})
		}
		if e.published == "" {
			e.published, e.publishedAt = first(dc.Date), "dc:date"
		}
		e.language, e.rights = first(dc.Language), first(dc.Rights)
		for _, s := range dc.Subject {
			e.categories = append(e.categories, category{term: s})
		}
		if e.id == "" {
			e.id = first(dc.Identifier)
		}
	}
	e.updated = firstOf(value(i.Extensions["atom"]["updated"]), value(i.Extensions["dcterms"]["modified"]), value(i.Extensions["a10"]["updated"]))
	for _, c := range i.Categories {
		e.categories = append(e.categories, category{scheme: c.Domain, term: c.Value})
	}
	if i.Source != nil {
		e.sourceName, e.sourceURL = i.Source.Title, i.Source.URL
	}
	e.media = mediaRSS(i.Extensions["media"])
	for _, x := range i.Enclosures {
		e.media = append(e.media, &medium{files: []news.Rendition{file(x.URL, x.Type, x.Length)}})
	}
	// Russian publishers give the whole story to aggregators in one of these.
	if full := firstOf(value(i.Extensions["yandex"]["full-text"]), value(i.Extensions["mailru"]["full-text"])); e.html == "" && full != "" {
		if e.text = full; strings.ContainsRune(full, '<') {
			e.html, e.text = full, ""
		}
	}
	e.version = value(i.Extensions[house]["version"])
	e.places = places(i.Extensions)
	e.extra = extra(i.Extensions)
	if i.Comments != "" {
		e.keep("rss/comments", i.Comments)
	}
	for name, v := range i.Custom {
		e.keep("rss/"+name, v)
	}
	return e
}

// rssAuthor reads "address (Name)", "Name <address>", a bare address or a name.
func rssAuthor(s string) author {
	s = strings.TrimSpace(s)
	if before, after, found := strings.Cut(s, "("); found && strings.Contains(before, "@") {
		return author{name: strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(after), ")")), email: strings.TrimSpace(before)}
	}
	if !strings.Contains(s, "@") {
		return author{name: s}
	}
	if a, err := mail.ParseAddress(s); err == nil {
		return author{name: a.Name, email: a.Address}
	}
	return author{name: s}
}

// places reads GeoRSS points and the older geo:lat and geo:long.
func places(x ext.Extensions) []news.Concept {
	var pairs []string
	for _, p := range x["georss"]["point"] {
		pairs = append(pairs, p.Value)
	}
	if lat, long := value(x["geo"]["lat"]), value(x["geo"]["long"]); lat != "" {
		pairs = append(pairs, lat+" "+long)
	}
	name := value(x["georss"]["featurename"])
	var out []news.Concept
	for _, p := range pairs {
		f := strings.Fields(strings.ReplaceAll(p, ",", " "))
		if len(f) != 2 {
			continue
		}
		lat, err1 := strconv.ParseFloat(f[0], 64)
		long, err2 := strconv.ParseFloat(f[1], 64)
		if err1 != nil || err2 != nil || !(lat >= -90 && lat <= 90) || !(long >= -180 && long <= 180) {
			continue
		}
		point, err := json.Marshal(struct {
			Type        string     `json:"type"`
			Coordinates [2]float64 `json:"coordinates"`
		}{"Point", [2]float64{long, lat}})
		if err == nil {
			out = append(out, news.Concept{Name: name, GeoJSON: point})
		}
	}
	return out
}

// extra keeps the extensions that no field is for.
func extra(x ext.Extensions) map[string]json.RawMessage {
	e := entry{}
	for prefix, elements := range x {
		switch prefix {
		case "media", "atom", "dcterms", "a10", "georss", "geo", house:
			continue
		}
		for name, all := range elements {
			if isKnown(prefix, name) {
				continue
			}
			key := prefix + "/" + name
			if len(all) == 1 && len(all[0].Attrs) == 0 && len(all[0].Children) == 0 {
				e.keep(key, all[0].Value)
				continue
			}
			if data, err := json.Marshal(all); err == nil && len(e.extra) < 200 {
				e.set(key, data)
			}
		}
	}
	return e.extra
}

// house is the prefix of houseSpace.
const house = "jisr"

func isKnown(prefix, name string) bool {
	switch prefix {
	case "dc":
		switch name {
		case "creator", "date", "language", "rights", "subject", "identifier":
			return true
		}
	case "yandex", "mailru":
		return name == "full-text"
	case "content":
		return name == "encoded"
	}
	return false
}

func (e *entry) keep(key, text string) {
	if text = strings.TrimSpace(text); text == "" || len(e.extra) >= 200 {
		return
	}
	if data, err := json.Marshal(text); err == nil {
		e.set(key, data)
	}
}

func (e *entry) set(key string, data json.RawMessage) {
	if e.extra == nil {
		e.extra = map[string]json.RawMessage{}
	}
	e.extra[key] = data
}

func value(all []ext.Extension) string {
	if i := slices.IndexFunc(all, func(x ext.Extension) bool { return x.Value != "" }); i >= 0 {
		return all[i].Value
	}
	return ""
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
