package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"jisr/internal/news"
)

func newTestStore(t *testing.T) *Store {
	t.Helper()
	s, err := New(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// files lists the files of the store, without their folder.
func files(t *testing.T, s *Store) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(s.dir, path)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func expectKind(t *testing.T, err error, want news.Kind) {
	t.Helper()
	if news.KindOf(err) != want {
		t.Fatalf("error %v is of kind %q, want %q", err, news.KindOf(err), want)
	}
}

func put(t *testing.T, s *Store, b []byte) Info {
	t.Helper()
	info, err := s.Put(t.Context(), bytes.NewReader(b), Expect{})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func read(t *testing.T, s *Store, digest string) []byte {
	t.Helper()
	r, size, err := s.Open(digest)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil || int64(len(b)) != size {
		t.Fatalf("read %d of %d bytes: %v", len(b), size, err)
	}
	return b
}

func TestPutBytesAreFoundByTheirDigestInShardedFolders(t *testing.T) {
	s := newTestStore(t)
	for _, b := range [][]byte{nil, []byte("صورة"), bytes.Repeat([]byte("фото"), 200_000)} {
		want := digestOf(b)
		if info := put(t, s, b); info.Digest != want || info.Size != int64(len(b)) {
			t.Fatalf("put says %+v, want %s of %d bytes", info, want, len(b))
		}
		if !s.Has(want) || !bytes.Equal(read(t, s, want), b) {
			t.Fatalf("the bytes of %s did not come back", want)
		}
		hex := strings.TrimPrefix(want, "sha256:")
		if _, err := os.Stat(filepath.Join(s.dir, hex[:2], hex[2:4], hex)); err != nil {
			t.Error(err)
		}
	}
	_, _, err := s.Open(digestOf([]byte("absent")))
	expectKind(t, err, news.NotFound)
}

func TestSameBytesAreStoredOnceHoweverManyPutThemAtOnce(t *testing.T) {
	s := newTestStore(t)
	b := bytes.Repeat([]byte("x"), 1<<20)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := s.Put(t.Context(), bytes.NewReader(b), Expect{Digest: digestOf(b)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := files(t, s); len(got) != 1 {
		t.Errorf("files %v, want one", got)
	}
	u, err := s.Usage(t.Context())
	if want := (Usage{Blobs: 1, Bytes: 1 << 20}); err != nil || u != want {
		t.Errorf("usage %+v, %v; want %+v", u, err, want)
	}
}

func TestRefusedBytesLeaveNothing(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	broken := errors.New("connection reset")
	for name, c := range map[string]struct {
		ctx    context.Context
		r      io.Reader
		expect Expect
		kind   news.Kind
		is     error
	}{
		"another digest":    {r: strings.NewReader("a"), expect: Expect{Digest: digestOf([]byte("b"))}, kind: news.Invalid},
		"not a digest":      {r: strings.NewReader("a"), expect: Expect{Digest: "sha256:../../etc"}, kind: news.Invalid},
		"one byte too many": {r: strings.NewReader("12345"), expect: Expect{Max: 4}, kind: news.TooLarge},
		"broken connection": {r: io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken)), is: broken},
		"given up":          {ctx: canceled, r: strings.NewReader("a"), is: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestStore(t)
			ctx := c.ctx
			if ctx == nil {
				ctx = t.Context()
			}
			_, err := s.Put(ctx, c.r, c.expect)
			expectKind(t, err, c.kind)
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v, want %v", err, c.is)
			}
			if c.kind == news.TooLarge && !strings.Contains(err.Error(), "4 bytes") {
				t.Errorf("%q does not name the limit", err)
			}
			if got := files(t, s); len(got) != 0 {
				t.Errorf("left %v", got)
			}
		})
	}
}

func TestFullDiskIsSaidPlainlyAndLeavesNoHalfFile(t *testing.T) {
	for _, step := range []string{"write", "sync", "rename"} {
		t.Run(step, func(t *testing.T) {
			s := newTestStore(t)
			s.fault = func(at string) error {
				if at == step {
					return &fs.PathError{Op: at, Path: "x", Err: syscall.ENOSPC}
				}
				return nil
			}
			_, err := s.Put(t.Context(), strings.NewReader("picture"), Expect{})
			expectKind(t, err, news.Unavailable)
			if got := files(t, s); len(got) != 0 {
				t.Errorf("left %v", got)
			}
		})
	}
}

func TestLeftoversOfACrashAreCleanedOnceTheyAreOld(t *testing.T) {
	s := newTestStore(t)
	kept := put(t, s, []byte("kept"))
	for _, name := range []string{"put-123", strings.Repeat("a", 64) + partSuffix} {
		if err := os.WriteFile(filepath.Join(s.dir, tempFolder, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open, err := s.Resume(t.Context(), digestOf([]byte("slow")), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if n, err := s.Clean(t.Context(), 24*time.Hour); n != 0 || err != nil {
		t.Fatalf("cleaned %d fresh files, %v", n, err)
	}
	s.now = func() time.Time { return time.Now().Add(72 * time.Hour) }
	if n, err := s.Clean(t.Context(), 24*time.Hour); n != 2 || err != nil {
		t.Fatalf("cleaned %d, %v; want the 2 leftovers", n, err)
	}
	got := files(t, s)
	if len(got) != 2 || !s.Has(kept.Digest) {
		t.Errorf("files %v: want the blob and the download under way", got)
	}
}

func TestDamagedBlobIsFoundAndMendedByPuttingItAgain(t *testing.T) {
	s := newTestStore(t)
	b := []byte("picture")
	d := put(t, s, b).Digest
	if err := s.Verify(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.shelf.(*folder).path(d), []byte("pIcture"), 0o600); err != nil {
		t.Fatal(err)
	}
	expectKind(t, s.Verify(t.Context(), d), news.Conflict)
	put(t, s, b)
	if err := s.Verify(t.Context(), d); err != nil {
		t.Error(err)
	}
}

func TestDeletedBlobIsGoneAndDeletingTwiceIsFine(t *testing.T) {
	s := newTestStore(t)
	d := put(t, s, []byte("picture")).Digest
	for range 2 {
		if err := s.Delete(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(digestOf([]byte("never here"))); err != nil {
		t.Fatal(err)
	}
	if s.Has(d) {
		t.Error("it is still there")
	}
	expectKind(t, s.Verify(t.Context(), d), news.NotFound)
}

func TestFolderThatCannotBeWrittenStopsTheStart(t *testing.T) {
	// A file in the folder's place refuses root too, whom permissions do not.
	occupied := filepath.Join(t.TempDir(), "media")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(occupied, time.Now); err == nil {
		t.Error("a file was taken for a folder")
	}
	if os.Geteuid() != 0 {
		dir := t.TempDir()
		if err := errors.Join(os.Mkdir(filepath.Join(dir, tempFolder), 0o500)); err != nil {
			t.Fatal(err)
		}
		if _, err := New(dir, time.Now); err == nil {
			t.Error("a read-only folder was taken")
		}
	}
}

func TestFolderThatTurnsReadOnlyStillServesWhatItHas(t *testing.T) {
	s := newTestStore(t)
	d := put(t, s, []byte("picture")).Digest
	if err := errors.Join(os.Remove(filepath.Join(s.dir, tempFolder)), os.WriteFile(filepath.Join(s.dir, tempFolder), nil, 0o400)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), strings.NewReader("new"), Expect{}); err == nil {
		t.Error("a put that could not write succeeded")
	}
	if got := read(t, s, d); string(got) != "picture" {
		t.Errorf("read %q", got)
	}
}
