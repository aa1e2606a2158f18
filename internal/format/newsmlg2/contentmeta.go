package newsmlg2

import (
	"fmt"
	"strconv"
	"strings"

	"jisr/internal/news"
)

// contentMeta reads what the content is about, who made it, and its lines.
func (t *translation) contentMeta(n *node) {
	it := t.it
	for k := range n.elements() {
		switch {
		case k.foreign:
			t.keep(k)
		case k.name == "urgency":
			t.urgency(k)
		case k.name == "contentCreated":
			it.ContentCreated = t.time(k)
		case k.name == "located":
			t.located(k)
		case k.name == "infoSource":
			it.InfoSources = append(it.InfoSources, t.concept(k))
		case k.name == "creator" || k.name == "contributor":
			c := t.concept(k)
			if k.name == "contributor" && c.Role == "" {
				c.Role = "contributor"
			}
			it.Creators = append(it.Creators, c)
		case k.name == "by":
			it.By = join(it.By, ", ", k.line())
		case k.name == "dateline" && it.Dateline == "":
			it.Dateline = k.line()
		case k.name == "creditline" && it.CreditLine == "":
			it.CreditLine = k.line()
		case k.name == "slugline":
			it.Slugline = join(it.Slugline, " ", k.line())
		case k.name == "headline":
			if w, ok := t.words(k, k.line()); ok {
				it.Headlines = append(it.Headlines, w)
			}
		case k.name == "description":
			if w, ok := t.words(k, k.block()); ok {
				it.Descriptions = append(it.Descriptions, w)
			}
		case k.name == "subject":
			t.subject(k)
		case k.name == "keyword":
			if s := k.line(); s != "" {
				it.Subjects = append(it.Subjects, news.Concept{Name: s, Rel: "keyword", Role: t.codes.roleOf(k, "role")})
			}
		case k.name == "genre":
			it.Genres = append(it.Genres, t.concept(k))
		case k.name == "audience":
			it.Audiences = append(it.Audiences, t.concept(k))
		case k.name == "altId":
			if s := k.line(); s != "" {
				role := firstOf(k.attr("type"), k.attr("typeuri"), k.attr("role"), k.attr("roleuri"))
				it.AltIDs = append(it.AltIDs, news.AltID{Role: role, Value: s})
			}
		case k.name == "language" && len(k.attrs) == 1 && t.tag(k.attr("tag"), k) == it.Language:
		case k.name == "digitalSourceType":
			it.DigitalSourceType = firstOf(k.attr("uri"), t.codes.uri(k.attr("qcode"), k), k.attr("qcode"), k.attr("literal"))
		case k.name == "contentMetaExtProperty" && strings.EqualFold(code(firstOf(k.attr("type"), k.attr("rel")), ""), "digitalSourceType"):
			it.DigitalSourceType = firstOf(k.attr("valueuri"), t.codes.uri(k.attr("value"), k), k.attr("value"))
		case k.name == "icon" && k.attr("href") != "":
			t.rendition(k)
		default:
			t.keep(k)
		}
	}
}

func (t *translation) urgency(n *node) {
	v, err := strconv.Atoi(n.line())
	if err != nil || v < 1 || v > 9 {
		t.lose(n, fmt.Sprintf("urgency %q is not 1 (highest) to 9", n.line()))
		return
	}
	t.it.Urgency = v
}

// hops reads by which hands the item came.
func (t *translation) hops(n *node) {
	for h := range n.elements() {
		if h.name != "hop" {
			t.keep(h)
			continue
		}
		hop := news.Hop{Seq: t.number(h, "seq"), At: t.timeOf(h.attr("timestamp"), h)}
		for k := range h.elements() {
			switch k.name {
			case "party":
				hop.Party = t.concept(k)
			case "action":
				did := join(firstOf(t.codes.roleOf(k, "qcode"), lastStep(k.attr("uri"))), " ", t.codes.roleOf(k, "target"))
				hop.Action = join(hop.Action, ", ", did)
			default:
				t.loseIfFull(k, "not kept of a hop")
			}
		}
		t.it.Hops = append(t.it.Hops, hop)
	}
}
