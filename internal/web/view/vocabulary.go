package view

import "jisr/internal/vocab"

// Vocabulary is the page on which vocabularies are browsed and searched.
type Vocabulary struct {
	Shell
	Schemes []*vocab.Scheme
	Scheme  string // alias of the one that is shown or searched
	Query   string // as typed
	Matches []vocab.Match
	Concept *vocab.Concept    // the one that is shown
	Below   []*vocab.Concept  // what stands below it, or at the top of the scheme
	Names   map[string]string // of other concepts that the page names, by URI
	More    string
}

func (v Vocabulary) schemes() []Option {
	out := []Option{{Value: "", Label: v.T("vocab.all"), Chosen: v.Scheme == ""}}
	for _, s := range v.Schemes {
		out = append(out, Option{Value: s.Alias, Label: s.Name(v.Tag), Chosen: s.Alias == v.Scheme})
	}
	return out
}

func (v Vocabulary) schemeName(alias string) string {
	for _, s := range v.Schemes {
		if s.Alias == alias {
			return s.Name(v.Tag)
		}
	}
	return alias
}
