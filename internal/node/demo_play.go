package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"jisr/internal/blob"
	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/node/demo/samples"
)

// demoEditor is who acts in the demonstration's ledgers.
func demoEditor() ledger.Actor { return ledger.Actor{Role: "editor"} }

// befriend makes the newsrooms confirmed partners, and tells each the other's
// address, which may have changed.
func (d *demo) befriend(ctx context.Context) error {
	a, b := d.houses[0], d.houses[1]
	for _, pair := range [][2]*House{{a, b}, {b, a}} {
		us, them := pair[0].node, pair[1].node
		p, err := us.Exchange.AddPartner(ctx, pair[1].URL)
		if err != nil {
			return fmt.Errorf("add %s: %w", pair[1].Org.Origin, err)
		}
		if p.State == exchange.Confirmed {
			continue
		}
		if err := us.Exchange.ConfirmPartner(ctx, p.Origin, them.Exchange.OwnFingerprint().Words); err != nil {
			return fmt.Errorf("confirm %s: %w", p.Origin, err)
		}
	}
	return nil
}

// agree has the first offer and the second accept an agreement that lets
// everything flow both ways.
func (d *demo) agree(ctx context.Context) error {
	a, b := d.houses[0], d.houses[1]
	all, err := a.node.Exchange.Agreements(ctx, b.Org.Origin)
	if err != nil {
		return err
	}
	id := ""
	for _, g := range all {
		if g.State != exchange.Offered || g.ProposedBy != a.Org.Origin {
			return nil // agreed, or people have taken it into their hands
		}
		id = g.ID
	}
	if id == "" {
		flow := func(credit string) exchange.Flow {
			return exchange.Flow{Licence: "demonstration", Credit: credit, Translate: exchange.Yes, Edit: exchange.Ask,
				Onward: exchange.No, Embargo: exchange.Deliver}
		}
		terms := exchange.Terms{Note: "Fictional: made for the demonstration.", Flows: map[string]exchange.Flow{
			a.Org.Origin: flow(a.Org.Name("en")), b.Org.Origin: flow(b.Org.Name("en"))}}
		if id, err = a.node.Exchange.Offer(ctx, b.Org.Origin, terms, demoEditor()); err != nil {
			return fmt.Errorf("offer: %w", err)
		}
	}
	for {
		g, err := b.node.Exchange.Agreement(ctx, id)
		if err == nil {
			return b.node.Exchange.Accept(ctx, id, g.Digest, demoEditor())
		}
		if news.KindOf(err) != news.NotFound {
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// publishSamples issues the items of the house that are not issued yet, and does
// what is to happen to them later at its time.
func (d *demo) publishSamples(ctx context.Context, h *House) error {
	var later []pending
	for _, s := range d.content.Items(h.Org.Origin, d.state.Started) {
		if err := h.publish(ctx, s); err != nil {
			return fmt.Errorf("publish %s: %w", s.Item.URI, err)
		}
		for i, step := range s.Then {
			later = append(later, pending{h, s, step, i + 1, d.state.Started.Add(step.After)})
		}
	}
	slices.SortFunc(later, func(a, b pending) int { return a.due.Compare(b.due) })
	for _, p := range later {
		if err := pause(ctx, time.Until(p.due)); err != nil {
			return err
		}
		d.step(ctx, p)
	}
	return nil
}

// pending is a step on a sample that is still to come.
type pending struct {
	house   *House
	sample  samples.Sample
	step    samples.Step
	version int // that the sample has until then
	due     time.Time
}

func (h *House) publish(ctx context.Context, s samples.Sample) error {
	issued, err := h.node.Ledger.About(ctx, h.Org.Origin, s.Item.URI, ledger.KindItem)
	if err != nil || len(issued) > 0 {
		return err
	}
	if err := h.store(ctx, s.Media); err != nil {
		return err
	}
	_, err = h.node.Newsroom.Issue(ctx, newsroom.Issue{Act: news.Publish, Item: s.Item, Desk: s.Desk, Actor: demoEditor()})
	return err
}

func (h *House) store(ctx context.Context, media []samples.Media) error {
	for _, m := range media {
		if h.node.Blobs.Has(m.Digest) {
			continue
		}
		if _, err := h.node.Blobs.Put(ctx, bytes.NewReader(m.Bytes()), blob.Expect{Digest: m.Digest}); err != nil {
			return err
		}
	}
	return nil
}

// step performs a step unless it was done, or people did something else to the
// item meanwhile.
func (d *demo) step(ctx context.Context, p pending) {
	it := p.step.Item
	if it == nil {
		it = p.sample.Item
	}
	_, err := p.house.node.Newsroom.Issue(ctx, newsroom.Issue{Act: p.step.Act, Item: it, Desk: p.sample.Desk,
		Reason: p.step.Reason, Actor: demoEditor(), Expect: p.version})
	switch {
	case err == nil:
		d.Told(fmt.Sprintf("%s: %s of %q: %s", p.house.Org.Origin, p.step.Act, p.sample.Item.Headline(), p.step.Reason))
	case news.KindOf(err) != news.Conflict && ctx.Err() == nil:
		d.log.Error("a step of the demonstration failed", "item", p.sample.Item.URI, "act", p.step.Act, "err", err)
	}
}

// pause waits, or returns the error of ctx if that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(max(d, 0))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
