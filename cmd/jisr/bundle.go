package main

import (
	"fmt"
	"io"
	"os"

	"jisr/internal/exchange"
	"jisr/internal/node"
)

type bundleExportCmd struct {
	Partner string `help:"Whom it is for." required:"" placeholder:"ORIGIN"`
	Since   int64  `help:"First entry of this node's ledger; the partner's node names it." default:"0" placeholder:"INDEX"`
	Output  string `help:"File to write to." short:"o" required:"" type:"path" placeholder:"FILE"`
}

func (c *bundleExportCmd) Run(a *app) error {
	return a.attended(node.OpenToRead, func(n *node.Node) error {
		report, done := a.progress("bundle", false)
		defer done()
		var got *exchange.Bundled
		err := a.create(c.Output, 0o600, func(w io.Writer) (err error) {
			got, err = n.Exchange.ExportBundle(a.ctx, w, c.Partner, c.Since, report)
			return err
		})
		if err != nil {
			return err
		}
		done()
		return a.show(got, func(w io.Writer) {
			fmt.Fprintf(w, "%s: entries %d to %d with %d media files for %s. The next one begins with --since %d.\n",
				c.Output, got.From, got.To, got.Media, c.Partner, got.To)
		})
	})
}

type bundleImportCmd struct {
	File string `arg:"" help:"The partner's bundle." type:"existingfile"`
}

func (c *bundleImportCmd) Run(a *app) error {
	return a.attended(node.OpenToWrite, func(n *node.Node) error {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		report, done := a.progress("bundle", false)
		defer done()
		got, err := n.Exchange.ImportBundle(a.ctx, f, report)
		if err != nil {
			return err
		}
		done()
		if err := n.CatchUpAll(a.ctx); err != nil {
			return err
		}
		return a.show(got, func(w io.Writer) {
			fmt.Fprintf(w, "%d entries of %s, up to %d, and %d media files: verified and stored.\n", got.Entries, got.Origin, got.To, got.Media)
		})
	})
}
