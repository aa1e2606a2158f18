package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"jisr/internal/blob"
	"jisr/internal/ingest"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// ImportOptions says how imported items are issued.
type ImportOptions struct {
	Desk  string // of new items; empty for none
	Actor ledger.Actor
}

// Imported says what became of an item of a file, or of a file that holds none.
type Imported struct {
	File    string         `json:"file"`
	URI     string         `json:"uri,omitempty"`
	Outcome ingest.Outcome `json:"outcome"` // issued, skipped or failed
	Act     news.Act       `json:"act,omitempty"`
	Version int            `json:"version,omitempty"` // by our count
	Index   int64          `json:"index"`             // in this node's ledger
	Reason  string         `json:"reason,omitempty"`  // why skipped or failed
	Losses  []string       `json:"losses,omitempty"`  // what the item does not hold of the file
	Err     error          `json:"-"`
}

// Import issues what the files, and those in the folders, hold: a new item is
// published; a known one is updated, corrected, put on hold or killed as the
// file says, and nothing is done for a version that is here or older. A file
// that fails does not stop the others. each is called with every outcome, in the
// order of the files; Import itself fails only when it cannot go on at all.
func (n *Node) Import(ctx context.Context, paths []string, o ImportOptions, each func(*Imported)) error {
	files, err := walk(paths)
	if err != nil {
		return err
	}
	if err := n.CatchUp(ctx); err != nil {
		return err
	}
	im := &importer{node: n, options: o, media: map[string]bool{}}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		im.read(ctx, f)
	}
	var pieces []*ingest.Piece
	for _, p := range im.pieces {
		if !im.taken(p) {
			pieces = append(pieces, p.Piece)
		}
	}
	if err := n.Ingest.Issue(ctx, pieces, o.Actor); err != nil {
		return err
	}
	for _, p := range im.pieces {
		if !im.taken(p) {
			each(p.outcome())
		}
	}
	return nil
}

// importer is one import.
type importer struct {
	node    *Node
	options ImportOptions
	pieces  []*piece
	media   map[string]bool // files that were taken as an item's media
}

// piece is one item of a file, or a file that could not be read.
type piece struct {
	*ingest.Piece
	file   string
	beside bool // found in a folder and not a story by itself: perhaps an item's media
}

// taken reports whether the file is a picture that an item of the folder refers
// to.
func (im *importer) taken(p *piece) bool { return p.beside && im.media[p.file] }

func (p *piece) outcome() *Imported {
	out := &Imported{File: p.file, Outcome: p.Outcome, Act: p.Act, Version: p.Version, Index: p.Index, Reason: p.Reason,
		Losses: p.Losses, Err: p.Err}
	if p.Item != nil {
		out.URI = p.Item.URI
	}
	return out
}

// file is a file to import.
type file struct {
	path  string
	found bool // in a folder, not named by the user
}

// walk lists the files, those of a folder by name. What begins with a dot is
// left alone.
func walk(paths []string) ([]file, error) {
	var out []file
	for _, root := range paths {
		info, err := os.Stat(root)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, news.Errorf(news.NotFound, "file", "there is no %s", root)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, file{path: root})
			continue
		}
		err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case path != root && strings.HasPrefix(d.Name(), ".") && d.IsDir():
				return fs.SkipDir
			case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), "."):
				return nil
			}
			out = append(out, file{path, true})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the folder %s: %w", root, err)
		}
	}
	return out, nil
}

// read reads a file and notes its items, or why there are none.
func (im *importer) read(ctx context.Context, f file) {
	data, err := readFile(f.path)
	var pieces []*ingest.Piece
	format := ""
	if err == nil {
		pieces, format, err = im.readData(ctx, data, f)
	}
	for _, p := range pieces {
		p.Desk = im.options.Desk
		if err := im.prepare(ctx, p, f.path); err != nil {
			p.Refuse(err)
		}
		im.pieces = append(im.pieces, &piece{p, f.path, f.found && ingest.Companion(format)})
	}
	if err != nil {
		p := &ingest.Piece{Name: filepath.ToSlash(f.path)}
		p.Refuse(err)
		im.pieces = append(im.pieces, &piece{p, f.path, f.found && format == ""})
	}
}

func (im *importer) readData(ctx context.Context, data []byte, f file) ([]*ingest.Piece, string, error) {
	pieces, read, err := im.node.Ingest.ReadFile(ctx, data, filepath.ToSlash(f.path))
	return pieces, read.Format, err
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, news.Errorf(news.Invalid, "file", "it is not a plain file")
	}
	if info.Size() > ingest.MaxFile {
		return nil, news.Errorf(news.TooLarge, "file", "%d bytes are more than the %d of one file: split it", info.Size(), ingest.MaxFile)
	}
	return os.ReadFile(path)
}

// prepare takes over the files that lie beside the item's and that it names.
func (im *importer) prepare(ctx context.Context, p *ingest.Piece, path string) error {
	folder := filepath.Dir(path)
	dir, err := os.OpenRoot(folder) // a rendition cannot lead out of the folder
	if err != nil {
		return fmt.Errorf("open the file's folder: %w", err)
	}
	defer dir.Close()
	return im.node.Ingest.Prepare(ctx, p, func(ctx context.Context, name string) (blob.Info, error) {
		f, err := dir.Open(filepath.FromSlash(name))
		if errors.Is(err, fs.ErrNotExist) {
			return blob.Info{}, news.Errorf(news.NotFound, "renditions", "there is no %s beside the item", name)
		}
		if err != nil {
			return blob.Info{}, fmt.Errorf("open the rendition %s: %w", name, err)
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			return blob.Info{}, errors.Join(err, news.Errorf(news.NotFound, "renditions", "%s is no file", name))
		}
		im.media[filepath.Join(folder, filepath.FromSlash(name))] = true
		return im.node.Blobs.Put(ctx, f, blob.Expect{})
	})
}
