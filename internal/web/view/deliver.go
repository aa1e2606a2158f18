package view

import (
	"slices"
	"strconv"
	"time"

	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// Subscribers is the page of who gets items without running a node.
type Subscribers struct {
	Shell
	Subscribers []*deliver.Subscriber
	Products    []*deliver.Product
	Troubles    []deliver.Trouble
	Counts      map[deliver.State]int64
	New         deliver.Subscriber // as typed
	More        string
}

// Subscriber is the page of one subscriber.
type Subscriber struct {
	Shell
	Sub          deliver.Subscriber // as stored or typed
	Products     []*deliver.Product
	Destinations []deliver.DestinationView
}

// Product is the form of a product, as typed.
type Product struct {
	Shell
	ID      string // empty for a new one
	Name    string
	Query   deliver.Query
	Lists   ProductLists
	Desks   []newsroom.Desk
	Partner []*exchange.Partner // that items can come from
	Subject Picker
	Preview *Preview // nil where nobody asked
	Takers  []*deliver.Subscriber
}

// ProductLists are the parts of a query that are typed with commas.
type ProductLists struct{ Languages, Places, Genres string }

// Preview is what a query would have taken of the newest items.
type Preview struct {
	Of    int // how many were looked at
	Lines []*newsroom.Line
}

// DestinationForm is the form that adds or changes a destination, as typed. It
// holds no secret.
type DestinationForm struct {
	Shell
	D          deliver.DestinationView
	Subscriber string // name
	Names      []string
}

// Destination is the page of one destination.
type Destination struct {
	Shell
	D          deliver.DestinationView
	Subscriber string // name
	Feeds      []Feed
	Tokens     []deliver.TokenView
	Secret     string // of a token just made, shown this once
	Callbacks  []deliver.CallbackView
	Receipt    string // what the other side said to a test
	Deliveries []deliver.DeliveryView
	Headlines  map[deliver.Item]*newsroom.Line
}

// Feed is an address at which a pull feed can be read.
type Feed struct{ Format, Address string }

// Deliveries is the log.
type Deliveries struct {
	Shell
	Deliveries         []deliver.DeliveryView
	Headlines          map[deliver.Item]*newsroom.Line
	Destinations       map[string]string // names, by id
	Destination, State string            // what was chosen
	Item               deliver.Item
	Older              string
}

// Delivery is the page of one delivery.
type Delivery struct {
	Shell
	D           deliver.DeliveryView
	Line        *newsroom.Line // nil where the wire does not show the item
	Destination string         // name; empty if it was removed
}

// destinationState is how a destination fares, in a word.
func destinationState(d *deliver.DestinationView) string {
	f := &d.Fares
	switch {
	case !d.Active:
		return "off"
	case f.Paused != "":
		return "paused"
	case f.Failure != "":
		return "failing"
	case pulls(d.Kind) && f.Success.IsZero(), f.Success.IsZero():
		return "new"
	}
	return "fine"
}

func destinationChip(d *deliver.DestinationView) string {
	return map[string]string{"paused": "chip-urgent", "failing": "chip-failed", "fine": "chip-fine"}[destinationState(d)]
}

// pulls reports whether the subscriber fetches.
func pulls(k deliver.Kind) bool { return k == deliver.Pull || k == deliver.WebSub }

// destinationFields are the fields that a kind needs beside its name.
var destinationFields = map[deliver.Kind][]string{
	deliver.HTTP: {"address", "signing", "format", "media", "embargo"},
	deliver.SFTP: {"address", "account", "host_key", "format", "file_name", "media", "embargo"},
	deliver.FTP:  {"address", "account", "host_key", "format", "file_name", "media", "embargo"},
	deliver.Mail: {"address", "format", "file_name", "media", "embargo"},
	deliver.Pull: {"media"}, deliver.WebSub: {"media"},
}

func (v DestinationForm) has(field string) bool {
	return slices.Contains(destinationFields[v.D.Kind], field)
}

var destinationPlaceholders = map[deliver.Kind]string{
	deliver.HTTP: "https://cms.paper.example/in", deliver.SFTP: "sftp://files.paper.example/in", deliver.FTP: "ftps://files.paper.example/in",
	deliver.Mail: "desk@paper.example",
}

func (v DestinationForm) formats() []Option {
	return chooseFrom(deliver.Formats, or(v.D.Format, "ninjs"), func(f string) string { return v.T("deliver.format_" + f) })
}

func (v DestinationForm) embargoes() []Option {
	return chooseFrom([]string{string(deliver.HoldBack), string(deliver.Trusted)}, or(string(v.D.Embargo), "hold"), func(e string) string { return v.T("deliver.embargo_" + e) })
}

func (v DestinationForm) action() string {
	if v.D.ID == "" {
		return "/destinations"
	}
	return "/destinations/" + v.D.ID
}

func productOptions(all []*deliver.Product, chosen []string) []Option {
	var out []Option
	for _, p := range all {
		out = append(out, Option{Value: p.ID, Label: p.Name, Chosen: slices.Contains(chosen, p.ID)})
	}
	return out
}

func productNames(all []*deliver.Product, ids []string) []string {
	var out []string
	for _, p := range all {
		if slices.Contains(ids, p.ID) {
			out = append(out, p.Name)
		}
	}
	return out
}

func subscriberLanguages(s Shell, chosen string) []Option {
	return chooseOr([]string{"", "ar", "ru", "en", "fr", "es", "zh", "fa", "tr", "uk"}, chosen, func(tag string) string {
		if tag == "" {
			return s.T("deliver.no_language")
		}
		return languageName(s, tag)
	})
}

func (v Product) types() []Option {
	var out []Option
	for _, t := range []news.Type{news.Text, news.Picture, news.Video, news.Audio, news.Graphic, "composite", "programme", "planning", "event", "data"} {
		out = append(out, Option{Value: string(t), Label: v.T("type." + string(t)), Chosen: slices.Contains(v.Query.Types, t)})
	}
	return out
}

func (v Product) desks() []Option {
	var out []Option
	shown := map[string]bool{}
	for _, d := range v.Desks {
		out = append(out, Option{Value: d.ID, Label: or(d.Names[v.Tag], d.ID), Chosen: slices.Contains(v.Query.Desks, d.ID)})
		shown[d.ID] = true
	}
	for _, id := range v.Query.Desks {
		if !shown[id] {
			out = append(out, Option{Value: id, Label: id, Chosen: true})
		}
	}
	return out
}

func (v Product) partners() []Option {
	var out []Option
	shown := map[string]bool{}
	for _, p := range v.Partner {
		out = append(out, Option{Value: p.Origin, Label: v.Shell.Name(p.Origin), Chosen: slices.Contains(v.Query.Partners, p.Origin)})
		shown[p.Origin] = true
	}
	for _, origin := range v.Query.Partners {
		if !shown[origin] {
			out = append(out, Option{Value: origin, Label: v.Shell.Name(origin), Chosen: true})
		}
	}
	return out
}

func (v Product) urgencies() []Option {
	return chooseFrom([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8"}, strconv.Itoa(v.Query.Urgency), func(u string) string {
		switch u {
		case "0":
			return v.T("product.any_urgency")
		case "1":
			return u
		}
		return v.T("product.urgency_up_to", "n", u)
	})
}

func (v Product) action() string {
	if v.ID == "" {
		return "/products"
	}
	return "/products/" + v.ID
}

func (v Deliveries) states() []Option {
	out := []Option{{Value: "", Label: v.T("arrival.all_states"), Chosen: v.State == ""}}
	for _, st := range deliver.States {
		out = append(out, Option{Value: string(st), Label: v.T("deliver.is_" + string(st)), Chosen: string(st) == v.State})
	}
	return out
}

func deliveryChip(st deliver.State) string {
	switch st {
	case deliver.Sent:
		return "chip-fine"
	case deliver.Refused, deliver.Failed:
		return "chip-failed"
	case deliver.Waiting, deliver.Withheld:
		return "chip-late"
	}
	return ""
}

// resendable reports whether the reader may have the delivery sent again.
func (v Delivery) resendable() bool {
	return v.D.State != deliver.Waiting && v.D.State != deliver.Sending && v.Can(people.ManageDelivery)
}

func after(t, now time.Time) bool { return t.After(now) }
