package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/fetch"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// callTimeout bounds calls that are answered at once.
const callTimeout = 15 * time.Second

// call makes a request that is not signed and returns the answer's body, of at
// most limit bytes.
func (s *Service) call(r *http.Request, limit int64) ([]byte, error) {
	res, err := s.client.Do(r)
	if err != nil {
		return nil, unreachable(r.URL.Host, err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return nil, answered(res)
	}
	return readAnswer(res, limit)
}

func readAnswer(res *http.Response, limit int64) ([]byte, error) {
	host := res.Request.URL.Host
	b, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, unreachable(host, err)
	}
	if int64(len(b)) > limit {
		return nil, news.Errorf(news.TooLarge, "answer", "the answer of %s is over %d bytes", host, limit)
	}
	return b, nil
}

func unreachable(host string, err error) error {
	return news.Errorf(news.Unavailable, "url", "%s: %s", host, fetch.Reason(err)).Because(err)
}

// answered turns a refusal into an error with the other side's own words, which
// are bounded and cleaned: they are shown to people.
func answered(res *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(res.Body, 8<<10))
	var p Problem
	kind := news.Unavailable
	for k, status := range statuses {
		if status == res.StatusCode {
			kind = k
		}
	}
	if json.Unmarshal(b, &p) != nil || p.Detail == "" {
		return news.Errorf(kind, "", "the partner answered %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	detail := strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, p.Detail)
	if len(detail) > 500 {
		detail = detail[:500]
	}
	return news.Errorf(kind, p.Field, "the partner answered %d: %s", res.StatusCode, strings.ToValidUTF8(detail, "�"))
}

func (s *Service) fetchProfile(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+ProfilePath, nil)
	if err != nil {
		return nil, err
	}
	return s.call(r, maxProfile)
}

// sendHello tells another node of us.
func (s *Service) sendHello(ctx context.Context, address string) error {
	doc, err := s.SignedProfile(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/exchange/v1/hello", bytes.NewReader(doc))
	if err != nil {
		return err
	}
	_, err = s.call(r, 1<<10)
	return err
}

// remote is a partner's node as this one calls it.
type remote struct {
	s      *Service
	origin string
	url    string
}

// request is what is asked of a partner.
type request struct {
	method, path string
	header       http.Header
	body         func(*ledger.Key) ([]byte, error) // by the key that signs the request; nil for none
}

// maxKeys is how many of its keys this node tries before it gives up.
const maxKeys = 8

// do makes a signed request and returns the answer, whose status is below 300 or
// 416. Its body is for the caller to close.
//
// A partner knows this node by the newest key that it has learned from the
// ledger. Where both sides changed keys while apart, each would wait for the
// other to be let in; so a node that is refused tries its other keys.
func (c *remote) do(ctx context.Context, q request) (*http.Response, error) {
	key := c.s.knownBy(c.origin)
	res, err := c.try(ctx, key, q)
	if !refusedKey(err) {
		return res, err
	}
	keys, kerr := c.s.ledger.SigningKeys()
	if kerr != nil {
		return nil, kerr
	}
	for _, k := range keys[:min(len(keys), maxKeys)] {
		if k.Verifier == key.Verifier {
			continue
		}
		res, kerr := c.try(ctx, k, q)
		if refusedKey(kerr) {
			continue
		}
		c.s.setKnownBy(c.origin, k)
		return res, kerr
	}
	return nil, err
}

func (c *remote) try(ctx context.Context, key *ledger.Key, q request) (*http.Response, error) {
	var body []byte
	if q.body != nil {
		var err error
		if body, err = q.body(key); err != nil {
			return nil, err
		}
	}
	r, err := c.s.signed(ctx, key, q.method, c.url+q.path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range q.header {
		r.Header[name] = values
	}
	res, err := c.s.client.Do(r)
	if err != nil {
		return nil, unreachable(r.URL.Host, err)
	}
	if res.StatusCode/100 != 2 && res.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		defer res.Body.Close()
		return nil, answered(res)
	}
	return res, nil
}

// refusedKey reports whether a partner answered that a signature does not hold.
func refusedKey(err error) bool {
	var e *news.Error
	return errors.As(err, &e) && e.Kind == news.Forbidden && e.Field == "signature"
}

// knownBy returns the key by which the partner knows this node.
func (s *Service) knownBy(origin string) *ledger.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.known[origin]; k != nil {
		return k
	}
	return s.ledger.Key()
}

func (s *Service) setKnownBy(origin string, k *ledger.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k.Verifier == s.ledger.Key().Verifier {
		delete(s.known, origin)
		return
	}
	s.known[origin] = k
}

// get makes a signed GET and returns the answer's body.
func (c *remote) get(ctx context.Context, timeout time.Duration, limit int64, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	res, err := c.do(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return readAnswer(res, limit)
}

func (c *remote) wait(ctx context.Context, size int64, epoch string) (waited, error) {
	b, err := c.get(ctx, pollFor+callTimeout, 4<<10, "/exchange/v1/wait",
		url.Values{"size": {strconv.FormatInt(size, 10)}, "epoch": {epoch}})
	if err != nil {
		return waited{}, err
	}
	var w waited
	if err := json.Unmarshal(b, &w); err != nil || w.Size < 0 || len(w.Epoch) > 200 {
		return waited{}, news.Errorf(news.Invalid, "wait", "the answer of %s cannot be read", c.origin).Because(err)
	}
	return w, nil
}

// checkpoint fetches and verifies the newest checkpoint by the keys known. When
// the partner has rotated its key meanwhile, it returns the checkpoint of the
// first rotation, which the known key signed as well: with the entries up to
// there comes the next key.
func (c *remote) checkpoint(ctx context.Context, held int64) (*ledger.Checkpoint, error) {
	keys, err := c.s.ledger.Keys(ctx, c.origin)
	if err != nil || len(keys) == 0 {
		return nil, news.Errorf(news.Forbidden, "key", "no key of %s is confirmed", c.origin).Because(err)
	}
	newest, err := c.get(ctx, callTimeout, ledger.MaxNote, "/exchange/v1/checkpoint", nil)
	if err != nil {
		return nil, err
	}
	cp, err := ledger.ParseCheckpoint(c.origin, newest, keys[0])
	if err == nil {
		return cp, nil
	}
	signed, rerr := c.get(ctx, callTimeout, ledger.MaxNote, "/exchange/v1/rotation", url.Values{"after": {strconv.FormatInt(held, 10)}})
	if rerr == nil {
		return ledger.ParseCheckpoint(c.origin, signed, keys[0])
	}
	// No rotation explains it. A tree that is behind what we hold, by a key of that
	// time, says that the node was set back; anything else by an old key is worth
	// nothing.
	if old, oerr := ledger.ParseCheckpoint(c.origin, newest, keys...); oerr == nil && old.Size < held {
		return old, nil
	}
	return nil, err
}

// entries fetches a range of the partner's ledger.
func (c *remote) entries(ctx context.Context, path string, from int64, limit int) ([]ledger.Incoming, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	res, err := c.do(ctx, request{method: http.MethodGet, path: fmt.Sprintf("%s?from=%d&limit=%d", path, from, limit),
		header: http.Header{"Accept-Encoding": {"zstd"}}})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, answered(res)
	}
	var body io.Reader = res.Body
	if res.Header.Get("Content-Encoding") == "zstd" {
		z, err := newDecoder(res.Body)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		body = z
	}
	records, err := readFrames(body, limit)
	if err != nil {
		return nil, fmt.Errorf("entries of %s from %d: %w", c.origin, from, err)
	}
	return records, nil
}

// newDecoder decompresses a stream of entries within bounds, whatever it claims
// of itself.
func newDecoder(r io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(r, zstd.WithDecoderMaxMemory(128<<20), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderConcurrency(1))
}

// tiles reads the partner's tiles for tlog, which verifies them against the
// checkpoint. It serves one checkpoint and keeps what it read.
type tiles struct {
	ctx    context.Context
	remote *remote
	have   map[tlog.Tile][]byte
}

func (t *tiles) Height() int { return 8 }

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(want))
	for i, tile := range want {
		b, ok := t.have[tile]
		if !ok {
			var err error
			// tlog names the height first, the C2SP paths leave it out.
			path := "/exchange/v1/tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
			if b, err = t.remote.get(t.ctx, callTimeout, 8<<10, path, nil); err != nil {
				return nil, err
			}
			if len(b) != tile.W*tlog.HashSize {
				return nil, news.Errorf(news.Invalid, "tile", "tile %s of %s has the wrong size", path, t.remote.origin)
			}
			t.have[tile] = b
		}
		out[i] = b
	}
	return out, nil
}

// prove returns the proof that the checkpoint's tree begins with its first size
// entries.
func (t *tiles) prove(cp *ledger.Checkpoint, size int64) (tlog.TreeProof, error) {
	if size == 0 || size == cp.Size {
		return nil, nil
	}
	return tlog.ProveTree(cp.Size, size, tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, t))
}
