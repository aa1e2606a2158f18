// Package ritzau reads RBNews, the XML in which Ritzau, the Danish agency, delivers
// over its own interface.
//
// The invariant: an item that the agency annulled (Annuleret) is canceled, whatever
// else the file says; and what no field of news.Item names is in Extra.
package ritzau

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the hour of Copenhagen must not depend on the host

	"jisr/internal/format/charset"
	"jisr/internal/format/lexical"
	"jisr/internal/format/loss"
	"jisr/internal/format/markup"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// Limits on one file.
const (
	MaxSize  = 16 << 20 // bytes
	MaxItems = 1_000

	root = "RBNews"
	list = "ArrayOfRBNews"

	signals      = "http://cv.iptc.org/newscodes/signal/"
	subjectCodes = "http://cv.iptc.org/newscodes/subjectcode/"
)

// Detect reports whether head, the first bytes of a file, begins such XML.
func Detect(head []byte) bool {
	_, name := markup.RootTag(head)
	return name == root || name == list
}

// Read returns the items of a file. Its errors are of kind Invalid or TooLarge.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	text, decision, err := charset.XML(data)
	if err != nil {
		return nil, nil, err
	}
	r := &reader{text: string(text)}
	for _, note := range decision.Notes {
		r.losses.Add(charset.Place, note)
	}
	p := xmltree.NewParser(r.text, xmltree.Form{
		Name: "RBNews document", Entities: xml.HTMLEntity,
		Root:  func(name string) bool { return name == root || name == list },
		Wraps: func(name string) bool { return name == list },
		Item:  func(name string) bool { return name == root },
	})
	for {
		n, err := p.Next()
		if err != nil {
			return nil, nil, err
		}
		if n == nil {
			break
		}
		if n.Name != root {
			r.losses.Add(n.Path(), "not an item: left out")
			continue
		}
		if len(r.items) >= MaxItems {
			return nil, nil, news.Errorf(news.TooLarge, "", "the file has more than the %d items allowed", MaxItems)
		}
		r.item(n)
	}
	if len(r.items) == 0 {
		return nil, nil, news.Errorf(news.Invalid, list, "the file holds no items: there may be no news yet")
	}
	return r.items, r.losses.All(root), nil
}

// reader collects what comes of one file.
type reader struct {
	text   string
	items  []*news.Item
	losses loss.List

	it   *news.Item
	rest xmltree.Rest
}

func (r *reader) item(n *xmltree.Node) {
	r.it = &news.Item{Type: news.Text, PubStatus: news.Usable, Standard: &news.Standard{Name: "RBNews"}}
	r.rest = xmltree.Rest{}
	for e := range n.Elements() {
		if !r.words(e) && !r.state(e) && !r.topic(e) {
			r.rest.Keep(e, r.text)
		}
	}
	if r.it.URI == "" {
		r.it.URI = lexical.ContentURI([]byte(n.Source(r.text)))
		r.losses.Add(n.Path(), "the item has no NewsID: it is named by its text, and no correction can follow it")
	}
	r.rest.Into(r.it)
	r.items = append(r.items, r.it)
}

// words reads what people read.
func (r *reader) words(e *xmltree.Node) bool {
	s := e.Line()
	switch e.Name {
	case "headline":
		r.headline("", s)
	case "subtitle":
		r.headline("subheadline", s)
	case "strapline":
		r.it.Slugline = s
	case "town":
		r.it.Located = s
	case "content":
		// The markup is text here, so that its spaces and line ends matter little.
		if body := strings.TrimSpace(e.Raw()); body != "" {
			r.it.Bodies = append(r.it.Bodies, news.Words{ContentType: "text/html", Value: body})
		}
	case "TilRedaktionen":
		r.it.EdNote = strings.TrimSpace(markup.Text(e.Raw()))
	case "byLine":
		r.it.By = s
	case "byLineEmail":
		r.contact("email", s)
	case "byLinePhone":
		r.contact("phone", s)
	default:
		return false
	}
	return true
}

func (r *reader) headline(role, s string) {
	if s != "" {
		r.it.Headlines = append(r.it.Headlines, news.Words{Role: role, Value: s})
	}
}

// contact keeps how the desk reaches the author.
func (r *reader) contact(kind, s string) {
	if s == "" {
		return
	}
	if len(r.it.Creators) == 0 {
		r.it.Creators = []news.Concept{{}}
	}
	c := &r.it.Creators[0]
	c.Contacts = append(c.Contacts, news.Contact{Type: kind, Value: s})
}

// state reads identity, time and standing of the item.
func (r *reader) state(e *xmltree.Node) bool {
	s := e.Line()
	switch e.Name {
	case "NewsID":
		switch {
		case lexical.IsUUID(s):
			r.it.URI = "urn:uuid:" + strings.ToLower(s)
		case s != "":
			r.it.URI = lexical.URN("ritzau", s)
		}
	case "HistID":
		r.altID("history", s) // what all versions of a story have in common
	case "Replaces", "replacedID":
		r.altID("replaces", s)
	case "version":
		r.it.Version = s
	case "PublishDate":
		r.it.VersionCreated = r.time(e, s)
	case "Priority":
		if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= 9 {
			r.it.Urgency = n
		} else if s != "" {
			r.losses.Addf(e.Path(), "priority %q is not 1 (highest) to 9", lexical.Shorten(s))
		}
	case "Annuleret":
		if r.isTrue(e, s) {
			r.it.PubStatus = news.Canceled
			r.signal("kill")
		}
	case "Korrektion":
		if r.isTrue(e, s) {
			r.signal("correction")
		}
	case "NyVersion":
		if r.isTrue(e, s) {
			r.signal("update")
		}
	default:
		return false
	}
	return true
}

func (r *reader) altID(role, s string) {
	if s != "" {
		r.it.AltIDs = append(r.it.AltIDs, news.AltID{Role: role, Value: s})
	}
}

func (r *reader) signal(name string) {
	r.it.Signals = append(r.it.Signals, news.Concept{URI: signals + name})
}

// isTrue reads a flag. One that cannot be read holds the item back if it might
// annul it.
func (r *reader) isTrue(e *xmltree.Node, s string) bool {
	switch strings.ToLower(s) {
	case "true", "1":
		return true
	case "false", "0", "":
		return false
	}
	r.losses.Addf(e.Path(), "%q is neither true nor false", lexical.Shorten(s))
	if e.Name == "Annuleret" && r.it.PubStatus != news.Canceled {
		r.it.PubStatus = news.Withheld
	}
	return false
}

// time reads a time, which is that of Copenhagen if it names no zone.
func (r *reader) time(e *xmltree.Node, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	at, zoned, ok := lexical.Time(s)
	switch {
	case !ok:
		r.losses.Addf(e.Path(), "%q is not a date and time", lexical.Shorten(s))
	case !zoned:
		if there, err := time.LoadLocation("Europe/Copenhagen"); err == nil {
			at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), there)
			_, offset := at.Zone()
			at = at.In(time.FixedZone("", offset)) // the zone's name does not travel
		}
	}
	return at
}

// topic reads what the item is about and where it comes from.
func (r *reader) topic(e *xmltree.Node) bool {
	s := e.Line()
	switch e.Name {
	case "origin":
		for name := range strings.SplitSeq(strings.Trim(s, "/ "), "/") {
			if name = strings.TrimSpace(name); name != "" {
				r.it.InfoSources = append(r.it.InfoSources, news.Concept{Literal: name, Role: "provider"})
			}
		}
	case "section":
		if s != "" {
			r.it.Subjects = append(r.it.Subjects, news.Concept{Name: s, Rel: "category"})
		}
	case "format":
		if s != "" {
			r.it.Genres = append(r.it.Genres, news.Concept{Name: s})
		}
	case "IPTCList":
		for code := range e.Elements() {
			r.subject(code.Line())
		}
	case "SubjectKeyword":
		for word := range e.Elements() {
			if s := word.Line(); s != "" {
				r.it.Subjects = append(r.it.Subjects, news.Concept{Name: s, Rel: "keyword"})
			}
		}
	default:
		return false
	}
	return true
}

// subject takes a code of IPTC. As numbers they lack the leading zero.
func (r *reader) subject(code string) {
	if code == "" {
		return
	}
	c := news.Concept{Literal: code}
	if _, err := strconv.ParseUint(code, 10, 32); err == nil && len(code) <= 8 {
		c.URI = subjectCodes + strings.Repeat("0", 8-len(code)) + code
	}
	r.it.Subjects = append(r.it.Subjects, c)
}
