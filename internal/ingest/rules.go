package ingest

import (
	"slices"
	"strings"

	"jisr/internal/news"
)

// apply gives the item what its source's rules say and its sender did not. name
// is the source's: an item that discloses no source is said to come from it, for
// readers must always be able to see where news comes from.
func (r *Rules) apply(it *news.Item, name string) {
	fill(&it.Language, r.Language)
	fill(&it.CreditLine, r.CreditLine)
	fill(&it.CopyrightHolder, r.CopyrightHolder)
	fill(&it.CopyrightNotice, r.CopyrightNotice)
	fill(&it.UsageTerms, r.UsageTerms)
	for _, c := range r.Subjects {
		if !slices.ContainsFunc(it.Subjects, func(has news.Concept) bool { return same(has, c) }) {
			it.Subjects = append(slices.Clip(it.Subjects), c)
		}
	}
	if len(it.InfoSources) == 0 {
		it.InfoSources = []news.Concept{{Name: name}}
	}
}

// desk returns the desk of new items of the file.
func (r *Rules) desk(name string) string {
	if folder, _, found := strings.Cut(name, "/"); r.FolderDesk && found {
		return folder
	}
	return r.Desk
}

func fill(field *string, missing string) {
	if *field == "" {
		*field = missing
	}
}

func same(a, b news.Concept) bool {
	if a.URI != "" && b.URI != "" {
		return a.URI == b.URI
	}
	return a.Name == b.Name && a.Literal == b.Literal
}
