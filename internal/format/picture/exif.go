package picture

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/bep/imagemeta"

	"jisr/internal/format/charset"
	"jisr/internal/news"
)

// exif reads what the camera wrote: only the few tags that speak of the content.
// It returns nil if there is none of them.
func (r *reader) exif(data []byte) *news.Item {
	if len(data) == 0 {
		return nil
	}
	tags := map[string]any{}
	_, err := imagemeta.Decode(imagemeta.Options{
		R:           bytes.NewReader(data),
		ImageFormat: imagemeta.TIFF,
		Sources:     imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool {
			return isCaption(t.Tag) || strings.HasPrefix(t.Tag, "GPSL")
		},
		HandleTag: func(t imagemeta.TagInfo) error {
			if _, known := tags[t.Tag]; !known { // the main picture comes before its preview
				tags[t.Tag] = t.Value
			}
			return nil
		},
		LimitNumTags: 5000,
		LimitTagSize: 64 << 10,
	})
	if err != nil {
		r.lose("exif", "the EXIF is damaged; what could be read was taken")
	}
	if len(tags) == 0 {
		return nil
	}
	text := func(tag string) string {
		s, ok := tags[tag].(string)
		if !ok {
			return ""
		}
		out, _ := charset.Text([]byte(s), "")
		return strings.Trim(string(out), " \x00\r\n\t")
	}
	it := &news.Item{By: text("Artist"), CopyrightNotice: text("Copyright"), Descriptions: words(text("ImageDescription"), "caption")}
	if it.By != "" {
		it.Creators = []news.Concept{{Name: it.By}}
	}
	if s := text("DateTimeOriginal"); strings.Trim(s, "0: ") != "" {
		offset := text("OffsetTimeOriginal")
		if offset == "" {
			offset = text("OffsetTime")
		}
		it.ContentCreated = r.time("exif/DateTimeOriginal", s+offset)
	}
	if point := pointOf(degrees(tags, "GPSLatitude", "S"), degrees(tags, "GPSLongitude", "W")); point != nil {
		it.Places = []news.Concept{{Rel: "located", GeoJSON: point}}
	}
	return it
}

func isCaption(tag string) bool {
	switch tag {
	case "Artist", "Copyright", "ImageDescription", "DateTimeOriginal", "OffsetTimeOriginal", "OffsetTime":
		return true
	}
	return false
}

func degrees(tags map[string]any, tag, negative string) *float64 {
	v, ok := tags[tag].(float64)
	if !ok {
		return nil
	}
	if strings.HasPrefix(fmt.Sprint(tags[tag+"Ref"]), negative) {
		v = -v
	}
	return &v
}
