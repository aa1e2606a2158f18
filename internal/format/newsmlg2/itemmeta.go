package newsmlg2

import (
	"fmt"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// rights reads rightsInfo. A second holder, notice or expression goes to Extra.
func (t *translation) rights(n *xmltree.Node) {
	it := t.it
	for k := range n.Elements() {
		switch {
		case k.Foreign:
			t.keep(k)
		case k.Name == "copyrightHolder" && it.CopyrightHolder == "":
			c := t.concept(k)
			it.CopyrightHolder = firstOf(c.Name, c.Literal, c.URI)
		case k.Name == "copyrightNotice" && it.CopyrightNotice == "":
			it.CopyrightNotice = firstOf(k.Block(), k.Attr("href"))
		case k.Name == "usageTerms":
			it.UsageTerms = lexical.Join(it.UsageTerms, "\n\n", firstOf(k.Block(), k.Attr("href")))
		case k.Name == "link" && (it.Rights == nil || it.Rights.LinkedRights == ""):
			t.rightsExpression().LinkedRights = firstOf(k.Attr("href"), k.Attr("residref"))
		case k.Name == "rightsExpressionXML" && (it.Rights == nil || it.Rights.EncodedRights == ""):
			x := t.rightsExpression()
			x.LangID = k.Attr("langid")
			if e := k.FirstElement(); e != nil {
				x.EncodedRights = e.Source(t.text)
			}
		case k.Name == "rightsExpressionData" && (it.Rights == nil || it.Rights.EncodedRights == ""):
			x := t.rightsExpression()
			x.LangID, x.EncodedRights = k.Attr("langid"), strings.TrimSpace(k.Raw())
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
func (t *translation) itemMeta(n *xmltree.Node) {
	it := t.it
	for k := range n.Elements() {
		switch {
		case k.Foreign && k.Space == houseURI && k.Name == moreName && t.more == nil:
			t.more = k
		case k.Foreign:
			t.keep(k)
		case k.Name == "itemClass":
			it.Type = t.class(k)
			t.untyped = k.Attr("qcode") == houseAlias+":none"
		case k.Name == "provider" && k.Attr("qcode") == houseAlias+":none": // Write had none
		case k.Name == "versionCreated" && k.Attr("how") == houseAlias+":none":
		case k.Name == "provider":
			c := t.concept(k)
			c.Role = "provider"
			it.InfoSources = append(it.InfoSources, c)
		case k.Name == "versionCreated":
			it.VersionCreated = t.time(k)
		case k.Name == "firstCreated":
			it.FirstCreated = t.time(k)
		case k.Name == "expires" && it.Expires.IsZero():
			it.Expires = t.time(k)
		case k.Name == "embargoed":
			t.embargo(k)
		case k.Name == "pubStatus":
			t.hold(t.status(k))
		case k.Name == "signal":
			it.Signals = append(it.Signals, t.concept(k))
		case k.Name == "edNote":
			it.EdNote = lexical.Join(it.EdNote, "\n\n", k.Block())
		case k.Name == "profile" && it.Profile == "":
			it.Profile = k.Line()
		case k.Name == "service" && it.Service == "":
			c := t.concept(k)
			it.Service = firstOf(c.Name, k.Attr("qcode"), c.Literal, c.URI)
		case k.Name == "title" && it.Title == "":
			it.Title = k.Line()
		case k.Name == "link":
			t.link(k)
		case k.Name == "itemMetaExtProperty" && k.Attr("rel") == houseAlias+":representation":
			it.Representation = k.Attr("value")
		case k.Name == "itemMetaExtProperty" && k.Attr("rel") == houseAlias+":standard":
			it.Standard = nil
			if f := strings.SplitN(k.Attr("value"), "|", 3); len(f) == 3 {
				it.Standard = &news.Standard{Name: f[0], Version: f[1], Schema: f[2]}
			}
		default:
			t.keep(k)
		}
	}
}

// class reads itemClass. Some agencies use an alias of their own for the same
// codes.
func (t *translation) class(n *xmltree.Node) news.Type {
	switch c := code(n.Attr("qcode"), n.Attr("uri")); c {
	case "text", "picture", "video", "audio", "graphic", "composite", "component", "programme", "data":
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
	case "", "none":
		return ""
	default:
		t.lose(n, fmt.Sprintf("item class %q is not one we know", c))
		return ""
	}
}

// status reads pubStatus. What we do not understand is held back: a killed item
// must not pass because its sender spells it in a way of his own.
func (t *translation) status(n *xmltree.Node) news.PubStatus {
	switch c := code(n.Attr("qcode"), n.Attr("uri")); c {
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
	t.it.PubStatus = lexical.Stricter(t.it.PubStatus, s)
}

// embargo reads embargoed. The element may be empty: the item is then embargoed
// until the sender says more (NewsML-G2 Guide, "embargoed").
func (t *translation) embargo(n *xmltree.Node) {
	switch t.it.Embargoed = t.time(n); {
	case n.Line() == "":
		t.lose(n, "an embargo without an end: the item is withheld")
		t.hold(news.Withheld)
	case t.it.Embargoed.IsZero():
		t.lose(n, "an embargo whose end cannot be read: the item is withheld")
		t.hold(news.Withheld)
	}
}

// link reads a relation to another item or resource.
func (t *translation) link(n *xmltree.Node) {
	target := firstOf(n.Attr("residref"), n.Attr("guidref"), n.Attr("href"))
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

func (t *translation) derived(rel news.DerivationRelation, target string, n *xmltree.Node) {
	t.it.DerivedFrom = append(t.it.DerivedFrom, news.Derivation{Relation: rel, URI: target, Version: n.Attr("version")})
}

// reference reads what a link, itemRef or deliveredItemRef says of another item.
func (t *translation) reference(n *xmltree.Node, target string) news.Item {
	a := news.Item{URI: target, Version: n.Attr("version"), Representation: "partial"}
	for k := range n.Elements() {
		switch k.Name {
		case "itemClass":
			a.Type = t.class(k)
		case "title":
			a.Title = k.Line()
		case "headline":
			if w, ok := t.words(k, k.Line()); ok {
				a.Headlines = append(a.Headlines, w)
			}
		case "description":
			if w, ok := t.words(k, k.Block()); ok {
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
