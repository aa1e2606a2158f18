package api

import (
	"net/http"
	"strconv"

	"jisr/internal/deliver"
)

type subscriberInput struct {
	Name     string   `json:"name"`
	Contact  string   `json:"contact"`
	Language string   `json:"language"`
	Active   *bool    `json:"active"`
	Note     string   `json:"note"`
	Products []string `json:"products"`
}

func (in *subscriberInput) subscriber(id string) *deliver.Subscriber {
	return &deliver.Subscriber{ID: id, Name: in.Name, Contact: in.Contact, Language: in.Language, Active: in.Active == nil || *in.Active,
		Note: in.Note, Products: in.Products}
}

type subscribers struct {
	Subscribers []deliver.SubscriberView `json:"subscribers"`
	NextAfter   string                   `json:"next_after,omitempty"`
}

func (s *server) listSubscribers(w http.ResponseWriter, c *call) error {
	q := query(c)
	after, limit := q.text("after"), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.deliver.Subscribers(c.Context(), after, limit)
	if err != nil {
		return err
	}
	out := subscribers{Subscribers: make([]deliver.SubscriberView, len(found))}
	for i, x := range found {
		out.Subscribers[i] = x.View()
	}
	if len(found) == limit {
		out.NextAfter = found[limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) createSubscriber(w http.ResponseWriter, c *call) error {
	var in subscriberInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	x := in.subscriber("")
	if err := s.deliver.AddSubscriber(c.Context(), x); err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/subscribers/"+x.ID)
	return s.writeSubscriber(w, c, http.StatusCreated, x.ID)
}

func (s *server) showSubscriber(w http.ResponseWriter, c *call) error {
	return s.writeSubscriber(w, c, http.StatusOK, c.PathValue("id"))
}

func (s *server) writeSubscriber(w http.ResponseWriter, c *call, status int, id string) error {
	x, err := s.deliver.Subscriber(c.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, status, x.View())
}

func (s *server) changeSubscriber(w http.ResponseWriter, c *call) error {
	var in subscriberInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	x := in.subscriber(c.PathValue("id"))
	if in.Active == nil {
		old, err := s.deliver.Subscriber(c.Context(), x.ID)
		if err != nil {
			return err
		}
		x.Active = old.Active
	}
	if err := s.deliver.SaveSubscriber(c.Context(), x); err != nil {
		return err
	}
	return s.writeSubscriber(w, c, http.StatusOK, x.ID)
}

func (s *server) removeSubscriber(w http.ResponseWriter, c *call) error {
	return noContent(w, s.deliver.RemoveSubscriber(c.Context(), c.PathValue("id")))
}

type productInput struct {
	Name  string        `json:"name"`
	Query deliver.Query `json:"query"`
}

type products struct {
	Products  []deliver.ProductView `json:"products"`
	NextAfter string                `json:"next_after,omitempty"`
}

func (s *server) listProducts(w http.ResponseWriter, c *call) error {
	q := query(c)
	after, limit := q.text("after"), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.deliver.Products(c.Context(), after, limit)
	if err != nil {
		return err
	}
	out := products{Products: make([]deliver.ProductView, len(found))}
	for i, x := range found {
		out.Products[i] = x.View()
	}
	if len(found) == limit {
		out.NextAfter = found[limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) createProduct(w http.ResponseWriter, c *call) error {
	var in productInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	x := &deliver.Product{Name: in.Name, Query: in.Query}
	if err := s.deliver.AddProduct(c.Context(), x); err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/products/"+x.ID)
	return s.writeProduct(w, c, http.StatusCreated, x.ID)
}

func (s *server) showProduct(w http.ResponseWriter, c *call) error {
	return s.writeProduct(w, c, http.StatusOK, c.PathValue("id"))
}

func (s *server) writeProduct(w http.ResponseWriter, c *call, status int, id string) error {
	x, err := s.deliver.Product(c.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, status, x.View())
}

func (s *server) changeProduct(w http.ResponseWriter, c *call) error {
	var in productInput
	if err := readJSON(c, &in); err != nil {
		return err
	}
	x := &deliver.Product{ID: c.PathValue("id"), Name: in.Name, Query: in.Query}
	if err := s.deliver.SaveProduct(c.Context(), x); err != nil {
		return err
	}
	return s.writeProduct(w, c, http.StatusOK, x.ID)
}

func (s *server) removeProduct(w http.ResponseWriter, c *call) error {
	return noContent(w, s.deliver.RemoveProduct(c.Context(), c.PathValue("id")))
}

// deliveries is a page of the log.
type deliveries struct {
	Deliveries []deliver.DeliveryView `json:"deliveries"`
	NextBefore string                 `json:"next_before,omitempty"`
}

func (s *server) listDeliveries(w http.ResponseWriter, c *call) error {
	q := query(c)
	l := deliver.Log{Destination: q.text("destination"), State: deliver.State(q.text("state")),
		Item: deliver.Item{Origin: q.text("origin"), URI: q.text("uri")}, Before: q.text("before"), Limit: q.limit()}
	if err := q.done(); err != nil {
		return err
	}
	if l.Item.URI != "" && l.Item.Origin == "" {
		l.Item.Origin = s.ledger.Origin()
	}
	found, err := s.deliver.Deliveries(c.Context(), l)
	if err != nil {
		return err
	}
	out := deliveries{Deliveries: make([]deliver.DeliveryView, len(found))}
	for i, x := range found {
		out.Deliveries[i] = x.View()
	}
	if len(found) == l.Limit {
		out.NextBefore = found[l.Limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) showDelivery(w http.ResponseWriter, c *call) error {
	x, err := s.deliver.Delivery(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, x.View())
}

// deliveryBody answers with the bytes that were sent, as a file: what is in them
// is not to run in this node's name.
func (s *server) deliveryBody(w http.ResponseWriter, c *call) error {
	x, b, err := s.deliver.Body(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", x.ContentType(b))
	h.Set("Content-Length", strconv.Itoa(len(b)))
	h.Set("Content-Disposition", "attachment")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	_, err = w.Write(b)
	return err
}

func (s *server) resendDelivery(w http.ResponseWriter, c *call) error {
	x, err := s.deliver.Resend(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/v1/deliveries/"+x.ID)
	return writeJSON(w, http.StatusCreated, x.View())
}
