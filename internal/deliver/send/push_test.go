package send_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"jisr/internal/deliver"
	"jisr/internal/deliver/send"
	"jisr/internal/news"
)

const secret = "a-secret-of-at-least-24-characters"

func local(host string) bool { return host == "127.0.0.1" }

func senders(t *testing.T, o send.Options) map[deliver.Kind]deliver.Sender {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Allow == nil {
		o.Allow = local
	}
	o.Origin, o.Version = "wire.example", "1"
	all, end := send.All(o)
	t.Cleanup(end)
	return all
}

// message is a correction with a picture and a film.
func message() *deliver.Message {
	return &deliver.Message{
		ID: "01JABCDEFGHJKMNPQRSTVWXYZ0", Origin: "wire.example", URI: "tag:wire.example,2026:خبر 1", Version: 3, Act: news.Correction,
		Priority: true, Name: "2026/нефть-3.xml", Subject: "Нефть", ContentType: "application/vnd.iptc.g2.newsitem+xml",
		Body: []byte("<newsItem>النفط</newsItem>"), Entry: "sha256:" + strings.Repeat("ab", 32), Issued: time.Now(),
		Media: []deliver.Media{file("picture", "image/jpeg", ".jpg"), file(strings.Repeat("film", 50_000), "video/mp4", ".mp4")},
	}
}

func file(content, contentType, ext string) deliver.Media {
	sum := sha256.Sum256([]byte(content))
	digest := hex.EncodeToString(sum[:])
	return deliver.Media{Name: digest[:24] + ext, ContentType: contentType, Digest: "sha256:" + digest, Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// got is what a receiver kept.
type got struct {
	id    string
	about http.Header
	body  []byte
}

// receive starts the receiver of docs/delivery.md behind what wrap makes of it.
func receive(t *testing.T, wrap func(http.Handler) http.Handler) (*deliver.Destination, *[]got) {
	t.Helper()
	var kept []got
	v := &Receiver{Secret: []byte(secret), Keep: func(id string, about http.Header, body []byte) error {
		for _, k := range kept {
			if k.id == id {
				return nil
			}
		}
		kept = append(kept, got{id, about, body})
		return nil
	}}
	var h http.Handler = v
	if wrap != nil {
		h = wrap(v)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	v.Address = s.URL + "/in?desk=%D8%A7"
	return &deliver.Destination{ID: "01JDESTINATION", Kind: deliver.HTTP, Address: v.Address, Secret: secret}, &kept
}

func TestReceiverVerifiesAPushByTheDocumentedSteps(t *testing.T) {
	d, kept := receive(t, nil)
	m := message()
	receipt, err := senders(t, send.Options{})[deliver.HTTP].Send(t.Context(), d, m)
	if err != nil || receipt.Status != "202 Accepted" {
		t.Fatalf("%+v: %v", receipt, err)
	}
	if len(*kept) != 3 {
		t.Fatalf("%d requests were kept, want two files and the item", len(*kept))
	}
	for i, f := range m.Media {
		k := (*kept)[i]
		sum := sha256.Sum256(k.body)
		if k.about.Get("Jisr-Part") != "media" || k.about.Get("Jisr-File") != f.Name || k.about.Get("Content-Type") != f.ContentType ||
			"sha256:"+hex.EncodeToString(sum[:]) != f.Digest {
			t.Errorf("file %d came as %v", i, k.about)
		}
	}
	item := (*kept)[2]
	if item.id != m.ID || !bytes.Equal(item.body, m.Body) {
		t.Errorf("item %s: %s", item.id, item.body)
	}
	for name, want := range map[string]string{
		"Content-Type": m.ContentType, "Jisr-Part": "item", "Jisr-File": "2026/%D0%BD%D0%B5%D1%84%D1%82%D1%8C-3.xml", "Jisr-Origin": "wire.example",
		"Jisr-Item": "tag:wire.example,2026:%D8%AE%D8%A8%D8%B1%201", "Jisr-Version": "3", "Jisr-Act": "correction", "Jisr-Entry": m.Entry,
	} {
		if got := item.about.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestReceiverInTheDocumentationIsTheOneOfTheTests(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/delivery.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("receiver_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(code), "standard library.\n\n")
	if !ok || !strings.Contains(string(doc), "```go\n"+after+"```") {
		t.Error("docs/delivery.md does not print the receiver of receiver_test.go, from its first type on")
	}
}

func TestPushIsAcceptedOnlyAsItWasSent(t *testing.T) {
	var r *http.Request
	var body []byte
	d, kept := receive(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) { // on the way, before it arrives
			body, _ = io.ReadAll(in.Body)
			r = in
		})
	})
	m := message()
	m.Media = nil
	if _, err := senders(t, send.Options{})[deliver.HTTP].Send(t.Context(), d, m); err != nil {
		t.Fatal(err)
	}
	v := &Receiver{Address: d.Address, Secret: []byte(secret), Keep: func(id string, about http.Header, body []byte) error {
		*kept = append(*kept, got{id, about, body})
		return nil
	}}
	try := func(v *Receiver, alter func(*http.Request), body []byte) int {
		in := r.Clone(context.Background())
		if alter != nil {
			alter(in)
		}
		in.Body = io.NopCloser(bytes.NewReader(body))
		w := httptest.NewRecorder()
		v.ServeHTTP(w, in)
		return w.Code
	}
	if code := try(v, nil, body); code != http.StatusAccepted {
		t.Fatalf("the request itself: %d", code)
	}
	for _, name := range []string{"Content-Type", "Content-Digest", "Idempotency-Key", "Jisr-Part", "Jisr-File", "Jisr-Origin", "Jisr-Item",
		"Jisr-Version", "Jisr-Act", "Jisr-Entry", "Signature", "Signature-Input"} {
		if code := try(v, func(r *http.Request) { r.Header.Set(name, r.Header.Get(name)+"0") }, body); code != http.StatusUnauthorized {
			t.Errorf("%s changed: %d", name, code)
		}
		if code := try(v, func(r *http.Request) { r.Header.Del(name) }, body); code != http.StatusUnauthorized {
			t.Errorf("%s removed: %d", name, code)
		}
	}
	elsewhere, other := *v, *v
	elsewhere.Address = "https://other.example/in"
	other.Secret = []byte("another-secret-of-24-characters")
	for name, code := range map[string]int{
		"another body":    try(v, nil, []byte("<newsItem/>")),
		"another method":  try(v, func(r *http.Request) { r.Method = http.MethodPut }, body),
		"another address": try(&elsewhere, nil, body),
		"another secret":  try(&other, nil, body),
	} {
		if code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, code)
		}
	}
	if len(*kept) != 1 {
		t.Errorf("%d deliveries were kept", len(*kept))
	}
}

func TestOldPushIsNotAccepted(t *testing.T) {
	d, _ := receive(t, nil)
	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		o := send.Options{Now: func() time.Time { return time.Now().Add(off) }}
		_, err := senders(t, o)[deliver.HTTP].Send(t.Context(), d, message())
		var no *deliver.Refusal
		if !errors.As(err, &no) || no.Again || !strings.Contains(no.Status, "401 Unauthorized: signed too long ago") || !strings.Contains(no.Reason, "clock") {
			t.Errorf("signed %s off: %v", off, err)
		}
	}
}

func TestDeliveryTriedAgainIsKeptOnce(t *testing.T) {
	var lost atomic.Bool
	lost.Store(true)
	d, kept := receive(t, func(v http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			v.ServeHTTP(answer, r)
			if lost.Load() && r.Header.Get("Jisr-Part") == "item" { // kept, and the answer is lost on the way
				panic(http.ErrAbortHandler)
			}
			w.WriteHeader(answer.Code)
		})
	})
	m := message()
	push := senders(t, send.Options{})[deliver.HTTP]
	_, err := push.Send(t.Context(), d, m)
	if err == nil || errors.As(err, new(*deliver.Refusal)) {
		t.Fatalf("a lost answer is no refusal: %v", err)
	}
	lost.Store(false)
	if _, err := push.Send(t.Context(), d, m); err != nil {
		t.Fatal(err)
	}
	if len(*kept) != 3 {
		t.Errorf("%d were kept", len(*kept))
	}
}

// answering starts a receiver that always answers the same.
func answering(t *testing.T, h http.HandlerFunc) *deliver.Destination {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return &deliver.Destination{ID: "01JDESTINATION", Kind: deliver.HTTP, Address: s.URL + "/in", Secret: secret}
}

func TestAnswersAreJudged(t *testing.T) {
	push := senders(t, send.Options{})[deliver.HTTP]
	m := message()
	m.Media = nil
	for code, again := range map[int]bool{
		400: false, 401: false, 403: false, 404: false, 405: false, 409: false, 410: false, 413: false, 415: false, 418: false, 422: false,
		301: false, 304: false, 307: false, 408: true, 425: true, 429: true, 500: true, 501: true, 502: true, 503: true, 504: true, 599: true,
	} {
		d := answering(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
		_, err := push.Send(t.Context(), d, m)
		var no *deliver.Refusal
		if !errors.As(err, &no) || no.Again != again || no.Reason == "" || !strings.HasPrefix(no.Status, fmt.Sprint(code)) {
			t.Errorf("%d: %+v", code, err)
		}
	}
	for _, code := range []int{200, 201, 202, 204} {
		d := answering(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
		if r, err := push.Send(t.Context(), d, m); err != nil || !strings.HasPrefix(r.Status, fmt.Sprint(code)) {
			t.Errorf("%d: %+v, %v", code, r, err)
		}
	}
}

func TestRetryAfterIsHonouredWithinReason(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	push := senders(t, send.Options{Now: func() time.Time { return now }})[deliver.HTTP]
	m := message()
	m.Media = nil
	for said, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 7 ": 7 * time.Second, "0": 0, "-5": 0, "soon": 0, "1.5": 0,
		"Mon, 04 May 2026 12:30:00 GMT": 30 * time.Minute, "Mon, 04 May 2026 11:00:00 GMT": 0,
		"Tue, 04 May 2027 12:30:00 GMT": 6 * time.Hour, "999999999": 6 * time.Hour, "9223372036854775807": 6 * time.Hour,
	} {
		d := answering(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", said)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := push.Send(t.Context(), d, m)
		var no *deliver.Refusal
		if !errors.As(err, &no) || !no.Again || no.After != want {
			t.Errorf("Retry-After %q: %+v, want %s", said, err, want)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	called := false
	elsewhere := answering(t, func(http.ResponseWriter, *http.Request) { called = true })
	d := answering(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.Address, http.StatusPermanentRedirect)
	})
	_, err := senders(t, send.Options{})[deliver.HTTP].Send(t.Context(), d, message())
	var no *deliver.Refusal
	if !errors.As(err, &no) || no.Again || called || !strings.Contains(no.Reason, elsewhere.Address) {
		t.Errorf("called %v: %v", called, err)
	}
}

func TestAnswerIsReadBoundedAndShownCleaned(t *testing.T) {
	push := senders(t, send.Options{})[deliver.HTTP]
	m := message()
	m.Media = nil
	endless := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusUnprocessableEntity)
		for {
			if _, err := io.WriteString(w, "\x1b[31mnot\r\n valid \u202e\x00 خطأ "); err != nil {
				return
			}
		}
	})
	_, err := push.Send(t.Context(), endless, m)
	var no *deliver.Refusal
	if !errors.As(err, &no) || len(no.Status) > 400 || !utf8.ValidString(no.Status) || strings.ContainsAny(no.Status, "\x1b\r\n\x00\u202e") ||
		!strings.Contains(no.Status, "not valid خطأ") {
		t.Errorf("shown as %q", no.Status)
	}
	page := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		io.WriteString(w, "<html><script>alert(1)</script>") //nolint:errcheck // seen by the client
	})
	if _, err = push.Send(t.Context(), page, m); !errors.As(err, &no) || no.Status != "502 Bad Gateway" {
		t.Errorf("a page is shown: %v", err)
	}
}

func TestPushGoesNowhereUnsafe(t *testing.T) {
	called := false
	d := answering(t, func(http.ResponseWriter, *http.Request) { called = true })
	short, account, open := *d, *d, *d
	short.Secret = "short"
	account.Address = strings.Replace(d.Address, "://", "://user:pass@", 1)
	open.Address = "http://paper.example/in"
	inside := *d
	inside.Address = strings.Replace(d.Address, "http://", "https://", 1)
	for name, tt := range map[string]struct {
		d     *deliver.Destination
		allow func(string) bool
		why   string
	}{
		"no secret":       {&short, local, "secret"},
		"account in it":   {&account, local, "account"},
		"http":            {&open, local, "https"},
		"private network": {&inside, func(string) bool { return false }, "private network"},
	} {
		_, err := senders(t, send.Options{Allow: tt.allow})[deliver.HTTP].Send(t.Context(), tt.d, message())
		var no *deliver.Refusal
		if !errors.As(err, &no) || no.Again || !strings.Contains(no.Reason, tt.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if called {
		t.Error("it was called")
	}
	if err := send.Check(&short, local); news.KindOf(err) != news.Invalid {
		t.Errorf("saved without a secret: %v", err)
	}
}

func TestDeadReceiverIsTriedAgainAndItsAddressStaysUnsaid(t *testing.T) {
	s := httptest.NewServer(nil)
	d := &deliver.Destination{ID: "d", Kind: deliver.HTTP, Address: s.URL + "/in?key=k3y", Secret: secret}
	s.Close()
	_, err := senders(t, send.Options{})[deliver.HTTP].Send(t.Context(), d, message())
	if err == nil || errors.As(err, new(*deliver.Refusal)) || strings.Contains(err.Error(), "k3y") {
		t.Error(err)
	}
}
