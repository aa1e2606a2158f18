// Package blob keeps media bytes by their SHA-256, in a folder or in a bucket of
// S3.
//
// Its invariant: under a digest stands either nothing or exactly the bytes of
// that digest, durable. Bytes are written to a temporary file of this machine,
// hashed on the way, and only then put in their place, at once: renamed in a
// folder, or uploaded, as an object appears when it is whole. So a crash, a full
// disk or a liar leaves at most a temporary file, which Clean removes.
//
// A digest is written as in ledger entries, "sha256:" and 64 hex digits; its
// file or key is ab/cd/abcd…, 65,536 folders at most.
package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"jisr/internal/news"
)

// MaxSize is the largest blob in bytes unless an agreement says otherwise
// (exchange.md, "Limits").
const MaxSize = 10 << 30

// tempFolder holds what is not finished. It lies in the store's folder because
// a rename is only atomic within one file system.
const tempFolder = "tmp"

// Store keeps blobs. Its temporary files are in a folder that no other process
// writes to.
type Store struct {
	dir   string
	shelf shelf
	now   func() time.Time
	fault func(step string) error // fault injection in tests

	mu   sync.Mutex
	busy map[string]bool // temporary files that someone is writing
}

// shelf is where finished blobs stand.
type shelf interface {
	// settle makes a finished file the blob. The file is closed and gone after
	// that; it stays if settle fails.
	settle(ctx context.Context, f *os.File, digest string) error
	// open fails with fs.ErrNotExist if the blob is not here.
	open(digest string) (io.ReadSeekCloser, int64, error)
	has(digest string) bool
	delete(digest string) error
	// usage counts blobs and their bytes.
	usage(ctx context.Context) (Usage, error)
	// clean removes what was begun and left for the age, and returns how many.
	clean(ctx context.Context, age time.Duration) (int, error)
}

// New returns the store in the folder, which it makes if it is absent. now is
// the clock by which Clean finds abandoned files.
func New(dir string, now func() time.Time) (*Store, error) {
	s, err := newStore(dir, now)
	if err != nil {
		return nil, err
	}
	s.shelf = &folder{dir: dir, fault: func(step string) error { return s.fault(step) }}
	return s, nil
}

// newStore returns a store without a shelf.
func newStore(dir string, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(filepath.Join(dir, tempFolder), 0o750); err != nil {
		return nil, fmt.Errorf("media folder: %w", err)
	}
	// A folder that cannot be written to should stop the start, not the first
	// picture of the day.
	f, err := os.CreateTemp(filepath.Join(dir, tempFolder), "probe-*")
	if err != nil {
		return nil, fmt.Errorf("media folder: %w", err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return nil, fmt.Errorf("media folder: %w", err)
	}
	return &Store{dir: dir, now: now, busy: map[string]bool{}, fault: func(string) error { return nil }}, nil
}

// Info describes a stored blob.
type Info struct {
	Digest string
	Size   int64 // bytes
}

// Expect is what a writer knows beforehand.
type Expect struct {
	Digest string // refuse other bytes; empty to take any
	Max    int64  // bytes; 0 means MaxSize
}

// Put stores what r yields. It fails with TooLarge beyond the limit, with
// Invalid if the bytes are not those expected and with Unavailable if the disk
// is full; in each case nothing is kept.
func (s *Store) Put(ctx context.Context, r io.Reader, want Expect) (Info, error) {
	if want.Digest != "" && !news.ValidDigest(want.Digest) {
		return Info{}, badDigest(want.Digest)
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, tempFolder), "put-*")
	if err != nil {
		return Info{}, failed("store media", err)
	}
	name := filepath.Base(f.Name())
	s.claim(name)
	defer s.release(name)
	w := &writer{ctx: ctx, store: s, file: f, sum: sha256.New(), max: limit(want.Max)}
	info, err := s.put(w, r, want.Digest)
	if err != nil {
		f.Close() //nolint:errcheck // settle may have closed it; the first error says more
		return Info{}, errors.Join(failed("store media", err), remove(f.Name()))
	}
	return info, nil
}

func (s *Store) put(w *writer, r io.Reader, want string) (Info, error) {
	if _, err := io.CopyBuffer(w, r, make([]byte, copyBuffer)); err != nil {
		return Info{}, err
	}
	got := digest(w.sum)
	if want != "" && got != want {
		return Info{}, otherBytes(want, got)
	}
	return Info{Digest: got, Size: w.size}, s.shelf.settle(w.ctx, w.file, got)
}

// copyBuffer is how many bytes are hashed and written at a time.
const copyBuffer = 256 << 10

// Open returns the blob and its size; NotFound if it is not here. The caller
// closes it.
func (s *Store) Open(digest string) (io.ReadSeekCloser, int64, error) {
	if !news.ValidDigest(digest) {
		return nil, 0, badDigest(digest)
	}
	r, size, err := s.shelf.open(digest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, news.Errorf(news.NotFound, "digest", "the media %s is not here, or not yet", digest)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open media: %w", err)
	}
	return r, size, nil
}

// Has reports whether the blob is here.
func (s *Store) Has(digest string) bool {
	return news.ValidDigest(digest) && s.shelf.has(digest)
}

// Verify reads the blob again and fails with Conflict if its bytes are no
// longer those of its digest, with NotFound if it is not here.
func (s *Store) Verify(ctx context.Context, want string) error {
	r, _, err := s.Open(want)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, &reader{ctx, r}, make([]byte, copyBuffer)); err != nil {
		return fmt.Errorf("verify media %s: %w", want, err)
	}
	if got := digest(sum); got != want {
		return news.Errorf(news.Conflict, "digest", "the media %s is damaged: its bytes are those of %s", want, got)
	}
	return nil
}

// Delete removes the blob, for a legal takedown or a retention rule. That it
// was not here is no error.
func (s *Store) Delete(digest string) error {
	if !news.ValidDigest(digest) {
		return badDigest(digest)
	}
	if err := s.shelf.delete(digest); err != nil {
		return fmt.Errorf("delete media: %w", err)
	}
	return nil
}

// place returns where the blob of a valid digest lies, with slashes.
func place(digest string) string {
	name := strings.TrimPrefix(digest, "sha256:")
	return name[:2] + "/" + name[2:4] + "/" + name
}

// claim notes that a temporary file is being written, and reports false if it
// was already.
func (s *Store) claim(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[name] {
		return false
	}
	s.busy[name] = true
	return true
}

func (s *Store) release(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, name)
}

// writer writes to a temporary file, hashing, up to a limit and until its
// context ends.
type writer struct {
	ctx   context.Context
	store *Store
	file  *os.File
	sum   hash.Hash // nil if what the file held before was not hashed
	size  int64
	max   int64
}

func (w *writer) Write(b []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	if w.size+int64(len(b)) > w.max {
		return 0, news.Errorf(news.TooLarge, "media", "the file is larger than the %d bytes allowed", w.max)
	}
	if err := w.store.fault("write"); err != nil {
		return 0, err
	}
	n, err := w.file.Write(b)
	if w.sum != nil {
		w.sum.Write(b[:n])
	}
	w.size += int64(n)
	return n, err
}

// reader reads until its context ends.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r *reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(b)
}

func limit(n int64) int64 {
	if n <= 0 {
		return MaxSize
	}
	return n
}

func digest(sum hash.Hash) string { return "sha256:" + hex.EncodeToString(sum.Sum(nil)) }

func badDigest(s string) error {
	return news.Errorf(news.Invalid, "digest", "%q is not sha256: and 64 hex digits", s)
}

func otherBytes(want, got string) error {
	return news.Errorf(news.Invalid, "digest", "the bytes are those of %s, not of %s: nothing was kept", got, want)
}

// failed says what was being done, and that a full disk is no one's mistake.
func failed(doing string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return news.Errorf(news.Unavailable, "media", "the disk of the media folder is full: make room, then try again").Because(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
