// Package agencyjson reads the JSON in which agencies deliver over interfaces of
// their own: the Media API of AP, and the BBC's service for local reporters (LDRS).
// Both are close to ninjs: what differs is put right, and the reader of ninjs does
// the rest, with its limits and its errors.
//
// The invariant: no member is lost. What ninjs has no name for is in Extra.
package agencyjson

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/loss"
	"jisr/internal/format/ninjs"
	"jisr/internal/news"
)

// Limits on one file.
const (
	MaxSize  = 16 << 20 // bytes
	MaxItems = 1_000

	maxNesting = 4 // of items within items
)

// The dialects, as Detect names them.
const (
	AP   = "ap-media"
	LDRS = "ldrs"
)

// Detect returns the dialect of a file by its first bytes, or "".
func Detect(head []byte) string {
	// Most files are ninjs: they must not pay for a look at every member.
	isAP := bytes.Contains(head, []byte(`"api_version"`))
	isLDRS := bytes.Contains(head, []byte(`"total"`)) && bytes.Contains(head, []byte(`"item"`))
	if !isAP && !isLDRS {
		return ""
	}
	kinds := topLevel(head)
	switch {
	case isAP && kinds["api_version"] != 0 && kinds["data"] == '{':
		return AP
	case isLDRS && kinds["total"] == '0' && kinds["item"] == '[':
		return LDRS
	}
	return ""
}

// topLevel returns the members of the object that head begins, with the kinds of
// their values.
func topLevel(head []byte) map[string]jsontext.Kind {
	d := jsontext.NewDecoder(bytes.NewReader(head))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil
	}
	kinds := map[string]jsontext.Kind{}
	for len(kinds) < 100 {
		name, err := d.ReadToken()
		if err != nil || name.Kind() != '"' {
			break
		}
		kinds[name.String()] = d.PeekKind()
		if d.SkipValue() != nil {
			break // cut off, perhaps only here
		}
	}
	return kinds
}

// members are the members of a JSON object that are not looked into yet.
type members map[string]jsontext.Value

// Read returns the items of a file.
//
// An item that cannot be read is refused, with an error of kind Invalid or
// TooLarge that says its place in the file; the others are returned beside it.
func Read(data []byte) ([]*news.Item, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	r := &reader{dialect: Detect(data)}
	var found []entry
	var err error
	switch r.dialect {
	case AP:
		found, err = r.apEntries(data)
	case LDRS:
		found, err = r.ldrsEntries(data)
	default:
		return nil, nil, news.Errorf(news.Invalid, "", "the file is neither of AP's Media API nor of LDRS")
	}
	switch {
	case err != nil:
		return nil, nil, notJSON(err)
	case len(found) == 0:
		return nil, nil, news.Errorf(news.Invalid, "", "the file holds no items: there may be no news yet")
	case len(found) > MaxItems:
		return nil, nil, news.Errorf(news.TooLarge, "", "the file has more than the %d items allowed", MaxItems)
	}
	for _, e := range found {
		r.at = e.at
		r.item(e.item)
	}
	return r.items, r.losses.All(""), errors.Join(r.refused...)
}

// entry is an item where it was found.
type entry struct {
	at   string // JSON pointer
	item members
}

// reader collects what comes of one file.
type reader struct {
	dialect string
	at      string
	items   []*news.Item
	losses  loss.List
	refused []error
}

// item reads one item.
func (r *reader) item(m members) {
	if len(m) == 0 {
		r.refused = append(r.refused, news.Errorf(news.Invalid, r.at, "the item is empty or no object"))
		return
	}
	finish := r.apItem
	if r.dialect == LDRS {
		finish = r.ldrsItem
	}
	complete := finish(m, maxNesting)
	data, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		r.refused = append(r.refused, news.Errorf(news.Invalid, r.at, "%v", err))
		return
	}
	it, losses, err := ninjs.Read(data)
	if err != nil {
		r.refused = append(r.refused, news.Errorf(news.KindOf(err), r.at, "%v", err))
		return
	}
	for _, l := range losses {
		r.losses.Add(r.at+l.Path, l.Reason)
	}
	complete(it)
	foreign(it, r.dialect)
	r.items = append(r.items, it)
}

// foreign says of what ninjs has no name for whose it is: written as ninjs, it is no
// property of the item then, which would make the file invalid.
func foreign(it *news.Item, dialect string) {
	if len(it.Extra) > 0 {
		extra := make(map[string]stdjson.RawMessage, len(it.Extra))
		for pointer, v := range it.Extra {
			extra[dialect+pointer] = v
		}
		it.Extra = extra
	}
	for i := range it.Associations {
		foreign(&it.Associations[i], dialect)
	}
}

// take removes a member and returns its value; nil is none.
func (m members) take(name string) jsontext.Value {
	v := m[name]
	delete(m, name)
	return v
}

// takeText removes a member that is a string or a number and returns its text. Any
// other value stays, for the reader of ninjs to judge or to keep.
func (m members) takeText(name string) string {
	s := text(m[name])
	if s != "" {
		delete(m, name)
	}
	return s
}

func (m members) set(name string, value any) {
	if data, err := json.Marshal(value); err == nil { // own values always marshal
		m[name] = data
	}
}

// text returns a string or a number as a string, or "".
func text(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		var s string
		if json.Unmarshal(v, &s) == nil {
			return s
		}
	case '0':
		return string(v)
	}
	return ""
}

// texts returns the strings of a list; what is none is left out.
func texts(v jsontext.Value) []string {
	var out []string
	for _, e := range list(v) {
		if s := text(e); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// list returns the elements of a list; nil if the value is none.
func list(v jsontext.Value) []jsontext.Value {
	var all []jsontext.Value
	if v.Kind() != '[' || json.Unmarshal(v, &all) != nil {
		return nil
	}
	return all
}

// object returns the members of an object; nil if the value is none.
func object(v jsontext.Value) members {
	var m members
	if v.Kind() != '{' || json.Unmarshal(v, &m) != nil {
		return nil
	}
	return m
}

// rename gives a member another name unless there is one of that name.
func (m members) rename(from, to string) {
	if _, taken := m[to]; taken || len(m[from]) == 0 {
		return
	}
	m[to] = m.take(from)
}

func notJSON(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return news.Errorf(news.Invalid, string(syntax.JSONPointer), "not JSON at byte %d: %v", syntax.ByteOffset, syntax.Err)
	}
	return news.Errorf(news.Invalid, "", "not JSON: %v", err)
}

func place(path string, i int) string { return path + "/" + strconv.Itoa(i) }
