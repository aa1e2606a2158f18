package vocab

import (
	"strings"

	"jisr/internal/format/charset"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

const (
	rdfSpace  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	skosSpace = "http://www.w3.org/2004/02/skos/core#"
	dctSpace  = "http://purl.org/dc/terms/"
	ikosSpace = "http://cv.iptc.org/newscodes/ikos/"
)

// readRDF reads SKOS as RDF/XML, in the flat form in which servers publish it:
// one element for the scheme and for each concept, properties as its children.
// It is no reader of RDF at large.
func readRDF(data []byte) (*Edition, error) {
	text, _, err := charset.XML(data)
	if err != nil {
		return nil, err
	}
	p := xmltree.NewParser(string(text), xmltree.Form{
		Name:  "RDF/XML",
		Space: rdfSpace,
		Root:  func(name string) bool { return name == "RDF" },
		Wraps: func(name string) bool { return name == "RDF" },
		Item:  func(string) bool { return true },
	})
	g := &graph{Edition: &Edition{}}
	for {
		n, err := p.Next()
		if err != nil {
			return nil, err
		}
		if n == nil {
			break
		}
		if len(g.Concepts) > maxConcepts {
			return nil, news.Errorf(news.TooLarge, "concepts", "the file holds more than %d concepts", maxConcepts)
		}
		g.resource(n)
	}
	return g.finish()
}

type graph struct {
	*Edition
	schemes [][]string // of each concept
	found   bool       // a scheme was described
}

// resource reads what is said of one thing.
func (g *graph) resource(n *xmltree.Node) {
	about := rdfAttr(n, "about")
	kind := ""
	if n.Space == skosSpace {
		kind = n.Name
	}
	for e := range n.Elements() {
		if e.Space == rdfSpace && e.Name == "type" {
			if k, ok := strings.CutPrefix(rdfAttr(e, "resource"), skosSpace); ok {
				kind = k
			}
		}
	}
	switch {
	case about == "":
	case kind == "ConceptScheme" && !g.found:
		g.found = true
		g.Scheme.URI = about
		g.scheme(n)
	case kind == "ConceptScheme":
		g.note("the vocabulary %s in the same file is left out: import one at a time", about)
	case kind == "Concept":
		g.concept(n, about)
	}
}

func (g *graph) scheme(n *xmltree.Node) {
	for e := range n.Elements() {
		switch e.Space + e.Name {
		case skosSpace + "prefLabel", dctSpace + "title":
			put(&g.Scheme.Names, e.Lang(), e.Line())
		case skosSpace + "definition", dctSpace + "description":
			put(&g.Scheme.Definitions, e.Lang(), e.Line())
		case dctSpace + "issued", dctSpace + "modified", ikosSpace + "dateReleased":
			if t := when(e.Line()); t.After(g.Scheme.Edition) {
				g.Scheme.Edition = t
			}
		case ikosSpace + "authority", dctSpace + "publisher":
			g.Scheme.Authority = strings.Clone(first(rdfAttr(e, "resource"), e.Line()))
		case ikosSpace + "preferredSchemeAlias", ikosSpace + "prefSchemeAlias":
			g.Scheme.Alias = strings.Clone(e.Line())
		}
	}
}

func (g *graph) concept(n *xmltree.Node, about string) {
	c := Concept{URI: about}
	var schemes []string
	for e := range n.Elements() {
		resource := rdfAttr(e, "resource")
		switch e.Space + e.Name {
		case skosSpace + "prefLabel":
			put(&c.Names, e.Lang(), e.Line())
		case skosSpace + "altLabel", skosSpace + "hiddenLabel":
			c.addLabel(e.Lang(), e.Line())
		case skosSpace + "definition":
			put(&c.Definitions, e.Lang(), e.Line())
		case skosSpace + "broader":
			c.Broader = append(c.Broader, resource)
		case skosSpace + "exactMatch":
			c.ExactMatch = append(c.ExactMatch, resource)
		case skosSpace + "inScheme", skosSpace + "topConceptOf":
			schemes = append(schemes, resource)
		case skosSpace + "notation":
			if c.Code = strings.Clone(e.Line()); strings.Contains(c.Code, ":") {
				_, c.Code, _ = strings.Cut(c.Code, ":")
			}
		case ikosSpace + "retired":
			c.Retired = when(e.Line())
		case dctSpace + "isReplacedBy":
			c.ReplacedBy = resource
		}
	}
	g.Concepts, g.schemes = append(g.Concepts, c), append(g.schemes, schemes)
}

// finish keeps the concepts of the scheme, which the file may describe after
// them or not at all.
func (g *graph) finish() (*Edition, error) {
	for _, s := range g.schemes {
		if g.Scheme.URI == "" && len(s) > 0 {
			g.Scheme.URI = s[0]
		}
	}
	if g.Scheme.URI == "" {
		return nil, news.Errorf(news.Invalid, "file", "the RDF describes no skos:ConceptScheme and no concept says which it is in")
	}
	kept := g.Concepts[:0]
	for i, c := range g.Concepts {
		if !g.holds(g.schemes[i]) {
			g.note("%s is of another vocabulary", c.URI)
			continue
		}
		kept = append(kept, c)
	}
	g.Concepts = kept
	return g.Edition, nil
}

// rdfAttr returns an attribute of RDF's own: about, resource.
func rdfAttr(n *xmltree.Node, name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name && (a.Name.Space == "rdf" || a.Name.Space == "") {
			return strings.Clone(strings.TrimSpace(a.Value))
		}
	}
	return ""
}
