package main

import (
	"fmt"
	"strings"

	"jisr/internal/ingest"
	"jisr/internal/node"
)

type importCmd struct {
	Paths []string `arg:"" name:"file" help:"Files, or folders of files." type:"path"`
	Desk  string   `help:"The desk of new items."`
	Lost  bool     `help:"Say what the items do not hold of the files." name:"losses"`
}

// importSummary counts what became of an import's items.
type importSummary struct {
	Issued  int   `json:"issued"`
	Skipped int   `json:"skipped"`
	Failed  int   `json:"failed"`
	Last    int64 `json:"last_index"` // newest entry of this node's ledger; -1 if nothing was issued
}

func (c *importCmd) Run(a *app) error {
	sum := importSummary{Last: -1}
	items := []*node.Imported{}
	failed := &partly{}
	err := a.with(node.OpenToWrite, func(n *node.Node) error {
		return n.Import(a.ctx, c.Paths, node.ImportOptions{Desk: c.Desk, Actor: shell()}, func(i *node.Imported) {
			sum.count(i)
			if i.Outcome == ingest.Failed && failed.first == nil {
				failed.first = i.Err
			}
			if a.JSON {
				items = append(items, i)
				return
			}
			c.print(a, i)
		})
	})
	if err != nil {
		return err
	}
	if a.JSON {
		err = a.show(map[string]any{"items": items, "summary": sum}, nil)
	} else {
		_, err = fmt.Fprintf(a.out, "%d issued, %d skipped, %d failed\n", sum.Issued, sum.Skipped, sum.Failed)
	}
	if err != nil || sum.Failed == 0 {
		return err
	}
	failed.failed, failed.total = sum.Failed, sum.Issued+sum.Skipped+sum.Failed
	return failed
}

func (s *importSummary) count(i *node.Imported) {
	switch i.Outcome {
	case ingest.Issued:
		s.Issued++
		s.Last = max(s.Last, i.Index)
	case ingest.Skipped:
		s.Skipped++
	default:
		s.Failed++
	}
}

// print prints a line about an item, to stderr if it failed.
func (c *importCmd) print(a *app, i *node.Imported) {
	what := printable(strings.TrimSpace(fmt.Sprintf("%s %s", i.File, i.URI)))
	switch i.Outcome {
	case ingest.Issued:
		fmt.Fprintf(a.out, "%s: %s, version %d\n", what, i.Act, i.Version)
	case ingest.Skipped:
		fmt.Fprintf(a.out, "%s: skipped, %s\n", what, printable(i.Reason))
	default:
		fmt.Fprintf(a.err, "%s: failed: %s\n", what, printable(i.Reason))
	}
	switch {
	case c.Lost:
		for _, l := range i.Losses {
			fmt.Fprintf(a.err, "%s: left out: %s\n", printable(i.File), printable(l))
		}
	case len(i.Losses) > 0:
		fmt.Fprintf(a.err, "%s: %d things were left out; --losses says which\n", printable(i.File), len(i.Losses))
	}
}
