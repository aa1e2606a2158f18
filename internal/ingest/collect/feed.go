package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"regexp"
	"time"

	"jisr/internal/format/feed"
	"jisr/internal/ingest"
	"jisr/internal/ingest/collect/websub"
	"jisr/internal/news"
)

// slowPace is how often a feed is polled that a hub pushes to us: what a hub
// forgets is found all the same.
const slowPace = time.Hour

// feeds collects feeds over HTTP. The file is the feed as it came: the reader
// sorts out its charset and its entries.
type feeds struct {
	getter
	hubs *websub.Service // nil where hubs cannot reach this node
	now  func() time.Time
}

func newFeeds(o Options) *feeds {
	return &feeds{
		getter: getter{time: getTime, client: o.client(), agent: o.agent(), hosts: &hosts{gap: hostGap, wait: hostWait, ours: o.Allow}},
		hubs:   o.subscriptions(),
		now:    o.Now,
	}
}

// feedState is what is remembered of a feed.
type feedState struct {
	Moved    string `json:"moved,omitempty"`    // where its address leads for good
	ETag     string `json:"etag,omitempty"`     // as the server gave it
	Date     string `json:"date,omitempty"`     // Last-Modified, as the server gave it
	Digest   string `json:"digest,omitempty"`   // of the feed as it was kept
	Interval int64  `json:"interval,omitempty"` // seconds in which nothing changes by its own account
	Hub      string `json:"hub,omitempty"`
	Topic    string `json:"topic,omitempty"` // as the hub knows it
}

// Collect implements ingest.Collector.
func (c *feeds) Collect(ctx context.Context, v ingest.Visit) (ingest.Visited, error) {
	var st feedState
	if json.Unmarshal(v.State, &st) != nil {
		st = feedState{}
	}
	next, err := c.poll(ctx, v, &st)
	var later *laterError
	if errors.As(err, &later) {
		return ingest.Visited{State: v.State, Next: later.in}, nil
	}
	if err == nil {
		next = c.follow(ctx, v.Source, &st, next)
	}
	state, jerr := json.Marshal(st)
	if jerr != nil { // strings and numbers always marshal
		panic(jerr)
	}
	return ingest.Visited{State: state, Next: next}, err
}

// poll fetches the feed and keeps it if it is new. It returns when to come again
// by the publisher's word.
func (c *feeds) poll(ctx context.Context, v ingest.Visit, st *feedState) (time.Duration, error) {
	q := request{url: v.Source.Address, user: v.Source.User, pass: v.Source.Secret, etag: st.ETag, date: st.Date}
	if st.Moved != "" {
		q.url = st.Moved
		if !sameOrigin(v.Source.Address, st.Moved) {
			q.user, q.pass = "", ""
		}
	}
	a, err := c.get(ctx, q)
	if err != nil {
		if news.KindOf(err) != "" {
			st.back()
		}
		return 0, err
	}
	switch a.status {
	case http.StatusOK:
	case http.StatusNotModified:
		if q.etag == "" && q.date == "" {
			return 0, refused(a, v.Source)
		}
		return max(fresh(a.header), st.interval()), nil
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return retryAfter(a.header, time.Now(), minPause), refused(a, v.Source)
	default:
		st.back()
		return 0, refused(a, v.Source)
	}
	if isPage(a) {
		return 0, news.Errorf(news.Invalid, "address", "the address gives a web page, not a feed: enter the address of the feed, which the page names, or of another of its feeds")
	}
	if err := c.keep(ctx, v, a, st); err != nil {
		return 0, err
	}
	return max(fresh(a.header), st.interval()), nil
}

// back has the next look begin at the source's own address again: perhaps the
// feed is back there. What was said of it where it lay does not hold there.
func (st *feedState) back() {
	if st.Moved != "" {
		st.Moved, st.ETag, st.Date = "", "", ""
	}
}

func (st *feedState) interval() time.Duration {
	return min(time.Duration(st.Interval)*time.Second, maxPause)
}

func sameOrigin(a, b string) bool {
	x, err := address(a)
	if err != nil {
		return false
	}
	y, err := address(b)
	return err == nil && x.Scheme == y.Scheme && x.Host == y.Host
}

// isPage reports whether the answer is a web page, as servers give where a
// feed was.
func isPage(a *answer) bool {
	t, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	if t != "text/html" && t != "application/xhtml+xml" {
		return false
	}
	return feed.Detect(a.body[:min(len(a.body), 4096)]) == ""
}

// keep keeps the feed unless it says what it said before, and notes what it says
// about itself. The state moves on only once the feed is kept.
func (c *feeds) keep(ctx context.Context, v ingest.Visit, a *answer, st *feedState) error {
	digest := digestOf(a.body)
	if digest != st.Digest {
		if err := v.Keep(ctx, ingest.File{Key: digest, Name: fileName(a.body), Data: a.body}); err != nil {
			return err
		}
		st.Interval, st.Hub, st.Topic = 0, "", ""
		if f, _, err := feed.Read(a.body); err == nil { // what is wrong with it, its reader says
			st.Interval, st.Hub, st.Topic = int64(f.Interval/time.Second), f.Hub, f.Self
		}
	}
	hub, topic := websub.Links(a.header, a.url)
	if hub != "" {
		st.Hub = hub
	}
	if topic != "" {
		st.Topic = topic
	}
	if st.Topic == "" {
		st.Topic = a.url
	}
	st.Digest = digest
	if a.moved != "" {
		st.Moved = a.moved
	}
	st.ETag, st.Date = a.header.Get("ETag"), a.header.Get("Last-Modified")
	if len(st.ETag) > maxValue {
		st.ETag = ""
	}
	if len(st.Date) > 64 {
		st.Date = ""
	}
	return nil
}

// stamps are elements in which a feed says when it was made: two that differ in
// nothing else are the same.
var stamps = regexp.MustCompile(`(?s)<(lastBuildDate|pubDate|updated|dc:date)>[^<]{0,100}</(lastBuildDate|pubDate|updated|dc:date)>`)

// digestOf identifies a feed by what it holds but its own stamps of time.
func digestOf(body []byte) string {
	head := len(body)
	for _, tag := range []string{"<item", "<entry"} {
		if i := bytes.Index(body, []byte(tag)); i >= 0 {
			head = min(head, i)
		}
	}
	h := sha256.New()
	h.Write(stamps.ReplaceAll(body[:head], nil))
	h.Write(body[head:])
	return hex.EncodeToString(h.Sum(nil))
}

// fileName names a feed by what it is. The last part of its address, which
// would do as well, holds a token with some publishers.
func fileName(body []byte) string {
	switch feed.Detect(body[:min(len(body), 4096)]) {
	case "rss":
		return "feed.rss"
	case "atom":
		return "feed.atom"
	case "jsonfeed":
		return "feed.json"
	}
	return "feed"
}

// follow sees to a subscription if the feed has a hub, and returns when to come
// again: seldom once the hub pushes, but in time to renew. A hub that does not
// work is no failure of the source.
func (c *feeds) follow(ctx context.Context, src *ingest.Source, st *feedState, next time.Duration) time.Duration {
	if c.hubs == nil || st.Hub == "" {
		return next
	}
	f := websub.Feed{Source: src.ID, Hub: st.Hub, Topic: st.Topic}
	if sameOrigin(src.Address, st.Hub) {
		f.Authorization = authorization(src.User, src.Secret) // the publisher is its own hub
	}
	renew, pushes := c.hubs.Follow(ctx, f)
	if !pushes {
		return next
	}
	return min(max(next, slowPace), renew)
}
