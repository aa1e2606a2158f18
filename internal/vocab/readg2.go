package vocab

import (
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// readKnowledgeItem reads a NewsML-G2 knowledgeItem as IPTC's server writes them:
// a concept names its scheme as a related concept with rel skos:inScheme.
func readKnowledgeItem(data []byte) (*Edition, error) {
	text, _, err := charset.XML(data)
	if err != nil {
		return nil, err
	}
	p := xmltree.NewParser(string(text), xmltree.Form{
		Name:  "NewsML-G2 knowledgeItem",
		Space: "http://iptc.org/std/nar/2006-10-01/",
		Root:  func(name string) bool { return name == "knowledgeItem" },
		Wraps: func(name string) bool { return name == "knowledgeItem" || name == "conceptSet" },
		Item:  func(name string) bool { return name == "concept" },
	})
	k := &knowledge{Edition: &Edition{}, catalog: map[string]string{}}
	for {
		n, err := p.Next()
		if err != nil {
			return nil, err
		}
		if n == nil {
			break
		}
		if len(k.Concepts) > maxConcepts {
			return nil, news.Errorf(news.TooLarge, "concepts", "the file holds more than %d concepts", maxConcepts)
		}
		k.part(n)
	}
	k.resolve()
	return k.Edition, nil
}

type knowledge struct {
	*Edition
	catalog map[string]string // schemes that the file declares, by alias
}

func (k *knowledge) part(n *xmltree.Node) {
	switch n.Name {
	case "catalog":
		for s := range n.All("scheme") {
			if len(k.catalog) < 1000 && s.Attr("alias") != "" {
				k.catalog[strings.Clone(s.Attr("alias"))] = strings.Clone(s.Attr("uri"))
			}
		}
	case "itemMeta":
		k.Scheme.Edition = when(n.Child("versionCreated").Line())
		for t := range n.All("title") {
			k.name(t)
		}
		if p := n.Child("provider"); p != nil {
			k.Scheme.Authority = strings.Clone(p.Attr("uri"))
		}
	case "contentMeta":
		// IPTC says when the content was made or last changed, and has the name and
		// the definition as headline and description in newer files, as two
		// descriptions in older ones.
		for _, name := range []string{"contentModified", "contentCreated"} {
			if t := when(n.Child(name).Line()); !t.IsZero() {
				k.Scheme.Edition = t
				break
			}
		}
		for h := range n.All("headline") {
			k.name(h)
		}
		for d := range n.All("description") {
			put(&k.Scheme.Definitions, d.Lang(), d.Line())
		}
	case "concept":
		k.concept(n)
	}
}

func (k *knowledge) name(n *xmltree.Node) { put(&k.Scheme.Names, n.Lang(), n.Line()) }

// put sets a text unless there is one.
func put(texts *map[string]string, lang, text string) {
	if *texts == nil {
		*texts = map[string]string{}
	}
	if (*texts)[lang] == "" && lang != "" {
		(*texts)[strings.Clone(lang)] = strings.Clone(text)
	}
}

func (k *knowledge) concept(n *xmltree.Node) {
	id := n.Child("conceptId")
	alias, code, _ := strings.Cut(id.Attr("qcode"), ":")
	c := Concept{URI: strings.Clone(id.Attr("uri")), Code: strings.Clone(code), Retired: when(id.Attr("retired"))}
	var schemes []string
	for e := range n.Elements() {
		switch e.Name {
		case "name":
			switch role := e.Attr("role"); {
			case role == "" || strings.HasSuffix(role, ":full") || strings.HasSuffix(role, ":display"):
				if c.Names[e.Lang()] == "" {
					put(&c.Names, e.Lang(), e.Line())
					break
				}
				fallthrough
			default:
				c.addLabel(e.Lang(), e.Line())
			}
		case "definition":
			put(&c.Definitions, e.Lang(), e.Line())
		case "broader":
			c.Broader = append(c.Broader, target(e))
		case "sameAs":
			if rel := e.Attr("rel"); rel == "" || strings.HasSuffix(rel, ":exactMatch") {
				c.ExactMatch = append(c.ExactMatch, target(e))
			}
		case "related":
			switch rel := e.Attr("rel"); {
			case strings.HasSuffix(rel, ":inScheme"):
				schemes = append(schemes, target(e))
			case strings.HasSuffix(rel, ":exactMatch"):
				c.ExactMatch = append(c.ExactMatch, target(e))
			case strings.HasSuffix(rel, ":isReplacedBy"), strings.HasSuffix(rel, ":replacedBy"):
				c.ReplacedBy = target(e)
			}
		}
	}
	if k.Scheme.URI == "" && len(schemes) > 0 {
		k.Scheme.URI = schemes[0]
	}
	if k.Scheme.URI != "" && !k.holds(schemes) {
		k.note("%s is of another vocabulary", id.Attr("qcode"))
		return
	}
	if k.Scheme.Alias == "" {
		k.Scheme.Alias = strings.Clone(alias)
	}
	if c.URI == "" {
		c.URI = strings.Clone(id.Attr("qcode")) // resolved once the scheme's URI is certain
	}
	k.Concepts = append(k.Concepts, c)
}

func (c *Concept) addLabel(lang, label string) {
	if lang == "" || label == "" {
		return
	}
	if c.Labels == nil {
		c.Labels = map[string][]string{}
	}
	c.Labels[strings.Clone(lang)] = append(c.Labels[lang], strings.Clone(label))
}

// target returns what an element points to: a URI, or a QCode.
func target(n *xmltree.Node) string { return strings.Clone(first(n.Attr("uri"), n.Attr("qcode"))) }

// resolve turns QCodes into URIs.
func (k *knowledge) resolve() {
	if k.Scheme.URI == "" {
		k.Scheme.URI = k.catalog[k.Scheme.Alias]
	}
	if k.Scheme.URI == "" && len(k.Concepts) > 0 {
		uri := k.expand(k.Concepts[0].URI, k.catalog)
		k.Scheme.URI = strings.TrimSuffix(uri, k.Concepts[0].Code)
	}
	for i := range k.Concepts {
		c := &k.Concepts[i]
		c.URI, c.ReplacedBy = k.expand(c.URI, k.catalog), k.expand(c.ReplacedBy, k.catalog)
		for j := range c.Broader {
			c.Broader[j] = k.expand(c.Broader[j], k.catalog)
		}
		for j := range c.ExactMatch {
			c.ExactMatch[j] = k.expand(c.ExactMatch[j], k.catalog)
		}
	}
}
