package xmltree

import (
	"encoding/json"

	"jisr/internal/news"
)

// Rest collects the elements of an item that no field of news.Item names, for
// Item.Extra. The zero value is ready to use.
type Rest struct{ values map[string][]string }

// Keep takes an element under its path below the item: as its text if it has
// nothing else, as its source in the document otherwise.
func (r *Rest) Keep(n *Node, document string) {
	key := n.Name
	for p := n.Parent; p != nil && p.Index == 0; p = p.Parent {
		key = p.Name + "/" + key
	}
	s := n.Line()
	if len(n.Attrs) > 0 || n.Foreign || n.FirstElement() != nil {
		s = n.Source(document)
	}
	r.KeepText(key, s)
}

// KeepText takes a text under a key.
func (r *Rest) KeepText(key, s string) {
	if s == "" {
		return
	}
	if r.values == nil {
		r.values = map[string][]string{}
	}
	r.values[key] = append(r.values[key], s)
}

// Into writes what was kept into the item: a string, or an array of strings
// where several elements had the same path.
func (r *Rest) Into(it *news.Item) {
	for key, values := range r.values {
		var v any = values
		if len(values) == 1 {
			v = values[0]
		}
		data, err := json.Marshal(v)
		if err != nil { // strings always marshal
			continue
		}
		if it.Extra == nil {
			it.Extra = make(map[string]json.RawMessage, len(r.values))
		}
		it.Extra[key] = data
	}
}

// Kept returns the texts and sources that Into put into an item under the key.
func Kept(it *news.Item, key string) []string {
	data := it.Extra[key]
	if len(data) == 0 {
		return nil
	}
	var many []string
	if json.Unmarshal(data, &many) == nil {
		return many
	}
	var one string
	if json.Unmarshal(data, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// Element reads a source that Keep took: one element that can stand alone in a
// document; ok is false if it is none.
func Element(source string) (n *Node, ok bool) {
	p := NewParser(source, Form{
		Name: "XML", Root: func(string) bool { return true }, Wraps: func(string) bool { return false },
		Item: func(string) bool { return false },
	})
	n, err := p.Next()
	if err != nil || n == nil {
		return nil, false
	}
	_, err = p.Next()
	return n, err == nil
}
