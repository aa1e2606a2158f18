package newsmlg2

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// association writes a related item as a link.
func (w *writer) association(i int) string {
	a := &w.it.Associations[i]
	path := fmt.Sprintf("/associations/%d", i)
	rel := firstOf(a.Name, "related")
	switch rel {
	case "translatedFrom", "translationOf", "derivedFrom", "basedOn", "rewriteOf", "copyOf", "partOf":
		w.losef(path+"/name", "the name %s would make it a source of the item", rel)
		rel = "related"
	}
	attrs := w.role(path+"/name", "irel", rel)
	if len(attrs) == 2 {
		attrs[0] = map[string]string{"role": "rel", "roleuri": "reluri"}[attrs[0]]
	}
	return w.itemReference(path, "link", a, attrs...)
}

// itemReference writes what a link, an itemRef or a deliveredItemRef says of
// another item.
func (w *writer) itemReference(path, name string, a *news.Item, attrs ...string) string {
	target := w.token(path+"/uri", a.URI)
	if target == "" {
		w.lose(path, "an association without URI is not written: NewsML-G2 only refers to items")
		return ""
	}
	var out xmltree.Writer
	if a.Type != "" {
		out.Element("itemClass", "", "qcode", w.class(path+"/type", a.Type))
	}
	provided := -1
	for i := range a.InfoSources {
		if c := a.InfoSources[i]; c.Role == "provider" && !isEmpty(&c) && provided < 0 {
			provided = i
			c.Role = ""
			out.Raw(w.conceptElement(fmt.Sprintf("%s/infoSources/%d", path, i), property{name: "provider", details: "organisationDetails"}, &c))
		}
	}
	out.Line("versionCreated", w.time(path+"/versionCreated", a.VersionCreated))
	switch a.PubStatus {
	case news.Usable, news.Withheld, news.Canceled:
		out.Element("pubStatus", "", "qcode", "stat:"+string(a.PubStatus))
	}
	for i, h := range a.Headlines {
		out.Raw(w.words(fmt.Sprintf("%s/headlines/%d", path, i), "headline", "hld", h, false))
	}
	out.Line("title", w.line(path+"/title", a.Title))
	for i, d := range a.Descriptions {
		out.Raw(w.words(fmt.Sprintf("%s/descriptions/%d", path, i), "description", "drol", d, true))
	}
	w.reduced(path, a, provided)
	attrs = append(attrs, "residref", target, "version", w.linkVersion(path, a.Version))
	return element(name, out.String(), attrs...)
}

// reduced reports what a reference does not say of an item.
func (w *writer) reduced(path string, a *news.Item, provided int) {
	rest := *a
	rest.URI, rest.Version, rest.Type, rest.Title, rest.Name = "", "", "", "", ""
	rest.Headlines, rest.Descriptions, rest.PubStatus = nil, nil, ""
	rest.VersionCreated = news.Item{}.VersionCreated
	if provided >= 0 && len(a.InfoSources) == 1 {
		rest.InfoSources = nil
	}
	if rest.Representation != "partial" {
		w.lose(path+"/representation", "a reference to an item is partial")
	}
	rest.Representation = ""
	data, err := json.Marshal(rest)
	empty, err2 := json.Marshal(news.Item{})
	if err != nil || err2 != nil || string(data) != string(empty) {
		w.lose(path, "only identity, version, type, title, headlines, descriptions, status and provider of an association are written: send it as an item of its own")
	}
}

// groupSet writes a package: consecutive associations of one name are a group.
func (w *writer) groupSet() string {
	w.house = true
	var groups, root xmltree.Writer
	top := w.id("/associations", w.prefix+"root")
	n := 0
	list := w.it.Associations
	for i := 0; i < len(list); {
		name := list[i].Name
		end := i
		var refs strings.Builder
		for end < len(list) && list[end].Name == name {
			refs.WriteString(w.itemReference(fmt.Sprintf("/associations/%d", end), "itemRef", &list[end]))
			end++
		}
		role := houseAlias + ":" + name
		if !isQCode(role) || name == "root" {
			w.losef(fmt.Sprintf("/associations/%d/name", i), "%q cannot be the role of a group", lexical.Shorten(name))
			role = houseAlias + ":side"
		}
		i = end
		if refs.Len() == 0 {
			continue
		}
		n++
		id := w.id("/associations", w.prefix+"group-"+strconv.Itoa(n))
		root.Element("groupRef", "", "idref", id)
		groups.Raw(element("group", refs.String(), "id", id, "role", role))
	}
	var s section
	s.add("group", element("group", root.String(), "id", top, "role", houseAlias+":root"))
	s.add("group", groups.String())
	w.extras(&s, "groupSet/", "groupSet")
	return element("groupSet", s.in("groupSet"), "root", top)
}

// concept writes an event.
func (w *writer) concept() string {
	it := w.it
	var s section
	id := it.URI
	for i, a := range it.AltIDs {
		if a.Role != "conceptId" {
			continue
		}
		if id != it.URI {
			w.lose(fmt.Sprintf("/altIds/%d", i), "an event has one concept id")
			continue
		}
		id = a.Value
	}
	s.add("conceptId", w.reference("/altIds", "conceptId", id))
	s.add("type", element("type", "", "qcode", "cpnat:event"))
	for i, h := range it.Headlines {
		s.add("name", w.words(fmt.Sprintf("/headlines/%d", i), "name", "nrol", h, false))
	}
	if !slices.ContainsFunc(s.parts, func(p part) bool { return p.name == "name" }) {
		// The schema asks for a name; an empty one says nothing to a reader.
		s.add("name", element("name", ""))
	}
	for i, d := range it.Descriptions {
		s.add("definition", w.words(fmt.Sprintf("/descriptions/%d", i), "definition", "cptdefrole", d, true))
	}
	for i := range it.Events {
		c := &it.Events[i]
		path := fmt.Sprintf("/events/%d", i)
		switch {
		case c.Rel == "broader" || c.Rel == "related" || c.Rel == "sameAs":
			s.add(c.Rel, w.conceptElement(path, property{name: c.Rel, rel: c.Rel}, c))
		case c.Rel != "":
			attrs := w.role(path+"/rel", "crel", c.Rel)
			if len(attrs) == 2 {
				attrs[0] = map[string]string{"role": "rel", "roleuri": "reluri"}[attrs[0]]
			}
			s.add("related", w.conceptElement(path, property{name: "related", rel: c.Rel}, c, attrs...))
		}
	}
	if details := w.eventDetails(); details != "" {
		s.add("eventDetails", details)
	}
	w.extras(&s, "concept/", "concept")
	return element("concept", s.in("concept"))
}

func (w *writer) eventDetails() string {
	it := w.it
	var s section
	if d := it.EventDetails; d != nil {
		if *d == (news.EventDetails{}) {
			w.lose("/eventDetails", "they say nothing")
		}
		if d.Dates != nil {
			s.add("dates", w.dates("/eventDetails/dates", d.Dates))
		}
		s.add("occurStatus", w.reference("/eventDetails/status", "occurStatus", d.Status))
		s.add("newsCoverageStatus", w.reference("/eventDetails/coverageStatus", "newsCoverageStatus", d.CoverageStatus))
		if d.Organiser != nil {
			s.add("organiser", w.conceptElement("/eventDetails/organiser", property{name: "organiser", roles: "eorol", details: "organisationDetails"}, d.Organiser))
		}
	}
	subject := func(kind, details string) property {
		return property{name: "subject", kind: "cpnat:" + kind, details: details, graded: true}
	}
	// Who takes part has a role; without one, the event speaks of the party.
	party := func(path, kind, details string, c *news.Concept) {
		p := subject(kind, details)
		if c.Role != "" {
			p = property{name: "participant", kind: "cpnat:" + kind, roles: "eprol", details: details}
		}
		s.add(p.name, w.conceptElement(path, p, c))
	}
	for i := range it.People {
		party(fmt.Sprintf("/people/%d", i), "person", "personDetails", &it.People[i])
	}
	for i := range it.Organisations {
		party(fmt.Sprintf("/organisations/%d", i), "organisation", "organisationDetails", &it.Organisations[i])
	}
	for i := range it.Places {
		if c := &it.Places[i]; c.Rel != "located" {
			s.add("location", w.conceptElement(fmt.Sprintf("/places/%d", i), property{name: "location", roles: "gen", details: "geoAreaDetails"}, c))
		}
	}
	for i := range it.Events {
		if it.Events[i].Rel == "" {
			s.add("subject", w.conceptElement(fmt.Sprintf("/events/%d", i), subject("event", ""), &it.Events[i]))
		}
	}
	w.extras(&s, "concept/eventDetails/", "eventDetails")
	if len(s.parts) == 0 {
		return ""
	}
	if s.parts[0].name != "dates" {
		s.add("dates", element("dates", w.noStart(), "how", houseAlias+":none"))
	}
	return element("eventDetails", s.in("eventDetails"))
}

// noStart stands for the start that the schema requires.
func (w *writer) noStart() string {
	w.house = true
	return text("start", "1970", "how", houseAlias+":none")
}

// dates writes when an event takes place.
func (w *writer) dates(path string, d *news.Dates) string {
	var s section
	moment := func(name, at, expected string) {
		switch {
		case at != "":
			s.add(name, text(name, at))
			if expected != "" {
				w.losef(path, "beside a date of the %s no expected one is written", name)
			}
		case isTruncated(expected):
			s.add(name, text(name, expected))
		case expected != "":
			w.losef(path, "%q is not a date, if truncated", lexical.Shorten(expected))
		}
	}
	moment("start", w.time(path+"/start", d.Start), d.ExpectedStart)
	if len(s.parts) == 0 {
		s.add("start", w.noStart())
	}
	if d.Start.IsZero() && d.End.IsZero() && d.ExpectedStart+d.ExpectedEnd+d.Duration == "" && d.Recurrence == nil {
		w.lose(path, "they say nothing")
	}
	moment("end", w.time(path+"/end", d.End), d.ExpectedEnd)
	if d.Duration != "" {
		if len(s.parts) > 0 && s.parts[len(s.parts)-1].name == "end" {
			w.lose(path+"/duration", "an event has an end or a duration")
		} else if v := w.line(path+"/duration", d.Duration); v != "" {
			s.add("duration", text("duration", v))
		}
	}
	w.recurrence(path+"/recurrence", &s, d.Recurrence)
	w.extras(&s, "concept/eventDetails/dates/", "dates")
	return element("dates", s.in("dates"))
}

// isTruncated reports whether the reader keeps the date as text.
func isTruncated(s string) bool {
	if len(s) != 4 && len(s) != 7 && len(s) != 10 {
		return false
	}
	_, _, ok := lexical.Time((s + "-01-01")[:10])
	return ok
}

// recurrence writes back the rules that Read kept.
func (w *writer) recurrence(path string, s *section, rules json.RawMessage) {
	if rules == nil {
		return
	}
	var kept map[string][]map[string]string
	if json.Unmarshal(rules, &kept) != nil {
		w.lose(path, "not written: these are not rules of NewsML-G2")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		for _, rule := range kept[name] {
			var attrs []string
			ok := name == "rDate" || name == "rRule" || name == "exDate" || name == "exRule"
			for _, key := range slices.Sorted(maps.Keys(rule)) {
				if key == "value" {
					continue
				}
				ok = ok && isTagName(key)
				attrs = append(attrs, key, rule[key])
			}
			if !ok {
				w.lose(path, "not written: these are not rules of NewsML-G2")
				continue
			}
			s.add(name, text(name, w.line(path, rule["value"]), attrs...))
		}
	}
}

// coverageSet writes a plan: consecutive coverages of one URI are one coverage
// with several parts.
func (w *writer) coverageSet() string {
	list := w.it.PlannedCoverage
	var s section
	deliveries := w.deliveries()
	for i := 0; i < len(list); {
		uri := list[i].URI
		end := i
		var c section
		for end < len(list) && (end == i || uri != "" && list[end].URI == uri) {
			c.add("planning", w.planning(fmt.Sprintf("/plannedCoverage/%d", end), &list[end]))
			end++
		}
		c.add("delivery", deliveries)
		deliveries = ""
		s.add("newsCoverage", element("newsCoverage", c.in("newsCoverage"), "id", w.id(fmt.Sprintf("/plannedCoverage/%d/uri", i), uri)))
		i = end
	}
	w.extras(&s, "newsCoverageSet/", "newsCoverageSet")
	if len(s.parts) == 0 {
		return ""
	}
	return element("newsCoverageSet", s.in("newsCoverageSet"))
}

// firstDelivery returns from which association on all are deliveries of the plan:
// those stand with the coverage. Which coverage they were for, an item does not
// say.
func (w *writer) firstDelivery() int {
	list := w.it.Associations
	i := len(list)
	if len(w.it.PlannedCoverage) == 0 {
		return i
	}
	for i > 0 && list[i-1].Name == "delivery" {
		i--
	}
	return i
}

func (w *writer) deliveries() string {
	var b strings.Builder
	for i := w.firstDelivery(); i < len(w.it.Associations); i++ {
		b.WriteString(w.itemReference(fmt.Sprintf("/associations/%d", i), "deliveredItemRef", &w.it.Associations[i]))
	}
	if b.Len() == 0 {
		return ""
	}
	return element("delivery", b.String())
}

func (w *writer) planning(path string, v *news.Coverage) string {
	var s section
	if v.Type != "" {
		s.add("itemClass", element("itemClass", "", "qcode", w.class(path+"/type", news.Type(v.Type))))
	}
	if v.ItemCountFrom > 0 || v.ItemCountTo > 0 {
		to := v.ItemCountTo
		if to <= 0 {
			to = v.ItemCountFrom
			w.lose(path+"/itemCountTo", "a count has an upper end: written as the lower one")
		}
		s.add("itemCount", element("itemCount", "", "rangefrom", strconv.Itoa(max(v.ItemCountFrom, 0)), "rangeto", positive(to)))
	}
	d := v.Dates
	if d != nil && d.Start.IsZero() && d.End.IsZero() {
		w.lose(path+"/dates", "of the dates of a coverage only start and end are written")
		d = nil
	}
	if v.AssignedTo != "" || d != nil {
		attrs := []string{}
		if d != nil {
			attrs = append(attrs, "coversfrom", w.time(path+"/dates/start", d.Start), "coversto", w.time(path+"/dates/end", d.End))
			if d.ExpectedStart+d.ExpectedEnd+d.Duration != "" || d.Recurrence != nil {
				w.lose(path+"/dates", "of the dates of a coverage only start and end are written")
			}
		}
		name := ""
		if v.AssignedTo != "" {
			name = text("name", w.line(path+"/assignedTo", v.AssignedTo))
		}
		s.add("assignedTo", element("assignedTo", name, attrs...))
	}
	addLine := func(name, value string) {
		if value != "" {
			s.add(name, text(name, value))
		}
	}
	addLine("scheduled", w.line(path+"/scheduled", v.Scheduled))
	for i, name := range v.Services {
		if name = w.line(fmt.Sprintf("%s/services/%d", path, i), name); name != "" {
			w.house = true
			s.add("service", element("service", text("name", name), "qcode", houseAlias+":service"))
		} else {
			w.lose(fmt.Sprintf("%s/services/%d", path, i), "a service without a name is not written")
		}
	}
	if tag := w.language(path+"/language", v.Language); tag != "" {
		s.add("language", element("language", "", "tag", tag))
	}
	addLine("headline", w.line(path+"/headline", v.Headline))
	if v.EdNote != "" {
		s.add("edNote", element("edNote", w.block(path+"/edNote", v.EdNote)))
	}
	if v.WordCount > 0 {
		s.add("newsContentCharacteristics", element("newsContentCharacteristics", "", "wordcount", positive(v.WordCount)))
	}
	if v.Urgency >= 1 && v.Urgency <= 9 {
		s.add("urgency", text("urgency", strconv.Itoa(v.Urgency)))
	}
	w.ext(&s, "planningExtProperty", "title", w.token(path+"/title", v.Title))
	w.ext(&s, "planningExtProperty", "status", w.token(path+"/status", v.Status))
	for _, f := range [...]struct {
		field string
		full  bool
	}{{"/pubStatus", v.PubStatus != ""}, {"/event", v.Event != ""}, {"/renditions", len(v.Renditions) > 0}, {"/urgency", v.Urgency < 0 || v.Urgency > 9}} {
		if f.full {
			w.lose(path+f.field, "a planned coverage has no place for it")
		}
	}
	w.coverageExtra(path, &s, v.Extra)
	return element("planning", s.in("planning"))
}

// coverageExtra writes back the elements that Read kept.
func (w *writer) coverageExtra(path string, s *section, extra map[string]json.RawMessage) {
	order, _ := childOrder("planning")
	kept := keptExtra(extra)
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		value := kept[key]
		n, isElement := xmltree.Element(value)
		switch {
		case isElement && n.Name == key && (place(order, key) >= 0 || n.Space != "" && n.Space != Namespace):
			s.add(key, value)
		case key == "g2contentType" && value != "" && !isElement:
			s.add(key, text(key, w.line(path+"/extra/"+key, value)))
		default:
			w.lose(path+"/extra/"+key, "not written: it came from another format or place")
		}
	}
}
