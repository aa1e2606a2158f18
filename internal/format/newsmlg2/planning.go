package newsmlg2

import (
	"encoding/json"
	"fmt"
	"time"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// isEvent reports whether the concept of a conceptItem is an event.
func isEvent(n *xmltree.Node) bool {
	if n == nil {
		return false
	}
	kind := n.Child("type")
	return n.Child("eventDetails") != nil || code(kind.Attr("qcode"), kind.Attr("uri")) == "event"
}

// event reads the concept of a conceptItem (EventsML-G2).
func (t *translation) event(n *xmltree.Node) {
	it := t.it
	it.Type = news.Event
	for k := range n.Elements() {
		switch k.Name {
		case "conceptId":
			if id := firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k), k.Attr("qcode")); id != "" && id != it.URI {
				it.AltIDs = append(it.AltIDs, news.AltID{Role: "conceptId", Value: id})
			}
		case "type":
		case "name":
			if w, ok := t.words(k, k.Line()); ok {
				it.Headlines = append(it.Headlines, w)
			}
		case "definition":
			if w, ok := t.words(k, k.Block()); ok {
				it.Descriptions = append(it.Descriptions, w)
			}
		case "note":
			it.EdNote = lexical.Join(it.EdNote, "\n\n", k.Block())
		case "broader", "related", "sameAs":
			if c := t.concept(k); c.URI != "" || c.Literal != "" || c.Name != "" {
				c.Rel = firstOf(t.codes.roleOf(k, "rel"), k.Name)
				it.Events = append(it.Events, c)
			}
		case "eventDetails":
			t.eventDetails(k)
		default:
			t.keep(k)
		}
	}
}

func (t *translation) eventDetails(n *xmltree.Node) {
	it := t.it
	d := &news.EventDetails{}
	for k := range n.Elements() {
		switch {
		case k.Name == "dates" && k.Attr("how") == houseAlias+":none": // Write had none
		case k.Name == "dates" && d.Dates == nil:
			d.Dates = t.dates(k)
		case k.Name == "occurStatus":
			d.Status = firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k), k.Attr("qcode"))
		case k.Name == "newsCoverageStatus" && d.CoverageStatus == "":
			d.CoverageStatus = firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k), k.Attr("qcode"))
		case k.Name == "organiser" && d.Organiser == nil:
			c := t.concept(k)
			d.Organiser = &c
		case k.Name == "location":
			it.Places = append(it.Places, t.concept(k))
		case k.Name == "participant" || k.Name == "organiser":
			c := t.concept(k)
			c.Role = firstOf(c.Role, k.Name)
			if code(k.Attr("type"), k.Attr("typeuri")) == "organisation" || k.Child("organisationDetails") != nil || k.Name == "organiser" {
				it.Organisations = append(it.Organisations, c)
			} else {
				it.People = append(it.People, c)
			}
		case k.Name == "subject":
			t.subject(k)
		case k.Name == "language" && k.Attr("tag") == it.Language:
		default:
			t.keep(k)
		}
	}
	if *d != (news.EventDetails{}) {
		it.EventDetails = d
	}
}

// dates reads when an event takes place. A date that is truncated or only
// approximate is an expectation and stays text.
func (t *translation) dates(n *xmltree.Node) *news.Dates {
	var d news.Dates
	recurrence := map[string]any{}
	for k := range n.Elements() {
		switch k.Name {
		case "start":
			if k.Attr("how") == houseAlias+":none" {
				continue // Write had none
			}
			d.Start, d.ExpectedStart = t.moment(k)
		case "end":
			d.End, d.ExpectedEnd = t.moment(k)
		case "duration":
			d.Duration = k.Line()
		case "rDate", "rRule", "exDate", "exRule":
			rule := map[string]string{}
			for _, a := range k.Attrs {
				rule[a.Name.Local] = a.Value
			}
			if s := k.Line(); s != "" {
				rule["value"] = s
			}
			list, _ := recurrence[k.Name].([]any)
			recurrence[k.Name] = append(list, rule)
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
func (t *translation) moment(n *xmltree.Node) (time.Time, string) {
	s := n.Line()
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
func (t *translation) coverages(n *xmltree.Node) {
	for c := range n.Elements() {
		if c.Name != "newsCoverage" {
			t.keep(c)
			continue
		}
		made := len(t.it.PlannedCoverage)
		for k := range c.Elements() {
			switch k.Name {
			case "planning":
				v := t.coverage(k)
				v.URI = c.Attr("id")
				t.it.PlannedCoverage = append(t.it.PlannedCoverage, v)
			case "delivery":
				t.delivery(k)
			default:
				t.lose(k, "not kept of a coverage")
			}
		}
		if made == len(t.it.PlannedCoverage) {
			t.it.PlannedCoverage = append(t.it.PlannedCoverage, news.Coverage{URI: c.Attr("id")})
		}
	}
}

// delivery links what was delivered for a coverage.
func (t *translation) delivery(n *xmltree.Node) {
	for k := range n.Elements() {
		target := firstOf(k.Attr("guidref"), k.Attr("residref"), k.Attr("href"))
		if k.Name != "deliveredItemRef" || target == "" {
			t.lose(k, "not kept of a delivery")
			continue
		}
		a := t.reference(k, target)
		a.Name = "delivery"
		t.it.Associations = append(t.it.Associations, a)
	}
}

func (t *translation) coverage(n *xmltree.Node) news.Coverage {
	var v news.Coverage
	keep := func(k *xmltree.Node, value string) {
		if v.Extra == nil {
			v.Extra = map[string]json.RawMessage{}
		}
		if data, err := json.Marshal(value); err == nil && v.Extra[k.Name] == nil {
			v.Extra[k.Name] = data
			return
		}
		t.lose(k, "not kept of a coverage")
	}
	for k := range n.Elements() {
		switch k.Name {
		case "itemClass":
			v.Type = string(t.class(k))
		case "itemCount":
			v.ItemCountFrom, v.ItemCountTo = t.number(k, "rangefrom"), t.number(k, "rangeto")
		case "scheduled":
			v.Scheduled = k.Line()
		case "assignedTo":
			c := t.concept(k)
			v.AssignedTo = lexical.Join(v.AssignedTo, ", ", firstOf(c.Name, c.Literal, c.URI))
			if from, to := k.Attr("coversfrom"), k.Attr("coversto"); (from != "" || to != "") && v.Dates == nil {
				v.Dates = &news.Dates{Start: t.timeOf(from, k), End: t.timeOf(to, k)}
			}
		case "service":
			c := t.concept(k)
			v.Services = append(v.Services, firstOf(c.Name, c.Literal, c.URI))
		case "title":
			v.Title = k.Line()
		case "headline":
			v.Headline = lexical.Join(v.Headline, "; ", k.Line())
		case "edNote":
			v.EdNote = lexical.Join(v.EdNote, "\n\n", k.Block())
		case "urgency":
			if v.Urgency = t.count(k); v.Urgency > 9 {
				t.lose(k, fmt.Sprintf("urgency %d is not 1 (highest) to 9", v.Urgency))
				v.Urgency = 0
			}
		case "language":
			v.Language = t.tag(k.Attr("tag"), k)
		case "newsCoverageStatus":
			v.Status = firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k), k.Attr("qcode"))
		case "wordCount", "wordcount":
			v.WordCount = t.count(k)
		case "newsContentCharacteristics":
			if len(k.Attrs) == 1 && k.Attr("wordcount") != "" {
				v.WordCount = t.number(k, "wordcount")
			} else {
				keep(k, k.Source(t.text))
			}
		case "planningExtProperty":
			switch k.Attr("rel") {
			case houseAlias + ":title":
				v.Title = k.Attr("value")
			case houseAlias + ":status":
				v.Status = k.Attr("value")
			default:
				keep(k, k.Source(t.text))
			}
		case "g2contentType":
			keep(k, k.Line())
		default:
			keep(k, k.Source(t.text))
		}
	}
	return v
}

// count reads the element's text as a whole number of at least zero.
func (t *translation) count(n *xmltree.Node) int {
	s := n.Line()
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
