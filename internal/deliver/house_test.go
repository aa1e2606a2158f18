package deliver

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// house is a newsroom that delivers, on a clock that can be moved.
type house struct {
	*Service
	t      *testing.T
	room   *newsroom.Service
	rights *rights
	mu     sync.Mutex
	ahead  time.Duration
	stop   func()
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.ahead)
}

// advance moves the clock and has the queue looked at.
func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	h.ahead += d
	h.mu.Unlock()
	h.look()
}

func (h *house) look() {
	h.couriers.mu.Lock()
	for _, c := range h.couriers.running {
		c.wake()
	}
	h.couriers.mu.Unlock()
	select {
	case h.couriers.called <- struct{}{}:
	default:
	}
}

// rights says what may be passed on of partners' items.
type rights struct {
	mu sync.Mutex
	no map[string]string // reason by URI
}

func (r *rights) MayRedistribute(_ context.Context, _, uri string, _ int64) (bool, string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.no[uri] == "", r.no[uri], nil
}

// wire is the newsroom's wire as delivery asks it.
type wire struct{ room *newsroom.Service }

func (w wire) Standing(ctx context.Context, items []Item) (map[Item]Standing, error) {
	keys := make([][2]string, len(items))
	for i, it := range items {
		keys[i] = [2]string{it.Origin, it.URI}
	}
	lines, err := w.room.Lines(ctx, keys, true)
	out := map[Item]Standing{}
	for _, l := range lines {
		out[Item{l.Origin, l.URI}] = Standing{l.Position, l.Index, l.Status, l.Blocked, l.Embargoed, l.Expires}
	}
	return out, err
}

// poster sends as plainly as can be: what the queue does is under test here.
type poster struct{ client *http.Client }

func (p poster) Send(ctx context.Context, d *Destination, m *Message) (Receipt, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Address, bytes.NewReader(m.Body))
	if err != nil {
		return Receipt{}, err
	}
	r.Header.Set("Content-Type", m.ContentType)
	r.Header.Set("Test-Id", m.ID)
	r.Header.Set("Test-Item", m.URI)
	r.Header.Set("Test-Version", fmt.Sprint(m.Version))
	r.Header.Set("Test-Act", string(m.Act))
	res, err := p.client.Do(r)
	if err != nil {
		return Receipt{}, err
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body) //nolint:errcheck
	switch {
	case res.StatusCode < 300:
		return Receipt{Status: res.Status}, nil
	case res.StatusCode == 408, res.StatusCode == 425, res.StatusCode == 429, res.StatusCode >= 500:
		after, _ := time.ParseDuration(res.Header.Get("Retry-After") + "s")
		return Receipt{}, &Refusal{Status: res.Status, Again: true, After: after, Reason: "it is busy"}
	}
	return Receipt{}, &Refusal{Status: res.Status, Reason: "it will not have it"}
}

func newHouse(t *testing.T, d *db.DB) *house {
	h := prepareHouse(t, d)
	h.start()
	return h
}

func prepareHouse(t *testing.T, d *db.DB) *house { return prepareHouseOf(t, d, "wire.example") }

func prepareHouseOf(t *testing.T, d *db.DB, origin string) *house {
	t.Helper()
	h := &house{t: t, rights: &rights{no: map[string]string{}}}
	keys, err := ledger.OpenKeyring(t.TempDir())
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	lo := ledger.Options{DB: d, Keys: keys, Now: h.clock, Log: log}
	key, err := ledger.GenerateKey(origin)
	must(t, err)
	must(t, ledger.Create(t.Context(), lo, key))
	l, err := ledger.Open(t.Context(), lo)
	must(t, err)
	blobs, err := blob.New(t.TempDir(), h.clock)
	must(t, err)
	h.room = newsroom.New(newsroom.Options{DB: d, Ledger: l, Media: blobs, Now: h.clock, Log: log})
	h.Service = New(h.options(d, l, blobs))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.room.Run(ctx) })
	t.Cleanup(func() {
		if h.stop != nil {
			h.stop()
		}
		cancel()
		wg.Wait()
		l.Close()
	})
	return h
}

func (h *house) options(d *db.DB, l *ledger.Ledger, blobs *blob.Store) Options {
	return Options{DB: d, Ledger: l, Blobs: blobs, Wire: wire{h.room}, Rights: h.rights, Needs: []string{newsroom.WireFollower},
		Senders: map[Kind]Sender{HTTP: poster{&http.Client{}}}, URL: func() string { return "https://node.wire.example" },
		Allow: func(string) bool { return true }, Now: h.clock, Log: slog.New(slog.DiscardHandler)}
}

// start has the house deliver; stop ends it.
func (h *house) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	h.stop = func() { cancel(); <-done; h.stop = nil }
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// subscriber makes a subscriber that takes everything of this house, or what the
// query says.
func (h *house) subscriber(q ...Query) *Subscriber {
	h.t.Helper()
	if len(q) == 0 {
		q = []Query{{Own: true}}
	}
	p := &Product{Name: "all", Query: q[0]}
	must(h.t, h.AddProduct(h.t.Context(), p))
	sub := &Subscriber{Name: "Paper", Active: true, Products: []string{p.ID}}
	must(h.t, h.AddSubscriber(h.t.Context(), sub))
	return sub
}

// destination makes a destination of the subscriber, of kind http unless said
// otherwise.
func (h *house) destination(sub *Subscriber, d Destination) *Destination {
	h.t.Helper()
	d.Subscriber, d.Active = sub.ID, true
	if d.Name == "" {
		d.Name = "CMS"
	}
	if d.Kind == "" {
		d.Kind = HTTP
	}
	must(h.t, h.AddDestination(h.t.Context(), &d))
	return &d
}

func story(uri, headline string) *news.Item {
	return &news.Item{URI: uri, Type: news.Text, Language: "en", Urgency: 5, Headlines: []news.Words{{Value: headline}},
		Bodies: []news.Words{{ContentType: "text/html", Value: "<p>" + headline + " and what follows.</p>"}}}
}

// do performs an act and waits until it is noted what is owed.
func (h *house) do(act news.Act, it *news.Item) int64 {
	h.t.Helper()
	p := h.issue(act, it)
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	must(h.t, h.Ledger.WaitFollower(ctx, Follower, p))
	return p
}

func (h *house) issue(act news.Act, it *news.Item) int64 {
	h.t.Helper()
	reason := ""
	if act.NeedsReason() {
		reason = "because of " + string(act)
	}
	out, err := h.room.Issue(h.t.Context(), newsroom.Issue{Act: act, Item: it, Desk: "science", Reason: reason, Actor: ledger.Actor{Role: "editor"}})
	must(h.t, err)
	return out.Position
}

// log returns what the log says of a destination, oldest first, as "uri v1
// publish sent".
func (h *house) log(d *Destination) []string {
	h.t.Helper()
	found, err := h.Deliveries(h.t.Context(), Log{Destination: d.ID, Limit: 200})
	must(h.t, err)
	out := make([]string, len(found))
	for i, x := range found {
		out[len(found)-1-i] = fmt.Sprintf("%s v%d %s %s", x.Item.URI, x.Version, x.Act, x.State)
	}
	return out
}

// await waits until the log of a destination is what it should be.
func (h *house) await(d *Destination, want ...string) {
	h.t.Helper()
	var got []string
	h.until("the log to become\n  "+strings.Join(want, "\n  "), func() bool {
		got = h.log(d)
		return strings.Join(got, "\n") == strings.Join(want, "\n")
	}, func() string { return "it is\n  " + strings.Join(got, "\n  ") })
}

func (h *house) until(what string, is func() bool, why ...func() string) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if is() {
			return
		}
	}
	more := ""
	for _, w := range why {
		more += "\n" + w()
	}
	h.t.Fatalf("waited in vain for %s%s", what, more)
}

// receiver is a subscriber's system.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []string // "uri v1 publish"
	bodies map[string]string
	ids    map[string]int
	answer func(r *http.Request) int // nil for 202
	header http.Header
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{bodies: map[string]string{}, ids: map[string]int{}, header: http.Header{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		answer := r.answer
		for k, v := range r.header {
			w.Header()[k] = v
		}
		r.mu.Unlock()
		status := http.StatusAccepted
		if answer != nil {
			status = answer(req)
		}
		key := fmt.Sprintf("%s v%s %s", req.Header.Get("Test-Item"), req.Header.Get("Test-Version"), req.Header.Get("Test-Act"))
		r.mu.Lock()
		r.ids[req.Header.Get("Test-Id")]++
		if status < 300 {
			r.got = append(r.got, key)
			r.bodies[key] = string(b)
		}
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(f func(*http.Request) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

func (r *receiver) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.got...)
}

// deliveries is how many different deliveries were tried.
func (r *receiver) deliveries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.ids)
}

func (r *receiver) body(key string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies[key]
}

// picture stores bytes as media and returns their digest.
func (h *house) picture(bytes string) string {
	h.t.Helper()
	info, err := h.Blobs.Put(h.t.Context(), strings.NewReader(bytes), blob.Expect{})
	must(h.t, err)
	return info.Digest
}

// faults injects faults; the house must not have been started.
func (h *house) faults(f func(step string) error) { h.Fault, h.desk.fault = f, f }

// partner is another house whose ledger this one mirrors.
type partner struct {
	*house
	here *house
}

func newPartner(t *testing.T, h *house) *partner {
	t.Helper()
	p := &partner{prepareHouseOf(t, dbtest.Open(t, db.SQLite), "partner.example"), h}
	must(t, h.DB.Write(t.Context(), func(tx *db.Tx) error {
		return ledger.AddMirror(t.Context(), tx, "partner.example", p.Ledger.Key().Verifier)
	}))
	return p
}

// issue has the partner perform an act, and its ledger mirrored.
func (p *partner) issue(act news.Act, it *news.Item) {
	p.here.t.Helper()
	t := p.here.t
	p.house.issue(act, it)
	head, err := p.Ledger.Head(t.Context(), "partner.example")
	must(t, err)
	mirror, err := p.here.Ledger.Head(t.Context(), "partner.example")
	must(t, err)
	records, err := p.Ledger.Range(t.Context(), "partner.example", mirror.Size, 100)
	must(t, err)
	x := &ledger.Extension{Origin: "partner.example", From: mirror.Size, Checkpoint: head.Checkpoint}
	for _, r := range records {
		x.Records = append(x.Records, ledger.Incoming{Bytes: r.Bytes, Content: r.Body})
	}
	must(t, p.here.Ledger.Extend(t.Context(), x))
}
