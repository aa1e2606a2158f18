package newsmlg2

import (
	"fmt"
	"strings"

	"jisr/internal/news"
)

// rights reads rightsInfo. A second holder, notice or expression goes to Extra.
func (t *translation) rights(n *node) {
	it := t.it
	for k := range n.elements() {
		switch {
		case k.foreign:
			t.keep(k)
		case k.name == "copyrightHolder" && it.CopyrightHolder == "":
			c := t.concept(k)
			it.CopyrightHolder = firstOf(c.Name, c.Literal, c.URI)
		case k.name == "copyrightNotice" && it.CopyrightNotice == "":
			it.CopyrightNotice = firstOf(k.block(), k.attr("href"))
		case k.name == "usageTerms":
			it.UsageTerms = join(it.UsageTerms, "\n\n", firstOf(k.block(), k.attr("href")))
		case k.name == "link" && (it.Rights == nil || it.Rights.LinkedRights == ""):
			t.rightsExpression().LinkedRights = firstOf(k.attr("href"), k.attr("residref"))
		case k.name == "rightsExpressionXML" && (it.Rights == nil || it.Rights.EncodedRights == ""):
			x := t.rightsExpression()
			x.LangID = k.attr("langid")
			if e := k.firstElement(); e != nil {
				x.EncodedRights = e.source(t.text)
			}
		case k.name == "rightsExpressionData" && (it.Rights == nil || it.Rights.EncodedRights == ""):
			x := t.rightsExpression()
			x.LangID, x.EncodedRights = k.attr("langid"), strings.TrimSpace(k.raw())
		default:
			t.keep(k)
		}
	}
}

func (t *translation) rightsExpression() *news.Rights {
	if t.it.Rights == nil {
		t.it.Rights = &news.Rights{}
	}
	return t.it.Rights
}

// itemMeta reads how the item is managed: its kind, state, sender and relations.
func (t *translation) itemMeta(n *node) {
	it := t.it
	for k := range n.elements() {
		switch {
		case k.foreign:
			t.keep(k)
		case k.name == "itemClass":
			it.Type = t.class(k)
		case k.name == "provider":
			c := t.concept(k)
			c.Role = "provider"
			it.InfoSources = append(it.InfoSources, c)
		case k.name == "versionCreated":
			it.VersionCreated = t.time(k)
		case k.name == "firstCreated":
			it.FirstCreated = t.time(k)
		case k.name == "embargoed":
			t.embargo(k)
		case k.name == "pubStatus":
			t.hold(t.status(k))
		case k.name == "signal":
			it.Signals = append(it.Signals, t.concept(k))
		case k.name == "edNote":
			it.EdNote = join(it.EdNote, "\n\n", k.block())
		case k.name == "profile" && it.Profile == "":
			it.Profile = k.line()
		case k.name == "service" && it.Service == "":
			c := t.concept(k)
			it.Service = firstOf(c.Name, k.attr("qcode"), c.Literal, c.URI)
		case k.name == "title" && it.Title == "":
			it.Title = k.line()
		case k.name == "link":
			t.link(k)
		default:
			t.keep(k)
		}
	}
}

// class reads itemClass. Some agencies use an alias of their own for the same
// codes.
func (t *translation) class(n *node) news.Type {
	switch c := code(n.attr("qcode"), n.attr("uri")); c {
	case "text", "picture", "video", "audio", "graphic", "composite":
		return news.Type(c)
	case "photo", "image":
		return news.Picture
	case "animation":
		t.lose(n, "an animation is read as a graphic")
		return news.Graphic
	case "concept": // cinat:concept of an event
		return news.Event
	case "newscoverage": // plinat:newscoverage
		return news.Planning
	case "":
		return ""
	default:
		t.lose(n, fmt.Sprintf("item class %q is not one we know", c))
		return ""
	}
}

// status reads pubStatus. What we do not understand is held back: a killed item
// must not pass because its sender spells it in a way of his own.
func (t *translation) status(n *node) news.PubStatus {
	switch c := code(n.attr("qcode"), n.attr("uri")); c {
	case "usable":
		return news.Usable
	case "withheld":
		return news.Withheld
	case "canceled", "cancelled":
		return news.Canceled
	default:
		t.lose(n, fmt.Sprintf("publication status %q is not usable, withheld or canceled: the item is withheld", c))
		return news.Withheld
	}
}

// hold sets the status unless a stricter one was set before.
func (t *translation) hold(s news.PubStatus) {
	if rank(s) > rank(t.it.PubStatus) {
		t.it.PubStatus = s
	}
}

func rank(s news.PubStatus) int {
	switch s {
	case news.Canceled:
		return 3
	case news.Withheld:
		return 2
	case news.Usable:
		return 1
	}
	return 0
}

// embargo reads embargoed. The element may be empty: the item is then embargoed
// until the sender says more (NewsML-G2 Guide, "embargoed").
func (t *translation) embargo(n *node) {
	switch t.it.Embargoed = t.time(n); {
	case n.line() == "":
		t.lose(n, "an embargo without an end: the item is withheld")
		t.hold(news.Withheld)
	case t.it.Embargoed.IsZero():
		t.lose(n, "an embargo whose end cannot be read: the item is withheld")
		t.hold(news.Withheld)
	}
}

// link reads a relation to another item or resource.
func (t *translation) link(n *node) {
	target := firstOf(n.attr("residref"), n.attr("guidref"), n.attr("href"))
	if target == "" {
		t.keep(n)
		return
	}
	rel := t.codes.roleOf(n, "rel")
	switch rel {
	case "translatedFrom", "translationOf":
		t.derived(news.TranslationOf, target, n)
	case "derivedFrom", "basedOn", "rewriteOf":
		t.derived(news.RewriteOf, target, n)
	case "copyOf":
		t.derived(news.CopyOf, target, n)
	case "partOf":
		t.derived(news.PartOf, target, n)
	default:
		a := t.reference(n, target)
		a.Name = firstOf(rel, "related")
		t.it.Associations = append(t.it.Associations, a)
	}
}

func (t *translation) derived(rel news.DerivationRelation, target string, n *node) {
	t.it.DerivedFrom = append(t.it.DerivedFrom, news.Derivation{Relation: rel, URI: target, Version: n.attr("version")})
}

// reference reads what a link, itemRef or deliveredItemRef says of another item.
func (t *translation) reference(n *node, target string) news.Item {
	a := news.Item{URI: target, Version: n.attr("version"), Representation: "partial"}
	for k := range n.elements() {
		switch k.name {
		case "itemClass":
			a.Type = t.class(k)
		case "title":
			a.Title = k.line()
		case "headline":
			if w, ok := t.words(k, k.line()); ok {
				a.Headlines = append(a.Headlines, w)
			}
		case "description":
			if w, ok := t.words(k, k.block()); ok {
				a.Descriptions = append(a.Descriptions, w)
			}
		case "versionCreated":
			a.VersionCreated = t.time(k)
		case "pubStatus":
			a.PubStatus = t.status(k)
		case "provider":
			c := t.concept(k)
			c.Role = "provider"
			a.InfoSources = append(a.InfoSources, c)
		default:
			t.lose(k, "not kept of a reference to another item")
		}
	}
	return a
}
