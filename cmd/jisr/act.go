package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"jisr/internal/format"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node"
)

// content is where the content of a new version comes from: a file, or the
// issued version with something changed.
type content struct {
	File     string `arg:"" optional:"" help:"File of any known format with the item." type:"existingfile"`
	URI      string `help:"Change what was issued under this URI, instead of reading a file." name:"uri"`
	Headline string `help:"Its headline from now on."`
	Body     string `help:"Its body from now on: plain text."`
}

// item returns the item of the new version.
func (c *content) item(a *app, n *node.Node) (*news.Item, error) {
	if (c.File == "") == (c.URI == "") {
		return nil, news.Errorf(news.Invalid, "", "name a file with the item, or with --uri the item to change")
	}
	it, err := c.read(a, n)
	if err != nil {
		return nil, err
	}
	if c.Headline != "" {
		it.Headlines = []news.Words{{Role: "main", Value: c.Headline}}
	}
	if c.Body != "" {
		it.Bodies = []news.Words{{ContentType: "text/plain", Value: c.Body}}
	}
	return it, nil
}

func (c *content) read(a *app, n *node.Node) (*news.Item, error) {
	if c.URI != "" {
		if err := n.CatchUp(a.ctx); err != nil {
			return nil, err
		}
		v, err := n.Newsroom.Item(a.ctx, n.Ledger.Origin(), c.URI, true)
		if err != nil {
			return nil, err
		}
		return v.Item, nil
	}
	data, err := os.ReadFile(c.File)
	if err != nil {
		return nil, err
	}
	got, err := format.Read(data, filepath.Base(c.File))
	if err != nil {
		return nil, err
	}
	if len(got.Items) != 1 {
		return nil, news.Errorf(news.Invalid, "file", "%s holds %d items: use jisr item import", c.File, len(got.Items))
	}
	return got.Items[0], nil
}

// perform issues the act and prints where it landed.
func (a *app) perform(act news.Act, desk, reason string, item func(n *node.Node) (*news.Item, error)) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		it, err := item(n)
		if err != nil {
			return err
		}
		out, err := n.Newsroom.Issue(a.ctx, newsroom.Issue{Act: act, Item: it, Desk: desk, Reason: reason, Actor: shell()})
		if err != nil {
			return err
		}
		return a.show(out, func(w io.Writer) {
			fmt.Fprintf(w, "%s: version %d (%s) is of record as entry %d\n", printable(out.URI), out.Version, act, out.Index)
		})
	})
}

type publishCmd struct {
	File string `arg:"" help:"File of any known format with the item." type:"existingfile"`
	Desk string `help:"The desk that issues it."`
}

func (c *publishCmd) Run(a *app) error {
	from := content{File: c.File}
	return a.perform(news.Publish, c.Desk, "", func(n *node.Node) (*news.Item, error) { return from.item(a, n) })
}

type updateCmd struct {
	content
}

func (c *updateCmd) Run(a *app) error {
	return a.perform(news.Update, "", "", func(n *node.Node) (*news.Item, error) { return c.item(a, n) })
}

type correctCmd struct {
	content
	Reason string `help:"What was wrong; every receiver is told." required:""`
}

func (c *correctCmd) Run(a *app) error {
	return a.perform(news.Correction, "", c.Reason, func(n *node.Node) (*news.Item, error) { return c.item(a, n) })
}

type refileCmd struct {
	content
	Reason string `help:"Why it is issued anew; every receiver is told." required:""`
}

func (c *refileCmd) Run(a *app) error {
	return a.perform(news.Refile, "", c.Reason, func(n *node.Node) (*news.Item, error) { return c.item(a, n) })
}

// stopping is an act that changes an item's status and not its content.
type stopping struct {
	URI    string `arg:"" help:"The item's URI."`
	Reason string `help:"Why; every receiver is told." required:""`
}

func (c *stopping) perform(a *app, act news.Act) error {
	return a.perform(act, "", c.Reason, func(*node.Node) (*news.Item, error) { return &news.Item{URI: c.URI}, nil })
}

type holdCmd struct{ stopping }

func (c *holdCmd) Run(a *app) error { return c.perform(a, news.Hold) }

type releaseCmd struct{ stopping }

func (c *releaseCmd) Run(a *app) error { return c.perform(a, news.Release) }

type killCmd struct{ stopping }

func (c *killCmd) Run(a *app) error { return c.perform(a, news.Kill) }
