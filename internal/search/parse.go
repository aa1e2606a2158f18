package search

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"jisr/internal/news"
)

// Limits on a query.
const (
	maxQuery   = 2000 // bytes
	maxClauses = 50   // words, phrases and fields
	maxTerms   = 200
	maxGroups  = 20 // parentheses within parentheses
)

// parsed is what someone looks for.
type parsed struct {
	expr   *expr // nil if nothing was asked of the words
	dates  []date
	id     string
	killed bool // whether killed items were asked for by name
	also   []Spelling
}

// date is a condition on the time of issue. What "today" is depends on when one
// asks.
type date struct {
	field field
	value string
}

// empty reports whether nothing was asked for at all: there was no word to look
// for.
func (p *parsed) empty() bool {
	return p.expr == nil && p.id == "" && len(p.dates) == 0
}

// between narrows a time, from begin up to end, by the dates of the query.
func (p *parsed) between(begin, end, now time.Time, in *time.Location) (time.Time, time.Time) {
	for _, d := range p.dates {
		s, err := readSpan(d.value, now, in)
		if err != nil {
			continue // the parser has read it before
		}
		if d.field != fieldTo && s.begin.After(begin) {
			begin = s.begin
		}
		if d.field != fieldFrom && (end.IsZero() || s.end.Before(end)) {
			end = s.end
		}
	}
	return begin, end
}

// parser reads a query: words that must all occur, "words in this order" between
// quotation marks of any kind, -unwanted, one OR other, (groups), field:value.
// Anything else, FTS operators included, is text like any other; what holds no
// word is ignored.
//
// language is that of the items sought, or "". Without it a word is looked for
// both as the first language of its script would have it and as it stands, which
// is how it is indexed in others of that script.
type parser struct {
	a        *analyser
	language string
	now      time.Time
	in       *time.Location
	// spellings returns others of a name; nil: none are known.
	spellings func(word string) ([]string, error)

	text    string
	at      int     // bytes read
	pieces  []piece // what was read as words
	clauses int
	terms   int
	out     parsed
}

// piece is a stretch of the query, in bytes.
type piece struct{ start, end int }

// parse reads a query without names in other scripts.
func parse(a *analyser, text, language string, now time.Time) (*parsed, error) {
	return (&parser{a: a, language: language, now: now, in: time.UTC}).parse(text)
}

func (p *parser) parse(text string) (*parsed, error) {
	if len(text) > maxQuery {
		return nil, news.Errorf(news.TooLarge, "q", "%d bytes are more than the %d that a search may have: look for fewer words", len(text), maxQuery)
	}
	p.text = text
	e, err := p.sequence(0)
	if err != nil {
		return nil, err
	}
	p.out.expr = e
	return &p.out, nil
}

// where says at which character of the query a byte stands.
func (p *parser) where(at int) int { return utf8.RuneCountInString(p.text[:at]) + 1 }

func (p *parser) fail(at int, format string, args ...any) error {
	e := news.Errorf(news.Invalid, "q", format, args...)
	e.Message = fmt.Sprintf("at character %d", p.where(at)) + ": " + e.Message
	return e
}

// sequence reads up to the end of the query or of the group.
func (p *parser) sequence(depth int) (*expr, error) {
	var parts []*expr
	or := false
	frame := false // whether the last thing read narrows the whole search
	for {
		p.space()
		if p.at >= len(p.text) || depth > 0 && p.text[p.at] == ')' {
			return combine(all, parts...), nil
		}
		start := p.at
		if p.or() {
			if frame {
				return nil, p.fail(start, "from:, to:, on: and id: narrow the whole search and cannot stand beside OR")
			}
			or = len(parts) > 0
			continue
		}
		inside := depth > 0 || or
		e, narrows, err := p.part(depth, inside)
		if err != nil {
			return nil, err
		}
		frame = narrows
		if e == nil {
			continue
		}
		if or {
			last := len(parts) - 1
			parts[last] = combine(some, parts[last], e)
		} else {
			parts = append(parts, e)
		}
		or = false
	}
}

func (p *parser) space() {
	p.at = len(p.text) - len(strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace))
}

// or reads what joins its neighbours.
func (p *parser) or() bool {
	for _, word := range []string{"OR", "ИЛИ", "|"} {
		rest, ok := strings.CutPrefix(p.text[p.at:], word)
		r, _ := utf8.DecodeRuneInString(rest)
		if ok && (rest == "" || unicode.IsSpace(r) || r == '(' || r == ')') {
			p.at += len(word)
			return true
		}
	}
	return false
}

// part reads one word, phrase, group or field; nil if it holds nothing to look
// for. It reports whether it narrows the whole search, which it must not inside a
// group or beside OR.
func (p *parser) part(depth int, inside bool) (e *expr, narrows bool, err error) {
	start := p.at
	unwanted := p.minus()
	switch f, named := p.fieldName(); {
	case named && narrowing(f):
		if inside || unwanted {
			return nil, false, p.fail(start, "%s: narrows the whole search: write it by itself, outside of parentheses, without OR and without -", f)
		}
		return nil, true, p.narrow(f, start)
	case named:
		e, err = p.fieldValue(f, start, depth)
	case p.at == len(p.text):
	case p.text[p.at] == '(':
		e, err = p.group(depth, func() (*expr, error) { return p.sequence(depth + 1) })
	default:
		var text string
		text, _ = p.value(depth)
		e, err = p.words(text, start, 0)
	}
	if err != nil {
		return nil, false, err
	}
	if unwanted {
		e = negate(e)
	}
	return e, false, nil
}

// minus reads a sign that what follows is unwanted.
func (p *parser) minus() bool {
	for _, minus := range []string{"-", "−", "–"} {
		if strings.HasPrefix(p.text[p.at:], minus) {
			p.at += len(minus)
			return true
		}
	}
	return false
}

// maxFieldName is how many bytes the name of a field has at most.
const maxFieldName = 32

// fieldName reads the name of a field and its colon; what is no field is left
// where it stands.
func (p *parser) fieldName() (field, bool) {
	rest := p.text[p.at:]
	colon := strings.IndexByte(rest[:min(len(rest), maxFieldName)], ':')
	if colon <= 0 {
		return "", false
	}
	f, ok := fieldOf(rest[:colon])
	if ok {
		p.at += colon + 1
	}
	return f, ok
}

// group reads what stands between parentheses.
func (p *parser) group(depth int, inside func() (*expr, error)) (*expr, error) {
	start := p.at
	if depth >= maxGroups {
		return nil, p.fail(start, "parentheses may stand %d deep: take some away", maxGroups)
	}
	p.at++
	e, err := inside()
	if err != nil {
		return nil, err
	}
	if p.at >= len(p.text) {
		return nil, p.fail(start, "the parenthesis ( is not closed: write ) behind the words that belong together, or put quotation marks around it")
	}
	p.at++
	return e, nil
}

// quotes are the marks that open or close a phrase; an unclosed one ends with
// the query.
const quotes = `"“”„«»`

// value reads a phrase without its quotation marks, or what stands up to a space,
// a quotation mark or the end of the group.
func (p *parser) value(depth int) (text string, quoted bool) {
	rest := p.text[p.at:]
	r, size := utf8.DecodeRuneInString(rest)
	if size > 0 && strings.ContainsRune(quotes, r) {
		rest = rest[size:]
		p.at += size
		end := strings.IndexAny(rest, quotes)
		if end < 0 {
			p.at = len(p.text)
			return rest, true
		}
		_, size = utf8.DecodeRuneInString(rest[end:])
		p.at += end + size
		return rest[:end], true
	}
	open := 0
	end := strings.IndexFunc(rest, func(r rune) bool {
		switch {
		case r == '(':
			open++
		case r == ')' && open > 0:
			open--
		case r == ')':
			return depth > 0
		}
		return unicode.IsSpace(r) || strings.ContainsRune(quotes, r)
	})
	if end < 0 {
		end = len(rest)
	}
	p.at += end
	return rest[:end], false
}

// words returns what a piece of text is looked for as: its words side by side,
// of the field or of the text.
func (p *parser) words(text string, start int, m mark) (*expr, error) {
	var any []*expr
	for _, ph := range variants(p.a, text, p.language) {
		p.terms += len(ph)
		any = append(any, &expr{op: has, phrase: ph.inField(m)})
	}
	if len(any) == 0 {
		return nil, nil
	}
	if at := strings.LastIndex(p.text[start:p.at], text); at >= 0 {
		p.pieces = append(p.pieces, piece{start + at, start + at + len(text)})
	}
	if p.clauses++; p.clauses > maxClauses || p.terms > maxTerms {
		return nil, p.fail(start, "a search may have %d words: look for fewer", maxClauses)
	}
	return combine(some, any...), nil
}

// variants returns a piece of query as phrases, one of which must occur.
func variants(a *analyser, text, language string) []phrase {
	var stemmed, bare phrase
	for w := range words(text) {
		before := len(stemmed)
		for t := range a.term(text, w, language).all() {
			stemmed = append(stemmed, t)
		}
		if len(stemmed) == before {
			continue
		}
		if language == "" {
			bare = append(bare, strings.Fields(a.bare(text, w))...)
		}
	}
	switch {
	case len(stemmed) == 0:
		return nil
	case len(bare) == 0 || strings.Join(stemmed, " ") == strings.Join(bare, " "):
		return []phrase{stemmed}
	}
	return []phrase{stemmed, bare}
}
