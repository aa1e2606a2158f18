package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"jisr/internal/news"
)

// Limits on a query.
const (
	maxQuery   = 2000 // bytes
	maxClauses = 50
	maxTerms   = 200
)

// phrase is terms that stand side by side; mostly there is only one.
type phrase []string

// clause is phrases of which one must occur.
type clause []phrase

// expression is clauses that must all hold.
type expression []clause

// write writes the expression in a notation of the same shape.
func (e expression) write(and, or string, term func(phrase) string) string {
	clauses := make([]string, len(e))
	for i, c := range e {
		clauses[i] = c.write(or, term)
	}
	return strings.Join(clauses, and)
}

func (c clause) write(or string, term func(phrase) string) string {
	phrases := make([]string, len(c))
	for i, p := range c {
		phrases[i] = term(p)
	}
	return "(" + strings.Join(phrases, or) + ")"
}

// parsed is what someone looks for.
type parsed struct {
	wanted   expression
	unwanted clause // none of which may occur
}

// parse reads a query: words that must all occur, "words in this order" between
// quotation marks of any kind, -unwanted, one OR other. Anything else, FTS
// operators included, is text like any other; what holds no word is ignored.
//
// language is that of the items sought, or "". Without it a word is looked for
// both as the first language of its script would have it and as it stands, which
// is how it is indexed in others of that script.
func parse(a *analyser, text, language string) (parsed, error) {
	var q parsed
	if len(text) > maxQuery {
		return q, news.Errorf(news.TooLarge, "q", "%d bytes are more than the %d that a search may have: look for fewer words", len(text), maxQuery)
	}
	or, terms := false, 0
	for t := range chunks(text) {
		if t.isOr() {
			or = len(q.wanted) > 0
			continue
		}
		phrases := variants(a, t.text, language)
		if len(phrases) == 0 {
			continue
		}
		for _, p := range phrases {
			terms += len(p)
		}
		switch {
		case t.not:
			q.unwanted = append(q.unwanted, phrases...)
		case or:
			last := len(q.wanted) - 1
			q.wanted[last] = append(q.wanted[last], phrases...)
		default:
			q.wanted = append(q.wanted, phrases)
		}
		or = false
		if len(q.wanted)+len(q.unwanted) > maxClauses || terms > maxTerms {
			return parsed{}, news.Errorf(news.Invalid, "q", "a search may have %d words: look for fewer", maxClauses)
		}
	}
	return q, nil
}

// variants returns a piece of query as phrases, one of which must occur.
func variants(a *analyser, text, language string) clause {
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
		return clause{stemmed}
	}
	return clause{stemmed, bare}
}

// chunk is a piece of a query: what stands between quotation marks, or between
// spaces.
type chunk struct {
	text   string
	not    bool
	quoted bool
}

// isOr reports whether the chunk joins its neighbours.
func (c chunk) isOr() bool {
	return !c.quoted && !c.not && (c.text == "OR" || c.text == "ИЛИ" || c.text == "|")
}

// quotes are the marks that open or close a phrase; an unclosed one ends with
// the query.
const quotes = `"“”„«»`

func chunks(text string) func(yield func(chunk) bool) {
	return func(yield func(chunk) bool) {
		for {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
			if text == "" {
				return
			}
			var c chunk
			c.text, text = cutChunk(text, &c)
			if !yield(c) {
				return
			}
		}
	}
}

// cutChunk takes the first chunk off a text that begins with no space.
func cutChunk(text string, c *chunk) (head, rest string) {
	for _, minus := range []string{"-", "−", "–"} {
		if after, ok := strings.CutPrefix(text, minus); ok {
			text, c.not = after, true
			break
		}
	}
	r, size := utf8.DecodeRuneInString(text)
	if size > 0 && strings.ContainsRune(quotes, r) {
		c.quoted = true
		text = text[size:]
		end := strings.IndexAny(text, quotes)
		if end < 0 {
			return text, ""
		}
		_, size = utf8.DecodeRuneInString(text[end:])
		return text[:end], text[end+size:]
	}
	end := strings.IndexFunc(text, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(quotes, r) })
	if end < 0 {
		return text, ""
	}
	return text[:end], text[end:]
}
