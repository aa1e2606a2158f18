package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node"
)

type waitCmd struct {
	URIs    []string      `arg:"" optional:"" name:"uri" help:"The items that are awaited."`
	Origin  string        `help:"Who issues them." required:"" placeholder:"ORIGIN"`
	Version int           `help:"The version that is awaited, or a newer one." default:"1"`
	Status  string        `help:"The status that is awaited: usable, held or killed." enum:",usable,held,killed" default:""`
	Index   int64         `help:"Instead of items: the entry of the ledger that must have arrived, with all before it." default:"-1"`
	Timeout time.Duration `help:"How long to wait." default:"30s"`
}

// waitEvery is how often the lists are looked at: a command learns of what a
// server writes no sooner.
const waitEvery = 20 * time.Millisecond

func (c *waitCmd) Run(a *app) error {
	if (len(c.URIs) == 0) == (c.Index < 0) {
		return news.Errorf(news.Invalid, "", "name the items to wait for, or an entry with --index")
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		ctx, cancel := context.WithTimeout(a.ctx, c.Timeout)
		defer cancel()
		if err := c.await(ctx, n); err != nil {
			if ctx.Err() != nil && a.ctx.Err() == nil {
				return news.Errorf(news.Unavailable, "", "not here within %s", c.Timeout)
			}
			return err
		}
		lines := []line{}
		for _, uri := range c.URIs {
			l, err := n.Newsroom.Line(a.ctx, c.Origin, uri, true)
			if err != nil {
				return err
			}
			lines = append(lines, lineOf(l))
		}
		return a.show(map[string]any{"items": lines}, func(io.Writer) {})
	})
}

// await returns once everything is here.
func (c *waitCmd) await(ctx context.Context, n *node.Node) error {
	if c.Index >= 0 {
		err := poll(ctx, func() (bool, error) {
			h, err := n.Ledger.Head(ctx, c.Origin)
			return err == nil && h.Size > c.Index, unlessNotFound(err)
		})
		if err != nil {
			return err
		}
		return n.CatchUp(ctx)
	}
	for _, uri := range c.URIs {
		err := poll(ctx, func() (bool, error) {
			l, err := n.Newsroom.Line(ctx, c.Origin, uri, true)
			return err == nil && c.met(l), unlessNotFound(err)
		})
		if err != nil {
			return fmt.Errorf("wait for %s: %w", uri, err)
		}
	}
	return nil
}

func (c *waitCmd) met(l *newsroom.Line) bool {
	return l.Version >= c.Version && (c.Status == "" || string(l.Status) == c.Status)
}

func unlessNotFound(err error) error {
	if news.KindOf(err) == news.NotFound {
		return nil
	}
	return err
}

// poll calls f until it returns true or an error, or ctx ends.
func poll(ctx context.Context, f func() (bool, error)) error {
	for {
		if ok, err := f(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(waitEvery):
		}
	}
}
