package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"jisr/internal/news"
	"jisr/internal/node"
)

type demoCmd struct {
	Fresh bool          `help:"Begin anew."`
	Ports []int         `help:"Ports of the two newsrooms; the next free ones if these are taken." default:"7401,7402" placeholder:"A,B"`
	Every time.Duration `help:"How often a new item comes over the wire." default:"30s"`
}

func (c *demoCmd) Run(a *app) error {
	if len(c.Ports) != 2 {
		return news.Errorf(news.Invalid, "ports", "two newsrooms need two ports")
	}
	dir := cmp.Or(a.Data, "demo-data")
	err := node.RunDemo(a.ctx, node.DemoOptions{Dir: dir, Ports: [2]int(c.Ports), Fresh: c.Fresh, Every: c.Every,
		Ready: func(houses []*node.House) { c.tour(a, dir, houses) },
		Told:  func(line string) { fmt.Fprintln(a.err, printable(line)) },
	})
	if err == nil && !a.JSON {
		fmt.Fprintf(a.err, "Stopped. The next jisr demo goes on from here; --fresh begins anew.\n")
	}
	return err
}

// house is a newsroom of the demonstration as --json prints it.
type house struct {
	Origin   string   `json:"origin"`
	Name     string   `json:"name"`
	URL      string   `json:"url"`
	Data     string   `json:"data"`
	Inbox    string   `json:"inbox"`
	Logins   []string `json:"logins"`
	Password string   `json:"password"`
}

// tour says what there is to see.
func (c *demoCmd) tour(a *app, dir string, houses []*node.House) {
	out := make([]house, len(houses))
	for i, h := range houses {
		out[i] = house{h.Org.Origin, h.Org.Name("en"), h.URL, h.Data, h.Inbox, nil, node.DemoPassword}
		for _, p := range h.Accounts {
			out[i].Logins = append(out[i].Logins, p.Login)
		}
	}
	_ = a.show(map[string]any{"houses": out}, func(w io.Writer) {
		fmt.Fprintf(w, "Two newsrooms are open, side by side. They are fictional, and partners.\n\n")
		for _, h := range out {
			fmt.Fprintf(w, "  %-24s %s\n", h.URL, h.Name)
		}
		fmt.Fprintf(w, "\nSign in to either as editor or as chief. Password: %s\n\n", node.DemoPassword)
		fmt.Fprintf(w, "Three things to try:\n")
		fmt.Fprintf(w, "  1. Publish something in one newsroom and watch it arrive in the other, with its proof.\n")
		fmt.Fprintf(w, "  2. Correct it, then kill it as chief: the other newsroom cannot use it any more, and says so.\n")
		fmt.Fprintf(w, "  3. Drop a ninjs or NewsML-G2 file into\n       %s\n     and see it on both wires. Or from here: jisr --data %s item list\n\n", out[0].Inbox, out[1].Data)
		fmt.Fprintf(w, "A new item comes over the wire every %s. Ctrl-C stops; what you did is kept in %s.\n", c.Every, dir)
	})
}
