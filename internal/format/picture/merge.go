package picture

import (
	"slices"
	"strings"
	"time"

	"jisr/internal/news"
)

// merge fills the gaps of an item from a further source. Where both speak and
// differ, the item keeps what it has, and the desk is told: the one may be the
// older. Cameras write the same words into every picture, so what EXIF says
// differently is no news.
func (r *reader) merge(it, from *news.Item, source string) {
	if from == nil {
		return
	}
	m := merger{r, source, source != "exif"}
	m.text("uri", &it.URI, from.URI)
	m.text("title", &it.Title, from.Title)
	m.text("by", &it.By, from.By)
	m.text("located", &it.Located, from.Located)
	m.text("creditLine", &it.CreditLine, from.CreditLine)
	m.text("language", &it.Language, from.Language)
	m.text("edNote", &it.EdNote, from.EdNote)
	m.text("copyrightHolder", &it.CopyrightHolder, from.CopyrightHolder)
	m.text("copyrightNotice", &it.CopyrightNotice, from.CopyrightNotice)
	m.text("usageTerms", &it.UsageTerms, from.UsageTerms)
	m.text("digitalSourceType", &it.DigitalSourceType, from.DigitalSourceType)
	m.words("headline", &it.Headlines, from.Headlines)
	m.words("description", &it.Descriptions, from.Descriptions)
	m.time("contentCreated", &it.ContentCreated, from.ContentCreated)
	m.time("versionCreated", &it.VersionCreated, from.VersionCreated)
	m.time("expires", &it.Expires, from.Expires)
	m.time("embargoed", &it.Embargoed, from.Embargoed)
	m.concepts("creator", &it.Creators, from.Creators)
	m.concepts("source", &it.InfoSources, from.InfoSources)
	m.concepts("subject", &it.Subjects, from.Subjects)
	m.concepts("genre", &it.Genres, from.Genres)
	m.concepts("person", &it.People, from.People)
	m.concepts("organisation", &it.Organisations, from.Organisations)
	m.concepts("event", &it.Events, from.Events)
	m.places(&it.Places, from.Places)
	if it.Urgency == 0 {
		it.Urgency = from.Urgency
	}
	if it.PubStatus == "" || from.PubStatus == news.Withheld && it.PubStatus == news.Usable {
		it.PubStatus = from.PubStatus // what one of the two holds back stays back
	}
	m.text("version", &it.Version, from.Version)
	for _, id := range from.AltIDs {
		if !slices.Contains(it.AltIDs, id) {
			it.AltIDs = append(it.AltIDs, id)
		}
	}
	for k, v := range from.Extra {
		if it.Extra == nil {
			it.Extra = from.Extra
			break
		}
		it.Extra[k] = v
	}
}

type merger struct {
	*reader
	source string
	report bool
}

func (m merger) differs(field, has, other string) {
	if m.report {
		m.lose(m.source, "its %s %q differs from the one kept, %q", field, short(other), short(has))
	}
}

func (m merger) text(field string, to *string, from string) {
	switch {
	case from == "":
	case *to == "":
		*to = from
	case !same(*to, from):
		m.differs(field, *to, from)
	}
}

func (m merger) words(field string, to *[]news.Words, from []news.Words) {
	for _, w := range from {
		i := slices.IndexFunc(*to, func(has news.Words) bool { return has.Role == w.Role && has.Language == w.Language })
		switch {
		case i < 0:
			*to = append(*to, w)
		case !same((*to)[i].Value, w.Value):
			m.differs(field, (*to)[i].Value, w.Value)
		}
	}
}

func (m merger) time(field string, to *time.Time, from time.Time) {
	switch {
	case from.IsZero():
	case to.IsZero():
		*to = from
	case !to.Equal(from) && from.Sub(*to).Abs() > 24*time.Hour: // IIM and cameras know days, often no zone
		m.differs(field, to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
}

// concepts takes all of a relation or none: two lists of keywords, one older
// than the other, must not become one.
func (m merger) concepts(field string, to *[]news.Concept, from []news.Concept) {
	before := *to
	for _, c := range from {
		i := slices.IndexFunc(before, func(has news.Concept) bool { return has.Rel == c.Rel })
		switch {
		case c.Name != "" && slices.ContainsFunc(before, func(has news.Concept) bool { return has.URI != "" && same(has.Name, c.Name) }):
			// IIM has but the word for what XMP names by its code.
		case i < 0:
			*to = append(*to, c)
		case !slices.ContainsFunc(before, func(has news.Concept) bool { return same(has.Name, c.Name) && has.Literal == c.Literal }):
			m.differs(field, before[i].Name+before[i].Literal, c.Name+c.Literal)
		}
	}
}

func (m merger) places(to *[]news.Concept, from []news.Concept) {
	located := slices.ContainsFunc(*to, func(c news.Concept) bool { return c.Rel == "located" })
	for _, c := range from {
		i := slices.IndexFunc(*to, func(has news.Concept) bool { return has.Rel == c.Rel })
		switch {
		case !located || c.Rel != "located":
			*to = append(*to, c)
		case c.GeoJSON != nil && (*to)[i].GeoJSON == nil:
			(*to)[i].GeoJSON = c.GeoJSON
		}
	}
}

// same compares what two formats hold of one text: IIM cuts texts short, and
// programs change line ends and white space.
func same(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")
	return a == b || len(b) >= 30 && strings.HasPrefix(a, strings.TrimRight(b, "\uFFFD"))
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
