package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/news"
)

// Kind says what an entry records.
type Kind string

// The kinds of version 1 (exchange.md, "Ledger"). An unknown kind is kept and
// shown raw, never dropped; Malformed is how the journal files an entry of a
// partner that proves to be in its ledger but cannot be read.
const (
	KindItem      Kind = "item"
	KindAgreement Kind = "agreement"
	KindUse       Kind = "use"
	KindKey       Kind = "key"
	KindClaim     Kind = "claim"
	KindVerdict   Kind = "verdict"
	KindAccord    Kind = "accord"
	KindRemoval   Kind = "removal"
	Malformed     Kind = "malformed"
)

// MaxEntry is the largest entry in bytes.
const MaxEntry = 1 << 20

// nonceSize is the length of an entry's nonce in bytes: it keeps the leaf of a
// hidden entry from being guessed.
const nonceSize = 16

// Hash is a SHA-256 value: of an entry (its leaf), of content, of a tree.
type Hash [sha256.Size]byte

// String returns the hash in the form that entries carry: "sha256:" and hex.
func (h Hash) String() string { return "sha256:" + hex.EncodeToString(h[:]) }

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHash(string(b))
	return err
}

// ParseHash is the inverse of Hash.String.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if !news.ValidDigest(s) {
		return h, news.Errorf(news.Invalid, "digest", "%q is not sha256: and 64 hex digits", s)
	}
	_, err := hex.Decode(h[:], []byte(strings.TrimPrefix(s, "sha256:")))
	return h, err
}

// Sum returns the hash of the bytes.
func Sum(b []byte) Hash { return sha256.Sum256(b) }

// Entry is one record of an organisation: what it says to others and stands by.
// Its bytes are kept as first written; this struct is only a reading of them.
type Entry struct {
	V       int            `json:"v"`
	Kind    Kind           `json:"kind"`
	Origin  string         `json:"origin"`
	At      time.Time      `json:"at"`
	Nonce   string         `json:"nonce"` // 16 random bytes in hex
	Actor   Actor          `json:"actor,omitzero"`
	Ref     string         `json:"ref,omitempty"`  // id of what the entry speaks of
	Prev    string         `json:"prev,omitempty"` // hash of the entry it supersedes
	Body    jsontext.Value `json:"body,omitempty"`
	Digests []string       `json:"digests,omitempty"` // content first, then media
}

// Actor is who acted, by role. A name is given only by those who want to be
// named: an entry can never be erased.
type Actor struct {
	Role string `json:"role,omitempty"`
	Name string `json:"name,omitempty"`
}

// Draft is what a room asks the ledger to record.
type Draft struct {
	Kind    Kind
	Actor   Actor
	Ref     string
	Prev    string
	Body    any      // marshalled to JSON
	Content []byte   // stored under its digest; nil for none
	Media   []string // digests of media that the entry commits to
}

// write makes the entry of a draft, as it goes into the journal.
func (d *Draft) write(origin string, at time.Time) (*placed, error) {
	if len(d.Content) > news.MaxContent {
		return nil, news.Errorf(news.TooLarge, "content", "%d bytes are more than the %d a content may have", len(d.Content), news.MaxContent)
	}
	body, err := json.Marshal(d.Body)
	if err != nil {
		return nil, err
	}
	p := &placed{kind: d.Kind, ref: d.Ref, content: d.Content}
	var nonce [nonceSize]byte
	rand.Read(nonce[:])
	e := Entry{
		V: 1, Kind: d.Kind, Origin: origin, At: at.UTC(), Nonce: hex.EncodeToString(nonce[:]),
		Actor: d.Actor, Ref: d.Ref, Prev: d.Prev, Body: body,
	}
	if d.Content != nil {
		sum := Sum(d.Content)
		p.digest = &sum
		e.Digests = append(e.Digests, sum.String())
	}
	e.Digests = append(e.Digests, d.Media...)
	if p.bytes, err = json.Marshal(&e); err != nil {
		return nil, err
	}
	if len(p.bytes) > MaxEntry {
		return nil, news.Errorf(news.TooLarge, "entry", "%d bytes are more than the %d an entry may have", len(p.bytes), MaxEntry)
	}
	return p, nil
}

// ParseEntry reads an entry of the origin's ledger.
func ParseEntry(origin string, b []byte) (*Entry, error) {
	var e Entry
	if len(b) > MaxEntry {
		return nil, news.Errorf(news.TooLarge, "entry", "%d bytes are more than the %d an entry may have", len(b), MaxEntry)
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return nil, news.Errorf(news.Invalid, "entry", "the entry is not the JSON it should be").Because(err)
	}
	switch {
	case e.V != 1:
		return nil, news.Errorf(news.Invalid, "v", "version %d is not 1", e.V)
	case e.Origin != origin:
		return nil, news.Errorf(news.Invalid, "origin", "%q stands in the ledger of %s", e.Origin, origin)
	case e.Kind == "" || len(e.Kind) > 64:
		return nil, news.Errorf(news.Invalid, "kind", "the kind is empty or over 64 bytes")
	case len(e.Nonce) != 2*nonceSize:
		return nil, news.Errorf(news.Invalid, "nonce", "the nonce is not %d bytes in hex", nonceSize)
	case len(e.Ref) > news.MaxURI:
		return nil, news.Errorf(news.Invalid, "ref", "%d bytes are more than the %d allowed", len(e.Ref), news.MaxURI)
	}
	for _, d := range e.Digests {
		if !news.ValidDigest(d) {
			return nil, news.Errorf(news.Invalid, "digests", "%q is not sha256: and 64 hex digits", d)
		}
	}
	return &e, nil
}

// Decode reads the body into v.
func (e *Entry) Decode(v any) error {
	if err := json.Unmarshal(e.Body, v); err != nil {
		return news.Errorf(news.Invalid, "body", "the body of this %s entry cannot be read", e.Kind).Because(err)
	}
	return nil
}

// hasContent reports whether the first digest of an entry of this kind is that
// of a content document, which travels with the entry.
func (k Kind) hasContent() bool { return k == KindItem || k == KindAgreement || k == KindAccord }

// ContentDigest returns the hash of the entry's content document, and the
// digests of the media that it commits to.
func (e *Entry) ContentDigest() (content *Hash, media []string) {
	if !e.Kind.hasContent() || len(e.Digests) == 0 {
		return nil, e.Digests
	}
	h, err := ParseHash(e.Digests[0])
	if err != nil {
		return nil, e.Digests
	}
	return &h, e.Digests[1:]
}
