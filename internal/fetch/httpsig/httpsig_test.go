package httpsig

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/news"
)

// testKey is test-key-ed25519 of RFC 9421 appendix B.1.4.
func testKey(t testing.TB) (ed25519.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString("MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	k := parsed.(ed25519.PrivateKey)
	return k, k.Public().(ed25519.PublicKey)
}

type signer ed25519.PrivateKey

func (s signer) Sign(b []byte) []byte { return ed25519.Sign(ed25519.PrivateKey(s), b) }

// TestAlgorithmIsThatOfTheRFC signs the signature base of RFC 9421 appendix
// B.2.6. Its components are not our profile's, so only the algorithm and the form
// of the base and the fields can be compared.
func TestAlgorithmIsThatOfTheRFC(t *testing.T) {
	private, public := testKey(t)
	base := strings.Join([]string{
		`"date": Tue, 20 Apr 2021 02:07:55 GMT`,
		`"@method": POST`,
		`"@path": /foo`,
		`"@authority": example.com`,
		`"content-type": application/json`,
		`"content-length": 18`,
		`"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"`,
	}, "\n")
	const want = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
	if got := base64.StdEncoding.EncodeToString(signer(private).Sign([]byte(base))); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	sig, _ := base64.StdEncoding.DecodeString(want)
	if !ed25519.Verify(public, []byte(base), sig) {
		t.Error("the RFC's own signature does not verify")
	}
}

// TestSecretSignsAsTheRFCDoes signs the signature base of RFC 9421 appendix B.2.5
// with test-shared-secret of appendix B.1.5.
func TestSecretSignsAsTheRFCDoes(t *testing.T) {
	secret, err := base64.StdEncoding.DecodeString("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==")
	if err != nil {
		t.Fatal(err)
	}
	base := strings.Join([]string{
		`"date": Tue, 20 Apr 2021 02:07:55 GMT`,
		`"@authority": example.com`,
		`"content-type": application/json`,
		`"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"`,
	}, "\n")
	if got := base64.StdEncoding.EncodeToString(Secret(secret).Sign([]byte(base))); got != "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=" {
		t.Errorf("signature %s", got)
	}
}

func TestSignatureBaseIsLineForLineThatOfTheProfile(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, "https://b.example/x?y=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Digest", "sha-256=:AA==:")
	r.Header.Set("Jisr-Act", "kill")
	p := Profile{Algorithm: "hmac-sha256", Covered: append(slices.Clone(Nodes.Covered), "jisr-act")}
	got := string(p.base(r, "https://b.example/x?y=1", `("@method");created=1`))
	want := "\"@method\": POST\n\"@target-uri\": https://b.example/x?y=1\n\"content-digest\": sha-256=:AA==:\n" +
		"\"jisr-act\": kill\n\"@signature-params\": (\"@method\");created=1"
	if got != want {
		t.Errorf("base:\n%s\nwant:\n%s", got, want)
	}
}

func TestFieldThatIsToBeSignedCannotBeAbsent(t *testing.T) {
	r, err := http.NewRequest(http.MethodPost, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := Profile{Algorithm: "hmac-sha256", Covered: []string{"@method", "jisr-act"}}
	if err := p.Sign(r, Params{KeyID: "k", Nonce: "n", Created: signedAt}, Secret("s")); err == nil {
		t.Error("signed without it")
	}
}

const target = "https://b.example/exchange/v1/cosign?x=%D8%A7"

var signedAt = time.Unix(1_800_000_000, 0)

// makeSigned returns a signed request and its body.
func makeSigned(t testing.TB) (*http.Request, []byte) {
	t.Helper()
	private, _ := testKey(t)
	body := []byte(`{"size":3}`)
	r, err := http.NewRequest(http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := Sign(r, body, "a.example+00000000", signer(private), signedAt); err != nil {
		t.Fatal(err)
	}
	return r, body
}

func TestRequestIsAcceptedOnlyAsItWasSigned(t *testing.T) {
	_, public := testKey(t)
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	type attempt struct {
		r      *http.Request
		target string
		body   []byte
		now    time.Time
		key    ed25519.PublicKey
	}
	replace := func(field, old, with string) func(*attempt) {
		return func(a *attempt) { a.r.Header.Set(field, strings.Replace(a.r.Header.Get(field), old, with, 1)) }
	}
	for _, tt := range []struct {
		name  string
		alter func(*attempt)
		field string // of the refusal; empty when it is accepted
	}{
		{"as it was signed", func(*attempt) {}, ""},
		{"clock behind by the limit", func(a *attempt) { a.now = signedAt.Add(-MaxSkew) }, ""},
		{"clock ahead by the limit", func(a *attempt) { a.now = signedAt.Add(MaxSkew) }, ""},
		{"clock further behind", func(a *attempt) { a.now = signedAt.Add(-MaxSkew - time.Second) }, "created"},
		{"clock further ahead", func(a *attempt) { a.now = signedAt.Add(MaxSkew + time.Second) }, "created"},
		{"other body", func(a *attempt) { a.body = []byte(`{"size":4}`) }, "content-digest"},
		{"no body", func(a *attempt) { a.body = nil }, "content-digest"},
		{"other body with its digest", func(a *attempt) {
			a.body = []byte(`{"size":4}`)
			a.r.Header.Set("Content-Digest", Digest(a.body))
		}, "signature"},
		{"digest missing", func(a *attempt) { a.r.Header.Del("Content-Digest") }, "content-digest"},
		{"digest twice", func(a *attempt) { a.r.Header.Add("Content-Digest", Digest(nil)) }, ""}, // the first counts, for both sides
		{"other host", func(a *attempt) { a.target = strings.Replace(target, "b.example", "c.example", 1) }, "signature"},
		{"other scheme", func(a *attempt) { a.target = strings.Replace(target, "https", "http", 1) }, "signature"},
		{"other query", func(a *attempt) { a.target += "&size=1" }, "signature"},
		{"other escaping", func(a *attempt) { a.target = strings.Replace(target, "%D8", "%d8", 1) }, "signature"},
		{"other method", func(a *attempt) { a.r.Method = http.MethodGet }, "signature"},
		{"other key", func(a *attempt) { a.key = other }, "signature"},
		{"no key", func(a *attempt) { a.key = nil }, "signature"},
		{"other nonce", replace("Signature-Input", `nonce="`, `nonce="0`), "signature"},
		{"later created", replace("Signature-Input", "created=18", "created=1800000001;x=18"), "signature"},
		{"other keyid", replace("Signature-Input", "a.example", "c.example"), "signature"},
		{"one more parameter", replace("Signature-Input", ";alg", `;tag="x";alg`), "signature"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, body := makeSigned(t)
			a := &attempt{r, target, body, signedAt, public}
			tt.alter(a)
			sig, err := Parse(a.r.Header)
			if err == nil {
				err = sig.Verify(a.r, a.target, a.body, a.now, a.key)
			}
			var e *news.Error
			switch {
			case tt.field == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.field != "" && err == nil:
				t.Error("accepted")
			case tt.field != "":
				if e, _ = err.(*news.Error); e == nil || e.Kind != news.Forbidden || e.Field != tt.field {
					t.Errorf("refused with %#v, want the field %s", err, tt.field)
				}
			}
		})
	}
}

func TestOtherProfilesAreRefused(t *testing.T) {
	const input = `jisr=("@method" "@target-uri" "content-digest");created=1;nonce="0123456789abcdef";keyid="a+b";alg="ed25519"`
	const sig = `jisr=:AAAA:`
	change := func(old, with string) string { return strings.Replace(input, old, with, 1) }
	for name, h := range map[string][2]string{
		"nothing":              {"", ""},
		"other label":          {change("jisr=", "sig1="), sig},
		"no signature":         {input, ""},
		"signature of another": {input, "sig1=:AAAA:"},
		"signature no bytes":   {input, `jisr="AAAA"`},
		"signature a list":     {input, `jisr=(:AAAA:)`},
		"input no list":        {`jisr="x"`, sig},
		"body not covered":     {change(` "content-digest"`, ""), sig},
		"target not covered":   {change(`"@target-uri"`, `"@path"`), sig},
		"other order":          {change(`"@method" "@target-uri"`, `"@target-uri" "@method"`), sig},
		"component parameter":  {change(`"@method"`, `"@method";req`), sig},
		"no created":           {change("created=1;", ""), sig},
		"created a string":     {change("created=1", `created="1"`), sig},
		"no nonce":             {change(`nonce="0123456789abcdef";`, ""), sig},
		"short nonce":          {change(`0123456789abcdef`, "0"), sig},
		"long nonce":           {change(`0123456789abcdef`, strings.Repeat("0", 65)), sig},
		"no keyid":             {change(`keyid="a+b";`, ""), sig},
		"other algorithm":      {change("ed25519", "hmac-sha256"), sig},
		"no algorithm":         {change(`;alg="ed25519"`, ""), sig},
		"too long":             {change(`a+b`, strings.Repeat("a", 3000)), sig},
		"not a dictionary":     {`jisr=(`, sig},
	} {
		s, err := Parse(http.Header{"Signature-Input": {h[0]}, "Signature": {h[1]}})
		if news.KindOf(err) != news.Forbidden {
			t.Errorf("%s: %+v, %v; want Forbidden", name, s, err)
		}
	}
	if _, err := Parse(http.Header{"Signature-Input": {input}, "Signature": {sig}}); err != nil {
		t.Errorf("the profile itself: %v", err)
	}
	// Split over lines a dictionary may grow beyond what one line may have.
	many := http.Header{"Signature-Input": {input}, "Signature": {sig}}
	for range 10_000 {
		many.Add("Signature-Input", "a=1")
	}
	if _, err := Parse(many); news.KindOf(err) != news.Forbidden {
		t.Errorf("ten thousand further lines: %v, want Forbidden", err)
	}
}

func TestEveryRequestHasAnotherNonce(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		r, _ := makeSigned(t)
		s, err := Parse(r.Header)
		if err != nil {
			t.Fatal(err)
		}
		if seen[s.Nonce] {
			t.Fatal("a nonce came twice")
		}
		seen[s.Nonce] = true
	}
}

// FuzzParse looks for headers that pass without being what was signed.
func FuzzParse(f *testing.F) {
	r, body := makeSigned(f)
	_, public := testKey(f)
	input, sig := r.Header.Get("Signature-Input"), r.Header.Get("Signature")
	f.Add(input, sig)
	f.Add(strings.ToUpper(input), sig)
	f.Add(input+", "+input, sig)
	f.Add(`jisr=("@method" "@target-uri" "content-digest");created=99999999999999999999`, `jisr=:=:`)
	f.Add(`jisr=();jisr=("@method";req "@target-uri" "content-digest")`, `jisr=?1`)
	f.Fuzz(func(t *testing.T, in, sg string) {
		h := http.Header{"Signature-Input": {in}, "Signature": {sg}, "Content-Digest": {Digest(body)}}
		s, err := Parse(h)
		if err != nil {
			if news.KindOf(err) != news.Forbidden {
				t.Errorf("refused with %v, want Forbidden", err)
			}
			return
		}
		r := &http.Request{Method: http.MethodPost, Header: h}
		if s.Verify(r, target, body, signedAt, public) == nil && (s.KeyID != "a.example+00000000" || !s.Created.Equal(signedAt)) {
			t.Errorf("accepted as by %s at %s: %q %q", s.KeyID, s.Created, in, sg)
		}
	})
}
