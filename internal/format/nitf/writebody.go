package nitf

import (
	"cmp"
	"strconv"
	"strings"

	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

func (w *writer) body() {
	w.Open("body")
	w.bodyHead()
	text, tagline := w.text()
	w.Open("body.content")
	w.Raw(text)
	if w.it.Type != news.Text || len(w.it.Renditions) > 0 {
		w.media(w.it, false)
	}
	for i := range w.it.Associations {
		w.association(i)
	}
	w.Close()
	const bibliography = "body/body.end/bibliography"
	if tagline != "" || len(xmltree.Kept(w.it, bibliography)) > 0 {
		w.Open("body.end")
		if tagline != "" {
			w.Open("tagline")
			w.Raw(tagline)
			w.Close()
		}
		for _, s := range xmltree.Kept(w.it, bibliography) {
			w.Element("bibliography", s)
			w.writeKept(bibliography)
		}
		w.Close()
	}
	w.Close()
}

func (w *writer) bodyHead() {
	it := w.it
	w.Open("body.head")
	w.headlines()
	if !w.noticeIsYear() {
		w.note(it.CopyrightNotice, "noteclass", "cpyrt")
	}
	if it.UsageTerms != "" && !w.kept["head/docdata/doc.rights"] {
		w.Element("rights", it.UsageTerms)
	}
	w.byline()
	for _, s := range it.InfoSources {
		if s.Role == "distributor" {
			w.Line("distributor", cmp.Or(s.Name, s.Literal, s.URI))
			break
		}
	}
	w.dateline()
	w.abstracts()
	w.Close()
}

func (w *writer) headlines() {
	var main, sub []news.Words
	for _, h := range w.it.Headlines {
		if len(main) == 0 && (h.Role == "" || h.Role == "main") {
			main = append(main, h)
			continue
		}
		if h.Role != "subheadline" && h.Role != "" {
			w.lose("/headlines", "the role "+h.Role+" of a headline is not written")
		}
		sub = append(sub, h)
	}
	if len(main)+len(sub) == 0 {
		return
	}
	w.Open("hedline")
	if len(main) == 0 {
		w.Element("hl1", "")
	}
	for _, h := range main {
		w.Element("hl1", h.Value, "xml:lang", h.Language)
	}
	for _, h := range sub {
		w.Element("hl2", h.Value, "xml:lang", h.Language)
	}
	w.Close()
}

func (w *writer) note(text string, attrs ...string) {
	w.Open("note", attrs...)
	w.Open("body.content")
	w.paragraphs(text)
	w.Close()
	w.Close()
}

// paragraphs writes a plain text: an empty line ends a paragraph, any other line
// break is a br.
func (w *writer) paragraphs(text string) {
	for p := range strings.SplitSeq(text, "\n\n") {
		if strings.TrimSpace(p) == "" {
			continue
		}
		w.Open("p")
		for i, line := range strings.Split(strings.Trim(p, "\n"), "\n") {
			if i > 0 {
				w.Element("br", "")
			}
			w.Text(line)
		}
		w.Close()
	}
}

// byline marks the names of the creators in the line.
func (w *writer) byline() {
	line := w.it.By
	if line == "" {
		for _, c := range w.it.Creators {
			if line != "" {
				line += ", "
			}
			line += cmp.Or(c.Name, c.Literal)
		}
	}
	if line == "" {
		return
	}
	w.Open("byline")
	for _, c := range w.it.Creators {
		before, after, found := strings.Cut(line, c.Name)
		if c.Name == "" || !found {
			w.lose("/creators", "creators that the byline does not name are not written")
			continue
		}
		w.Text(before)
		w.Element("person", c.Name, "idsrc", c.Creator, "value", cmp.Or(c.Literal, c.URI))
		line = after
	}
	w.Text(line)
	w.Close()
}

// dateline marks the place in the line and adds when the content was made.
func (w *writer) dateline() {
	it := w.it
	if it.Dateline == "" && it.ContentCreated.IsZero() {
		return
	}
	line := it.Dateline
	if line == "" {
		line = it.Located
	}
	w.Open("dateline")
	if before, after, found := strings.Cut(line, it.Located); found && it.Located != "" {
		w.Text(before)
		w.Element("location", it.Located)
		line = after
	} else if it.Located != "" {
		w.lose("/located", "the dateline says another place")
	}
	w.Text(line)
	if !it.ContentCreated.IsZero() {
		w.Open("story.date", "norm", norm(it.ContentCreated))
		w.Close()
	}
	w.Close()
}

func (w *writer) abstracts() {
	for _, d := range w.it.Descriptions {
		if d.Role == "caption" || d.Role == "altText" {
			continue // of the item's own media
		}
		w.Open("abstract", "xml:lang", d.Language)
		if strings.HasPrefix(d.ContentType, "text/html") {
			markup, losses := toNITF(d.Value)
			w.Raw(markup)
			for _, l := range losses {
				w.lose("/descriptions", l)
			}
		} else {
			w.paragraphs(d.Value)
		}
		w.Close()
	}
}

// text returns the main body, and the tagline that Read put at its end.
func (w *writer) text() (content, tagline string) {
	if len(w.it.Bodies) == 0 {
		return "", ""
	}
	b := w.it.Body()
	if len(w.it.Bodies) > 1 {
		w.lose("/bodies", "NITF holds one text: only the main one is written")
	}
	if !strings.Contains(b.ContentType, "html") {
		if b.ContentType != "" && !strings.HasPrefix(b.ContentType, "text/plain") {
			w.lose("/bodies", "a text of type "+b.ContentType+" is written as plain text")
		}
		var plain writer
		plain.paragraphs(b.Value)
		return plain.String(), ""
	}
	value := b.Value
	if i := strings.LastIndex(value, taglineStart); i >= 0 && strings.HasSuffix(value, taglineEnd) && strings.Count(value[i:], "<p") == 1 {
		var lost []string
		tagline, lost = toInline(value[i+len(taglineStart) : len(value)-len(taglineEnd)])
		value = value[:i]
		for _, l := range lost {
			w.lose("/bodies", l)
		}
	}
	content, lost := toNITF(value)
	for _, l := range lost {
		w.lose("/bodies", l)
	}
	return content, tagline
}

// association writes a picture, film or sound beside the text.
func (w *writer) association(i int) {
	a := &w.it.Associations[i]
	if len(a.Renditions) == 0 {
		w.lose("/associations/"+strconv.Itoa(i), "NITF has no place for a reference to another item")
		return
	}
	w.media(a, true)
	if a.URI != "" || len(a.Bodies) > 0 || len(a.Associations) > 0 {
		w.lose("/associations/"+strconv.Itoa(i), "only files, caption and credit of an association are written")
	}
}

// media writes the renditions of an item.
func (w *writer) media(it *news.Item, caption bool) {
	if len(it.Renditions) == 0 {
		return
	}
	kind := "other"
	switch it.Type {
	case news.Picture:
		kind = "image"
	case news.Video, news.Audio, news.Graphic:
		kind = string(it.Type)
	}
	w.Open("media", "media-type", kind)
	alt := ""
	for _, d := range it.Descriptions {
		if d.Role == "altText" {
			alt = d.Value
		}
	}
	if caption {
		for _, a := range it.AltIDs {
			if a.Role != "" {
				w.empty("media-metadata", "name", a.Role, "value", a.Value)
			}
		}
	}
	for i, r := range it.Renditions {
		class := ""
		if i > 0 {
			class = r.Name
		}
		w.Open("media-reference", "class", class, "mime-type", r.ContentType, "source", cmp.Or(r.Href, r.URI), "name", r.Title,
			"width", number(r.Width), "height", number(r.Height), "alternate-text", alt)
		if r.Duration > 0 {
			w.Attrs("time", strconv.FormatFloat(r.Duration, 'f', -1, 64), "time-unit-of-measure", "seconds")
		}
		if i == 0 {
			w.Attrs("source-credit", it.CreditLine, "copyright", it.CopyrightNotice)
		}
		w.Close()
		alt = ""
		if r.Digest != "" || r.SizeInBytes > 0 || r.OriginalFilename != "" {
			w.lose("/renditions", "digest, size and file name of a file are not written")
		}
	}
	for _, d := range it.Descriptions {
		if d.Role != "altText" && (caption || d.Role == "caption") {
			w.Open("media-caption")
			w.paragraphs(d.Value)
			w.Close()
		}
	}
	w.Line("media-producer", map[bool]string{true: it.By}[caption])
	w.Close()
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
