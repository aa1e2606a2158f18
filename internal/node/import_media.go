package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"jisr/internal/blob"
	"jisr/internal/news"
)

// takeMedia stores the media files that lie beside the item's file and that its
// renditions name by a relative href. Of media that are elsewhere the item keeps
// the link; a digest of bytes that this node does not have is left out, because
// the ledger commits only to what it can show.
func (im *importer) takeMedia(ctx context.Context, p *piece) error {
	dir, err := os.OpenRoot(filepath.Dir(p.out.File)) // a rendition cannot lead out of the folder
	if err != nil {
		return fmt.Errorf("open the file's folder: %w", err)
	}
	defer dir.Close()
	return im.takeRenditions(ctx, p, dir, p.item)
}

func (im *importer) takeRenditions(ctx context.Context, p *piece, dir *os.Root, it *news.Item) error {
	for i := range it.Renditions {
		r := &it.Renditions[i]
		if err := im.takeRendition(ctx, p, dir, r); err != nil {
			return err
		}
		if r.Digest != "" && !im.node.Blobs.Has(r.Digest) {
			p.out.Losses = append(p.out.Losses, fmt.Sprintf("rendition %s: its file is not here, so the digest was left out", r.Name))
			r.Digest = ""
		}
	}
	for i := range it.Associations {
		if err := im.takeRenditions(ctx, p, dir, &it.Associations[i]); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) takeRendition(ctx context.Context, p *piece, dir *os.Root, r *news.Rendition) error {
	u, err := url.Parse(r.Href)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" || !filepath.IsLocal(u.Path) {
		return nil
	}
	f, err := dir.Open(u.Path)
	if errors.Is(err, fs.ErrNotExist) {
		p.out.Losses = append(p.out.Losses, fmt.Sprintf("rendition %s: there is no %s beside the item; receivers get the bare link", r.Name, u.Path))
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the rendition %s: %w", r.Href, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	got, err := im.node.Blobs.Put(ctx, f, blob.Expect{Digest: r.Digest})
	if err != nil {
		return err
	}
	r.Digest, r.SizeInBytes = got.Digest, got.Size
	im.media[filepath.Join(filepath.Dir(p.out.File), filepath.FromSlash(u.Path))] = true
	return nil
}
