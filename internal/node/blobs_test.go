package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/blob/blobtest"
	"jisr/internal/db"
	"jisr/internal/news"
)

func TestMediaFollowTheItemFromBucketToBucket(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	var buckets []*blobtest.Bucket
	for _, n := range []*running{a, b} {
		bucket := blobtest.S3(t)
		buckets = append(buckets, bucket)
		c := *n.Config
		c.Media = bucket.Location
		n.stop()
		n.serve(&c)
	}
	partner(t, a, b)
	agree(t, a, b, anything())
	info, err := a.Blobs.Put(t.Context(), strings.NewReader(strings.Repeat("picture", 100_000)), blob.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	it := story("urn:x:pic", "en", "A picture")
	it.Type = news.Picture
	it.Renditions = []news.Rendition{{Name: "main", ContentType: "image/png", Digest: info.Digest, SizeInBytes: info.Size}}
	a.issue(news.Publish, it, "")
	eventually(t, "the media arrive", func() bool { return b.Blobs.Has(info.Digest) })
	for _, bucket := range buckets {
		s, err := blob.NewBucket(t.Context(), t.TempDir(), bucket.Location, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(t.Context(), info.Digest); err != nil {
			t.Error(err)
		}
	}
	for _, n := range []*running{a, b} {
		if left, err := os.ReadDir(filepath.Join(n.Config.Data, "media")); err != nil || len(left) != 1 {
			t.Errorf("media in the data folder: %v, %v", left, err)
		}
	}
}

func TestNodeIsNotMadeWithAMediaPlaceThatIsNone(t *testing.T) {
	c := &Config{Data: filepath.Join(t.TempDir(), "node"), Listen: "127.0.0.1:1", URL: "http://127.0.0.1:1", Media: "s3://nowhere"}
	err := Init(t.Context(), c, news.Organisation{Origin: "a.example", Kind: "agency", Names: map[string]string{"en": "a"}})
	if news.KindOf(err) != news.Invalid {
		t.Error(err)
	}
	if _, err := os.Stat(c.Data); !os.IsNotExist(err) {
		t.Errorf("something was made: %v", err)
	}
}
