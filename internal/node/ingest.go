package node

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"jisr/internal/ingest"
)

// openIngest opens the room that brings in news from outside.
func (n *Node) openIngest() {
	n.Ingest = ingest.New(ingest.Options{DB: n.DB, Newsroom: n.Newsroom, Blobs: n.Blobs, Jobs: n.Jobs, Origin: n.Ledger.Origin(),
		Collectors: n.collectors(), Allow: n.Config.allows, Folder: n.Config.watchable, Now: time.Now, Log: n.log})
}

// collectors returns what fetches news, by the kind of source.
func (n *Node) collectors() map[ingest.Kind]ingest.Collector {
	return map[ingest.Kind]ingest.Collector{}
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
