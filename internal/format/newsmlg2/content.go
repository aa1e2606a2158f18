package newsmlg2

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// content reads contentSet: texts become bodies, files become renditions.
func (t *translation) content(n *node) {
	for k := range n.elements() {
		switch {
		case k.foreign:
			t.keep(k)
		case k.name == "inlineXML":
			t.inlineXML(k)
		case k.name == "inlineData":
			t.inlineData(k)
		case k.name == "remoteContent":
			t.rendition(k)
		default:
			t.keep(k)
		}
	}
}

// body returns what all forms of a body share.
func (t *translation) body(n *node, contentType, value string) news.Words {
	w := news.Words{
		ContentType: contentType, Value: value, Language: t.tag(n.lang(), n),
		WordCount: t.number(n, "wordcount"), CharCount: t.number(n, "charcount"),
	}
	if w.Language == t.it.Language {
		w.Language = ""
	}
	return w
}

// inlineXML reads XHTML and NITF as HTML; any other vocabulary stays XML.
func (t *translation) inlineXML(n *node) {
	root := n.firstElement()
	if root == nil {
		if text := n.block(); text != "" {
			t.it.Bodies = append(t.it.Bodies, t.body(n, "", text))
		}
		return
	}
	switch {
	case root.name == "nitf" || strings.HasPrefix(root.name, "body.") || strings.Contains(n.attr("contenttype"), "nitf"):
		t.nitf(n)
	case isHTML(root):
		from := root.parent
		if b := n.find("body"); b != nil {
			from = b
		}
		if value := inner(from, htmlTag); value != "" {
			t.it.Bodies = append(t.it.Bodies, t.body(n, "text/html", value))
		}
	default:
		t.it.Bodies = append(t.it.Bodies, t.body(n, firstOf(n.attr("contenttype"), "application/xml"), root.source(t.text)))
	}
}

// inlineData reads text between tags. Binary content does not belong in an item:
// it would be stored twice, once without a digest.
func (t *translation) inlineData(n *node) {
	contentType := strings.ToLower(n.attr("contenttype"))
	if contentType != "" && !strings.HasPrefix(contentType, "text/") {
		t.lose(n, fmt.Sprintf("inline data of type %s is not kept; send it as a file", contentType))
		return
	}
	value := strings.TrimSpace(n.raw())
	switch enc := code(n.attr("encoding"), n.attr("encodinguri")); enc {
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
		contentType = ""
	}
	if value != "" {
		t.it.Bodies = append(t.it.Bodies, t.body(n, contentType, value))
	}
}

// rendition reads remoteContent, and an icon, which has the same attributes.
func (t *translation) rendition(n *node) {
	r := news.Rendition{
		Name:         code(n.attr("rendition"), n.attr("renditionuri")),
		Href:         n.attr("href"),
		VersionGUID:  firstOf(n.attr("residref"), n.attr("guidref")),
		Version:      t.number(n, "version"),
		ContentType:  n.attr("contenttype"),
		Format:       code(n.attr("format"), n.attr("formaturi")),
		Generated:    t.timeOf(n.attr("generated"), n),
		Width:        t.number(n, "width"),
		Height:       t.number(n, "height"),
		SizeInBytes:  t.number64(n, "size"),
		Duration:     t.duration(n),
		Orientation:  code(n.attr("layoutorientation"), n.attr("layoutorientationuri")),
		ColourSpace:  code(n.attr("colourspace"), n.attr("colourspaceuri")),
		VideoCodec:   code(n.attr("videocodec"), n.attr("videocodecuri")),
		AudioCodec:   code(n.attr("audiocodec"), n.attr("audiocodecuri")),
		VideoScaling: code(n.attr("videoscaling"), n.attr("videoscalinguri")),
		AspectRatio:  n.attr("videoaspectratio"),
		FrameRate:    t.decimal(n, "videoframerate"),
		// G2 counts audiobitrate in kbit/s and the sample rate in Hz.
		AverageBitRate: t.decimal(n, "videoavgbitrate"),
		AudioBitRate:   t.decimal(n, "audiobitrate"),
		SampleRate:     t.decimal(n, "audiosamplerate"),
	}
	if r.Name == "" {
		r.Name = "main"
		if n.name == "icon" {
			r.Name = "icon"
		}
	}
	for k := range n.elements() {
		switch k.name {
		case "hash":
			t.hash(&r, k)
		case "title":
			r.Title = k.line()
		case "fileName":
			r.OriginalFilename = k.line()
		default:
			keepIn(&r, k.name, k.source(t.text))
		}
	}
	t.restOf(&r, n)
	t.it.Renditions = append(t.it.Renditions, r)
}

// restOf keeps the attributes that no field of a rendition names.
func (t *translation) restOf(r *news.Rendition, n *node) {
	for _, a := range n.attrs {
		if a.Name.Space != "" || a.Value == "" {
			continue
		}
		switch strings.TrimSuffix(a.Name.Local, "uri") {
		case "href", "residref", "guidref", "version", "contenttype", "format", "generated", "width", "height", "size",
			"duration", "layoutorientation", "colourspace", "videocodec", "audiocodec", "videoscaling",
			"videoaspectratio", "videoframerate", "videoavgbitrate", "audiobitrate", "audiosamplerate", "xmlns":
		case "rendition":
			if alias, _, ok := strings.Cut(a.Value, ":"); ok && alias != "rnd" && a.Name.Local == "rendition" {
				keepIn(r, "rendition", a.Value)
			}
		case "durationunit":
			if r.Duration == 0 {
				keepIn(r, "durationunit", a.Value)
				keepIn(r, "duration", n.attr("duration"))
			}
		case "widthunit":
			// A size on paper is not one in pixels, which Width and Height are.
			if code(a.Value, "") != "pixels" {
				keepIn(r, a.Name.Local, a.Value)
				keepIn(r, "width", n.attr("width"))
				r.Width = 0
			}
		case "heightunit":
			if code(a.Value, "") != "pixels" {
				keepIn(r, a.Name.Local, a.Value)
				keepIn(r, "height", n.attr("height"))
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
func (t *translation) duration(n *node) float64 {
	s := n.attr("duration")
	if s == "" {
		return 0
	}
	switch unit := code(n.attr("durationunit"), n.attr("durationunituri")); unit {
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
func (t *translation) clock(n *node, s string) float64 {
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
func (t *translation) hash(r *news.Rendition, n *node) {
	kind := strings.ToLower(strings.ReplaceAll(code(n.attr("hashtype"), n.attr("hashtypeuri")), "-", ""))
	scope := code(n.attr("scope"), n.attr("scopeuri"))
	value := n.line()
	if kind != "sha256" || scope != "" && scope != "content" && scope != "completeFile" {
		keepIn(r, "hash", n.source(t.text))
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
func (t *translation) part(n *node) {
	p := news.Part{ID: firstOf(n.attr("partid"), n.attr("id")), Seq: t.number(n, "seq"), Role: t.codes.roleOf(n, "role")}
	for k := range n.elements() {
		switch {
		case k.name == "timeDelim" && p.Unit == "" && p.Start == "":
			p.Start, p.End = k.attr("start"), k.attr("end")
			p.Unit = firstOf(code(k.attr("timeunit"), k.attr("timeunituri")), "editUnit") // the specification's default
		case k.name == "description":
			p.Description = join(p.Description, "\n\n", k.block())
		case k.name == "headline" && p.Description == "":
			p.Description = k.line()
		case k.name == "language" && p.Language == "":
			p.Language = t.tag(k.attr("tag"), k)
		case k.name == "role" && p.Role == "":
			p.Role = t.codes.roleOf(k, "qcode")
		default:
			t.lose(k, "not kept of a part")
		}
	}
	t.it.Parts = append(t.it.Parts, p)
}
