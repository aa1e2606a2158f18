package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"jisr/internal/blob"
	"jisr/internal/format"
	"jisr/internal/format/mail"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// maxImport is the largest file that an import reads, in bytes.
const maxImport = 64 << 20

// ImportOptions says how imported items are issued.
type ImportOptions struct {
	Desk  string // of new items; empty for none
	Actor ledger.Actor
}

// Outcome is what became of an imported item.
type Outcome string

// The outcomes of an import.
const (
	Taken   Outcome = "issued"
	Skipped Outcome = "skipped" // nothing new in it
	Refused Outcome = "failed"
)

// Imported says what became of an item of a file, or of a file that holds none.
type Imported struct {
	File    string   `json:"file"`
	URI     string   `json:"uri,omitempty"`
	Outcome Outcome  `json:"outcome"`
	Act     news.Act `json:"act,omitempty"`
	Version int      `json:"version,omitempty"` // by our count
	Index   int64    `json:"index"`             // in this node's ledger
	Reason  string   `json:"reason,omitempty"`  // why skipped or refused
	Losses  []string `json:"losses,omitempty"`  // what the item does not hold of the file
	Err     error    `json:"-"`
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
	im := &importer{node: n, options: o, media: map[string]bool{}, known: map[string]*known{}}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		im.read(ctx, f)
	}
	im.sort()
	for _, p := range im.pieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.beside && im.media[p.out.File] {
			continue // a picture that an item of the folder refers to
		}
		if p.out.Outcome == "" {
			im.issue(ctx, p)
		}
		each(p.out)
	}
	return nil
}

// importer is one import.
type importer struct {
	node    *Node
	options ImportOptions
	pieces  []*piece
	media   map[string]bool // files that were taken as an item's media
	known   map[string]*known
}

// piece is one item of a file, or a file that could not be read.
type piece struct {
	item    *news.Item
	source  source
	content string // digest of the item as it was read
	beside  bool   // found in a folder and not a story by itself: perhaps an item's media
	out     *Imported
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

// read reads a file and keeps its items, or why there are none.
func (im *importer) read(ctx context.Context, f file) {
	data, err := readFile(f.path)
	var got format.Result
	if err == nil {
		got, err = format.Read(data, filepath.Base(f.path))
	}
	if kept := im.keep(ctx, got.Attachments); kept != nil {
		got.Items, err = nil, kept
	}
	for i, it := range got.Items {
		p := &piece{item: it, beside: f.found && companion(got.Format), out: &Imported{File: f.path, URI: it.URI}}
		if i == 0 {
			for _, l := range got.Losses {
				p.out.Losses = append(p.out.Losses, l.String())
			}
		}
		if err := im.prepare(ctx, p); err != nil {
			p.refuse(err)
		}
		im.pieces = append(im.pieces, p)
	}
	if err == nil {
		return
	}
	p := &piece{out: &Imported{File: f.path}, beside: f.found && got.Format == ""}
	p.refuse(err)
	im.pieces = append(im.pieces, p)
}

// companion reports whether files of the format often lie beside the item that
// they belong to.
func companion(format string) bool { return format == "picture" || format == "subtitles" }

// keep stores the files that came in a file, which its items name by digest.
func (im *importer) keep(ctx context.Context, files []mail.Attachment) error {
	for _, f := range files {
		if _, err := im.node.Blobs.Put(ctx, bytes.NewReader(f.Bytes), blob.Expect{Digest: f.Digest}); err != nil {
			return fmt.Errorf("keep %s: %w", f.Name, err)
		}
	}
	return nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, news.Errorf(news.Invalid, "file", "it is not a plain file")
	}
	if info.Size() > maxImport {
		return nil, news.Errorf(news.TooLarge, "file", "%d bytes are more than the %d of one file: split it", info.Size(), maxImport)
	}
	return os.ReadFile(path)
}

// prepare takes over the item's media and notes which of its sender's versions
// it is.
func (im *importer) prepare(ctx context.Context, p *piece) error {
	var err error
	if p.source, err = sourceOf(p.item); err != nil {
		return err
	}
	if p.content, err = digestOf(p.item); err != nil {
		return err
	}
	if p.item.URI == "" {
		// The same file again must be the same item again.
		p.item.URI = fmt.Sprintf("tag:%s,%d:import/%s", im.node.Ledger.Origin(), im.node.year(), p.source.digest[len("sha256:"):][:32])
		p.out.URI = p.item.URI
	}
	if p.item.Headline() == "" {
		p.item.Title = filepath.Base(p.out.File) // a picture that says nothing of itself
	}
	p.source.mark(p.item)
	return im.takeMedia(ctx, p)
}

func (p *piece) refuse(err error) {
	p.out.Outcome, p.out.Err = Refused, err
	var e *news.Error
	if p.out.Reason = err.Error(); errors.As(err, &e) {
		p.out.Reason = plain(e)
	}
}

func (p *piece) skip(format string, args ...any) {
	p.out.Outcome, p.out.Reason = Skipped, fmt.Sprintf(format, args...)
}

// plain is what a person is told of an error: not its cause.
func plain(e *news.Error) string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// issue performs the acts that the piece calls for.
func (im *importer) issue(ctx context.Context, p *piece) {
	k, err := im.knownOf(ctx, p.item.URI)
	if err != nil {
		p.refuse(err)
		return
	}
	acts, why, err := decide(k, p.item, p.source, p.content)
	if err != nil {
		p.refuse(err)
		return
	}
	if len(acts) == 0 {
		p.skip("%s", why)
		return
	}
	for _, act := range acts {
		out, err := im.node.Newsroom.Issue(ctx, newsroom.Issue{Act: act, Item: p.item, Desk: im.options.Desk,
			Reason: reasonFor(act, p.item), Actor: im.options.Actor, Expect: k.version})
		if err != nil {
			p.refuse(err)
			return
		}
		p.out.Outcome, p.out.Act, p.out.Version, p.out.Index = Taken, act, out.Version, out.Index
		k.exists, k.version, k.status = true, out.Version, act.After()
		if act != news.Hold && act != news.Kill && act != news.Release {
			k.source = p.source // the others keep the content, and its sender's version, that was there
			k.content = p.content
		}
	}
}

// knownOf returns what this house has issued of the item.
func (im *importer) knownOf(ctx context.Context, uri string) (*known, error) {
	if k := im.known[uri]; k != nil {
		return k, nil
	}
	k := &known{}
	v, err := im.node.Newsroom.Item(ctx, im.node.Ledger.Origin(), uri, true)
	if err != nil && news.KindOf(err) != news.NotFound {
		return nil, err
	}
	if err == nil {
		k.exists, k.version, k.status = true, v.Version, v.Status
		if k.source = markedIn(v.Item); k.source.digest == "" {
			k.source = source{version: v.Item.Version, created: v.Item.VersionCreated} // written here
		}
		if k.content, err = digestOf(v.Item); err != nil {
			return nil, err
		}
	}
	im.known[uri] = k
	return k, nil
}
