package newsmlg2

import (
	"encoding/json"
	"fmt"
	"time"

	"jisr/internal/news"
)

// isEvent reports whether the concept of a conceptItem is an event.
func isEvent(n *node) bool {
	if n == nil {
		return false
	}
	kind := n.child("type")
	return n.child("eventDetails") != nil || code(kind.attr("qcode"), kind.attr("uri")) == "event"
}

// event reads the concept of a conceptItem (EventsML-G2).
func (t *translation) event(n *node) {
	it := t.it
	it.Type = news.Event
	for k := range n.elements() {
		switch k.name {
		case "conceptId":
			if id := firstOf(k.attr("uri"), t.codes.uri(k.attr("qcode"), k), k.attr("qcode")); id != "" {
				it.AltIDs = append(it.AltIDs, news.AltID{Role: "conceptId", Value: id})
			}
		case "type":
		case "name":
			if w, ok := t.words(k, k.line()); ok {
				it.Headlines = append(it.Headlines, w)
			}
		case "definition":
			if w, ok := t.words(k, k.block()); ok {
				it.Descriptions = append(it.Descriptions, w)
			}
		case "note":
			it.EdNote = join(it.EdNote, "\n\n", k.block())
		case "broader", "related", "sameAs":
			if c := t.concept(k); c.URI != "" || c.Literal != "" || c.Name != "" {
				c.Rel = firstOf(t.codes.roleOf(k, "rel"), k.name)
				it.Events = append(it.Events, c)
			}
		case "eventDetails":
			t.eventDetails(k)
		default:
			t.keep(k)
		}
	}
}

func (t *translation) eventDetails(n *node) {
	it := t.it
	d := &news.EventDetails{}
	it.EventDetails = d
	for k := range n.elements() {
		switch {
		case k.name == "dates" && d.Dates == nil:
			d.Dates = t.dates(k)
		case k.name == "occurStatus":
			d.Status = firstOf(k.attr("uri"), t.codes.uri(k.attr("qcode"), k), k.attr("qcode"))
		case k.name == "organiser" && d.Organiser == nil:
			c := t.concept(k)
			d.Organiser = &c
		case k.name == "location":
			it.Places = append(it.Places, t.concept(k))
		case k.name == "participant" || k.name == "organiser":
			c := t.concept(k)
			c.Role = firstOf(c.Role, k.name)
			if code(k.attr("type"), k.attr("typeuri")) == "organisation" || k.child("organisationDetails") != nil || k.name == "organiser" {
				it.Organisations = append(it.Organisations, c)
			} else {
				it.People = append(it.People, c)
			}
		case k.name == "subject":
			t.subject(k)
		case k.name == "language" && k.attr("tag") == it.Language:
		default:
			t.keep(k)
		}
	}
}

// dates reads when an event takes place. A date that is truncated or only
// approximate is an expectation and stays text.
func (t *translation) dates(n *node) *news.Dates {
	var d news.Dates
	recurrence := map[string]any{}
	for k := range n.elements() {
		switch k.name {
		case "start":
			d.Start, d.ExpectedStart = t.moment(k)
		case "end":
			d.End, d.ExpectedEnd = t.moment(k)
		case "duration":
			d.Duration = k.line()
		case "rDate", "rRule", "exDate", "exRule":
			rule := map[string]string{}
			for _, a := range k.attrs {
				rule[a.Name.Local] = a.Value
			}
			if s := k.line(); s != "" {
				rule["value"] = s
			}
			list, _ := recurrence[k.name].([]any)
			recurrence[k.name] = append(list, rule)
		case "confirmation":
			t.keep(k)
		default:
			t.lose(k, "not kept of the dates of an event")
		}
	}
	if len(recurrence) > 0 {
		if data, err := json.Marshal(recurrence); err == nil {
			d.Recurrence = data
		}
	}
	return &d
}

// moment returns a full date and time, or a shorter date as text.
func (t *translation) moment(n *node) (time.Time, string) {
	s := n.line()
	if len(s) <= len("2006-01-02") {
		for _, layout := range []string{"2006", "2006-01", "2006-01-02"} {
			if _, err := time.Parse(layout, s); err == nil {
				return time.Time{}, s
			}
		}
	}
	return t.timeOf(s, n), ""
}

// coverages reads what a newsroom plans: one coverage for each planning element.
func (t *translation) coverages(n *node) {
	for c := range n.elements() {
		if c.name != "newsCoverage" {
			t.keep(c)
			continue
		}
		made := len(t.it.PlannedCoverage)
		for k := range c.elements() {
			switch k.name {
			case "planning":
				v := t.coverage(k)
				v.URI = c.attr("id")
				t.it.PlannedCoverage = append(t.it.PlannedCoverage, v)
			case "delivery":
				t.delivery(k)
			default:
				t.lose(k, "not kept of a coverage")
			}
		}
		if made == len(t.it.PlannedCoverage) {
			t.it.PlannedCoverage = append(t.it.PlannedCoverage, news.Coverage{URI: c.attr("id")})
		}
	}
}

// delivery links what was delivered for a coverage.
func (t *translation) delivery(n *node) {
	for k := range n.elements() {
		target := firstOf(k.attr("guidref"), k.attr("residref"), k.attr("href"))
		if k.name != "deliveredItemRef" || target == "" {
			t.lose(k, "not kept of a delivery")
			continue
		}
		a := t.reference(k, target)
		a.Name = "delivery"
		t.it.Associations = append(t.it.Associations, a)
	}
}

func (t *translation) coverage(n *node) news.Coverage {
	var v news.Coverage
	keep := func(k *node, value string) {
		if v.Extra == nil {
			v.Extra = map[string]json.RawMessage{}
		}
		if data, err := json.Marshal(value); err == nil && v.Extra[k.name] == nil {
			v.Extra[k.name] = data
			return
		}
		t.lose(k, "not kept of a coverage")
	}
	for k := range n.elements() {
		switch k.name {
		case "itemClass":
			v.Type = string(t.class(k))
		case "itemCount":
			v.ItemCountFrom, v.ItemCountTo = t.number(k, "rangefrom"), t.number(k, "rangeto")
		case "scheduled":
			v.Scheduled = k.line()
		case "assignedTo":
			c := t.concept(k)
			v.AssignedTo = join(v.AssignedTo, ", ", firstOf(c.Name, c.Literal, c.URI))
			if from, to := k.attr("coversfrom"), k.attr("coversto"); (from != "" || to != "") && v.Dates == nil {
				v.Dates = &news.Dates{Start: t.timeOf(from, k), End: t.timeOf(to, k)}
			}
		case "service":
			c := t.concept(k)
			v.Services = append(v.Services, firstOf(c.Name, c.Literal, c.URI))
		case "title":
			v.Title = k.line()
		case "headline":
			v.Headline = join(v.Headline, "; ", k.line())
		case "edNote":
			v.EdNote = join(v.EdNote, "\n\n", k.block())
		case "urgency":
			if v.Urgency = t.count(k); v.Urgency > 9 {
				t.lose(k, fmt.Sprintf("urgency %d is not 1 (highest) to 9", v.Urgency))
				v.Urgency = 0
			}
		case "language":
			v.Language = t.tag(k.attr("tag"), k)
		case "newsCoverageStatus":
			v.Status = firstOf(k.attr("uri"), t.codes.uri(k.attr("qcode"), k), k.attr("qcode"))
		case "wordCount", "wordcount":
			v.WordCount = t.count(k)
		case "g2contentType":
			keep(k, k.line())
		default:
			keep(k, k.source(t.text))
		}
	}
	return v
}

// count reads the element's text as a whole number of at least zero.
func (t *translation) count(n *node) int {
	s := n.line()
	v := 0
	for _, c := range s {
		if c < '0' || c > '9' || v > 1e8 {
			t.lose(n, fmt.Sprintf("%q is not a whole number", s))
			return 0
		}
		v = v*10 + int(c-'0')
	}
	return v
}
