package agencyjson

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/lexical"
	"jisr/internal/news"
)

// apEntries finds the items: data.item of one, data.items of a feed.
func (r *reader) apEntries(data []byte) ([]entry, error) {
	var file struct {
		Data struct {
			Item  jsontext.Value `json:"item"`
			Items jsontext.Value `json:"items"`
		} `json:"data"`
		NITF jsontext.Value `json:"nitf"` // put there by whoever fetched the story as well
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	var out []entry
	if len(file.Data.Item) > 0 {
		m := object(file.Data.Item)
		if story := text(object(file.NITF)["body_html"]); story != "" && m != nil {
			m.set("body_html", story)
		}
		out = append(out, entry{"/data/item", m})
	}
	for i, e := range list(file.Data.Items) {
		out = append(out, entry{place("/data/items", i), object(object(e)["item"])})
	}
	return out, nil
}

// apItem turns an item of the Media API into ninjs 1.x, on which AP built it. The
// function that it returns completes the item that was read.
//
// The uri is no identity: it carries the key of the one who asked. The itemid is.
func (r *reader) apItem(m members, nesting int) func(*news.Item) {
	id, uri := text(object(m["altids"])["itemid"]), m.takeText("uri")
	if id != "" {
		uri = lexical.URN("ap", id)
	} else {
		uri, _, _ = strings.Cut(uri, "?")
	}
	m.set("uri", uri)
	if v := m.takeText("version"); v != "" {
		m.set("version", v)
	}
	if terms := texts(m["usageterms"]); len(terms) > 0 {
		m.set("usageterms", strings.Join(terms, " "))
	}
	m.rename("description_caption", "description_text")
	credit := m.takeText("description_creditline")
	if by := bylines(m); by != "" {
		m.set("byline", by)
		delete(m, "bylines")
	}
	if city := text(object(m["datelinelocation"])["city"]); city != "" {
		m.set("located", city)
	}
	withheld := text(m["pubstatus"]) == "embargoed"
	if withheld { // the date says it all
		delete(m, "pubstatus")
	}
	for _, name := range []string{"person", "organisation", "place", "subject", "event"} {
		m.concepts(name)
	}
	m.concepts("company")
	m.rename("company", "organisation")
	m.each("renditions", func(rendition members) {
		delete(rendition, "digest") // MD5, which proves nothing
	})
	if nesting > 0 {
		m.each("associations", func(a members) { r.apItem(a, nesting-1) })
	}
	keywords, provider := texts(m.take("keywords")), m.takeText("provider")
	return func(it *news.Item) {
		it.Standard = &news.Standard{Name: "AP Media API"}
		it.CreditLine = credit
		for _, k := range keywords {
			it.Subjects = append(it.Subjects, news.Concept{Name: k, Rel: "keyword"})
		}
		if provider != "" {
			it.InfoSources = append(it.InfoSources, news.Concept{Literal: provider, Role: "provider"})
		}
		if withheld && it.Embargoed.IsZero() {
			it.PubStatus = news.Withheld
			r.losses.Add(r.at+"/pubstatus", "an embargo without an end: the item is withheld")
		}
		if it.Type == news.Text && len(it.Bodies) == 0 && hasRendition(it, "nitf") {
			r.losses.Add(r.at, "the story is not in the file: its rendition nitf says where it is")
		}
	}
}

// bylines joins the names of those who wrote, or took the picture.
func bylines(m members) string {
	var names []string
	for _, v := range list(m["bylines"]) {
		b := object(v)
		name, title := text(b["name"]), text(b["title"])
		if name == "" {
			name = strings.TrimPrefix(text(b["by"]), "By ")
		}
		if name != "" && title != "" {
			name += " (" + title + ")"
		}
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return text(object(m["photographer"])["name"])
	}
	return strings.Join(names, ", ")
}

// concepts puts the concepts of a property into the words of ninjs: the first of
// rels is the rel, and a category of one letter is that of ANPA 1312. A concept that
// is there for its child only (ancestor) keeps that as its rel.
func (m members) concepts(name string) {
	all := list(m[name])
	if len(all) == 0 {
		return
	}
	out := make([]members, 0, len(all))
	for _, v := range all {
		c := object(v)
		if c == nil {
			return // something else: the reader of ninjs says what
		}
		if rels := texts(c["rels"]); len(rels) > 0 {
			c.set("rel", rels[0])
			if len(rels) == 1 {
				delete(c, "rels")
			}
		}
		if code := text(c["code"]); text(c["rel"]) == "category" && len(code) == 1 && len(c["scheme"]) == 0 {
			c.set("uri", "http://cvx.iptc.org/anpa1312-category/"+strings.ToLower(code))
		}
		out = append(out, c)
	}
	m.set(name, out)
}

// each changes the objects that are the members of a property.
func (m members) each(name string, change func(members)) {
	all := object(m[name])
	if all == nil {
		return
	}
	for name, v := range all {
		if o := object(v); o != nil {
			change(o)
			all.set(name, o)
		}
	}
	m.set(name, all)
}

func hasRendition(it *news.Item, name string) bool {
	for _, r := range it.Renditions {
		if r.Name == name {
			return true
		}
	}
	return false
}
