package newsml1

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/nitf"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// content reads a ContentItem: a file becomes a rendition, a text a body.
func (t *translation) content(it *news.Item, n *xmltree.Node, role string) {
	kind := mediaType(formalName(n.Child("MediaType")))
	mime := strings.ToLower(formalName(n.Child("MimeType")))
	format := formalName(n.Child("Format"))
	if kind == "" {
		kind = mediaType(strings.Split(mime, "/")[0])
	}
	if it.Type == "" || it.Type == news.Composite {
		it.Type = kind
	}
	if href := n.Attr("Href"); href != "" {
		t.rendition(it, n, role, mime, format)
	}
	for k := range n.Elements() {
		switch k.Name {
		case "MediaType", "MimeType", "Format", "Notation", "Characteristics":
		case "DataContent":
			t.data(it, n, k, mime, "")
		case "Encoding":
			for d := range k.Elements() {
				t.data(it, n, d, mime, strings.ToLower(k.Attr("Notation")))
			}
		default: // Catalog, Comment
			t.keep(k)
		}
	}
}

func mediaType(s string) news.Type {
	switch strings.ToLower(s) {
	case "text":
		return news.Text
	case "photo", "picture", "image":
		return news.Picture
	case "graphic":
		return news.Graphic
	case "audio":
		return news.Audio
	case "video":
		return news.Video
	case "complexdata", "animation":
		return news.Graphic
	}
	return ""
}

// data reads what stands between the tags of a DataContent.
func (t *translation) data(it *news.Item, item, n *xmltree.Node, mime, encoding string) {
	switch encoding {
	case "":
	case "base64":
		t.encoded(it, n, mime)
		return
	default:
		t.losef(n, "content encoded as %s is not kept", encoding)
		return
	}
	had := len(it.Bodies)
	root := n.FirstElement()
	switch {
	case root == nil:
		if s := strings.TrimSpace(n.Raw()); s != "" {
			it.Bodies = append(it.Bodies, news.Words{ContentType: textType(mime), Value: s})
		}
	case root.Name == "html" || root.Name == "body" && root.Space == "http://www.w3.org/1999/xhtml":
		from := root
		if b := n.Find("body"); b != nil {
			from = b
		}
		if s := xmltree.Inner(from, xmltree.HTMLTag); s != "" {
			it.Bodies = append(it.Bodies, news.Words{ContentType: "text/html", Value: s})
		}
	case nitf.IsArticle(root) || xmltree.IsHTML(root) || root.Name == "media" || root.Name == "block" || root.Name == "hl2":
		// Paragraphs without a frame are NITF in the dialects that we know.
		nitf.Embedded(it, n, t.r.text, t.lose)
	default:
		it.Bodies = append(it.Bodies, news.Words{ContentType: cmp.Or(mime, "application/xml"), Value: root.Source(t.r.text)})
	}
	words := t.property(item, "words", "wordcount", "word count")
	for i := had; i < len(it.Bodies); i++ {
		it.Bodies[i].WordCount = words
		if lang := t.tag(item, cmp.Or(n.Lang(), item.Lang(), item.Parent.Lang())); lang != it.Language && lang != t.it.Language {
			it.Bodies[i].Language = lang
		}
	}
}

// textType returns the type of a text; plain text has none.
func textType(mime string) string {
	if mime == "text/html" {
		return mime
	}
	return ""
}

// encoded reads text in base64. A file does not belong in an item: it would be
// stored twice, once without a digest.
func (t *translation) encoded(it *news.Item, n *xmltree.Node, mime string) {
	if mime != "" && !strings.HasPrefix(mime, "text/") {
		t.losef(n, "a file of type %s inside the item is not kept; the sender should send it as a file", mime)
		return
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(n.Raw()), ""))
	if err != nil {
		t.lose(n, "the text is not base64, as its encoding says")
		return
	}
	if s := strings.TrimSpace(strings.ToValidUTF8(string(data), "\uFFFD")); s != "" {
		it.Bodies = append(it.Bodies, news.Words{ContentType: textType(mime), Value: s})
	}
}

// rendition reads a reference to a file.
func (t *translation) rendition(it *news.Item, n *xmltree.Node, role, mime, format string) {
	r := news.Rendition{
		Name: role, Href: n.Attr("Href"), ContentType: mime, Format: format,
		Width: t.property(n, "width", "pixelwidth"), Height: t.property(n, "height", "pixelheight"),
		SizeInBytes: int64(t.number(n.Down("Characteristics", "SizeInBytes"), n.Down("Characteristics", "SizeInBytes").Line())),
		Duration:    float64(t.property(n, "duration", "length", "runningtime", "totalduration")),
	}
	if r.Name == "" || r.Name == "main" || !isRendition(r.Name) {
		r.Name = "main"
		if slices.ContainsFunc(it.Renditions, func(x news.Rendition) bool { return x.Name == r.Name }) {
			r.Name = "rendition-" + strconv.Itoa(len(it.Renditions)+1)
		}
	}
	for k := range n.Child("Characteristics").All("Property") {
		name, value := formalName(k), k.Attr("Value")
		if name == "" || value == "" || isCounted(name) {
			continue
		}
		data, err := json.Marshal(value)
		if err != nil { // a string always marshals
			continue
		}
		if r.Extra == nil {
			r.Extra = map[string]json.RawMessage{}
		}
		r.Extra[name] = data
	}
	it.Renditions = append(it.Renditions, r)
}

func isCounted(name string) bool {
	switch strings.ToLower(name) {
	case "width", "pixelwidth", "height", "pixelheight", "duration", "length", "runningtime", "totalduration":
		return true
	}
	return false
}

// property returns the number that a property of the content has.
func (t *translation) property(n *xmltree.Node, names ...string) int {
	for k := range n.Child("Characteristics").All("Property") {
		for _, name := range names {
			if strings.EqualFold(formalName(k), name) {
				return t.number(k, k.Attr("Value"))
			}
		}
	}
	return 0
}

func (t *translation) number(at *xmltree.Node, s string) int {
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v < 1e15) {
		t.losef(at, "%q is not a number", s)
		return 0
	}
	return int(v)
}
