package node

import (
	"context"
	"errors"
	"time"

	"jisr/internal/db"
	"jisr/internal/jobs"
	"jisr/internal/media"
	"jisr/internal/news"
)

// render is the job that makes the renditions of a file.
type render struct {
	Digest string `json:"digest"`
}

// Kind implements jobs.Args.
func (render) Kind() string { return "render_media" }

const (
	// renderTries is how often the work on a file is begun: what fails for the
	// file's own fault does not fail the job.
	renderTries = 5
	// renderTurn is how soon a file is tried again while another has its turn.
	renderTurn = 2 * time.Second
)

func (n *Node) renderLater(ctx context.Context, tx *db.Tx, digest string) error {
	_, err := n.Jobs.Enqueue(ctx, tx, render{digest}, jobs.When{Unique: true, MaxAttempts: renderTries})
	return err
}

func (n *Node) handleRenditions() {
	jobs.Handle(n.Jobs, func(ctx context.Context, j *jobs.Job[render]) error {
		err := n.Media.Process(ctx, j.Args.Digest)
		switch {
		case errors.Is(err, media.ErrBusy):
			return jobs.Later(renderTurn)
		case news.KindOf(err) == news.NotFound:
			return jobs.GiveUp(err) // it was deleted
		}
		return err
	})
}

// showMedia has renditions made of a partner's file. One that is of no type that
// is shown is kept as it is.
func (n *Node) showMedia(ctx context.Context, digest string) error {
	err := n.Media.Register(ctx, digest)
	if news.KindOf(err) == news.Invalid || news.KindOf(err) == news.NotFound {
		return nil
	}
	return err
}
