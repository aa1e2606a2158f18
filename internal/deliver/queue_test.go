package deliver

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

func TestOneDestinationNeverHoldsUpAnother(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		sub := h.subscriber()
		release := make(chan struct{})
		hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}))
		defer hanging.Close()
		defer close(release)
		failing, good := newReceiver(t), newReceiver(t)
		failing.answers(func(*http.Request) int { return 500 })
		h.destination(sub, Destination{Address: hanging.URL})
		h.destination(sub, Destination{Address: failing.URL})
		h.destination(sub, Destination{Address: "http://127.0.0.1:1/nobody"})
		h.destination(sub, Destination{Address: good.URL})
		for i := range 30 {
			h.issue(news.Publish, story(fmt.Sprint("urn:x:", i), "Story"))
		}
		h.until("all thirty", func() bool { return len(good.received()) == 30 })
	})
}

func TestItemsOfADestinationGoInParallelAndVersionsOfAnItemDoNot(t *testing.T) {
	h := newHouse(t, dbtest.Open(t, db.SQLite))
	var mu sync.Mutex
	now, most, same := map[string]int{}, 0, 0
	r := newReceiver(t)
	r.answers(func(req *http.Request) int {
		uri := req.Header.Get("Test-Item")
		mu.Lock()
		now[uri]++
		total := 0
		for _, n := range now {
			total += n
		}
		most, same = max(most, total), max(same, now[uri])
		mu.Unlock()
		time.Sleep(3 * time.Millisecond)
		mu.Lock()
		now[uri]--
		mu.Unlock()
		return 200
	})
	h.destination(h.subscriber(), Destination{Address: r.URL})
	for i := range 10 {
		h.issue(news.Publish, story(fmt.Sprint("urn:x:", i), "Story"))
	}
	for range 5 {
		for i := range 10 {
			h.issue(news.Update, story(fmt.Sprint("urn:x:", i), "Story"))
		}
	}
	h.until("the last versions", func() bool {
		n := 0
		for _, got := range r.received() {
			if strings.Contains(got, "v6") {
				n++
			}
		}
		return n == 10
	})
	mu.Lock()
	defer mu.Unlock()
	if most < 2 || most > maxParallel || same != 1 {
		t.Errorf("%d at a time, %d of one item", most, same)
	}
	last := map[string]string{}
	for _, got := range r.received() {
		var uri, version string
		fmt.Sscan(got, &uri, &version)
		if version <= last[uri] {
			t.Errorf("%s came after %s", got, last[uri])
		}
		last[uri] = version
	}
}

func TestStopsGoBeforeEverythingElse(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	bad := story("urn:x:bad", "The river")
	h.do(news.Publish, bad)
	h.await(dest, "urn:x:bad v1 publish sent")
	// The destination hangs while much is published, then all of it waits.
	arrived, let := make(chan string, 100), make(chan struct{}, 100)
	r.answers(func(req *http.Request) int {
		arrived <- req.Header.Get("Test-Act")
		if req.Header.Get("Test-Act") == "publish" {
			<-let
		}
		return 200
	})
	for i := range 40 {
		h.issue(news.Publish, story(fmt.Sprint("urn:x:", i), "Story"))
	}
	for range maxParallel {
		<-arrived
	}
	h.do(news.Kill, bad)
	h.until("the kill to be at the front", func() bool { return slices.Contains(h.log(dest), "urn:x:bad v2 kill sending") })
	// Each that is let go makes room for one.
	for n := 1; ; n++ {
		let <- struct{}{}
		if <-arrived == "kill" {
			break
		}
		if n == 3 {
			t.Fatal("three went before the kill")
		}
	}
	for range 40 {
		let <- struct{}{}
	}
	h.until("everything", func() bool { return len(r.received()) == 42 })
}

func TestWorkOfADeadProcessIsTakenUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := prepareHouse(t, d), newReceiver(t)
		var dead atomic.Bool
		// The first process dies between sending and noting it.
		h.faults(func(step string) error {
			if step == "note" && dead.Load() {
				return errors.New("the process is dead")
			}
			return nil
		})
		r.answers(func(*http.Request) int { dead.Store(true); return 200 })
		h.start()
		dest := h.destination(h.subscriber(), Destination{Address: r.URL})
		it := story("urn:x:1", "The river")
		h.do(news.Publish, it)
		h.until("the death", dead.Load)
		h.stop()
		h.await(dest, "urn:x:1 v1 publish sending")
		second := &house{t: t, room: h.room, rights: h.rights, ahead: h.ahead}
		second.Service = New(second.options(d, h.Ledger, h.Blobs))
		if d.Engine == db.Postgres {
			second.ahead = leaseTime + time.Second // other processes cannot know earlier
		}
		second.start()
		defer second.stop()
		second.await(dest, "urn:x:1 v1 publish sent")
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.got) != 2 || len(r.ids) != 1 {
			t.Errorf("received %v with the ids %v: want twice with one id", r.got, r.ids)
		}
	})
}

func TestKillFollowsAnItemWhoseAnswerWasNeverHeard(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	var first atomic.Bool
	r.answers(func(req *http.Request) int {
		if first.CompareAndSwap(false, true) {
			panic(http.ErrAbortHandler) // it took the item, and the line broke
		}
		return 200
	})
	it := story("urn:x:1", "The river")
	h.do(news.Publish, it)
	h.until("the failed attempt", func() bool {
		f, err := h.Fares(t.Context(), []string{dest.ID})
		return err == nil && f[dest.ID].Failures == 1
	})
	h.do(news.Kill, it)
	h.await(dest, "urn:x:1 v1 publish superseded", "urn:x:1 v2 kill sent")
}

func TestKillDoesNotFollowAnItemThatNeverLeft(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	r.answers(func(*http.Request) int { return 503 })
	it := story("urn:x:1", "The river")
	h.do(news.Publish, it)
	h.until("the refusal", func() bool {
		f, err := h.Fares(t.Context(), []string{dest.ID})
		return err == nil && f[dest.ID].Failures == 1
	})
	h.do(news.Kill, it)
	h.await(dest, "urn:x:1 v1 publish canceled")
}

func TestRetryAfterIsHonoured(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	var n atomic.Int64
	r.header.Set("Retry-After", "600")
	r.answers(func(*http.Request) int {
		if n.Add(1) == 1 {
			return 429
		}
		return 200
	})
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.until("the refusal", func() bool {
		f, err := h.Fares(t.Context(), []string{dest.ID})
		return err == nil && f[dest.ID].Failures == 1
	})
	h.do(news.Publish, story("urn:x:2", "The bridge"))
	h.advance(9 * time.Minute)
	h.do(news.Publish, story("urn:x:3", "The port"))
	if n.Load() != 1 {
		t.Errorf("asked %d times before the time it named", n.Load())
	}
	h.advance(61 * time.Second)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:2 v1 publish sent", "urn:x:3 v1 publish sent")
}

func TestDeliveryIsGivenUpAfterThreeDaysAndShown(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	var n atomic.Int64
	r.answers(func(*http.Request) int { n.Add(1); return 503 })
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.do(news.Publish, story("urn:x:2", "Waits behind it"))
	h.until("the end", func() bool {
		h.advance(time.Hour)
		return slices.Equal(h.log(dest), []string{"urn:x:1 v1 publish failed", "urn:x:2 v1 publish failed"})
	})
	if n.Load() < 3 {
		t.Errorf("given up after %d attempts", n.Load())
	}
	found, err := h.Deliveries(t.Context(), Log{State: Failed})
	must(t, err)
	if len(found) != 2 || !strings.Contains(found[0].Reason, "given up") || found[1].Answer != "503 Service Unavailable" {
		t.Fatalf("the log: %+v, %+v", *found[0], *found[len(found)-1])
	}
	r.answers(nil)
	again, err := h.Resend(t.Context(), found[0].ID)
	must(t, err)
	h.until("the resent one", func() bool {
		x, err := h.Delivery(t.Context(), again.ID)
		h.advance(time.Minute)
		return err == nil && x.State == Sent
	})
}

func TestDestinationThatRefusesEverythingPausesAndLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		dest := h.destination(h.subscriber(), Destination{Address: r.URL})
		had := story("urn:x:had", "The river")
		h.do(news.Publish, had)
		h.await(dest, "urn:x:had v1 publish sent")
		r.answers(func(*http.Request) int { return 401 })
		for i := range maxRefusals + 5 {
			h.do(news.Publish, story(fmt.Sprint("urn:x:", i), "Story"))
		}
		h.until("the pause", func() bool { f, err := h.Troubles(t.Context()); return err == nil && len(f) == 1 && f[0].Paused != "" })
		fares, err := h.Fares(t.Context(), []string{dest.ID})
		must(t, err)
		if f := fares[dest.ID]; !strings.Contains(f.Paused, "401") || f.Waiting != maxRefusals+5 || f.Refused != 0 {
			t.Errorf("it fares %+v", f)
		}
		// A kill is tried all the same.
		r.answers(func(req *http.Request) int {
			if req.Header.Get("Test-Act") == "kill" {
				return 200
			}
			return 401
		})
		h.do(news.Kill, had)
		h.until("the kill", func() bool { return slices.Contains(r.received(), "urn:x:had v2 kill") })
		r.answers(nil)
		must(t, h.ResumeDestination(t.Context(), dest.ID))
		h.until("all of it", func() bool { return len(r.received()) == maxRefusals+5+2 })
		if f, err := h.Troubles(t.Context()); err != nil || len(f) != 0 {
			t.Errorf("still in trouble: %+v %v", f, err)
		}
	})
}

func TestResendSendsTheNewestVersionWithTheSameBytes(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	it := story("urn:x:1", "The river")
	h.do(news.Publish, it)
	h.await(dest, "urn:x:1 v1 publish sent")
	h.do(news.Update, story("urn:x:1", "The river rises"))
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v2 update sent")
	found, err := h.Deliveries(t.Context(), Log{Destination: dest.ID})
	must(t, err)
	body := r.body("urn:x:1 v2 update")
	h.pages = pages{} // nothing is remembered
	again, err := h.Resend(t.Context(), found[1].ID)
	must(t, err)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v2 update sent", "urn:x:1 v2 update sent")
	x, err := h.Delivery(t.Context(), again.ID)
	must(t, err)
	if r.body("urn:x:1 v2 update") != body || x.Body != found[0].Body {
		t.Errorf("other bytes: %s and %s", x.Body, found[0].Body)
	}
	h.do(news.Kill, it)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v2 update sent", "urn:x:1 v2 update sent", "urn:x:1 v3 kill sent")
	again, err = h.Resend(t.Context(), found[1].ID)
	must(t, err)
	if again.Act != news.Kill {
		t.Errorf("of a killed item %s was sent again", again.Act)
	}
	h.until("the kill again", func() bool { return h.log(dest)[4] == "urn:x:1 v3 kill sent" })
	if _, err := h.Resend(t.Context(), "nothing"); news.KindOf(err) != news.NotFound {
		t.Errorf("resend nothing: %v", err)
	}
}

func TestWhatTheRightsForbidIsWithheldAndSaysWhy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		dest := h.destination(h.subscriber(Query{Partners: []string{"partner.example"}}), Destination{Address: r.URL})
		p := newPartner(t, h)
		h.rights.no["urn:p:1"] = "the agreement says no"
		p.issue(news.Publish, story("urn:p:1", "Theirs"))
		p.issue(news.Publish, story("urn:p:2", "Theirs, too"))
		h.await(dest, "urn:p:1 v1 publish withheld", "urn:p:2 v1 publish sent")
		found, err := h.Deliveries(t.Context(), Log{State: Withheld})
		must(t, err)
		if len(found) != 1 || found[0].Reason != "the agreement says no" {
			t.Errorf("withheld: %+v", found)
		}
		// The rights never stand in the way of a kill.
		h.rights.mu.Lock()
		h.rights.no["urn:p:2"] = "the agreement ended"
		h.rights.mu.Unlock()
		p.issue(news.Kill, story("urn:p:2", ""))
		h.await(dest, "urn:p:1 v1 publish withheld", "urn:p:2 v1 publish sent", "urn:p:2 v2 kill sent")
	})
}

func TestHoldAndReleaseReachWhoeverGotTheItem(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	sub := h.subscriber()
	dest := h.destination(sub, Destination{Address: r.URL})
	it := story("urn:x:1", "The river")
	h.do(news.Publish, it)
	h.await(dest, "urn:x:1 v1 publish sent")
	sub.Products = nil // it takes nothing any more
	must(t, h.SaveSubscriber(t.Context(), sub))
	h.do(news.Update, it)
	h.do(news.Hold, it)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v3 hold sent")
	if hold := r.body("urn:x:1 v3 hold"); !strings.Contains(hold, `"withheld"`) || strings.Contains(hold, "what follows") {
		t.Errorf("the hold: %s", hold)
	}
	h.do(news.Release, it)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v3 hold sent", "urn:x:1 v4 release sent")
	h.do(news.Correction, it)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v3 hold sent", "urn:x:1 v4 release sent", "urn:x:1 v5 correction sent")
	late := h.destination(h.subscriber(), Destination{Address: r.URL})
	h.do(news.Kill, it)
	h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v3 hold sent", "urn:x:1 v4 release sent", "urn:x:1 v5 correction sent", "urn:x:1 v6 kill sent")
	h.await(late)
}

func TestKillIsUnmistakableInEveryFormat(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	sub := h.subscriber()
	var all []*Destination
	for _, f := range Formats {
		all = append(all, h.destination(sub, Destination{Address: r.URL + "/" + f, Format: f}))
	}
	bodies := map[string]string{}
	r.answers(func(*http.Request) int { return 200 })
	it := story("urn:x:1", "The river")
	h.do(news.Publish, it)
	for _, d := range all {
		h.await(d, "urn:x:1 v1 publish sent")
	}
	h.do(news.Kill, it)
	for _, d := range all {
		h.await(d, "urn:x:1 v1 publish sent", "urn:x:1 v2 kill sent")
		found, err := h.Deliveries(t.Context(), Log{Destination: d.ID})
		must(t, err)
		_, b, err := h.Body(t.Context(), found[0].ID)
		must(t, err)
		bodies[d.Format] = string(b)
	}
	for f, sign := range map[string]string{"ninjs": `"pubStatus":"canceled"`, "ninjs-1.4": `"pubstatus":"canceled"`, "newsml-g2": `stat:canceled`,
		"nitf": `canceled`, "html": "KILL", "text": "STATUS: canceled"} {
		b := bodies[f]
		if !strings.Contains(b, sign) || !strings.Contains(b, "urn:x:1") && f != "html" || !strings.Contains(b, "because of kill") || strings.Contains(b, "what follows") {
			t.Errorf("%s: %s", f, b)
		}
	}
}

func TestWhatAFormatCannotCarryIsInTheLog(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL, Format: "text"})
	it := story("urn:x:1", "The river")
	it.People = []news.Concept{{Name: "A person"}}
	h.do(news.Publish, it)
	h.await(dest, "urn:x:1 v1 publish sent")
	found, err := h.Deliveries(t.Context(), Log{Destination: dest.ID})
	must(t, err)
	if !slices.ContainsFunc(found[0].Losses, func(l Loss) bool { return l.Path == "/people" }) {
		t.Errorf("losses: %+v", found[0].Losses)
	}
}

func TestNothingIsOwedTwiceWhenTheJournalIsFollowedAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, r := newHouse(t, d), newReceiver(t)
		early := story("urn:x:0", "Before")
		h.do(news.Publish, early)
		dest := h.destination(h.subscriber(), Destination{Address: r.URL})
		it := story("urn:x:1", "The river")
		h.do(news.Publish, it)
		h.await(dest, "urn:x:1 v1 publish sent")
		last := h.do(news.Kill, it)
		h.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v2 kill sent")
		h.stop()
		must(t, h.DB.Write(t.Context(), func(tx *db.Tx) error { return h.Ledger.Rewind(t.Context(), tx, Follower) }))
		second := &house{t: t, room: h.room, rights: h.rights}
		second.Service = New(second.options(d, h.Ledger, h.Blobs))
		second.start()
		defer second.stop()
		must(t, h.Ledger.WaitFollower(t.Context(), Follower, last))
		second.await(dest, "urn:x:1 v1 publish sent", "urn:x:1 v2 kill sent")
	})
}

func TestFailingCheckIsTriedAgainAndSaysNothingInternal(t *testing.T) {
	h, r := prepareHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	var n atomic.Int64
	h.faults(func(step string) error {
		if step == "check" && n.Add(1) == 1 {
			return errors.New("pq: secret detail")
		}
		return nil
	})
	h.start()
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.until("it to wait", func() bool {
		found, err := h.Deliveries(t.Context(), Log{State: Waiting})
		return err == nil && len(found) == 1 && strings.Contains(found[0].Reason, "log says why")
	})
	h.until("the second attempt", func() bool { h.advance(5 * time.Second); return len(r.received()) == 1 })
	h.await(dest, "urn:x:1 v1 publish sent")
}

func TestMessageWaitsAMomentForItsMedia(t *testing.T) {
	h, r := newHouse(t, dbtest.Open(t, db.SQLite)), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL, Media: true})
	digest := h.picture("picture")
	it := story("urn:x:1", "The river")
	it.Embargoed = h.clock().Add(time.Minute)
	it.Renditions = []news.Rendition{{Name: "main", Digest: digest, ContentType: "image/jpeg", Width: 10, Height: 10}}
	h.do(news.Publish, it)
	must(t, h.Blobs.Delete(digest))
	h.advance(time.Minute + time.Second)
	h.until("it to wait for the picture", func() bool {
		found, err := h.Deliveries(t.Context(), Log{State: Waiting})
		return err == nil && len(found) == 1 && strings.Contains(found[0].Reason, digest)
	})
	h.advance(mediaPatience + 10*time.Second)
	h.await(dest, "urn:x:1 v1 publish sent")
	found, err := h.Deliveries(t.Context(), Log{Destination: dest.ID})
	must(t, err)
	if !slices.ContainsFunc(found[0].Losses, func(l Loss) bool { return strings.Contains(l.Reason, digest) }) {
		t.Errorf("nobody is told that the picture is missing: %+v", found[0].Losses)
	}
}
