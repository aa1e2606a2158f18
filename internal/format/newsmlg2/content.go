package newsmlg2

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/nitf"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// content reads contentSet: texts become bodies, files become renditions.
func (t *translation) content(n *xmltree.Node) {
	for k := range n.Elements() {
		switch {
		case k.Foreign:
			t.keep(k)
		case k.Name == "inlineXML":
			t.inlineXML(k)
		case k.Name == "inlineData":
			t.inlineData(k)
		case k.Name == "remoteContent":
			t.rendition(k)
		default:
			t.keep(k)
		}
	}
}

// body returns what all forms of a body share.
func (t *translation) body(n *xmltree.Node, contentType, value string) news.Words {
	w := news.Words{
		ContentType: contentType, Value: value, Language: t.tag(n.Lang(), n),
		WordCount: t.number(n, "wordcount"), CharCount: t.number(n, "charcount"),
	}
	if w.Language == t.it.Language {
		w.Language = ""
	}
	return w
}

// inlineXML reads XHTML and NITF as HTML; any other vocabulary stays XML.
func (t *translation) inlineXML(n *xmltree.Node) {
	root := n.FirstElement()
	if root == nil {
		if text := n.Block(); text != "" {
			t.it.Bodies = append(t.it.Bodies, t.body(n, "", text))
		}
		return
	}
	switch {
	case root.Name == "nitf" || strings.HasPrefix(root.Name, "body.") || strings.Contains(n.Attr("contenttype"), "nitf"):
		t.nitf(n)
	case xmltree.IsHTML(root):
		from := root.Parent
		if b := n.Find("body"); b != nil {
			from = b
		}
		if value := xmltree.Inner(from, xmltree.HTMLTag); value != "" {
			t.it.Bodies = append(t.it.Bodies, t.body(n, "text/html", value))
		}
	default:
		t.it.Bodies = append(t.it.Bodies, t.body(n, firstOf(n.Attr("contenttype"), "application/xml"), root.Source(t.text)))
	}
}

// nitf reads an article in NITF: contentMeta has the first word, and the article
// fills what it left out.
func (t *translation) nitf(n *xmltree.Node) {
	had := len(t.it.Bodies)
	nitf.Embedded(t.it, n, t.text, t.lose)
	for i := had; i < len(t.it.Bodies); i++ {
		b := &t.it.Bodies[i]
		*b = t.body(n, b.ContentType, b.Value)
	}
}

// inlineData reads text between tags. Binary content does not belong in an item:
// it would be stored twice, once without a digest.
func (t *translation) inlineData(n *xmltree.Node) {
	contentType := strings.ToLower(n.Attr("contenttype"))
	if contentType != "" && !strings.HasPrefix(contentType, "text/") {
		t.lose(n, fmt.Sprintf("inline data of type %s is not kept; send it as a file", contentType))
		return
	}
	value := strings.TrimSpace(n.Raw())
	switch enc := code(n.Attr("encoding"), n.Attr("encodinguri")); enc {
	case "":
	case "base64":
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
		if err != nil {
			t.lose(n, "the text is not base64, as its encoding says")
			return
		}
		value = strings.ToValidUTF8(string(data), "\uFFFD")
	default:
		t.lose(n, fmt.Sprintf("inline data encoded as %s is not kept", enc))
		return
	}
	if strings.HasPrefix(contentType, "text/plain") {
		contentType = "text/plain" // the charset is that of the file
	}
	if value != "" {
		t.it.Bodies = append(t.it.Bodies, t.body(n, contentType, value))
	}
}

// rendition reads remoteContent, and an icon, which has the same attributes.
func (t *translation) rendition(n *xmltree.Node) {
	r := news.Rendition{
		Name:         code(n.Attr("rendition"), n.Attr("renditionuri")),
		Href:         n.Attr("href"),
		VersionGUID:  firstOf(n.Attr("residref"), n.Attr("guidref")),
		Version:      t.number(n, "version"),
		ContentType:  n.Attr("contenttype"),
		Format:       code(n.Attr("format"), n.Attr("formaturi")),
		Generated:    t.timeOf(n.Attr("generated"), n),
		Width:        t.number(n, "width"),
		Height:       t.number(n, "height"),
		SizeInBytes:  t.number64(n, "size"),
		Duration:     t.duration(n),
		Orientation:  code(n.Attr("layoutorientation"), n.Attr("layoutorientationuri")),
		ColourSpace:  code(n.Attr("colourspace"), n.Attr("colourspaceuri")),
		VideoCodec:   code(n.Attr("videocodec"), n.Attr("videocodecuri")),
		AudioCodec:   code(n.Attr("audiocodec"), n.Attr("audiocodecuri")),
		VideoScaling: code(n.Attr("videoscaling"), n.Attr("videoscalinguri")),
		AspectRatio:  n.Attr("videoaspectratio"),
		ScanType:     n.Attr("videoscan"),
		FrameRate:    t.decimal(n, "videoframerate"),
		// G2 counts audiobitrate in kbit/s and the sample rate in Hz.
		AverageBitRate: t.decimal(n, "videoavgbitrate"),
		AudioBitRate:   t.decimal(n, "audiobitrate"),
		SampleRate:     t.decimal(n, "audiosamplerate"),
	}
	if r.Name == "" {
		r.Name = "main"
		if n.Name == "icon" {
			r.Name = "icon"
		}
	}
	for k := range n.Elements() {
		switch k.Name {
		case "hash":
			t.hash(&r, k)
		case "remoteContentExtProperty":
			if !t.houseRendition(&r, k) {
				keepIn(&r, k.Name, k.Source(t.text))
			}
		case "title":
			r.Title = k.Line()
		case "fileName":
			r.OriginalFilename = k.Line()
		default:
			keepIn(&r, k.Name, k.Source(t.text))
		}
	}
	t.restOf(&r, n)
	t.it.Renditions = append(t.it.Renditions, r)
}

// houseRendition reads a property of a file for which NewsML-G2 has no attribute.
func (t *translation) houseRendition(r *news.Rendition, n *xmltree.Node) bool {
	name, ok := strings.CutPrefix(n.Attr("rel"), houseAlias+":")
	if !ok {
		return false
	}
	value := n.Attr("value")
	for _, f := range houseFields(r) {
		if f.name == name {
			*f.value = value
			return true
		}
	}
	for _, f := range houseNumbers(r) {
		switch {
		case f.name != name:
		case f.whole != nil:
			*f.whole = t.number(n, "value")
			return true
		default:
			*f.float = t.decimal(n, "value")
			return true
		}
	}
	if x, y, found := strings.Cut(value, ","); name == "pointOfInterest" && found {
		px, err1 := strconv.Atoi(x)
		py, err2 := strconv.Atoi(y)
		if err1 == nil && err2 == nil {
			r.PointOfInterest = &news.Point{X: px, Y: py}
			return true
		}
	}
	return false
}

// restOf keeps the attributes that no field of a rendition names.
func (t *translation) restOf(r *news.Rendition, n *xmltree.Node) {
	for _, a := range n.Attrs {
		if a.Name.Space != "" || a.Value == "" {
			continue
		}
		switch strings.TrimSuffix(a.Name.Local, "uri") {
		case "href", "residref", "guidref", "version", "contenttype", "format", "generated", "width", "height", "size",
			"duration", "layoutorientation", "colourspace", "videocodec", "audiocodec", "videoscaling",
			"videoaspectratio", "videoscan", "videoframerate", "videoavgbitrate", "audiobitrate", "audiosamplerate", "xmlns":
		case "rendition":
			if alias, _, ok := strings.Cut(a.Value, ":"); ok && alias != "rnd" && a.Name.Local == "rendition" {
				keepIn(r, "rendition", a.Value)
			}
		case "durationunit":
			if r.Duration == 0 {
				keepIn(r, "durationunit", a.Value)
				keepIn(r, "duration", n.Attr("duration"))
			}
		case "widthunit":
			// A size on paper is not one in pixels, which Width and Height are.
			if code(a.Value, "") != "pixels" {
				keepIn(r, a.Name.Local, a.Value)
				keepIn(r, "width", n.Attr("width"))
				r.Width = 0
			}
		case "heightunit":
			if code(a.Value, "") != "pixels" {
				keepIn(r, a.Name.Local, a.Value)
				keepIn(r, "height", n.Attr("height"))
				r.Height = 0
			}
		case "audiochannels":
			r.AudioChannels = t.number(n, a.Name.Local)
		default:
			keepIn(r, a.Name.Local, a.Value)
		}
	}
}

func keepIn(r *news.Rendition, key, value string) {
	data, err := json.Marshal(value)
	if err != nil || value == "" {
		return
	}
	if r.Extra == nil {
		r.Extra = map[string]json.RawMessage{}
	}
	if _, taken := r.Extra[key]; !taken {
		r.Extra[key] = data
	}
}

// duration returns seconds. Frames and edit units need a frame rate to become
// seconds; without one restOf keeps them as written.
func (t *translation) duration(n *xmltree.Node) float64 {
	s := n.Attr("duration")
	if s == "" {
		return 0
	}
	switch unit := code(n.Attr("durationunit"), n.Attr("durationunituri")); unit {
	case "", "seconds":
		if strings.Contains(s, ":") {
			return t.clock(n, s)
		}
		return t.decimal(n, "duration")
	case "milliseconds":
		return t.decimal(n, "duration") / 1000
	case "frames", "editUnit":
		if rate := t.decimal(n, "videoframerate"); rate > 0 {
			return t.decimal(n, "duration") / rate
		}
		return 0
	case "normalPlayTime":
		return t.clock(n, s)
	}
	return 0
}

// clock reads h:mm:ss.fff, mm:ss or seconds.
func (t *translation) clock(n *xmltree.Node, s string) float64 {
	total := 0.0
	for part := range strings.SplitSeq(s, ":") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil || !(v >= 0 && v < 1e9) || total > 1e12 {
			t.lose(n, fmt.Sprintf("duration=%q is not a time", s))
			return 0
		}
		total = total*60 + v
	}
	return total
}

// hash takes a SHA-256 of the whole file as the rendition's digest, in hex or in
// base64; weaker sums are kept but prove nothing.
func (t *translation) hash(r *news.Rendition, n *xmltree.Node) {
	kind := strings.ToLower(strings.ReplaceAll(code(n.Attr("hashtype"), n.Attr("hashtypeuri")), "-", ""))
	scope := code(n.Attr("scope"), n.Attr("scopeuri"))
	value := n.Line()
	if kind != "sha256" || scope != "" && scope != "content" && scope != "completeFile" {
		keepIn(r, "hash", n.Source(t.text))
		return
	}
	digest := "sha256:" + strings.ToLower(value)
	if raw, err := base64.StdEncoding.DecodeString(value); err == nil && len(raw) == 32 {
		digest = "sha256:" + hex.EncodeToString(raw)
	}
	if !news.ValidDigest(digest) {
		t.lose(n, "the value is not a SHA-256 in hex or base64")
		return
	}
	r.Digest = digest
}

// part reads one partMeta: a shot or a section with its own description.
func (t *translation) part(n *xmltree.Node) {
	p := news.Part{ID: firstOf(n.Attr("partid"), n.Attr("id")), Seq: t.number(n, "seq"), Role: t.codes.roleOf(n, "role")}
	for k := range n.Elements() {
		switch {
		case k.Name == "timeDelim" && p.Unit == "" && p.Start == "":
			p.Start, p.End = k.Attr("start"), k.Attr("end")
			p.Unit = firstOf(code(k.Attr("timeunit"), k.Attr("timeunituri")), "editUnit") // the specification's default
		case k.Name == "description":
			p.Description = lexical.Join(p.Description, "\n\n", k.Block())
		case k.Name == "headline" && p.Description == "":
			p.Description = k.Line()
		case k.Name == "language" && p.Language == "":
			p.Language = t.tag(k.Attr("tag"), k)
		case k.Name == "role" && p.Role == "":
			p.Role = t.codes.roleOf(k, "qcode")
		default:
			t.lose(k, "not kept of a part")
		}
	}
	t.it.Parts = append(t.it.Parts, p)
}
