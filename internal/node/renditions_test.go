package node

import (
	"bytes"
	"image"
	"image/png"
	"testing"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/media"
)

func TestServedNodeMakesRenditions(t *testing.T) {
	n := start(t, db.SQLite, "kuna.test")
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 640, 480))); err != nil {
		t.Fatal(err)
	}
	info, err := n.Blobs.Put(t.Context(), &b, blob.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Media.Register(t.Context(), info.Digest); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the picture has a thumbnail", func() bool {
		f, err := n.Media.File(t.Context(), info.Digest)
		return err == nil && f.State == media.Ready && n.Blobs.Has(f.Renditions[media.Thumbnail].Digest)
	})
	if err := n.showMedia(t.Context(), info.Digest); err != nil {
		t.Error("a partner's file that is here:", err)
	}
	text, err := n.Blobs.Put(t.Context(), bytes.NewReader([]byte("no media")), blob.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.showMedia(t.Context(), text.Digest); err != nil {
		t.Error("a partner's file of another type is kept:", err)
	}
}
