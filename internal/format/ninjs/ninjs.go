// Package ninjs reads and writes IPTC ninjs, the JSON format of news exchange.
//
// Read accepts every dialect from 1.0 to 3.3: the properties of all versions
// are told apart by name and shape, so a file that mixes them is read too.
// Write writes ninjs 3.0 and nothing else.
//
// The invariant: Write's output is valid against the published 3.0 schema
// (3.0.1), and Read of it gives back the very item. What an item holds and the
// schema has no place for travels in places the schema leaves open, under names
// that start with "jisr:"; docs/formats.md has the table. One exception: members
// of Item.Extra that a sender put at the top level are written back there, so
// output that has them is only as valid as its input was.
//
// Specification: https://www.iptc.org/std/ninjs/ and the schemas in
// https://github.com/iptc/newsinjson.
package ninjs

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// The standard that Write declares in its output.
const (
	standardName    = "ninjs"
	standardVersion = "3.0"
	standardSchema  = "http://www.iptc.org/std/ninjs/ninjs-schema_3.0.json#"
)

// maxPointer bounds what a deeply nested file can put into a message, in bytes.
const maxPointer = 200

const byteOrderMark = "\xef\xbb\xbf"

// withoutMark returns the data without a byte order mark.
func withoutMark(data []byte) []byte { return bytes.TrimPrefix(data, []byte(byteOrderMark)) }

// Detect reports whether head, the first bytes of a file, looks like ninjs of
// any version. The head may end anywhere.
func Detect(head []byte) bool {
	_, ok := Version(head)
	return ok
}

// Version returns the ninjs version that a file declares in its standard
// property, such as "2.1"; else the major version that its property names point
// to: "1", "2" or "3". A declaration in a property that the version does not have
// ($standard is 1.x's, standard that of the others) contradicts itself and does
// not count. It is false if the bytes do not look like ninjs. The head may end
// anywhere; what is missing is not looked at.
func Version(head []byte) (string, bool) {
	head = withoutMark(head)
	dec := jsontext.NewDecoder(bytes.NewBuffer(head))
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return "", false
	}
	marks, dialect := 0, "3"
	for dec.PeekKind() == '"' {
		tok, err := dec.ReadToken()
		if err != nil {
			break
		}
		name := tok.String()
		p := propertyNamed(name)
		kind := dec.PeekKind()
		value, err := dec.ReadValue()
		if p == pStandard && err == nil {
			if v, ok := declaredVersion(value); ok && (name == "$standard") == (v[0] == '1') {
				return v, true
			}
		}
		switch p {
		case pURI:
			marks += 2
		case pNone, pType, pVersion, pName, pRel, pTitle, pLanguage, pObject, pEvent, pSubject:
		default:
			marks++
		}
		dialect = min(dialect, dialectOf(p, name, kind, value))
		if err != nil {
			break
		}
	}
	return dialect, marks >= 2
}

// declaredVersion reads the standard object; it is false if that names no
// version of ninjs.
func declaredVersion(raw []byte) (string, bool) {
	r := reader{dec: jsontext.NewDecoder(bytes.NewBuffer(raw)), src: string(raw)}
	var s news.Standard
	if r.standard(&s) != nil {
		return "", false
	}
	if s.Version == "" {
		_, v, _ := strings.Cut(s.Schema, "ninjs-schema_")
		s.Version = strings.TrimSuffix(strings.TrimSuffix(v, "#"), ".json")
	}
	named := strings.EqualFold(s.Name, standardName) || strings.Contains(s.Schema, standardName)
	return s.Version, named && s.Version != ""
}

// dialectOf returns the last major version that has a property of this name
// and shape.
func dialectOf(p property, name string, kind jsontext.Kind, value jsontext.Value) string {
	switch p {
	case pHeadline, pHeadlineX, pDescriptionX, pBodyX, pByline, pMimeType, pCharCount, pWordCount,
		pPerson, pOrganisation, pPlace, pSubject, pEvent, pObject, pGenre, pInfoSource, pTrustIndicator:
		return "1"
	case pAssociations, pRenditions, pAltIDs:
		if kind == '{' {
			return "1"
		}
	case pRepresentation:
		if v := string(value); v == `"complete"` || v == `"incomplete"` {
			return "1"
		}
	}
	switch name {
	case "$standard":
		return "1"
	case "representationtype", "firstcreated", "versioncreated", "contentcreated", "contentdigitised", "embargoed", "pubstatus",
		"copyrightholder", "copyrightnotice", "usageterms", "ednote", "infosources", "altids", "trustindicators", "rightsinfo", "digitalsourcetype":
		return "2"
	}
	return "3"
}

// Read reads one item. What the source says and an item cannot hold is in the
// losses; unknown properties are kept in Item.Extra and are not losses.
//
// Errors are of kind Invalid or TooLarge. Their Field is the JSON pointer of
// the fault; faults of syntax also say the line and column.
func Read(data []byte) (*news.Item, []loss.Loss, error) {
	if len(data) > news.MaxContent {
		return nil, nil, news.Errorf(news.TooLarge, "", "%d bytes are more than the %d allowed for one item", len(data), news.MaxContent)
	}
	data = withoutMark(data)
	r := &reader{
		dec: jsontext.NewDecoder(bytes.NewBuffer(data)),
		// One copy of the source backs every string of the item, which saves an
		// allocation for each.
		src: string(data),
	}
	it := new(news.Item)
	if err := r.document(it); err != nil {
		return nil, nil, r.explain(err)
	}
	return it, r.losses, nil
}

// document reads the one item that a file holds.
func (r *reader) document(it *news.Item) error {
	if k := r.dec.PeekKind(); k != '{' {
		if k == jsontext.KindInvalid {
			if _, err := r.dec.ReadToken(); err != io.EOF {
				return err
			}
			return news.Errorf(news.Invalid, "", "the file is empty: send one ninjs item as a JSON object")
		}
		return news.Errorf(news.Invalid, "", "expected a JSON object but found %s: ninjs has one item a file", describe(k))
	}
	if err := r.item(it); err != nil {
		return err
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		if err == nil {
			return news.Errorf(news.Invalid, "", "something follows the item in %s: send one item a file", r.place(r.dec.InputOffset()))
		}
		return err
	}
	if it.URI == "" {
		return news.Errorf(news.Invalid, "/uri", "the item has no uri: ninjs requires one, such as tag:your.domain,2026:name")
	}
	return nil
}

// explain turns an error of the JSON syntax into one that a person can act on.
func (r *reader) explain(err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return news.Errorf(news.Invalid, "", "the JSON ends in %s before the item is complete: send the file again", r.place(int64(len(r.src))))
		}
		return err
	}
	field := string(r.base + syntax.JSONPointer)
	if len(field) > maxPointer {
		field = strings.ToValidUTF8(field[:maxPointer], "") + "…"
	}
	where := r.place(syntax.ByteOffset)
	switch {
	case errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		return news.Errorf(news.Invalid, field, "the member is given twice (%s): keep one", where)
	case errors.Is(syntax.Err, io.ErrUnexpectedEOF):
		return news.Errorf(news.Invalid, field, "the JSON ends in %s before the item is complete: send the file again", where)
	}
	return news.Errorf(news.Invalid, field, "not JSON in %s: %v", where, syntax.Err)
}

// place says where an offset lies, as editors count: from line 1, column 1, in
// bytes.
func (r *reader) place(offset int64) string {
	before := r.src[:min(max(offset, 0), int64(len(r.src)))]
	line := strings.Count(before, "\n") + 1
	column := len(before) - strings.LastIndexByte(before, '\n')
	return "line " + decimal(line) + ", column " + decimal(column)
}
