package newsmlg2

import (
	"encoding/json"
	"strings"

	"jisr/internal/format/lexical"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// translation turns one item's tree into a news.Item.
type translation struct {
	r        *reader
	it       *news.Item
	text     string // the document, for Extra
	codes    codes
	asserts  map[string]*assertion // what the item says of its concepts, by their identity
	asserted int                   // uses of asserts
	extra    map[string][]string
	untyped  bool // Write had no type
	nameless bool // Write had no byline
	more     *xmltree.Node
}

// item translates one item, or says why it cannot be one.
func (r *reader) item(n *xmltree.Node, text string) (*news.Item, error) {
	refuse := func(reason string) error {
		return news.Errorf(news.Invalid, n.Path(), "line %d: %s", n.Row, reason)
	}
	guid := n.Attr("guid")
	switch {
	case guid == "":
		return nil, refuse("the item has no guid, so nothing could follow its corrections: ask the sender for one")
	case n.Name == "knowledgeItem" || n.Name == "catalogItem":
		return nil, refuse("a " + n.Name + " holds no news")
	case n.Name == "conceptItem" && !isEvent(n.Child("concept")):
		return nil, refuse("the concept is not an event, so it is no news")
	}
	t := &translation{
		r: r, text: text, it: &news.Item{URI: guid, Version: n.Attr("version")},
		asserts: map[string]*assertion{}, extra: map[string][]string{},
		codes: codes{r: r, schemes: inlineSchemes(n, r.schemes)},
	}
	t.identity(n)
	t.language(n)
	t.collectAsserts(n)
	for k := range n.Elements() {
		if k.Foreign {
			t.keep(k)
			continue
		}
		switch k.Name {
		case "catalog", "catalogRef", "assert", "conceptSet": // already read, or not news
		case "rightsInfo":
			t.rights(k)
		case "itemMeta":
			t.itemMeta(k)
		case "contentMeta":
			t.contentMeta(k)
		case "hopHistory":
			t.hops(k)
		case "partMeta":
			t.part(k)
		case "contentSet":
			t.content(k)
		case "groupSet":
			t.groups(k)
		case "newsCoverageSet":
			t.coverages(k)
		case "concept":
			t.event(k)
		default:
			t.keep(k)
		}
	}
	t.finish(n)
	if t.more != nil {
		t.complete(t.more)
	}
	return t.it, nil
}

func (t *translation) lose(at *xmltree.Node, reason string) { t.r.lose(at.Path(), reason) }

// identity makes a guid that is a bare UUID the URI that it stands for. Other
// guids are kept as given: whoever corrects the item repeats them.
func (t *translation) identity(n *xmltree.Node) {
	if lexical.IsUUID(t.it.URI) {
		t.it.AltIDs = append(t.it.AltIDs, news.AltID{Role: "guid", Value: t.it.URI})
		t.it.URI = "urn:uuid:" + strings.ToLower(t.it.URI)
		t.lose(n, "the guid is a bare UUID: read as "+t.it.URI)
	}
	if v := n.Attr("standardversion"); v != "" || n.Attr("standard") != "" {
		name := n.Attr("standard")
		if name == "" {
			name = "NewsML-G2"
		}
		t.it.Standard = &news.Standard{Name: name, Version: v}
	}
}

// language sets the item's language first: other texts are compared with it.
func (t *translation) language(n *xmltree.Node) {
	root, content := n.Lang(), ""
	if m := n.Child("contentMeta"); m != nil {
		for l := range m.All("language") {
			if role := l.Attr("role"); content == "" || role == "" {
				content = l.Attr("tag")
				if role == "" {
					break
				}
			}
		}
	}
	if content == "" {
		content = root
	}
	t.it.Language = t.tag(content, n)
	if t.it.Language == "" && content != root {
		t.it.Language = t.tag(root, n)
	}
}

// keep puts an element that no field of the item names into Extra: as its text
// if it has nothing else, as its source otherwise.
func (t *translation) keep(n *xmltree.Node) {
	key := n.Name
	for p := n.Parent; p != nil && p.Index == 0; p = p.Parent {
		key = p.Name + "/" + key
	}
	s := n.Line()
	if len(n.Attrs) > 0 || n.Foreign || n.FirstElement() != nil {
		s = n.Source(t.text)
	}
	if s != "" {
		t.extra[key] = append(t.extra[key], s)
	}
}

// finish fills what follows from the rest of the item.
func (t *translation) finish(n *xmltree.Node) {
	it := t.it
	if it.By == "" && !t.nameless {
		for _, c := range it.Creators {
			if makesByline(c) {
				it.By = lexical.Join(it.By, ", ", c.Name)
			}
		}
	}
	if it.Type == "" && !t.untyped {
		it.Type = t.guessType(n)
	}
	for key, values := range t.extra {
		var v any = values
		if len(values) == 1 {
			v = values[0]
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.lose(n, key+" was not kept: "+err.Error())
			continue
		}
		if it.Extra == nil {
			it.Extra = make(map[string]json.RawMessage, len(t.extra))
		}
		it.Extra[key] = data
	}
}

// makesByline reports whether a creator stands in the byline of an item that has
// none of its own.
func makesByline(c news.Concept) bool {
	return c.Role == "" || c.Role == "author" || c.Role == "photographer"
}

// guessType fills in for an item class that is missing or unknown.
func (t *translation) guessType(n *xmltree.Node) news.Type {
	switch n.Name {
	case "packageItem":
		return news.Composite
	case "planningItem":
		return news.Planning
	case "conceptItem":
		return news.Event
	}
	if len(t.it.Bodies) > 0 {
		return news.Text
	}
	for _, r := range t.it.Renditions {
		switch kind, _, _ := strings.Cut(r.ContentType, "/"); kind {
		case "image":
			return news.Picture
		case "video":
			return news.Video
		case "audio":
			return news.Audio
		}
	}
	return ""
}

// firstOf returns the first string that is not empty.
func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
