package send

import (
	"html"
	"strings"

	"jisr/internal/deliver"
)

// readable returns the item as people read it in a mail: as text and as a page.
// What the message lacks is made from what it has.
func readable(m *deliver.Message) (text, page string) {
	text, page = m.Text, m.HTML
	switch mediaType(m.ContentType) {
	case "text/plain":
		text = string(m.Body)
	case "text/html":
		page = string(m.Body)
	}
	if text == "" {
		text = m.Subject
	}
	if page == "" {
		page = pageOf(m.Subject, text)
	}
	return text, page
}

// pageOf puts plain text into a page; dir="auto" lets each paragraph run its own
// way.
func pageOf(title, text string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>" + html.EscapeString(title) + "</title></head><body>")
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			b.WriteString("<p dir=\"auto\">" + strings.ReplaceAll(html.EscapeString(paragraph), "\n", "<br>") + "</p>")
		}
	}
	b.WriteString("</body></html>")
	return b.String()
}
