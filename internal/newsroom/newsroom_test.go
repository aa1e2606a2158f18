package newsroom

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

type allMedia struct{}

func (allMedia) Has(string) bool { return true }

type noMedia struct{}

func (noMedia) Has(string) bool { return false }

// house is a newsroom under test with a clock that can be moved.
type house struct {
	*Service
	mu  sync.Mutex
	now time.Time
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func newHouse(t testing.TB, d *db.DB, origin string) *house {
	t.Helper()
	h := &house{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	keys, err := ledger.OpenKeyring(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	lo := ledger.Options{DB: d, Keys: keys, Now: h.clock, Log: log}
	key, err := ledger.GenerateKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	if err := ledger.Create(t.Context(), lo, key); err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), lo)
	if err != nil {
		t.Fatal(err)
	}
	h.Service = New(Options{DB: d, Ledger: l, Media: allMedia{}, Now: h.clock, Log: log})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait(); l.Close() })
	return h
}

func story(uri, headline string) *news.Item {
	return &news.Item{URI: uri, Type: news.Text, Language: "en",
		Headlines: []news.Words{{Value: headline}}, Bodies: []news.Words{{ContentType: "text/html", Value: "<p>" + headline + ".</p>"}}}
}

var editor = ledger.Actor{Role: "editor"}

// do performs an act and waits for the wire.
func (h *house) do(t testing.TB, act news.Act, it *news.Item, reason string) *Issued {
	t.Helper()
	out, err := h.Issue(t.Context(), Issue{Act: act, Item: it, Desk: "science", Reason: reason, Actor: editor})
	if err != nil {
		t.Fatalf("%s: %v", act, err)
	}
	h.settle(t, out.Position)
	return out
}

func (h *house) settle(t testing.TB, position int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, f := range []string{WireFollower, "duty"} {
		if err := h.ledger.WaitFollower(ctx, f, position); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachActIsAVersionOfRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		acts := []struct {
			act    news.Act
			reason string
			status news.Status
		}{
			{news.Publish, "", news.StatusUsable},
			{news.Update, "", news.StatusUsable},
			{news.Correction, "the river is 12 km long", news.StatusUsable},
			{news.Hold, "being checked", news.StatusHeld},
			{news.Release, "checked", news.StatusUsable},
			{news.Kill, "the survey was withdrawn", news.StatusKilled},
			{news.Refile, "with the new survey", news.StatusUsable},
		}
		for i, a := range acts {
			out := h.do(t, a.act, story("urn:x:1", fmt.Sprintf("Version %d", i+1)), a.reason)
			if out.Version != i+1 {
				t.Fatalf("%s: version %d, want %d", a.act, out.Version, i+1)
			}
			v, err := h.Item(t.Context(), "a.example", "urn:x:1", true)
			if err != nil {
				t.Fatal(err)
			}
			if v.Status != a.status || v.Act != a.act || len(v.Versions) != i+1 || v.Versions[i].Reason != a.reason {
				t.Errorf("%s: %+v with versions %+v", a.act, v.Line, v.Versions)
			}
			if a.act == news.Kill && (v.Item.PubStatus != news.Canceled || len(v.Item.Bodies) != 0) {
				t.Errorf("a kill still carries %+v", v.Item)
			}
		}
		first, err := h.VersionItem(t.Context(), "a.example", "urn:x:1", 1, true)
		if err != nil || first.Headline() != "Version 1" {
			t.Errorf("version 1: %v, %v", first, err)
		}
	})
}

func TestActsThatMayNotFollowAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		h.do(t, news.Publish, story("urn:x:killed", "Killed"), "")
		h.do(t, news.Kill, story("urn:x:killed", ""), "wrong")
		h.do(t, news.Publish, story("urn:x:held", "Held"), "")
		h.do(t, news.Hold, story("urn:x:held", ""), "check")
		tests := []struct {
			uri  string
			act  news.Act
			kind news.Kind
		}{
			{"urn:x:killed", news.Update, news.Conflict},
			{"urn:x:killed", news.Release, news.Conflict},
			{"urn:x:killed", news.Publish, news.Conflict},
			{"urn:x:held", news.Correction, news.Conflict},
			{"urn:x:unknown", news.Kill, news.NotFound},
		}
		for _, tt := range tests {
			_, err := h.Issue(t.Context(), Issue{Act: tt.act, Item: story(tt.uri, "x"), Reason: "because", Actor: editor})
			if news.KindOf(err) != tt.kind {
				t.Errorf("%s %s: %v, want %s", tt.act, tt.uri, err, tt.kind)
			}
		}
		if _, err := h.Issue(t.Context(), Issue{Act: news.Kill, Item: story("urn:x:held", ""), Actor: editor}); news.KindOf(err) != news.Invalid {
			t.Errorf("a kill without a reason: %v", err)
		}
		h.media = noMedia{}
		it := story("urn:x:pic", "Picture")
		it.Renditions = []news.Rendition{{Name: "main", Digest: "sha256:" + strings.Repeat("a", 64)}}
		if _, err := h.Issue(t.Context(), Issue{Act: news.Publish, Item: it, Actor: editor}); news.KindOf(err) != news.Invalid {
			t.Errorf("an item whose media are not here: %v", err)
		}
	})
}

func TestTwoEditorsCannotIssueTheSameVersion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		h.do(t, news.Publish, story("urn:x:1", "One"), "")
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 8 {
			wg.Go(func() {
				_, err := h.Issue(t.Context(), Issue{Act: news.Update, Item: story("urn:x:1", fmt.Sprint("Editor ", i)), Actor: editor, Expect: 1})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case news.KindOf(err) != news.Conflict:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Errorf("%d editors issued version 2, want 1", won)
		}
	})
}

func TestEmbargoedItemIsHiddenUntilItsTimeOnThisClock(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		it := story("urn:x:1", "Embargoed")
		it.Embargoed = h.clock().Add(time.Hour)
		h.do(t, news.Publish, it, "")
		if lines, _ := h.Wire(t.Context(), Filter{}); len(lines) != 0 {
			t.Error("an embargoed item is on the wire of those who may not see it")
		}
		if _, err := h.Item(t.Context(), "a.example", "urn:x:1", false); news.KindOf(err) != news.NotFound {
			t.Errorf("embargoed item page: %v", err)
		}
		lines, err := h.Wire(t.Context(), Filter{WithEmbargoed: true})
		if err != nil || len(lines) != 1 || lines[0].Usable(h.clock()) {
			t.Fatalf("editors see %v, %v", lines, err)
		}
		h.advance(time.Hour)
		if lines, _ := h.Wire(t.Context(), Filter{}); len(lines) != 1 || !lines[0].Usable(h.clock()) {
			t.Error("the item is not on the wire after its embargo")
		}
	})
}

func TestKillOfASourceReachesWhatWasMadeFromIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		h.do(t, news.Publish, story("urn:x:src", "Source"), "")
		tr := story("urn:x:translation", "Перевод")
		tr.DerivedFrom = []news.Derivation{{Relation: news.TranslationOf, URI: "urn:x:src", Origin: "a.example"}}
		h.do(t, news.Publish, tr, "")
		rw := story("urn:x:rewrite", "Rewrite of the translation")
		rw.DerivedFrom = []news.Derivation{{Relation: news.RewriteOf, URI: "urn:x:translation"}}
		h.do(t, news.Publish, rw, "")
		h.do(t, news.Kill, story("urn:x:src", ""), "invented")
		deadline := time.Now().Add(20 * time.Second)
		for _, uri := range []string{"urn:x:translation", "urn:x:rewrite"} {
			for {
				l, err := h.Line(t.Context(), "a.example", uri, true)
				if err != nil {
					t.Fatal(err)
				}
				if l.Status == news.StatusHeld && l.Blocked != "" {
					if l.Usable(h.clock()) {
						t.Errorf("%s is usable", uri)
					}
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s is not held: %+v", uri, l)
				}
				time.Sleep(10 * time.Millisecond)
			}
		}
	})
}

func TestDraftSavedMeanwhileIsNotOverwritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		d1, err := h.SaveDraft(t.Context(), &Draft{Item: story("", "Первый вариант"), Desk: "science", Author: "01A"})
		if err != nil {
			t.Fatal(err)
		}
		d2 := *d1
		d2.Item = story("", "Второй вариант")
		if _, err := h.SaveDraft(t.Context(), &d2); err != nil {
			t.Fatal(err)
		}
		if _, err := h.SaveDraft(t.Context(), d1); news.KindOf(err) != news.Conflict {
			t.Errorf("a stale save: %v", err)
		}
		got, err := h.Draft(t.Context(), d1.ID)
		if err != nil || got.Item.Headline() != "Второй вариант" || got.Item.URI != "" {
			t.Fatalf("draft %+v, %v", got, err)
		}
		if _, err := h.Issue(t.Context(), Issue{Act: news.Publish, Item: got.Item, Draft: got.ID, Actor: editor}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Draft(t.Context(), d1.ID); news.KindOf(err) != news.NotFound {
			t.Errorf("the draft outlived its publication: %v", err)
		}
	})
}

func TestWirePagesByPositionWithoutGapsOrRepeats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		var batch []Issue
		for i := range 130 {
			it := story(fmt.Sprintf("urn:x:%d", i), fmt.Sprint("Story ", i))
			if i%2 == 0 {
				it.Language = "ar"
			}
			batch = append(batch, Issue{Act: news.Publish, Item: it, Desk: "science", Actor: editor})
		}
		out, err := h.IssueAll(t.Context(), batch)
		if err != nil {
			t.Fatal(err)
		}
		h.settle(t, out[len(out)-1].Position)
		for _, tt := range []struct {
			lang string
			want int
		}{{"", 130}, {"ar", 65}} {
			seen := map[string]bool{}
			before := int64(0)
			for {
				lines, err := h.Wire(t.Context(), Filter{Language: tt.lang, Before: before, Limit: 40})
				if err != nil {
					t.Fatal(err)
				}
				if len(lines) == 0 {
					break
				}
				for _, l := range lines {
					seen[l.URI] = true
				}
				before = lines[len(lines)-1].Position
			}
			if len(seen) != tt.want {
				t.Errorf("language %q: %d items, want %d", tt.lang, len(seen), tt.want)
			}
		}
	})
}

func TestSourceIsOneIssuersWhoeverElseUsesItsURI(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		mine := story("urn:x:mine", "Made of an older piece of ours")
		mine.DerivedFrom = []news.Derivation{{Relation: news.RewriteOf, URI: "urn:x:old"}} // whose is not said
		h.do(t, news.Publish, mine, "")
		// Another ledger issues under the URI of our source, and kills it.
		partner(t, h, d, "hostile.example", news.Publish, news.Kill)
		l, err := h.Line(t.Context(), "a.example", "urn:x:mine", true)
		if err != nil || l.Blocked != "" || l.Status != news.StatusUsable {
			t.Errorf("our item is %+v, %v: another house stopped it", l, err)
		}
		if n, err := h.Notices(t.Context(), true, true, 0, 0); err != nil || len(n) != 0 {
			t.Errorf("open notices %v, %v about an item that was not used here", n, err)
		}
	})
}

// partner puts entries of another ledger about urn:x:old into the journal.
func partner(t *testing.T, h *house, d *db.DB, origin string, acts ...news.Act) {
	t.Helper()
	other := newHouse(t, dbtest.Open(t, db.SQLite), origin)
	var last *Issued
	for _, act := range acts {
		last = other.do(t, act, story("urn:x:old", "Another's"), "because")
	}
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		return ledger.AddMirror(t.Context(), tx, origin, other.ledger.Key().Verifier)
	})
	if err != nil {
		t.Fatal(err)
	}
	head, err := other.ledger.Head(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	records, err := other.ledger.Range(t.Context(), origin, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	x := &ledger.Extension{Origin: origin, Checkpoint: head.Checkpoint}
	for _, r := range records[:last.Index+1] {
		x.Records = append(x.Records, ledger.Incoming{Bytes: r.Bytes, Content: r.Body})
	}
	if err := h.ledger.Extend(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	end, err := h.ledger.Position(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.settle(t, end)
}

func TestCorrectedSourceSetsAnItemFree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		h.do(t, news.Publish, story("urn:x:src", "Source"), "")
		it := story("urn:x:it", "Wrongly said to be made of it")
		it.DerivedFrom = []news.Derivation{{Relation: news.RewriteOf, URI: "urn:x:src"}}
		h.do(t, news.Publish, it, "")
		h.do(t, news.Correction, story("urn:x:it", "Made of nothing"), "the source was named by mistake")
		h.do(t, news.Kill, story("urn:x:src", ""), "wrong")
		l, err := h.Line(t.Context(), "a.example", "urn:x:it", true)
		if err != nil || l.Blocked != "" || l.Status != news.StatusUsable {
			t.Errorf("the item is %+v, %v", l, err)
		}
	})
}

func TestEmbargoOutlivesKillAndCorrection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "a.example")
		for _, uri := range []string{"urn:x:killed", "urn:x:corrected"} {
			it := story(uri, "Not to be known yet")
			it.Embargoed = h.clock().Add(time.Hour)
			h.do(t, news.Publish, it, "")
		}
		h.do(t, news.Kill, story("urn:x:killed", ""), "wrong")
		h.do(t, news.Correction, story("urn:x:corrected", "Harmless"), "brought forward, without the figures")
		if _, err := h.Line(t.Context(), "a.example", "urn:x:killed", false); news.KindOf(err) != news.NotFound {
			t.Errorf("the headline of a killed item under embargo: %v", err)
		}
		for _, uri := range []string{"urn:x:killed", "urn:x:corrected"} {
			if _, err := h.VersionItem(t.Context(), "a.example", uri, 1, false); news.KindOf(err) != news.NotFound {
				t.Errorf("%s version 1: %v", uri, err)
			}
			if _, err := h.VersionItem(t.Context(), "a.example", uri, 1, true); err != nil {
				t.Errorf("%s version 1 for an editor: %v", uri, err)
			}
		}
	})
}
