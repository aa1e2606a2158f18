package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"syscall"

	"jisr/internal/news"
)

// Adopt makes a file that lies elsewhere a blob, without copying it where both
// are in one file system. The file is gone afterwards. No one may write to it
// any more. It fails as Put does; the file stays then.
func (s *Store) Adopt(ctx context.Context, path string, want Expect) (Info, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // for writing, because only such a file can be synced everywhere
	if err != nil {
		return Info{}, failed("take media over", err)
	}
	defer f.Close() //nolint:errcheck // settle has closed it; else it was only read
	sum := sha256.New()
	size, err := io.CopyBuffer(struct{ io.Writer }{sum}, &reader{ctx, io.LimitReader(f, limit(want.Max)+1)}, make([]byte, copyBuffer))
	if err != nil {
		return Info{}, failed("take media over", err)
	}
	got := digest(sum)
	switch {
	case size > limit(want.Max):
		return Info{}, news.Errorf(news.TooLarge, "media", "the file is larger than the %d bytes allowed", limit(want.Max))
	case want.Digest != "" && got != want.Digest:
		return Info{}, otherBytes(want.Digest, got)
	}
	switch err := s.shelf.settle(ctx, f, got); {
	case err == nil:
		return Info{Digest: got, Size: size}, nil
	case !errors.Is(err, syscall.EXDEV):
		return Info{}, failed("take media over", err)
	}
	return s.copyIn(ctx, path, Expect{Digest: got, Max: want.Max})
}

// copyIn stores a file of another file system and removes it.
func (s *Store) copyIn(ctx context.Context, path string, want Expect) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, failed("take media over", err)
	}
	defer f.Close()
	info, err := s.Put(ctx, f, want)
	if err != nil {
		return Info{}, err
	}
	return info, remove(path)
}
