package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Usage is what a store holds.
type Usage struct {
	Blobs   int64
	Bytes   int64
	Partial int64 // bytes of what is not finished
}

// Usage counts the store. It looks at every file: not for each request.
func (s *Store) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil || d.IsDir() {
			return gone(err)
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		if filepath.Base(filepath.Dir(path)) == tempFolder {
			u.Partial += info.Size()
			return nil
		}
		u.Blobs++
		u.Bytes += info.Size()
		return nil
	})
	if err != nil {
		return Usage{}, fmt.Errorf("measure media: %w", err)
	}
	return u, nil
}

// gone forgives a file that vanished between being listed and being looked at.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
	return removed, nil
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

// remove deletes a file; that there is none is no error.
func remove(path string) error { return gone(os.Remove(path)) }

// syncFolder makes the names in a folder durable. Windows does so by itself and
// knows no such call.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
