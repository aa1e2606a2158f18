package main

import (
	"cmp"
	"fmt"
	"io"

	"jisr/internal/deliver"
	"jisr/internal/node"
)

type deliveriesListCmd struct {
	Destination string `help:"Only those of this destination." placeholder:"ID"`
	State       string `help:"Only those in this state: waiting, sending, offered, sent, refused, failed, superseded, withheld or canceled."`
	URI         string `help:"Only those of this item." name:"uri"`
	Origin      string `help:"The item's issuer; this house if it is left out."`
	Before      string `help:"Only those before this id, to read on." placeholder:"ID"`
	Limit       int    `help:"How many at most, up to 200." default:"50"`
}

func (c *deliveriesListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		l := deliver.Log{Destination: c.Destination, State: deliver.State(c.State), Before: c.Before, Limit: c.Limit}
		if c.URI != "" {
			l.Item = deliver.Item{Origin: cmp.Or(c.Origin, n.Ledger.Origin()), URI: c.URI}
		}
		found, err := n.Deliver.Deliveries(a.ctx, l)
		if err != nil {
			return err
		}
		out, rows := make([]deliver.DeliveryView, len(found)), make([][]string, len(found))
		for i, d := range found {
			out[i] = d.View()
			rows[i] = []string{d.ID, string(d.State), string(d.Act), fmt.Sprintf("v%d", d.Version), short(d.Item.URI, 60), d.Destination, stamp(d.Tried), cmp.Or(d.Reason, d.Answer)}
		}
		return a.show(map[string]any{"deliveries": out}, func(w io.Writer) { table(w, rows) })
	})
}

type deliveriesShowCmd struct {
	ID   string `arg:"" name:"id" help:"The delivery's id."`
	Body bool   `help:"Print the bytes that were sent, and nothing else."`
}

func (c *deliveriesShowCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if c.Body {
			_, b, err := n.Deliver.Body(a.ctx, c.ID)
			if err != nil {
				return err
			}
			_, err = a.out.Write(b)
			return err
		}
		d, err := n.Deliver.Delivery(a.ctx, c.ID)
		if err != nil {
			return err
		}
		return a.showDelivery(d)
	})
}

func (a *app) showDelivery(d *deliver.Delivery) error {
	return a.show(d.View(), func(w io.Writer) {
		rows := [][]string{{"delivery", d.ID}, {"destination", d.Destination}, {"item", d.Item.URI + " of " + d.Item.Origin},
			{"version", fmt.Sprintf("%d, %s", d.Version, d.Act)}, {"state", string(d.State)}, {"why", d.Reason}, {"answer", d.Answer},
			{"attempts", fmt.Sprint(d.Attempts)}, {"last attempt", stamp(d.Tried)}, {"next attempt", stamp(d.Due)}, {"sent", stamp(d.Sent)},
			{"format", d.Format}, {"file", d.Name}, {"bytes", fmt.Sprint(d.Size)}, {"digest", d.Body}, {"entry", d.Entry}}
		for _, l := range d.Losses {
			rows = append(rows, []string{"not carried", l.Path + ": " + l.Reason})
		}
		table(w, rows)
	})
}

type deliveriesResendCmd struct {
	ID string `arg:"" name:"id" help:"The delivery's id."`
}

func (c *deliveriesResendCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		d, err := n.Deliver.Resend(a.ctx, c.ID)
		if err != nil {
			return err
		}
		return a.show(d.View(), func(w io.Writer) {
			fmt.Fprintf(w, "%s sends version %d again, as soon as the node is served.\n", d.ID, d.Version)
		})
	})
}
