package search

import (
	"cmp"
	"iter"
	"strconv"
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
	desk            string
	issued          time.Time
	embargoed       time.Time
	about           string    // subjects and places, see aboutOf
	terms           *terms    // until they are encoded
	top, rest       *sketch   // take what stands in the item itself: its headlines and descriptions, its bodies
	words           string    // the terms as the engine keeps them
	lexemes         []*lexeme // the words of its titles and names, each once
	print           fingerprint
	heir            bool  // whether the print is that of the version before, whose text was killed
	born            int64 // position of its first version that was indexed
	bundle          int64 // 0 for an item alone
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
	d.desk = body.Label.Desk
	d.heir = d.status == news.StatusKilled
	d.read(it, a)
	if r.Body == nil {
		d.print = fingerprint{}
	}
	return d, nil
}

// read analyses the item. Its terms are valid until a reads another.
func (d *document) read(it *news.Item, a *analyser) {
	var top, rest sketch
	d.terms, d.top, d.rest = &a.terms, &top, &rest
	d.terms.reset()
	d.addFields(a, it)
	d.addItem(a, it, 0)
	d.terms.addTelling()
	d.addMarks(a, it)
	d.lexemes = d.terms.lexemes()
	d.about = aboutOf(it)
	d.top, d.rest = nil, nil
	if !d.heir {
		d.print = fingerprintOf(it, d.typ, d.language, &top, &rest)
	}
}

// addMarks adds what filters ask for.
func (d *document) addMarks(a *analyser, it *news.Item) {
	mark := func(m mark, value string) {
		if value != "" {
			d.terms.marks = append(d.terms.marks, a.mark(m, value))
		}
	}
	d.terms.marks = append(d.terms.marks, a.mark(markAll, ""))
	mark(markLanguage, d.language)
	mark(markType, string(d.typ))
	mark(markOrigin, d.origin)
	if !d.issued.IsZero() {
		at := d.issued.UTC()
		d.terms.marks = append(d.terms.marks, dayMark(at), monthMark(at), yearMark(at))
	}
	mark(markDesk, d.desk)
	mark(markStatus, string(d.status))
	if it.Urgency > 0 {
		mark(markUrgency, strconv.Itoa(it.Urgency))
	}
	for _, f := range conceptFields {
		list := f.of(it)
		for i := range list[:min(len(list), maxConcepts)] {
			for key := range keysOf(&list[i]) {
				mark(f.whole, key)
			}
		}
	}
}

// conceptFields are the fields whose values are concepts.
var conceptFields = []struct {
	words, whole mark
	of           func(*news.Item) []news.Concept
}{
	{inSubject, markSubject, func(it *news.Item) []news.Concept { return it.Subjects }},
	{inPlace, markPlace, func(it *news.Item) []news.Concept { return it.Places }},
	{inPerson, markPerson, func(it *news.Item) []news.Concept { return it.People }},
	{inOrg, markOrg, func(it *news.Item) []news.Concept { return it.Organisations }},
}

// maxConcepts is how many concepts of a kind are found by field.
const maxConcepts = 50

// keysOf yields what identifies a concept: its URI and its code, each also
// without what stands before the last slash or colon, for people who know codes.
func keysOf(c *news.Concept) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, key := range []string{c.URI, c.Literal} {
			if key == "" {
				continue
			}
			if !yield(key) {
				return
			}
			if at := strings.LastIndexAny(key, "/:#"); at >= 0 && at+1 < len(key) && !yield(key[at+1:]) {
				return
			}
		}
	}
}

// addFields adds the words by which fields are asked for, the most telling first.
func (d *document) addFields(a *analyser, it *news.Item) {
	lang := cmp.Or(baseLanguage(it.Language), d.language)
	for _, h := range it.Headlines {
		d.terms.addField(a, inHeadline, PlainText(h), cmp.Or(baseLanguage(h.Language), lang))
	}
	d.terms.addField(a, inSlugline, it.Slugline, lang)
	if d.status == news.StatusKilled {
		return
	}
	d.terms.addField(a, inBy, it.By, lang)
	for _, f := range conceptFields {
		list := f.of(it)
		for i := range list[:min(len(list), maxConcepts)] {
			c := &list[i]
			d.terms.addField(a, f.words, c.Name, lang)
			for l, name := range c.Names {
				if name != c.Name {
					d.terms.addField(a, f.words, name, baseLanguage(l))
				}
			}
		}
	}
}

// How many subjects and places of an item are counted, and how long what is kept
// of each may be, in bytes.
const (
	maxCounted     = 8
	maxCountedSize = 200
)

// aboutOf writes down the subjects and places of an item, one a line: s or p, what
// identifies it, its name.
func aboutOf(it *news.Item) string {
	var b strings.Builder
	for i, list := range [][]news.Concept{it.Subjects, it.Places} {
		for _, c := range list[:min(len(list), maxCounted)] {
			key := cmp.Or(c.URI, c.Literal, c.Name)
			if key == "" || len(key) > maxCountedSize || strings.ContainsAny(key, "\n\t") {
				continue
			}
			if entry := "sp"[i:i+1] + key + "\t"; strings.Contains(b.String(), entry) {
				continue
			}
			name := strings.ToValidUTF8(c.Name[:min(len(c.Name), maxCountedSize)], "")
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteByte("sp"[i])
			b.WriteString(key)
			b.WriteByte('\t')
			b.WriteString(strings.Map(oneLine, name))
		}
	}
	return b.String()
}

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
