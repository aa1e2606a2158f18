package web

import (
	"strconv"
	"strings"

	"jisr/internal/deliver"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/view"
)

// most is how many products or destinations a page lists at once.
const most = 200

func (s *Site) subscribers(q *request) error {
	return s.showSubscribers(q, deliver.Subscriber{Active: true}, nil)
}

func (s *Site) showSubscribers(q *request, typed deliver.Subscriber, failed error) error {
	v := view.Subscribers{Shell: q.shell("subscribers", q.T("menu.subscribers"), failed), New: typed}
	var err error
	if v.Subscribers, err = s.deliver.Subscribers(q.Context(), q.FormValue("after"), page); err != nil {
		return err
	}
	if len(v.Subscribers) == page {
		v.More = view.Link("/subscribers", "after", v.Subscribers[page-1].ID)
	}
	if v.Products, err = s.deliver.Products(q.Context(), "", most); err != nil {
		return err
	}
	if v.Troubles, err = s.deliver.Troubles(q.Context()); err != nil {
		return err
	}
	if v.Counts, err = s.deliver.Counts(q.Context()); err != nil {
		return err
	}
	return q.render(view.SubscribersPage(v), failed)
}

// readSubscriber reads the form as it was typed.
func readSubscriber(q *request) deliver.Subscriber {
	return deliver.Subscriber{ID: q.PathValue("id"), Name: oneLine(q.text("name")), Contact: oneLine(q.text("contact")),
		Language: q.FormValue("language"), Note: q.text("note"), Products: q.chosen("products"), Active: q.FormValue("active") != ""}
}

func (s *Site) addSubscriber(q *request) error {
	sub := readSubscriber(q)
	sub.Active = true
	if err := s.deliver.AddSubscriber(q.Context(), &sub); err != nil {
		return s.showSubscribers(q, sub, err)
	}
	return q.redirect("/subscribers/"+sub.ID, "subscriber_added")
}

func (s *Site) subscriber(q *request) error {
	sub, err := s.deliver.Subscriber(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showSubscriber(q, *sub, nil)
}

func (s *Site) showSubscriber(q *request, sub deliver.Subscriber, failed error) error {
	v := view.Subscriber{Shell: q.shell("subscribers", sub.Name, failed), Sub: sub}
	var err error
	if v.Products, err = s.deliver.Products(q.Context(), "", most); err != nil {
		return err
	}
	found, err := s.deliver.Destinations(q.Context(), sub.ID, "", most)
	if err != nil {
		return err
	}
	if v.Destinations, err = s.faring(q, found); err != nil {
		return err
	}
	return q.render(view.SubscriberPage(v), failed)
}

// faring shows destinations with how they fare and without their secrets.
func (s *Site) faring(q *request, found []*deliver.Destination) ([]deliver.DestinationView, error) {
	ids := make([]string, len(found))
	for i, d := range found {
		ids[i] = d.ID
	}
	fares, err := s.deliver.Fares(q.Context(), ids)
	if err != nil {
		return nil, err
	}
	out := make([]deliver.DestinationView, len(found))
	for i, d := range found {
		out[i] = d.View(fares[d.ID])
	}
	return out, nil
}

func (s *Site) changeSubscriber(q *request) error {
	sub := readSubscriber(q)
	if q.FormValue("do") == "remove" {
		if err := s.deliver.RemoveSubscriber(q.Context(), sub.ID); err != nil {
			return err
		}
		return q.redirect("/subscribers", "subscriber_removed")
	}
	if err := s.deliver.SaveSubscriber(q.Context(), &sub); err != nil {
		if news.KindOf(err) == news.NotFound {
			return err
		}
		return s.showSubscriber(q, sub, err)
	}
	return q.redirect("/subscribers/"+sub.ID, "subscriber_saved")
}

func (s *Site) newProduct(q *request) error {
	return s.showProduct(q, view.Product{Query: deliver.Query{Own: true}}, nil)
}

func (s *Site) product(q *request) error {
	p, err := s.deliver.Product(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showProduct(q, view.Product{ID: p.ID, Name: p.Name, Query: p.Query}, nil)
}

func (s *Site) showProduct(q *request, v view.Product, failed error) error {
	title := q.T("product.add")
	if v.ID != "" {
		title = q.T("product.one")
	}
	v.Shell = q.shell("subscribers", title, failed)
	comma := q.T("list.comma")
	v.Lists = view.ProductLists{Languages: strings.Join(v.Query.Languages, ", "), Places: strings.Join(v.Query.Places, comma), Genres: strings.Join(v.Query.Genres, comma)}
	var err error
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	if v.Partner, err = s.confirmedPartners(q); err != nil {
		return err
	}
	if v.Subject, err = s.picker(q, "subject", v.Query.Subjects); err != nil {
		return err
	}
	return q.render(view.ProductPage(v), failed)
}

// readProduct reads the form as it was typed.
func readProduct(q *request) view.Product {
	v := view.Product{ID: q.PathValue("id"), Name: oneLine(q.text("name"))}
	urgency, _ := strconv.Atoi(q.FormValue("urgency"))
	v.Query = deliver.Query{Own: q.FormValue("own") != "", Partners: q.chosen("partners"), Subjects: q.chosen("subject"),
		Languages: list(q.text("languages")), Places: list(q.text("places")), Genres: list(q.text("genres")), Desks: q.chosen("desks"),
		Urgency: urgency, Words: oneLine(q.text("words"))}
	for _, t := range q.chosen("types") {
		v.Query.Types = append(v.Query.Types, news.Type(t))
	}
	return v
}

// saveProduct adds or changes a product, or shows what it would take.
func (s *Site) saveProduct(q *request) error {
	v := readProduct(q)
	var err error
	switch q.FormValue("do") {
	case "find":
		return s.showProduct(q, v, nil)
	case "preview":
		v.Preview, err = s.preview(q, v.Query)
		return s.showProduct(q, v, err)
	case "remove":
		if err := s.deliver.RemoveProduct(q.Context(), v.ID); err != nil {
			return err
		}
		return q.redirect("/subscribers", "product_removed")
	}
	p := &deliver.Product{ID: v.ID, Name: v.Name, Query: v.Query}
	if v.ID == "" {
		err = s.deliver.AddProduct(q.Context(), p)
	} else {
		err = s.deliver.SaveProduct(q.Context(), p)
	}
	if err != nil {
		return s.showProduct(q, v, err)
	}
	return q.redirect("/products/"+p.ID, "product_saved")
}

// preview holds the query against the newest items of the wire.
func (s *Site) preview(q *request, query deliver.Query) (*view.Preview, error) {
	lines, err := s.newsroom.Wire(q.Context(), newsroom.Filter{WithEmbargoed: q.embargoed(), Limit: 50})
	if err != nil {
		return nil, err
	}
	positions := make([]int64, len(lines))
	for i, l := range lines {
		positions[i] = l.Position
	}
	taken, err := s.deliver.Preview(q.Context(), query, positions)
	if err != nil {
		return nil, err
	}
	p := &view.Preview{Of: len(lines)}
	for _, l := range lines {
		if taken[l.Position] {
			p.Lines = append(p.Lines, l)
		}
	}
	return p, nil
}
