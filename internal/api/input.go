package api

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format"
	"jisr/internal/format/loss"
	"jisr/internal/format/ninjs"
	"jisr/internal/news"
)

// noURI stands in for the uri that ninjs demands while an item has none: the
// newsroom names an item when it is published.
const noURI = "urn:jisr:draft"

// readFile reads a file of any format. Beyond what the formats allow, an item in
// ninjs may lack its uri, and a rendition may name media that were uploaded
// here: "href": "sha256:…".
func readFile(data []byte, filename string) (format.Result, error) {
	read, err := format.Read(withURI(data), filename)
	if err != nil {
		return read, err
	}
	for _, it := range read.Items {
		if it.URI == noURI {
			it.URI = ""
		}
		attach(it)
	}
	return read, nil
}

// readItem reads a document of one item.
func readItem(field string, data []byte) (*news.Item, []loss.Loss, error) {
	read, err := readFile(data, field)
	if err != nil {
		return nil, nil, err
	}
	if len(read.Items) != 1 {
		return nil, nil, news.Errorf(news.Invalid, field, "it has %d items; give one", len(read.Items))
	}
	return read.Items[0], read.Losses, nil
}

// withURI puts noURI into a JSON object that has no uri. Anything else, and what
// is no valid JSON, is left for the readers to judge.
func withURI(data []byte) []byte {
	rest, object := bytes.CutPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{"))
	var members struct {
		URI jsontext.Value `json:"uri"`
	}
	if !object || json.Unmarshal(data, &members) != nil || members.URI != nil {
		return data
	}
	comma := ","
	if bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("}")) {
		comma = ""
	}
	return slices.Concat([]byte(`{"uri":"`+noURI+`"`+comma), rest)
}

// withoutURI is the item as ninjs, without a uri if it has none.
func withoutURI(it *news.Item) (jsontext.Value, error) {
	if it.URI != "" {
		return ninjs.Write(it)
	}
	named := *it
	named.URI = noURI
	b, err := ninjs.Write(&named)
	if err != nil {
		return nil, err
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(b, &members); err != nil {
		return nil, err
	}
	delete(members, "uri")
	return json.Marshal(members, json.Deterministic(true))
}

// attach gives renditions the digest that they have as their address.
func attach(it *news.Item) {
	for i := range it.Renditions {
		if r := &it.Renditions[i]; r.Digest == "" && news.ValidDigest(r.Href) {
			r.Digest = r.Href
		}
	}
	for i := range it.Associations {
		attach(&it.Associations[i])
	}
}
