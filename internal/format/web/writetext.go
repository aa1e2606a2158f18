package web

import (
	"strconv"
	"strings"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// Text returns the item as plain text: named lines, an empty line, the headline,
// the story with an empty line between paragraphs. ReadText reads it back.
func Text(it *news.Item) []byte {
	var b strings.Builder
	put := func(name, value string) {
		if value = strings.Join(strings.Fields(value), " "); value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	put("URI", it.URI)
	put("VERSION", it.Version)
	if it.PubStatus == news.Withheld || it.PubStatus == news.Canceled {
		put("STATUS", string(it.PubStatus))
	}
	put("EMBARGO", rfc3339(it.Embargoed))
	put("NOTE", it.EdNote)
	if it.PubStatus == news.Canceled {
		return []byte(b.String())
	}
	put("SLUG", it.Slugline)
	if it.Urgency > 0 {
		put("URGENCY", strconv.Itoa(it.Urgency))
	}
	put("LANGUAGE", it.Language)
	put("DATE", rfc3339(it.VersionCreated))
	put("DATELINE", it.Dateline)
	put("LOCATION", it.Located)
	put("BYLINE", it.By)
	put("CREDIT", it.CreditLine)
	put("COPYRIGHT", it.CopyrightNotice)
	put("USAGE", it.UsageTerms)
	var keywords []string
	for _, s := range it.Subjects {
		if s.Name != "" {
			keywords = append(keywords, strings.ReplaceAll(s.Name, ",", ""))
		}
	}
	put("KEYWORDS", strings.Join(keywords, ", "))
	put("SUMMARY", plain(news.Words{Value: it.Summary(), ContentType: summaryType(it)}))
	put("HEADLINE", it.Headline())
	for _, w := range it.Bodies {
		if s := plain(w); s != "" {
			b.WriteString("\n" + s + "\n")
		}
	}
	return []byte(b.String())
}

func summaryType(it *news.Item) string {
	for _, d := range it.Descriptions {
		if d.Value == it.Summary() {
			return d.ContentType
		}
	}
	return ""
}

// plain returns a text without markup, one empty line between paragraphs.
func plain(w news.Words) string {
	if markup.IsHTML(w.ContentType) {
		return markup.Text(w.Value)
	}
	return strings.Trim(strings.ReplaceAll(w.Value, "\r\n", "\n"), "\n ")
}
