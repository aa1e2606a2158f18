// Package web reads pages of the web and plain text into items, and writes an
// item as a page or a text that stands alone.
//
// The invariant: what was not said is not invented. A headline, date, author or
// language comes from what the page declares or from the words themselves, and
// where it is a guess the desk is told. What HTML writes runs nothing and loads
// nothing but the pictures of the item.
//
// The sources of a page's words are, in this order: schema.org NewsArticle in
// JSON-LD, OpenGraph (https://ogp.me), the HTML itself
// (https://html.spec.whatwg.org/), Readability for the text.
package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/abadojack/whatlanggo"
	"golang.org/x/text/language"

	"jisr/internal/format/charset"
	"jisr/internal/format/dates"
	"jisr/internal/format/loss"
	"jisr/internal/format/markup"
	"jisr/internal/news"
)

// Limits on one page or text.
const (
	MaxSize = 8 << 20 // bytes

	maxNodes  = 30_000 // elements and texts of a page
	maxLosses = 100
)

// DetectHTML reports whether head begins a page or a piece of one.
func DetectHTML(head []byte) bool {
	trimmed := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"))
	if bytes.HasPrefix(trimmed, []byte("<!doctype html")) {
		return true
	}
	tag, name := markup.RootTag(head)
	if strings.Contains(tag, "xmlns") && !strings.Contains(tag, "www.w3.org/1999/xhtml") {
		return false
	}
	switch strings.ToLower(name) {
	case "html", "head", "body", "title", "meta", "article", "section", "main", "div", "p", "h1", "h2", "br", "table", "ul", "ol", "blockquote", "figure", "span":
		return true
	}
	return false
}

// DetectText reports whether head, the first bytes of a file, is a story as plain
// text: named lines at the top, or a headline, an empty line and words below it.
// Any other text may be a note, a log or a mistake; who knows better calls
// ReadText.
func DetectText(head []byte) bool {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if !IsProse(head) {
		return false
	}
	text, _ := charset.Text(head, "")
	first, rest, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if name, _, found := strings.Cut(first, ":"); found && lineName(name) != "" {
		return strings.TrimSpace(rest) != ""
	}
	second, story, _ := strings.Cut(rest, "\n")
	return len(first) <= maxHeadline && strings.TrimSpace(second) == "" && len(strings.Fields(story)) >= 5
}

// IsProse reports whether bytes are words: with letters, without the control
// characters of files that are none, not begun like markup or data.
func IsProse(head []byte) bool {
	if len(head) == 0 || strings.IndexByte("<{[", head[0]) >= 0 || bytes.HasPrefix(head, []byte("%PDF")) {
		return false
	}
	letters := 0
	for _, b := range head {
		switch {
		case b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != '\f' || b == 0x7f:
			return false
		case b >= 0x80 || unicode.IsLetter(rune(b)):
			letters++
		}
	}
	return letters > len(head)/4
}

// reader collects what comes of one page or text.
type reader struct {
	it     *news.Item
	losses []loss.Loss
}

func (r *reader) lose(path, format string, args ...any) {
	if len(r.losses) < maxLosses {
		r.losses = append(r.losses, loss.Loss{Path: path, Reason: fmt.Sprintf(format, args...)})
	}
}

func (r *reader) time(path, s string) time.Time {
	if strings.TrimSpace(s) == "" {
		return time.Time{}
	}
	t, zoned, ok := dates.Parse(s)
	switch {
	case !ok:
		r.lose(path, "%q is not a date", s)
	case !zoned:
		r.lose(path, "the time %q has no zone that can be known: taken as UTC", s)
	}
	return t
}

// tag returns a language tag in the form that BCP 47 wants, or "" with a loss.
func (r *reader) tag(path, s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if s == "" {
		return ""
	}
	if _, err := language.Parse(s); err != nil {
		r.lose(path, "%q is not a BCP 47 language tag", s)
		return ""
	}
	return s
}

// guessLanguage sets the language by the words, if they leave no doubt.
func (r *reader) guessLanguage(words string) {
	const enough = 60 // letters: below, even scripts shared by languages deceive
	if r.it.Language != "" || len([]rune(words)) < enough {
		return
	}
	info := whatlanggo.Detect(words[:min(len(words), 8<<10)])
	if code := info.Lang.Iso6391(); code != "" && (info.IsReliable() || code == "ru" && isRussian(words)) {
		r.it.Language = code
		r.lose("language", "not declared: taken as %q, by the words", code)
	}
}

// isRussian settles what statistics leave open among the Cyrillic alphabets:
// Russian has letters that Bulgarian, Serbian and Macedonian lack, and lacks those
// of Ukrainian, Belarusian and the Turkic languages.
func isRussian(s string) bool {
	s = strings.ToLower(s)
	return strings.Count(s, "ы")+strings.Count(s, "э") > len([]rune(s))/200 && !strings.ContainsAny(s, "іїєґўјљњћђѓќәөүұқғңһӣӯҷ")
}

// nameByHash returns a URI for what has no name of its own (RFC 6920).
func nameByHash(data []byte) string {
	sum := sha256.Sum256(data)
	return "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			return v
		}
	}
	return ""
}
