package deliver

import (
	"time"

	"jisr/internal/news"
)

// What programs see of delivery: the API and the command line show the same, and
// names stay. No secret is part of any of it.

// SubscriberView is a subscriber as programs see it.
type SubscriberView struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Contact  string    `json:"contact,omitempty"`
	Language string    `json:"language,omitempty"`
	Active   bool      `json:"active"`
	Note     string    `json:"note,omitempty"`
	Products []string  `json:"products"`
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`
}

// View returns the subscriber as programs see it.
func (s *Subscriber) View() SubscriberView {
	return SubscriberView{s.ID, s.Name, s.Contact, s.Language, s.Active, s.Note, append([]string{}, s.Products...), s.Created, s.Changed}
}

// ProductView is a product as programs see it.
type ProductView struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Query   Query     `json:"query"`
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
}

// View returns the product as programs see it.
func (p *Product) View() ProductView {
	return ProductView{p.ID, p.Name, p.Query, p.Created, p.Changed}
}

// DestinationView is a destination as programs see it.
type DestinationView struct {
	ID         string    `json:"id"`
	Subscriber string    `json:"subscriber"`
	Name       string    `json:"name"`
	Kind       Kind      `json:"kind"`
	Address    string    `json:"address,omitempty"`
	User       string    `json:"user,omitempty"`
	HasSecret  bool      `json:"has_secret"`
	HostKey    string    `json:"host_key,omitempty"`
	Format     string    `json:"format,omitempty"`
	FileName   string    `json:"file_name,omitempty"`
	Media      bool      `json:"media"`
	Embargo    Embargo   `json:"embargo"`
	Active     bool      `json:"active"`
	Created    time.Time `json:"created"`
	Changed    time.Time `json:"changed"`
	Fares      FaresView `json:"fares"`
}

// FaresView is Fares as programs see it.
type FaresView struct {
	Waiting  int64     `json:"waiting"`
	Oldest   time.Time `json:"oldest_waiting,omitzero"`
	Refused  int64     `json:"refused"`
	Failed   int64     `json:"failed"`
	Withheld int64     `json:"withheld"`
	Success  time.Time `json:"last_success,omitzero"`
	Failure  string    `json:"failure,omitempty"`
	Since    time.Time `json:"failed_at,omitzero"`
	Failures int       `json:"failures"`
	Resume   time.Time `json:"next_attempt,omitzero"`
	Paused   string    `json:"paused,omitempty"`
}

// View returns the destination as programs see it; f may be nil.
func (d *Destination) View(f *Fares) DestinationView {
	v := DestinationView{ID: d.ID, Subscriber: d.Subscriber, Name: d.Name, Kind: d.Kind, Address: d.Address, User: d.User, HasSecret: d.Secret != "",
		HostKey: d.HostKey, Format: d.Format, FileName: d.FileName, Media: d.Media, Embargo: d.Embargo, Active: d.Active, Created: d.Created, Changed: d.Changed}
	if f != nil {
		v.Fares = FaresView(*f)
	}
	return v
}

// CallbackView is one who follows a feed through the hub. The address of its
// callback is its own affair and may hold what opens it: the host is shown.
type CallbackView struct {
	ID      string    `json:"id"`
	Host    string    `json:"host"`
	Format  string    `json:"format"`
	Token   string    `json:"token"` // id
	Expires time.Time `json:"expires"`
	Fares   FaresView `json:"fares"`
}

// Callback returns a destination of kind callback as programs see it; f may be
// nil.
func (d *Destination) Callback(f *Fares) CallbackView {
	v := CallbackView{ID: d.ID, Host: hostOf(d.Address), Format: d.Format, Token: d.Token, Expires: d.Expires}
	if f != nil {
		v.Fares = FaresView(*f)
	}
	return v
}

// TokenView is a token of a feed as programs see it. Secret is there only in the
// answer that makes it.
type TokenView struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
	Secret  string    `json:"secret,omitempty"`
}

// View returns the token as programs see it.
func (t *FeedToken) View(secret string) TokenView {
	return TokenView{t.ID, t.Name, t.Created, t.Used, t.Revoked, secret}
}

// DeliveryView is a delivery as programs see it.
type DeliveryView struct {
	ID          string    `json:"id"`
	Destination string    `json:"destination"`
	Origin      string    `json:"origin"`
	URI         string    `json:"uri"`
	Version     int       `json:"version"`
	Act         news.Act  `json:"act"`
	Position    int64     `json:"position"`
	State       State     `json:"state"`
	Priority    bool      `json:"priority"`
	Created     time.Time `json:"created"`
	NotBefore   time.Time `json:"not_before,omitzero"`
	Due         time.Time `json:"due,omitzero"`
	Attempts    int       `json:"attempts"`
	Tried       time.Time `json:"tried,omitzero"`
	Sent        time.Time `json:"sent,omitzero"`
	Answer      string    `json:"answer,omitempty"`
	Reason      string    `json:"reason,omitempty"`
	Format      string    `json:"format,omitempty"`
	Name        string    `json:"file_name,omitempty"`
	Body        string    `json:"body_digest,omitempty"`
	Size        int64     `json:"size,omitzero"`
	Losses      []Loss    `json:"losses,omitempty"`
	Entry       string    `json:"entry,omitempty"`
}

// View returns the delivery as programs see it.
func (d *Delivery) View() DeliveryView {
	return DeliveryView{ID: d.ID, Destination: d.Destination, Origin: d.Item.Origin, URI: d.Item.URI, Version: d.Version, Act: d.Act, Position: d.Position,
		State: d.State, Priority: d.Priority, Created: d.Created, NotBefore: d.NotBefore, Due: d.Due, Attempts: d.Attempts, Tried: d.Tried, Sent: d.Sent,
		Answer: d.Answer, Reason: d.Reason, Format: d.Format, Name: d.Name, Body: d.Body, Size: d.Size, Losses: d.Losses, Entry: d.Entry}
}
