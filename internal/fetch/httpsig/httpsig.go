// Package httpsig signs requests by RFC 9421 HTTP Message Signatures, and
// verifies those between nodes. A Profile says what is covered; the parameters
// created, nonce, keyid and alg are always there. Nodes is the profile that
// docs/protocol.md fixes; the one of pushes to subscribers is in docs/delivery.md.
//
// Its invariant: a request that Verify accepted was made by the holder of the
// key, for this address, with this body, within MaxSkew, and was not accepted
// before.
package httpsig

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"jisr/internal/news"
)

// MaxSkew is how far the two clocks may be apart.
const MaxSkew = 5 * time.Minute

// label is the signature's name in the dictionaries.
const label = "jisr"

// Profile is what a kind of request has under its signature.
type Profile struct {
	Algorithm string   // as RFC 9421 §3.3 names it
	Covered   []string // components, in order: "@method", "@target-uri" or fields in lower case
}

// Nodes is the profile of requests between nodes.
var Nodes = Profile{Algorithm: "ed25519", Covered: []string{"@method", "@target-uri", "content-digest"}}

// Signer signs a message by the key that keyid names.
type Signer interface{ Sign(message []byte) []byte }

// Secret signs with hmac-sha256, for those with whom only a secret is shared.
type Secret []byte

// Sign implements Signer.
func (s Secret) Sign(message []byte) []byte {
	mac := hmac.New(sha256.New, s)
	mac.Write(message)
	return mac.Sum(nil)
}

// Digest returns the Content-Digest field (RFC 9530) of a body.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}

// Sign adds Content-Digest, Signature-Input and Signature to a request between
// nodes whose body is the given bytes.
func Sign(r *http.Request, body []byte, keyid string, key Signer, now time.Time) error {
	var nonce [16]byte
	rand.Read(nonce[:])
	r.Header.Set("Content-Digest", Digest(body))
	return Nodes.Sign(r, Params{KeyID: keyid, Nonce: hex.EncodeToString(nonce[:]), Created: now}, key)
}

// Params are what a signature says about itself.
type Params struct {
	KeyID   string
	Nonce   string
	Created time.Time
}

// Sign adds Signature-Input and Signature to a request. Every field that the
// profile covers must be there, Content-Digest with it, though it may be empty.
func (p Profile) Sign(r *http.Request, by Params, key Signer) error {
	params := httpsfv.NewParams()
	params.Add("created", by.Created.Unix())
	params.Add("nonce", by.Nonce)
	params.Add("keyid", by.KeyID)
	params.Add("alg", p.Algorithm)
	list := httpsfv.InnerList{Params: params}
	for _, c := range p.Covered {
		if !strings.HasPrefix(c, "@") && len(r.Header.Values(c)) == 0 {
			return fmt.Errorf("sign a request: the field %s is to be signed and absent", c)
		}
		list.Items = append(list.Items, httpsfv.NewItem(c))
	}
	input, err := marshalList(list)
	if err != nil {
		return err
	}
	base := p.base(r, r.URL.String(), input)
	r.Header.Set("Signature-Input", label+"="+input)
	r.Header.Set("Signature", label+"=:"+base64.StdEncoding.EncodeToString(key.Sign(base))+":")
	return nil
}

// base is the signature base of RFC 9421 §2.5. target is the address as the
// signer wrote it, which one who receives the request knows otherwise.
func (p Profile) base(r *http.Request, target, params string) []byte {
	var b strings.Builder
	for _, c := range p.Covered {
		value := ""
		switch c {
		case "@method":
			value = r.Method
		case "@target-uri":
			value = target
		default:
			value = strings.TrimSpace(r.Header.Get(c))
		}
		fmt.Fprintf(&b, "%q: %s\n", c, value)
	}
	fmt.Fprintf(&b, "\"@signature-params\": %s", params)
	return []byte(b.String())
}

func marshalList(l httpsfv.InnerList) (string, error) {
	s, err := httpsfv.Marshal(httpsfv.List{l})
	if err != nil {
		return "", fmt.Errorf("signature parameters: %w", err)
	}
	return s, nil
}

// Signature is what a request claims, before anything is verified.
type Signature struct {
	KeyID   string
	Created time.Time
	Nonce   string
	params  string
	value   []byte
}

// Parse reads the signature of a request between nodes. It fails with Forbidden when there is
// none, or one of another profile.
func Parse(h http.Header) (*Signature, error) {
	bad := func(why string) error {
		return news.Errorf(news.Forbidden, "signature", "the request is not signed as docs/protocol.md says: %s", why)
	}
	if size(h, "Signature-Input") > 2048 || size(h, "Signature") > 1024 {
		return nil, bad("the fields are too long")
	}
	inputs, err := httpsfv.UnmarshalDictionary(h.Values("Signature-Input"))
	if err != nil {
		return nil, bad("Signature-Input cannot be read")
	}
	member, ok := inputs.Get(label)
	if !ok {
		return nil, bad("there is no signature named " + label)
	}
	list, ok := member.(httpsfv.InnerList)
	if !ok || len(list.Items) != len(Nodes.Covered) {
		return nil, bad("it must cover @method, @target-uri and content-digest")
	}
	for i, item := range list.Items {
		if item.Value != Nodes.Covered[i] || len(item.Params.Names()) > 0 {
			return nil, bad("it must cover @method, @target-uri and content-digest")
		}
	}
	s := &Signature{}
	created, _ := list.Params.Get("created")
	unix, ok := created.(int64)
	if !ok {
		return nil, bad("created is missing")
	}
	s.Created = time.Unix(unix, 0)
	s.Nonce, _ = stringParam(list, "nonce")
	s.KeyID, _ = stringParam(list, "keyid")
	if alg, _ := stringParam(list, "alg"); alg != Nodes.Algorithm || len(s.Nonce) < 16 || len(s.Nonce) > 64 || s.KeyID == "" {
		return nil, bad("nonce, keyid and alg=\"ed25519\" are required")
	}
	if s.params, err = marshalList(list); err != nil {
		return nil, err
	}
	signatures, err := httpsfv.UnmarshalDictionary(h.Values("Signature"))
	if err != nil {
		return nil, bad("Signature cannot be read")
	}
	value, _ := signatures.Get(label)
	item, ok := value.(httpsfv.Item)
	if !ok {
		return nil, bad("Signature has no bytes")
	}
	if s.value, ok = item.Value.([]byte); !ok {
		return nil, bad("Signature has no bytes")
	}
	return s, nil
}

// size is the length of a field over all its lines.
func size(h http.Header, field string) int {
	n := 0
	for _, line := range h.Values(field) {
		n += len(line) + 1
	}
	return n
}

func stringParam(l httpsfv.InnerList, name string) (string, bool) {
	v, _ := l.Params.Get(name)
	s, ok := v.(string)
	return s, ok
}

// Verify checks the signature by one of the keys over a request that was made
// to the target address with the body. Whether the nonce is new is for the
// caller to see.
func (s *Signature) Verify(r *http.Request, target string, body []byte, now time.Time, keys ...ed25519.PublicKey) error {
	skew := now.Sub(s.Created)
	if skew > MaxSkew || skew < -MaxSkew {
		return news.Errorf(news.Forbidden, "created", "the request was signed at %s and it is %s here: set the clocks right (NTP)",
			s.Created.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if got := r.Header.Get("Content-Digest"); got != Digest(body) {
		return news.Errorf(news.Forbidden, "content-digest", "the body is not the one that was signed")
	}
	base := Nodes.base(r, target, s.params)
	for _, k := range keys {
		if len(k) == ed25519.PublicKeySize && ed25519.Verify(k, base, s.value) {
			return nil
		}
	}
	return news.Errorf(news.Forbidden, "signature", "the signature does not hold: it must be by the key %s we confirmed and for the address %s", s.KeyID, target)
}
