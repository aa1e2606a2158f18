// Package lexical reads what senders write for dates, language tags and
// identities, which is seldom what their formats ask for.
//
// The invariant: what it returns can be written by every format of ours; what it
// had to assume, it tells.
package lexical

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"golang.org/x/text/language"

	"jisr/internal/news"
)

// Time reads a date and time in ISO 8601, extended or basic (RFC 3339, and the
// forms of NITF and NewsML 1: 20260301T070000+0300). zoned is false if s names no
// zone: then the time is taken as UTC. ok is false if s is no date.
func Time(s string) (at time.Time, zoned, ok bool) {
	for _, layout := range []string{
		time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00", "20060102T150405Z0700", "2006-01-02T15:04:05Z07",
		"20060102T150405Z07:00", "20060102T1504Z0700", "20060102T150405Z07",
	} {
		if v, err := time.Parse(layout, s); err == nil {
			v, ok = storable(v)
			return v, true, ok
		}
	}
	for _, layout := range []string{
		"2006-01-02T15:04:05", "2006-01-02T15:04", "20060102T150405", "20060102T1504", "2006-01-02 15:04:05", "2006-01-02", "20060102",
	} {
		if v, err := time.Parse(layout, s); err == nil {
			v, ok = storable(v)
			return v, false, ok
		}
	}
	return time.Time{}, false, false
}

// storable returns the time in a form that every format of ours can write. JSON
// has no years beyond 9999 and no offsets of a day.
func storable(v time.Time) (time.Time, bool) {
	if _, err := v.MarshalJSON(); err != nil {
		return time.Time{}, false
	}
	if _, offset := v.Zone(); offset == 0 {
		return v.UTC(), true
	}
	return v, true
}

// Language returns a language tag in the form that BCP 47 wants; ok is false if
// s is none.
func Language(s string) (tag string, ok bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), "_", "-")
	if s == "" {
		return "", true
	}
	_, err := language.Parse(s)
	return s, err == nil
}

// IsUUID reports whether s is a bare UUID.
func IsUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		strings.Count(s, "-") == 4 && strings.Trim(s, "-0123456789abcdefABCDEF") == ""
}

// IsURI reports whether s can name an item as it is.
func IsURI(s string) bool { return news.ValidURI("", s) == nil }

// URN joins the parts to a URN of the name space, each part escaped so that it
// can be told from the others: "urn:nitf:" and so on. Empty parts are left out.
func URN(space string, parts ...string) string {
	out := "urn:" + space
	for _, p := range parts {
		if p != "" {
			out += ":" + strings.ReplaceAll(url.PathEscape(p), ":", "%3A")
		}
	}
	return out
}

// Parts returns the parts that URN joined.
func Parts(space, urn string) ([]string, bool) {
	rest, ok := strings.CutPrefix(urn, "urn:"+space+":")
	if !ok {
		return nil, false
	}
	parts := strings.Split(rest, ":")
	for i, p := range parts {
		plain, err := url.PathUnescape(p)
		if err != nil {
			return nil, false
		}
		parts[i] = plain
	}
	return parts, true
}

// ContentURI names an item that has no name by its bytes: the same file gets the
// same name, another version gets another one, so no correction can follow it.
func ContentURI(data []byte) string {
	sum := sha256.Sum256(data)
	sum[6] = sum[6]&0x0f | 0x80 // a UUID of version 8: made by a rule of our own
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return "urn:uuid:" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// Join returns a and b with sep between them if both say something. It adds
// nothing to a text that is over the limit of a line already, and which
// Item.Validate will refuse: a file that repeats an element without end would
// make the joining quadratic.
func Join(a, sep, b string) string {
	switch {
	case a == "" || b == "":
		return a + b
	case len(a) > 16*news.MaxLine:
		return a
	}
	return a + sep + b
}

// JoinNew is Join unless a says b already.
func JoinNew(a, sep, b string) string {
	if len(a) > 16*news.MaxLine || strings.Contains(a, b) {
		return a
	}
	return Join(a, sep, b)
}

// Shorten cuts a text for a report.
func Shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// SaysEmbargoed reports whether a text says that something is under an embargo, in
// the words with which desks write it where the format has no field or they do not
// use it. It does not take an embargo on oil for one.
func SaysEmbargoed(text string) bool {
	text = strings.ToUpper(text)
	for _, phrase := range [...]string{"EMBARGOED", "EMBARGO UNTIL", "EMBARGO:", "UNDER EMBARGO", "SPERRFRIST", "НЕ РАНЕЕ", "ЭМБАРГО ДО", "محظور النشر", "حظر النشر"} {
		if strings.Contains(text, phrase) {
			return true
		}
	}
	return false
}

// Stricter returns the status that holds an item back more: canceled, withheld,
// usable, none. A status that is none of these counts as none.
func Stricter(set, next news.PubStatus) news.PubStatus {
	for _, s := range [...]news.PubStatus{news.Canceled, news.Withheld, news.Usable} {
		if set == s || next == s {
			return s
		}
	}
	return set
}
