package newsmlg2

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/news"
)

// line returns the text below n on one line: pretty-printers break lines where
// no editor did.
func (n *node) line() string {
	if n == nil || n.first == nil {
		return ""
	}
	text := n.first.text
	if n.first != n.last || n.first.name != "" {
		text = n.raw()
	}
	words := strings.Fields(text)
	if len(words) == 1 {
		return strings.Clone(words[0]) // Join would return a piece of the document
	}
	return strings.Join(words, " ")
}

// raw returns the text below n as written, with a line break for each br.
func (n *node) raw() string {
	var b strings.Builder
	n.writeRaw(&b)
	return b.String()
}

func (n *node) writeRaw(b *strings.Builder) {
	for k := n.first; k != nil; k = k.next {
		switch k.name {
		case "":
			b.WriteString(k.text)
		case "br":
			b.WriteByte('\n')
		default:
			k.writeRaw(b)
		}
	}
}

// block returns the text below n as paragraphs. A br ends a line; an empty line
// or a p ends a paragraph; other line breaks are the pretty-printer's.
func (n *node) block() string {
	var b strings.Builder
	n.writeBlock(&b)
	var paragraphs, lines []string
	end := func() {
		text := strings.Join(lines, " ")
		lines = nil
		var out []string
		for _, l := range strings.Split(text, lineBreak) {
			out = append(out, strings.Join(strings.Fields(l), " "))
		}
		if p := strings.Trim(strings.Join(out, "\n"), "\n"); p != "" {
			paragraphs = append(paragraphs, p)
		}
	}
	for l := range strings.Lines(b.String()) {
		if strings.TrimSpace(l) == "" {
			end()
		} else {
			lines = append(lines, l)
		}
	}
	end()
	return strings.Join(paragraphs, "\n\n")
}

// lineBreak marks a line that a br ended. It cannot occur in XML 1.0.
const lineBreak = "\x01"

func (n *node) writeBlock(b *strings.Builder) {
	for k := n.first; k != nil; k = k.next {
		switch k.name {
		case "":
			b.WriteString(k.text)
		case "br":
			b.WriteString(lineBreak)
		case "p", "div", "li":
			b.WriteString("\n\n")
			k.writeBlock(b)
			b.WriteString("\n\n")
		default:
			k.writeBlock(b)
		}
	}
}

// words reads a headline or a description.
func (t *translation) words(n *node, value string) (news.Words, bool) {
	w := news.Words{Role: t.codes.roleOf(n, "role"), Language: t.tag(n.lang(), n), Value: value}
	if w.Language == t.it.Language {
		w.Language = ""
	}
	return w, value != ""
}

// tag returns a language tag in the form that BCP 47 wants, or "" with a loss.
func (t *translation) tag(s string, at *node) string {
	if s == "" {
		return ""
	}
	s = strings.ReplaceAll(s, "_", "-")
	if _, err := language.Parse(s); err != nil {
		t.lose(at, fmt.Sprintf("%q is not a BCP 47 language tag", s))
		return ""
	}
	return s
}

// time reads an XML dateTime. Agencies also send times without zone, dates only
// and the basic ISO 8601 form: those become UTC, with a notice.
func (t *translation) time(n *node) time.Time {
	if n == nil {
		return time.Time{}
	}
	return t.timeOf(n.line(), n)
}

func (t *translation) timeOf(s string, at *node) time.Time {
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "20060102T150405Z0700", "2006-01-02T15:04:05Z07"} {
		if v, err := time.Parse(layout, s); err == nil {
			return t.ofRecord(v, s, at)
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "20060102T150405", "2006-01-02 15:04:05", "2006-01-02", "20060102"} {
		if v, err := time.Parse(layout, s); err == nil {
			t.lose(at, fmt.Sprintf("the time %q has no zone: taken as UTC", s))
			return t.ofRecord(v, s, at)
		}
	}
	t.lose(at, fmt.Sprintf("%q is not a date and time", s))
	return time.Time{}
}

// ofRecord returns the time in a form that every format of ours can write. JSON
// has no years beyond 9999 and no offsets of a day.
func (t *translation) ofRecord(v time.Time, s string, at *node) time.Time {
	if _, err := v.MarshalJSON(); err != nil {
		t.lose(at, fmt.Sprintf("%q is not a date and time", s))
		return time.Time{}
	}
	if _, offset := v.Zone(); offset == 0 {
		return v.UTC()
	}
	return v
}

// number reads a whole number of at least zero; anything else is a loss.
func (t *translation) number(n *node, attr string) int {
	return int(t.number64(n, attr))
}

func (t *translation) number64(n *node, attr string) int64 {
	s := n.attr(attr)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v < 0 {
		t.lose(n, fmt.Sprintf("%s=%q is not a whole number", attr, s))
		return 0
	}
	return v
}

func (t *translation) decimal(n *node, attr string) float64 {
	s := n.attr(attr)
	if s == "" {
		return 0
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v >= 0 && v < 1e15) { // also refuses NaN, which JSON cannot say
		t.lose(n, fmt.Sprintf("%s=%q is not a number", attr, s))
		return 0
	}
	return v
}
