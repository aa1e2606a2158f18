package newsml1

import (
	"cmp"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// topic is a Topic that a TopicSet of the document describes.
type topic struct {
	kind    string
	concept news.Concept
}

// maxTopics bounds the topics of a document.
const maxTopics = 10_000

// collectTopics remembers the topics of a set by their Duid.
func (r *reader) collectTopics(n *xmltree.Node, into map[string]topic) {
	for k := range n.All("Topic") {
		id := k.Attr("Duid")
		if id == "" {
			continue
		}
		if len(into) >= maxTopics {
			r.losses.Add(n.Path(), "only the first 10000 topics are read")
			return
		}
		x := topic{kind: strings.ToLower(formalName(k.Child("TopicType")))}
		if f := k.Child("FormalName"); f != nil {
			x.concept.Literal, x.concept.Creator = f.Line(), f.Attr("Scheme")
		}
		for d := range k.All("Description") {
			s, lang := d.Line(), d.Lang()
			if s == "" {
				continue
			}
			x.concept.Name = cmp.Or(x.concept.Name, s)
			if lang != "" {
				if x.concept.Names == nil {
					x.concept.Names = map[string]string{}
				}
				x.concept.Names[lang] = s
			}
		}
		x.concept.Name = cmp.Or(x.concept.Name, x.concept.Literal)
		into[id] = x
	}
}

// administrative reads who made the content.
func (t *translation) administrative(it *news.Item, n *xmltree.Node) {
	parties := func(k *xmltree.Node, list *[]news.Concept, role string) {
		for p := range k.Elements() {
			if p.Name == "Party" {
				*list = append(*list, t.party(p, role))
			} else {
				t.keep(p)
			}
		}
	}
	for k := range n.Elements() {
		switch k.Name {
		case "Provider":
			parties(k, &it.InfoSources, "provider")
		case "Source":
			parties(k, &it.InfoSources, "source")
		case "Creator":
			parties(k, &it.Creators, "")
		case "Contributor":
			parties(k, &it.Creators, "contributor")
		default: // FileName, SystemIdentifier, Property
			t.keep(k)
		}
	}
}

func (t *translation) party(n *xmltree.Node, role string) news.Concept {
	c := news.Concept{Name: formalName(n), Role: role}
	if x, ok := t.topics[strings.TrimPrefix(n.Attr("Topic"), "#")]; ok {
		c = x.concept
		c.Role = role
		c.Name = cmp.Or(c.Name, formalName(n))
	}
	return c
}

func (t *translation) rights(it *news.Item, n *xmltree.Node) {
	for k := range n.Elements() {
		switch k.Name {
		case "Copyright":
			holder, date := k.Child("CopyrightHolder").Line(), k.Child("CopyrightDate").Line()
			it.CopyrightHolder = cmp.Or(it.CopyrightHolder, holder)
			if date != "" && it.CopyrightNotice == "" {
				it.CopyrightNotice = strings.TrimSpace("© " + date + " " + holder)
			}
		case "UsageRights":
			for u := range k.Elements() {
				if s := u.Line(); s != "" {
					it.UsageTerms = lexical.JoinNew(it.UsageTerms, "\n\n", u.Name+": "+s)
				}
			}
		default:
			t.keep(k)
		}
	}
}

// descriptive reads what the content is about.
func (t *translation) descriptive(it *news.Item, n *xmltree.Node) {
	for k := range n.Elements() {
		switch k.Name {
		case "Language":
			if tag := t.tag(k, formalName(k)); it.Language == "" {
				it.Language = tag
			} else if tag != "" && tag != it.Language {
				t.keep(k)
			}
		case "Genre":
			it.Genres = append(it.Genres, t.named(k))
		case "SubjectCode":
			t.subjectCode(it, k)
		case "OfInterestTo":
			it.Audiences = append(it.Audiences, t.named(k))
		case "DateLineDate":
			it.ContentCreated = t.time(k, k.Line())
		case "Location":
			t.location(it, k)
		case "TopicOccurrence":
			t.occurrence(it, k)
		case "Property":
			if s := k.Attr("Value"); strings.EqualFold(formalName(k), "keyword") && s != "" {
				t.subject(it, s, "keyword")
			} else {
				t.keep(k)
			}
		default:
			t.keep(k)
		}
	}
}

// named reads an element whose FormalName is a code or a word.
func (t *translation) named(n *xmltree.Node) news.Concept {
	if x, ok := t.topics[strings.TrimPrefix(n.Attr("Topic"), "#")]; ok {
		return x.concept
	}
	s := formalName(n)
	c := news.Concept{Creator: n.Attr("Scheme")}
	if strings.Trim(s, "0123456789") == "" {
		c.Literal = s
	} else {
		c.Name = s
	}
	return c
}

// subjectCode takes the most detailed of the levels of a subject.
func (t *translation) subjectCode(it *news.Item, n *xmltree.Node) {
	var best *xmltree.Node
	for k := range n.Elements() {
		switch k.Name {
		case "Subject", "SubjectMatter", "SubjectDetail":
			if formalName(k) != "" {
				best = k
			}
		default:
			t.keep(k)
		}
	}
	if best == nil {
		best = n
	}
	if formalName(best) == "" {
		return
	}
	c := t.named(best)
	if len(c.Literal) == 8 && strings.Trim(c.Literal, "0123456789") == "" && (c.Creator == "" || strings.Contains(strings.ToLower(c.Creator), "iptc")) {
		c.URI, c.Literal, c.Creator = subjectCodes+c.Literal, "", ""
	}
	it.Subjects = append(it.Subjects, c)
}

// location reads a place whose parts are properties: city, area, country.
func (t *translation) location(it *news.Item, n *xmltree.Node) {
	c := news.Concept{Rel: strings.ToLower(n.Attr("HowPresent")), Name: formalName(n)}
	var city, area, country string
	for k := range n.Elements() {
		value := k.Attr("Value")
		switch strings.ToLower(formalName(k)) {
		case "city":
			city = value
		case "countryarea", "state", "province", "region":
			area = value
		case "country", "countryname":
			country = cmp.Or(country, value)
		case "countrycode", "iso-country":
			c.Literal = value
		default:
			t.keep(k)
		}
	}
	for _, s := range [...]string{city, area, country} {
		c.Name = lexical.JoinNew(c.Name, ", ", s)
	}
	if c.Name == "" && c.Literal == "" {
		return
	}
	if it.Located == "" && (c.Rel == "" || c.Rel == "dateline" || c.Rel == "origin" || c.Rel == "from") {
		it.Located = c.Name
	}
	it.Places = append(it.Places, c)
}

// occurrence reads a topic that the content is about.
func (t *translation) occurrence(it *news.Item, n *xmltree.Node) {
	x, ok := t.topics[strings.TrimPrefix(n.Attr("Topic"), "#")]
	if !ok {
		t.lose(n, "a reference to a topic that the file does not describe")
		return
	}
	switch kind := x.kind; {
	case strings.Contains(kind, "person"):
		it.People = append(it.People, x.concept)
	case strings.Contains(kind, "company"), strings.Contains(kind, "organi"):
		it.Organisations = append(it.Organisations, x.concept)
	case strings.Contains(kind, "geo"), strings.Contains(kind, "location"), kind == "city", kind == "country":
		it.Places = append(it.Places, x.concept)
	case strings.Contains(kind, "event"):
		it.Events = append(it.Events, x.concept)
	default:
		it.Subjects = append(it.Subjects, x.concept)
	}
}
