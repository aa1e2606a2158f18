package web

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"jisr/internal/deliver"
	"jisr/internal/deliver/filename"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/view"
)

func (s *Site) newDestination(q *request) error {
	d := deliver.DestinationView{Subscriber: q.FormValue("subscriber"), Kind: deliver.Kind(q.FormValue("kind")), Media: true, Active: true}
	return s.showDestinationForm(q, d, nil)
}

func (s *Site) showDestinationForm(q *request, d deliver.DestinationView, failed error) error {
	if !slices.Contains(deliver.Kinds, d.Kind) {
		return news.Errorf(news.NotFound, "kind", "there is no such kind of destination")
	}
	sub, err := s.deliver.Subscriber(q.Context(), d.Subscriber)
	if err != nil {
		return err
	}
	title := q.T("destination.add_kind", "kind", q.T("deliver.kind_"+string(d.Kind)))
	if d.ID != "" {
		title = q.T("destination.change")
	}
	v := view.DestinationForm{Shell: q.shell("subscribers", title, failed), D: d, Subscriber: sub.Name,
		Names: append([]string{filename.Default}, filename.Known()...)}
	return q.render(view.DestinationFormPage(v), failed)
}

// readDestination reads the form as it was typed, with its secret.
func readDestination(q *request) deliver.Destination {
	return deliver.Destination{ID: q.PathValue("id"), Subscriber: q.FormValue("subscriber"), Kind: deliver.Kind(q.FormValue("kind")),
		Name: oneLine(q.text("name")), Address: oneLine(q.text("address")), User: q.text("user"), Secret: strings.TrimRight(q.secret("secret"), "\r\n"),
		HostKey: oneLine(q.text("host_key")), Format: q.FormValue("format"), FileName: oneLine(q.text("file_name")), Media: q.FormValue("media") != "",
		Embargo: deliver.Embargo(q.FormValue("embargo")), Active: q.FormValue("active") != ""}
}

func (s *Site) addDestination(q *request) error {
	d := readDestination(q)
	if err := s.deliver.AddDestination(q.Context(), &d); err != nil {
		d.Secret = ""
		return s.showDestinationForm(q, d.View(nil), err)
	}
	return q.redirect("/destinations/"+d.ID, "destination_added")
}

func (s *Site) changeDestinationPage(q *request) error {
	d, err := s.deliver.Destination(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showDestinationForm(q, d.View(nil), nil)
}

func (s *Site) changeDestination(q *request) error {
	d := readDestination(q)
	old, err := s.deliver.Destination(q.Context(), d.ID)
	if err != nil {
		return err
	}
	d.Kind, d.Subscriber = old.Kind, old.Subscriber
	if err := s.deliver.SaveDestination(q.Context(), &d); err != nil {
		d.Secret = old.Secret // View says only whether there is one
		return s.showDestinationForm(q, d.View(nil), err)
	}
	return q.redirect("/destinations/"+d.ID, "destination_saved")
}

func (s *Site) destination(q *request) error { return s.showDestination(q, view.Destination{}, nil) }

// showDestination shows a destination. v holds what an act just brought.
func (s *Site) showDestination(q *request, v view.Destination, failed error) error {
	ctx, id := q.Context(), q.PathValue("id")
	d, err := s.deliver.Destination(ctx, id)
	if err != nil {
		return err
	}
	sub, err := s.deliver.Subscriber(ctx, d.Subscriber)
	if err != nil {
		return err
	}
	v.Shell, v.Subscriber = q.shell("subscribers", d.Name, failed), sub.Name
	shown, err := s.faring(q, []*deliver.Destination{d})
	if err != nil {
		return err
	}
	v.D = shown[0]
	if d.Kind == deliver.Pull || d.Kind == deliver.WebSub {
		if err := s.feeds(q, d, &v); err != nil {
			return err
		}
	}
	v.Deliveries, err = s.sent(q, deliver.Log{Destination: id, Limit: 10}, &v.Headlines)
	if err != nil {
		return err
	}
	return q.render(view.DestinationPage(v), failed)
}

// feeds fills in where a pull feed can be read and who may.
func (s *Site) feeds(q *request, d *deliver.Destination, v *view.Destination) error {
	for _, format := range deliver.FeedFormats() {
		v.Feeds = append(v.Feeds, view.Feed{Format: format, Address: strings.TrimSuffix(s.url, "/") + deliver.FeedPath + d.ID + "." + format})
	}
	tokens, err := s.deliver.FeedTokens(q.Context(), d.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		v.Tokens = append(v.Tokens, t.View(""))
	}
	callbacks, err := s.deliver.Callbacks(q.Context(), d.ID)
	for _, c := range callbacks {
		v.Callbacks = append(v.Callbacks, c.Callback(nil))
	}
	return err
}

// sent reads deliveries, and what the wire says of their items.
func (s *Site) sent(q *request, l deliver.Log, lines *map[deliver.Item]*newsroom.Line) ([]deliver.DeliveryView, error) {
	found, err := s.deliver.Deliveries(q.Context(), l)
	if err != nil {
		return nil, err
	}
	out := make([]deliver.DeliveryView, len(found))
	var keys [][2]string
	asked := map[deliver.Item]bool{}
	for i, d := range found {
		out[i] = d.View()
		if !asked[d.Item] {
			asked[d.Item], keys = true, append(keys, [2]string{d.Item.Origin, d.Item.URI})
		}
	}
	known, err := s.newsroom.Lines(q.Context(), keys, q.embargoed())
	if err != nil {
		return nil, err
	}
	*lines = map[deliver.Item]*newsroom.Line{}
	for _, line := range known {
		(*lines)[deliver.Item{Origin: line.Origin, URI: line.URI}] = line
	}
	return out, nil
}

// actOnDestination tests, resumes or removes a destination.
func (s *Site) actOnDestination(q *request) error {
	ctx, id := q.Context(), q.PathValue("id")
	switch q.FormValue("do") {
	case "test":
		receipt, err := s.deliver.Test(ctx, id)
		return s.showDestination(q, view.Destination{Receipt: receipt.Status}, err)
	case "resume":
		if err := s.deliver.ResumeDestination(ctx, id); err != nil {
			return s.showDestination(q, view.Destination{}, err)
		}
		return q.redirect("/destinations/"+id, "destination_resumed")
	case "remove":
		d, err := s.deliver.Destination(ctx, id)
		if err != nil {
			return err
		}
		if err := s.deliver.RemoveDestination(ctx, id); err != nil {
			return err
		}
		return q.redirect("/subscribers/"+d.Subscriber, "destination_removed")
	}
	return s.showDestination(q, view.Destination{}, news.Errorf(news.Invalid, "do", "nothing of that name can be done with a destination"))
}

// makeFeedToken shows the secret on the page that answers: it is in no address
// and no cookie.
func (s *Site) makeFeedToken(q *request) error {
	secret, _, err := s.deliver.CreateFeedToken(q.Context(), q.PathValue("id"), q.text("name"))
	return s.showDestination(q, view.Destination{Secret: secret}, err)
}

func (s *Site) revokeFeedToken(q *request) error {
	id := q.PathValue("id")
	if err := s.deliver.RevokeFeedToken(q.Context(), id, q.FormValue("token")); err != nil {
		return s.showDestination(q, view.Destination{}, err)
	}
	return q.redirect("/destinations/"+id, "token_revoked")
}

func (s *Site) deliveries(q *request) error {
	l := deliver.Log{Destination: q.FormValue("destination"), State: deliver.State(q.FormValue("state")), Before: q.FormValue("before"), Limit: page}
	if uri := q.FormValue("uri"); uri != "" {
		l.Item = deliver.Item{Origin: q.FormValue("origin"), URI: uri}
	}
	v := view.Deliveries{Shell: q.shell("subscribers", q.T("deliver.log"), nil), Destination: l.Destination, State: string(l.State), Item: l.Item}
	var err error
	if v.Deliveries, err = s.sent(q, l, &v.Headlines); err != nil {
		return err
	}
	if v.Destinations, err = s.destinationNames(q, v.Deliveries); err != nil {
		return err
	}
	if len(v.Deliveries) == page {
		v.Older = view.Link("/deliveries", "destination", l.Destination, "state", v.State, "origin", l.Item.Origin, "uri", l.Item.URI,
			"before", v.Deliveries[page-1].ID)
	}
	return q.render(view.DeliveriesPage(v), nil)
}

// destinationNames says how the destinations of a page are called; those that
// were removed are left out.
func (s *Site) destinationNames(q *request, shown []deliver.DeliveryView) (map[string]string, error) {
	all, err := s.deliver.Destinations(q.Context(), "", "", most)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, d := range all {
		names[d.ID] = d.Name
	}
	if len(all) < most {
		return names, nil
	}
	for _, d := range shown {
		if _, known := names[d.Destination]; known {
			continue
		}
		found, err := s.deliver.Destination(q.Context(), d.Destination)
		if err != nil && news.KindOf(err) != news.NotFound {
			return nil, err
		}
		if names[d.Destination] = ""; found != nil {
			names[d.Destination] = found.Name
		}
	}
	return names, nil
}

func (s *Site) delivery(q *request) error { return s.showDelivery(q, nil) }

func (s *Site) showDelivery(q *request, failed error) error {
	d, err := s.deliver.Delivery(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	v := view.Delivery{Shell: q.shell("subscribers", q.T("deliver.one"), failed), D: d.View()}
	to, err := s.deliver.Destination(q.Context(), d.Destination)
	if err != nil && news.KindOf(err) != news.NotFound {
		return err
	}
	if to != nil {
		v.Destination = to.Name
	}
	v.Line, err = s.newsroom.Line(q.Context(), d.Item.Origin, d.Item.URI, q.embargoed())
	if err != nil && news.KindOf(err) != news.NotFound {
		return err
	}
	return q.render(view.DeliveryPage(v), failed)
}

// deliveryBody sends the very bytes that were sent.
func (s *Site) deliveryBody(q *request) error {
	d, body, err := s.deliver.Body(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	name := path.Base(d.Name)
	if d.Name == "" {
		name = d.ID
	}
	q.attach(plainName(name))
	_, _ = q.w.Write(body)
	return nil
}

func (s *Site) resend(q *request) error {
	again, err := s.deliver.Resend(q.Context(), q.PathValue("id"))
	if err != nil {
		return s.showDelivery(q, err)
	}
	return q.redirect("/deliveries/"+url.PathEscape(again.ID), "delivery_resent")
}
