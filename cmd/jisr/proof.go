package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"jisr/internal/news"
	"jisr/internal/node"
)

type proofCmd struct {
	URI     string `arg:"" optional:"" help:"The item's URI."`
	Origin  string `help:"Who issued it, where several did; with --all, only this organisation's items." placeholder:"ORIGIN"`
	Version int    `help:"The version that is meant; by default the newest." placeholder:"N"`
	Output  string `help:"File to write to; with --all, folder." short:"o" default:"-" placeholder:"FILE"`
	Content string `help:"Write the content that it proves, too." placeholder:"FILE"`
	All     bool   `help:"Write proof and content of every item that is here."`
}

func (c *proofCmd) Run(a *app) error {
	if c.All == (c.URI != "") {
		return news.Errorf(news.Invalid, "", "name an item, or ask for --all")
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if c.All {
			return c.all(a, n)
		}
		if err := n.CatchUp(a.ctx); err != nil {
			return err
		}
		t := target{URI: c.URI, Origin: c.Origin}
		origin, err := t.origin(a.ctx, n)
		if err != nil {
			return err
		}
		if err := a.writeProof(n, origin, c.URI, c.Version, c.Output, c.Content); err != nil || c.Output == "-" {
			return err
		}
		return a.show(map[string]string{"origin": origin, "uri": c.URI, "file": c.Output}, func(w io.Writer) {
			fmt.Fprintf(w, "%s proves it: jisr verify %s %s\n", c.Output, c.Output, c.Content)
		})
	})
}

// all writes the proof of every item, with its content beside it.
func (c *proofCmd) all(a *app, n *node.Node) error {
	if c.Output == "-" {
		return news.Errorf(news.Invalid, "output", "--all writes many files: name a folder with -o")
	}
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return err
	}
	chosen := filter{Origin: c.Origin}
	lines, err := chosen.read(a.ctx, n, 0, 0)
	if err != nil {
		return err
	}
	report, done := a.progress("proofs", false)
	defer done()
	for i, l := range lines {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		name := filepath.Join(c.Output, fileName(l.Origin, l.URI))
		if err := a.writeProof(n, l.Origin, l.URI, 0, name+".proof.json", name+".json"); err != nil {
			return err
		}
		report(int64(i+1), int64(len(lines)))
	}
	done()
	return a.show(map[string]any{"proofs": len(lines), "folder": c.Output}, func(w io.Writer) {
		fmt.Fprintf(w, "%d proofs with their contents in %s\n", len(lines), c.Output)
	})
}

// writeProof writes the proof file, and the content if a name is given for it.
func (a *app) writeProof(n *node.Node, origin, uri string, version int, proof, content string) error {
	p, err := n.Exchange.Proof(a.ctx, origin, uri, version)
	if err != nil {
		return err
	}
	doc, err := p.Encode()
	if err != nil {
		return err
	}
	if err := a.create(proof, 0o644, func(w io.Writer) error { _, err := w.Write(doc); return err }); err != nil || content == "" {
		return err
	}
	b, err := n.Content(a.ctx, origin, uri, p.Version)
	if err != nil {
		return err
	}
	return a.create(content, 0o644, func(w io.Writer) error { _, err := w.Write(b); return err })
}
