package collect

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"jisr/internal/fetch"
	"jisr/internal/format/feed"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

const (
	maxHops  = 5
	getTime  = time.Minute
	maxValue = 1024 // bytes of an ETag that is remembered
)

// request is a document as it is asked for.
type request struct {
	url        string
	user, pass string // sent to the host of url only
	etag, date string // of the document as it was last
}

// answer is a document as it came.
type answer struct {
	status int
	header http.Header
	url    string // where it lies
	moved  string // where url leads for good; empty if it does not
	body   []byte
}

// getter fetches documents over HTTP, politely and within bounds.
type getter struct {
	client *http.Client
	hosts  *hosts
	agent  string
	time   time.Duration // that one request may take, with its body
}

// get follows redirects, each of which is held to the same rules as the first
// address.
func (g *getter) get(ctx context.Context, q request) (*answer, error) {
	at, err := address(q.url)
	if err != nil {
		return nil, err
	}
	first := at
	moved := at
	forGood := true
	for range maxHops + 1 {
		a, next, err := g.hop(ctx, q, first, at)
		if err != nil {
			return nil, err
		}
		if next == nil {
			a.url = at.String()
			if moved != first {
				a.moved = moved.String()
			}
			return a, nil
		}
		if at.Scheme == "https" && next.Scheme != "https" {
			return nil, news.Errorf(news.Forbidden, "address", "the address leads from https to http, where anybody on the way can change what is read; if that is meant, enter the http address")
		}
		forGood = forGood && (a.status == http.StatusMovedPermanently || a.status == http.StatusPermanentRedirect)
		if forGood {
			moved = next
		}
		at = next
	}
	return nil, news.Errorf(news.Unavailable, "address", "the address leads on more than %d times", maxHops)
}

// address parses an address that may be fetched.
func address(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, news.Errorf(news.Invalid, "address", "%q is no http or https address", fetch.Said(s))
	}
	u.Fragment, u.User = "", nil
	return u, nil
}

// hop makes one request. next is where the answer leads, nil if it is the
// document.
func (g *getter) hop(ctx context.Context, q request, first, at *url.URL) (a *answer, next *url.URL, err error) {
	done, err := g.hosts.take(ctx, at.Hostname())
	if err != nil {
		return nil, nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, g.time)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, nil, news.Errorf(news.Invalid, "address", "%q cannot be called", fetch.Said(at.String()))
	}
	g.describe(r, q, first)
	res, err := g.client.Do(r)
	if err != nil {
		return nil, nil, unreached(ctx, at, err)
	}
	defer res.Body.Close()
	a = &answer{status: res.StatusCode, header: res.Header}
	switch {
	case res.StatusCode == http.StatusNotModified:
		return a, nil, nil
	case res.StatusCode/100 == 3 && res.Header.Get("Location") != "":
		u, err := at.Parse(res.Header.Get("Location"))
		if err != nil {
			return nil, nil, news.Errorf(news.Unavailable, "address", "%s leads to an address that cannot be read", at.Host)
		}
		next, err = address(u.String())
		return a, next, err
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusServiceUnavailable:
		g.hosts.pause(at.Hostname(), retryAfter(res.Header, time.Now(), minPause))
		return a, nil, nil
	case res.StatusCode != http.StatusOK:
		return a, nil, nil
	}
	if a.body, err = body(res); err != nil {
		return nil, nil, unreached(ctx, at, err)
	}
	return a, nil, nil
}

func (g *getter) describe(r *http.Request, q request, first *url.URL) {
	r.Header.Set("User-Agent", g.agent)
	r.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, */*;q=0.1")
	r.Header.Set("Accept-Encoding", "gzip")
	if q.etag != "" {
		r.Header.Set("If-None-Match", q.etag)
	}
	if q.date != "" {
		r.Header.Set("If-Modified-Since", q.date)
	}
	if r.URL.Scheme != first.Scheme || r.URL.Host != first.Host {
		return // a password is for whom it was given
	}
	if a := authorization(q.user, q.pass); a != "" {
		r.Header.Set("Authorization", a)
	}
}

// authorization is a field by which a reader shows who it is: with a user name,
// or with a token alone; empty for none.
func authorization(user, pass string) string {
	switch {
	case user != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+pass))
	case pass != "":
		return "Bearer " + pass
	}
	return ""
}

// body returns what the answer holds, unpacked.
func body(res *http.Response) ([]byte, error) {
	var r io.Reader = io.LimitReader(res.Body, feed.MaxSize+1)
	switch coding := strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, news.Errorf(news.Unavailable, "address", "what the server calls gzip is none").Because(err)
		}
		r = z
	default:
		return nil, news.Errorf(news.Unavailable, "address", "the server packs in a way that it was not asked for: %s", fetch.Said(coding))
	}
	b, err := io.ReadAll(io.LimitReader(r, feed.MaxSize+1))
	if len(b) > feed.MaxSize {
		return nil, news.Errorf(news.TooLarge, "address", "the feed is larger than the %d MB allowed", feed.MaxSize>>20)
	}
	return b, err
}

// unreached puts a failed call in words.
func unreached(ctx context.Context, at *url.URL, err error) error {
	var known *news.Error
	switch {
	case errors.As(err, &known):
		return news.Errorf(known.Kind, "address", "%s: %s", at.Host, known.Message).Because(err)
	case context.Cause(ctx) == context.Canceled:
		return context.Canceled
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return news.Errorf(news.Unavailable, "address", "%s: the answer was cut off", at.Host).Because(err)
	}
	return news.Errorf(news.Unavailable, "address", "%s: %s", at.Host, fetch.Said(fetch.Reason(err))).Because(err)
}

// refused puts an answer that holds no document in words.
func refused(a *answer, src *ingest.Source) error {
	what := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	switch a.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return news.Errorf(news.Forbidden, "secret", "the server answered %s: it wants another user name, password or token", what)
	case http.StatusNotFound:
		return news.Errorf(news.NotFound, "address", "the server answered %s: ask the publisher for the new address", what)
	case http.StatusGone:
		return news.Errorf(news.NotFound, "address", "the server answered %s: its publisher ended this feed; remove the source %s or give it another address", what, src.Name)
	}
	return news.Errorf(news.Unavailable, "address", "the server answered %s", what)
}
