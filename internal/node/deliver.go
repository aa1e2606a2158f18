package node

import (
	"context"
	"time"

	"jisr/internal/deliver"
	"jisr/internal/deliver/send"
	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// openDeliver opens the room that sends items to subscribers.
func (n *Node) openDeliver() error {
	if n.Config.Mail != nil {
		if err := n.Config.Mail.Check(); err != nil {
			return err
		}
	}
	senders, hangUp := send.All(send.Options{Allow: n.Config.allows, Origin: n.Ledger.Origin(), Version: Version, Now: time.Now, Relay: n.Config.Mail})
	n.hangUp = hangUp
	n.Deliver = deliver.New(deliver.Options{DB: n.DB, Ledger: n.Ledger, Blobs: n.Blobs, Wire: standings{n.Newsroom},
		Rights: forwarding{n.Newsroom, n.Exchange}, Senders: senders, Needs: []string{newsroom.WireFollower},
		Check: func(d *deliver.Destination) error { return send.Check(d, n.Config.allows) },
		URL:   func() string { return n.Config.URL }, Allow: n.Config.allows, Now: time.Now, Log: n.log})
	return nil
}

// standings asks the newsroom's wire for delivery.
type standings struct{ newsroom *newsroom.Service }

// Standing implements deliver.Wire.
func (s standings) Standing(ctx context.Context, items []deliver.Item) (map[deliver.Item]deliver.Standing, error) {
	keys := make([][2]string, len(items))
	for i, it := range items {
		keys[i] = [2]string{it.Origin, it.URI}
	}
	lines, err := s.newsroom.Lines(ctx, keys, true)
	if err != nil {
		return nil, err
	}
	out := make(map[deliver.Item]deliver.Standing, len(lines))
	for _, l := range lines {
		out[deliver.Item{Origin: l.Origin, URI: l.URI}] = deliver.Standing{Position: l.Position, Index: l.Index, Status: l.Status,
			Blocked: l.Blocked, Embargoed: l.Embargoed, Expires: l.Expires}
	}
	return out, nil
}

// forwarding asks the exchange whether a partner's item may be given on.
type forwarding struct {
	newsroom *newsroom.Service
	exchange *exchange.Service
}

// MayRedistribute implements deliver.Rights.
func (f forwarding) MayRedistribute(ctx context.Context, origin, uri string, position int64) (bool, string, error) {
	l, err := f.newsroom.Line(ctx, origin, uri, true)
	if news.KindOf(err) == news.NotFound {
		return false, "the item is not known here", nil
	}
	if err != nil {
		return false, "", err
	}
	d, err := f.exchange.MayUse(ctx, position, l.Blocked, l.Expires, exchange.ToForward)
	if err != nil {
		return false, "", err
	}
	return d.Answer == exchange.Yes, why(d, origin), nil
}

// why says in words what stands against giving an item on.
func why(d *exchange.Decision, origin string) string {
	switch d.Because {
	case exchange.BecauseTerm:
		if d.Answer == exchange.Ask {
			return "the agreement with " + origin + " wants to be asked each time before its items are given on"
		}
		return "the agreement with " + origin + " does not let its items be given on"
	case exchange.BecauseNoAgreement:
		return "nothing was agreed with " + origin + " that lets its items be given on"
	case exchange.BecauseRetention:
		return "it is kept longer than the agreement with " + origin + " allows"
	case exchange.BecauseEmbargo:
		return "it is under embargo"
	case exchange.BecauseExpired:
		return "its issuer no longer stands by it: it has expired"
	}
	return "the item must not be used: " + string(d.Because)
}
