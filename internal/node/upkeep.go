package node

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/jobs"
)

const (
	// upkeepEvery is how often a node tidies up. Nothing depends on when.
	upkeepEvery = time.Hour
	// abandonedAfter is how long a download may rest before it counts as given
	// up: a partner that is away for a week goes on where it stopped.
	abandonedAfter = 14 * 24 * time.Hour
)

// upkeep is the job that removes what has run out: ended sessions, the memory of
// failed sign-ins, downloads and uploads that were given up.
type upkeep struct{}

// Kind implements jobs.Args.
func (upkeep) Kind() string { return "upkeep" }

func (n *Node) tidy(ctx context.Context) error {
	if err := n.People.Sweep(ctx); err != nil {
		return err
	}
	if given, err := n.Media.Expire(ctx); err != nil {
		return err
	} else if given > 0 {
		n.log.Info("gave up uploads that rested", "uploads", given)
	}
	if err := n.Ingest.Sweep(ctx); err != nil {
		return err
	}
	removed, err := n.Blobs.Clean(ctx, abandonedAfter)
	if err != nil {
		return fmt.Errorf("remove abandoned downloads: %w", err)
	}
	if removed > 0 {
		n.log.Info("removed abandoned downloads", "files", removed)
	}
	return nil
}

// scheduleUpkeep has the node tidy up while it serves.
func (n *Node) scheduleUpkeep() error {
	jobs.Handle(n.Jobs, func(ctx context.Context, _ *jobs.Job[upkeep]) error { return n.tidy(ctx) })
	return n.Jobs.Every(upkeepEvery, upkeep{})
}
