package newsmlg2

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"reflect"
	"strings"

	"jisr/internal/format/loss"
	"jisr/internal/format/ninjs"
	"jisr/internal/format/xmltree"
	"jisr/internal/news"
)

// What an item says and NewsML-G2 has no place for goes into one element of the
// house's own namespace at the end of itemMeta, where the schema allows elements of
// others:
//
//	<more xmlns="urn:jisr:g2:" over="associations:9f86d081884c7d65 trustIndicators:…">{…}</more>
//
// Its text is the item in ninjs, with those fields alone that over names. Behind
// each name stands a digest of what the rest of the document says of the field. A
// field counts only while that is so: if a system on the way changed what it can
// see, its change counts. Identity, status and embargo are never taken from here,
// so that nobody can let out in the one place what the other holds back.

const moreName = "more"

// neverMore are the fields that only the standard's own elements may set.
var neverMore = map[string]bool{"URI": true, "PubStatus": true, "Embargoed": true}

// fieldNamed returns the name of the item's field that a property has: both have
// the same but for the case of letters.
func fieldNamed(property string) (string, bool) {
	if property == "rightsInfo" {
		property = "rights"
	}
	f, ok := reflect.TypeFor[news.Item]().FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, property) })
	return f.Name, ok && !neverMore[f.Name]
}

// alone returns an item that has one field of another.
func alone(it *news.Item, field string) *news.Item {
	one := &news.Item{URI: it.URI}
	copyField(one, it, field)
	return one
}

func copyField(to, from *news.Item, field string) {
	reflect.ValueOf(to).Elem().FieldByName(field).Set(reflect.ValueOf(from).Elem().FieldByName(field))
}

// inNinjs returns one field of an item in ninjs, which has a place for everything;
// ok is false for what nothing can hold.
func inNinjs(it *news.Item, field string) (data []byte, ok bool) {
	data, err := ninjs.Write(alone(it, field))
	return data, err == nil
}

// digest returns what over says of a field in ninjs.
func digest(field []byte) string {
	sum := sha256.Sum256(field)
	return hex.EncodeToString(sum[:8])
}

// complete writes the item a second time if the first time lost something, with
// what was lost beside it. It returns the losses that remain, and those that only
// we read.
func (w *writer) complete(out *xmltree.Writer, alone bool) (apart []loss.Loss) {
	var losses loss.List
	ids := maps.Clone(w.ids)
	first := &writer{it: w.it, at: w.at, prefix: w.prefix, losses: &losses, ids: ids}
	text := first.document()
	lost := losses.All(w.at)
	if len(lost) > 0 {
		ids = maps.Clone(w.ids)
		second := &writer{it: w.it, at: w.at, prefix: w.prefix, losses: new(loss.List), ids: ids, more: moreOf(w.it, text)}
		if second.more != "" {
			if all := second.document(); len(all) <= news.MaxContent {
				w.more, text = second.more, all
				lost, apart = stillLost(w.it, all, w.at, lost)
			}
		}
	}
	for _, l := range lost {
		w.lost.Add(l.Path, l.Reason)
	}
	if alone {
		out.Raw(text)
		return apart
	}
	w.losses = new(loss.List)
	w.item(out, alone)
	return apart
}

// document returns the item as a document of its own.
func (w *writer) document() string {
	var out xmltree.Writer
	w.item(&out, true)
	return out.String()
}

// moreOf returns the element that completes what a document says of the item, or
// "".
func moreOf(it *news.Item, document string) string {
	read, _, err := Read([]byte(document))
	if err != nil || len(read) != 1 {
		return ""
	}
	rest := &news.Item{URI: it.URI}
	var over []string
	for f := range reflect.TypeFor[news.Item]().Fields() {
		is, ok := inNinjs(it, f.Name)
		was, ok2 := inNinjs(read[0], f.Name)
		if !ok || !ok2 || neverMore[f.Name] || bytes.Equal(is, was) {
			continue
		}
		copyField(rest, it, f.Name)
		over = append(over, strings.ToLower(f.Name[:1])+f.Name[1:]+":"+digest(was))
	}
	data, err := ninjs.Write(rest)
	if len(over) == 0 || err != nil {
		return ""
	}
	// JSON leaves two characters as they are that XML does not allow.
	text := strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`).Replace(string(data))
	var out xmltree.Writer
	out.Element(moreName, text, "xmlns", houseURI, "over", strings.Join(over, " "))
	return out.String()
}

// stillLost tells the losses of fields that come back from the document from those
// that do not.
func stillLost(it *news.Item, document, at string, losses []loss.Loss) (lost, apart []loss.Loss) {
	read, _, err := Read([]byte(document))
	if err != nil || len(read) != 1 {
		return losses, nil
	}
	for _, l := range losses {
		property, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(l.Path, at), "/"), "/")
		if name, ok := fieldNamed(property); ok {
			is, ok := inNinjs(it, name)
			again, ok2 := inNinjs(read[0], name)
			if ok && ok2 && bytes.Equal(is, again) {
				apart = append(apart, l)
				continue
			}
		}
		lost = append(lost, l)
	}
	return lost, apart
}

// complete takes over what the writer put beside the rest of the item.
func (t *translation) complete(n *xmltree.Node) {
	rest, _, err := ninjs.Read([]byte(n.Raw()))
	if err != nil {
		t.lose(n, "what stands here for us cannot be read: "+err.Error())
		return
	}
	for one := range strings.FieldsSeq(n.Attr("over")) {
		property, sum, _ := strings.Cut(one, ":")
		field, ok := fieldNamed(property)
		if !ok {
			t.lose(n, property+" is not taken from here")
			continue
		}
		if was, ok := inNinjs(t.it, field); !ok || digest(was) != sum {
			t.lose(n, property+" was changed after the item was written: the change counts")
			continue
		}
		copyField(t.it, rest, field)
	}
}
