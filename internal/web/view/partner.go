package view

import (
	"maps"
	"slices"
	"strings"

	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Partners is the list of partners with the form that adds one.
type Partners struct {
	Shell
	Partners []*exchange.Partner
	Own      exchange.Fingerprint
	URL      string // of this node; empty when nobody can reach it
	Address  string // as typed
}

// Partner is the page of one partner.
type Partner struct {
	Shell
	P          *exchange.Partner
	Own        exchange.Fingerprint
	Evidence   []ledger.Evidence
	Agreements []*exchange.Agreement
	Compared   string // as typed
}

// Agreements is the list of agreements.
type Agreements struct {
	Shell
	Agreements []*exchange.Agreement
	Partners   []*exchange.Partner // confirmed ones, to offer to
}

// Agreement is the page of one agreement.
type Agreement struct {
	Shell
	A       *exchange.Agreement
	Current []Clause // terms in force, in plain words
	Next    []Clause // terms proposed
	Ours    bool     // the proposal is this house's own
}

// Clause is a term in plain words.
type Clause struct {
	Title string
	Lines []string
}

// Offer is the form that offers or amends an agreement.
type Offer struct {
	Shell
	ID       string // of the agreement that is amended; empty for a new one
	Partners []Option
	Partner  string
	Out, In  FlowForm
	From     string // date as HTML writes it
	Until    string
	Price    string
	Note     string
	Contact  string
}

// FlowForm is what one side sends, as typed.
type FlowForm struct {
	Sends                            bool
	Types                            []string
	Subjects                         []string // URIs
	Picker                           Picker
	Desks, Languages                 string // separated by commas
	Licence, Credit                  string
	Translate, Edit, Onward, Embargo string
	Retention                        string // days
}

// state is the class and the words of a partner's state.
func partnerState(p *exchange.Partner) string {
	if p.Frozen != "" {
		return "frozen"
	}
	return string(p.State)
}

func confirmed(p *exchange.Partner) bool { return p.State == exchange.Confirmed }

func waitsForUs(s Shell, a *exchange.Agreement) bool {
	return a.State != exchange.Ended && a.Proposed != nil && a.ProposedBy != s.Origin
}

// Clauses says the terms in plain words: first what each side sends, then what
// holds for both.
func Clauses(s Shell, t *exchange.Terms) []Clause {
	if t == nil {
		return nil
	}
	var out []Clause
	senders := slices.Sorted(maps.Keys(t.Flows))
	if i := slices.Index(senders, s.Origin); i > 0 { // ours first
		senders = slices.Insert(slices.Delete(senders, i, i+1), 0, s.Origin)
	}
	for _, o := range senders {
		f := t.Flows[o]
		out = append(out, Clause{s.T("terms.sends", "org", s.Name(o)), flowLines(s, &f)})
	}
	var both []string
	switch {
	case !t.From.IsZero() && !t.Until.IsZero():
		both = append(both, s.T("terms.between", "from", s.Date(s.Local(t.From)), "until", s.Date(s.Local(t.Until))))
	case !t.From.IsZero():
		both = append(both, s.T("terms.from", "from", s.Date(s.Local(t.From))))
	case !t.Until.IsZero():
		both = append(both, s.T("terms.until", "until", s.Date(s.Local(t.Until))))
	default:
		both = append(both, s.T("terms.always"))
	}
	if t.Price != "" {
		both = append(both, s.T("terms.price", "price", t.Price))
	}
	if t.Note != "" {
		both = append(both, s.T("terms.note", "note", t.Note))
	}
	for _, o := range slices.Sorted(maps.Keys(t.Contact)) {
		both = append(both, s.T("terms.contact", "org", s.Name(o), "contact", t.Contact[o]))
	}
	return append(out, Clause{s.T("terms.both"), both})
}

func flowLines(s Shell, f *exchange.Flow) []string {
	var types, topics, languages []string
	for _, t := range f.Types {
		types = append(types, s.T("type."+string(t)))
	}
	for _, l := range f.Languages {
		languages = append(languages, languageName(s, l))
	}
	topics = conceptNames(concepts(f.Subjects), s)
	lines := []string{s.T("terms.everything")}
	if len(f.Types)+len(f.Subjects)+len(f.Languages)+len(f.Desks)+len(f.Places) > 0 {
		lines = nil
	}
	add := func(key string, values []string) {
		if len(values) > 0 {
			lines = append(lines, s.T(key, "list", strings.Join(values, s.T("list.comma"))))
		}
	}
	add("terms.types", types)
	add("terms.subjects", topics)
	add("terms.languages", languages)
	add("terms.desks", f.Desks)
	add("terms.places", f.Places)
	if !f.Since.IsZero() {
		lines = append(lines, s.T("terms.since", "since", s.Date(s.Local(f.Since))))
	}
	lines = append(lines, s.T("terms.translate_"+string(f.Translate)), s.T("terms.edit_"+string(f.Edit)),
		s.T("terms.onward_"+string(f.Onward)), s.T("terms.embargo_"+string(f.Embargo)))
	if f.Retention > 0 {
		lines = append(lines, s.N("terms.retention", int64(f.Retention)))
	}
	if f.Credit != "" {
		lines = append(lines, s.T("terms.credit", "credit", f.Credit))
	}
	if f.Licence != "" {
		lines = append(lines, s.T("terms.licence", "licence", f.Licence))
	}
	return lines
}

// concepts makes concepts of the keys by which terms choose subjects.
func concepts(keys []string) []news.Concept {
	var out []news.Concept
	for _, k := range keys {
		out = append(out, news.Concept{URI: k})
	}
	return out
}

func (v Offer) types(f FlowForm) []Option {
	var out []Option
	for _, t := range []string{"text", "picture", "video", "audio", "graphic", "programme", "planning", "event", "data"} {
		out = append(out, Option{Value: t, Label: v.T("type." + t), Chosen: slices.Contains(f.Types, t)})
	}
	return out
}

func (v Offer) answers(chosen string) []Option {
	return chooseFrom([]string{"yes", "ask", "no"}, chosen, func(a string) string { return v.T("answer." + a) })
}

func (v Offer) embargoes(chosen string) []Option {
	return chooseFrom([]string{"deliver", "hold"}, chosen, func(e string) string { return v.T("terms.embargo_" + e) })
}

// offerAction is where the form is sent to.
func offerAction(v Offer) string {
	if v.ID == "" {
		return "/agreements"
	}
	return "/agreement/amend"
}
