package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"jisr/internal/ingest"
	"jisr/internal/node"
)

type arrivalsListCmd struct {
	Source string `help:"Only of this source, by id or name."`
	State  string `help:"Only those waiting, done, failed or aside." enum:",waiting,done,failed,aside" default:""`
	Before string `help:"Only arrivals before this one." placeholder:"ID"`
	Limit  int    `help:"How many." default:"50"`
}

func (c *arrivalsListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		f := ingest.ArrivalFilter{State: ingest.State(c.State), Before: c.Before, Limit: c.Limit}
		if c.Source != "" {
			st, err := n.Ingest.Source(a.ctx, c.Source)
			if err != nil {
				return err
			}
			f.Source = st.ID
		}
		found, err := n.Ingest.Arrivals(a.ctx, f)
		if err != nil {
			return err
		}
		out, rows := make([]ingest.ArrivalView, len(found)), make([][]string, len(found))
		for i, r := range found {
			out[i] = r.View()
			rows[i] = []string{r.ID, stamp(r.Received), string(r.State), short(r.Name, 40), r.Format, came(r)}
		}
		return a.show(map[string]any{"arrivals": out}, func(w io.Writer) { table(w, rows) })
	})
}

// came says in a line what came of an arrival.
func came(r *ingest.Arrival) string {
	if r.Reason != "" {
		return strings.TrimPrefix(r.Place+": "+r.Reason, ": ")
	}
	count := map[ingest.Outcome]int{}
	for _, c := range r.Came {
		count[c.Outcome]++
	}
	var parts []string
	for _, o := range []ingest.Outcome{ingest.Issued, ingest.Drafted, ingest.Skipped, ingest.Media} {
		if count[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[o], o))
		}
	}
	if r.Unchanged > 0 {
		parts = append(parts, fmt.Sprintf("%d unchanged", r.Unchanged))
	}
	return strings.Join(parts, ", ")
}

type arrivalsShowCmd struct {
	ID string `arg:"" help:"The arrival's id."`
}

func (c *arrivalsShowCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		r, err := n.Ingest.Arrival(a.ctx, c.ID)
		if err != nil {
			return err
		}
		return a.showArrival(r)
	})
}

func (a *app) showArrival(r *ingest.Arrival) error {
	return a.show(r.View(), func(w io.Writer) {
		fmt.Fprintf(w, "%s %s: %s, %s\n", r.ID, printable(r.Name), r.State, printable(came(r)))
		for _, i := range r.Came {
			fmt.Fprintf(w, "  %s: %s %s %s\n", printable(i.URI), i.Outcome, i.Act, printable(i.Reason))
		}
		for _, l := range r.Losses {
			fmt.Fprintf(w, "  left out: %s\n", printable(l))
		}
	})
}

type arrivalsRetryCmd struct {
	IDs []string `arg:"" name:"id" help:"The arrivals' ids."`
}

func (c *arrivalsRetryCmd) Run(a *app) error {
	failed := &partly{total: len(c.IDs)}
	err := a.with(node.OpenToWrite, func(n *node.Node) error {
		for _, id := range c.IDs {
			r, err := a.retry(n, id)
			if err != nil && len(c.IDs) == 1 {
				return err
			}
			if err == nil {
				err = a.showArrival(r)
			} else {
				fmt.Fprintf(a.err, "%s: %s\n", id, sentence(err))
			}
			if err != nil {
				failed.failed++
				failed.first = errors.Join(failed.first, err)
			}
		}
		return nil
	})
	if err != nil || failed.failed == 0 {
		return err
	}
	return failed
}

// retry has the arrival taken anew and returns what came of it.
func (a *app) retry(n *node.Node, id string) (*ingest.Arrival, error) {
	r, err := n.Ingest.Retry(a.ctx, id)
	if err != nil {
		return nil, err
	}
	if err := n.Ingest.TakeNow(a.ctx, r.Source); err != nil {
		return nil, err
	}
	return n.Ingest.Arrival(a.ctx, id)
}

type arrivalsDismissCmd struct {
	IDs []string `arg:"" name:"id" help:"The arrivals' ids."`
}

func (c *arrivalsDismissCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		for _, id := range c.IDs {
			r, err := n.Ingest.Dismiss(a.ctx, id)
			if err != nil {
				return err
			}
			if err := a.showArrival(r); err != nil {
				return err
			}
		}
		return nil
	})
}

type arrivalsSaveCmd struct {
	ID  string `arg:"" help:"The arrival's id."`
	Out string `help:"The file to write; - for the standard output." short:"o" default:"-" type:"path" placeholder:"FILE"`
}

func (c *arrivalsSaveCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		_, f, err := n.Ingest.OpenArrival(a.ctx, c.ID)
		if err != nil {
			return err
		}
		defer f.Close()
		return a.create(c.Out, 0o600, func(w io.Writer) error {
			_, err := io.Copy(w, f)
			return err
		})
	})
}
