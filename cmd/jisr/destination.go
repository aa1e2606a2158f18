package main

import (
	"fmt"
	"io"

	"jisr/internal/deliver"
	"jisr/internal/node"
)

// destinationFlags is what can be said of a destination. What is not given stays
// as it is.
type destinationFlags struct {
	Address    *string `help:"URL of the subscriber's system or folder, or a mail address; none for a feed." placeholder:"WHERE"`
	User       *string `help:"Who we are there."`
	SecretFile string  `help:"File with the password, private key or signing secret; - for the standard input." placeholder:"FILE"`
	HostKey    *string `help:"The server's key or certificate (docs/delivery.md)." placeholder:"KEY"`
	Format     *string `help:"ninjs, ninjs-1.4, newsml-g2, nitf, html or text."`
	FileName   *string `help:"Template of file names (docs/delivery.md)." placeholder:"TEMPLATE"`
	Media      *bool   `help:"Send media files along." negatable:""`
	Embargo    string  `help:"hold sends items when their embargo ends; deliver trusts the subscriber with it." enum:",hold,deliver" default:""`
	Active     *bool   `help:"Whether anything new goes there." negatable:""`
}

func (f *destinationFlags) apply(a *app, d *deliver.Destination) (err error) {
	set(&d.Address, f.Address)
	set(&d.User, f.User)
	set(&d.HostKey, f.HostKey)
	set(&d.Format, f.Format)
	set(&d.FileName, f.FileName)
	set(&d.Media, f.Media)
	set(&d.Active, f.Active)
	if f.Embargo != "" {
		d.Embargo = deliver.Embargo(f.Embargo)
	}
	if f.SecretFile != "" {
		d.Secret, err = a.readSecret(f.SecretFile)
	}
	return err
}

type destinationAddCmd struct {
	Subscriber string `arg:"" help:"The subscriber's id."`
	Name       string `help:"Its name." required:""`
	Kind       string `help:"http, sftp, ftp, mail, pull or websub." enum:"http,sftp,ftp,mail,pull,websub" required:"" placeholder:"KIND"`
	destinationFlags
}

func (c *destinationAddCmd) Run(a *app) error {
	d := &deliver.Destination{Subscriber: c.Subscriber, Name: c.Name, Kind: deliver.Kind(c.Kind), Active: true}
	if err := c.apply(a, d); err != nil {
		return err
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.AddDestination(a.ctx, d); err != nil {
			return err
		}
		return a.showDestination(n, d.ID)
	})
}

type destinationChangeCmd struct {
	ID   string  `arg:"" name:"id" help:"Its id."`
	Name *string `help:"Another name."`
	destinationFlags
}

func (c *destinationChangeCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		d, err := n.Deliver.Destination(a.ctx, c.ID)
		if err != nil {
			return err
		}
		d.Secret = "" // the one there is stays, if the host does
		set(&d.Name, c.Name)
		if err := c.apply(a, d); err != nil {
			return err
		}
		if err := n.Deliver.SaveDestination(a.ctx, d); err != nil {
			return err
		}
		return a.showDestination(n, d.ID)
	})
}

func (a *app) showDestination(n *node.Node, id string) error {
	d, err := n.Deliver.Destination(a.ctx, id)
	if err != nil {
		return err
	}
	fares, err := n.Deliver.Fares(a.ctx, []string{id})
	if err != nil {
		return err
	}
	return a.show(d.View(fares[id]), func(w io.Writer) { table(w, [][]string{destinationRow(d, fares[id])}) })
}

func destinationRow(d *deliver.Destination, f *deliver.Fares) []string {
	row := []string{d.ID, string(d.Kind), d.Name, d.Address, activity(d.Active)}
	if f == nil {
		return row
	}
	state := ""
	switch {
	case f.Paused != "":
		state = "PAUSED, it refuses everything: " + f.Paused
	case f.Failure != "":
		state = "fails: " + f.Failure
	}
	return append(row, fmt.Sprintf("%d waiting", f.Waiting), fmt.Sprintf("%d failed", f.Failed+f.Refused), stamp(f.Success), state)
}

type destinationListCmd struct {
	Subscriber string `help:"Only those of this subscriber." placeholder:"ID"`
	After      string `help:"Only those after this id, to read on." placeholder:"ID"`
	Limit      int    `help:"How many at most, up to 200." default:"50"`
}

func (c *destinationListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		found, err := n.Deliver.Destinations(a.ctx, c.Subscriber, c.After, c.Limit)
		if err != nil {
			return err
		}
		ids := make([]string, len(found))
		for i, d := range found {
			ids[i] = d.ID
		}
		fares, err := n.Deliver.Fares(a.ctx, ids)
		if err != nil {
			return err
		}
		out, rows := make([]deliver.DestinationView, len(found)), make([][]string, len(found))
		for i, d := range found {
			out[i], rows[i] = d.View(fares[d.ID]), destinationRow(d, fares[d.ID])
		}
		return a.show(map[string]any{"destinations": out}, func(w io.Writer) { table(w, rows) })
	})
}

type destinationRemoveCmd struct {
	ID string `arg:"" name:"id" help:"Its id."`
}

func (c *destinationRemoveCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.RemoveDestination(a.ctx, c.ID); err != nil {
			return err
		}
		return a.show(map[string]string{"removed": c.ID}, func(w io.Writer) {
			fmt.Fprintf(w, "%s is removed. Should something that it got be killed, that still goes there.\n", c.ID)
		})
	})
}

type destinationTestCmd struct {
	ID string `arg:"" name:"id" help:"Its id."`
}

func (c *destinationTestCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		r, err := n.Deliver.Test(a.ctx, c.ID)
		if err != nil {
			return err
		}
		return a.show(map[string]string{"answer": r.Status}, func(w io.Writer) { fmt.Fprintf(w, "The other side took it: %s\n", printable(r.Status)) })
	})
}

type destinationResumeCmd struct {
	ID string `arg:"" name:"id" help:"Its id."`
}

func (c *destinationResumeCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.ResumeDestination(a.ctx, c.ID); err != nil {
			return err
		}
		return a.showDestination(n, c.ID)
	})
}

type destinationTokenCmd struct {
	ID     string `arg:"" name:"id" help:"The id of a feed: a destination of the kind pull or websub."`
	Name   string `help:"Make a token for whom this names."`
	Revoke string `help:"Revoke the token with this id." placeholder:"TOKEN"`
}

func (c *destinationTokenCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		switch {
		case c.Revoke != "":
			if err := n.Deliver.RevokeFeedToken(a.ctx, c.ID, c.Revoke); err != nil {
				return err
			}
			return a.show(map[string]string{"revoked": c.Revoke}, func(w io.Writer) { fmt.Fprintln(w, "The token opens nothing any more.") })
		case c.Name != "":
			return c.create(a, n)
		}
		return c.list(a, n)
	})
}

func (c *destinationTokenCmd) create(a *app, n *node.Node) error {
	secret, t, err := n.Deliver.CreateFeedToken(a.ctx, c.ID, c.Name)
	if err != nil {
		return err
	}
	at := n.Config.URL + deliver.FeedPath + c.ID
	out := struct {
		deliver.TokenView
		Feeds map[string]string `json:"feeds"` // addresses by form
	}{t.View(secret), map[string]string{}}
	for _, ext := range deliver.FeedFormats() {
		out.Feeds[ext] = at + "." + ext + "?token=" + secret
	}
	return a.show(out, func(w io.Writer) {
		fmt.Fprintf(w, "The feed in each form; the token is shown this once.\n\n")
		for _, ext := range deliver.FeedFormats() {
			fmt.Fprintf(w, "  %s\n", out.Feeds[ext])
		}
	})
}

func (c *destinationTokenCmd) list(a *app, n *node.Node) error {
	found, err := n.Deliver.FeedTokens(a.ctx, c.ID)
	if err != nil {
		return err
	}
	out, rows := make([]deliver.TokenView, len(found)), make([][]string, len(found))
	for i, t := range found {
		state := "opens the feed"
		if !t.Revoked.IsZero() {
			state = "revoked " + stamp(t.Revoked)
		}
		out[i], rows[i] = t.View(""), []string{t.ID, t.Name, "last used " + stamp(t.Used), state}
	}
	return a.show(map[string]any{"tokens": out}, func(w io.Writer) { table(w, rows) })
}
