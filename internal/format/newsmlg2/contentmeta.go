package newsmlg2

import (
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// contentMeta reads what the content is about, who made it, and its lines.
func (t *translation) contentMeta(n *xmltree.Node) {
	it := t.it
	for k := range n.Elements() {
		switch {
		case k.Foreign:
			t.keep(k)
		case k.Name == "urgency":
			t.urgency(k)
		case k.Name == "contentCreated":
			it.ContentCreated = t.time(k)
		case k.Name == "located":
			t.located(k)
		case k.Name == "infoSource":
			it.InfoSources = append(it.InfoSources, t.concept(k))
		case k.Name == "creator" || k.Name == "contributor":
			c := t.concept(k)
			if k.Name == "contributor" && c.Role == "" {
				c.Role = "contributor"
			}
			it.Creators = append(it.Creators, c)
		case k.Name == "by":
			it.By = lexical.Join(it.By, ", ", k.Line())
		case k.Name == "dateline" && it.Dateline == "":
			it.Dateline = k.Line()
		case k.Name == "creditline" && it.CreditLine == "":
			it.CreditLine = k.Line()
		case k.Name == "slugline":
			it.Slugline = lexical.Join(it.Slugline, " ", k.Line())
		case k.Name == "headline":
			if w, ok := t.words(k, k.Line()); ok {
				it.Headlines = append(it.Headlines, w)
			}
		case k.Name == "description":
			if w, ok := t.words(k, k.Block()); ok {
				it.Descriptions = append(it.Descriptions, w)
			}
		case k.Name == "subject":
			t.subject(k)
		case k.Name == "keyword":
			if s := k.Line(); s != "" {
				it.Subjects = append(it.Subjects, news.Concept{Name: s, Rel: "keyword", Role: t.codes.roleOf(k, "role")})
			}
		case k.Name == "genre":
			it.Genres = append(it.Genres, t.concept(k))
		case k.Name == "audience":
			it.Audiences = append(it.Audiences, t.concept(k))
		case k.Name == "altId":
			if s := k.Line(); s != "" {
				role := strings.TrimPrefix(firstOf(k.Attr("type"), k.Attr("typeuri"), k.Attr("role"), k.Attr("roleuri")), houseAlias+":")
				it.AltIDs = append(it.AltIDs, news.AltID{Role: role, Value: s})
			}
		case k.Name == "language" && len(k.Attrs) == 1 && t.tag(k.Attr("tag"), k) == it.Language:
		case k.Name == "digitalSourceType":
			it.DigitalSourceType = firstOf(k.Attr("uri"), t.codes.uri(k.Attr("qcode"), k), k.Attr("qcode"), k.Attr("literal"))
		case k.Name == "contentMetaExtProperty" && strings.HasPrefix(k.Attr("rel"), houseAlias+":"):
			t.houseProperty(k)
		case k.Name == "contentMetaExtProperty" && strings.EqualFold(code(firstOf(k.Attr("type"), k.Attr("rel")), ""), "digitalSourceType"):
			it.DigitalSourceType = firstOf(k.Attr("valueuri"), t.codes.uri(k.Attr("value"), k), k.Attr("value"))
		case k.Name == "icon" && k.Attr("href") != "":
			t.rendition(k)
		default:
			t.keep(k)
		}
	}
}

// houseProperty reads what Write had no place for.
func (t *translation) houseProperty(n *xmltree.Node) {
	value := n.Attr("value")
	switch n.Attr("rel") {
	case houseAlias + ":located":
		if t.it.Located = value; value == "-" { // the places are no words for print
			t.it.Located = ""
		}
	case houseAlias + ":by":
		t.nameless = true
	case houseAlias + ":digitalSourceType":
		t.it.DigitalSourceType = value
	case houseAlias + ":contentDigitised":
		t.it.ContentDigitised = t.timeOf(value, n)
	default:
		t.keep(n)
	}
}

func (t *translation) urgency(n *xmltree.Node) {
	v, err := strconv.Atoi(n.Line())
	if err != nil || v < 1 || v > 9 {
		t.lose(n, fmt.Sprintf("urgency %q is not 1 (highest) to 9", n.Line()))
		return
	}
	t.it.Urgency = v
}

// hops reads by which hands the item came.
func (t *translation) hops(n *xmltree.Node) {
	for h := range n.Elements() {
		if h.Name != "hop" {
			t.keep(h)
			continue
		}
		hop := news.Hop{Seq: t.number(h, "seq"), At: t.timeOf(h.Attr("timestamp"), h)}
		for k := range h.Elements() {
			switch k.Name {
			case "party":
				hop.Party = t.concept(k)
			case "action":
				did := lexical.Join(firstOf(t.codes.roleOf(k, "qcode"), lastStep(k.Attr("uri"))), " ", t.codes.roleOf(k, "target"))
				hop.Action = lexical.Join(hop.Action, ", ", did)
			default:
				t.loseIfFull(k, "not kept of a hop")
			}
		}
		t.it.Hops = append(t.it.Hops, hop)
	}
}
