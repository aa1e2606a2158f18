package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/format/feed"
	"jisr/internal/news"
)

// The addresses at which subscribers call the node.
const (
	FeedPath = "/feeds/"
	HubPath  = "/hub"
)

// feedTime bounds one request.
const feedTime = 30 * time.Second

// Handler answers those who read feeds and who follow them through the hub.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+FeedPath+"{feed}", s.answer(s.serveFeed))
	mux.HandleFunc("GET "+FeedPath+"{feed}/media/{place}/{digest}", s.answer(s.serveMedia))
	mux.HandleFunc("POST "+HubPath, s.answer(s.serveHub))
	return mux
}

// answer turns an error into a problem document (RFC 9457).
func (s *Service) answer(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), feedTime)
		defer cancel()
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("Vary", "Authorization, Accept")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer") // addresses hold tokens
		if err := f(w, r.WithContext(ctx)); err != nil {
			s.problem(w, r, err)
		}
	}
}

var statuses = map[news.Kind]int{
	news.Invalid: http.StatusBadRequest, news.NotFound: http.StatusNotFound, news.Conflict: http.StatusConflict,
	news.Forbidden: http.StatusForbidden, news.Unavailable: http.StatusServiceUnavailable, news.TooLarge: http.StatusRequestEntityTooLarge,
}

func (s *Service) problem(w http.ResponseWriter, r *http.Request, err error) {
	var e *news.Error
	status, detail := http.StatusInternalServerError, "something went wrong here; try again later"
	switch {
	case errors.Is(err, context.Canceled):
		return // nobody is there any more
	case errors.Is(err, errShut):
		status, detail = http.StatusUnauthorized, errShut.Message
		w.Header().Set("WWW-Authenticate", `Bearer realm="jisr feeds"`)
	case errors.As(err, &e):
		status, detail = statuses[e.Kind], e.Message
	default:
		s.Log.Error("a request for a feed failed", "path", FeedPath, "err", err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	b, _ := json.Marshal(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}, json.Deterministic(true))
	_, _ = w.Write(b) // who does not read it has gone
}

// asked is a request for a feed.
type asked struct {
	*opened
	format *feedFormat
	self   *url.URL // as it was asked for: relative to the node's own address
}

// ask finds the feed that a request is for. The token stands in the address
// instead of the feed's id, in the query or in the header.
func (s *Service) ask(ctx context.Context, r *http.Request) (*asked, error) {
	name := r.PathValue("feed")
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return nil, news.Errorf(news.NotFound, "feed", "the address of a feed ends with one of .%s", strings.Join(FeedFormats(), ", ."))
	}
	f, ok := formatOf(name[dot+1:])
	if !ok {
		return nil, news.Errorf(news.NotFound, "feed", "the address of a feed ends with one of .%s", strings.Join(FeedFormats(), ", ."))
	}
	if f.ext == "ninjs" && strings.Contains(r.Header.Get("Accept"), "application/x-ndjson") {
		f, _ = formatOf("ndjson")
	}
	o, self, err := s.unlock(ctx, name[:dot], r)
	if err != nil {
		return nil, err
	}
	return &asked{o, f, &url.URL{Path: FeedPath + name, RawQuery: self.Encode()}}, nil
}

// unlock opens the feed of the name and returns what of the query belongs to its
// address.
func (s *Service) unlock(ctx context.Context, name string, r *http.Request) (*opened, url.Values, error) {
	self := url.Values{}
	secret, id := "", name
	switch scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
	case strings.HasPrefix(name, FeedTokenPrefix):
		secret, id = name, ""
	case r.URL.Query().Get("token") != "":
		secret = r.URL.Query().Get("token")
		self.Set("token", secret)
	case strings.EqualFold(scheme, "Bearer"):
		secret = strings.TrimSpace(bearer)
	}
	o, err := s.open(ctx, secret, id)
	return o, self, err
}

// serveFeed answers with a page of a feed.
func (s *Service) serveFeed(w http.ResponseWriter, r *http.Request) error {
	a, err := s.ask(r.Context(), r)
	if err != nil {
		return err
	}
	p, err := pageOf(r.URL.Query())
	if err != nil {
		return err
	}
	f, err := s.page(r.Context(), a.destination, p)
	if err != nil {
		return err
	}
	channel := s.channel(a, p, f)
	s.links(w.Header(), a, p, f)
	tag, modified := validators(a.format, p, f, s.Now())
	w.Header().Set("ETag", tag)
	if !modified.IsZero() {
		w.Header().Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	if notModified(r, tag, modified) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", a.format.contentType)
	if r.Method == http.MethodHead {
		return nil
	}
	records, err := s.records(r.Context(), f)
	if err != nil {
		return err
	}
	if err := s.fetched(r.Context(), f, records, "fetched with the token of "+a.token.Name, a.format.ext); err != nil {
		return err
	}
	items, err := s.itemsOf(a.destination, f, records)
	if err != nil {
		return err
	}
	if a.destination.Media {
		for i, it := range items {
			s.addressed(a, it, f.items[i].place)
		}
	}
	b, err := a.format.document(channel, items)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, err = w.Write(b)
	if err != nil {
		s.Log.Debug("a reader of a feed went away", "err", err)
	}
	return nil
}

// pageOf reads which page is asked for.
func pageOf(q url.Values) (feedPage, error) {
	p := feedPage{after: -1, limit: feedPageSize}
	number := func(name string, into *int64) error {
		if !q.Has(name) {
			return nil
		}
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return news.Errorf(news.Invalid, name, "%q is not a place in a feed: take it from a link of the feed", q.Get(name))
		}
		*into = n
		return nil
	}
	limit := int64(p.limit)
	for name, into := range map[string]*int64{"after": &p.after, "before": &p.before, "limit": &limit} {
		if err := number(name, into); err != nil {
			return p, err
		}
	}
	if limit < 1 || limit > maxFeedPage {
		return p, news.Errorf(news.Invalid, "limit", "%d is outside 1 to %d", limit, maxFeedPage)
	}
	p.limit = int(limit)
	if p.after >= 0 && p.before > 0 {
		return p, news.Errorf(news.Invalid, "before", "give after or before, not both")
	}
	return p, nil
}

// address is the feed's own with what is added to its query.
func (s *Service) address(a *asked, more url.Values) string {
	u := *a.self
	q := u.Query()
	for k, v := range more {
		q[k] = v
	}
	u.RawQuery = q.Encode()
	return s.URL() + u.String()
}

// turned returns the query of the page that follows in the direction of p.
func turned(p feedPage, f *fed) url.Values {
	q := url.Values{}
	if p.limit != feedPageSize {
		q.Set("limit", strconv.Itoa(p.limit))
	}
	if p.after >= 0 {
		q.Set("after", strconv.FormatInt(max(f.last, p.after), 10))
	} else {
		q.Set("before", strconv.FormatInt(f.first, 10))
	}
	return q
}

// links tells programs where the feed, its hub and further pages are: RFC 8288.
// A page after a place always has a next one, to come back to.
func (s *Service) links(h http.Header, a *asked, p feedPage, f *fed) {
	add := func(address, rel string) { h.Add("Link", fmt.Sprintf("<%s>; rel=%q", address, rel)) }
	add(s.address(a, nil), "self")
	if a.destination.Kind == WebSub {
		add(s.URL()+HubPath, "hub")
	}
	if p.after >= 0 || f.more {
		add(s.address(a, turned(p, f)), "next")
	}
	if p.after < 0 && p.before == 0 {
		add(s.address(a, url.Values{"after": {strconv.FormatInt(f.last, 10)}}), "prev") // what is newer
	}
}

// channel is what a feed says of itself.
func (s *Service) channel(a *asked, p feedPage, f *fed) *feed.Channel {
	c := &feed.Channel{Title: s.Ledger.Origin() + ": " + a.destination.Name, Link: s.URL(), Self: s.address(a, nil), Updated: s.Now().UTC()}
	if a.destination.Kind == WebSub {
		c.Hub = s.URL() + HubPath
	}
	if p.after >= 0 || f.more {
		c.Next = s.address(a, turned(p, f))
	}
	return c
}

// channelOf is what a feed says of itself to a callback.
func (s *Service) channelOf(cb *Destination) *feed.Channel {
	return &feed.Channel{Title: s.Ledger.Origin(), Link: s.URL(), Self: cb.Topic, Hub: s.URL() + HubPath, Updated: s.Now().UTC()}
}

// validators returns the tag of a page, which is another one as soon as anything
// on it is, and when it last changed. That is left open for a second, because two
// changes within one could not be told apart.
func validators(format *feedFormat, p feedPage, f *fed, now time.Time) (tag string, modified time.Time) {
	sum := sha256.New()
	fmt.Fprintln(sum, format.ext, p.after, p.before, p.limit, f.more)
	for _, r := range f.items {
		fmt.Fprintln(sum, r.id, r.place)
		if r.since.After(modified) {
			modified = r.since
		}
	}
	if now.Sub(modified) < 2*time.Second {
		modified = time.Time{}
	}
	return `W/"` + hex.EncodeToString(sum.Sum(nil)[:12]) + `"`, modified
}

// notModified reports whether the reader has this very page: RFC 9110 §13.
func notModified(r *http.Request, tag string, modified time.Time) bool {
	if given := r.Header.Get("If-None-Match"); given != "" {
		for t := range strings.SplitSeq(given, ",") {
			if t = strings.TrimSpace(t); t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	return err == nil && !modified.IsZero() && !modified.Truncate(time.Second).After(since)
}
