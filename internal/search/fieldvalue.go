package search

import (
	"strings"

	"jisr/internal/news"
)

// fieldValue reads the value of a field that is looked for in the index.
func (p *parser) fieldValue(f field, start, depth int) (*expr, error) {
	if p.at < len(p.text) && p.text[p.at] == '(' {
		return p.group(depth, func() (*expr, error) { return p.fieldGroup(f, start, depth+1) })
	}
	value, _ := p.value(depth)
	return p.fieldOne(f, value, start)
}

// fieldGroup reads the values of a field between parentheses: (one OR other).
func (p *parser) fieldGroup(f field, start, depth int) (*expr, error) {
	var parts []*expr
	or := false
	for {
		p.space()
		if p.at >= len(p.text) || p.text[p.at] == ')' {
			if len(parts) == 0 {
				return nil, p.noValue(f, start)
			}
			return combine(all, parts...), nil
		}
		if p.or() {
			or = len(parts) > 0
			continue
		}
		unwanted := p.minus()
		value, _ := p.value(depth)
		e, err := p.fieldOne(f, value, start)
		if err != nil {
			return nil, err
		}
		if unwanted {
			e = negate(e)
		}
		if or {
			e, parts = combine(some, parts[len(parts)-1], e), parts[:len(parts)-1]
		}
		parts, or = append(parts, e), false
	}
}

func (p *parser) noValue(f field, start int) error {
	return p.fail(start, `%s: has no value: write the value right behind the colon, several words between quotation marks, as in %s:"one two"`, f, f)
}

// fieldOne returns the expression of one value of a field.
func (p *parser) fieldOne(f field, value string, start int) (*expr, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil, p.noValue(f, start)
	}
	if f == fieldName {
		return p.name(value, start)
	}
	m, worded := wordMarks[f]
	if !worded {
		e, err := valueExpr(f, value)
		if err != nil {
			return nil, p.fail(start, "%s", err.(*news.Error).Message)
		}
		if f == fieldStatus && strings.EqualFold(value, string(news.StatusKilled)) {
			p.out.killed = true
		}
		if p.clauses++; p.clauses > maxClauses {
			return nil, p.fail(start, "a search may have %d words: look for fewer", maxClauses)
		}
		return e, nil
	}
	e, err := p.words(value, start, m.words)
	if err != nil {
		return nil, err
	}
	if m.whole != 0 {
		e = combine(some, e, &expr{op: has, phrase: phrase{m.whole.of(value)}})
	}
	if e == nil {
		return nil, p.fail(start, "%s:%s holds no word that can be looked for: words such as articles are not in the index", f, value)
	}
	return e, nil
}

// narrowing reports whether the field is a condition on the whole search.
func narrowing(f field) bool {
	return f == fieldFrom || f == fieldTo || f == fieldOn || f == fieldID
}

// narrow reads the value of such a field.
func (p *parser) narrow(f field, start int) error {
	value, _ := p.value(0)
	if value = strings.TrimSpace(value); value == "" {
		return p.noValue(f, start)
	}
	if f == fieldID {
		if p.out.id != "" && p.out.id != value {
			return p.fail(start, "id: stands twice: an item has one")
		}
		p.out.id = value
		return nil
	}
	if _, err := readSpan(value, p.now, p.in); err != nil {
		return p.fail(start, "%s", err.(*news.Error).Message)
	}
	p.out.dates = append(p.out.dates, date{f, value})
	return nil
}
