package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"jisr/internal/blob/blobtest"
	"jisr/internal/news"
)

// gateway is a real S3 server over a folder.
type gateway struct{ *blobtest.Bucket }

func startGateway(t *testing.T) *gateway { return &gateway{blobtest.S3(t)} }

func (g *gateway) open(t *testing.T) *Store {
	t.Helper()
	s, err := NewBucket(t.Context(), t.TempDir(), g.Location, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// objects lists the keys in the bucket.
func (g *gateway) objects(t *testing.T, s *Store) []string {
	t.Helper()
	var keys []string
	b := s.shelf.(*bucket)
	for o := range b.client.ListObjectsIter(t.Context(), b.name, minio.ListObjectsOptions{Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func temporaries(t *testing.T, s *Store) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.dir, tempFolder))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestBucketKeepsBlobsByTheirDigest(t *testing.T) {
	g := startGateway(t)
	s := g.open(t)
	large := bytes.Repeat([]byte("фильм فيلم film "), 2<<20) // three parts
	for _, b := range [][]byte{nil, []byte("صورة"), large} {
		want := digestOf(b)
		if s.Has(want) {
			t.Fatal("it is there before it was stored")
		}
		if info := put(t, s, b); info.Digest != want || info.Size != int64(len(b)) {
			t.Fatalf("put says %+v", info)
		}
		put(t, s, b) // again, which is no harm
		other := g.open(t)
		for _, s := range []*Store{s, other} { // also from another node over the same bucket
			if !s.Has(want) || !bytes.Equal(read(t, s, want), b) {
				t.Fatalf("the %d bytes did not come back", len(b))
			}
			if err := s.Verify(t.Context(), want); err != nil {
				t.Fatal(err)
			}
		}
	}
	hex := strings.TrimPrefix(digestOf(large), "sha256:")
	if keys := g.objects(t, s); len(keys) != 3 || !strings.Contains(strings.Join(keys, " "), "kuna/"+hex[:2]+"/"+hex[2:4]+"/"+hex) {
		t.Errorf("keys %q", keys)
	}
	u, err := s.Usage(t.Context())
	if err != nil || u.Blobs != 3 || u.Bytes != int64(len(large)+len("صورة")) || u.Partial != 0 {
		t.Errorf("usage %+v: %v", u, err)
	}
	if n := temporaries(t, s); n != 0 {
		t.Errorf("%d temporary files are left", n)
	}
}

func TestBucketGivesAnyPartOfABlob(t *testing.T) {
	s := startGateway(t).open(t)
	b := make([]byte, 3<<20)
	for i := range b {
		b[i] = byte(i * i >> 7)
	}
	digest := put(t, s, b).Digest
	r, size, err := s.Open(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, p := range []struct {
		offset int64
		whence int
		n      int
		at     int64
	}{{1 << 20, io.SeekStart, 1000, 1 << 20}, {-500, io.SeekEnd, 500, size - 500}, {0, io.SeekStart, 10, 0}, {90, io.SeekCurrent, 10, 100}, {-10, io.SeekCurrent, 3, 100}} {
		if at, err := r.Seek(p.offset, p.whence); err != nil || at != p.at {
			t.Fatalf("seek to %d, at %d: %v", p.at, at, err)
		}
		got := make([]byte, p.n)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, b[p.at:p.at+int64(p.n)]) {
			t.Fatalf("%d bytes at %d: %v", p.n, p.at, err)
		}
	}
	if _, err := r.Seek(size, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("beyond the end: %d, %v", n, err)
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("seek before the beginning")
	}
}

func TestBucketRefusesOtherBytesAndKeepsNone(t *testing.T) {
	g := startGateway(t)
	s := g.open(t)
	want := digestOf([]byte("picture"))
	_, err := s.Put(t.Context(), strings.NewReader("pIcture"), Expect{Digest: want})
	expectKind(t, err, news.Invalid)
	_, err = s.Put(t.Context(), strings.NewReader("picture"), Expect{Max: 3})
	expectKind(t, err, news.TooLarge)
	_, _, err = s.Open(want)
	expectKind(t, err, news.NotFound)
	expectKind(t, s.Verify(t.Context(), want), news.NotFound)
	if keys := g.objects(t, s); len(keys) != 0 || temporaries(t, s) != 0 {
		t.Errorf("kept %q", keys)
	}
}

func TestBucketTakesTheSameBlobFromManyAtOnce(t *testing.T) {
	g := startGateway(t)
	b := bytes.Repeat([]byte("picture"), 100_000)
	var nodes []*Store
	for range 4 {
		nodes = append(nodes, g.open(t))
	}
	errs := make(chan error, 16)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			_, err := nodes[i%4].Put(context.Background(), bytes.NewReader(b), Expect{})
			errs <- err
		})
	}
	wg.Wait()
	for range 16 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if keys := g.objects(t, nodes[0]); len(keys) != 1 || !bytes.Equal(read(t, nodes[0], digestOf(b)), b) {
		t.Errorf("keys %q", keys)
	}
}

func TestDownloadIsResumedHereAndFinishedInTheBucket(t *testing.T) {
	g := startGateway(t)
	s := g.open(t)
	b := bytes.Repeat([]byte("film"), 100_000)
	p, err := s.Resume(t.Context(), digestOf(b), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(b[:1000]); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Has(digestOf(b)) {
		t.Error("half of it is there")
	}
	if p, err = s.Resume(t.Context(), digestOf(b), 0); err != nil || p.Size() != 1000 {
		t.Fatalf("resumed at %d: %v", p.Size(), err)
	}
	if _, err := p.Write(b[1000:]); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read(t, s, digestOf(b)), b) || temporaries(t, s) != 0 {
		t.Error("it did not come back whole")
	}
}

func TestUploadIsTakenOverIntoTheBucket(t *testing.T) {
	s := startGateway(t).open(t)
	path := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(path, []byte("upload"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := s.Adopt(t.Context(), path, Expect{})
	if err != nil || string(read(t, s, info.Digest)) != "upload" {
		t.Fatalf("%+v: %v", info, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file stays: %v", err)
	}
}

func TestDeletedBlobIsGoneFromTheBucketAndSoonFromOtherNodes(t *testing.T) {
	g := startGateway(t)
	s := g.open(t)
	now := time.Now()
	other, err := NewBucket(t.Context(), t.TempDir(), g.Location, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	digest := put(t, s, []byte("picture")).Digest
	if !other.Has(digest) {
		t.Fatal("the other node does not see it")
	}
	for range 2 {
		if err := s.Delete(digest); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err = s.Open(digest)
	expectKind(t, err, news.NotFound)
	now = now.Add(remembered)
	_, _, err = other.Open(digest)
	expectKind(t, err, news.NotFound)
	if other.Has(digest) {
		t.Error("the other node still has it")
	}
}

func TestDamageInTheBucketIsFound(t *testing.T) {
	g := startGateway(t)
	s := g.open(t)
	digest := put(t, s, []byte("picture")).Digest
	b := s.shelf.(*bucket)
	if _, err := b.client.PutObject(t.Context(), b.name, b.key(digest), strings.NewReader("pIcture"), 7, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	expectKind(t, s.Verify(t.Context(), digest), news.Conflict)
	if _, err := b.client.PutObject(t.Context(), b.name, b.key(digest), strings.NewReader("pict"), 4, minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	put(t, s, []byte("picture")) // a blob of another size is none: it is replaced
	if err := s.Verify(t.Context(), digest); err != nil {
		t.Error(err)
	}
}

func TestBucketThatDoesNotAnswerLosesNothing(t *testing.T) {
	g := startGateway(t)
	s := g.open(t)
	kept := put(t, s, []byte("kept")).Digest
	g.Stop()
	_, err := s.Put(t.Context(), strings.NewReader("picture"), Expect{})
	expectKind(t, err, news.Unavailable)
	if strings.Contains(fmt.Sprint(err), "secret") {
		t.Errorf("the secret is shown: %v", err)
	}
	p, err := s.Resume(t.Context(), digestOf([]byte("film")), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("film")); err != nil {
		t.Fatal(err)
	}
	_, err = p.Commit()
	expectKind(t, err, news.Unavailable)
	if p, err = s.Resume(t.Context(), digestOf([]byte("film")), 0); err != nil || p.Size() != 4 {
		t.Errorf("the download is lost: %v", err)
	}
	if !s.Has(kept) || s.Has(digestOf([]byte("never"))) {
		t.Error("what was in the bucket is taken for gone")
	}
}

func TestUnfinishedUploadsToTheBucketAreEnded(t *testing.T) {
	g := startGateway(t)
	now := time.Now()
	s, err := NewBucket(t.Context(), t.TempDir(), g.Location, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	b := s.shelf.(*bucket)
	core := minio.Core{Client: b.client}
	id, err := core.NewMultipartUpload(t.Context(), b.name, b.key(digestOf([]byte("film"))), minio.PutObjectOptions{})
	if err != nil || id == "" {
		t.Fatal(err)
	}
	for _, want := range []int{0, 1, 0} {
		if n, err := s.Clean(t.Context(), 24*time.Hour); err != nil || n != want {
			t.Errorf("%d were ended, want %d: %v", n, want, err)
		}
		now = now.Add(25 * time.Hour)
	}
}

func TestBucketThatCannotBeUsedStopsTheStart(t *testing.T) {
	g := startGateway(t)
	for _, location := range []string{
		strings.Replace(g.Location, "a%2Fsecret%2B", "wrong", 1),
		strings.Replace(g.Location, "/media/", "/nothing/", 1),
		strings.Replace(g.Location, g.Address, "127.0.0.1:1", 1),
	} {
		_, err := NewBucket(t.Context(), t.TempDir(), location, time.Now)
		expectKind(t, err, news.Unavailable)
	}
	for _, location := range []string{"", "media", "https://host/bucket", "s3://", "s3://host", "s3://host/", "s3://k:a/b@host/bucket", "s3://host/bucket?endpoint=x", "s3://host/bucket/../x"} {
		expectKind(t, CheckBucket(location), news.Invalid)
	}
	for _, location := range []string{"s3://host/bucket", "s3://k:s@s3.eu-central-1.amazonaws.com/bucket/a/b/?region=eu-central-1", "s3+http://host:9000/bucket"} {
		if err := CheckBucket(location); err != nil {
			t.Error(err)
		}
	}
}
