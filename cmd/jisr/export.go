package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"jisr/internal/news"
	"jisr/internal/node"
)

type exportCmd struct {
	URIs []string `arg:"" optional:"" name:"uri" help:"The items; by default all that the flags choose."`
	filter
	Output string `help:"Folder to write to, one ninjs 3.0 file an item." short:"o" required:"" type:"path" placeholder:"DIR"`
	Media  bool   `help:"Write the media files beside them."`
}

// exported is a file that an export wrote, as --json prints it.
type exported struct {
	Origin string `json:"origin"`
	URI    string `json:"uri"`
	File   string `json:"file"`
}

func (c *exportCmd) Run(a *app) error {
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return err
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		keys, err := c.choose(a, n)
		if err != nil {
			return err
		}
		files := []exported{}
		report, done := a.progress("export", false)
		defer done()
		for i, k := range keys {
			file, err := c.write(a, n, k[0], k[1])
			if err != nil {
				return err
			}
			files = append(files, exported{k[0], k[1], file})
			report(int64(i+1), int64(len(keys)))
		}
		done()
		return a.show(map[string]any{"files": files}, func(w io.Writer) { fmt.Fprintf(w, "%d items in %s\n", len(files), c.Output) })
	})
}

// choose returns origin and URI of the items to export.
func (c *exportCmd) choose(a *app, n *node.Node) ([][2]string, error) {
	var keys [][2]string
	if len(c.URIs) == 0 {
		lines, err := c.read(a.ctx, n, 0, 0)
		for _, l := range lines {
			keys = append(keys, [2]string{l.Origin, l.URI})
		}
		return keys, err
	}
	if err := n.CatchUp(a.ctx); err != nil {
		return nil, err
	}
	for _, uri := range c.URIs {
		t := target{URI: uri, Origin: c.Origin}
		origin, err := t.origin(a.ctx, n)
		if err != nil {
			return nil, err
		}
		keys = append(keys, [2]string{origin, uri})
	}
	return keys, nil
}

// fileName names the files about an item. URIs hold what file systems refuse,
// so it is their digest.
func fileName(origin, uri string) string {
	return fmt.Sprintf("%s-%x", origin, sha256.Sum256([]byte(uri)))[:len(origin)+1+16]
}

// write writes the item's newest content as it was issued.
func (c *exportCmd) write(a *app, n *node.Node, origin, uri string) (string, error) {
	b, err := n.Content(a.ctx, origin, uri, 0)
	if err != nil {
		return "", err
	}
	file := filepath.Join(c.Output, fileName(origin, uri)+".json")
	if err := os.WriteFile(file, b, 0o644); err != nil || !c.Media {
		return file, err
	}
	v, err := n.Newsroom.Item(a.ctx, origin, uri, true)
	if err != nil {
		return "", err
	}
	return file, a.writeMedia(n, v.Item.Digests(), c.Output)
}

// writeMedia copies the media that are here into the folder, named by their
// digests.
func (a *app) writeMedia(n *node.Node, digests []string, dir string) error {
	for _, d := range digests {
		err := a.copyBlob(n, d, filepath.Join(dir, d[len("sha256:"):]))
		if err != nil && news.KindOf(err) != news.NotFound { // still on its way
			return err
		}
	}
	return nil
}

func (a *app) copyBlob(n *node.Node, digest, to string) error {
	r, _, err := n.Blobs.Open(digest)
	if err != nil {
		return err
	}
	defer r.Close()
	return a.create(to, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}
