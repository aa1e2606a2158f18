package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/node"
)

// agreement is an agreement as --json prints it.
type agreement struct {
	ID         string                  `json:"id"`
	Partner    string                  `json:"partner"`
	State      exchange.AgreementState `json:"state"`
	Terms      *exchange.Terms         `json:"terms,omitempty"`
	Since      time.Time               `json:"since,omitzero"`
	Proposed   *exchange.Terms         `json:"proposed,omitempty"`
	ProposedBy string                  `json:"proposed_by,omitempty"`
	Digest     string                  `json:"digest,omitempty"` // of the proposed terms
	Ended      time.Time               `json:"ended,omitzero"`
	Reason     string                  `json:"reason,omitempty"`
}

func agreementOf(g *exchange.Agreement) agreement {
	return agreement{g.ID, g.Partner, g.State, g.Terms, g.Since, g.Proposed, g.ProposedBy, g.Digest, g.EndedAt, g.Reason}
}

type offerCmd struct {
	Partner string `arg:"" help:"The partner's origin."`
	Terms   string `help:"File with the terms (docs/commands.md), instead of the flags below." type:"existingfile" placeholder:"FILE"`
	Both    bool   `help:"The partner is to send under the same terms too; by default only this node sends."`

	Types     []news.Type `help:"Send only these types." group:"Terms"`
	Desks     []string    `help:"Send only what these desks issue." group:"Terms"`
	Subjects  []string    `help:"Send only these subjects, by URI." group:"Terms"`
	Languages []string    `help:"Send only these languages." group:"Terms"`
	Places    []string    `help:"Send only about these places, by URI." group:"Terms"`
	Since     time.Time   `help:"Send nothing issued earlier." format:"2006-01-02" placeholder:"DATE" group:"Terms"`
	Licence   string      `help:"What the items may be used for." default:"editorial use" group:"Terms"`
	Credit    string      `help:"The credit line to print." group:"Terms"`
	Translate string      `help:"May they be translated: yes, no or ask." enum:"yes,no,ask" default:"ask" group:"Terms"`
	Edit      string      `help:"May they be edited." enum:"yes,no,ask" default:"ask" group:"Terms"`
	Onward    string      `help:"May they be passed on." enum:"yes,no,ask" default:"no" group:"Terms"`
	Embargo   string      `help:"How embargoed items travel: deliver them flagged, or hold them back." enum:"deliver,hold" default:"deliver" group:"Terms"`
	Retention int         `help:"Days that they may be kept; 0 for no limit." name:"retention-days" group:"Terms"`
	From      time.Time   `help:"First day of the agreement." format:"2006-01-02" placeholder:"DATE" group:"Terms"`
	Until     time.Time   `help:"Day on which it ends." format:"2006-01-02" placeholder:"DATE" group:"Terms"`
	Price     string      `help:"What was agreed about the price." group:"Terms"`
	Note      string      `help:"Anything else." group:"Terms"`
}

func (c *offerCmd) Run(a *app) error {
	return a.attended(node.OpenToWrite, func(n *node.Node) error {
		terms, err := c.terms(n.Ledger.Origin())
		if err != nil {
			return err
		}
		id, err := n.Exchange.Offer(a.ctx, c.Partner, *terms, shell())
		if err != nil {
			return err
		}
		g, err := n.Exchange.Agreement(a.ctx, id)
		if err != nil {
			return err
		}
		return a.show(agreementOf(g), func(w io.Writer) {
			fmt.Fprintf(w, "Offered to %s as %s\n", c.Partner, id)
		})
	})
}

func (c *offerCmd) terms(own string) (*exchange.Terms, error) {
	if c.Terms != "" {
		b, err := os.ReadFile(c.Terms)
		if err != nil {
			return nil, err
		}
		t := &exchange.Terms{}
		if err := json.Unmarshal(b, t); err != nil {
			return nil, news.Errorf(news.Invalid, "terms", "%s is not valid JSON: %v", c.Terms, err)
		}
		return t, nil
	}
	f := exchange.Flow{Types: c.Types, Desks: c.Desks, Subjects: c.Subjects, Languages: c.Languages, Places: c.Places, Since: c.Since,
		Licence: c.Licence, Credit: c.Credit, Translate: exchange.Permission(c.Translate), Edit: exchange.Permission(c.Edit),
		Onward: exchange.Permission(c.Onward), Embargo: exchange.Embargo(c.Embargo), Retention: c.Retention}
	t := &exchange.Terms{Flows: map[string]exchange.Flow{own: f}, From: c.From, Until: c.Until, Price: c.Price, Note: c.Note}
	if c.Both {
		t.Flows[c.Partner] = f
	}
	return t, nil
}

type acceptCmd struct {
	ID      string        `arg:"" name:"id" help:"The agreement."`
	Digest  string        `help:"Accept only the terms of this digest, as agreement list prints it." placeholder:"DIGEST"`
	Timeout time.Duration `help:"How long to wait for the offer to arrive." default:"10s"`
}

func (c *acceptCmd) Run(a *app) error {
	return a.attended(node.OpenToWrite, func(n *node.Node) error {
		g, err := c.offered(a.ctx, n)
		if err != nil {
			return err
		}
		if c.Digest == "" {
			c.Digest = g.Digest
		}
		if err := n.Exchange.Accept(a.ctx, c.ID, c.Digest, shell()); err != nil {
			return err
		}
		if g, err = n.Exchange.Agreement(a.ctx, c.ID); err != nil {
			return err
		}
		return a.show(agreementOf(g), func(w io.Writer) { fmt.Fprintf(w, "The agreement with %s is %s.\n", g.Partner, g.State) })
	})
}

// offered returns the agreement once it is here.
func (c *acceptCmd) offered(ctx context.Context, n *node.Node) (*exchange.Agreement, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	var g *exchange.Agreement
	err := poll(ctx, func() (ok bool, err error) {
		g, err = n.Exchange.Agreement(ctx, c.ID)
		return err == nil, unlessNotFound(err)
	})
	if err != nil && ctx.Err() != nil {
		return nil, news.Errorf(news.NotFound, "", "there is no agreement %s here yet: check the id, and that the partner can be reached", c.ID)
	}
	return g, err
}

type endCmd struct {
	ID     string `arg:"" name:"id" help:"The agreement."`
	Reason string `help:"Why; the partner is told."`
}

func (c *endCmd) Run(a *app) error {
	return a.attended(node.OpenToWrite, func(n *node.Node) error {
		if err := n.Exchange.End(a.ctx, c.ID, c.Reason, shell()); err != nil {
			return err
		}
		g, err := n.Exchange.Agreement(a.ctx, c.ID)
		if err != nil {
			return err
		}
		return a.show(agreementOf(g), func(w io.Writer) {
			fmt.Fprintf(w, "The agreement with %s is %s. What was received under it stays under its terms.\n", g.Partner, g.State)
		})
	})
}

type agreementListCmd struct {
	Partner string `help:"Only agreements with this partner." placeholder:"ORIGIN"`
}

func (c *agreementListCmd) Run(a *app) error {
	return a.attended(node.OpenToRead, func(n *node.Node) error {
		found, err := n.Exchange.Agreements(a.ctx, c.Partner)
		if err != nil {
			return err
		}
		out, rows := make([]agreement, len(found)), make([][]string, len(found))
		for i, g := range found {
			out[i] = agreementOf(g)
			waits := ""
			if g.ProposedBy != "" {
				waits = "terms proposed by " + g.ProposedBy
			}
			rows[i] = []string{g.ID, g.Partner, string(g.State), stamp(g.Since), waits}
		}
		return a.show(map[string]any{"agreements": out}, func(w io.Writer) { table(w, rows) })
	})
}
