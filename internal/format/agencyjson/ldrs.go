package agencyjson

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// ldrsEntries finds the items of a page of results.
func (r *reader) ldrsEntries(data []byte) ([]entry, error) {
	var file struct {
		Item []jsontext.Value `json:"item"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	var out []entry
	for i, v := range file.Item {
		out = append(out, entry{place("/item", i), object(v)})
	}
	return out, nil
}

// ldrsItem turns an item of LDRS into ninjs 1.x.
func (r *reader) ldrsItem(m members, nesting int) func(*news.Item) {
	switch kind := text(m["type"]); kind {
	case "story", "advisory":
		m.set("type", "text")
		m.set("profile", kind)
	case "image":
		m.set("type", "picture")
	}
	m.rename("embargotime", "embargoed")
	if id := m.takeText("id"); id != "" {
		m.set("altids", []map[string]string{{"role": "id", "value": id}})
	}
	subjects, places := ldrsConcepts(m["subject"])
	if len(subjects)+len(places) > 0 {
		delete(m, "subject")
	}
	if all := list(m["associations"]); len(all) > 0 {
		m.set("associations", ldrsMedia(all))
	}
	return func(it *news.Item) {
		it.Standard = &news.Standard{Name: "LDRS"}
		it.Subjects, it.Places = append(it.Subjects, subjects...), append(it.Places, places...)
	}
}

// ldrsMedia puts associated media into the words of ninjs: the id is the name, and
// numbers are written as strings.
func ldrsMedia(all []jsontext.Value) []any {
	out := make([]any, 0, len(all))
	for _, v := range all {
		a := object(v)
		if a == nil {
			out = append(out, v)
			continue
		}
		a.rename("id", "name")
		a.each("renditions", func(rendition members) {
			for _, side := range []string{"width", "height"} {
				if n, err := strconv.Atoi(text(rendition[side])); err == nil {
					rendition.set(side, n)
				}
			}
			rendition.rename("filename", "originalFilename")
		})
		out = append(out, a)
	}
	return out
}

// ldrsConcepts reads subjects. The same subject comes once in each language, with
// the guid in common; its code is that of the first.
func ldrsConcepts(v jsontext.Value) (subjects, places []news.Concept) {
	known := map[string]int{}
	for _, v := range list(v) {
		s := object(v)
		name, lang, guid := text(s["name"]), text(s["lang"]), text(s["guid"])
		if text(s["rel"]) == "location" {
			places = append(places, news.Concept{Name: name, Literal: strings.TrimPrefix(text(s["code"]), "location:"), Rel: "location"})
			continue
		}
		at, seen := known[guid]
		if !seen || guid == "" {
			at = len(subjects)
			known[guid] = at
			subjects = append(subjects, news.Concept{ID: guid, Name: name, Literal: text(s["code"]), Rel: text(s["rel"])})
		}
		if lang != "" && name != "" && guid != "" {
			if subjects[at].Names == nil {
				subjects[at].Names = map[string]string{}
			}
			subjects[at].Names[lang] = name
		}
		if lang == "en" {
			subjects[at].Name, subjects[at].Literal = name, text(s["code"])
		}
	}
	return subjects, places
}
