package main

import (
	"fmt"
	"io"
	"strings"

	"jisr/internal/deliver"
	"jisr/internal/node"
)

// subscriberFlags is what can be said of a subscriber. What is not given stays
// as it is.
type subscriberFlags struct {
	Contact  *string  `help:"Whom to call when something does not arrive."`
	Language *string  `help:"Language of what is written to it, such as ar."`
	Note     *string  `help:"A note for staff."`
	Product  []string `help:"Take a product, by id; the flags together replace what it took." placeholder:"ID"`
	Active   *bool    `help:"Whether it gets anything new; a kill of what it got follows in any case." negatable:""`
}

func (f *subscriberFlags) apply(s *deliver.Subscriber) {
	set(&s.Contact, f.Contact)
	set(&s.Language, f.Language)
	set(&s.Note, f.Note)
	set(&s.Active, f.Active)
	if f.Product != nil {
		s.Products = f.Product
	}
}

type subscriberAddCmd struct {
	Name string `arg:"" help:"Its name."`
	subscriberFlags
}

func (c *subscriberAddCmd) Run(a *app) error {
	s := &deliver.Subscriber{Name: c.Name, Active: true}
	c.apply(s)
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.AddSubscriber(a.ctx, s); err != nil {
			return err
		}
		return a.showSubscriber(s)
	})
}

type subscriberChangeCmd struct {
	ID   string  `arg:"" name:"id" help:"Its id."`
	Name *string `help:"Another name."`
	subscriberFlags
}

func (c *subscriberChangeCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		s, err := n.Deliver.Subscriber(a.ctx, c.ID)
		if err != nil {
			return err
		}
		set(&s.Name, c.Name)
		c.apply(s)
		if err := n.Deliver.SaveSubscriber(a.ctx, s); err != nil {
			return err
		}
		return a.showSubscriber(s)
	})
}

func (a *app) showSubscriber(s *deliver.Subscriber) error {
	return a.show(s.View(), func(w io.Writer) {
		fmt.Fprintf(w, "%s  %s  %s\n", s.ID, printable(s.Name), activity(s.Active))
		for _, p := range s.Products {
			fmt.Fprintf(w, "  takes %s\n", p)
		}
	})
}

func activity(on bool) string {
	if on {
		return "active"
	}
	return "switched off"
}

type subscriberListCmd struct {
	After string `help:"Only those after this id, to read on." placeholder:"ID"`
	Limit int    `help:"How many at most, up to 200." default:"50"`
}

func (c *subscriberListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		found, err := n.Deliver.Subscribers(a.ctx, c.After, c.Limit)
		if err != nil {
			return err
		}
		out, rows := make([]deliver.SubscriberView, len(found)), make([][]string, len(found))
		for i, s := range found {
			out[i] = s.View()
			rows[i] = []string{s.ID, s.Name, activity(s.Active), s.Contact, strings.Join(s.Products, " ")}
		}
		return a.show(map[string]any{"subscribers": out}, func(w io.Writer) { table(w, rows) })
	})
}

type subscriberRemoveCmd struct {
	ID string `arg:"" name:"id" help:"Its id."`
}

func (c *subscriberRemoveCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.RemoveSubscriber(a.ctx, c.ID); err != nil {
			return err
		}
		return a.show(map[string]string{"removed": c.ID}, func(w io.Writer) { fmt.Fprintf(w, "%s and its destinations are removed.\n", c.ID) })
	})
}
