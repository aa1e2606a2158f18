// Package picture reads what a photographer and a picture desk wrote into a file
// (EXIF, IPTC-IIM, XMP) into a news.Item, and writes an item's words into an
// exported JPEG.
//
// The invariant: the picture itself is never decoded and never changed. Reading
// takes the dimensions from the headers, so a file that would unfold to gigabytes
// costs its own size; writing replaces metadata segments and copies every other
// byte.
//
// The specifications: IPTC Photo Metadata Standard 2024.1, IPTC-IIM 4.2, XMP
// (ISO 16684-1), EXIF 3.0, and MWG Guidelines for Handling Image Metadata 2.0 for
// what holds when the three disagree.
package picture

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// Limits on one file.
const (
	MaxSize = 256 << 20 // bytes of a picture

	maxPacket  = 4 << 20 // bytes of one metadata packet, after inflating
	maxHeaders = 64 << 20
	maxEntries = 1000 // of one list of a packet
)

// Detect reports whether head, the first bytes of a file (16 are enough), begins
// a JPEG, PNG, TIFF or WebP picture.
func Detect(head []byte) bool { return mediaType(head) != "" }

// Read returns the item of a picture: one of type picture with the file as its
// main rendition. The rendition has no href; its Digest is that of data, which
// the caller stores.
//
// A picture without any metadata is an item too: its identity is then the hash
// of its bytes (RFC 6920), so that the same file is the same item.
func Read(data []byte) (*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the picture has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	r := &reader{}
	f, err := r.open(data)
	if err != nil {
		return nil, nil, err
	}
	it := &news.Item{Type: news.Picture}
	sum := sha256.Sum256(data)
	it.Renditions = []news.Rendition{{
		Name: "main", ContentType: f.mediaType, Width: f.width, Height: f.height,
		SizeInBytes: int64(len(data)), Digest: "sha256:" + hex.EncodeToString(sum[:]),
	}}
	xmp, iim, exif := r.xmp(f.xmp), r.iim(f.iim), r.exif(f.exif)
	if f.iimChanged {
		// Someone changed the IIM with a program that knows no XMP, so the IIM is
		// the newer of the two (MWG 2.0, "Reconciliation").
		r.merge(it, iim, "iim")
		r.merge(it, xmp, "xmp")
	} else {
		r.merge(it, xmp, "xmp")
		r.merge(it, iim, "iim")
	}
	r.merge(it, exif, "exif")
	if it.URI == "" {
		it.URI = "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return it, r.losses, nil
}

// reader collects what comes of one file.
type reader struct {
	losses []loss.Loss
}

func (r *reader) lose(path, format string, args ...any) {
	if len(r.losses) < 200 {
		r.losses = append(r.losses, loss.Loss{Path: path, Reason: fmt.Sprintf(format, args...)})
	}
}

// mediaType returns the media type that the first bytes of a file show.
func mediaType(head []byte) string {
	switch {
	case hasPrefix(head, "\xff\xd8\xff"):
		return "image/jpeg"
	case hasPrefix(head, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case hasPrefix(head, "II*\x00"), hasPrefix(head, "MM\x00*"):
		return "image/tiff"
	case hasPrefix(head, "RIFF") && len(head) >= 12 && string(head[8:12]) == "WEBP":
		return "image/webp"
	}
	return ""
}

func hasPrefix(data []byte, prefix string) bool {
	return len(data) >= len(prefix) && string(data[:len(prefix)]) == prefix
}
