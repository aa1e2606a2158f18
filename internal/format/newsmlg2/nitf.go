package newsmlg2

import (
	"strings"

	"jisr/internal/news"
)

// nitf reads an article in NITF (IPTC News Industry Text Format 3.x) inside
// inlineXML: body.content as HTML, and from body.head what contentMeta left out.
func (t *translation) nitf(n *node) {
	if h := n.find("body.head"); h != nil {
		t.nitfHead(h)
	}
	from := n.find("body.content")
	if from == nil {
		from = n.find("body")
	}
	if from == nil {
		from = n
	}
	if value := inner(from, t.nitfTag); value != "" {
		t.it.Bodies = append(t.it.Bodies, t.body(n, "text/html", value))
	}
	if end := n.find("body.end"); end != nil && end.line() != "" {
		t.lose(end, "the end of an NITF article is not kept: "+shorten(end.line()))
	}
}

func (t *translation) nitfHead(n *node) {
	it := t.it
	for k := range n.elements() {
		switch {
		case k.name == "hedline" && len(it.Headlines) == 0:
			for h := range k.elements() {
				role := ""
				if h.name != "hl1" {
					role = "subheadline"
				}
				if s := h.line(); s != "" {
					it.Headlines = append(it.Headlines, news.Words{Role: role, Value: s})
				}
			}
		case k.name == "byline" && it.By == "":
			it.By = k.line()
		case k.name == "dateline" && it.Dateline == "":
			it.Dateline = k.line()
		case k.name == "abstract" && len(it.Descriptions) == 0:
			if s := k.block(); s != "" {
				it.Descriptions = append(it.Descriptions, news.Words{Role: "summary", Value: s})
			}
		case k.name == "note" && it.EdNote == "":
			it.EdNote = k.block()
		case k.name == "hedline" || k.name == "byline" || k.name == "dateline" || k.name == "abstract": // contentMeta said it
		case k.line() != "":
			t.lose(k, "not kept of the head of an NITF article: "+shorten(k.line()))
		}
	}
}

// nitfTag names the HTML element for an NITF one. Most that mark up meaning
// (person, location, money) have none: their text stays.
func (t *translation) nitfTag(n *node) string {
	switch n.name {
	case "p", "table", "caption", "col", "colgroup", "thead", "tbody", "tfoot", "tr", "td", "th",
		"ul", "ol", "li", "dl", "dt", "dd", "em", "a", "br", "hr", "pre", "q", "sub", "sup":
		return n.name
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
		return drop
	case "head", "custom-table", "nitf-table-metadata":
		return drop
	}
	return ""
}

// shorten cuts a text for a report.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
