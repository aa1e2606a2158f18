package picture

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"io"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// maxSegment is what a JPEG segment can hold beside its length (ITU T.81 B.1.1.4).
const maxSegment = 65533

// WriteJPEG copies the JPEG picture of src to dst with the item's words as XMP
// and IPTC-IIM. The item is the authority: what it does not say is removed from
// the properties it has fields for, because a name may have been taken out for a
// reason. Properties that it has no fields for stay; so does every other byte of
// the file, EXIF and colour profile included.
//
// A content credential (C2PA) in the file no longer matches it afterwards: sign
// the picture after this, not before.
//
// The losses name what did not fit. The error is of kind Invalid if src is no
// JPEG; then dst may have got part of it.
func WriteJPEG(dst io.Writer, src io.Reader, it *news.Item) ([]loss.Loss, error) {
	in := bufio.NewReaderSize(src, 64<<10)
	head, err := readHead(in)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	var leading, others []segment
	var oldXMP, oldResources []byte
	for _, s := range head {
		switch {
		case s.marker == markerAPP1 && hasPrefix(s.body, xmpHeader):
			oldXMP = s.body[len(xmpHeader):]
		case s.marker == markerAPP1 && hasPrefix(s.body, xmpExtended):
			r.lose("xmp", "the part of the old XMP that did not fit into one segment was removed")
		case s.marker == markerAPP13 && hasPrefix(s.body, photoshopHeader):
			oldResources = append(oldResources, s.body[len(photoshopHeader):]...)
		case len(others) == 0 && (s.marker == 0xe0 || s.marker == markerAPP1):
			leading = append(leading, s) // JFIF and EXIF must come first
		default:
			others = append(others, s)
		}
	}
	xmp, err := r.packet(it, oldXMP)
	if err != nil {
		return nil, err
	}
	segments := append(leading, segment{markerAPP1, append([]byte(xmpHeader), xmp...)})
	resources := resourcesWith(it, oldResources)
	for len(resources) > 0 {
		n := min(len(resources), maxSegment-len(photoshopHeader))
		segments = append(segments, segment{markerAPP13, append([]byte(photoshopHeader), resources[:n]...)})
		resources = resources[n:]
	}
	out := bufio.NewWriterSize(dst, 64<<10)
	out.Write([]byte{0xff, markerSOI})
	for _, s := range append(segments, others...) {
		s.write(out)
	}
	if _, err := io.Copy(out, in); err != nil {
		return nil, err
	}
	return r.losses, out.Flush() // a bufio.Writer keeps its first error
}

type segment struct {
	marker byte
	body   []byte
}

func (s segment) write(w *bufio.Writer) {
	w.Write([]byte{0xff, s.marker})
	if s.marker == 0x01 || s.marker >= 0xd0 && s.marker <= 0xd7 {
		return
	}
	w.Write(binary.BigEndian.AppendUint16(nil, uint16(len(s.body)+2)))
	w.Write(s.body)
}

// readHead reads the segments before the first scan and leaves in at its marker.
func readHead(in *bufio.Reader) ([]segment, error) {
	damaged := func(what string) error {
		return news.Errorf(news.Invalid, "", "the JPEG %s: send the picture again", what)
	}
	var soi [2]byte
	if _, err := io.ReadFull(in, soi[:]); err != nil || soi != [2]byte{0xff, markerSOI} {
		return nil, damaged("does not begin as one")
	}
	var out []segment
	total := 0
	for {
		mark, err := in.Peek(2)
		if err != nil || mark[0] != 0xff {
			return nil, damaged("was cut off or damaged before the picture")
		}
		marker := mark[1]
		if marker == markerSOS || marker == markerEOI {
			return out, nil
		}
		if marker == 0xff { // a fill byte
			in.Discard(1)
			continue
		}
		in.Discard(2)
		s := segment{marker: marker}
		if marker != 0x01 && !(marker >= 0xd0 && marker <= 0xd7) {
			var size [2]byte
			if _, err := io.ReadFull(in, size[:]); err != nil || binary.BigEndian.Uint16(size[:]) < 2 {
				return nil, damaged("was cut off or damaged before the picture")
			}
			s.body = make([]byte, binary.BigEndian.Uint16(size[:])-2)
			if _, err := io.ReadFull(in, s.body); err != nil {
				return nil, damaged("was cut off before the picture")
			}
		}
		if total += len(s.body) + 4; total > maxHeaders {
			return nil, news.Errorf(news.TooLarge, "", "the JPEG has more than %d bytes before the picture", maxHeaders)
		}
		out = append(out, s)
	}
}

// packet returns the XMP of the item. If the properties of the old one that the
// item has no fields for make it too large for a segment, they are left out.
func (r *reader) packet(it *news.Item, old []byte) ([]byte, error) {
	var kept []*property
	if old = bytes.Trim(old, "\x00 \r\n\t"); len(old) > 0 {
		props, err := parseXMP(bytes.ToValidUTF8(old, []byte("\uFFFD")))
		if err != nil && !errors.Is(err, errNoXMP) {
			r.lose("xmp", "the old XMP %v: it was replaced", err)
		}
		for _, p := range props {
			if !isOurs(p.Name) {
				kept = append(kept, p)
			}
		}
	}
	const room = maxSegment - len(xmpHeader)
	xmp := writeXMP(it, kept)
	if len(xmp) > room && len(kept) > 0 {
		r.lose("xmp", "%d properties of the old XMP were left out: a JPEG segment holds no more", len(kept))
		xmp = writeXMP(it, nil)
	}
	if len(xmp) > room {
		return nil, news.Errorf(news.TooLarge, "descriptions", "the item's words need %d bytes of XMP, more than the %d that a JPEG holds: shorten the caption", len(xmp), room)
	}
	return xmp, nil
}

// resourcesWith returns the Photoshop resources with the item's IIM in place of
// the old one, and the digest by which programs see who changed what last.
func resourcesWith(it *news.Item, old []byte) []byte {
	var out, oldIIM []byte
	for res := range resources(old) {
		switch res.id {
		case resourceIIM:
			oldIIM = res.body
		case resourceDigest:
		default:
			out = appendResource(out, res)
		}
	}
	iim := writeIIM(it, oldIIM)
	sum := md5.Sum(iim)
	out = appendResource(out, resource{resourceIIM, []byte{0, 0}, iim})
	return appendResource(out, resource{resourceDigest, []byte{0, 0}, sum[:]})
}

func appendResource(out []byte, res resource) []byte {
	out = append(out, "8BIM"...)
	out = binary.BigEndian.AppendUint16(out, res.id)
	out = append(out, res.name...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(res.body)))
	out = append(out, res.body...)
	if len(res.body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}
