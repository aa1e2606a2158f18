package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node"
)

// line is an item's newest version as --json prints it.
type line struct {
	Origin    string      `json:"origin"`
	URI       string      `json:"uri"`
	Own       bool        `json:"own"`
	Version   int         `json:"version"`
	Act       news.Act    `json:"act"`
	Status    news.Status `json:"status"`
	Blocked   news.Status `json:"blocked,omitempty"`
	Type      news.Type   `json:"type"`
	Language  string      `json:"language,omitempty"`
	Headline  string      `json:"headline"`
	Slugline  string      `json:"slugline,omitempty"`
	Desk      string      `json:"desk,omitempty"`
	Urgency   int         `json:"urgency,omitempty"`
	Machine   bool        `json:"machine_made,omitempty"`
	Issued    time.Time   `json:"issued"`
	Embargoed time.Time   `json:"embargoed,omitzero"`
	Expires   time.Time   `json:"expires,omitzero"`
	Position  int64       `json:"position"`
	Index     int64       `json:"index"`
}

func lineOf(l *newsroom.Line) line {
	return line{l.Origin, l.URI, l.Own, l.Version, l.Act, l.Status, l.Blocked, l.Type, l.Language, l.Headline, l.Slugline,
		l.Desk, l.Urgency, l.Machine, l.Issued, l.Embargoed, l.Expires, l.Position, l.Index}
}

type listCmd struct {
	filter
	Before int64 `help:"Only items before this position, to read on." placeholder:"POSITION"`
	Limit  int   `help:"How many at most; 0 for all." default:"50" short:"n"`
	Quiet  bool  `help:"Print URIs only." short:"q"`
}

// filter chooses items of the wire.
type filter struct {
	Origin   string `help:"Only items of this organisation; \"own\" is the node's." placeholder:"ORIGIN"`
	Language string `help:"Only items in this language." placeholder:"TAG"`
	Type     string `help:"Only items of this type." placeholder:"TYPE"`
	Desk     string `help:"Only items of this desk."`
	Status   string `help:"Only items of this status: usable, held or killed." enum:",usable,held,killed" default:""`
}

// read returns the lines that the filter chooses, newest first; 0 for all.
func (f *filter) read(ctx context.Context, n *node.Node, before int64, limit int) ([]*newsroom.Line, error) {
	if err := n.CatchUp(ctx); err != nil {
		return nil, err
	}
	if f.Origin == "own" {
		f.Origin = n.Ledger.Origin()
	}
	var out []*newsroom.Line
	for {
		page, err := n.Newsroom.Wire(ctx, newsroom.Filter{Origin: f.Origin, Language: f.Language, Type: news.Type(f.Type),
			Desk: f.Desk, WithEmbargoed: true, Before: before, Limit: 200})
		if err != nil {
			return nil, err
		}
		for _, l := range page {
			if before = l.Position; f.Status != "" && string(l.Status) != f.Status {
				continue
			}
			if out = append(out, l); len(out) == limit {
				return out, nil
			}
		}
		if len(page) < 200 {
			return out, nil
		}
	}
}

func (c *listCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		found, err := c.read(a.ctx, n, c.Before, c.Limit)
		if err != nil {
			return err
		}
		page := struct {
			Items []line `json:"items"`
		}{make([]line, len(found))}
		rows := make([][]string, len(found))
		for i, l := range found {
			page.Items[i] = lineOf(l)
			rows[i] = []string{stamp(l.Issued), l.Origin, standing(l), short(l.Headline, 60), l.URI}
		}
		return a.show(page, func(w io.Writer) {
			if !c.Quiet {
				table(w, rows)
				return
			}
			for _, l := range found {
				fmt.Fprintln(w, printable(l.URI))
			}
		})
	})
}

// standing says in a word or two where an item stands.
func standing(l *newsroom.Line) string {
	switch {
	case l.Status == news.StatusUsable && l.Blocked != "":
		return "source " + string(l.Blocked)
	case l.Status == news.StatusUsable && l.Embargoed.After(time.Now()):
		return "embargoed"
	}
	return string(l.Status)
}

// target is an item that a command is about.
type target struct {
	URI    string `arg:"" help:"The item's URI."`
	Origin string `help:"Who issued it, where several did." placeholder:"ORIGIN"`
}

// origin returns who issued the item: as given, else this house or the only one
// who did.
func (t *target) origin(ctx context.Context, n *node.Node) (string, error) {
	if t.Origin != "" {
		return t.Origin, nil
	}
	origins, err := n.Newsroom.Find(ctx, t.URI)
	switch {
	case err != nil:
		return "", err
	case len(origins) == 0:
		return "", news.Errorf(news.NotFound, "", "there is no item %s here", t.URI)
	case len(origins) > 1 && origins[0] != n.Ledger.Origin():
		return "", news.Errorf(news.Invalid, "origin", "%v all issued an item of this URI: say which with --origin", origins)
	}
	return origins[0], nil
}

type showCmd struct {
	target
}

// version is one act on an item as --json prints it.
type version struct {
	Version  int       `json:"version"`
	Act      news.Act  `json:"act"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
	Role     string    `json:"role,omitempty"`
	Position int64     `json:"position"`
	Index    int64     `json:"index"`
	Hash     string    `json:"hash"`
}

// use is a report of use as --json prints it.
type use struct {
	By    string      `json:"by"`
	Act   news.UseAct `json:"act"`
	At    time.Time   `json:"at"`
	Where string      `json:"where,omitempty"`
}

// view is an item as --json prints it.
type view struct {
	line
	Versions     []version            `json:"versions"`
	Uses         []use                `json:"uses"`
	Applied      map[string]time.Time `json:"applied"`   // who acknowledged the newest kill or hold
	Confirmed    map[string]time.Time `json:"confirmed"` // whose editors confirmed it
	MediaMissing []string             `json:"media_missing,omitempty"`
}

func viewOf(v *newsroom.View) view {
	out := view{line: lineOf(&v.Line), Versions: []version{}, Uses: []use{}, MediaMissing: v.MediaMissing}
	out.Applied, out.Confirmed = newsroom.ReachedBy(v)
	for _, w := range v.Versions {
		out.Versions = append(out.Versions, version{w.Version, w.Act, w.Reason, w.At, w.Actor.Role, w.Position, w.Index, w.Hash})
	}
	for _, u := range v.Uses {
		out.Uses = append(out.Uses, use{u.By, u.Act, u.At, u.Where})
	}
	return out
}

func (c *showCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.CatchUp(a.ctx); err != nil {
			return err
		}
		origin, err := c.origin(a.ctx, n)
		if err != nil {
			return err
		}
		v, err := n.Newsroom.Item(a.ctx, origin, c.URI, true)
		if err != nil {
			return err
		}
		return a.show(viewOf(v), func(w io.Writer) { printItem(w, v) })
	})
}

func printItem(w io.Writer, v *newsroom.View) {
	rows := [][]string{
		{"Headline", v.Headline}, {"URI", v.URI}, {"Issued by", v.Origin}, {"Status", standing(&v.Line)},
		{"Type", string(v.Type)}, {"Language", v.Language}, {"Desk", v.Desk}, {"Embargo", stamp(v.Embargoed)},
	}
	table(w, slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" || r[1] == "-" }))
	fmt.Fprintln(w, "\nVersions")
	rows = nil
	for _, x := range v.Versions {
		rows = append(rows, []string{"  " + strconv.Itoa(x.Version), string(x.Act), stamp(x.At), "entry " + strconv.FormatInt(x.Index, 10), x.Reason})
	}
	table(w, rows)
	applied, confirmed := newsroom.ReachedBy(v)
	for _, origin := range slices.Sorted(maps.Keys(applied)) {
		fmt.Fprintf(w, "%s cannot use it any more since %s\n", origin, stamp(applied[origin]))
	}
	for _, origin := range slices.Sorted(maps.Keys(confirmed)) {
		fmt.Fprintf(w, "An editor of %s confirmed at %s\n", origin, stamp(confirmed[origin]))
	}
	for _, d := range v.MediaMissing {
		fmt.Fprintf(w, "Media on its way: %s\n", d)
	}
}
