package newsmlg2

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/markup"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// contentMeta writes what the content is about, who made it, and its lines.
func (w *writer) contentMeta(root string) string {
	it := w.it
	var s section
	switch {
	case it.Urgency >= 1 && it.Urgency <= 9:
		s.add("urgency", text("urgency", strconv.Itoa(it.Urgency)))
	case it.Urgency != 0:
		w.losef("/urgency", "%d is not 1 (highest) to 9", it.Urgency)
	}
	w.addTime(&s, "contentCreated", "/contentCreated", it.ContentCreated)
	provider := w.providerIndex()
	for i := range it.InfoSources {
		if i != provider {
			s.add("infoSource", w.conceptElement(fmt.Sprintf("/infoSources/%d", i), property{name: "infoSource", roles: "isrol", details: "organisationDetails"}, &it.InfoSources[i]))
		}
	}
	for i := range it.Creators {
		c := it.Creators[i]
		p := property{name: "creator", roles: "crol", details: "personDetails"}
		if c.Role == "contributor" {
			p.name, c.Role = "contributor", ""
		}
		if len(c.Symbols) > 0 {
			p.details = "organisationDetails"
		}
		s.add(p.name, w.conceptElement(fmt.Sprintf("/creators/%d", i), p, &c))
	}
	w.list(&s, "/audiences", property{name: "audience"}, it.Audiences)
	for i, a := range it.AltIDs {
		if root == "conceptItem" && a.Role == "conceptId" {
			continue
		}
		s.add("altId", w.altID(fmt.Sprintf("/altIds/%d", i), a))
	}
	w.lines(&s, root)
	w.list(&s, "/genres", property{name: "genre", graded: true}, it.Genres)
	w.subjects(&s, root)
	w.located(&s)
	if it.By == "" && slices.ContainsFunc(it.Creators, makesByline) {
		w.ext(&s, "contentMetaExtProperty", "by", "-")
	}
	if it.DigitalSourceType != "" {
		w.ext(&s, "contentMetaExtProperty", "digitalSourceType", w.token("/digitalSourceType", it.DigitalSourceType))
	}
	if at := w.time("/contentDigitised", it.ContentDigitised); at != "" {
		w.ext(&s, "contentMetaExtProperty", "contentDigitised", at)
	}
	w.extras(&s, "contentMeta/", "contentMeta")
	if len(s.parts) == 0 {
		return ""
	}
	return element("contentMeta", s.in("contentMeta"))
}

// ext writes a property for which the standard has no place.
func (w *writer) ext(s *section, name, rel, value string) {
	if value != "" {
		w.house = true
		s.add(name, element(name, "", "rel", houseAlias+":"+rel, "value", value))
	}
}

func (w *writer) altID(path string, a news.AltID) string {
	value := w.line(path, a.Value)
	if value == "" {
		w.lose(path, "an identifier without value is not written")
		return ""
	}
	switch {
	case a.Role == "":
		return text("altId", value)
	case strings.Contains(a.Role, "://") && strings.TrimSpace(a.Role) == a.Role:
		return text("altId", value, "typeuri", allowed(a.Role))
	case isQCode(a.Role) && !strings.HasPrefix(a.Role, houseAlias+":"):
		return text("altId", value, "type", a.Role)
	case isQCode(houseAlias + ":" + a.Role):
		w.house = true
		return text("altId", value, "type", houseAlias+":"+a.Role)
	}
	w.losef(path+"/role", "%q cannot be the type of an identifier", lexical.Shorten(a.Role))
	return text("altId", value)
}

// lines writes headlines, descriptions and what else is for print. An event has
// its own in the concept.
func (w *writer) lines(s *section, root string) {
	it := w.it
	if tag := it.Language; tag != "" && root == "newsItem" {
		if clean, ok := lexical.Language(tag); ok && clean == tag {
			s.add("language", element("language", "", "tag", tag))
		}
	}
	for _, f := range [...]struct{ name, path, value string }{
		{"slugline", "/slugline", it.Slugline}, {"dateline", "/dateline", it.Dateline}, {"by", "/by", it.By}, {"creditline", "/creditLine", it.CreditLine},
	} {
		if v := w.line(f.path, f.value); v != "" {
			s.add(f.name, text(f.name, v))
		}
	}
	if root == "conceptItem" {
		return
	}
	for i, h := range it.Headlines {
		s.add("headline", w.words(fmt.Sprintf("/headlines/%d", i), "headline", "hld", h, false))
	}
	for i, d := range it.Descriptions {
		s.add("description", w.words(fmt.Sprintf("/descriptions/%d", i), "description", "drol", d, true))
	}
}

// words writes a headline or a description.
func (w *writer) words(path, name, roles string, v news.Words, paragraphs bool) string {
	value := v.Value
	if v.ContentType != "" {
		w.losef(path+"/contentType", "a %s is plain text", name)
		if strings.Contains(v.ContentType, "html") {
			value = markup.Text(value)
		}
	}
	if v.CharCount != 0 || v.WordCount != 0 {
		w.losef(path, "a %s has no counts", name)
	}
	content := ""
	if paragraphs {
		content = w.block(path, value)
	} else {
		var out xmltree.Writer
		out.Text(w.line(path, value))
		content = out.String()
	}
	if content == "" {
		w.losef(path, "a %s without text is not written", name)
		return ""
	}
	lang := w.language(path+"/language", v.Language)
	return element(name, content, append(w.role(path+"/role", roles, v.Role), "xml:lang", lang)...)
}

func (w *writer) list(s *section, path string, p property, concepts []news.Concept) {
	for i := range concepts {
		s.add(p.name, w.conceptElement(fmt.Sprintf("%s/%d", path, i), p, &concepts[i]))
	}
}

// subjects writes what the item speaks of. Of an event, some of it stands in the
// details of the event.
func (w *writer) subjects(s *section, root string) {
	it := w.it
	subject := func(kind, details string) property {
		return property{name: "subject", kind: "cpnat:" + kind, details: details, graded: true}
	}
	if root != "conceptItem" {
		w.list(s, "/people", subject("person", "personDetails"), it.People)
		w.list(s, "/organisations", subject("organisation", "organisationDetails"), it.Organisations)
		w.list(s, "/events", subject("event", ""), it.Events)
		for i := range it.Places {
			if it.Places[i].Rel != "located" {
				s.add("subject", w.conceptElement(fmt.Sprintf("/places/%d", i), subject("geoArea", "geoAreaDetails"), &it.Places[i]))
			}
		}
	}
	w.list(s, "/objects", subject("object", ""), it.Objects)
	for i := range it.Subjects {
		c := it.Subjects[i]
		path := fmt.Sprintf("/subjects/%d", i)
		plain := c.Rel == "keyword" && c.Name != "" && c.URI == "" && c.Literal == "" && len(c.Names) == 0 && c.Relevance == nil && c.Confidence == nil && len(c.Broader) == 0
		p := subject("abstract", "")
		switch {
		case plain:
			s.add("keyword", text("keyword", w.line(path+"/name", c.Name), w.role(path+"/role", "gen", c.Role)...))
			continue
		case isQCode(c.Rel) && !isKnownKind(code(c.Rel, "")):
			p.kind, p.rel = c.Rel, c.Rel
		}
		s.add("subject", w.conceptElement(path, p, &c))
	}
}

// isKnownKind reports whether the reader sorts subjects of the kind into a list
// of their own.
func isKnownKind(kind string) bool {
	switch kind {
	case "person", "organisation", "organization", "geoArea", "poi", "POI", "event", "object", "", "abstract":
		return true
	}
	return false
}

// located writes where the content comes from. What the places do not say in the
// same words stands beside them.
func (w *writer) located(s *section) {
	it := w.it
	said, plain, places := "", true, 0
	for i := range it.Places {
		c := &it.Places[i]
		if c.Rel != "located" {
			continue
		}
		path := fmt.Sprintf("/places/%d", i)
		if c.URI == "" && c.GeoJSON == nil && len(c.Names) == 0 {
			w.lose(path, "a place that the content comes from, with no more than a name, is only said in words")
		}
		s.add("located", w.conceptElement(path, property{name: "located", rel: "located", details: "geoAreaDetails"}, c))
		said = lexical.Join(said, "; ", c.Name)
		plain = plain && c.Name != "" && strings.Join(strings.Fields(c.Name), " ") == c.Name
		places++
	}
	words := w.line("/located", it.Located)
	switch {
	case places == 0 && words != "":
		s.add("located", element("located", text("name", words)))
	case places > 0 && !(plain && words == said):
		w.ext(s, "contentMetaExtProperty", "located", firstOf(words, "-"))
	}
}
