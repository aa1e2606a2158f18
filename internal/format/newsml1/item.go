package newsml1

import (
	"cmp"
	"fmt"
	"maps"
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

// translation turns one NewsItem into a news.Item.
type translation struct {
	r      *reader
	it     *news.Item
	topics map[string]topic
	rest   xmltree.Rest

	embargoSaid *xmltree.Node // the comment that speaks of one
}

func (t *translation) lose(at *xmltree.Node, reason string) { t.r.losses.Add(at.Path(), reason) }

func (t *translation) losef(at *xmltree.Node, format string, args ...any) {
	t.lose(at, fmt.Sprintf(format, args...))
}

func (t *translation) keep(n *xmltree.Node) { t.rest.Keep(n, t.r.text) }

func (r *reader) item(n *xmltree.Node) *news.Item {
	t := &translation{r: r, it: &news.Item{}, topics: r.topics}
	it := t.it
	it.Standard = &news.Standard{Name: "NewsML", Version: r.version}
	for k := range n.Elements() {
		if k.Name == "TopicSet" {
			if len(t.topics) == len(r.topics) {
				t.topics = maps.Clone(r.topics)
			}
			r.collectTopics(k, t.topics)
		}
	}
	t.identity(n)
	it.Language = t.tag(n, cmp.Or(n.Lang(), n.Child("NewsComponent").Lang(),
		n.Down("NewsComponent", "DescriptiveMetadata", "Language").Attr("FormalName"), n.Parent.Lang()))
	for k := range n.Elements() {
		switch k.Name {
		case "Identification":
			t.identification(k)
		case "NewsManagement":
			t.management(k)
		case "NewsComponent":
			t.component(it, k, 0)
		case "Catalog", "TopicSet": // read, or names for names
		case "Comment":
			if s := k.Block(); s != "" {
				it.EdNote = lexical.Join(it.EdNote, "\n\n", s)
			}
			t.comment(k)
		default:
			t.keep(k)
		}
	}
	if t.embargoSaid != nil && it.Embargoed.IsZero() && it.PubStatus != news.Withheld && it.PubStatus != news.Canceled {
		t.lose(t.embargoSaid, "the comment speaks of an embargo that the status does not know: the item is withheld")
		t.hold(news.Withheld)
	}
	t.envelope()
	if it.Type == "" {
		if it.Type = news.Text; len(it.Bodies) == 0 && len(it.Associations) > 0 {
			it.Type = news.Composite
		}
	}
	t.rest.Into(it)
	return it
}

// identity names the item without its revision: the next revision has the same
// name and another version.
func (t *translation) identity(n *xmltree.Node) {
	id := n.Down("Identification", "NewsIdentifier")
	part := func(name string) string { return id.Child(name).Line() }
	public := part("PublicIdentifier")
	t.it.Version = part("RevisionId")
	provider, date, item := part("ProviderId"), part("DateId"), part("NewsItemId")
	switch {
	case provider != "" && item != "":
		t.it.URI = lexical.URN("newsml", provider, date, item)
		if plain := "urn:newsml:" + provider + ":" + date + ":" + item; lexical.IsURI(plain) {
			t.it.URI = plain // as the sender writes it
		}
	case lexical.IsURI(public):
		t.it.URI = withoutRevision(public)
		t.it.Version = cmp.Or(t.it.Version, revisionOf(public))
	case lexical.IsURI(item):
		t.it.URI = item
	case public != "" || item != "":
		t.it.URI = lexical.URN("newsml", "-", date, cmp.Or(item, public))
	default:
		t.it.URI = lexical.ContentURI([]byte(n.Source(t.r.text)))
		t.lose(n, "the item has no NewsIdentifier: it is named by its text, and no correction can follow it")
	}
	if public != "" && public != t.it.URI {
		t.it.AltIDs = append(t.it.AltIDs, news.AltID{Role: "publicIdentifier", Value: public})
	}
}

// withoutRevision cuts the revision off a URN of RFC 3085:
// urn:newsml:provider:date:item:revision, the revision a number and a letter.
func withoutRevision(urn string) string {
	if rev := revisionOf(urn); rev != "" {
		return urn[:strings.LastIndexByte(urn, ':')]
	}
	return urn
}

// revisionOf returns the number of the revision that a URN of RFC 3085 ends in.
func revisionOf(urn string) string {
	i := strings.LastIndexByte(urn, ':')
	if !strings.HasPrefix(urn, "urn:newsml:") || strings.Count(urn, ":") < 5 {
		return ""
	}
	rev := strings.TrimRight(urn[i+1:], "NAU")
	if _, err := strconv.ParseUint(rev, 10, 32); err != nil {
		return ""
	}
	return rev
}

func (t *translation) identification(n *xmltree.Node) {
	for k := range n.Elements() {
		switch k.Name {
		case "NewsIdentifier":
			for i := range k.Elements() {
				switch i.Name {
				case "ProviderId", "DateId", "NewsItemId", "RevisionId", "PublicIdentifier":
				default:
					t.keep(i)
				}
			}
		case "NameLabel":
			t.it.Title = cmp.Or(t.it.Title, k.Line())
		default: // DateLabel, Label
			t.keep(k)
		}
	}
}

// management reads state and history. It reads the status last, because what is
// due to happen to it may come before or after it.
func (t *translation) management(n *xmltree.Node) {
	it := t.it
	for k := range n.Elements() {
		switch k.Name {
		case "FirstCreated":
			it.FirstCreated = t.time(k, k.Line())
		case "ThisRevisionCreated":
			it.VersionCreated = t.time(k, k.Line())
		case "Status", "StatusWillChange":
		case "Urgency":
			t.urgency(k)
		case "DerivedFrom":
			if urn := reference(k); urn != "" {
				it.DerivedFrom = append(it.DerivedFrom, news.Derivation{Relation: news.RewriteOf, URI: withoutRevision(urn), Version: revisionOf(urn)})
			} else {
				t.keep(k)
			}
		case "AssociatedWith":
			if urn := reference(k); urn != "" {
				it.Associations = append(it.Associations, news.Item{
					Name: cmp.Or(formalName(k), "associated"), URI: withoutRevision(urn), Version: revisionOf(urn), Representation: "partial",
				})
			} else {
				t.keep(k)
			}
		case "Instruction":
			t.instruction(k)
		case "NewsItemType":
			if s := formalName(k); s != "" && s != "News" {
				t.keep(k)
			}
		default: // RevisionHistory, Property
			t.keep(k)
		}
	}
	t.status(n)
}

// reference returns the item that an element refers to.
func reference(n *xmltree.Node) string {
	if s := cmp.Or(n.Attr("NewsItem"), n.Attr("Href")); lexical.IsURI(s) {
		return s
	}
	return ""
}

func formalName(n *xmltree.Node) string { return n.Attr("FormalName") }

// status reads Status together with StatusWillChange: a time from which an item
// may be used is an embargo, one until which it may be is an expiry.
func (t *translation) status(n *xmltree.Node) {
	it := t.it
	at := n.Child("Status")
	name := strings.ToLower(formalName(at))
	switch name {
	case "":
		if at != nil {
			t.lose(at, "a status without a name: the item is withheld")
			t.hold(news.Withheld)
		}
	case "usable", "embargoed":
		t.hold(news.Usable)
	case "withheld":
		t.hold(news.Withheld)
	case "canceled", "cancelled":
		t.hold(news.Canceled)
	default:
		t.losef(at, "status %q is not Usable, Embargoed, Withheld or Canceled: the item is withheld", formalName(at))
		t.hold(news.Withheld)
	}
	change := n.Child("StatusWillChange")
	if change == nil {
		if name == "embargoed" {
			t.lose(at, "an embargo without an end: the item is withheld")
			t.hold(news.Withheld)
		}
		return
	}
	when := t.time(change, change.Child("DateAndTime").Line())
	future := strings.ToLower(formalName(change.Child("FutureStatus")))
	switch {
	case when.IsZero() && name == "embargoed":
		t.lose(change, "an embargo whose end cannot be read: the item is withheld")
		t.hold(news.Withheld)
	case name == "embargoed":
		it.Embargoed = when
		if future != "" && future != "usable" {
			t.losef(change, "after its embargo the item becomes %s: it is withheld", future)
			t.hold(news.Withheld)
		}
	case future == "usable" && !when.IsZero():
		// Until then it is withheld, and someone should look at it.
		it.Embargoed = when
	case future == "canceled" || future == "withheld" || future == "embargoed":
		it.Expires = when
	default:
		t.keep(change)
	}
}

// comment looks for an embargo where desks write one though the format has a status
// for it: an item that calls itself usable must not be out for that.
func (t *translation) comment(n *xmltree.Node) {
	if s := n.Block(); lexical.SaysEmbargoed(s) {
		if !strings.Contains(t.it.EdNote, s) { // the desk decides by it
			t.it.EdNote = lexical.Join(t.it.EdNote, "\n\n", s)
		}
		t.embargoSaid = n
	}
}

// hold sets the status unless a stricter one was set before.
func (t *translation) hold(s news.PubStatus) {
	t.it.PubStatus = lexical.Stricter(t.it.PubStatus, s)
}

func (t *translation) urgency(n *xmltree.Node) {
	s := cmp.Or(formalName(n), n.Line())
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > 9 {
		t.losef(n, "urgency %q is not 1 (highest) to 8", s)
		return
	}
	t.it.Urgency = v
}

// instruction reads what the receiver shall do with earlier revisions.
func (t *translation) instruction(n *xmltree.Node) {
	switch s := strings.ToLower(formalName(n)); s {
	case "update", "correction":
		t.it.Signals = append(t.it.Signals, news.Concept{URI: signals + s})
	case "rectify", "rectification", "corrective":
		t.it.Signals = append(t.it.Signals, news.Concept{URI: signals + "correction"})
	case "delete", "cancel", "kill":
		t.hold(news.Canceled)
	case "":
	default:
		t.losef(n, "instruction %q is kept, but not followed", formalName(n))
		t.keep(n)
		return
	}
	if n.FirstElement() != nil {
		t.keep(n)
	}
}

// envelope adds what the file says of all its items.
func (t *translation) envelope() {
	e := t.r.envelope
	for k := range e.Elements() {
		switch k.Name {
		case "NewsService":
			t.it.Service = cmp.Or(t.it.Service, formalName(k))
		case "SentFrom":
			if p := k.Child("Party"); p != nil && len(t.it.InfoSources) == 0 {
				t.it.InfoSources = append(t.it.InfoSources, t.party(p, "provider"))
			}
		case "SentTo", "DateAndTime", "TransmissionId": // of the way, not of the item
		default: // Priority, NewsProduct
			t.keep(k)
		}
	}
}

func (t *translation) time(at *xmltree.Node, s string) time.Time {
	return loss.Time(s, lexical.Time, func(reason string) { t.lose(at, reason) })
}

func (t *translation) tag(at *xmltree.Node, s string) string {
	tag, ok := lexical.Language(s)
	if !ok {
		t.losef(at, "%q is not a BCP 47 language tag", s)
		return ""
	}
	return tag
}
