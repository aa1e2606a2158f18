package ninjs

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// Bounds on what a hostile file can make us allocate. Each is far above what
// agencies send; the file's size has its own limit.
const (
	maxAssociationDepth = 8      // associations of associations
	maxAssociations     = 2000   // in the whole file
	maxEntries          = 50_000 // entries of all lists of the file
	maxRawDepth         = 64     // nesting of a property that is kept as it is
)

// reader walks one JSON document once and fills an item.
type reader struct {
	dec    *jsontext.Decoder
	src    string           // the document; strings of the item are parts of it
	base   jsontext.Pointer // where the document stands in the file, for errors
	losses []loss.Loss
	item0  *news.Item // the item being read
	depth0 int        // depth of that item in the document
	// amend is set while jisr:more is read: lists are then objects that amend
	// the entries of the list by their index, or arrays that replace it.
	amend bool

	associations, associationDepth, entries int
	scratch                                 []byte // for strings with escapes
	late                                    late
}

// pointer returns the JSON pointer of the value read last.
func (r *reader) pointer() string { return string(r.base + r.dec.StackPointer()) }

// invalid returns an error about the value read last.
func (r *reader) invalid(format string, args ...any) error {
	return news.Errorf(news.Invalid, r.pointer(), format, args...)
}

func (r *reader) lose(format string, args ...any) {
	if len(r.losses) < news.MaxList {
		r.losses = append(r.losses, loss.Loss{Path: r.pointer(), Reason: news.Errorf("", "", format, args...).Message})
	}
}

// wrong reads the next value and returns an error that says what was expected
// in its place.
func (r *reader) wrong(expected string) error {
	kind := r.dec.PeekKind()
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	return r.invalid("expected %s but found %s", expected, describe(kind))
}

// describe names a kind of JSON value.
func describe(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "no value"
}

// object reads an object and calls member for each of its members, which must
// read the value. Members that are null count as absent.
func (r *reader) object(member func(name string) error) error {
	if r.dec.PeekKind() != '{' {
		return r.wrong("an object")
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != '}' {
		name, err := r.stringValue()
		if err != nil {
			return err
		}
		if r.dec.PeekKind() == 'n' {
			if _, err := r.dec.ReadToken(); err != nil {
				return err
			}
			continue
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// list reads an array and appends to dst what read makes of each entry; null
// entries are skipped. When amending, an array replaces the list and an object
// amends the entries that its members name by index.
func list[T any](r *reader, dst *[]T, read func(*T) error) error {
	if r.amend {
		if r.dec.PeekKind() == '{' {
			return r.object(func(name string) error {
				i, err := strconv.Atoi(name)
				if err != nil || i < 0 || i >= len(*dst) {
					return r.invalid("there is no entry %q to amend", name)
				}
				return read(&(*dst)[i])
			})
		}
		*dst = nil
	}
	if r.dec.PeekKind() != '[' {
		return r.wrong("an array")
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.dec.PeekKind() != ']' {
		if r.dec.PeekKind() == 'n' {
			if _, err := r.dec.ReadToken(); err != nil {
				return err
			}
			continue
		}
		entry, err := grow(r, dst)
		if err != nil {
			return err
		}
		if err := read(entry); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// grow appends a zero entry to the list within the bounds.
func grow[T any](r *reader, dst *[]T) (*T, error) {
	r.entries++
	if len(*dst) >= news.MaxList {
		return nil, news.Errorf(news.TooLarge, r.pointer(), "the list has more than the %d entries allowed", news.MaxList)
	}
	if r.entries > maxEntries {
		return nil, news.Errorf(news.TooLarge, r.pointer(), "the lists of the file have more than the %d entries allowed", maxEntries)
	}
	var zero T
	*dst = append(*dst, zero)
	return &(*dst)[len(*dst)-1], nil
}

// text reads a string into dst.
func (r *reader) text(dst *string) error {
	if r.dec.PeekKind() != '"' {
		return r.wrong("a string")
	}
	s, err := r.stringValue()
	*dst = s
	return err
}

// stringValue reads a string or a member name, which the caller has peeked.
func (r *reader) stringValue() (string, error) {
	raw, err := r.dec.ReadValue()
	if err != nil {
		return "", err
	}
	end := r.dec.InputOffset() - 1
	s := r.src[end-int64(len(raw))+2 : end]
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	r.scratch = appendUnescaped(slices.Grow(r.scratch[:0], len(s)), s)
	return string(r.scratch), nil
}

// raw reads any value and returns it without insignificant white space.
func (r *reader) raw() (json.RawMessage, error) {
	v, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if nesting(v) > maxRawDepth {
		return nil, r.invalid("the value is nested more than %d deep", maxRawDepth)
	}
	v = v.Clone()
	if err := v.Compact(); err != nil {
		return nil, err
	}
	return json.RawMessage(v), nil
}

// nesting returns how deep valid JSON is nested.
func nesting(v []byte) int {
	deepest, depth, quoted := 0, 0, false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

// strings reads an array of strings.
func (r *reader) strings(dst *[]string) error {
	return list(r, dst, func(s *string) error { return r.text(s) })
}

// number reads a number that fits a float64.
func (r *reader) number(dst *float64) error {
	if r.dec.PeekKind() != '0' {
		return r.wrong("a number")
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	*dst, err = strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return r.invalid("the number %s is too large", short(string(raw)))
	}
	return nil
}

// maxExact bounds the whole numbers that every JSON reader holds exactly.
const maxExact = 1 << 53

// integer reads a whole number. Before 3.0 the schemas allow fractions where
// only whole numbers make sense; those are rounded and reported.
func (r *reader) integer(dst *int) error {
	if r.dec.PeekKind() != '0' {
		return r.wrong("a number")
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return err
	}
	if n, err := strconv.ParseInt(string(raw), 10, 54); err == nil {
		*dst = int(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(f) >= maxExact {
		return r.invalid("the number %s is too large", short(string(raw)))
	}
	if f != math.Trunc(f) {
		r.lose("%s is not a whole number and was rounded", raw)
	}
	*dst = int(math.Round(f))
	return nil
}

// short cuts a token that goes into an error message.
func short(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func decimal(n int) string { return strconv.Itoa(n) }

// time reads a date-time. A value that cannot be understood is reported and
// left out; when it guards the use of the item (embargo, expiry), it is an
// error, because dropping it would release what must not be released.
func (r *reader) time(dst *time.Time, guards bool) error {
	var s string
	if err := r.text(&s); err != nil {
		return err
	}
	t, zoned, ok := parseTime(s)
	switch {
	case !ok && guards:
		return r.invalid("%q is not a date-time such as 2026-03-01T12:00:00+03:00", short(s))
	case !ok:
		r.lose("%q is not a date-time such as 2026-03-01T12:00:00+03:00", short(s))
		return nil
	case !zoned:
		r.lose("%q has no offset and was taken as UTC", short(s))
	}
	*dst = t
	return nil
}

// parseTime reads RFC 3339 and the ISO 8601 forms that senders use instead.
// zoned is false if the value leaves its offset open.
func parseTime(s string) (t time.Time, zoned, ok bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true, true
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "20060102T150405Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true, true
		}
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, false, true
		}
	}
	return time.Time{}, false, false
}

// unknown keeps a member that no field names, under its pointer in the item.
func (r *reader) unknown() error {
	raw, err := r.raw()
	if err != nil {
		return err
	}
	p := r.dec.StackPointer()
	for range r.depth0 {
		_, rest, _ := strings.Cut(string(p[1:]), "/")
		p = jsontext.Pointer("/" + rest)
	}
	key := string(p)
	if r.amend {
		key = roleMore + key
	}
	return r.keep(key, raw)
}

// keep puts a value into the item's Extra.
func (r *reader) keep(key string, raw json.RawMessage) error {
	if len(r.item0.Extra) >= news.MaxList {
		return news.Errorf(news.TooLarge, r.pointer(), "more than %d unknown members", news.MaxList)
	}
	if r.item0.Extra == nil {
		r.item0.Extra = map[string]json.RawMessage{}
	}
	r.item0.Extra[key] = raw
	return nil
}
