package news

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Limits on one item. They are far above what agencies send and keep one item
// from filling a node.
const (
	MaxURI        = 2048      // bytes
	MaxLine       = 4096      // bytes of a headline, slugline, byline …
	MaxText       = 3 << 20   // bytes of a body
	MaxList       = 2000      // entries of any list
	MaxContent    = 4 << 20   // bytes of an item's content, exchange.md "Limits"
	maxNesting    = 4         // associations of associations
	clockSkewHint = time.Hour // an item dated further in the future is refused
)

// Validate reports the first thing that keeps the item from being accepted, as
// an Error of kind Invalid that names the field by its ninjs name. now is the
// node's clock.
func (it *Item) Validate(now time.Time) error {
	if it.URI == "" {
		return Errorf(Invalid, "uri", "an item needs a uri; give it one such as tag:%s,%d:name", "your.domain", now.Year())
	}
	if err := ValidURI("uri", it.URI); err != nil {
		return err
	}
	return it.validateAt("", now, 0)
}

func (it *Item) validateAt(at string, now time.Time, depth int) error {
	if depth > maxNesting {
		return Errorf(Invalid, at+"associations", "associations are nested more than %d deep", maxNesting)
	}
	if it.Type != "" && !slices.Contains(Types, it.Type) {
		return Errorf(Invalid, at+"type", "%q is not a type we know; use one of %v", it.Type, Types)
	}
	if it.Language != "" {
		if _, err := language.Parse(it.Language); err != nil {
			return Errorf(Invalid, at+"language", "%q is not a BCP 47 language tag such as ar, ru or en-GB", it.Language)
		}
	}
	if it.Urgency < 0 || it.Urgency > 9 {
		return Errorf(Invalid, at+"urgency", "%d is outside 1 (highest) to 9", it.Urgency)
	}
	switch it.PubStatus {
	case "", Usable, Withheld, Canceled:
	default:
		return Errorf(Invalid, at+"pubStatus", "%q is not usable, withheld or canceled", it.PubStatus)
	}
	if it.VersionCreated.After(now.Add(clockSkewHint)) {
		return Errorf(Invalid, at+"versionCreated", "%s lies in the future: check the sender's clock", it.VersionCreated.Format(time.RFC3339))
	}
	if !it.Expires.IsZero() && !it.Embargoed.IsZero() && it.Expires.Before(it.Embargoed) {
		return Errorf(Invalid, at+"expires", "the item expires before its embargo ends")
	}
	if err := it.validateTexts(at); err != nil {
		return err
	}
	if err := it.validateLists(at); err != nil {
		return err
	}
	for i := range it.Renditions {
		if err := it.Renditions[i].validate(fmt.Sprintf("%srenditions[%d].", at, i)); err != nil {
			return err
		}
	}
	for i := range it.Associations {
		if err := it.Associations[i].validateAt(fmt.Sprintf("%sassociations[%d].", at, i), now, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (it *Item) validateTexts(at string) error {
	lines := []struct{ field, value string }{
		{"title", it.Title}, {"slugline", it.Slugline}, {"by", it.By}, {"located", it.Located},
		{"edNote", it.EdNote}, {"usageTerms", it.UsageTerms}, {"copyrightNotice", it.CopyrightNotice},
		{"copyrightHolder", it.CopyrightHolder}, {"profile", it.Profile},
	}
	for _, l := range lines {
		if err := validText(at+l.field, l.value, 16*MaxLine); err != nil {
			return err
		}
	}
	for i, h := range it.Headlines {
		if err := validText(fmt.Sprintf("%sheadlines[%d]", at, i), h.Value, MaxLine); err != nil {
			return err
		}
	}
	for i, d := range it.Descriptions {
		if err := validText(fmt.Sprintf("%sdescriptions[%d]", at, i), d.Value, MaxText); err != nil {
			return err
		}
	}
	for i, b := range it.Bodies {
		if err := validText(fmt.Sprintf("%sbodies[%d]", at, i), b.Value, MaxText); err != nil {
			return err
		}
	}
	return nil
}

func (it *Item) validateLists(at string) error {
	lists := []struct {
		field string
		n     int
	}{
		{"headlines", len(it.Headlines)}, {"descriptions", len(it.Descriptions)}, {"bodies", len(it.Bodies)},
		{"people", len(it.People)}, {"organisations", len(it.Organisations)}, {"places", len(it.Places)},
		{"subjects", len(it.Subjects)}, {"events", len(it.Events)}, {"objects", len(it.Objects)},
		{"genres", len(it.Genres)}, {"infoSources", len(it.InfoSources)}, {"altIds", len(it.AltIDs)},
		{"renditions", len(it.Renditions)}, {"associations", len(it.Associations)},
	}
	for _, l := range lists {
		if l.n > MaxList {
			return Errorf(TooLarge, at+l.field, "%d entries are more than the %d allowed", l.n, MaxList)
		}
	}
	for i, d := range it.DerivedFrom {
		if err := ValidURI(fmt.Sprintf("%sderivedFrom[%d]", at, i), d.URI); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rendition) validate(at string) error {
	if r.Name == "" {
		return Errorf(Invalid, at+"name", "a rendition needs a name such as main or thumbnail")
	}
	if r.Digest != "" && !ValidDigest(r.Digest) {
		return Errorf(Invalid, at+"digest", "%q is not sha256: and 64 hex digits", r.Digest)
	}
	if r.Width < 0 || r.Height < 0 || r.SizeInBytes < 0 || r.Duration < 0 {
		return Errorf(Invalid, at+"width", "sizes and durations cannot be negative")
	}
	return nil
}

// ValidURI reports why s cannot name an item, as an Error about the field.
func ValidURI(field, s string) error {
	if len(s) > MaxURI {
		return Errorf(TooLarge, field, "%d bytes are more than the %d allowed", len(s), MaxURI)
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return Errorf(Invalid, field, "%q is not a URI with a scheme such as urn:, tag: or https:", s)
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }); i >= 0 {
		return Errorf(Invalid, field, "the URI has a space or control character at byte %d", i)
	}
	return nil
}

// ValidDigest reports whether s is "sha256:" and 64 lower-case hex digits.
func ValidDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	if !ok || len(hex) != 64 {
		return false
	}
	return strings.Trim(hex, "0123456789abcdef") == ""
}

func validText(field, s string, limit int) error {
	if len(s) > limit {
		return Errorf(TooLarge, field, "%d bytes are more than the %d allowed", len(s), limit)
	}
	if !utf8.ValidString(s) {
		return Errorf(Invalid, field, "the text is not valid UTF-8: check the sender's charset")
	}
	if strings.ContainsRune(s, 0) {
		return Errorf(Invalid, field, "the text contains a NUL character")
	}
	return nil
}
