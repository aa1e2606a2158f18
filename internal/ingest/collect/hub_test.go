package collect

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// hub is a small WebSub hub written for these tests, to the letter of the
// Recommendation: it answers 202, confirms each request with the subscriber, and
// pushes what it fetches from the topic, signed.
type hub struct {
	*httptest.Server
	t *testing.T

	mu        sync.Mutex
	asked     []url.Values // requests, in order
	confirmed map[string]url.Values
	results   chan string // of each confirmation: confirmed, refused
	lease     time.Duration
	method    string // of signatures
	deny      string // why, if it denies
	answer    int    // of requests; 0 is 202
}

func newHub(t *testing.T) *hub {
	h := &hub{t: t, confirmed: map[string]url.Values{}, results: make(chan string, 100), lease: 10 * 24 * time.Hour, method: "sha256"}
	h.Server = httptest.NewServer(http.HandlerFunc(h.subscribe))
	t.Cleanup(h.Close)
	return h
}

func (h *hub) subscribe(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.ParseForm() != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	form := r.PostForm
	h.asked = append(h.asked, form)
	answer, deny, lease := h.answer, h.deny, h.lease
	h.mu.Unlock()
	if answer != 0 {
		http.Error(w, "no", answer)
		return
	}
	for _, name := range []string{"hub.callback", "hub.mode", "hub.topic"} {
		if form.Get(name) == "" {
			http.Error(w, name+" is missing", http.StatusBadRequest)
			return
		}
	}
	if len(form.Get("hub.secret")) >= 200 {
		http.Error(w, "hub.secret is too long", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	go h.confirm(form, deny, lease)
}

func (h *hub) confirm(form url.Values, deny string, lease time.Duration) {
	if deny != "" {
		h.ask(form.Get("hub.callback"), url.Values{"hub.mode": {"denied"}, "hub.topic": {form.Get("hub.topic")}, "hub.reason": {deny}})
		h.results <- "denied"
		return
	}
	challenge := rand.Text()
	status, body := h.ask(form.Get("hub.callback"), url.Values{"hub.mode": {form.Get("hub.mode")}, "hub.topic": {form.Get("hub.topic")},
		"hub.challenge": {challenge}, "hub.lease_seconds": {strconv.Itoa(int(lease.Seconds()))}})
	if status/100 != 2 || body != challenge {
		h.results <- "refused"
		return
	}
	h.mu.Lock()
	h.confirmed[form.Get("hub.callback")] = form
	h.mu.Unlock()
	h.results <- "confirmed"
}

// ask calls a subscriber back.
func (h *hub) ask(callback string, q url.Values) (int, string) {
	res, err := http.Get(callback + "?" + q.Encode())
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// wait returns how the next confirmation went.
func (h *hub) wait() string {
	h.t.Helper()
	select {
	case r := <-h.results:
		return r
	case <-time.After(20 * time.Second):
		h.t.Fatal("the hub was not asked")
		return ""
	}
}

func (h *hub) requests() []url.Values {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]url.Values(nil), h.asked...)
}

// callback returns the only confirmed subscription.
func (h *hub) subscription() url.Values {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.confirmed {
		return f
	}
	h.t.Fatal("nobody subscribed")
	return nil
}

// push sends a body to the subscriber, as the hub does it, and returns its answer.
func (h *hub) push(body string, change func(*http.Request)) int {
	h.t.Helper()
	f := h.subscription()
	r, err := http.NewRequest(http.MethodPost, f.Get("hub.callback"), strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/rss+xml")
	r.Header.Add("Link", fmt.Sprintf(`<%s>; rel="hub"`, h.URL))
	r.Header.Add("Link", fmt.Sprintf(`<%s>; rel="self"`, f.Get("hub.topic")))
	h.mu.Lock()
	r.Header.Set("X-Hub-Signature", signature(h.method, f.Get("hub.secret"), body))
	h.mu.Unlock()
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func signature(method, secret, body string) string {
	newHash := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New}[method]
	mac := hmac.New(newHash, []byte(secret))
	io.WriteString(mac, body)
	return method + "=" + hex.EncodeToString(mac.Sum(nil))
}
