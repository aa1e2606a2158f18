package feed

import (
	"math"
	"strconv"
	"strings"

	ext "github.com/mmcdole/gofeed/extensions"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// medium is a picture, sound or film of an entry with its variants.
type medium struct {
	title, description, credit, rights string
	kind                               news.Type
	files                              []news.Rendition
	keywords                           []string
}

// attach makes an association of each medium. Its identity is the address of its
// first file, so that the same picture of two entries is one picture.
func (r *reader) attach(it *news.Item, media []*medium) {
	known := map[string]bool{}
	for _, m := range media {
		var files []news.Rendition
		for _, f := range m.files {
			if f.Href = r.absolute(f.Href); f.Href != "" && !known[f.Href] {
				known[f.Href] = true
				files = append(files, f)
			}
		}
		if len(files) == 0 {
			continue
		}
		if len(it.Associations) >= maxMedia {
			r.lose(r.at("media"), "more than %d files: the others were left out", maxMedia)
			return
		}
		a := news.Item{
			Name: "media-" + strconv.Itoa(len(it.Associations)+1), Type: m.kind, CreditLine: markup.Line(m.credit),
			CopyrightNotice: markup.Line(m.rights), Renditions: files,
		}
		if isURI(files[0].Href) {
			a.URI = files[0].Href
		}
		if a.Type == "" {
			a.Type = typeOf(files[0].ContentType)
		}
		if s := markup.Line(m.title); s != "" {
			a.Headlines = []news.Words{{Value: s}}
		}
		if s := markup.Text(m.description); s != "" {
			a.Descriptions = []news.Words{{Role: "caption", Value: s}}
		}
		for _, k := range m.keywords {
			if k = strings.TrimSpace(k); k != "" && len(a.Subjects) < news.MaxList {
				a.Subjects = append(a.Subjects, news.Concept{Name: k, Rel: "keyword"})
			}
		}
		it.Associations = append(it.Associations, a)
	}
}

// typeOf returns the type of item that a file of a media type is; a file of no
// known kind is a component.
func typeOf(mediaType string) news.Type {
	switch kind, _, _ := strings.Cut(mediaType, "/"); kind {
	case "image":
		return news.Picture
	case "video":
		return news.Video
	case "audio":
		return news.Audio
	case "text":
		return news.Text
	}
	return news.Component
}

// file returns the rendition of an enclosure or attachment.
func file(href, mediaType, length string) news.Rendition {
	f := news.Rendition{Name: "main", Href: href, ContentType: mediaType}
	if n, err := strconv.ParseInt(strings.TrimSpace(length), 10, 64); err == nil && n > 0 {
		f.SizeInBytes = n
	}
	return f
}

// mediaRSS reads the media of an entry: each media:content, those of a
// media:group together, and thumbnails.
func mediaRSS(e map[string][]ext.Extension) []*medium {
	var out []*medium
	common := describe(&medium{}, e)
	for _, g := range e["group"] {
		m := describe(inherit(common), g.Children)
		for _, c := range g.Children["content"] {
			m.addContent(c)
		}
		m.thumbnails(g.Children["thumbnail"])
		out = append(out, m)
	}
	for _, c := range e["content"] {
		m := describe(inherit(common), c.Children)
		m.addContent(c)
		m.thumbnails(c.Children["thumbnail"])
		out = append(out, m)
	}
	if thumbs := e["thumbnail"]; len(thumbs) > 0 {
		if len(out) != 1 {
			out = append(out, &medium{kind: news.Picture})
		}
		out[len(out)-1].thumbnails(thumbs)
	}
	return out
}

func inherit(m *medium) *medium {
	c := *m
	return &c
}

// describe takes over what is said of a medium at one level; the inner level
// counts more.
func describe(m *medium, e map[string][]ext.Extension) *medium {
	value := func(to *string, name string) {
		for _, x := range e[name] {
			if x.Value != "" {
				*to = x.Value
				return
			}
		}
	}
	value(&m.title, "title")
	value(&m.description, "description")
	value(&m.rights, "copyright")
	value(&m.credit, "credit")
	for _, x := range e["keywords"] {
		m.keywords = strings.Split(x.Value, ",")
	}
	return m
}

func (m *medium) addContent(c ext.Extension) {
	f := file(c.Attrs["url"], c.Attrs["type"], c.Attrs["fileSize"])
	if c.Attrs["isDefault"] == "false" || len(m.files) > 0 {
		f.Name = "variant-" + strconv.Itoa(len(m.files)+1)
	}
	f.Width, f.Height = pixels(c.Attrs["width"]), pixels(c.Attrs["height"])
	f.Duration = positive(c.Attrs["duration"])
	f.BitRate = positive(c.Attrs["bitrate"])
	f.FrameRate = positive(c.Attrs["framerate"])
	if m.kind == "" {
		switch c.Attrs["medium"] {
		case "image":
			m.kind = news.Picture
		case "video":
			m.kind = news.Video
		case "audio":
			m.kind = news.Audio
		}
	}
	m.files = append(m.files, f)
}

func (m *medium) thumbnails(thumbs []ext.Extension) {
	for _, t := range thumbs {
		m.files = append(m.files, news.Rendition{
			Name: "thumbnail", Href: t.Attrs["url"], Width: pixels(t.Attrs["width"]), Height: pixels(t.Attrs["height"]),
		})
	}
}

func pixels(s string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(s), "px"))
	if err != nil || n < 0 || n > math.MaxInt32 {
		return 0
	}
	return n
}

func positive(s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || !(v > 0 && v < 1e12) {
		return 0
	}
	return v
}
