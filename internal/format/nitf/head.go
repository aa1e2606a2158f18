package nitf

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/lexical"
	"jisr/internal/format/loss"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

const (
	newsCodes    = "http://cv.iptc.org/newscodes/"
	subjectCodes = newsCodes + "subjectcode/"
	signals      = newsCodes + "signal/"
)

// head reads the metadata of the document as a whole.
func (r *reader) head(n *xmltree.Node) {
	for k := range n.Elements() {
		switch {
		case k.Name == "title" && r.it.Title == "":
			r.it.Title = k.Line()
		case k.Name == "tobject":
			r.tobject(k)
		case k.Name == "docdata":
			r.docdata(k)
		default: // meta, iim, pubdata, revision-history
			r.rest.Keep(k, r.text)
		}
	}
}

// tobject reads the kind of the text and its IPTC subjects.
func (r *reader) tobject(n *xmltree.Node) {
	it := r.it
	if s := n.Attr("tobject.type"); s != "" && s != "news" {
		r.rest.KeepText("head/tobject@tobject.type", s)
	}
	for k := range n.Elements() {
		switch k.Name {
		case "tobject.property":
			if s := k.Attr("tobject.property.type"); s != "" {
				it.Genres = append(it.Genres, news.Concept{Name: s})
			}
		case "tobject.subject":
			c := news.Concept{Name: cmp.Or(k.Attr("tobject.subject.detail"), cmp.Or(k.Attr("tobject.subject.matter"), k.Attr("tobject.subject.type")))}
			if num := k.Attr("tobject.subject.refnum"); isSubjectCode(num) {
				c.URI = subjectCodes + num
			} else {
				c.Literal = cmp.Or(num, k.Attr("tobject.subject.code"))
			}
			if ipr := k.Attr("tobject.subject.ipr"); ipr != "" && ipr != "IPTC" {
				c.Creator = ipr
			}
			if c.Name != "" || c.URI != "" || c.Literal != "" {
				it.Subjects = append(it.Subjects, c)
			}
		default:
			r.rest.Keep(k, r.text)
		}
	}
}

func isSubjectCode(s string) bool { return len(s) == 8 && strings.Trim(s, "0123456789") == "" }

// docdata reads how the document is managed: its identity, state and dates.
func (r *reader) docdata(n *xmltree.Node) {
	it := r.it
	id := n.Child("doc-id")
	it.URI = uriOf(id.Attr("regsrc"), id.Attr("id-string"))
	for k := range n.Elements() {
		switch k.Name {
		case "doc-id":
			if source := k.Attr("regsrc"); source != "" && k == id {
				it.InfoSources = append(it.InfoSources, news.Concept{Literal: source, Role: "provider"})
			} else if k != id && k.Attr("id-string") != "" {
				it.AltIDs = append(it.AltIDs, news.AltID{Role: k.Attr("regsrc"), Value: k.Attr("id-string")})
			}
		case "urgency":
			r.urgency(k)
		case "date.issue":
			r.issued = k.Attr("norm")
			it.VersionCreated = r.time(k, r.issued)
		case "date.release":
			r.release = k.Attr("norm")
		case "date.expire":
			it.Expires = r.time(k, k.Attr("norm"))
		case "du-key":
			it.Slugline = cmp.Or(it.Slugline, k.Attr("key"))
			it.Version = cmp.Or(it.Version, cmp.Or(k.Attr("version"), k.Attr("generation")))
			if k.Attr("part") != "" || k.Attr("version") != "" && k.Attr("generation") != "" {
				r.rest.Keep(k, r.text)
			}
		case "ed-msg":
			r.message(k)
		case "correction":
			r.correction(k)
		case "fixture":
			r.subject(k.Attr("fix-id"), "fixture")
		case "series":
			r.series(k)
		case "doc-scope":
			if s := k.Attr("scope"); s != "" {
				it.Audiences = append(it.Audiences, news.Concept{Name: s})
			}
		case "evloc":
			r.eventPlace(k)
		case "doc.copyright":
			it.CopyrightHolder = cmp.Or(it.CopyrightHolder, k.Attr("holder"))
			if year := k.Attr("year"); year != "" && it.CopyrightNotice == "" {
				it.CopyrightNotice = strings.TrimSpace("© " + year + " " + k.Attr("holder"))
			}
		case "doc.rights":
			it.CopyrightHolder = cmp.Or(it.CopyrightHolder, k.Attr("owner"))
			r.usage(k.Attr("limitations"))
			r.rest.Keep(k, r.text)
		case "key-list":
			r.keywords(k)
		case "identified-content":
			r.identified(k)
		case "del-list":
			r.hops(k)
		default:
			r.rest.Keep(k, r.text)
		}
	}
	r.status(n)
}

// status reads management-status and the release time, which together say
// whether the item may be used. What is not understood is held back.
func (r *reader) status(n *xmltree.Node) {
	it := r.it
	status := strings.ToLower(n.Attr("management-status"))
	switch status {
	case "":
	case "usable", "embargoed":
		it.PubStatus = news.Usable
	case "withheld":
		it.PubStatus = news.Withheld
	case "canceled", "cancelled":
		it.PubStatus = news.Canceled
	default:
		r.losef(n, "status %q is not usable, embargoed, withheld or canceled: the item is withheld", status)
		it.PubStatus = news.Withheld
	}
	at := n.Child("date.release")
	release, zoned, ok := lexical.Time(r.release)
	switch {
	case r.release != "" && !ok:
		r.losef(at, "the release time %q cannot be read: the item is withheld", r.release)
		r.hold()
	case r.release == "" && status == "embargoed":
		r.lose(n, "an embargo without an end: the item is withheld")
		r.hold()
	case ok && (status == "embargoed" || it.VersionCreated.IsZero() || release.After(it.VersionCreated)):
		// Most senders write the time of issue into both dates: no embargo.
		it.Embargoed = release
		if !zoned {
			r.losef(at, "the time %q has no zone: taken as UTC", r.release)
		}
	}
	if other := n.Attr("management-doc-idref"); other != "" {
		a := news.Item{Name: "management", URI: uriOf("", other), Representation: "partial"}
		switch s := strings.ToLower(n.Attr("management-idref-status")); s {
		case "":
		case "usable", "withheld", "canceled":
			a.PubStatus = news.PubStatus(s)
		default:
			r.losef(n, "status %q of document %s is not one we know: it counts as withheld", s, other)
			a.PubStatus = news.Withheld
		}
		it.Associations = append(it.Associations, a)
	}
}

func (r *reader) hold() {
	if r.it.PubStatus != news.Canceled {
		r.it.PubStatus = news.Withheld
	}
}

func (r *reader) urgency(n *xmltree.Node) {
	s := n.Attr("ed-urg")
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > 9 {
		if s != "" {
			r.losef(n, "urgency %q is not 1 (highest) to 8", s)
		}
		return
	}
	r.it.Urgency = v
}

// message reads a note to the desk. Its type may say that the item corrects or
// updates what was sent before.
func (r *reader) message(n *xmltree.Node) {
	r.note(n.Attr("info"))
	switch kind := strings.ToLower(n.Attr("msg-type")); kind {
	case "correction", "update":
		r.signal(kind)
	case "", "info":
	default:
		r.rest.KeepText("head/docdata/ed-msg@msg-type", kind)
	}
}

func (r *reader) signal(name string) {
	uri := signals + name
	for _, s := range r.it.Signals {
		if s.URI == uri {
			return
		}
	}
	r.it.Signals = append(r.it.Signals, news.Concept{URI: uri})
}

// correction marks the item as one; the document that it corrects is an
// association unless it is the item itself.
func (r *reader) correction(n *xmltree.Node) {
	r.signal("correction")
	r.note(n.Attr("info"))
	if uri := uriOf(n.Attr("regsrc"), n.Attr("id-string")); uri != "" && uri != r.it.URI {
		r.it.Associations = append(r.it.Associations, news.Item{Name: "correctionOf", URI: uri, Representation: "partial"})
	}
}

// note adds to what the desk should know, each thing once.
func (r *reader) note(s string) {
	r.it.EdNote = lexical.JoinNew(r.it.EdNote, "\n\n", s)
}

func (r *reader) usage(s string) {
	r.it.UsageTerms = lexical.JoinNew(r.it.UsageTerms, "\n\n", s)
}

// subject adds a name that is a subject of the kind rel.
func (r *reader) subject(name, rel string) {
	if name != "" {
		r.it.Subjects = append(r.it.Subjects, news.Concept{Name: name, Rel: rel})
	}
}

func (r *reader) series(n *xmltree.Node) {
	r.subject(n.Attr("series.name"), "series")
	if n.Attr("series.part") != "" || n.Attr("series.totalpart") != "" {
		r.rest.Keep(n, r.text)
	}
}

func (r *reader) keywords(n *xmltree.Node) {
	for k := range n.Elements() {
		if k.Name != "keyword" {
			r.rest.Keep(k, r.text)
			continue
		}
		r.subject(cmp.Or(k.Attr("key"), k.Line()), "keyword")
	}
}

// eventPlace reads where the event took place, which need not be where the text
// was written.
func (r *reader) eventPlace(n *xmltree.Node) {
	c := news.Concept{Rel: "evloc", Literal: n.Attr("iso-cc")}
	for _, part := range [...]string{n.Attr("city"), n.Attr("county-dist"), n.Attr("state-prov")} {
		c.Name = lexical.Join(c.Name, ", ", part)
	}
	if c.Name != "" || c.Literal != "" {
		r.it.Places = append(r.it.Places, c)
	}
}

// identified reads the concepts that the document is about.
func (r *reader) identified(n *xmltree.Node) {
	it := r.it
	for k := range n.Elements() {
		c := news.Concept{Name: adjacent(k, ", "), Literal: k.Attr("value"), Creator: k.Attr("idsrc")}
		for code := range k.All("alt-code") {
			if k.Name == "org" {
				c.Symbols = append(c.Symbols, news.Symbol{Ticker: code.Attr("value"), Exchange: code.Attr("idsrc")})
			} else {
				r.lose(code, "a further code of a concept is not kept")
			}
		}
		if c.Name == "" && c.Literal == "" {
			continue
		}
		switch k.Name {
		case "person":
			it.People = append(it.People, c)
		case "org":
			it.Organisations = append(it.Organisations, c)
		case "location":
			c.Literal = cmp.Or(k.Attr("location-code"), c.Literal)
			c.Creator = cmp.Or(k.Attr("code-source"), c.Creator)
			it.Places = append(it.Places, c)
		case "event":
			if k.Attr("start-date") != "" || k.Attr("end-date") != "" {
				r.lose(k, "the dates of an event that the text speaks of are not kept")
			}
			it.Events = append(it.Events, c)
		case "object.title":
			it.Objects = append(it.Objects, c)
		case "classifier":
			c.Rel = cmp.Or(k.Attr("type"), "classifier")
			it.Subjects = append(it.Subjects, c)
		default: // function, virtloc …
			c.Rel = k.Name
			it.Subjects = append(it.Subjects, c)
		}
	}
}

// hops reads by which services the document came.
func (r *reader) hops(n *xmltree.Node) {
	for k := range n.All("from-src") {
		hop := news.Hop{Party: news.Concept{Name: k.Attr("src-name")}}
		if s := k.Attr("level-number"); s != "" {
			v, err := strconv.Atoi(s)
			if err != nil || v < 0 || v > 1e6 {
				r.losef(k, "level-number=%q is not a number", s)
			} else {
				hop.Seq = v
			}
		}
		r.it.Hops = append(r.it.Hops, hop)
	}
}

func (r *reader) time(at *xmltree.Node, s string) time.Time {
	return loss.Time(s, lexical.Time, func(reason string) { r.lose(at, reason) })
}
