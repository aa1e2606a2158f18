package samples

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"

	"jisr/internal/news"
)

// sample makes the story into what the demonstration publishes at now.
func (c *Collection) sample(s *story, now time.Time) Sample {
	h := c.vocabulary.house(s.origin)
	out := Sample{Origin: h.Organisation.Origin, Desk: s.desk, Item: c.item(s, now)}
	for _, p := range append([]*story{s}, c.partsOf(s)...) {
		if p.picture != "" {
			out.Media = append(out.Media, c.pictures[p.picture].media())
		}
	}
	if fix := s.correction; fix.after > 0 {
		corrected := c.item(fix.apply(s), now)
		corrected.Version = "2"
		corrected.VersionCreated = now.Add(fix.after)
		corrected.EdNote = fix.reason + " " + corrected.EdNote
		out.Then = append(out.Then, Step{After: fix.after, Act: news.Correction, Reason: fix.reason, Item: corrected})
	}
	if s.killAfter > 0 {
		out.Then = append(out.Then, Step{After: s.killAfter, Act: news.Kill, Reason: s.killReason})
	}
	return out
}

// item builds the story's first version.
func (c *Collection) item(s *story, now time.Time) *news.Item {
	v, h := c.vocabulary, c.vocabulary.house(s.origin)
	lang := s.language
	issued := now.Add(-s.age).Truncate(time.Second)
	it := &news.Item{
		URI:            h.uri(s.key),
		Type:           s.kind,
		Version:        "1",
		Representation: "full",
		Title:          s.key,
		Slugline:       s.slug,
		By:             v.Desks[s.desk][lang],
		Located:        v.places[s.places[0]].Names[lang],
		CreditLine:     h.Credit[lang],
		Language:       lang,
		Urgency:        s.urgency,
		EdNote:         v.Note[lang],
		Service:        s.desk,

		Headlines:    []news.Words{{Role: "main", Value: s.headline}},
		Descriptions: []news.Words{{Role: "summary", Value: s.summary}},

		FirstCreated:   issued,
		VersionCreated: issued,
		ContentCreated: issued,
		PubStatus:      news.Usable,

		CopyrightHolder: h.Organisation.Name(lang),
		CopyrightNotice: fmt.Sprintf("© %d %s", issued.Year(), h.Organisation.Name(lang)),
		UsageTerms:      v.Usage[lang],

		Genres: []news.Concept{v.Genres[s.genre].concept(lang)},
	}
	if s.kind == news.Text {
		it.Dateline = fmt.Sprintf(h.Dateline, it.Located, it.CreditLine)
		it.Bodies = []news.Words{s.body()}
	}
	if s.embargo > 0 {
		it.Embargoed = now.Add(s.embargo).Truncate(time.Second)
	}
	if s.sourceType != "" {
		it.DigitalSourceType = digitalSourceTypes + s.sourceType
	}
	for _, key := range slices.Concat([]string{s.desk}, s.subjects) {
		if t, ok := v.Subjects[key]; ok { // the picture desk has no subject of its own
			it.Subjects = append(it.Subjects, t.concept(lang))
		}
	}
	for _, key := range s.places {
		it.Places = append(it.Places, v.places[key].concept(lang))
	}
	for _, name := range s.sources {
		it.InfoSources = append(it.InfoSources, news.Concept{Name: name})
	}
	if house, key, ok := strings.Cut(s.translationOf, "/"); ok {
		source := v.house(house)
		it.DerivedFrom = []news.Derivation{{
			Relation: news.TranslationOf, URI: source.uri(key), Version: "1", Origin: source.Organisation.Origin,
		}}
	}
	if s.picture != "" {
		it.Descriptions[0].Role = "caption"
		it.Renditions = []news.Rendition{c.pictures[s.picture].rendition(s.headline)}
	}
	for _, p := range c.partsOf(s) {
		it.Associations = append(it.Associations, c.association(p))
	}
	return it
}

// association is the part as the whole shows it: enough to list and, if it is a
// picture, to show it; the part itself is an item of its own.
func (c *Collection) association(p *story) news.Item {
	a := news.Item{
		Name:           p.key,
		URI:            c.vocabulary.house(p.origin).uri(p.key),
		Type:           p.kind,
		Version:        "1",
		Representation: "partial",
		Language:       p.language,
		CreditLine:     c.vocabulary.house(p.origin).Credit[p.language],
		Headlines:      []news.Words{{Role: "main", Value: p.headline}},
		Descriptions:   []news.Words{{Role: "summary", Value: p.summary}},
	}
	if p.sourceType != "" {
		a.DigitalSourceType = digitalSourceTypes + p.sourceType
	}
	if p.picture != "" {
		a.Descriptions[0].Role = "caption"
		a.Renditions = []news.Rendition{c.pictures[p.picture].rendition(p.headline)}
	}
	return a
}

func (c *Collection) partsOf(s *story) []*story {
	var parts []*story
	for _, key := range s.parts {
		parts = append(parts, c.story(s.origin, key))
	}
	return parts
}

// body returns the paragraphs as HTML.
func (s *story) body() news.Words {
	var b strings.Builder
	words := 0
	for _, p := range s.paragraphs {
		b.WriteString("<p>" + html.EscapeString(p) + "</p>\n")
		words += len(strings.Fields(p))
	}
	return news.Words{Role: "main", ContentType: "text/html", Value: b.String(), WordCount: words}
}
