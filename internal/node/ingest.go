package node

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/ingest/collect"
	"jisr/internal/news"
)

// openIngest opens the room that brings in news from outside.
func (n *Node) openIngest() {
	n.Ingest = ingest.New(ingest.Options{DB: n.DB, Newsroom: n.Newsroom, Blobs: n.Blobs, Jobs: n.Jobs, Origin: n.Ledger.Origin(),
		Collectors: collect.All(n.collecting()), Allow: n.Config.allows, Folder: n.Config.watchable, Show: n.showMedia, InUse: n.usesMedia, Now: time.Now, Log: n.log})
}

// collecting is what fetches news from outside.
func (n *Node) collecting() collect.Options {
	return collect.Options{Allow: n.Config.allows, URL: n.Config.URL, DB: n.DB, Now: time.Now, Log: n.log}
}

// usesMedia reports whether an item of record has the bytes of the digest, or
// somebody uploaded them.
func (n *Node) usesMedia(ctx context.Context, digest string) (bool, error) {
	used, err := n.Exchange.UsesMedia(ctx, digest)
	if err != nil || used {
		return used, err
	}
	_, err = n.Media.File(ctx, digest)
	if news.KindOf(err) == news.NotFound {
		return false, nil
	}
	return err == nil, err
}

// allows reports whether the operator listed the host.
func (c *Config) allows(host string) bool { return slices.Contains(c.AllowHosts, host) }

// watchable reports whether the operator opened the folder, or one above it, to
// those who manage sources without being at the machine.
func (c *Config) watchable(path string) bool {
	return slices.ContainsFunc(c.Folders, func(open string) bool {
		rel, err := filepath.Rel(open, path)
		return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	})
}
