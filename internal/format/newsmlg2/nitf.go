package newsmlg2

import (
	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// nitf reads an article in NITF (IPTC News Industry Text Format 3.x) inside
// inlineXML: body.content as HTML, and from body.head what contentMeta left out.
func (t *translation) nitf(n *xmltree.Node) {
	if h := n.Find("body.head"); h != nil {
		t.nitfHead(h)
	}
	from := n.Find("body.content")
	if from == nil {
		from = n.Find("body")
	}
	if from == nil {
		from = n
	}
	if value := xmltree.Inner(from, t.nitfTag); value != "" {
		t.it.Bodies = append(t.it.Bodies, t.body(n, "text/html", value))
	}
	if end := n.Find("body.end"); end != nil && end.Line() != "" {
		t.lose(end, "the end of an NITF article is not kept: "+lexical.Shorten(end.Line()))
	}
}

func (t *translation) nitfHead(n *xmltree.Node) {
	it := t.it
	for k := range n.Elements() {
		switch {
		case k.Name == "hedline" && len(it.Headlines) == 0:
			for h := range k.Elements() {
				role := ""
				if h.Name != "hl1" {
					role = "subheadline"
				}
				if s := h.Line(); s != "" {
					it.Headlines = append(it.Headlines, news.Words{Role: role, Value: s})
				}
			}
		case k.Name == "byline" && it.By == "":
			it.By = k.Line()
		case k.Name == "dateline" && it.Dateline == "":
			it.Dateline = k.Line()
		case k.Name == "abstract" && len(it.Descriptions) == 0:
			if s := k.Block(); s != "" {
				it.Descriptions = append(it.Descriptions, news.Words{Role: "summary", Value: s})
			}
		case k.Name == "note" && it.EdNote == "":
			it.EdNote = k.Block()
		case k.Name == "hedline" || k.Name == "byline" || k.Name == "dateline" || k.Name == "abstract": // contentMeta said it
		case k.Line() != "":
			t.lose(k, "not kept of the head of an NITF article: "+lexical.Shorten(k.Line()))
		}
	}
}

// nitfTag names the HTML element for an NITF one. Most that mark up meaning
// (person, location, money) have none: their text stays.
func (t *translation) nitfTag(n *xmltree.Node) string {
	switch n.Name {
	case "p", "table", "caption", "col", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th",
		"ul", "ol", "li", "dl", "dt", "dd", "em", "a", "br", "hr", "pre", "q", "sub", "sup":
		return n.Name
	case "strong", "b":
		return "strong"
	case "i":
		return "em"
	case "hl1":
		return "h2"
	case "hl2":
		return "h3"
	case "bq":
		return "blockquote"
	case "block":
		return "div"
	case "nitf-table":
		return ""
	case "media":
		t.lose(n, "a file inside an NITF article is not kept; the sender should send it as remoteContent")
		return xmltree.Drop
	case "head", "custom-table", "nitf-table-metadata":
		return xmltree.Drop
	}
	return ""
}
