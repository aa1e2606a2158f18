package samples

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"

	"jisr/internal/news"
)

const digitalSourceTypes = "http://cv.iptc.org/newscodes/digitalsourcetype/"

// vocabulary is what the stories refer to by key: house.json, newscodes.json
// and places.json.
type vocabulary struct {
	Houses    []house                      `json:"organisations"`
	Note      map[string]string            `json:"note"`      // "not real news", by language
	Usage     map[string]string            `json:"usage"`     // usage terms, by language
	Generated map[string]string            `json:"generated"` // "made from a template", by language
	Desks     map[string]map[string]string `json:"desks"`     // names by key and language

	Subjects map[string]term `json:"subjects"` // IPTC Media Topics
	Genres   map[string]term `json:"genres"`   // IPTC Genre NewsCodes

	places map[string]place
}

// house is an organisation with what its items print of it.
type house struct {
	Key          string            `json:"key"` // the folder of its stories
	Language     string            `json:"language"`
	Credit       map[string]string `json:"credit"`   // the credit line, by language
	Dateline     string            `json:"dateline"` // format of place and credit
	Organisation news.Organisation `json:"organisation"`
}

// organisation returns a copy that the caller may change.
func (h *house) organisation() news.Organisation {
	o := h.Organisation
	o.Names = maps.Clone(o.Names)
	return o
}

// uri names a story of the house, for good.
func (h *house) uri(key string) string {
	return "tag:" + h.Organisation.Origin + ",2026:demo/" + key
}

type term struct {
	URI   string            `json:"uri"`
	Names map[string]string `json:"names"`
}

func (t term) concept(lang string) news.Concept {
	return news.Concept{URI: t.URI, Name: t.Names[lang], Names: maps.Clone(t.Names)}
}

type place struct {
	term
	In    map[string]string `json:"in"`    // the name after "in", where grammar changes it
	Point [2]float64        `json:"point"` // longitude, latitude in degrees (WGS 84)
}

func (p place) concept(lang string) news.Concept {
	c := p.term.concept(lang)
	c.GeoJSON = fmt.Appendf(nil, `{"type":"Point","coordinates":[%g,%g]}`, p.Point[0], p.Point[1])
	return c
}

func readVocabulary(data fs.FS) (*vocabulary, error) {
	v := &vocabulary{}
	for _, file := range []struct {
		name string
		into any
	}{{"house.json", v}, {"newscodes.json", v}, {"places.json", &v.places}} {
		text, err := fs.ReadFile(data, file.name)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, file.into); err != nil {
			return nil, fmt.Errorf("%s: %w", file.name, err)
		}
	}
	if len(v.Houses) != 2 {
		return nil, fmt.Errorf("house.json: the demonstration has two organisations, not %d", len(v.Houses))
	}
	for i := range v.Houses {
		if err := v.Houses[i].Organisation.Validate(); err != nil {
			return nil, fmt.Errorf("house.json: %w", err)
		}
	}
	return v, nil
}

func (v *vocabulary) house(key string) *house {
	for i := range v.Houses {
		if v.Houses[i].Key == key {
			return &v.Houses[i]
		}
	}
	return nil
}

// check reports a key of the story that the vocabulary lacks.
func (v *vocabulary) check(s *story) error {
	if v.house(s.origin) == nil {
		return fmt.Errorf("there is no organisation %q", s.origin)
	}
	if v.Note[s.language] == "" {
		return fmt.Errorf("there is no language %q", s.language)
	}
	if v.Desks[s.desk] == nil {
		return fmt.Errorf("there is no desk %q", s.desk)
	}
	if _, ok := v.Genres[s.genre]; !ok {
		return fmt.Errorf("there is no genre %q", s.genre)
	}
	for _, key := range s.subjects {
		if _, ok := v.Subjects[key]; !ok {
			return fmt.Errorf("there is no subject %q", key)
		}
	}
	for _, key := range s.places {
		if _, ok := v.places[key]; !ok {
			return fmt.Errorf("there is no place %q", key)
		}
	}
	return nil
}
