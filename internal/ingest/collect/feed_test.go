package collect

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/fetch/remote/remotetest"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

const rss = `<?xml version="1.0"?><rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link>%s
<item><title>One</title><guid>tag:1</guid><description>%s</description></item></channel></rss>`

func feedText(head, words string) string { return fmt.Sprintf(rss, head, words) }

// publisher is an HTTP server of a feed.
type publisher struct {
	*httptest.Server
	calls atomic.Int64
	serve http.HandlerFunc
}

func publish(t *testing.T, serve http.HandlerFunc) *publisher {
	p := &publisher{serve: serve}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls.Add(1)
		p.serve(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) says(text string) {
	p.serve = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) }
}

func poll(t *testing.T, address string) *desk {
	o := Options{Allow: remotetest.Allow, URL: "https://node.example", Now: time.Now}
	return newDesk(t, newFeeds(o), &ingest.Source{Kind: ingest.Feed, Name: "Wire", Address: address})
}

func TestUnchangedFeedCostsNothing(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "feed.rss", feedText("", "words"), time.Hour)
	var full, agents atomic.Int64
	files := http.FileServer(http.Dir(dir))
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") == "Jisr (+https://node.example)" {
			agents.Add(1)
		}
		w.Header().Set("ETag", `"`+strconv.FormatInt(mtime(dir), 36)+`"`)
		files.ServeHTTP(counting{w, &full}, r)
	})
	d := poll(t, p.URL+"/feed.rss")
	d.must("feed.rss")
	sent := full.Load()
	d.must()
	d.must()
	if full.Load() != sent || agents.Load() != 3 || d.again != 0 {
		t.Errorf("the server sent %d bytes, then %d in two looks; %d calls said who they are", sent, full.Load()-sent, agents.Load())
	}
	put(t, dir, "feed.rss", feedText("", "other words"), 0)
	d.must("feed.rss")
	if string(d.files[1].Data) != feedText("", "other words") {
		t.Errorf("kept %s", d.files[1].Data)
	}
}

// counting counts the bytes of bodies.
type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return c.ResponseWriter.Write(b)
}

func mtime(dir string) int64 {
	i, err := os.Stat(filepath.Join(dir, "feed.rss"))
	if err != nil {
		return 0
	}
	return i.ModTime().UnixNano()
}

func TestFeedThatOnlyStampsItselfAnewIsNotKeptAgain(t *testing.T) {
	p := publish(t, nil)
	d := poll(t, p.URL)
	p.says(feedText("<lastBuildDate>Mon, 01 Jun 2026 10:00:00 GMT</lastBuildDate>", "words"))
	d.must("feed.rss")
	p.says(feedText("<lastBuildDate>Mon, 01 Jun 2026 10:05:00 GMT</lastBuildDate>", "words"))
	d.must()
	p.says(feedText("<lastBuildDate>Mon, 01 Jun 2026 10:05:00 GMT</lastBuildDate>", "new words"))
	d.must("feed.rss")
}

func TestFeedThatCannotBeKeptIsFetchedAgain(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, feedText("", "words"))
	})
	d := poll(t, p.URL)
	d.broken = errDisk
	if _, err := d.look(); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	d.broken = nil
	d.must("feed.rss")
	d.must()
}

func TestPublisherSaysWhenToComeAgain(t *testing.T) {
	stamp := func(in time.Duration) string { return time.Now().Add(in).UTC().Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		header map[string]string
		head   string
		want   time.Duration
	}{
		"nothing":           {nil, "", 0},
		"max-age":           {map[string]string{"Cache-Control": "public, max-age=600"}, "", 10 * time.Minute},
		"max-age and age":   {map[string]string{"Cache-Control": "max-age=600", "Age": "540"}, "", time.Minute},
		"a year":            {map[string]string{"Cache-Control": "max-age=31536000"}, "", time.Hour},
		"no-cache":          {map[string]string{"Cache-Control": "no-cache, max-age=600"}, "", 0},
		"expires":           {map[string]string{"Expires": stamp(5 * time.Minute), "Date": stamp(0)}, "", 5 * time.Minute},
		"max-age wins":      {map[string]string{"Cache-Control": "max-age=60", "Expires": stamp(time.Hour), "Date": stamp(0)}, "", time.Minute},
		"max-age 0 wins":    {map[string]string{"Cache-Control": "max-age=0", "Expires": stamp(time.Hour), "Date": stamp(0)}, "", 0},
		"nonsense":          {map[string]string{"Cache-Control": "max-age=-9, max-age=x", "Expires": "0"}, "", 0},
		"ttl":               {nil, "<ttl>20</ttl>", 20 * time.Minute},
		"ttl above max-age": {map[string]string{"Cache-Control": "max-age=60"}, "<ttl>20</ttl>", 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			p := publish(t, func(w http.ResponseWriter, _ *http.Request) {
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				io.WriteString(w, feedText(c.head, "words"))
			})
			d := poll(t, p.URL)
			d.must("feed.rss")
			if d.next != c.want {
				t.Errorf("next look in %s, want %s", d.next, c.want)
			}
		})
	}
}

func TestHostThatAsksForAPauseGetsItForAllItsFeeds(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/busy" {
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		io.WriteString(w, feedText("", "words"))
	})
	d := poll(t, p.URL+"/busy")
	if _, err := d.look(); news.KindOf(err) != news.Unavailable || d.next != 10*time.Minute {
		t.Errorf("next look in %s, %v", d.next, err)
	}
	d.source.Address = p.URL + "/other"
	d.must()
	if d.next < 9*time.Minute || p.calls.Load() != 1 {
		t.Errorf("next look in %s after %d calls", d.next, p.calls.Load())
	}
}

func TestHostIsAskedByOneAtATimeWithAPause(t *testing.T) {
	h := &hosts{gap: 30 * time.Millisecond, wait: time.Minute}
	var now, most, n atomic.Int64
	var last time.Time
	done := make(chan struct{})
	for range 5 {
		go func() {
			defer func() { done <- struct{}{} }()
			release, err := h.take(t.Context(), "wire.example")
			if err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), now.Add(1)))
			if gap := time.Since(last); n.Add(1) > 1 && gap < h.gap {
				t.Errorf("asked again after %s", gap)
			}
			now.Add(-1)
			last = time.Now()
			release()
		}()
	}
	for range 5 {
		<-done
	}
	if most.Load() != 1 {
		t.Errorf("%d asked at the same time", most.Load())
	}
	h.wait = time.Millisecond
	release, err := h.take(t.Context(), "wire.example")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var later *laterError
	if _, err := h.take(t.Context(), "wire.example"); !errors.As(err, &later) {
		t.Errorf("a long queue is waited for: %v", err)
	}
}

func TestRedirectsAreFollowedAndPermanentOnesRemembered(t *testing.T) {
	old := publish(t, nil)
	var asked atomic.Int64
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the password went to another server")
		}
		switch r.URL.Path {
		case "/new":
			http.Redirect(w, r, "/today", http.StatusFound)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		default:
			asked.Add(1)
			io.WriteString(w, feedText("", "words"))
		}
	})
	old.serve = func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, p.URL+"/new", http.StatusMovedPermanently)
	}
	d := poll(t, old.URL)
	d.source.User, d.source.Secret = "desk", "secret"
	d.must("feed.rss")
	d.must()
	if old.calls.Load() != 1 || asked.Load() != 2 {
		t.Errorf("the old address was asked %d times, the new one %d times", old.calls.Load(), asked.Load())
	}
	// The new address fails: the old one is asked again.
	inner := p.serve
	p.serve = func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) }
	if _, err := d.look(); news.KindOf(err) != news.NotFound {
		t.Errorf("look: %v", err)
	}
	p.serve = inner
	d.must()
	if old.calls.Load() != 2 {
		t.Errorf("the old address was asked %d times", old.calls.Load())
	}
}

func TestRedirectsLeadNowhereDangerous(t *testing.T) {
	inside := publish(t, func(http.ResponseWriter, *http.Request) { t.Error("a service inside the network was called") })
	for target, kind := range map[string]news.Kind{
		"http://169.254.169.254/latest/meta-data":                      news.Forbidden,
		"http://[::1]:80/":                                             news.Forbidden,
		strings.Replace(inside.URL, "127.0.0.1", "localhost", 1):       news.Forbidden,
		strings.Replace(inside.URL, "127.0.0.1", "[::ffff:7f00:1]", 1): news.Forbidden,
		"file:///etc/passwd":                                           news.Invalid,
		"gopher://wire.example/":                                       news.Invalid,
		"/":                                                            news.Unavailable, // round and round
	} {
		p := publish(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", target)
			w.WriteHeader(http.StatusMovedPermanently)
		})
		d := poll(t, p.URL)
		if got, err := d.look(); news.KindOf(err) != kind || len(got) != 0 {
			t.Errorf("%s: kept %q, %v", target, got, err)
		}
		if p.calls.Load() > maxHops+1 {
			t.Errorf("%s: followed %d times", target, p.calls.Load())
		}
	}
}

func TestFeedDoesNotMoveFromHTTPSToHTTP(t *testing.T) {
	plain := publish(t, func(http.ResponseWriter, *http.Request) { t.Error("the feed was read in the clear") })
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	d := poll(t, secure.URL)
	d.collector.(*feeds).client = secure.Client()
	d.collector.(*feeds).client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("look: %v", err)
	}
}

// A name that is public when it is looked up first and private when it is
// dialled gains nothing: what counts is the address that is dialled.
func TestNameThatTurnsInwardIsNotCalled(t *testing.T) {
	inside := publish(t, func(http.ResponseWriter, *http.Request) { t.Error("a service inside the network was called") })
	dns := newRebinding(t)
	old := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: dns.dial}
	t.Cleanup(func() { net.DefaultResolver = old })
	addrs, err := net.DefaultResolver.LookupHost(t.Context(), "rebind.example")
	if err != nil || len(addrs) != 1 || addrs[0] != "93.184.216.34" {
		t.Fatalf("first answer %v, %v", addrs, err)
	}
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	d := poll(t, "http://rebind.example:"+port+"/")
	_, err = d.look()
	if news.KindOf(err) != news.Forbidden {
		t.Errorf("look: %v", err)
	}
	if dns.answers.Load() < 2 {
		t.Error("the name was not looked up again")
	}
}

func TestGzipIsUnpackedWithinBounds(t *testing.T) {
	packed := func(text []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(text)
		z.Close()
		return b.Bytes()
	}
	var send []byte
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Error("gzip was not asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(send)
	})
	d := poll(t, p.URL)
	send = packed([]byte(feedText("", "words")))
	d.must("feed.rss")
	if string(d.files[0].Data) != feedText("", "words") {
		t.Errorf("kept %q", d.files[0].Data)
	}
	send = packed(make([]byte, 64<<20)) // 64 KB that unpack to 64 MB
	if got, err := d.look(); news.KindOf(err) != news.TooLarge || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
	send = packed([]byte(feedText("", strings.Repeat("other words", 100))))[:100]
	if got, err := d.look(); news.KindOf(err) != news.Unavailable || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
	send = []byte("no gzip at all")
	if got, err := d.look(); news.KindOf(err) != news.Unavailable || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
}

func TestFeedThatIsCutOffIsNotKept(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		text := feedText("", "words")
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text[:len(text)/2])
		panic(http.ErrAbortHandler)
	})
	d := poll(t, p.URL)
	if got, err := d.look(); news.KindOf(err) != news.Unavailable || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
}

func TestServerThatTricklesIsGivenUp(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	d := poll(t, p.URL)
	d.collector.(*feeds).time = 100 * time.Millisecond
	if got, err := d.look(); news.KindOf(err) != news.Unavailable || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
}

func TestEndlessFeedIsGivenUp(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		for chunk := make([]byte, 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	d := poll(t, p.URL)
	if got, err := d.look(); news.KindOf(err) != news.TooLarge || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
}

func TestWebPageInPlaceOfAFeedIsSaid(t *testing.T) {
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<!doctype html><title>Maintenance</title>")
	})
	d := poll(t, p.URL)
	if got, err := d.look(); news.KindOf(err) != news.Invalid || len(got) != 0 {
		t.Errorf("kept %q, %v", got, err)
	}
	p.serve = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html") // as careless servers do
		io.WriteString(w, feedText("", "words"))
	}
	d.must("feed.rss")
}

func TestPasswordIsSentToItsServer(t *testing.T) {
	var got atomic.Value
	p := publish(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("Authorization"))
		io.WriteString(w, feedText("", "words"))
	})
	d := poll(t, p.URL)
	d.source.User, d.source.Secret = "desk", "secret"
	d.must("feed.rss")
	if got.Load() != "Basic ZGVzazpzZWNyZXQ=" {
		t.Errorf("sent %q", got.Load())
	}
	d.source.User = ""
	d.must()
	if got.Load() != "Bearer secret" {
		t.Errorf("sent %q", got.Load())
	}
	p.serve = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("look: %v", err)
	}
}
