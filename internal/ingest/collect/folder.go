package collect

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"jisr/internal/ingest"
	"jisr/internal/news"
)

// Bounds on walking a folder.
const (
	maxFolders = 1000
	maxNames   = 200000 // in all folders
)

// folders collects from folders of this machine. Nothing outside a folder is
// reached from it, whatever links lie in it or are put there meanwhile: os.Root
// sees to that. What is no plain file is left alone.
type folders struct{ files }

// Collect implements ingest.Collector.
func (c *folders) Collect(ctx context.Context, v ingest.Visit) (ingest.Visited, error) {
	root, err := os.OpenRoot(v.Source.Address)
	if err != nil {
		return ingest.Visited{State: v.State}, fileError(err, "address", "the folder")
	}
	defer root.Close()
	return c.collect(ctx, v, &local{root: root, source: v.Source})
}

// local is a folder of this machine as a shelf.
type local struct {
	root   *os.Root
	source *ingest.Source
}

func (s *local) list(ctx context.Context) ([]entry, error) {
	var all []entry
	queue := []string{"."}
	names := 0
	for seen := 0; len(queue) > 0 && seen < maxFolders; seen++ {
		dir := queue[0]
		queue = queue[1:]
		below, err := s.listOne(ctx, dir, &all, &names)
		if err != nil {
			if dir == "." || ctx.Err() != nil {
				return nil, err
			}
			continue // a folder that went away or is closed to us hides no other
		}
		queue = append(queue, below...)
	}
	slices.SortFunc(all, func(a, b entry) int {
		if c := a.modified.Compare(b.modified); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	if over := len(all) - maxFiles; over > 0 {
		if s.source.After == ingest.Leave {
			return all[over:], nil // the older ones were taken before
		}
		return all[:maxFiles], nil // the newer ones get their turn once these are gone
	}
	return all, nil
}

// listOne adds the files of one folder, and returns the folders in it that are
// to be looked into.
func (s *local) listOne(ctx context.Context, dir string, all *[]entry, names *int) (below []string, err error) {
	d, err := s.root.Open(dir)
	if err != nil {
		return nil, fileError(err, "address", "the folder")
	}
	defer d.Close()
	for *names < maxNames {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		list, err := d.ReadDir(1000)
		for _, i := range list {
			*names++
			name := path.Join(dir, i.Name())
			if i.IsDir() {
				if !hidden(i.Name()) && strings.Count(name, "/") < maxDepth {
					below = append(below, name)
				}
				continue
			}
			if !i.Type().IsRegular() || !wanted(s.source, name) {
				continue
			}
			if e, err := s.stat(name); err == nil {
				*all = append(*all, e)
			}
		}
		if errors.Is(err, io.EOF) {
			return below, nil
		}
		if err != nil {
			return nil, fileError(err, "address", "the folder")
		}
	}
	return below, nil
}

func (s *local) stat(name string) (entry, error) {
	i, err := s.root.Lstat(name)
	if err != nil {
		return entry{}, fileError(err, "name", "the file")
	}
	if !i.Mode().IsRegular() {
		return entry{}, notThere
	}
	return entry{name: name, size: i.Size(), modified: i.ModTime()}, nil
}

var (
	notThere = news.Errorf(news.NotFound, "name", "the file is not there any more")
	changed  = news.Errorf(news.Conflict, "name", "the file changed while it was read")
)

// read opens without waiting: what was a file may be a pipe by now, and to open
// one waits for its writer.
func (s *local) read(_ context.Context, e entry) ([]byte, error) {
	f, err := s.root.OpenFile(e.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fileError(err, "name", "the file")
	}
	defer f.Close()
	if err := unchanged(f, e); err != nil {
		return nil, err
	}
	data := make([]byte, e.size)
	if _, err := io.ReadFull(f, data); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, changed
		}
		return nil, fileError(err, "name", "the file")
	}
	return data, unchanged(f, e)
}

func (s *local) unchanged(_ context.Context, e entry) error {
	now, err := s.stat(e.name)
	if err == nil && !now.same(e) {
		return changed
	}
	return err
}

func unchanged(f *os.File, e entry) error {
	i, err := f.Stat()
	switch {
	case err != nil:
		return fileError(err, "name", "the file")
	case !i.Mode().IsRegular():
		return notThere
	case i.Size() != e.size || !i.ModTime().Equal(e.modified):
		return changed
	}
	return nil
}

func (s *local) remove(_ context.Context, name string) error {
	return fileError(s.root.Remove(name), "name", "the file")
}

func (s *local) move(_ context.Context, from, to string) error {
	if err := s.root.MkdirAll(path.Dir(to), 0o755); err != nil {
		return fileError(err, "name", "the folder "+takenFolder)
	}
	return fileError(s.root.Rename(from, to), "name", "the file")
}

func (s *local) recover(context.Context) error { return nil }

// fileError says what is wrong with a file or folder, without its path here.
func fileError(err error, field, what string) error {
	var known *news.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return news.Errorf(news.NotFound, field, "%s is not there", what).Because(err)
	case errors.Is(err, fs.ErrPermission):
		return news.Errorf(news.Forbidden, field, "the node may not do this with %s: give the account that it runs under the rights to read it and, to move or delete files, to write its folder", what).Because(err)
	case errors.Is(err, syscall.ENOTDIR):
		return news.Errorf(news.Invalid, field, "%s is no folder", what).Because(err)
	}
	return news.Errorf(news.Unavailable, field, "%s cannot be used now: %s", what, reason(err)).Because(err)
}

// reason is the system's own word, without the path.
func reason(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err.Error()
	case errors.As(err, &link):
		return link.Err.Error()
	}
	return "an input or output error"
}
