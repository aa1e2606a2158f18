package main

import (
	"fmt"
	"io"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/node"
)

type pullCmd struct {
	Origin string `arg:"" help:"The partner's origin."`
}

func (c *pullCmd) Run(a *app) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		before, err := n.Exchange.Partner(a.ctx, c.Origin)
		if err != nil {
			return err
		}
		if err := n.Exchange.Pull(a.ctx, c.Origin); err != nil {
			return err
		}
		stop := n.Attend(a.ctx)
		defer stop()
		if err := n.CatchUpAll(a.ctx); err != nil {
			return err
		}
		p, err := n.Exchange.Partner(a.ctx, c.Origin)
		if err != nil {
			return err
		}
		got := struct {
			Origin string `json:"origin"`
			New    int64  `json:"new"`
			Size   int64  `json:"size"`
		}{c.Origin, p.Size - before.Size, p.Size}
		return a.show(got, func(w io.Writer) {
			fmt.Fprintf(w, "%d new entries of %s; %d in all, verified.\n", got.New, c.Origin, got.Size)
		})
	})
}

type recoverCmd struct {
	Origin string `arg:"" optional:"" help:"The partner to ask; by default each in turn."`
}

// recovered is what came back from a partner, as --json prints it.
type recovered struct {
	From string `json:"from"`
	Got  int64  `json:"got"`
	Lost int64  `json:"lost"` // entries of which the partner was not given the content
}

func (c *recoverCmd) Run(a *app) error {
	return a.with(node.Open, func(n *node.Node) error {
		partners, err := c.partners(a, n)
		if err != nil {
			return err
		}
		out := []recovered{}
		for _, p := range partners {
			got, lost, err := n.Exchange.Recover(a.ctx, p)
			if err != nil && c.Origin == "" && a.ctx.Err() == nil {
				fmt.Fprintf(a.err, "%s: %s\n", p, sentence(err)) // another may have it
				continue
			}
			if err != nil {
				return err
			}
			out = append(out, recovered{p, got, lost})
		}
		if len(out) == 0 {
			return news.Errorf(news.Unavailable, "", "no partner could be asked: try again when one can be reached")
		}
		// The newsroom learns which versions it had issued before it may go on.
		if err := n.CatchUp(a.ctx); err != nil {
			return err
		}
		return a.show(map[string]any{"recovered": out}, func(w io.Writer) {
			for _, r := range out {
				fmt.Fprintf(w, "%d entries came back from %s; the content of %d is lost.\n", r.Got, r.From, r.Lost)
			}
		})
	})
}

// partners returns whom to ask.
func (c *recoverCmd) partners(a *app, n *node.Node) ([]string, error) {
	if c.Origin != "" {
		return []string{c.Origin}, nil
	}
	all, err := n.Exchange.Partners(a.ctx)
	var out []string
	for _, p := range all {
		if p.State == exchange.Confirmed && p.URL != "" {
			out = append(out, p.Origin)
		}
	}
	return out, err
}
