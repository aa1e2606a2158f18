package nitf

import (
	"cmp"
	"maps"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// IsArticle reports whether the element begins NITF.
func IsArticle(n *xmltree.Node) bool {
	switch n.Name {
	case "nitf", "body.content", "body.head":
		return true
	}
	return n.Name == "body" && n.Find("body.content", "body.head") != nil
}

// Embedded reads an article that stands inside another format: n is the element
// that holds it, document the whole text. The outer format has the first word;
// the article fills what it leaves empty and adds its body and media. The stricter
// of two statuses counts. report is called with what the item cannot hold.
func Embedded(it *news.Item, n *xmltree.Node, document string, report func(at *xmltree.Node, reason string)) {
	if root := n.FirstElement(); root != nil {
		adopt(n, root.Space)
	}
	in := &reader{it: &news.Item{}, text: document, lose: report}
	switch root := n.FirstElement(); {
	case root != nil && root.Name == "nitf":
		in.article(root)
	case n.Find("body.content", "body.head") != nil:
		in.parts(n)
	default:
		if root != nil && root.Name == "body" {
			n = root
		}
		in.body(n)
		in.place()
	}
	in.rest.Into(in.it)
	fill(it, in.it)
}

// adopt makes the elements of the namespace no strangers: for the outer format
// they are.
func adopt(n *xmltree.Node, space string) {
	for k := range n.Elements() {
		k.Foreign = k.Space != space
		adopt(k, space)
	}
}

// parts reads an article whose outermost elements the sender left out.
func (r *reader) parts(n *xmltree.Node) {
	for k := range n.Elements() {
		switch k.Name {
		case "head":
			r.head(k)
		case "body.head", "body.content", "body.end":
			r.body(n)
			r.place()
			return
		case "body":
			r.body(k)
			r.place()
			return
		default:
			r.rest.Keep(k, r.text)
		}
	}
}

// fill adds to an item what another says of it and it does not say itself.
func fill(it, from *news.Item) {
	for _, f := range [...]struct {
		to   *string
		from string
	}{
		{&it.Title, from.Title}, {&it.Slugline, from.Slugline}, {&it.By, from.By}, {&it.Located, from.Located},
		{&it.Dateline, from.Dateline}, {&it.CreditLine, from.CreditLine}, {&it.Language, from.Language}, {&it.EdNote, from.EdNote},
		{&it.CopyrightHolder, from.CopyrightHolder}, {&it.CopyrightNotice, from.CopyrightNotice}, {&it.UsageTerms, from.UsageTerms},
	} {
		*f.to = cmp.Or(*f.to, f.from)
	}
	if it.Urgency == 0 {
		it.Urgency = from.Urgency
	}
	if it.VersionCreated.IsZero() {
		it.VersionCreated = from.VersionCreated
	}
	if it.ContentCreated.IsZero() {
		it.ContentCreated = from.ContentCreated
	}
	if it.Embargoed.IsZero() {
		it.Embargoed = from.Embargoed
	}
	if it.Expires.IsZero() {
		it.Expires = from.Expires
	}
	if it.PubStatus != news.Canceled && (from.PubStatus == news.Withheld || from.PubStatus == news.Canceled) {
		it.PubStatus = from.PubStatus
	}
	if len(it.Headlines) == 0 {
		it.Headlines = from.Headlines
	}
	if len(it.Descriptions) == 0 {
		it.Descriptions = from.Descriptions
	}
	for _, f := range [...]struct {
		to   *[]news.Concept
		from []news.Concept
	}{
		{&it.People, from.People}, {&it.Organisations, from.Organisations}, {&it.Places, from.Places}, {&it.Subjects, from.Subjects},
		{&it.Events, from.Events}, {&it.Objects, from.Objects}, {&it.Genres, from.Genres}, {&it.Audiences, from.Audiences},
		{&it.Creators, from.Creators}, {&it.Signals, from.Signals}, {&it.InfoSources, from.InfoSources},
	} {
		if len(*f.to) == 0 {
			*f.to = f.from
		}
	}
	if from.URI != "" && from.URI != it.URI && lexical.IsURI(from.URI) {
		it.AltIDs = append(it.AltIDs, news.AltID{Role: "nitf", Value: from.URI})
	}
	it.AltIDs = append(it.AltIDs, from.AltIDs...)
	it.Bodies = append(it.Bodies, from.Bodies...)
	it.Renditions = append(it.Renditions, from.Renditions...)
	it.Associations = append(it.Associations, from.Associations...)
	if len(it.Hops) == 0 {
		it.Hops = from.Hops
	}
	if len(from.Extra) > 0 {
		if it.Extra == nil {
			it.Extra = from.Extra
			return
		}
		maps.Copy(it.Extra, from.Extra)
	}
}
