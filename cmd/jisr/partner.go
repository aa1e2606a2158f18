package main

import (
	"fmt"
	"io"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/node"
)

// partner is a partner as --json prints it.
type partner struct {
	Origin      string                `json:"origin"`
	Name        string                `json:"name"`
	URL         string                `json:"url,omitempty"`
	State       exchange.PartnerState `json:"state"`
	Fingerprint string                `json:"fingerprint"`
	Hex         string                `json:"fingerprint_hex"`
	Contact     time.Time             `json:"last_contact,omitzero"`
	Failure     string                `json:"last_failure,omitempty"`
	Size        int64                 `json:"size"` // entries of its ledger that are here
	Behind      int64                 `json:"behind"`
	Frozen      string                `json:"frozen,omitempty"`
}

func partnerOf(p *exchange.Partner) partner {
	return partner{p.Origin, p.Profile.Name("en"), p.URL, p.State, p.Fingerprint.Words, p.Fingerprint.Hex, p.Contact, p.Failure,
		p.Size, p.Behind(), p.Frozen}
}

type partnerAddCmd struct {
	URL string `arg:"" name:"url" help:"The address of the partner's node."`
}

func (c *partnerAddCmd) Run(a *app) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		p, err := n.Exchange.AddPartner(a.ctx, c.URL)
		if err != nil {
			return err
		}
		return a.show(partnerOf(p), func(w io.Writer) {
			fmt.Fprintf(w, "%s (%s) says that its fingerprint is\n\n  %s\n\nAsk its people for it on another way, by telephone, and read yours to them:\n\n  %s\n\nIf they match: jisr partner confirm %s --fingerprint %q\n",
				p.Origin, printable(p.Profile.Name("en")), p.Fingerprint.Words, n.Exchange.OwnFingerprint().Words, p.Origin, "WHAT THEY SAID")
		})
	})
}

type partnerConfirmCmd struct {
	Origin      string `arg:"" help:"The partner's origin."`
	Fingerprint string `help:"The fingerprint that its people read to you, in words or hex." required:"" placeholder:"WORDS"`
}

func (c *partnerConfirmCmd) Run(a *app) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		if err := n.Exchange.ConfirmPartner(a.ctx, c.Origin, c.Fingerprint); err != nil {
			return err
		}
		p, err := n.Exchange.Partner(a.ctx, c.Origin)
		if err != nil {
			return err
		}
		return a.show(partnerOf(p), func(w io.Writer) { fmt.Fprintf(w, "%s is confirmed.\n", c.Origin) })
	})
}

type partnerBlockCmd struct {
	Origin string `arg:"" help:"The partner's origin."`
}

func (c *partnerBlockCmd) Run(a *app) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		if err := n.Exchange.BlockPartner(a.ctx, c.Origin); err != nil {
			return err
		}
		return a.show(map[string]string{"origin": c.Origin, "state": string(exchange.Blocked)}, func(w io.Writer) {
			fmt.Fprintf(w, "%s is blocked. What was received from it stays.\n", c.Origin)
		})
	})
}

type partnerListCmd struct{}

func (c *partnerListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		found, err := n.Exchange.Partners(a.ctx)
		if err != nil {
			return err
		}
		out, rows := make([]partner, len(found)), make([][]string, len(found))
		for i, p := range found {
			out[i] = partnerOf(p)
			trouble := p.Frozen
			if trouble == "" {
				trouble = p.Failure
			}
			rows[i] = []string{p.Origin, string(p.State), p.URL, fmt.Sprintf("%d entries", p.Size), fmt.Sprintf("%d behind", p.Behind()), stamp(p.Contact), trouble}
		}
		return a.show(map[string]any{"partners": out}, func(w io.Writer) { table(w, rows) })
	})
}
