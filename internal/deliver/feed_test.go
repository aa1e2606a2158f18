package deliver

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/format"
	"jisr/internal/news"
)

// feedHouse is a house with a feed that is served, and a token of it.
type feedHouse struct {
	*house
	feed   *Destination
	token  string
	server *httptest.Server
}

func newFeedHouse(t *testing.T, d *db.DB, kind Kind) *feedHouse {
	t.Helper()
	h := &feedHouse{house: prepareHouse(t, d)}
	h.server = httptest.NewServer(h.Handler())
	t.Cleanup(h.server.Close)
	h.URL = func() string { return h.server.URL }
	h.start()
	h.feed = h.destination(h.subscriber(), Destination{Kind: kind, Name: "Wire"})
	var err error
	h.token, _, err = h.CreateFeedToken(t.Context(), h.feed.ID, "The paper")
	must(t, err)
	return h
}

type fetched struct {
	status int
	header http.Header
	body   string
}

// get fetches the feed in a form; more is added to the query.
func (h *feedHouse) get(ext string, more url.Values, headers ...string) fetched {
	h.t.Helper()
	if more == nil {
		more = url.Values{}
	}
	more.Set("token", h.token)
	return h.fetch(h.server.URL+FeedPath+h.feed.ID+"."+ext+"?"+more.Encode(), headers...)
}

func (h *feedHouse) fetch(address string, headers ...string) fetched {
	h.t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	must(h.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	must(h.t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	must(h.t, err)
	return fetched{res.StatusCode, res.Header, string(b)}
}

// uris returns which items a page of ninjs shows, as "uri v1 usable".
func (h *feedHouse) uris(f fetched) []string {
	h.t.Helper()
	var items []struct {
		URI, Version, PubStatus string
		Bodies                  []any
	}
	if err := json.Unmarshal([]byte(f.body), &items); err != nil {
		h.t.Fatalf("%d %s: %v", f.status, f.body, err)
	}
	out := []string{}
	for _, it := range items {
		out = append(out, it.URI+" v"+it.Version+" "+it.PubStatus)
	}
	return out
}

func (h *feedHouse) shows(want ...string) {
	h.t.Helper()
	var got []string
	h.until("the feed to show "+strings.Join(want, ", "), func() bool {
		got = h.uris(h.get("ninjs", nil))
		return slices.Equal(got, want)
	}, func() string { return "it shows " + strings.Join(got, ", ") })
}

func TestFeedIsReadableInEveryForm(t *testing.T) {
	h := newFeedHouse(t, dbtest.Open(t, db.SQLite), Pull)
	h.do(news.Publish, story("urn:x:1", "الباحثون ينشرون خريطة النهر"))
	h.do(news.Publish, story("urn:x:2", "Река вышла из берегов"))
	h.await(h.feed, "urn:x:1 v1 publish offered", "urn:x:2 v1 publish offered")
	for ext, kind := range map[string]string{"rss": "application/rss+xml", "atom": "application/atom+xml", "json": "application/feed+json",
		"ninjs": "application/json", "ndjson": "application/x-ndjson", "newsml-g2": "application/vnd.iptc.g2.newsmessage+xml"} {
		f := h.get(ext, nil)
		if f.status != 200 || !strings.HasPrefix(f.header.Get("Content-Type"), kind) || f.header.Get("Cache-Control") != "private, no-cache" {
			t.Fatalf("%s: %d %v %s", ext, f.status, f.header, f.body)
		}
		if !strings.Contains(f.body, "خريطة") || !strings.Contains(f.body, "Река") {
			t.Errorf("%s lacks an item: %s", ext, f.body)
		}
		switch ext {
		case "ninjs":
			if got := h.uris(f); !slices.Equal(got, []string{"urn:x:2 v1 usable", "urn:x:1 v1 usable"}) {
				t.Errorf("ninjs: %v", got)
			}
		case "ndjson":
			for line := range strings.Lines(f.body) {
				if !json.Valid([]byte(line)) {
					t.Errorf("no JSON: %s", line)
				}
			}
		default:
			read, err := format.Read([]byte(f.body), ext)
			if err != nil || len(read.Items) != 2 || read.Items[1].URI != "urn:x:1" {
				t.Errorf("%s cannot be read back: %v, %+v", ext, err, read)
			}
		}
	}
	empty := h.get("newsml-g2", url.Values{"after": {"99"}})
	if err := xml.Unmarshal([]byte(empty.body), new(struct{ XMLName xml.Name })); err != nil || empty.status != 200 {
		t.Errorf("an empty page: %d %s", empty.status, empty.body)
	}
	single := h.get("newsml-g2", url.Values{"after": {"1"}})
	if read, err := format.Read([]byte(single.body), ""); err != nil || len(read.Items) != 1 || !strings.Contains(single.body, "<newsMessage") {
		t.Errorf("a page of one: %v %s", err, single.body)
	}
}

func TestFeedOpensToItsTokenOnly(t *testing.T) {
	h := newFeedHouse(t, dbtest.Open(t, db.SQLite), Pull)
	other := h.destination(h.subscriber(), Destination{Kind: Pull})
	foreign, _, err := h.CreateFeedToken(t.Context(), other.ID, "Another")
	must(t, err)
	at := h.server.URL + FeedPath
	for _, c := range []struct {
		name, address string
		headers       []string
		want          int
	}{
		{"token in the query", at + h.feed.ID + ".rss?token=" + h.token, nil, 200},
		{"token in the header", at + h.feed.ID + ".rss", []string{"Authorization", "Bearer " + h.token}, 200},
		{"token in place of the id", at + h.token + ".atom", nil, 200},
		{"no token", at + h.feed.ID + ".rss", nil, 401},
		{"another feed's token", at + h.feed.ID + ".rss?token=" + foreign, nil, 401},
		{"a token that never was", at + h.feed.ID + ".rss?token=" + FeedTokenPrefix + strings.Repeat("a", 26), nil, 401},
		{"no such feed", at + "01ARZ3NDEKTSV4RRFFQ69G5FAV.rss?token=" + h.token, nil, 401},
		{"no such form", at + h.feed.ID + ".doc?token=" + h.token, nil, 404},
		{"no such page", at + h.feed.ID + ".rss?after=x&token=" + h.token, nil, 400},
	} {
		if f := h.fetch(c.address, c.headers...); f.status != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, f.status, c.want, f.body)
		}
	}
	var stored string
	must(t, h.DB.Reader().QueryRow(`SELECT hash FROM feed_token WHERE destination = $1`, h.feed.ID).Scan(&stored))
	if strings.Contains(stored, h.token) {
		t.Error("the token itself is stored")
	}
	tokens, err := h.FeedTokens(t.Context(), h.feed.ID)
	must(t, err)
	if len(tokens) != 1 || tokens[0].Used.IsZero() {
		t.Errorf("tokens: %+v", tokens[0])
	}
	must(t, h.RevokeFeedToken(t.Context(), h.feed.ID, tokens[0].ID))
	if f := h.get("rss", nil); f.status != 401 {
		t.Errorf("a revoked token opens the feed: %d", f.status)
	}
}

func TestKillIsVisibleInAFeedToWhoeverFetchedTheItem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newFeedHouse(t, d, Pull)
		read, unread := story("urn:x:1", "The river"), story("urn:x:2", "The bridge")
		h.do(news.Publish, read)
		h.shows("urn:x:1 v1 usable")
		h.await(h.feed, "urn:x:1 v1 publish sent")
		h.do(news.Publish, unread)
		h.await(h.feed, "urn:x:1 v1 publish sent", "urn:x:2 v1 publish offered")
		h.do(news.Kill, read)
		h.do(news.Kill, unread)
		h.shows("urn:x:1 v2 canceled")
		h.await(h.feed, "urn:x:1 v1 publish sent", "urn:x:2 v1 publish canceled", "urn:x:1 v2 kill sent")
		for _, ext := range FeedFormats() {
			f := h.get(ext, nil)
			if strings.Contains(f.body, "what follows") || strings.Contains(f.body, "urn:x:2") || !strings.Contains(f.body, "urn:x:1") ||
				!strings.Contains(f.body, "because of kill") {
				t.Errorf("%s: %s", ext, f.body)
			}
		}
		if g2 := h.get("newsml-g2", nil).body; !strings.Contains(g2, "canceled") {
			t.Errorf("NewsML-G2: %s", g2)
		}
		// A subscriber who is switched off is still told, and of nothing else.
		sub, err := h.Subscriber(t.Context(), h.feed.Subscriber)
		must(t, err)
		h.do(news.Publish, story("urn:x:3", "The port"))
		h.shows("urn:x:3 v1 usable", "urn:x:1 v2 canceled")
		sub.Active = false
		must(t, h.SaveSubscriber(t.Context(), sub))
		h.shows("urn:x:1 v2 canceled")
	})
}

func TestFeedShowsNothingThatMayNotBeUsed(t *testing.T) {
	h := newFeedHouse(t, dbtest.Open(t, db.SQLite), Pull)
	secret := story("urn:x:1", "Tomorrow")
	secret.Embargoed = h.clock().Add(time.Hour)
	h.do(news.Publish, secret)
	held := story("urn:x:2", "The river")
	h.do(news.Publish, held)
	h.shows("urn:x:2 v1 usable")
	h.do(news.Hold, held)
	h.shows("urn:x:2 v2 withheld")
	for _, ext := range []string{"rss", "atom", "json"} {
		if f := h.get(ext, nil); !strings.Contains(f.body, "HOLD") || strings.Contains(f.body, "what follows") || strings.Contains(f.body, "Tomorrow") {
			t.Errorf("%s: %s", ext, f.body)
		}
	}
	h.do(news.Release, held)
	h.shows("urn:x:2 v3 usable")
	h.advance(61 * time.Minute)
	h.shows("urn:x:1 v1 usable", "urn:x:2 v3 usable")
	// An embargo that a later version brings is kept at once.
	secret.Embargoed = h.clock().Add(time.Hour)
	h.do(news.Update, secret)
	h.shows("urn:x:2 v3 usable")
}

func TestFeedPagesMissNothingAndRepeatNothing(t *testing.T) {
	h := newFeedHouse(t, dbtest.Open(t, db.SQLite), Pull)
	var want []string
	for _, n := range []string{"1", "2", "3", "4", "5"} {
		h.do(news.Publish, story("urn:x:"+n, "Story "+n))
		want = append(want, "urn:x:"+n+" v1 usable")
	}
	h.until("all to be there", func() bool { return len(h.uris(h.get("ninjs", nil))) == 5 })
	var got []string
	page := h.get("ninjs", url.Values{"after": {"0"}, "limit": {"2"}})
	for range 3 {
		got = append(got, h.uris(page)...)
		page = h.fetch(link(page, "next"))
	}
	if !slices.Equal(got, want) {
		t.Errorf("forwards: %v", got)
	}
	// The cursor at the end is good for what comes.
	if n := len(h.uris(page)); n != 0 {
		t.Errorf("%d items after the end", n)
	}
	h.do(news.Update, story("urn:x:1", "Story 1"))
	h.until("the update", func() bool {
		return slices.Equal(h.uris(h.fetch(link(page, "next"))), []string{"urn:x:1 v2 usable"})
	})
	slices.Reverse(want)
	want = append([]string{"urn:x:1 v2 usable"}, want[:4]...)
	got = nil
	page = h.get("ninjs", url.Values{"limit": {"2"}})
	for {
		got = append(got, h.uris(page)...)
		next := link(page, "next")
		if next == "" {
			break
		}
		page = h.fetch(next)
	}
	if !slices.Equal(got, want) {
		t.Errorf("backwards: %v, want %v", got, want)
	}
}

var linked = regexp.MustCompile(`<([^>]+)>; rel="(\w+)"`)

func link(f fetched, rel string) string {
	for _, l := range f.header.Values("Link") {
		if m := linked.FindStringSubmatch(l); m != nil && m[2] == rel {
			return m[1]
		}
	}
	return ""
}

func TestUnchangedFeedIsNotSentAgain(t *testing.T) {
	h := newFeedHouse(t, dbtest.Open(t, db.SQLite), WebSub)
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.shows("urn:x:1 v1 usable")
	first := h.get("rss", nil)
	if link(first, "hub") != h.server.URL+HubPath || !strings.Contains(first.body, `rel="hub"`) || !strings.HasPrefix(link(first, "self"), h.server.URL+FeedPath+h.feed.ID+".rss?") {
		t.Errorf("links: %v", first.header.Values("Link"))
	}
	tag := first.header.Get("ETag")
	if again := h.get("rss", nil, "If-None-Match", tag); again.status != 304 || again.body != "" {
		t.Errorf("an unchanged feed: %d", again.status)
	}
	if other := h.get("atom", nil, "If-None-Match", tag); other.status != 200 {
		t.Errorf("another form: %d", other.status)
	}
	h.advance(5 * time.Second)
	dated := h.get("rss", nil)
	if again := h.get("rss", nil, "If-Modified-Since", dated.header.Get("Last-Modified")); again.status != 304 {
		t.Errorf("since its own date: %d, %v", again.status, dated.header)
	}
	h.do(news.Update, story("urn:x:1", "The river again"))
	h.until("the change", func() bool { return h.get("rss", nil, "If-None-Match", tag).status == 200 })
}

func TestFeedOffersMediaOfItsItemsOnly(t *testing.T) {
	h := newFeedHouse(t, dbtest.Open(t, db.SQLite), Pull)
	h.feed.Media = true
	must(t, h.SaveDestination(t.Context(), h.feed))
	mine := h.picture("mine")
	other := h.picture("other")
	it := story("urn:x:1", "The river")
	it.Associations = []news.Item{{Name: "main", Type: news.Picture, URI: "urn:x:1/p", Renditions: []news.Rendition{{Name: "main", Digest: mine, ContentType: "image/jpeg"}}}}
	h.do(news.Publish, it)
	h.shows("urn:x:1 v1 usable")
	page := h.get("ninjs", nil).body
	address := regexp.MustCompile(`http://[^"]+/media/[^"]+`).FindString(page)
	got := h.fetch(address)
	if got.status != 200 || got.body != "mine" || got.header.Get("Content-Type") != "image/jpeg" {
		t.Fatalf("%s: %d %s %v", address, got.status, got.body, got.header)
	}
	if f := h.fetch(strings.Replace(address, mine, other, 1)); f.status != 404 {
		t.Errorf("media of no item: %d", f.status)
	}
	if f := h.fetch(strings.Split(address, "?")[0]); f.status != 401 {
		t.Errorf("without a token: %d", f.status)
	}
	h.do(news.Kill, it)
	h.shows("urn:x:1 v2 canceled")
	if f := h.fetch(address); f.status != 404 {
		t.Errorf("media of a killed item: %d", f.status)
	}
}
