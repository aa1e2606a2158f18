package newsmlg2

import (
	"fmt"
	"strconv"
	"time"

	"jisr/internal/format/lexical"
	"jisr/internal/format/loss"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// words reads a headline or a description.
func (t *translation) words(n *xmltree.Node, value string) (news.Words, bool) {
	w := news.Words{Role: t.codes.roleOf(n, "role"), Language: t.tag(n.Lang(), n), Value: value}
	if w.Language == t.it.Language {
		w.Language = ""
	}
	return w, value != ""
}

// tag returns a language tag in the form that BCP 47 wants, or "" with a loss.
func (t *translation) tag(s string, at *xmltree.Node) string {
	tag, ok := lexical.Language(s)
	if !ok {
		t.lose(at, fmt.Sprintf("%q is not a BCP 47 language tag", tag))
		return ""
	}
	return tag
}

// time reads an XML dateTime. Agencies also send times without zone, dates only
// and the basic ISO 8601 form: those become UTC, with a notice.
func (t *translation) time(n *xmltree.Node) time.Time {
	if n == nil {
		return time.Time{}
	}
	return t.timeOf(n.Line(), n)
}

func (t *translation) timeOf(s string, at *xmltree.Node) time.Time {
	return loss.Time(s, lexical.Time, func(reason string) { t.lose(at, reason) })
}

// number reads a whole number of at least zero; anything else is a loss.
func (t *translation) number(n *xmltree.Node, attr string) int {
	return int(t.number64(n, attr))
}

func (t *translation) number64(n *xmltree.Node, attr string) int64 {
	s := n.Attr(attr)
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

func (t *translation) decimal(n *xmltree.Node, attr string) float64 {
	s := n.Attr(attr)
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
