package web

import (
	"encoding/json"
	"fmt"
	"strings"
)

// linked gives the properties of an object of JSON-LD. Publishers write a value,
// a list of one, or an object with a name for the same thing; the methods read
// all of them, and return nothing on a nil object.
type linked struct{ v any }

// linkedData takes the first article of a JSON-LD script.
func (p *page) linkedData(source string) {
	var v any
	if p.article != nil || json.Unmarshal([]byte(source), &v) != nil {
		return
	}
	p.article = findArticle(v, 0)
}

// findArticle looks for an article in lists and graphs.
func findArticle(v any, depth int) map[string]any {
	if depth > 5 {
		return nil
	}
	switch v := v.(type) {
	case []any:
		for _, x := range v[:min(len(v), 1000)] {
			if a := findArticle(x, depth+1); a != nil {
				return a
			}
		}
	case map[string]any:
		for _, t := range (linked{v}).all("@type") {
			kind := t.text("")
			if strings.HasSuffix(kind, "Article") || strings.HasSuffix(kind, "BlogPosting") || kind == "Report" {
				return v
			}
		}
		if a := findArticle(v["@graph"], depth+1); a != nil {
			return a
		}
		return findArticle(v["mainEntity"], depth+1)
	}
	return nil
}

func (l linked) get(name string) any {
	if name == "" {
		return l.v
	}
	if m, ok := l.v.(map[string]any); ok {
		return m[name]
	}
	return nil
}

// text returns a property as text, the first of a list; with an empty name the
// value itself.
func (l linked) text(name string) string {
	switch v := l.get(name).(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return fmt.Sprint(v)
	case []any:
		if len(v) > 0 {
			return linked{v[0]}.text("")
		}
	case map[string]any:
		if s, ok := v["@value"].(string); ok {
			return strings.TrimSpace(s)
		}
	}
	return ""
}

func (l linked) object(name string) linked {
	m, _ := l.get(name).(map[string]any)
	return linked{m}
}

// all returns the values of a property as a list.
func (l linked) all(name string) []linked {
	switch v := l.get(name).(type) {
	case nil:
		return nil
	case []any:
		var out []linked
		for _, x := range v[:min(len(v), 1000)] {
			out = append(out, linked{x})
		}
		return out
	default:
		return []linked{{v}}
	}
}

func (l linked) first(name string) linked {
	for _, x := range l.all(name) {
		return x
	}
	return linked{}
}
