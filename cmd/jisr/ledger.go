package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/node"
)

type ledgerCheckCmd struct {
	Media bool `help:"Read every media file, too."`
}

// checked is the outcome of a check as --json prints it.
type checked struct {
	Logs     int64          `json:"ledgers"`
	Entries  int64          `json:"entries"`
	Withheld int64          `json:"withheld"`
	Contents int64          `json:"contents"`
	Missing  int64          `json:"missing"`
	Tiles    int64          `json:"tiles"`
	Media    int64          `json:"media"`
	Faults   []ledger.Fault `json:"faults"`
}

func (c *ledgerCheckCmd) Run(a *app) error {
	out := checked{Faults: []ledger.Fault{}}
	found := func(f ledger.Fault) { out.Faults = append(out.Faults, f) }
	err := a.with(node.OpenToCheck, func(n *node.Node) error {
		report, done := a.progress("check", false)
		defer done()
		got, err := ledger.Check(a.ctx, n.Ledger, found, report)
		if err != nil {
			return err
		}
		out.Logs, out.Entries, out.Withheld = got.Logs, got.Entries, got.Withheld
		out.Contents, out.Missing, out.Tiles = got.Contents, got.Missing, got.Tiles
		if c.Media {
			return out.media(a, n, found)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.show(out, out.print); err != nil {
		return err
	}
	if len(out.Faults) > 0 {
		return unproven{news.Errorf(news.Conflict, "", "%d faults: restore a backup, or fetch entries back with jisr recover", len(out.Faults))}
	}
	return nil
}

// media reads the media that items commit to again.
func (o *checked) media(a *app, n *node.Node, found func(ledger.Fault)) error {
	for after := int64(0); ; {
		records, err := n.Ledger.Journal(a.ctx, after, 500)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			after = r.Position
			e, err := r.Entry()
			if err != nil {
				continue // Check spoke of it
			}
			_, media := e.ContentDigest()
			for _, d := range media {
				switch err := n.Blobs.Verify(a.ctx, d); {
				case news.KindOf(err) == news.NotFound:
					o.Missing++
				case news.KindOf(err) == news.Conflict:
					found(ledger.Fault{Origin: r.Origin, Index: r.Index, Ref: r.Ref, What: "the media " + d + " was altered"})
				case err != nil:
					return err
				default:
					o.Media++
				}
			}
		}
	}
}

func (o *checked) print(w io.Writer) {
	for _, f := range o.Faults {
		where := fmt.Sprintf("%s entry %d %s", f.Origin, f.Index, f.Ref)
		if f.Index < 0 {
			where = strings.TrimSpace(f.Origin + " ledger")
		}
		fmt.Fprintf(w, "%s: %s\n", printable(strings.TrimSpace(where)), printable(f.What))
	}
	fmt.Fprintf(w, "%d ledgers, %d entries (%d withheld), %d contents (%d not here), %d tiles, %d faults\n",
		o.Logs, o.Entries, o.Withheld, o.Contents, o.Missing, o.Tiles, len(o.Faults))
}

type ledgerTailCmd struct {
	Lines  int   `help:"How many of the newest entries." default:"10" short:"n"`
	After  int64 `help:"Instead: all after this position." placeholder:"POSITION" default:"-1"`
	Follow bool  `help:"Go on as new ones come." short:"f"`
}

// entry is a journal entry as --json prints it, one a line.
type entry struct {
	Position int64       `json:"position"`
	Origin   string      `json:"origin"`
	Index    int64       `json:"index"`
	Kind     ledger.Kind `json:"kind"`
	Ref      string      `json:"ref,omitempty"`
	At       time.Time   `json:"at,omitzero"`
	Act      string      `json:"act,omitempty"`
	Hash     string      `json:"hash"`
}

func entryOf(r *ledger.Record) entry {
	out := entry{Position: r.Position, Origin: r.Origin, Index: r.Index, Kind: r.Kind, Ref: r.Ref, Hash: r.Hash().String()}
	if e, err := r.Entry(); err == nil {
		var body struct {
			Act string `json:"act"`
		}
		_ = json.Unmarshal(e.Body, &body) // a kind without an act has none to show
		out.At, out.Act = e.At, body.Act
	}
	return out
}

func (c *ledgerTailCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		grown, cancel := n.DB.Subscribe(ledger.Topic)
		defer cancel()
		after := c.After
		if after < 0 {
			end, err := n.Ledger.Position(a.ctx)
			if err != nil {
				return err
			}
			after = max(0, end-int64(c.Lines))
		}
		for {
			records, err := n.Ledger.Journal(a.ctx, after, 500)
			if err != nil {
				return err
			}
			for _, r := range records {
				after = r.Position
				if err := a.printEntry(entryOf(r)); err != nil {
					return err
				}
			}
			if len(records) > 0 {
				continue
			}
			if !c.Follow {
				return nil
			}
			select {
			case <-a.ctx.Done():
				return nil // Ctrl-C is how one stops looking
			case <-grown:
			case <-time.After(5 * time.Second):
			}
		}
	})
}

func (a *app) printEntry(e entry) error {
	return a.show(e, func(w io.Writer) {
		fmt.Fprintf(w, "%8d  %s  %s %d  %s %s %s\n", e.Position, stamp(e.At), e.Origin, e.Index, e.Kind, e.Act, printable(e.Ref))
	})
}
