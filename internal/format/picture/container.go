package picture

import (
	"bytes"
	"compress/zlib"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"io"
	"strconv"

	"jisr/internal/news"
)

// file is the metadata of a picture, still packed. The packets are pieces of the
// file's own bytes where they were not compressed.
type file struct {
	mediaType      string
	width, height  int
	exif, iim, xmp []byte
	iimChanged     bool // the IIM is not the one that the XMP was written from
}

// open finds the packets of a picture.
func (r *reader) open(data []byte) (file, error) {
	f := file{mediaType: mediaType(data)}
	var err error
	switch f.mediaType {
	case "image/jpeg":
		err = r.openJPEG(&f, data)
	case "image/png":
		err = r.openPNG(&f, data)
	case "image/tiff":
		err = r.openTIFF(&f, data)
	case "image/webp":
		err = r.openWebP(&f, data)
	default:
		err = news.Errorf(news.Invalid, "", "the file is no JPEG, PNG, TIFF or WebP picture")
	}
	switch {
	case err == nil && (f.width <= 0 || f.height <= 0):
		err = news.Errorf(news.Invalid, "", "the picture was cut off before its dimensions: send it again")
	case err == nil && isCutOff(f.mediaType, data):
		r.lose("picture", "the file was cut off, so that a part of the picture is missing: have it sent again")
	}
	return f, err
}

// isCutOff reports whether a file lacks the end that its format demands. What
// follows the end (a second picture, padding) does no harm. Of TIFF it cannot be
// said without decoding.
func isCutOff(mediaType string, data []byte) bool {
	switch mediaType {
	case "image/jpeg":
		for rest := data[2:]; ; {
			marker, _, after, ok := nextSegment(rest)
			switch {
			case !ok || marker == markerEOI:
				return true // before there was a picture
			case marker == markerSOS:
				return !bytes.Contains(after, []byte{0xff, markerEOI})
			}
			rest = after
		}
	case "image/png":
		return !bytes.Contains(data[8:], []byte("IEND"))
	case "image/webp":
		return int64(binary.LittleEndian.Uint32(data[4:])) > int64(len(data)-8)
	}
	return false
}

// The markers of JPEG segments that matter here (ITU T.81 table B.1).
const (
	markerSOI   = 0xd8
	markerSOS   = 0xda
	markerEOI   = 0xd9
	markerAPP1  = 0xe1
	markerAPP13 = 0xed

	exifHeader      = "Exif\x00\x00"
	xmpHeader       = "http://ns.adobe.com/xap/1.0/\x00"
	xmpExtended     = "http://ns.adobe.com/xmp/extension/\x00"
	photoshopHeader = "Photoshop 3.0\x00"
)

func (r *reader) openJPEG(f *file, data []byte) error {
	var resources []byte
	for rest := data[2:]; ; {
		marker, body, after, ok := nextSegment(rest)
		if !ok || marker == markerSOS || marker == markerEOI {
			break
		}
		rest = after
		switch {
		case isFrame(marker) && len(body) >= 5:
			f.height, f.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
		case marker == markerAPP1 && hasPrefix(body, exifHeader):
			f.exif = body[len(exifHeader):]
		case marker == markerAPP1 && hasPrefix(body, xmpHeader):
			f.xmp = body[len(xmpHeader):]
		case marker == markerAPP1 && hasPrefix(body, xmpExtended):
			r.lose("xmp", "the part of the XMP that did not fit into one segment was not read")
		case marker == markerAPP13 && hasPrefix(body, photoshopHeader) && len(resources) < maxPacket:
			// Resources longer than a segment go on in the next one.
			resources = append(resources, body[len(photoshopHeader):]...)
		}
	}
	f.takeResources(resources)
	return nil
}

// nextSegment splits the first segment of a JPEG off. ok is false at the end or
// where the file is damaged.
func nextSegment(data []byte) (marker byte, body, rest []byte, ok bool) {
	if len(data) < 2 || data[0] != 0xff {
		return 0, nil, nil, false
	}
	for len(data) > 2 && data[1] == 0xff { // fill bytes
		data = data[1:]
	}
	marker = data[1]
	if marker == markerSOS || marker == markerEOI {
		return marker, nil, data, true
	}
	if marker == 0x01 || marker >= 0xd0 && marker <= 0xd7 { // markers without a body
		return marker, nil, data[2:], true
	}
	if len(data) < 4 {
		return 0, nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(data[2:]))
	if n < 2 || len(data) < 2+n {
		return 0, nil, nil, false
	}
	return marker, data[4 : 2+n], data[2+n:], true
}

// isFrame reports whether a marker is a start of frame of any coding process.
func isFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// Photoshop's image resources that matter here.
const (
	resourceIIM    = 0x0404
	resourceDigest = 0x0425 // MD5 of the IIM, as it was when the XMP was written
)

func (f *file) takeResources(data []byte) {
	var digest []byte
	for res := range resources(data) {
		switch res.id {
		case resourceIIM:
			f.iim = res.body
		case resourceDigest:
			digest = res.body
		}
	}
	if len(digest) == md5.Size && f.iim != nil && len(f.xmp) > 0 {
		sum := md5.Sum(f.iim)
		f.iimChanged = !bytes.Equal(sum[:], digest) && !bytes.Equal(digest, make([]byte, md5.Size))
	}
}

type resource struct {
	id   uint16
	name []byte // a Pascal string with its padding
	body []byte
}

// resources yields Photoshop image resource blocks until the first damaged one.
func resources(data []byte) func(yield func(resource) bool) {
	return func(yield func(resource) bool) {
		for len(data) >= 12 && string(data[:4]) == "8BIM" {
			id := binary.BigEndian.Uint16(data[4:])
			named := 1 + int(data[6])
			named += named % 2
			if len(data) < 6+named+4 {
				return
			}
			size := int64(binary.BigEndian.Uint32(data[6+named:]))
			start := 6 + named + 4
			if size > int64(len(data)-start) {
				return
			}
			end := start + int(size)
			if !yield(resource{id, data[6 : 6+named], data[start:end]}) {
				return
			}
			data = data[min(end+int(size%2), len(data)):]
		}
	}
}

// openPNG reads IHDR, eXIf, the XMP of iTXt and the IIM that ImageMagick writes
// into zTXt. Chunks after the picture are read too.
func (r *reader) openPNG(f *file, data []byte) error {
	for rest := data[8:]; len(rest) >= 12; {
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-12) {
			break
		}
		kind, body := string(rest[4:8]), rest[8:8+n]
		rest = rest[12+n:]
		switch {
		case kind == "IHDR" && len(body) >= 8:
			f.width, f.height = dimension(binary.BigEndian.Uint32(body)), dimension(binary.BigEndian.Uint32(body[4:]))
		case kind == "eXIf":
			f.exif = body
		case kind == "iTXt" && hasPrefix(body, "XML:com.adobe.xmp\x00") && len(body) > 20:
			f.xmp = r.internationalText(body[len("XML:com.adobe.xmp\x00"):])
		case kind == "zTXt" && hasPrefix(body, "Raw profile type iptc\x00\x00"):
			f.takeResources(rawProfile(inflate(body[len("Raw profile type iptc\x00\x00"):])))
		case kind == "IEND":
			return nil
		}
	}
	return nil
}

// internationalText returns the text of an iTXt chunk after its keyword.
func (r *reader) internationalText(body []byte) []byte {
	compressed := body[0] == 1
	_, body, _ = bytes.Cut(body[2:], []byte{0})  // language
	_, body, found := bytes.Cut(body, []byte{0}) // translated keyword
	if !found {
		return nil
	}
	if compressed {
		body = inflate(body)
	}
	return body
}

// inflate returns what is compressed, or nil if that is damaged or too much.
func inflate(data []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(z, maxPacket+1))
	if err != nil || len(out) > maxPacket {
		return nil
	}
	return out
}

// rawProfile decodes ImageMagick's text form of a binary profile: its name, its
// length and hex digits in lines.
func rawProfile(text []byte) []byte {
	fields := bytes.Fields(text)
	if len(fields) < 3 {
		return nil
	}
	if _, err := strconv.Atoi(string(fields[1])); err != nil {
		return nil
	}
	digits := bytes.Join(fields[2:], nil)
	out := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(out, digits); err != nil {
		return nil
	}
	return out
}

// openWebP reads the chunks of RIFF (developers.google.com/speed/webp/docs/riff_container).
func (r *reader) openWebP(f *file, data []byte) error {
	for rest := data[12:]; len(rest) >= 8; {
		n := int64(binary.LittleEndian.Uint32(rest[4:]))
		if n > int64(len(rest)-8) {
			break
		}
		kind, body := string(rest[:4]), rest[8:8+n]
		rest = rest[min(8+n+n%2, int64(len(rest))):]
		switch {
		case kind == "VP8X" && len(body) >= 10:
			f.width, f.height = 1+uint24(body[4:]), 1+uint24(body[7:])
		case kind == "VP8 " && len(body) >= 10 && f.width == 0:
			f.width, f.height = int(binary.LittleEndian.Uint16(body[6:])&0x3fff), int(binary.LittleEndian.Uint16(body[8:])&0x3fff)
		case kind == "VP8L" && len(body) >= 5 && f.width == 0:
			bits := binary.LittleEndian.Uint32(body[1:])
			f.width, f.height = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
		case kind == "EXIF":
			f.exif = bytes.TrimPrefix(body, []byte(exifHeader))
		case kind == "XMP ":
			f.xmp = body
		}
	}
	return nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// openTIFF reads the first image directory.
func (r *reader) openTIFF(f *file, data []byte) error {
	order := binary.ByteOrder(binary.LittleEndian)
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	if len(data) < 8 {
		return nil
	}
	f.exif = data
	at := int64(order.Uint32(data[4:]))
	if at > int64(len(data)-2) {
		return nil
	}
	n := int64(order.Uint16(data[at:]))
	for i := range n {
		if at+2+12*(i+1) > int64(len(data)) {
			return nil
		}
		entry := data[at+2+12*i:]
		kind, count := order.Uint16(entry[2:]), int64(order.Uint32(entry[4:]))
		switch order.Uint16(entry) {
		case 256:
			f.width = number(order, kind, entry[8:])
		case 257:
			f.height = number(order, kind, entry[8:])
		case 700:
			f.xmp = valueAt(data, order, entry, count)
		case 33723:
			if kind == 4 { // IPTC written as 32-bit words
				count *= 4
			}
			f.iim = valueAt(data, order, entry, count)
		case 34377:
			if f.iim == nil {
				f.takeResources(valueAt(data, order, entry, count))
			}
		}
	}
	return nil
}

func number(order binary.ByteOrder, kind uint16, value []byte) int {
	if kind == 3 {
		return int(order.Uint16(value))
	}
	return dimension(order.Uint32(value))
}

// dimension bounds a length in pixels to what formats allow.
func dimension(v uint32) int { return int(min(v, 1<<31-1)) }

func valueAt(data []byte, order binary.ByteOrder, entry []byte, count int64) []byte {
	at := int64(order.Uint32(entry[8:]))
	if count > maxPacket || count <= 4 || at+count > int64(len(data)) {
		return nil
	}
	return data[at : at+count]
}
