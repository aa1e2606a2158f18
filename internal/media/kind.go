package media

import (
	"bytes"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"jisr/internal/format/subtitle"
	"jisr/internal/news"
)

// Class is what a file is to a newsroom.
type Class string

// The classes of files that are taken.
const (
	Picture  Class = "picture"
	Video    Class = "video"
	Audio    Class = "audio"
	Document Class = "document"
	Subtitle Class = "subtitle"
)

// Kind is what the bytes of a file show.
type Kind struct {
	Type  string // IANA media type
	Class Class
	demux string // what ffmpeg is told to read it as; empty for what it never gets
}

// typeField is the field of errors about what a file is.
const typeField = "type"

// sniffed is how many bytes of a file decide what it is.
const sniffed = 4096

// kinds are the media types that are taken. What a browser or an editor's
// machine would run (SVG, HTML, archives, programs) is not among them.
var kinds = map[string]Kind{
	"image/jpeg":      {Class: Picture},
	"image/png":       {Class: Picture},
	"image/apng":      {Type: "image/png", Class: Picture},
	"image/gif":       {Class: Picture},
	"image/webp":      {Class: Picture},
	"image/tiff":      {Class: Picture},
	"image/heic":      {Class: Picture},
	"image/heif":      {Class: Picture},
	"image/avif":      {Class: Picture},
	"video/mp4":       {Class: Video, demux: "mov"},
	"video/x-m4v":     {Type: "video/mp4", Class: Video, demux: "mov"},
	"video/quicktime": {Class: Video, demux: "mov"},
	"video/3gpp":      {Class: Video, demux: "mov"},
	"video/3gpp2":     {Class: Video, demux: "mov"},
	"video/webm":      {Class: Video, demux: "matroska"},
	"video/matroska":  {Class: Video, demux: "matroska"},
	"video/x-msvideo": {Class: Video, demux: "avi"},
	"video/mpeg":      {Class: Video, demux: "mpeg"},
	"video/mp2t":      {Class: Video, demux: "mpegts"},
	"video/ogg":       {Class: Video, demux: "ogg"},
	"application/mxf": {Class: Video, demux: "mxf"},
	"audio/mpeg":      {Class: Audio, demux: "mp3"},
	"audio/wav":       {Class: Audio, demux: "wav"},
	"audio/aiff":      {Class: Audio, demux: "aiff"},
	"audio/flac":      {Class: Audio, demux: "flac"},
	"audio/ogg":       {Class: Audio, demux: "ogg"},
	"audio/mp4":       {Class: Audio, demux: "mov"},
	"audio/x-m4a":     {Type: "audio/mp4", Class: Audio, demux: "mov"},
	"audio/aac":       {Class: Audio, demux: "aac"},
	"audio/amr":       {Class: Audio, demux: "amr"},
	"application/pdf": {Class: Document},
}

// Sniff says what the first bytes of a file show it to be: 4,096 of them, or
// all. It fails with Invalid, and says what it is, for a file that is not taken.
func Sniff(head []byte) (Kind, error) {
	head = head[:min(len(head), sniffed)]
	if len(head) == 0 {
		return Kind{}, news.Errorf(news.Invalid, "media", "the file is empty")
	}
	found := typeOf(head)
	if k, ok := kinds[found]; ok {
		if k.Type == "" {
			k.Type = found
		}
		return k, nil
	}
	switch subtitle.Detect(head) {
	case "webvtt":
		return Kind{Type: "text/vtt", Class: Subtitle}, nil
	case "srt":
		return Kind{Type: "application/x-subrip", Class: Subtitle}, nil
	}
	return Kind{}, news.Errorf(news.Invalid, typeField, "the file is of type %s: pictures (JPEG, PNG, GIF, WebP, TIFF, HEIC, AVIF), video, sound, PDF and subtitles are taken", found)
}

// typeOf returns the media type that the bytes show.
func typeOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x06\x0e\x2b\x34\x02\x05\x01\x01")): // SMPTE ST 377-1: the header partition pack
		return "application/mxf"
	case isTransportStream(head):
		return "video/mp2t"
	}
	t, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	return t
}

// isTransportStream reports whether packets of 188 bytes begin with their sync
// byte (ISO/IEC 13818-1 §2.4.3.2).
func isTransportStream(head []byte) bool {
	const packet, packets = 188, 5
	if len(head) < packet*packets {
		return false
	}
	for i := range packets {
		if head[i*packet] != 0x47 {
			return false
		}
	}
	return true
}
