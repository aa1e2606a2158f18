package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// folder is a shelf in a folder of this machine.
type folder struct {
	dir    string
	fault  func(step string) error
	making sync.Mutex // held while folders are made and synced
}

// settle makes the finished temporary file the blob. The order matters: the
// bytes are on disk before the name is, and the name before anyone is told.
// Renaming over a blob that is there already mends it should it have rotted.
func (s *folder) settle(_ context.Context, f *os.File, digest string) error {
	if err := s.fault("sync"); err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	path := s.path(digest)
	if err := s.makeFolders(filepath.Dir(path)); err != nil {
		return err
	}
	if err := s.fault("rename"); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// makeFolders makes the two folders above a blob, durably. The lock keeps a
// second writer from relying on a folder that the first has made but not synced.
func (s *folder) makeFolders(dir string) error {
	s.making.Lock()
	defer s.making.Unlock()
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return errors.Join(syncFolder(filepath.Dir(dir)), syncFolder(s.dir))
}

func (s *folder) open(digest string) (io.ReadSeekCloser, int64, error) {
	f, err := os.Open(s.path(digest))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

func (s *folder) has(digest string) bool {
	_, err := os.Stat(s.path(digest))
	return err == nil
}

func (s *folder) delete(digest string) error {
	path := s.path(digest)
	return errors.Join(remove(path), gone(syncFolder(filepath.Dir(path))))
}

func (s *folder) path(digest string) string {
	return filepath.Join(s.dir, filepath.FromSlash(place(digest)))
}

func (s *folder) usage(ctx context.Context) (Usage, error) {
	var u Usage
	err := filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err := errors.Join(err, ctx.Err()); err != nil || d.IsDir() {
			return gone(err)
		}
		if filepath.Base(filepath.Dir(path)) == tempFolder {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return gone(err)
		}
		u.Blobs++
		u.Bytes += info.Size()
		return nil
	})
	return u, err
}

func (*folder) clean(context.Context, time.Duration) (int, error) { return 0, nil }

// gone forgives a file that vanished between being listed and being looked at.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
