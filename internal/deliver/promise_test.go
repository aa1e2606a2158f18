package deliver

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

func TestWhatIsIssuedReachesWhoeverTakesIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		all := h.destination(h.subscriber(), Destination{Address: r.URL})
		sport := h.destination(h.subscriber(Query{Own: true, Subjects: []string{"medtop:15000000"}}), Destination{Address: r.URL})
		it := story("urn:x:1", "The river")
		h.do(news.Publish, it)
		h.await(all, "urn:x:1 v1 publish sent")
		h.do(news.Update, it)
		h.await(all, "urn:x:1 v1 publish sent", "urn:x:1 v2 update sent")
		h.await(sport)
		found, err := h.Deliveries(t.Context(), Log{Destination: all.ID})
		must(t, err)
		x, body, err := h.Body(t.Context(), found[0].ID)
		must(t, err)
		if string(body) != r.body("urn:x:1 v2 update") || x.Answer != "202 Accepted" || x.Entry == "" || x.Sent.IsZero() || x.Attempts != 1 || x.Size != int64(len(body)) {
			t.Errorf("the log proves nothing: %+v", x)
		}
	})
}

func TestKillReachesWhoeverGotTheItemAndNobodyElse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		got := h.subscriber()
		first := h.destination(got, Destination{Address: r.URL})
		it := story("urn:x:1", "The river")
		h.do(news.Publish, it)
		h.await(first, "urn:x:1 v1 publish sent")
		late := h.destination(h.subscriber(), Destination{Address: r.URL})
		never := h.subscriber()
		neverHad := h.destination(never, Destination{Address: r.URL})
		// Who got it is switched off and takes nothing any more; so is one who never
		// did.
		got.Active, got.Products = false, nil
		must(t, h.SaveSubscriber(t.Context(), got))
		never.Active = false
		must(t, h.SaveSubscriber(t.Context(), never))
		h.do(news.Kill, it)
		h.await(first, "urn:x:1 v1 publish sent", "urn:x:1 v2 kill sent")
		h.await(late)
		h.await(neverHad)
		kill := r.body("urn:x:1 v2 kill")
		if !strings.Contains(kill, `"canceled"`) || strings.Contains(kill, "what follows") {
			t.Errorf("the kill is %s", kill)
		}
	})
}

func TestKilledItemThatWasNeverSentIsNotSentNorItsKill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		dest := h.destination(h.subscriber(), Destination{Address: r.URL})
		it := story("urn:x:1", "Tomorrow")
		it.Embargoed = h.clock().Add(time.Hour)
		h.do(news.Publish, it)
		h.await(dest, "urn:x:1 v1 publish waiting")
		h.do(news.Kill, it)
		h.advance(2 * time.Hour)
		h.do(news.Publish, story("urn:x:2", "Another"))
		h.await(dest, "urn:x:1 v1 publish canceled", "urn:x:2 v1 publish sent")
	})
}

func TestEmbargoIsKeptAndEndsByItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		sub := h.subscriber()
		dest := h.destination(sub, Destination{Address: r.URL})
		trusted := h.destination(sub, Destination{Address: r.URL, Embargo: Trusted, Format: "newsml-g2"})
		it := story("urn:x:1", "Tomorrow")
		it.Embargoed = h.clock().Add(time.Hour)
		h.do(news.Publish, it)
		h.await(trusted, "urn:x:1 v1 publish sent")
		if !strings.Contains(r.body("urn:x:1 v1 publish"), "<embargoed>") {
			t.Errorf("the embargo was lost: %s", r.body("urn:x:1 v1 publish"))
		}
		// A correction under the embargo takes the place of what waits.
		h.do(news.Correction, it)
		h.await(dest, "urn:x:1 v1 publish superseded", "urn:x:1 v2 correction waiting")
		h.advance(59 * time.Minute)
		h.await(dest, "urn:x:1 v1 publish superseded", "urn:x:1 v2 correction waiting")
		h.advance(2 * time.Minute)
		h.await(dest, "urn:x:1 v1 publish superseded", "urn:x:1 v2 correction sent")
		// And one after it.
		h.do(news.Correction, it)
		h.await(dest, "urn:x:1 v1 publish superseded", "urn:x:1 v2 correction sent", "urn:x:1 v3 correction sent")
	})
}

func TestEachAnswerIsTakenForWhatItMeans(t *testing.T) {
	for _, again := range []int{408, 425, 429, 500, 502, 503, 504} {
		t.Run(http.StatusText(again), func(t *testing.T) {
			t.Parallel()
			h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
			dest := h.destination(h.subscriber(), Destination{Address: r.URL})
			var n atomic.Int64
			r.answers(func(*http.Request) int {
				if n.Add(1) == 1 {
					return again
				}
				return 200
			})
			h.do(news.Publish, story("urn:x:1", "The river"))
			h.until("the first answer", func() bool { return n.Load() == 1 })
			h.until("the next attempt", func() bool { h.advance(5 * time.Second); return len(r.received()) == 1 })
			h.await(dest, "urn:x:1 v1 publish sent")
			if n := r.deliveries(); n != 1 {
				t.Errorf("the second attempt has another id: there are %d", n)
			}
		})
	}
	for _, final := range []int{400, 403, 404, 413, 422} {
		t.Run(http.StatusText(final), func(t *testing.T) {
			t.Parallel()
			h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
			dest := h.destination(h.subscriber(), Destination{Address: r.URL})
			r.answers(func(*http.Request) int { return final })
			h.do(news.Publish, story("urn:x:1", "The river"))
			h.await(dest, "urn:x:1 v1 publish refused")
		})
	}
}

func TestOlderVersionNeverFollowsANewer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		dest := h.destination(h.subscriber(), Destination{Address: r.URL})
		r.answers(func(req *http.Request) int {
			if req.Header.Get("Test-Version") == "1" {
				return 503
			}
			return 200
		})
		it := story("urn:x:1", "The river")
		h.do(news.Publish, it)
		h.until("the first attempt", func() bool { return r.deliveries() == 1 })
		h.do(news.Update, it)
		h.await(dest, "urn:x:1 v1 publish superseded", "urn:x:1 v2 update sent")
		h.advance(time.Hour)
		h.do(news.Publish, story("urn:x:2", "Another"))
		h.until("the other item", func() bool {
			h.advance(time.Second)
			return slices.Contains(r.received(), "urn:x:2 v1 publish") || r.deliveries() > 2
		})
		if got := r.received(); got[0] != "urn:x:1 v2 update" || slices.Contains(got[1:], "urn:x:1 v1 publish") {
			t.Errorf("received %v", got)
		}
	})
}
