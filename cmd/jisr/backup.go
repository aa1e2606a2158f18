package main

import (
	"fmt"
	"io"
	"os"

	"jisr/internal/node"
)

type backupCmd struct {
	Output string `help:"File to write to; it holds the private keys, keep it safe." short:"o" required:"" placeholder:"FILE"`
}

func (c *backupCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		report, done := a.progress("backup", true)
		defer done()
		var b *node.Backup
		err := a.create(c.Output, 0o600, func(w io.Writer) (err error) {
			b, err = n.Backup(a.ctx, w, report)
			return err
		})
		if err != nil {
			return err
		}
		done()
		if !b.Database {
			fmt.Fprintln(a.err, "The database is PostgreSQL's to back up: run pg_dump (docs/operations.md). The rest is in this file.")
		}
		if n.Config.Media != "" {
			fmt.Fprintln(a.err, "Media are in a bucket and not in this file: they are its tools' to back up (docs/operations.md).")
		}
		if c.Output == "-" {
			return nil
		}
		return a.show(b, func(w io.Writer) {
			fmt.Fprintf(w, "%s holds the node of %s: %d entries, %d media files. It holds the private keys, too: keep it safe.\n",
				c.Output, b.Origin, b.Entries, b.Media)
		})
	})
}

type restoreCmd struct {
	File string `arg:"" help:"The backup." type:"existingfile"`
}

func (c *restoreCmd) Run(a *app) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	report, done := a.progress("restore", true)
	defer done()
	b, err := node.Restore(a.ctx, f, a.data(), report)
	if err != nil {
		return err
	}
	done()
	return a.show(b, func(w io.Writer) {
		fmt.Fprintf(w, "The node of %s as of %s is in %s: %d entries.\nIf it issued more since then, partners hold it: jisr recover.\n",
			b.Origin, stamp(b.Made), a.data(), b.Entries)
	})
}
