package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"strings"
	"sync"
	"time"

	"github.com/microcosm-cc/bluemonday"

	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// policy is what markup of a body may stay in a page: that of written news. A
// policy never changes once it is made, so all pages share one.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "blockquote", "q", "cite", "ul", "ol", "li", "dl", "dt", "dd", "b", "strong", "i", "em", "u", "s",
		"sub", "sup", "small", "abbr", "code", "pre", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "bdi", "span", "div", "figure", "figcaption")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto")
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddSpaceWhenStrippingTag(true)
	return p
})

// HTML returns the item as a page that stands alone: no script, no file beside it
// but the item's pictures. A killed item keeps its place and its reason, not its
// words.
func HTML(it *news.Item) []byte {
	var b bytes.Buffer
	lang := firstOf(it.Language, "und")
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", html.EscapeString(lang), markup.Direction(it.Language))
	b.WriteString(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src https: http:; style-src 'unsafe-inline'">` + "\n")
	b.WriteString(`<meta name="viewport" content="width=device-width, initial-scale=1">` + "\n<meta name=\"referrer\" content=\"no-referrer\">\n")
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(shownHeadline(it)))
	if isAddress(it.URI) {
		fmt.Fprintf(&b, "<link rel=\"canonical\" href=\"%s\">\n", html.EscapeString(it.URI))
	}
	writeState(&b, it)
	b.WriteString("<style>body{max-width:42em;margin:2em auto;padding:0 1em;font:1.1em/1.6 serif}img{max-width:100%;height:auto}.notice{border:.2em solid #b00;padding:.5em 1em}.meta{color:#555;font-size:.9em}</style>\n")
	writeLinked(&b, it)
	b.WriteString("</head>\n<body>\n<article>\n")
	fmt.Fprintf(&b, "<h1 dir=\"auto\">%s</h1>\n", html.EscapeString(shownHeadline(it)))
	if s := notice(it); s != "" {
		paragraph(&b, "notice", s)
	}
	if it.PubStatus != news.Canceled {
		writeStory(&b, it)
	}
	b.WriteString("</article>\n</body>\n</html>\n")
	return b.Bytes()
}

// writeState says for programs what a page has no words for that they would find.
// The names are a promise.
func writeState(b *bytes.Buffer, it *news.Item) {
	put := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "<meta name=\"jisr:%s\" content=\"%s\">\n", name, html.EscapeString(value))
		}
	}
	if !isAddress(it.URI) {
		put("uri", it.URI)
	}
	put("version", it.Version)
	put("status", string(it.PubStatus))
	put("embargo", rfc3339(it.Embargoed))
	if it.PubStatus == news.Canceled {
		put("reason", it.EdNote)
	}
}

func writeStory(b *bytes.Buffer, it *news.Item) {
	paragraph(b, "meta", it.By)
	paragraph(b, "meta", strings.Join(nonEmpty(it.Dateline, it.Located, stamp(it.VersionCreated)), " · "))
	for _, d := range it.Descriptions {
		if d.Role == "" || d.Role == "main" || d.Role == "summary" {
			fmt.Fprintf(b, "<div dir=\"auto\"%s><strong>%s</strong></div>\n", langAttr(d), safe(d))
		}
	}
	for i := range it.Associations {
		writeFigure(b, &it.Associations[i])
	}
	writeFigure(b, it)
	for _, w := range it.Bodies {
		fmt.Fprintf(b, "<div dir=\"auto\"%s>\n%s\n</div>\n", langAttr(w), safe(w))
	}
	b.WriteString("<footer class=\"meta\">\n")
	for _, s := range []string{it.CreditLine, it.CopyrightNotice, it.UsageTerms, it.URI} {
		paragraph(b, "meta", s)
	}
	b.WriteString("</footer>\n")
}

// writeFigure shows the largest picture of an item that can be fetched.
func writeFigure(b *bytes.Buffer, it *news.Item) {
	if it.Type != news.Picture && it.Type != news.Graphic || it.PubStatus == news.Withheld || it.PubStatus == news.Canceled {
		return
	}
	best := -1
	for i, f := range it.Renditions {
		if isAddress(f.Href) && (best < 0 || f.Width > it.Renditions[best].Width) {
			best = i
		}
	}
	if best < 0 {
		return
	}
	alt, caption := "", ""
	for _, d := range it.Descriptions {
		switch d.Role {
		case "altText":
			alt = d.Value
		case "caption", "", "main":
			caption = firstOf(caption, d.Value)
		}
	}
	fmt.Fprintf(b, "<figure>\n<img src=\"%s\" alt=\"%s\">\n", html.EscapeString(it.Renditions[best].Href), html.EscapeString(firstOf(alt, caption)))
	if s := strings.Join(nonEmpty(caption, firstOf(it.CreditLine, it.By), it.CopyrightNotice), " · "); s != "" {
		fmt.Fprintf(b, "<figcaption dir=\"auto\">%s</figcaption>\n", html.EscapeString(s))
	}
	b.WriteString("</figure>\n")
}

// writeLinked says who, when and what in the words of schema.org, for programs.
// The encoder escapes < and >, so no text can end the script.
func writeLinked(b *bytes.Buffer, it *news.Item) {
	if it.PubStatus == news.Canceled {
		return
	}
	type named struct {
		Type string `json:"@type"`
		Name string `json:"name"`
	}
	ld := struct {
		Context   string `json:"@context"`
		Type      string `json:"@type"`
		Headline  string `json:"headline,omitempty"`
		Published string `json:"datePublished,omitempty"`
		Modified  string `json:"dateModified,omitempty"`
		Language  string `json:"inLanguage,omitempty"`
		Author    *named `json:"author,omitempty"`
		Credit    string `json:"creditText,omitempty"`
		Copyright string `json:"copyrightNotice,omitempty"`
		Dateline  string `json:"dateline,omitempty"`
	}{
		Context: "https://schema.org", Type: "NewsArticle", Headline: it.Headline(), Language: it.Language,
		Credit: it.CreditLine, Copyright: it.CopyrightNotice, Dateline: it.Dateline, Published: rfc3339(it.FirstCreated), Modified: rfc3339(it.VersionCreated),
	}
	if it.By != "" {
		ld.Author = &named{"Person", it.By}
	}
	data, err := json.Marshal(ld)
	if err != nil {
		return // only invalid UTF-8 could be at fault, and that is replaced
	}
	fmt.Fprintf(b, "<script type=\"application/ld+json\">%s</script>\n", data)
}

// safe returns a text as markup that runs and loads nothing unsafe.
func safe(w news.Words) string {
	if markup.IsHTML(w.ContentType) {
		return policy().Sanitize(w.Value)
	}
	return strings.TrimSpace(markup.HTML(w.Value))
}

func langAttr(w news.Words) string {
	if w.Language == "" {
		return ""
	}
	return ` lang="` + html.EscapeString(w.Language) + `"`
}

func paragraph(b *bytes.Buffer, class, s string) {
	if s = strings.TrimSpace(s); s != "" {
		fmt.Fprintf(b, "<p class=\"%s\" dir=\"auto\">%s</p>\n", class, html.EscapeString(s))
	}
}

// shownHeadline is the headline of an item that may be read, or the word for one
// that may not.
func shownHeadline(it *news.Item) string {
	if it.PubStatus == news.Canceled {
		return words(it.Language).killed
	}
	return it.Headline()
}

// notice says what keeps an item from being used.
func notice(it *news.Item) string {
	w := words(it.Language)
	switch {
	case it.PubStatus == news.Canceled:
		return it.EdNote
	case it.PubStatus == news.Withheld:
		return w.withheld
	case !it.Embargoed.IsZero():
		return w.embargo + " " + stamp(it.Embargoed)
	}
	return ""
}

type vocabulary struct{ killed, withheld, embargo string }

func words(lang string) vocabulary {
	switch lang, _, _ = strings.Cut(lang, "-"); lang {
	case "ar":
		return vocabulary{"أُلغي الخبر", "أُوقف استخدام المادة حتى إشعار آخر", "محظور النشر حتى"}
	case "ru":
		return vocabulary{"Материал аннулирован", "Использование приостановлено до особого уведомления", "Эмбарго до"}
	}
	return vocabulary{"KILL", "Hold: do not use until further notice", "Embargoed until"}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04 -07:00")
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func nonEmpty(values ...string) []string {
	var out []string
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}
