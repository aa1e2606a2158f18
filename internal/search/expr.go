package search

import "slices"

// phrase is terms that stand side by side in the index; mostly there is only one.
type phrase []string

// op is how an expression is made of its parts.
type op uint8

const (
	has  op = iota // the phrase occurs
	all            // all parts hold
	some           // at least one part holds
	not            // its one part does not hold
)

// expr is what must hold of an item's terms: the same in both engines and in a
// Watch.
type expr struct {
	op     op
	phrase phrase
	parts  []*expr
}

// anything holds of every item.
var anything = &expr{op: has, phrase: phrase{markAll.of("")}}

// combine makes one expression of several, which may be nil; nil if all are.
func combine(how op, parts ...*expr) *expr {
	var out []*expr
	for _, p := range parts {
		switch {
		case p == nil:
		case p.op == how && how != not:
			out = append(out, p.parts...)
		default:
			out = append(out, p)
		}
	}
	switch len(out) {
	case 0:
		return nil
	case 1:
		return out[0]
	}
	return &expr{op: how, parts: out}
}

func negate(e *expr) *expr {
	switch {
	case e == nil:
		return nil
	case e.op == not:
		return e.parts[0]
	}
	return &expr{op: not, parts: []*expr{e}}
}

// plain reports whether the phrase is of words of the text, not of marks.
func (p phrase) plain() bool {
	return len(p) > 0 && !isPrivate(p[0])
}

// isPrivate reports whether the term begins with a mark.
func isPrivate(term string) bool {
	for _, r := range term {
		return r >= '\ue000' && r <= '\uf8ff'
	}
	return false
}

// lift returns the expression with each phrase of the text that is asked for
// replaced; what must not occur stays.
func (e *expr) lift(replace func(phrase) *expr) *expr {
	switch {
	case e.op == not:
		return e
	case e.op == has && e.phrase.plain():
		return replace(e.phrase)
	case e.op == has:
		return e
	}
	out := &expr{op: e.op, parts: make([]*expr, len(e.parts))}
	for i, p := range e.parts {
		out.parts[i] = p.lift(replace)
	}
	return out
}

// phrases yields the phrases that are asked for.
func (e *expr) phrases(yield func(phrase) bool) bool {
	switch {
	case e == nil || e.op == not:
		return true
	case e.op == has:
		return yield(e.phrase)
	}
	return !slices.ContainsFunc(e.parts, func(p *expr) bool { return !p.phrases(yield) })
}

// inField returns the phrase as it stands in a field.
func (p phrase) inField(m mark) phrase {
	out := make(phrase, len(p))
	for i, t := range p {
		out[i] = m.word(t)
	}
	return out
}

// holds reports whether the expression holds, given how to look for a phrase.
func (e *expr) holds(occurs func(phrase) bool) bool {
	switch e.op {
	case has:
		return occurs(e.phrase)
	case not:
		return !e.parts[0].holds(occurs)
	case some:
		return slices.ContainsFunc(e.parts, func(p *expr) bool { return p.holds(occurs) })
	}
	return !slices.ContainsFunc(e.parts, func(p *expr) bool { return !p.holds(occurs) })
}
