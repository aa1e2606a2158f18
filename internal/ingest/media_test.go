package ingest

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// jpg is a picture that says nothing of itself; each shade is another one.
func jpg(t *testing.T, shade uint8) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: shade}.Y
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	return b.String()
}

func withPicture(names ...string) string {
	var r []string
	for i, n := range names {
		r = append(r, `{"name":"main`+string(rune('a'+i))+`","href":"`+n+`"}`)
	}
	return `"renditions":[` + strings.Join(r, ",") + `]`
}

func TestAPictureThatComesAfterItsTextIsTakenWithIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Folder, nil)
		text := h.brings(src, "in/1.json", item(story, "1", "Fire", withPicture("a.jpg", "b.jpg")))
		h.wants(text, Waiting, story, 0, "")
		if len(text.Awaits) != 2 || !strings.Contains(text.Reason, "in/a.jpg") {
			t.Errorf("it waits for %v and says %q", text.Awaits, text.Reason)
		}
		second := h.keeps(src, "in/b.jpg", jpg(t, 2)) // not the one that it names first
		h.clock.advance(20 * time.Second)             // longer than a lone picture waits
		if got := h.taken(second.ID); got.State != Waiting {
			t.Fatalf("a picture that a waiting text names is %s: %+v", got.State, got.Came)
		}
		first := h.brings(src, "in/a.jpg", jpg(t, 1))
		h.wants(h.taken(text.ID), Done, story, 1, news.StatusUsable)
		for _, id := range []string{first.ID, second.ID} {
			a := h.taken(id)
			if a.State != Done || len(a.Came) != 1 || a.Came[0].Outcome != Media || a.Came[0].URI != story {
				t.Errorf("the picture is %s, came %+v", a.State, a.Came)
			}
		}
		for _, r := range h.head(story).Item.Renditions {
			if !h.blobs.Has(r.Digest) {
				t.Errorf("rendition %s has the digest %q", r.Href, r.Digest)
			}
		}
	})
}

func TestATextWhosePictureNeverComesIsIssuedAndSaysWhatIsMissing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Folder, nil)
		text := h.brings(src, "1.json", item(story, "1", "Fire", withPicture("a.jpg")))
		h.wants(text, Waiting, story, 0, "")
		h.clock.advance(3 * time.Minute)
		got := h.taken(text.ID)
		h.wants(got, Done, story, 1, news.StatusUsable)
		if len(got.Losses) != 1 || !strings.Contains(got.Losses[0], "a.jpg") {
			t.Errorf("losses: %v", got.Losses)
		}
	})
}

func TestAKillDoesNotWaitForAPicture(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Folder, nil)
		h.brings(src, "1.json", item(story, "1", "Fire"))
		h.wants(h.brings(src, "2.json", item(story, "2", "Kill", killed, withPicture("a.jpg"))), Done, story, 2, news.StatusKilled)
	})
}

func TestALonePictureBecomesAnItemAfterAShortPatience(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Folder, nil)
		a := h.brings(src, "lone.jpg", jpg(t, 7))
		if a.State != Waiting {
			t.Fatalf("a lone picture is %s at once", a.State)
		}
		h.clock.advance(20 * time.Second)
		a = h.taken(a.ID)
		if a.State != Done || len(a.Came) != 1 || a.Came[0].Outcome != Issued {
			t.Fatalf("it is %s (%s), came %+v", a.State, a.Reason, a.Came)
		}
		got := h.head(a.Came[0].URI).Item
		if got.Type != news.Picture || got.Headline() != "lone.jpg" || len(got.InfoSources) != 1 || got.InfoSources[0].Name != "Kuna" {
			t.Errorf("the item is %s %q from %+v", got.Type, got.Headline(), got.InfoSources)
		}
	})
}

func TestPicturesSentAgainWithTheirUnchangedTextStayPictures(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Folder, nil)
		text := item(story, "1", "Fire", withPicture("a.jpg"))
		h.keeps(src, "a.jpg", jpg(t, 1))
		h.wants(h.brings(src, "1.json", text), Done, story, 1, news.StatusUsable)
		again, _, err := h.keep(t.Context(), src, File{Key: "again", Name: "a.jpg", Data: []byte(jpg(t, 1))})
		must(t, err)
		h.keep(t.Context(), src, File{Key: "again text", Name: "1.json", Data: []byte(text)})
		h.clock.advance(time.Minute)
		if a := h.taken(again.ID); a.State != Done || a.Came[0].Outcome != Media {
			t.Errorf("the picture became %+v", a.Came)
		}
	})
}
