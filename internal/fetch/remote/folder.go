package remote

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"jisr/internal/news"
)

// drive is what a protocol can do. Paths are below the folder; "." is the folder
// itself.
type drive interface {
	list(dir string) ([]item, error)
	stat(name string) (item, error)
	read(name string, to io.Writer) error
	write(name string, from io.Reader) error
	replace(from, to string) error // rename, also over a file
	remove(name string) error
	makeDir(dir string) error // no error if it is there
	close() error
}

// item is an entry as the server lists it.
type item struct {
	name     string // one part
	size     int64  // bytes; -1 if the server does not say
	modified time.Time
	dir      bool
}

// folder is an open folder of either protocol.
type folder struct {
	guard *guard
	drive drive
	host  string
	lines bool                     // commands are lines: no name may hold a line break
	skip  func(folder string) bool // see Server; may be nil
	made  map[string]bool          // folders that are known to be there
	raw   map[string]string        // listed name to the server's bytes, where they differ
}

// maxFolders is how many folders one List looks into.
const maxFolders = 1000

func (f *folder) List(ctx context.Context, depth, limit int) ([]Entry, error) {
	var all []Entry
	err := f.do(ctx, "list the folder", shortTime, listBytes, func() error {
		queue := []walk{{dir: ".", depth: depth}}
		for seen := 0; len(queue) > 0 && seen < maxFolders; seen++ {
			w := queue[0]
			queue = queue[1:]
			items, err := f.drive.list(f.server(w.dir))
			if err != nil {
				if w.dir != "." && news.KindOf(failure("", err)) != news.Unavailable {
					continue // a folder that went away or is closed to us hides no other
				}
				return err
			}
			for _, i := range items {
				if !listable(i.name) {
					continue
				}
				name := f.note(w.dir, i.name)
				switch {
				case len(name) > maxName:
				case !i.dir:
					all = append(all, Entry{Name: name, Size: max(i.size, 0), Modified: i.modified.UTC()})
				case w.depth > 0 && (f.skip == nil || !f.skip(i.name)) && f.check(name) == nil:
					queue = append(queue, walk{name, w.depth - 1})
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Entry) int {
		if c := a.Modified.Compare(b.Modified); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	if over := len(all) - limit; over > 0 {
		all = slices.Clone(all[over:])
	}
	return all, nil
}

// walk is a folder that is still to be listed.
type walk struct {
	dir   string
	depth int
}

// note returns the name under which a listed file is known, and remembers its
// bytes if they are others.
func (f *folder) note(dir, raw string) string {
	name := path.Join(dir, shown(raw))
	if full := path.Join(f.server(dir), raw); full != name {
		f.raw[name] = full
	}
	return name
}

// server returns a name as the server knows it.
func (f *folder) server(name string) string {
	if raw, ok := f.raw[name]; ok {
		return raw
	}
	return name
}

// check fails with Invalid if the name may not be used at this server.
func (f *folder) check(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if f.lines && hasControl(f.server(name)) {
		return news.Errorf(news.Invalid, "name", "the file's name at the server holds control characters, which FTP cannot carry: rename it there, or use SFTP")
	}
	return nil
}

func (f *folder) Stat(ctx context.Context, name string) (Entry, error) {
	if err := f.check(name); err != nil {
		return Entry{}, err
	}
	e := Entry{Name: name}
	err := f.do(ctx, "look at "+name, shortTime, listBytes, func() error {
		i, err := f.drive.stat(f.server(name))
		e.Size, e.Modified = i.size, i.modified.UTC()
		return err
	})
	return e, err
}

func (f *folder) Read(ctx context.Context, name string, max int64) ([]byte, error) {
	if err := f.check(name); err != nil {
		return nil, err
	}
	to := &bounded{max: max}
	// Half as much again for what the protocol adds.
	err := f.do(ctx, "read "+name, transferTime, max+max/2+answerBytes, func() error {
		err := f.drive.read(f.server(name), to)
		if to.over {
			return news.Errorf(news.TooLarge, "name", "the file %s is larger than the %d bytes allowed", name, max)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return to.buf.Bytes(), nil
}

// bounded takes at most max bytes.
type bounded struct {
	buf  bytes.Buffer
	max  int64
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if int64(b.buf.Len()+len(p)) > b.max {
		b.over = true
		return 0, io.ErrShortWrite
	}
	return b.buf.Write(p)
}

// Write checks what the server has got before the file gets its name, so that a
// transfer that was cut off at the other end leaves nothing to be taken.
func (f *folder) Write(ctx context.Context, name string, r io.Reader) error {
	if err := CheckName(name); err != nil {
		return err
	}
	temp := temporary(name)
	from := &counting{r: r}
	err := f.do(ctx, "write "+name, transferTime, answerBytes+listBytes, func() error {
		if err := f.makeWay(name); err != nil {
			return err
		}
		if err := f.drive.write(temp, from); err != nil {
			if from.err != nil {
				return fmt.Errorf("read what is to be sent: %w", from.err)
			}
			return err
		}
		i, err := f.drive.stat(temp)
		if err != nil {
			return err
		}
		if i.size >= 0 && i.size != from.n {
			return news.Errorf(news.Unavailable, "", "the server kept %d of %d bytes", i.size, from.n)
		}
		return f.drive.replace(temp, name)
	})
	if err != nil {
		f.tidy(ctx, temp)
	}
	return err
}

// tidy removes what an unfinished Write left, where that is still possible.
func (f *folder) tidy(ctx context.Context, temp string) {
	f.do(context.WithoutCancel(ctx), "", idleTime, answerBytes, func() error { return f.drive.remove(temp) }) //nolint:errcheck // the first failure is the one to tell
}

// counting counts what is read, and remembers its failure apart from the
// server's.
type counting struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

func (f *folder) Rename(ctx context.Context, from, to string) error {
	if err := f.check(from); err != nil {
		return err
	}
	if err := CheckName(to); err != nil {
		return err
	}
	return f.do(ctx, "move "+from, shortTime, answerBytes, func() error {
		if err := f.makeWay(to); err != nil {
			return err
		}
		return f.drive.replace(f.server(from), to)
	})
}

// makeWay makes the folders above a file.
func (f *folder) makeWay(name string) error {
	dir := path.Dir(name)
	if dir == "." || f.made[dir] {
		return nil
	}
	if err := f.drive.makeDir(dir); err != nil {
		return err
	}
	f.made[dir] = true
	return nil
}

func (f *folder) Remove(ctx context.Context, name string) error {
	if err := f.check(name); err != nil {
		return err
	}
	return f.do(ctx, "remove "+name, shortTime, answerBytes, func() error { return f.drive.remove(f.server(name)) })
}

func (f *folder) Close() error {
	// Saying goodbye may block on a server that does not listen.
	end, err := f.guard.begin(context.Background(), 5*time.Second, answerBytes)
	if err == nil {
		end(f.drive.close()) //nolint:errcheck // what was written is safe; nothing can be done about it
	}
	f.guard.close()
	return nil
}

// do runs an operation under the guard and puts its failure in words.
func (f *folder) do(ctx context.Context, doing string, longest time.Duration, bytes int64, op func() error) error {
	end, err := f.guard.begin(ctx, longest, bytes)
	if err != nil {
		return err
	}
	if err := end(op()); err != nil {
		return failure(doing+" at "+f.host, err)
	}
	return nil
}
