package deliver

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

func TestEachActGoesToWhomItShould(t *testing.T) {
	one := func(s State, reached bool) []*past {
		return []*past{{id: "a", position: 1, index: 1, state: s, reached: reached}}
	}
	for _, c := range []struct {
		name   string
		act    news.Act
		wanted bool
		before []*past
		owe    bool
		as     State // of what came before; empty for untouched
	}{
		{"a new item that is taken", news.Publish, true, nil, true, ""},
		{"a new item that is not", news.Publish, false, nil, false, ""},
		{"an update of what waits", news.Update, true, one(Waiting, false), true, Superseded},
		{"an update that is not taken any more", news.Update, false, one(Waiting, false), false, Superseded},
		{"an update that is not taken any more, of what was sent", news.Update, false, one(Sent, true), false, ""},
		{"a correction of what was sent", news.Correction, false, one(Sent, true), true, ""},
		{"a correction of what waits", news.Correction, false, one(Waiting, false), true, Superseded},
		{"a correction of what never went out", news.Correction, false, one(Failed, false), false, ""},
		{"a correction of what may have arrived", news.Correction, false, one(Failed, true), true, ""},
		{"a kill of what was sent", news.Kill, false, one(Sent, true), true, ""},
		{"a kill of what is being sent", news.Kill, false, one(Sending, false), true, ""},
		{"a kill of what may have arrived and is tried again", news.Kill, false, one(Waiting, true), true, Superseded},
		{"a kill of what waits", news.Kill, false, one(Waiting, false), false, Canceled},
		{"a kill of what was refused", news.Kill, false, one(Refused, false), false, ""},
		{"a kill of what was withheld", news.Kill, false, one(Withheld, false), false, ""},
		{"a kill of what is offered and was not fetched", news.Kill, false, one(Offered, false), false, Canceled},
		{"a kill of what is offered and was passed on", news.Kill, false, one(Offered, true), true, ""},
		{"a kill of what was sent long ago", news.Kill, false, one(Superseded, true), true, ""},
		{"a kill that nobody here had", news.Kill, true, nil, false, ""},
		{"a hold of what waits", news.Hold, false, one(Waiting, false), false, Canceled},
		{"a hold of what was sent", news.Hold, false, one(Sent, true), true, ""},
		{"a release of what was sent", news.Release, false, one(Sent, true), true, ""},
		{"a release of what was never sent", news.Release, true, nil, true, ""},
		{"a refile for whom it is not any more", news.Refile, false, one(Sent, true), false, ""},
	} {
		v := decide(&arrival{position: 2, index: 2, act: c.act}, c.wanted, c.before)
		as := State("")
		if len(v.settled) > 0 {
			as = v.as
		}
		if v.owe != c.owe || as != c.as || v.owe && v.state != Waiting {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}

func TestOlderVersionThatComesLateIsNotSent(t *testing.T) {
	newer := []*past{{id: "b", position: 1, index: 9, state: Sent, reached: true}}
	if v := decide(&arrival{position: 2, index: 3, act: news.Publish}, true, newer); !v.owe || v.state != Superseded {
		t.Errorf("revealed late: %+v", v)
	}
	if v := decide(&arrival{position: 1, index: 9, act: news.Publish}, true, newer); v.owe {
		t.Errorf("followed anew: %+v", v)
	}
}

// TestWhateverHappensReceiversEndWithTheNewestVersion lets editors act and
// receivers fail at random, and then asks what each receiver was left with.
func TestWhateverHappensReceiversEndWithTheNewestVersion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 1))
		h := newHouse(t, d)
		sub := h.subscriber(Query{Own: true, Words: "river"})
		var receivers []*receiver
		var all []*Destination
		for i := range 3 {
			r := newReceiver(t)
			fails := rand.New(rand.NewPCG(seed, uint64(i+2)))
			r.answers(func(*http.Request) int {
				r.mu.Lock()
				defer r.mu.Unlock()
				return []int{200, 200, 503, 500, 429}[fails.IntN(5)]
			})
			receivers, all = append(receivers, r), append(all, h.destination(sub, Destination{Address: r.URL}))
		}
		status := map[string]news.Status{}
		versions := map[string]int{}
		for range 120 {
			uri := fmt.Sprint("urn:x:", random.IntN(8))
			act := news.Acts[random.IntN(len(news.Acts))]
			if act.Allowed(versions[uri] > 0, status[uri]) != nil {
				continue
			}
			h.issue(act, story(uri, []string{"The river", "The bridge"}[random.IntN(2)]))
			versions[uri]++
			status[uri] = act.After()
			if random.IntN(4) == 0 {
				h.advance(time.Duration(random.IntN(20)) * time.Second)
			}
		}
		for _, r := range receivers {
			r.answers(nil)
		}
		h.until("the queue to be empty", func() bool {
			h.advance(time.Minute)
			counts, err := h.Counts(t.Context())
			return err == nil && counts[Waiting] == 0 && counts[Sending] == 0
		})
		for i, r := range receivers {
			h.judge(all[i], r, status)
		}
	})
}

// judge checks what a receiver got against the log and against how the items
// stand.
func (h *house) judge(d *Destination, r *receiver, status map[string]news.Status) {
	h.t.Helper()
	got := map[string][]string{}
	for _, line := range r.received() {
		uri, rest, _ := strings.Cut(line, " ")
		got[uri] = append(got[uri], rest)
	}
	for uri, versions := range got {
		last := 0
		for _, v := range versions {
			var n int
			fmt.Sscanf(v, "v%d", &n)
			if n < last {
				h.t.Errorf("%s: %v", uri, versions)
			}
			last = n
		}
		if end := versions[len(versions)-1]; status[uri] == news.StatusKilled && !strings.HasSuffix(end, " kill") ||
			status[uri] == news.StatusHeld && !strings.HasSuffix(end, " hold") {
			h.t.Errorf("%s is %s, its receiver has %v", uri, status[uri], versions)
		}
	}
	log := h.log(d)
	for uri, versions := range got {
		if !slices.ContainsFunc(log, func(l string) bool { return strings.HasPrefix(l, uri+" "+versions[len(versions)-1]) }) {
			h.t.Errorf("%s %v is not in the log", uri, versions)
		}
	}
}
