package node

import (
	"context"
	"path/filepath"
	"time"

	"jisr/internal/blob"
)

// openBlobs opens the store of media where the settings put it. What is not
// finished yet is in the data folder either way.
func openBlobs(ctx context.Context, c *Config) (*blob.Store, error) {
	dir := filepath.Join(c.Data, "media")
	if c.Media == "" {
		return blob.New(dir, time.Now)
	}
	return blob.NewBucket(ctx, dir, c.Media, time.Now)
}
