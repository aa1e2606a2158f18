package ninjs

import (
	"bytes"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// Names under which an item's further fields travel in ninjs 3.0. They are a
// promise to every node and file out there: add, never change.
const (
	housePrefix = "jisr:"
	// roleMore is the role of a description of type application/json that holds
	// whatever the schema has no place for, as an item whose lists are amended
	// by index: {"parts":[…],"renditions":{"0":{"digest":"sha256:…"}}}.
	roleMore     = "jisr:more"
	typeMore     = "application/json"
	roleDateline = "jisr:dateline"   // altIds
	roleCredit   = "jisr:creditLine" // altIds
	roleService  = "jisr:service"    // altIds
	roleMimeType = "jisr:mimetype"   // altIds, what 1.x says of the whole item
	roleOrigin   = "jisr:origin"     // altIds of a derivation's association
	markData     = "jisr:data"       // literal of a genre
	markProgram  = "jisr:programme"  // literal of a genre

	sourceTypeCV = "cv.iptc.org/newscodes/digitalsourcetype/"
	signalCV     = "cv.iptc.org/newscodes/signal/"
)

func isDigitalSourceType(uri string) bool { return inVocabulary(uri, sourceTypeCV) }
func isSignal(uri string) bool            { return inVocabulary(uri, signalCV) }

func inVocabulary(uri, vocabulary string) bool {
	rest, ok := strings.CutPrefix(uri, "http://")
	if !ok {
		rest, ok = strings.CutPrefix(uri, "https://")
	}
	return ok && strings.HasPrefix(rest, vocabulary) && len(rest) > len(vocabulary)
}

// settle moves what travels in open places of the schema to the fields of the
// item where it belongs, once the whole item has been read.
func (r *reader) settle(it *news.Item) error {
	r.settleTexts(it)
	settleGenres(it)
	settleAltIDs(it)
	settleDerivations(it)
	if it.Rights != nil && *it.Rights == (news.Rights{}) {
		it.Rights = nil
	}
	if it.Standard != nil && isOwn(*it.Standard) {
		it.Standard = nil
	}
	if i := slices.IndexFunc(it.Descriptions, isMore); i >= 0 && !r.amend {
		more := it.Descriptions[i].Value
		it.Descriptions = slices.Delete(it.Descriptions, i, i+1)
		if len(it.Descriptions) == 0 {
			it.Descriptions = nil
		}
		if slices.ContainsFunc(it.Descriptions, isMore) {
			return news.Errorf(news.Invalid, r.pointer()+"/descriptions", "two descriptions have the role %s: keep one", roleMore)
		}
		return r.amendBy(it, more, i)
	}
	return nil
}

func isMore(w news.Words) bool { return w.Role == roleMore && w.ContentType == typeMore }

// isOwn reports whether a standard is none, or the one that Write declares
// anyway. An item has no Standard then.
func isOwn(s news.Standard) bool {
	s.Schema = strings.TrimSuffix(s.Schema, "#")
	return s == news.Standard{} || s == news.Standard{Name: standardName, Version: standardVersion, Schema: strings.TrimSuffix(standardSchema, "#")}
}

// amendBy reads the content of the item's jisr:more description, which stood
// at the index.
func (r *reader) amendBy(it *news.Item, more string, index int) error {
	if jsontext.Value(more).Kind() != '{' {
		return news.Errorf(news.Invalid, r.pointer()+"/descriptions/"+decimal(index), "the %s description is not a JSON object: remove it or send it again", roleMore)
	}
	sub := &reader{
		dec: jsontext.NewDecoder(bytes.NewBufferString(more)),
		src: more, amend: true,
		base:    r.base + r.dec.StackPointer() + jsontext.Pointer("/descriptions/"+decimal(index)+"/value"),
		losses:  r.losses,
		entries: r.entries,
	}
	// Not sub.item: what other places of the item said is settled already.
	sub.item0 = it
	err := sub.object(func(name string) error {
		return sub.property(it, propertyNamed(name), name)
	})
	if err == nil {
		if _, end := sub.dec.ReadToken(); end != io.EOF {
			err = news.Errorf(news.Invalid, string(sub.base), "something follows the object of the %s description", roleMore)
		}
	}
	r.losses, r.entries = sub.losses, sub.entries
	if err != nil {
		return sub.explain(err)
	}
	return nil
}

// houseProperty reads the members of jisr:more that no version of ninjs has.
// It reports whether it knows the name.
func (r *reader) houseProperty(it *news.Item, name string) (bool, error) {
	switch name {
	case "creators":
		return true, list(r, &it.Creators, r.concept)
	case "audiences":
		return true, list(r, &it.Audiences, r.concept)
	case "signals":
		return true, list(r, &it.Signals, r.concept)
	case "parts":
		return true, list(r, &it.Parts, r.part)
	case "hops":
		return true, list(r, &it.Hops, r.hop)
	case "derivedFrom":
		return true, list(r, &it.DerivedFrom, r.derivation)
	case "dateline":
		return true, r.text(&it.Dateline)
	case "creditLine":
		return true, r.text(&it.CreditLine)
	case "service":
		return true, r.text(&it.Service)
	case "extra":
		return true, r.object(func(name string) error {
			raw, err := r.raw()
			if err != nil {
				return err
			}
			return r.keep(name, raw)
		})
	}
	return false, nil
}

func (r *reader) part(p *news.Part) error {
	return r.object(func(name string) error {
		switch name {
		case "id":
			return r.text(&p.ID)
		case "role":
			return r.text(&p.Role)
		case "seq":
			return r.integer(&p.Seq)
		case "start":
			return r.text(&p.Start)
		case "end":
			return r.text(&p.End)
		case "unit":
			return r.text(&p.Unit)
		case "description":
			return r.text(&p.Description)
		case "language":
			return r.text(&p.Language)
		}
		return r.unknown()
	})
}

func (r *reader) hop(h *news.Hop) error {
	return r.object(func(name string) error {
		switch name {
		case "seq":
			return r.integer(&h.Seq)
		case "party":
			return r.concept(&h.Party)
		case "action":
			return r.text(&h.Action)
		case "at":
			return r.time(&h.At, false)
		}
		return r.unknown()
	})
}

func (r *reader) derivation(d *news.Derivation) error {
	return r.object(func(name string) error {
		switch name {
		case "relation":
			return r.text((*string)(&d.Relation))
		case "uri":
			return r.text(&d.URI)
		case "version":
			return r.text(&d.Version)
		case "origin":
			return r.text(&d.Origin)
		}
		return r.unknown()
	})
}

// settleTexts puts what 1.x says of the item as a whole where later versions
// say it.
func (r *reader) settleTexts(it *news.Item) {
	l := &r.late
	if (l.charCount != 0 || l.wordCount != 0) && len(it.Bodies) == 0 {
		r.lose("charcount and wordcount were not kept: the item has no body")
	}
	if len(it.Bodies) > 0 {
		b := &it.Bodies[0]
		if b.CharCount == 0 {
			b.CharCount = l.charCount
		}
		if b.WordCount == 0 {
			b.WordCount = l.wordCount
		}
	}
	if l.mimeType != "" {
		it.AltIDs = append(it.AltIDs, news.AltID{Role: roleMimeType, Value: l.mimeType})
	}
}

// settleGenres takes the digital source type, the signals and the marks of our
// own types out of the genres.
func settleGenres(it *news.Item) {
	if len(it.Genres) == 0 {
		return
	}
	rest := it.Genres[:0]
	for _, g := range it.Genres {
		switch {
		case it.DigitalSourceType == "" && isDigitalSourceType(g.URI):
			it.DigitalSourceType = g.URI
			if g.Name == "" && g.Literal == "" {
				continue
			}
		case isSignal(g.URI):
			it.Signals = append(it.Signals, g)
			continue
		case g.Literal == markProgram && g.URI == "" && it.Type == news.Composite:
			it.Type = news.Programme
			continue
		case g.Literal == markData && g.URI == "" && it.Type == news.Component:
			it.Type = news.Data
			continue
		}
		rest = append(rest, g)
	}
	clear(it.Genres[len(rest):])
	if it.Genres = rest; len(rest) == 0 {
		it.Genres = nil
	}
}

// settleAltIDs takes our own lines out of the alternative ids.
func settleAltIDs(it *news.Item) {
	if len(it.AltIDs) == 0 {
		return
	}
	rest := it.AltIDs[:0]
	for _, a := range it.AltIDs {
		var dst *string
		switch a.Role {
		case roleDateline:
			dst = &it.Dateline
		case roleCredit:
			dst = &it.CreditLine
		case roleService:
			dst = &it.Service
		}
		if dst == nil || *dst != "" || a.Value == "" {
			rest = append(rest, a)
			continue
		}
		*dst = a.Value
	}
	if it.AltIDs = rest; len(rest) == 0 {
		it.AltIDs = nil
	}
}

// settleDerivations takes the sources of the item out of its associations.
func settleDerivations(it *news.Item) {
	if !slices.ContainsFunc(it.Associations, isDerivation) {
		return
	}
	var rest []news.Item
	for _, a := range it.Associations {
		if !isDerivation(a) {
			rest = append(rest, a)
			continue
		}
		d := news.Derivation{Relation: news.DerivationRelation(a.Name[len(housePrefix):]), URI: a.URI, Version: a.Version}
		if len(a.AltIDs) == 1 {
			d.Origin = a.AltIDs[0].Value
		}
		it.DerivedFrom = append(it.DerivedFrom, d)
	}
	it.Associations = rest
}

// isDerivation reports whether an association is what Write makes of a
// derivation, and nothing more.
func isDerivation(a news.Item) bool {
	relation, ok := strings.CutPrefix(a.Name, housePrefix)
	if !ok || !isRelation(news.DerivationRelation(relation)) || a.URI == "" {
		return false
	}
	switch len(a.AltIDs) {
	case 0:
	case 1:
		if a.AltIDs[0].Role != roleOrigin || a.AltIDs[0].Value == "" {
			return false
		}
	default:
		return false
	}
	return reflect.DeepEqual(a, news.Item{Name: a.Name, URI: a.URI, Version: a.Version, AltIDs: a.AltIDs})
}

func isRelation(d news.DerivationRelation) bool {
	switch d {
	case news.TranslationOf, news.RewriteOf, news.CopyOf, news.PartOf:
		return true
	}
	return false
}
