package send

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"jisr/internal/deliver"
	"jisr/internal/fetch"
	"jisr/internal/fetch/httpsig"
	"jisr/internal/news"
)

// pushProfile is what the signature of a push covers: all that a receiver acts
// on. docs/delivery.md has the same list.
var pushProfile = httpsig.Profile{Algorithm: "hmac-sha256", Covered: []string{"@method", "@target-uri", "content-digest", "content-type",
	"idempotency-key", "jisr-part", "jisr-file", "jisr-origin", "jisr-item", "jisr-version", "jisr-act", "jisr-entry"}}

// minSecret is how many characters a signing secret has at least.
const minSecret = 24

// answerMax is how many bytes of an answer are read.
const answerMax = 4 << 10

// Push sends by signed POST (RFC 9421 with hmac-sha256). Media files are requests
// of their own before the item's, so that a receiver never has an item without
// its pictures.
type Push struct {
	options Options
	client  *http.Client
}

func newPush(o Options) *Push {
	return &Push{o, fetch.Client(fetch.Options{Allow: o.Allow})}
}

func checkPush(d *deliver.Destination, allow func(string) bool) (string, error) {
	u, err := parseURL(d.Address, allow)
	if err != nil {
		return "", err
	}
	if len(d.Secret) < minSecret {
		return "", news.Errorf(news.Invalid, "secret", "the secret that signs must have at least %d characters: without it the receiver cannot tell us from others", minSecret)
	}
	return u.String(), nil
}

// piece is the content of one request.
type piece struct {
	part        string // "item" or "media"
	key         string // tells this request from every other; the same when it is tried again
	file        string
	contentType string
	digest      string // "sha256:" and hex
	size        int64
	open        func() (io.ReadCloser, error)
}

// Send implements deliver.Sender.
func (p *Push) Send(ctx context.Context, d *deliver.Destination, m *deliver.Message) (deliver.Receipt, error) {
	address, err := checkPush(d, p.options.Allow)
	if err != nil {
		return deliver.Receipt{}, refused(err)
	}
	for _, f := range m.Media {
		_, err := p.post(ctx, d, m, address, piece{"media", m.ID + "/" + strings.TrimPrefix(f.Digest, "sha256:"), f.Name, f.ContentType, f.Digest, f.Size, f.Open})
		if err != nil {
			return deliver.Receipt{}, err
		}
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(m.Body)), nil }
	return p.post(ctx, d, m, address, piece{"item", m.ID, m.Name, m.ContentType, sum(m.Body), int64(len(m.Body)), open})
}

func (p *Push) post(ctx context.Context, d *deliver.Destination, m *deliver.Message, address string, c piece) (deliver.Receipt, error) {
	r, err := p.request(ctx, d, m, address, c)
	if err != nil {
		return deliver.Receipt{}, err
	}
	res, err := p.client.Do(r)
	if err != nil {
		var with *url.Error
		if errors.As(err, &with) {
			err = with.Err // the address may hold a key
		}
		return deliver.Receipt{}, refused(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, answerMax)) // it took or refused the delivery whatever else it says
	return p.judge(res, body)
}

func (p *Push) request(ctx context.Context, d *deliver.Destination, m *deliver.Message, address string, c piece) (*http.Request, error) {
	body, err := c.open()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
	if err != nil {
		body.Close() //nolint:errcheck // nothing was written
		return nil, err
	}
	r.ContentLength, r.GetBody = c.size, c.open
	if c.size == 0 {
		r.Body = http.NoBody
	}
	digest, err := contentDigest(c.digest)
	if err != nil {
		return nil, err
	}
	if c.contentType == "" {
		c.contentType = "application/octet-stream"
	}
	for name, value := range map[string]string{
		"User-Agent":      "jisr/" + p.options.Version,
		"Content-Type":    c.contentType,
		"Content-Digest":  digest,
		"Idempotency-Key": `"` + quoted(c.key) + `"`,
		"Jisr-Part":       c.part,
		"Jisr-File":       ascii(c.file),
		"Jisr-Origin":     ascii(m.Origin),
		"Jisr-Item":       ascii(m.URI),
		"Jisr-Version":    strconv.Itoa(m.Version),
		"Jisr-Act":        ascii(string(m.Act)),
		"Jisr-Entry":      ascii(m.Entry),
	} {
		r.Header.Set(name, value)
	}
	by := httpsig.Params{KeyID: d.ID, Nonce: c.key, Created: p.options.Now()}
	return r, pushProfile.Sign(r, by, httpsig.Secret(d.Secret))
}

// quoted keeps a key inside the quotes of a structured field's string.
func quoted(s string) string { return strings.NewReplacer(`"`, "%22", `\`, "%5C").Replace(ascii(s)) }

func contentDigest(digest string) (string, error) {
	b, err := hex.DecodeString(strings.TrimPrefix(digest, "sha256:"))
	if err != nil || !news.ValidDigest(digest) {
		return "", fmt.Errorf("media digest %q", digest)
	}
	return "sha-256=:" + base64.StdEncoding.EncodeToString(b) + ":", nil
}
