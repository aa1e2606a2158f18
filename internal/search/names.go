package search

import "strings"

// Spelling says under which other spellings a name was looked for.
type Spelling struct {
	Word string   // as the query has it
	As   []string // of which any was taken for it
}

// name returns the expression of translit:value: the words side by side, as they
// stand or in another script.
func (p *parser) name(value string, start int) (*expr, error) {
	e, err := p.words(value, start, 0)
	if err != nil || e == nil || p.spellings == nil {
		return e, err
	}
	parts := []*expr{}
	for w := range words(value) {
		word := value[w.start:w.end]
		as, err := p.spellings(word)
		if err != nil {
			return nil, err
		}
		own, err := p.words(word, start, 0)
		if err != nil {
			return nil, err
		}
		any := []*expr{own}
		for _, s := range as {
			other, err := p.words(s, start, 0)
			if err != nil {
				return nil, err
			}
			any = append(any, other)
		}
		if len(as) > 0 {
			p.out.also = append(p.out.also, Spelling{Word: strings.ToValidUTF8(word, ""), As: as})
		}
		parts = append(parts, combine(some, any...))
	}
	return combine(some, e, combine(all, parts...)), nil
}
