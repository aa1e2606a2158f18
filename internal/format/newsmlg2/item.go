package newsmlg2

import (
	"encoding/json"
	"strings"

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
}

// item translates one item, or says why it cannot be one.
func (r *reader) item(n *node, text string) (*news.Item, error) {
	refuse := func(reason string) error {
		return news.Errorf(news.Invalid, n.path(), "line %d: %s", n.row, reason)
	}
	guid := n.attr("guid")
	switch {
	case guid == "":
		return nil, refuse("the item has no guid, so nothing could follow its corrections: ask the sender for one")
	case n.name == "knowledgeItem" || n.name == "catalogItem":
		return nil, refuse("a " + n.name + " holds no news")
	case n.name == "conceptItem" && !isEvent(n.child("concept")):
		return nil, refuse("the concept is not an event, so it is no news")
	}
	t := &translation{
		r: r, text: text, it: &news.Item{URI: guid, Version: n.attr("version")},
		asserts: map[string]*assertion{}, extra: map[string][]string{},
		codes: codes{r: r, schemes: inlineSchemes(n, r.schemes)},
	}
	t.identity(n)
	t.language(n)
	t.collectAsserts(n)
	for k := range n.elements() {
		if k.foreign {
			t.keep(k)
			continue
		}
		switch k.name {
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
	return t.it, nil
}

func (t *translation) lose(at *node, reason string) { t.r.lose(at.path(), reason) }

// identity makes a guid that is a bare UUID the URI that it stands for. Other
// guids are kept as given: whoever corrects the item repeats them.
func (t *translation) identity(n *node) {
	if isUUID(t.it.URI) {
		t.it.AltIDs = append(t.it.AltIDs, news.AltID{Role: "guid", Value: t.it.URI})
		t.it.URI = "urn:uuid:" + strings.ToLower(t.it.URI)
		t.lose(n, "the guid is a bare UUID: read as "+t.it.URI)
	}
	if v := n.attr("standardversion"); v != "" || n.attr("standard") != "" {
		name := n.attr("standard")
		if name == "" {
			name = "NewsML-G2"
		}
		t.it.Standard = &news.Standard{Name: name, Version: v}
	}
}

func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		strings.Count(s, "-") == 4 && strings.Trim(s, "-0123456789abcdefABCDEF") == ""
}

// language sets the item's language first: other texts are compared with it.
func (t *translation) language(n *node) {
	root, content := n.lang(), ""
	if m := n.child("contentMeta"); m != nil {
		for l := range m.all("language") {
			if role := l.attr("role"); content == "" || role == "" {
				content = l.attr("tag")
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
func (t *translation) keep(n *node) {
	key := n.name
	for p := n.parent; p != nil && p.index == 0; p = p.parent {
		key = p.name + "/" + key
	}
	s := n.line()
	if len(n.attrs) > 0 || n.foreign || n.firstElement() != nil {
		s = n.source(t.text)
	}
	if s != "" {
		t.extra[key] = append(t.extra[key], s)
	}
}

func (n *node) firstElement() *node {
	for k := range n.elements() {
		return k
	}
	return nil
}

// finish fills what follows from the rest of the item.
func (t *translation) finish(n *node) {
	it := t.it
	if it.By == "" {
		for _, c := range it.Creators {
			if c.Role == "" || c.Role == "author" || c.Role == "photographer" {
				it.By = join(it.By, ", ", c.Name)
			}
		}
	}
	if it.Type == "" {
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

// guessType fills in for an item class that is missing or unknown.
func (t *translation) guessType(n *node) news.Type {
	switch n.name {
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

// join returns a and b with sep between them if both say something. It adds
// nothing to a text that is over the limit of a line already, and which
// Item.Validate will refuse: a file that repeats an element without end would
// make the joining quadratic.
func join(a, sep, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	case len(a) > 16*news.MaxLine:
		return a
	}
	return a + sep + b
}
