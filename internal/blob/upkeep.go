package blob

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Usage is what a store holds.
type Usage struct {
	Blobs   int64
	Bytes   int64
	Partial int64 // bytes of what is not finished, on this machine
}

// Usage counts the store. It looks at every blob: not for each request.
func (s *Store) Usage(ctx context.Context) (Usage, error) {
	u, err := s.shelf.usage(ctx)
	if err != nil {
		return Usage{}, fmt.Errorf("measure media: %w", err)
	}
	entries, err := os.ReadDir(filepath.Join(s.dir, tempFolder))
	if err != nil {
		return Usage{}, fmt.Errorf("measure media: %w", err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			u.Partial += info.Size()
		}
	}
	return u, nil
}

// Clean removes temporary files that nobody has written to for the age: what a
// crash left, and downloads that were given up. It returns how many.
func (s *Store) Clean(ctx context.Context, age time.Duration) (int, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, tempFolder))
	if err != nil {
		return 0, fmt.Errorf("clean media: %w", err)
	}
	removed := 0
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		old, err := s.abandoned(e, age)
		if err != nil {
			return removed, fmt.Errorf("clean media: %w", err)
		}
		if old {
			removed++
		}
	}
	more, err := s.shelf.clean(ctx, age)
	if err != nil {
		err = fmt.Errorf("clean media: %w", err)
	}
	return removed + more, err
}

// abandoned removes the temporary file if it is older than the age and reports
// whether it did. The claim keeps a download from being resumed meanwhile.
func (s *Store) abandoned(e fs.DirEntry, age time.Duration) (bool, error) {
	if !s.claim(e.Name()) {
		return false, nil
	}
	defer s.release(e.Name())
	info, err := e.Info()
	if err != nil || s.now().Sub(info.ModTime()) < age {
		return false, gone(err)
	}
	return true, remove(filepath.Join(s.dir, tempFolder, e.Name()))
}
