package newsmlg2

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

const xhtmlSpace = "http://www.w3.org/1999/xhtml"

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// contentSet writes the bodies and renditions.
func (w *writer) contentSet() string {
	var s section
	for i := range w.it.Bodies {
		s.add("inlineXML", w.body(fmt.Sprintf("/bodies/%d", i), &w.it.Bodies[i]))
	}
	for i := range w.it.Renditions {
		s.add("remoteContent", w.rendition(fmt.Sprintf("/renditions/%d", i), &w.it.Renditions[i]))
	}
	w.extras(&s, "contentSet/", "contentSet")
	if len(s.parts) == 0 {
		return ""
	}
	return element("contentSet", s.in("contentSet"))
}

// body writes a text: HTML as XHTML, XML as it is, any other text as data.
func (w *writer) body(path string, b *news.Words) string {
	if b.Role != "" {
		w.lose(path+"/role", "a body has no role")
	}
	if b.Value == "" {
		w.lose(path, "an empty body is not written")
		return ""
	}
	attrs := []string{"wordcount", positive(b.WordCount), "charcount", positive(b.CharCount), "xml:lang", w.language(path+"/language", b.Language)}
	kind := strings.ToLower(b.ContentType)
	value := allowed(b.Value)
	if value != b.Value {
		w.lose(path, "control characters are not kept")
	}
	switch {
	case kind == "text/html":
		content, exact := toXHTML(strings.TrimSpace(value))
		if !exact || strings.TrimSpace(value) != value {
			w.lose(path, "the markup was not well-formed and was mended")
		}
		if content == "" {
			w.lose(path, "an empty body is not written")
			return ""
		}
		return element("inlineXML", element("html", "<head><title/></head>"+element("body", content), "xmlns", xhtmlSpace), append([]string{"contenttype", "application/xhtml+xml"}, attrs...)...)
	case kind == "" || strings.HasPrefix(kind, "text/"):
		if value = w.token(path, value); value == "" {
			w.lose(path, "an empty body is not written")
			return ""
		}
		if kind != b.ContentType || strings.HasPrefix(kind, "text/plain;") {
			w.lose(path+"/contentType", "the media type is written in lower case, plain text without its charset")
		}
		return text("inlineData", value, append([]string{"contenttype", w.token(path+"/contentType", kind)}, attrs...)...)
	}
	n, isXML := xmltree.Element(value)
	if !isXML || n.Name == "nitf" || strings.HasPrefix(n.Name, "body.") || strings.Contains(kind, "nitf") || xmltree.IsHTML(n) {
		w.losef(path, "a body of type %s cannot be written", lexical.Shorten(b.ContentType))
		return ""
	}
	return element("inlineXML", value, append([]string{"contenttype", w.token(path+"/contentType", b.ContentType)}, attrs...)...)
}

// rendition writes a file as remoteContent. Fields for which it has no attribute
// stand in properties of the house.
func (w *writer) rendition(path string, r *news.Rendition) string {
	var s section
	var out attributes
	extra := keptExtra(r.Extra)
	name := "rnd:" + r.Name
	if own := extra["rendition"]; own != "" && code(own, "") == r.Name && isQCode(own) {
		name = own
	}
	delete(extra, "rendition")
	if !isQCode(name) {
		w.losef(path+"/name", "%q cannot be the name of a rendition", lexical.Shorten(r.Name))
		name = ""
	}
	coded := func(attr, alias, field, value string) {
		switch {
		case value == "":
		case isQCode(alias + ":" + value):
			out.set(attr, alias+":"+value)
		default:
			w.losef(path+field, "%q is not a code", lexical.Shorten(value))
		}
	}
	whole := func(attr, field string, v float64) {
		switch {
		case v == 0:
		case v > 0 && v < 1e15 && v == float64(int64(v)):
			out.set(attr, strconv.FormatInt(int64(v), 10))
		default:
			w.losef(path+field, "%v is not a whole number", v)
		}
	}
	decimals := func(attr, field string, v float64) {
		switch {
		case v == 0:
		case v > 0 && v < 1e15:
			out.set(attr, decimal(v))
		default:
			w.losef(path+field, "%v cannot be written", v)
		}
	}
	out.set("rendition", name, "href", w.token(path+"/href", r.Href), "residref", w.token(path+"/versionGuid", r.VersionGUID),
		"version", positive(r.Version), "contenttype", w.token(path+"/contentType", r.ContentType))
	coded("format", "frmt", "/format", r.Format)
	out.set("generated", w.time(path+"/generated", r.Generated))
	whole("size", "/sizeInBytes", float64(r.SizeInBytes))
	whole("width", "/width", float64(r.Width))
	whole("height", "/height", float64(r.Height))
	decimals("duration", "/duration", r.Duration)
	coded("layoutorientation", "loutorient", "/orientation", r.Orientation)
	coded("colourspace", "colsp", "/colourSpace", r.ColourSpace)
	coded("videocodec", "vcdc", "/videoCodec", r.VideoCodec)
	coded("audiocodec", "acdc", "/audioCodec", r.AudioCodec)
	coded("videoscaling", "sov", "/videoScaling", r.VideoScaling)
	if isScan(r.ScanType) {
		out.set("videoscan", r.ScanType)
	}
	out.set("videoaspectratio", w.token(path+"/aspectRatio", r.AspectRatio))
	decimals("videoframerate", "/frameRate", r.FrameRate)
	whole("videoavgbitrate", "/averageBitRate", r.AverageBitRate)
	whole("audiobitrate", "/audioBitRate", r.AudioBitRate)
	whole("audiosamplerate", "/sampleRate", r.SampleRate)
	if sum, ok := strings.CutPrefix(r.Digest, "sha256:"); ok && news.ValidDigest(r.Digest) {
		s.add("hash", text("hash", sum, "hashtype", "hashtype:sha256", "scope", "hashscope:content"))
	} else if r.Digest != "" {
		w.lose(path+"/digest", "not a SHA-256 in hex")
	}
	for _, f := range houseFields(r) {
		if f.name == "scanType" && isScan(r.ScanType) {
			continue
		}
		w.ext(&s, "remoteContentExtProperty", f.name, w.token(path+"/"+f.name, *f.value))
	}
	for _, f := range houseNumbers(r) {
		value, ok := f.format()
		if !ok {
			w.lose(path+"/"+f.name, "the number cannot be written")
			continue
		}
		w.ext(&s, "remoteContentExtProperty", f.name, value)
	}
	if p := r.PointOfInterest; p != nil {
		w.ext(&s, "remoteContentExtProperty", "pointOfInterest", strconv.Itoa(p.X)+","+strconv.Itoa(p.Y))
	}
	w.renditionExtra(path, &s, &out, extra, r.Extra)
	return element("remoteContent", s.in("remoteContent"), out...)
}

// attributes are names and values in turn; an attribute stands once.
type attributes []string

func (a *attributes) set(pairs ...string) { *a = append(*a, pairs...) }

func (a attributes) has(name string) bool {
	for i := 0; i+1 < len(a); i += 2 {
		if a[i] == name && a[i+1] != "" {
			return true
		}
	}
	return false
}

// keptExtra returns the values of a rendition's Extra that are texts.
func keptExtra(extra map[string]json.RawMessage) map[string]string {
	out := map[string]string{}
	for key, value := range extra {
		var s string
		if json.Unmarshal(value, &s) == nil && s != "" {
			out[key] = s
		}
	}
	return out
}

// renditionExtra writes back the elements and attributes that Read kept.
func (w *writer) renditionExtra(path string, s *section, out *attributes, extra map[string]string, all map[string]json.RawMessage) {
	order, _ := childOrder("remoteContent")
	for _, key := range slices.Sorted(maps.Keys(all)) {
		value, ok := extra[key]
		n, isElement := xmltree.Element(value)
		switch {
		case key == "rendition":
		case ok && isElement && n.Name == key && (place(order, key) >= 0 || n.Space != "" && n.Space != Namespace):
			s.add(key, value)
		case ok && !isElement && isContentAttribute(key) && !out.has(key) && strings.TrimSpace(allowed(value)) == value:
			out.set(key, value)
		default:
			w.lose(path+"/extra/"+key, "not written: it came from another format or place")
		}
	}
}

// isContentAttribute reports whether the schema has the attribute in
// remoteContent and no field of a rendition stands for it.
func isContentAttribute(name string) bool {
	switch strings.TrimSuffix(name, "uri") {
	case "id", "creator", "modified", "custom", "how", "why", "generator", "hascontent", "hreftype", "formatversion", "contenttypevariant", "standard",
		"title", "rights", "language", "validfrom", "validto", "wordcount", "charcount", "linecount", "pagecount", "widthunit", "heightunit", "orientation",
		"colourdepth", "resolution", "colourindicator", "audiovbr", "audiosamplesize", "audiochannels", "videoavgbitrate", "videovbr", "videodefinition",
		"duration", "durationunit", "width", "height", "timestamp", "picturenum":
		return true
	}
	return false
}

// isScan reports whether the schema has the technique of a video scan.
func isScan(s string) bool { return s == "progressive" || s == "interlaced" }

// houseField is a text of a rendition that stands in a property of the house.
type houseField struct {
	name  string
	value *string
}

func houseFields(r *news.Rendition) []houseField {
	return []houseField{
		{"title", &r.Title}, {"originalFilename", &r.OriginalFilename}, {"fileExt", &r.FileExt}, {"uri", &r.URI}, {"scanType", &r.ScanType},
		{"scene", &r.Scene}, {"backgroundColour", &r.BackgroundColour}, {"code", &r.Code}, {"signal", &r.Signal},
	}
}

// houseNumber is a number of a rendition that stands in a property of the house.
type houseNumber struct {
	name  string
	float *float64
	whole *int
}

// format returns the number as the reader takes it; ok is false if it does not.
func (f houseNumber) format() (value string, ok bool) {
	v := 0.0
	if f.whole != nil {
		v = float64(*f.whole)
	} else {
		v = *f.float
	}
	if v == 0 {
		return "", true
	}
	return decimal(v), v > 0 && v < 1e15
}

func houseNumbers(r *news.Rendition) []houseNumber {
	return []houseNumber{{name: "audioChannels", whole: &r.AudioChannels}, {name: "bitRate", float: &r.BitRate}, {name: "printSize", float: &r.PrintSize}}
}

// part writes a shot or section.
func (w *writer) part(i int) string {
	p := &w.it.Parts[i]
	path := fmt.Sprintf("/parts/%d", i)
	var s section
	switch {
	case p.Start != "" && p.End != "":
		unit := ""
		if p.Unit != "" {
			if unit = "timeunit:" + p.Unit; !isQCode(unit) {
				w.losef(path+"/unit", "%q is not a code", lexical.Shorten(p.Unit))
				unit = ""
			}
		} else {
			w.lose(path+"/unit", "without a unit, the standard's default editUnit is read")
		}
		s.add("timeDelim", element("timeDelim", "", "start", w.token(path+"/start", p.Start), "end", w.token(path+"/end", p.End), "timeunit", unit))
	case p.Start != "" || p.End != "" || p.Unit != "":
		w.lose(path, "a section has a start and an end or neither")
	}
	if p.Role != "" {
		if attrs := w.role(path+"/role", "gen", p.Role); len(attrs) == 2 {
			s.add("role", element("role", "", map[string]string{"role": "qcode", "roleuri": "uri"}[attrs[0]], attrs[1]))
		}
	}
	if tag := w.language(path+"/language", p.Language); tag != "" {
		s.add("language", element("language", "", "tag", tag))
	}
	if p.Description != "" {
		s.add("description", element("description", w.block(path+"/description", p.Description)))
	}
	return element("partMeta", s.in("partMeta"), "partid", w.id(path+"/id", p.ID), "seq", positive(p.Seq))
}
