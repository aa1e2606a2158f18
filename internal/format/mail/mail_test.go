package mail_test

import (
	"flag"
	"path/filepath"
	"testing"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/loss"
	"jisr/internal/format/mail"
	"jisr/internal/format/ninjs"
	"jisr/internal/format/picture"
	"jisr/internal/news"
)

const pattern = "testdata/*.eml"

var update = flag.Bool("update", false, "rewrite the golden files")

// nested knows ninjs and pictures.
func nested(data []byte, name string) ([]*news.Item, []loss.Loss) {
	switch {
	case picture.Detect(data):
		if it, losses, err := picture.Read(data); err == nil {
			return []*news.Item{it}, losses
		}
	case ninjs.Detect(data):
		if it, losses, err := ninjs.Read(data); err == nil {
			return []*news.Item{it}, losses
		}
	}
	return nil, nil
}

// TestMailsReadAsTheirGoldenFilesSay keeps what each mail becomes.
func TestMailsReadAsTheirGoldenFilesSay(t *testing.T) {
	goldentest.Format{Pattern: pattern, Fewest: 9, Detect: mail.Detect, Read: func(data []byte) ([]*news.Item, []loss.Loss, error) {
		res, losses, err := mail.Read(data, nested)
		return res.Items, losses, err
	}}.Check(t, *update)
}

// TestEveryRenditionWithADigestHasItsBytes: what an item names, the caller can store.
func TestEveryRenditionWithADigestHasItsBytes(t *testing.T) {
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		res, _, err := mail.Read(goldentest.File(t, file), nested)
		if err != nil {
			t.Fatal(err)
		}
		stored := map[string]bool{}
		for _, a := range res.Attachments {
			stored[a.Digest] = len(a.Bytes) > 0
		}
		for _, it := range res.Items {
			for _, d := range it.Digests() {
				if !stored[d] {
					t.Errorf("%s: %s is in no attachment", file, d)
				}
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	data := goldentest.File(b, "testdata/correspondent-koi8-ru.eml")
	for b.Loop() {
		if _, _, err := mail.Read(data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
