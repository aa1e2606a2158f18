package feed

import (
	"bytes"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"
	"github.com/mmcdole/gofeed/rss"

	"jisr/internal/format/xmltree"
)

// parseRSS reads RSS fast if it is plain, else through gofeed.
func parseRSS(text []byte) (*rss.Feed, error) {
	if f, ok := plainRSS(text); ok {
		return f, nil
	}
	return gofeedRSS(text)
}

func gofeedRSS(text []byte) (*rss.Feed, error) { return new(rss.Parser).Parse(bytes.NewReader(text)) }

// plainRSS reads RSS 2.0; ok is false if gofeed has to read it.
func plainRSS(text []byte) (*rss.Feed, bool) {
	p := newPlain(text)
	root := p.root()
	if p.declare(root); p.strange || root.Name.Local != "rss" || root.Name.Space != "" {
		return nil, false
	}
	var f *rss.Feed
	p.children(root, func(t xmltree.Token) {
		if f != nil || t.Name.Space != "" || t.Name.Local != "channel" {
			p.strange = true
			return
		}
		f = p.rssChannel(t)
	})
	if p.strange || f == nil {
		return nil, false
	}
	f.Version = attribute(root, "version")
	return f, true
}

func (p *plainFeed) rssChannel(channel xmltree.Token) *rss.Feed {
	f := &rss.Feed{}
	p.children(channel, func(t xmltree.Token) {
		if t.Name.Space != "" {
			p.extension(t, &f.Extensions)
			return
		}
		switch strings.ToLower(t.Name.Local) {
		case "title":
			f.Title = p.words(t)
		case "link":
			f.Link = p.rssLink(t)
		case "language":
			f.Language = p.words(t)
		case "copyright":
			f.Copyright = p.words(t)
		case "ttl":
			f.TTL = p.words(t)
		case "item":
			f.Items = append(f.Items, p.rssItem(t))
		default:
			p.source(t)
		}
	})
	if dc, ok := f.Extensions["dc"]; ok {
		f.DublinCoreExt = ext.NewDublinCoreExtension(dc)
	}
	return f
}

func (p *plainFeed) rssItem(item xmltree.Token) *rss.Item {
	i := &rss.Item{}
	p.children(item, func(t xmltree.Token) {
		if t.Name.Space != "" {
			if t.Name.Local == "encoded" && p.key(t.Name.Space) == "content" {
				i.Content = p.words(t)
			} else {
				p.extension(t, &i.Extensions)
			}
			return
		}
		switch strings.ToLower(t.Name.Local) {
		case "title":
			i.Title = p.words(t)
		case "description":
			i.Description = p.words(t)
		case "link":
			i.Link = p.rssLink(t)
		case "author":
			i.Author = p.words(t)
		case "comments":
			i.Comments = p.words(t)
		case "pubdate":
			i.PubDate = p.words(t)
		case "source":
			i.Source = &rss.Source{URL: attribute(t, "url"), Title: p.words(t)}
		case "enclosure":
			i.Enclosures = append(i.Enclosures, &rss.Enclosure{URL: attribute(t, "url"), Length: attribute(t, "length"), Type: attribute(t, "type")})
			p.source(t)
		case "guid":
			i.GUID = &rss.GUID{Value: p.words(t)}
		case "category":
			i.Categories = append(i.Categories, &rss.Category{Domain: attribute(t, "domain"), Value: p.words(t)})
		default:
			if i.Custom == nil {
				i.Custom = map[string]string{}
			}
			i.Custom[t.Name.Local] = p.words(t)
		}
	})
	if dc, ok := i.Extensions["dc"]; ok {
		i.DublinCoreExt = ext.NewDublinCoreExtension(dc)
	}
	return i
}

func (p *plainFeed) rssLink(t xmltree.Token) string { return firstOf(p.words(t), attribute(t, "href")) }
