package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"jisr/internal/node"
)

type serveCmd struct {
	Log     string `help:"Form of the log: text or json." enum:"text,json" default:"text"`
	Verbose bool   `help:"Log more." short:"v"`
}

func (c *serveCmd) Run(a *app) error {
	config, err := node.LoadConfig(a.data())
	if err != nil {
		return err
	}
	n, err := node.Open(a.ctx, config, c.logger(a.err))
	if err != nil {
		return err
	}
	err = n.Serve(a.ctx, func(addr net.Addr) {
		up := struct {
			Origin string `json:"origin"`
			URL    string `json:"url"`
			Listen string `json:"listen"`
		}{n.Ledger.Origin(), config.URL, addr.String()}
		_ = a.show(up, func(w io.Writer) { fmt.Fprintf(w, "%s is served at %s\n", up.Origin, up.URL) })
	})
	return errors.Join(err, n.Close())
}

// logger writes the server's log.
func (c *serveCmd) logger(w io.Writer) *slog.Logger {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
