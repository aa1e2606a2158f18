package nitf

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// body reads what is for the public.
func (r *reader) body(n *xmltree.Node) {
	structured := n.Child("body.content") != nil
	for k := range n.Elements() {
		switch {
		case k.Name == "body.head":
			r.bodyHead(k)
		case k.Name == "body.content":
			r.content(k)
		case k.Name == "body.end":
			r.bodyEnd(k)
		case structured:
			r.rest.Keep(k, r.text)
		}
	}
	if !structured {
		r.content(n)
	}
}

func (r *reader) bodyHead(n *xmltree.Node) {
	it := r.it
	for k := range n.Elements() {
		switch k.Name {
		case "hedline":
			r.headlines(k)
		case "byline":
			it.By = lexical.Join(it.By, ", ", adjacent(k, ", "))
			for p := range k.All("person") {
				it.Creators = append(it.Creators, news.Concept{Name: p.Line(), Role: "author", Literal: p.Attr("value"), Creator: p.Attr("idsrc")})
			}
		case "dateline":
			r.dateline(k)
		case "distributor":
			if s := k.Line(); s != "" {
				it.InfoSources = append(it.InfoSources, news.Concept{Name: s, Role: "distributor"})
			}
		case "abstract":
			if s := k.Block(); s != "" {
				it.Descriptions = append(it.Descriptions, news.Words{Role: "summary", Value: s})
			}
		case "note":
			if k.Attr("noteclass") == "cpyrt" && it.CopyrightNotice == "" {
				it.CopyrightNotice = k.Block()
			} else {
				r.note(k.Block())
			}
		case "rights":
			r.rights(k)
		case "series":
			r.subject(k.Attr("series.name"), "series")
		default:
			r.rest.Keep(k, r.text)
		}
	}
}

func (r *reader) headlines(n *xmltree.Node) {
	it := r.it
	for h := range n.Elements() {
		s := h.Line()
		switch {
		case s == "":
		case h.Name == "hl1":
			it.Headlines = append(it.Headlines, news.Words{Value: s})
		case h.Name == "hl2":
			it.Headlines = append(it.Headlines, news.Words{Role: "subheadline", Value: s})
		default:
			r.rest.Keep(h, r.text)
		}
	}
	if s := n.Line(); n.FirstElement() == nil && s != "" { // some write the line without hl1
		it.Headlines = append(it.Headlines, news.Words{Value: s})
	}
}

func (r *reader) dateline(n *xmltree.Node) {
	it := r.it
	if it.Dateline != "" {
		r.rest.Keep(n, r.text)
		return
	}
	it.Dateline = adjacent(n, ", ")
	if l := n.Child("location"); l != nil {
		it.Located = adjacent(l, ", ")
	}
	if d := n.Find("story.date"); d != nil {
		it.ContentCreated = r.time(d, d.Attr("norm"))
	}
}

func (r *reader) rights(n *xmltree.Node) {
	if owner := n.Child("rights.owner"); owner != nil && r.it.CopyrightHolder == "" {
		r.it.CopyrightHolder = owner.Line()
	}
	r.usage(adjacent(n, "; "))
}

// content reads the text as HTML and takes the media out of it.
func (r *reader) content(n *xmltree.Node) {
	value := xmltree.Inner(n, r.tag(n))
	if value != "" {
		r.it.Bodies = append(r.it.Bodies, news.Words{ContentType: "text/html", Value: value})
	}
}

// tag names the HTML element for an NITF one. Elements that mark up meaning
// (person, location, money) have none: their text stays.
func (r *reader) tag(content *xmltree.Node) xmltree.Tag {
	return func(n *xmltree.Node) string {
		switch n.Name {
		case "p", "table", "caption", "col", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th",
			"ul", "ol", "li", "dl", "dt", "dd", "a", "br", "hr", "pre", "q", "sub", "sup", "ruby", "rb", "rt", "rp":
			return n.Name
		case "em":
			switch n.Attr("class") {
			case "strong", "bold", "b":
				n.Attrs = nil
				return "strong"
			}
			return "em"
		case "strong", "b":
			return "strong"
		case "i":
			return "em"
		case "hl1":
			return "h2"
		case "hl2":
			if c := n.Attr("class"); len(c) == 2 && c[0] == 'h' && '1' <= c[1] && c[1] <= '6' {
				n.Attrs = nil
				return c
			}
			return "h3"
		case "bq":
			return "blockquote"
		case "block":
			if n.Parent != nil && n.Parent.Name == "bq" {
				return ""
			}
			return "div"
		case "fn", "note":
			return "aside"
		case "byline", "dateline", "copyrite", "datasource", "credit":
			if n.Parent != nil && (n.Parent.Name == "block" || n.Parent.Name == "bq") {
				return "p"
			}
			return ""
		case "abstract":
			return "div"
		case "media":
			r.oneMedia(n)
			return xmltree.Drop
		case "custom-table", "nitf-table-metadata":
			r.lose(n, "the description of a table's columns is not kept")
			return xmltree.Drop
		case "head", "body.head", "body.end", "tobject", "key-list": // read elsewhere, or not text
			return xmltree.Drop
		case "person", "org", "location", "event", "object.title", "classifier", "function", "virtloc", "chron", "money", "num", "postaddr":
			r.lose(content, "the text keeps the words, but not which of them name persons, places, amounts and the like")
		}
		return ""
	}
}

// oneMedia reads a media element: a picture, a film or a sound beside the text.
func (r *reader) oneMedia(n *xmltree.Node) {
	if len(r.media) >= news.MaxList {
		r.losef(n, "only the first %d media are read", news.MaxList)
		return
	}
	m := news.Item{Name: "media", Type: mediaType(n.Attr("media-type"))}
	for k := range n.Elements() {
		switch k.Name {
		case "media-reference":
			r.mediaReference(&m, k)
		case "media-caption":
			if s := k.Block(); s != "" {
				m.Descriptions = append(m.Descriptions, news.Words{Role: "caption", Value: s})
			}
		case "media-producer":
			m.By = lexical.Join(m.By, ", ", adjacent(k, ", "))
		case "media-metadata":
			if s := k.Attr("value"); s != "" {
				m.AltIDs = append(m.AltIDs, news.AltID{Role: k.Attr("name"), Value: s})
			}
		case "media-object":
			r.lose(k, "a file inside the article is not kept; the sender should send it as a file and refer to it")
		default:
			r.lose(k, "not kept of a media")
		}
	}
	if m.Type == "" && len(m.Renditions) > 0 {
		kind, _, _ := strings.Cut(m.Renditions[0].ContentType, "/")
		m.Type = mediaType(kind)
	}
	if len(m.Renditions) > 0 || len(m.Descriptions) > 0 {
		r.media = append(r.media, m)
	}
}

func mediaType(s string) news.Type {
	switch strings.ToLower(s) {
	case "image", "photo", "picture":
		return news.Picture
	case "video":
		return news.Video
	case "audio":
		return news.Audio
	case "graphic":
		return news.Graphic
	}
	return ""
}

func (r *reader) mediaReference(m *news.Item, n *xmltree.Node) {
	x := news.Rendition{Name: "main", Href: n.Attr("source"), ContentType: n.Attr("mime-type"), Title: n.Attr("name"), Duration: r.seconds(n)}
	if i := len(m.Renditions); i > 0 {
		x.Name = cmp.Or(n.Attr("class"), cmp.Or(x.Title, "rendition-"+strconv.Itoa(i+1)))
	}
	switch n.Attr("units") {
	case "", "pixels":
		x.Width, x.Height = r.number(n, "width"), r.number(n, "height")
	default:
		r.lose(n, "a size that is not in pixels is not kept")
	}
	m.CreditLine = cmp.Or(m.CreditLine, n.Attr("source-credit"))
	m.CopyrightNotice = cmp.Or(m.CopyrightNotice, n.Attr("copyright"))
	if s := n.Attr("alternate-text"); s != "" {
		m.Descriptions = append(m.Descriptions, news.Words{Role: "altText", Value: s})
	}
	if x.Href == "" && x.Title == "" && x.ContentType == "" {
		return
	}
	m.Renditions = append(m.Renditions, x)
}

func (r *reader) seconds(n *xmltree.Node) float64 {
	s := n.Attr("time")
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	switch unit := n.Attr("time-unit-of-measure"); {
	case err != nil || !(v >= 0 && v < 1e9):
	case unit == "" || strings.HasPrefix(unit, "sec"):
		return v
	case strings.HasPrefix(unit, "min"):
		return 60 * v
	}
	r.losef(n, "time=%q %s is not a number of seconds", s, n.Attr("time-unit-of-measure"))
	return 0
}

func (r *reader) number(n *xmltree.Node, attr string) int {
	s := n.Attr(attr)
	if s == "" {
		return 0
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < 0 || v > 1<<31-1 {
		r.losef(n, "%s=%q is not a whole number", attr, s)
		return 0
	}
	return v
}

// bodyEnd adds the tagline to the text: it is for print.
func (r *reader) bodyEnd(n *xmltree.Node) {
	for k := range n.Elements() {
		value := xmltree.Inner(k, r.tag(n))
		if k.Name != "tagline" || len(r.it.Bodies) == 0 {
			r.rest.Keep(k, r.text)
			continue
		}
		if value != "" {
			b := &r.it.Bodies[len(r.it.Bodies)-1]
			b.Value += taglineStart + value + taglineEnd
		}
	}
}

const (
	taglineStart = `<p class="tagline">`
	taglineEnd   = "</p>"
)

// adjacent returns the text of n on one line, with sep between two elements that
// the sender left nothing between, because a style sheet puts it there.
func adjacent(n *xmltree.Node, sep string) string {
	var b strings.Builder
	for k := n.First; k != nil; k = k.Next {
		if k.Name == "" {
			b.WriteString(k.Text)
			continue
		}
		s := adjacent(k, sep)
		if last, _ := utf8.DecodeLastRuneInString(b.String()); s != "" && (unicode.IsLetter(last) || unicode.IsDigit(last)) && !startsWithPunctuation(s) {
			b.WriteString(sep)
		}
		b.WriteString(s)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func startsWithPunctuation(s string) bool {
	c, _ := utf8.DecodeRuneInString(s)
	return unicode.IsPunct(c)
}
