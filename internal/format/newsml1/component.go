package newsml1

import (
	"cmp"
	"slices"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// maxNesting bounds associations of associations, as news.Item.Validate does;
// components below are read into their parent.
const maxNesting = 3

// component reads a NewsComponent into the item: its lines and metadata, its
// content, and the components in it. The main one among those is the item too;
// captions and files of different size belong to it; all others become
// associations.
func (t *translation) component(it *news.Item, n *xmltree.Node, depth int) {
	equivalent := n.Attr("EquivalentsList") == "yes"
	main := mainOf(n)
	for k := range n.Elements() {
		switch k.Name {
		case "NewsLines":
			t.lines(it, k)
		case "AdministrativeMetadata":
			t.administrative(it, k)
		case "RightsMetadata":
			t.rights(it, k)
		case "DescriptiveMetadata":
			t.descriptive(it, k)
		case "ContentItem":
			t.content(it, k, roleOf(n))
		case "NewsComponent":
			switch role := roleOf(k); {
			case role == "caption":
				t.caption(it, k)
			case k == main, equivalent, isRendition(role), depth == maxNesting:
				t.component(it, k, depth)
			default:
				t.association(it, k, depth)
			}
		case "NewsItemRef":
			if urn := reference(k); urn != "" {
				it.Associations = append(it.Associations, news.Item{
					Name: cmp.Or(roleOf(n), "related"), URI: withoutRevision(urn), Version: revisionOf(urn), Representation: "partial",
				})
			} else {
				t.lose(k, "a reference to no item")
			}
		case "NewsItem":
			t.lose(k, "an item inside an item is not read: the sender should put it beside it")
		case "Role", "BasisForChoice", "Catalog":
		case "Comment":
			t.keep(k)
			t.comment(k)
		default: // TopicSet, Metadata, NewsItem
			t.keep(k)
		}
	}
}

func roleOf(n *xmltree.Node) string { return strings.ToLower(formalName(n.Child("Role"))) }

// mainOf returns the component that carries the main story: the one with that
// role; else, if none has it and the component has no content of its own, the
// first that has a text or no role.
func mainOf(n *xmltree.Node) *xmltree.Node {
	var first *xmltree.Node
	for k := range n.All("NewsComponent") {
		switch role := roleOf(k); {
		case role == "main" || role == "main text" || role == "maintext":
			return k
		case first == nil && (role == "" || role == "text" || role == "story" || role == "body"):
			first = k
		}
	}
	if n.Child("ContentItem") != nil {
		return nil
	}
	return first
}

// isRendition reports whether a role names a size or quality of a file.
func isRendition(role string) bool {
	return slices.Contains([]string{
		"thumbnail", "thumb", "preview", "quicklook", "highdef", "high", "highres", "lowres", "low", "medium", "mediumres", "base", "view", "icon",
		"fullsize", "web", "print",
	}, role)
}

func (t *translation) caption(it *news.Item, n *xmltree.Node) {
	var c news.Item
	t.component(&c, n, maxNesting)
	for _, b := range c.Bodies {
		b.Role = "caption"
		it.Descriptions = append(it.Descriptions, b)
	}
	if len(it.Headlines) == 0 {
		it.Headlines = c.Headlines
	}
	it.Associations = append(it.Associations, c.Associations...)
}

func (t *translation) association(it *news.Item, n *xmltree.Node, depth int) {
	if len(it.Associations) >= news.MaxList {
		t.losef(n, "only the first %d components are read", news.MaxList)
		return
	}
	a := news.Item{Name: cmp.Or(roleOf(n), "supporting"), Language: t.tag(n, n.Lang())}
	if duid := n.Attr("Duid"); duid != "" && !strings.ContainsFunc(duid, func(c rune) bool { return c <= ' ' || c == '#' }) && it == t.it {
		a.URI = it.URI + "#" + duid
	}
	t.component(&a, n, depth+1)
	if a.Type == "" && len(a.Bodies) > 0 {
		a.Type = news.Text
	}
	it.Associations = append(it.Associations, a)
}

// lines reads what is for print. Where a line was read before, from a component
// further out, the first stands.
func (t *translation) lines(it *news.Item, n *xmltree.Node) {
	had := len(it.Headlines) > 0
	for k := range n.Elements() {
		s := k.Line()
		switch k.Name {
		case "HeadLine", "SubHeadLine":
			if s != "" && !had {
				w := news.Words{Value: s, Language: t.tag(k, k.Lang())}
				if k.Name == "SubHeadLine" {
					w.Role = "subheadline"
				}
				if w.Language == t.it.Language {
					w.Language = ""
				}
				it.Headlines = append(it.Headlines, w)
			}
		case "ByLine":
			it.By = lexical.JoinNew(it.By, ", ", s)
		case "ByLineTitle":
			it.By = lexical.JoinNew(it.By, ", ", s)
		case "DateLine":
			it.Dateline = cmp.Or(it.Dateline, s)
		case "CreditLine":
			it.CreditLine = cmp.Or(it.CreditLine, s)
		case "CopyrightLine":
			it.CopyrightNotice = cmp.Or(it.CopyrightNotice, s)
		case "RightsLine":
			it.UsageTerms = lexical.JoinNew(it.UsageTerms, "\n\n", s)
		case "SlugLine":
			it.Slugline = cmp.Or(it.Slugline, s)
		case "SeriesLine":
			t.subject(it, s, "series")
		case "KeywordLine":
			t.subject(it, s, "keyword")
		case "NewsLine":
			t.otherLine(it, k)
		default:
			t.keep(k)
		}
	}
}

// otherLine reads a line whose kind the sender names.
func (t *translation) otherLine(it *news.Item, n *xmltree.Node) {
	for text := range n.All("NewsLineText") {
		s := text.Block()
		switch kind := strings.ToLower(formalName(n.Child("NewsLineType"))); {
		case s == "":
		case kind == "caption" || kind == "summary" || kind == "abstract" || kind == "lead" || kind == "leadline":
			it.Descriptions = append(it.Descriptions, news.Words{Role: kind, Value: s})
		case strings.Contains(kind, "note") || strings.Contains(kind, "advis"):
			it.EdNote = lexical.JoinNew(it.EdNote, "\n\n", s)
		default:
			t.keep(n)
			return
		}
	}
}

func (t *translation) subject(it *news.Item, name, rel string) {
	if name != "" {
		it.Subjects = append(it.Subjects, news.Concept{Name: name, Rel: rel})
	}
}
