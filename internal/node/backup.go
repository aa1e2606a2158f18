package node

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"jisr/internal/db"
	"jisr/internal/news"
)

// A backup is one tar file compressed with zstd (docs/operations.md "Backup"):
// what is in it, settings, keys, database, media, and an empty last member that
// says that nothing was cut off.
const (
	backupHead  = "backup.json"
	backupDB    = "jisr.db"
	backupKeys  = "keys/"
	backupMedia = "media/"
	backupEnd   = "end"
)

// Backup describes a backup: its first member.
type Backup struct {
	Backup   int       `json:"jisr_backup"` // version of the format: 1
	Origin   string    `json:"origin"`
	Made     time.Time `json:"made"`
	Software string    `json:"software"`
	Entries  int64     `json:"entries"`  // of this node's ledger
	Database bool      `json:"database"` // false for PostgreSQL, which has tools of its own
	Media    int64     `json:"media"`    // files
	Bytes    int64     `json:"bytes"`    // of all files, before compression
}

// packed is a file to pack.
type packed struct {
	name, path string
	size       int64
}

// Backup writes a consistent copy of the node, which may go on serving: the
// database as it was at one moment, and at least the media that it refers to.
// progress is called with the bytes packed and their total.
func (n *Node) Backup(ctx context.Context, w io.Writer, progress func(done, total int64)) (*Backup, error) {
	scratch, err := os.MkdirTemp(n.Config.Data, ".backup-")
	if err != nil {
		return nil, fmt.Errorf("make room for the copy: %w", err)
	}
	defer os.RemoveAll(scratch)
	h, err := n.Ledger.Head(ctx, n.Ledger.Origin())
	if err != nil {
		return nil, err
	}
	b := &Backup{Backup: 1, Origin: h.Origin, Made: time.Now().UTC(), Software: "jisr/" + Version, Entries: h.Size,
		Database: n.DB.Engine == db.SQLite}
	files := []packed{{name: configFile, path: filepath.Join(n.Config.Data, configFile)}}
	// Keys and media come after the database in time: what the copy refers to is
	// there then.
	if b.Database {
		copied := filepath.Join(scratch, backupDB)
		if _, err := n.DB.Writer().ExecContext(ctx, `VACUUM INTO $1`, copied); err != nil {
			return nil, fmt.Errorf("copy the database: %w", err)
		}
		files = append(files, packed{name: backupDB, path: copied})
	}
	for _, part := range []struct{ name, dir string }{{backupKeys, n.Config.keys()}, {backupMedia, filepath.Join(n.Config.Data, "media")}} {
		found, err := list(part.dir, part.name)
		if err != nil {
			return nil, err
		}
		if files = append(files, found...); part.name == backupMedia {
			b.Media = int64(len(found))
		}
	}
	for i := range files {
		info, err := os.Stat(files[i].path)
		if err != nil {
			return nil, err
		}
		files[i].size = info.Size()
		b.Bytes += info.Size()
	}
	return b, b.write(ctx, w, files, progress)
}

// list returns the files of the folder that are complete.
func list(dir, prefix string) ([]packed, error) {
	var out []packed
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "tmp" && p != dir: // downloads under way
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		rel, err := filepath.Rel(dir, p)
		out = append(out, packed{name: prefix + filepath.ToSlash(rel), path: p})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	return out, nil
}

func (b *Backup) write(ctx context.Context, w io.Writer, files []packed, progress func(done, total int64)) error {
	z, err := zstd.NewWriter(w)
	if err != nil {
		return err
	}
	defer z.Close()
	t := tar.NewWriter(z)
	head, err := json.Marshal(b)
	if err != nil {
		return err
	}
	add := func(name string, size int64, r io.Reader) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: b.Made}); err != nil {
			return err
		}
		_, err := io.CopyN(t, r, size)
		return err
	}
	if err := add(backupHead, int64(len(head)), strings.NewReader(string(head))); err != nil {
		return err
	}
	var done int64
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		in, err := os.Open(f.path)
		if err != nil {
			return err
		}
		err = errors.Join(add(f.name, f.size, in), in.Close())
		if err != nil {
			return fmt.Errorf("pack %s: %w", f.name, err)
		}
		done += f.size
		progress(done, b.Bytes)
	}
	if err := add(backupEnd, 0, strings.NewReader("")); err != nil {
		return err
	}
	return errors.Join(t.Close(), z.Close())
}

// Restore makes the node of a backup in the data folder, which must not hold one
// yet. Nothing is there until all of it is. A node of PostgreSQL needs its
// database restored with that system's own tools, before or after.
func Restore(ctx context.Context, r io.Reader, data string, progress func(done, total int64)) (*Backup, error) {
	if entries, err := os.ReadDir(data); err == nil && len(entries) > 0 {
		return nil, news.Errorf(news.Conflict, "data", "%s is not empty: restore into a new folder, and put it in place yourself", data)
	}
	data = filepath.Clean(data)
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	scratch, err := os.MkdirTemp(filepath.Dir(data), ".restore-")
	if err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	in := &restoring{tar: tar.NewReader(z), dir: scratch, progress: progress}
	if err := in.all(ctx); err != nil {
		return nil, err
	}
	// The checksum of what was read stands at the end of the compressed stream.
	if _, err := io.Copy(io.Discard, z); err != nil {
		return nil, damaged().Because(err)
	}
	if err := localKeys(scratch); err != nil {
		return nil, err
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replace the empty folder: %w", err)
	}
	if err := os.Rename(scratch, data); err != nil {
		return nil, fmt.Errorf("put the node in place: %w", err)
	}
	return in.head, nil
}

// restoring is a restore under way.
type restoring struct {
	tar      *tar.Reader
	dir      string
	head     *Backup
	done     int64
	progress func(done, total int64)
}

func (in *restoring) all(ctx context.Context) error {
	for ctx.Err() == nil {
		h, err := in.tar.Next()
		if err != nil {
			return cutOff().Because(err)
		}
		if in.head != nil && h.Name == backupEnd {
			return nil
		}
		if err := in.member(h); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func cutOff() *news.Error {
	return news.Errorf(news.Invalid, "file", "the backup ends early or is not one; nothing was restored")
}

func damaged() *news.Error {
	return news.Errorf(news.Invalid, "file", "the backup is damaged: its bytes are not those that were written; nothing was restored")
}

func (in *restoring) member(h *tar.Header) error {
	switch {
	case h.Typeflag != tar.TypeReg:
		return news.Errorf(news.Invalid, "file", "%q in the backup is not a plain file", h.Name)
	case in.head == nil:
		return in.readHead(h)
	case h.Name != configFile && h.Name != backupDB && !strings.HasPrefix(h.Name, backupKeys) && !strings.HasPrefix(h.Name, backupMedia),
		!filepath.IsLocal(h.Name) || path.Clean(h.Name) != h.Name:
		return news.Errorf(news.Invalid, "file", "%q does not belong into a backup", h.Name)
	}
	if in.done += h.Size; in.done > in.head.Bytes {
		return news.Errorf(news.Invalid, "file", "the backup holds more than the %d bytes that it says", in.head.Bytes)
	}
	to := filepath.Join(in.dir, filepath.FromSlash(h.Name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("restore %s: %w", h.Name, err)
	}
	_, err = io.Copy(f, in.tar)
	var disk *fs.PathError
	if err != nil && !errors.As(err, &disk) {
		err = cutOff().Because(err) // it was not the writing that failed
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("restore %s: %w", h.Name, err)
	}
	in.progress(in.done, in.head.Bytes)
	return nil
}

func (in *restoring) readHead(h *tar.Header) error {
	in.head = &Backup{}
	raw, err := io.ReadAll(io.LimitReader(in.tar, 1<<20))
	if err == nil {
		err = json.Unmarshal(raw, in.head)
	}
	if err != nil || h.Name != backupHead || in.head.Backup != 1 {
		return news.Errorf(news.Invalid, "file", "this is not a Jisr backup").Because(err)
	}
	return nil
}

// localKeys has the restored node find its keys where the backup put them.
func localKeys(dir string) error {
	c, err := LoadConfig(dir)
	if err != nil || c.Keys == "" {
		return err
	}
	c.Keys = ""
	if err := os.Remove(filepath.Join(dir, configFile)); err != nil {
		return err
	}
	return c.save()
}
