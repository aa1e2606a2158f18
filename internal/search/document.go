package search

import (
	"cmp"
	"strings"
	"time"

	"golang.org/x/net/html"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// document is an item version as the index takes it.
type document struct {
	position, index int64
	origin, uri     string
	version         int
	status          news.Status
	typ             news.Type
	language        string // base language
	issued          time.Time
	embargoed       time.Time
	terms           terms
	top, rest       *sketch // take what stands in the item itself: its headlines and descriptions, its bodies
	print           fingerprint
	heir            bool  // whether the print is that of the version before, whose text was killed
	born            int64 // position of its first version that was indexed
	bundle          int64 // 0 for an item alone
	desk, about     string
}

// errForeign is that an entry's content speaks of another item.
var errForeign = news.Errorf(news.Invalid, "uri", "the content is that of another item than the entry's")

// newDocument reads an item entry. One whose content is not here is found by
// filters alone.
func newDocument(r *ledger.Record, read func([]byte) (*news.Item, error), a *analyser) (*document, error) {
	e, err := r.Entry()
	if err != nil {
		return nil, err
	}
	var body news.ItemBody
	if err := e.Decode(&body); err != nil {
		return nil, err
	}
	if e.Ref == "" || body.Version < 1 || !body.Act.Valid() {
		return nil, news.Errorf(news.Invalid, "body", "an item entry needs a ref, a version and an act that we know")
	}
	it := &news.Item{URI: e.Ref}
	if r.Body != nil {
		if it, err = read(r.Body); err != nil {
			return nil, err
		}
	}
	if it.URI != e.Ref {
		return nil, errForeign
	}
	d := &document{
		position: r.Position, born: r.Position, index: r.Index, origin: r.Origin, uri: e.Ref,
		version: body.Version, status: body.Act.After(), typ: cmp.Or(it.Type, body.Label.Type),
		language: baseLanguage(cmp.Or(it.Language, body.Label.Language)), issued: e.At, embargoed: it.Embargoed,
	}
	// The content and the label should agree; if they do not, the later time is
	// the safe one.
	if body.Label.Embargoed.After(d.embargoed) {
		d.embargoed = body.Label.Embargoed
	}
	var top, rest sketch
	d.top, d.rest = &top, &rest
	d.addItem(a, it, 0)
	d.top, d.rest = nil, nil
	d.heir = d.status == news.StatusKilled
	if r.Body != nil && !d.heir {
		d.print = fingerprintOf(it, d.typ, d.language, &top, &rest)
	}
	d.terms.marks = []string{markOf(markAll, ""),
		markOf(markLanguage, d.language), markOf(markType, string(d.typ)),
		markOf(markOrigin, d.origin), markOf(markMonth, month(d.issued)),
	}
	return d, nil
}

func month(t time.Time) string { return t.UTC().Format("200601") }

// maxNesting is how deep associations are read.
const maxNesting = 4

// addItem adds what a reader would look for, the most telling first. Of a killed
// item only what names it is kept: its text must not be used.
func (d *document) addItem(a *analyser, it *news.Item, depth int) {
	head, body := d.top, d.rest
	if depth > 0 {
		head, body = nil, nil
	}
	lang := cmp.Or(baseLanguage(it.Language), d.language)
	for _, h := range it.Headlines {
		d.addWords(a, h, lang, head)
	}
	d.terms.add(a, it.Title, lang, nil)
	d.terms.add(a, it.Slugline, lang, nil)
	if d.status == news.StatusKilled {
		return
	}
	for _, w := range it.Descriptions {
		d.addWords(a, w, lang, head)
	}
	for _, w := range it.Bodies {
		d.addWords(a, w, lang, body)
	}
	for _, line := range []string{it.By, it.Located, it.Dateline, it.CreditLine} {
		d.terms.add(a, line, lang, nil)
	}
	for _, concepts := range [][]news.Concept{it.People, it.Organisations, it.Places, it.Subjects, it.Events, it.Objects, it.Genres} {
		for i := range concepts {
			d.addConcept(a, &concepts[i], lang)
		}
	}
	for i := range it.Parts {
		d.terms.add(a, it.Parts[i].Description, cmp.Or(baseLanguage(it.Parts[i].Language), lang), nil)
	}
	if depth == maxNesting {
		return
	}
	for i := range it.Associations {
		d.addItem(a, &it.Associations[i], depth+1)
	}
}

func (d *document) addWords(a *analyser, w news.Words, lang string, p *sketch) {
	d.terms.add(a, PlainText(w), cmp.Or(baseLanguage(w.Language), lang), p)
}

func (d *document) addConcept(a *analyser, c *news.Concept, lang string) {
	d.terms.add(a, c.Name, lang, nil)
	for l, name := range c.Names {
		if name != c.Name {
			d.terms.add(a, name, baseLanguage(l), nil)
		}
	}
}

// PlainText returns a text without markup: of HTML, XHTML and NITF what a reader
// sees, of anything else the text itself.
func PlainText(w news.Words) string {
	if !strings.Contains(w.ContentType, "html") && !strings.Contains(w.ContentType, "xml") {
		return w.Value
	}
	if !strings.ContainsAny(w.Value, "<&") {
		return w.Value
	}
	var b strings.Builder
	b.Grow(len(w.Value))
	z := html.NewTokenizer(strings.NewReader(w.Value))
	hidden := false // within a script or style
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if !hidden {
				b.Write(z.Text())
			}
		case html.StartTagToken:
			name, _ := z.TagName()
			hidden = string(name) == "script" || string(name) == "style"
			separate(&b, string(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			hidden = false
			separate(&b, string(name))
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			separate(&b, string(name))
		}
	}
}

// separate keeps the words before and after a tag apart, unless it is one that
// stands within a word.
func separate(b *strings.Builder, tag string) {
	switch tag {
	case "a", "abbr", "b", "bdi", "bdo", "cite", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u", "wbr":
		return
	}
	b.WriteByte('\n')
}
