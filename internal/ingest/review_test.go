package ingest

import (
	"strings"
	"testing"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

const (
	killed   = `"pubStatus":"canceled"`
	withheld = `"pubStatus":"withheld"`
)

// reviewed returns a house with a source whose items wait for review.
func reviewed(t *testing.T, d *db.DB) (*house, *Source) {
	t.Helper()
	h := newHouse(t, d, nil)
	return h, h.source("Kuna", Push, &Rules{Desk: "world"})
}

// one returns the only draft.
func (h *house) one() *newsroom.Draft {
	h.t.Helper()
	drafts := h.drafts()
	if len(drafts) != 1 {
		h.t.Fatalf("there are %d drafts, want one", len(drafts))
	}
	return drafts[0]
}

// edits saves a draft as a person would.
func (h *house) edits(d *newsroom.Draft, headline string) {
	h.t.Helper()
	d.Item.Headlines = []news.Words{{Value: headline}}
	_, err := h.desk.SaveDraft(h.t.Context(), d)
	must(h.t, err)
}

// publishes issues a draft as a person would.
func (h *house) publishes(d *newsroom.Draft, act news.Act) {
	h.t.Helper()
	_, err := h.desk.Issue(h.t.Context(), newsroom.Issue{Act: act, Item: d.Item, Desk: d.Desk, Draft: d.ID, Expect: d.Version,
		Reason: "reviewed", Actor: ledger.Actor{Role: "editor"}})
	must(h.t, err)
}

func TestNothingIsIssuedBeforeItsReview(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.wants(h.brings(src, "1.json", item(story, "1", "First")), Done, story, 0, "")
		draft := h.one()
		if draft.Item.URI != story || draft.Desk != "world" || draft.Item.Headline() != "First" {
			t.Fatalf("the draft is %+v", draft)
		}
		a := h.brings(src, "2.json", item(story, "2", "Second"))
		h.wants(a, Done, story, 0, "")
		if got := h.one(); got.ID != draft.ID || got.Item.Headline() != "Second" || a.Came[0].Draft != draft.ID {
			t.Fatalf("the update is %+v, came %+v", got, a.Came)
		}
		h.wants(h.brings(src, "1b.json", item(story, "1", "First again")), Done, story, 0, "")
		if got := h.one(); got.Item.Headline() != "Second" {
			t.Fatalf("an older version replaced a newer one in review: %q", got.Item.Headline())
		}
	})
}

func TestWhatAPersonSavedIsNotOverwrittenByAnUpdate(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		h.edits(h.one(), "Edited")
		h.brings(src, "2.json", item(story, "2", "Second"))
		drafts := h.drafts()
		if len(drafts) != 2 {
			t.Fatalf("there are %d drafts, want two", len(drafts))
		}
		var edited, second bool
		for _, d := range drafts {
			edited = edited || d.Item.Headline() == "Edited"
			second = second || d.Item.Headline() == "Second" && strings.Contains(d.Item.EdNote, "compare both")
		}
		if !edited || !second {
			t.Errorf("edited kept: %v, second says so: %v", edited, second)
		}
	})
}

func TestADraftThatAColleagueHasOpenIsNotOverwritten(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		_, err := h.desk.Lock(t.Context(), h.one().ID, "01ACCOUNT")
		must(t, err)
		h.wants(h.brings(src, "2.json", item(story, "2", "Second")), Done, story, 0, "")
		if n := len(h.drafts()); n != 2 {
			t.Errorf("there are %d drafts, want two", n)
		}
	})
}

func TestAKillInReviewRemovesTheDraftAndNothingBringsItBack(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		h.wants(h.brings(src, "2.json", item(story, "2", "Kill", killed)), Done, story, 0, "")
		if n := len(h.drafts()); n != 0 {
			t.Fatalf("%d drafts are left of a killed item", n)
		}
		h.wants(h.brings(src, "3.json", item(story, "3", "Back")), SetAside, story, 0, "")
		if n := len(h.drafts()); n != 0 {
			t.Errorf("a killed item came back as %d drafts", n)
		}
	})
}

func TestAKilledDraftThatAPersonWorkedOnIsMarkedAndCannotBePublished(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		h.edits(h.one(), "Edited")
		stale := h.one()
		h.wants(h.brings(src, "2.json", item(story, "2", "Kill", killed, `"edNote":"Wrong quote"`)), Done, story, 0, "")
		marked := h.one()
		if !strings.HasPrefix(marked.Item.Headline(), "KILLED") || !strings.Contains(marked.Item.EdNote, "Wrong quote") {
			t.Errorf("the draft says %q, %q", marked.Item.Headline(), marked.Item.EdNote)
		}
		_, err := h.desk.Issue(t.Context(), newsroom.Issue{Act: news.Publish, Item: marked.Item, Draft: marked.ID, Actor: actor()})
		if news.KindOf(err) != news.Conflict {
			t.Errorf("publishing a killed draft says %v", err)
		}
		if _, err := h.desk.SaveDraft(t.Context(), stale); news.KindOf(err) != news.Conflict {
			t.Errorf("saving over the mark says %v", err)
		}
	})
}

func TestStoppingUseDoesNotWaitForReview(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		h.publishes(h.one(), news.Publish)
		h.wants(h.brings(src, "2.json", item(story, "2", "Held", withheld)), Done, story, 2, news.StatusHeld)
		h.wants(h.brings(src, "3.json", item(story, "3", "Third")), Done, story, 2, news.StatusHeld)
		if d := h.one(); d.Version != 2 || d.Item.Headline() != "Third" {
			t.Fatalf("the released version waits as %+v", d)
		}
		h.wants(h.brings(src, "4.json", item(story, "4", "Kill", killed)), Done, story, 3, news.StatusKilled)
		if n := len(h.drafts()); n != 0 {
			t.Errorf("%d drafts wait to go on with a killed item", n)
		}
	})
}

func TestACorrectionOfAnIssuedItemWaitsAsADraftOnTheIssuedVersion(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		h.publishes(h.one(), news.Publish)
		h.wants(h.brings(src, "2.json", item(story, "2", "Corrected")), Done, story, 1, news.StatusUsable)
		draft := h.one()
		if draft.Version != 1 || draft.Item.URI != story {
			t.Fatalf("the correction waits as %+v", draft)
		}
		h.publishes(draft, news.Correction)
		h.wants(h.brings(src, "2.json.again", item(story, "2", "Corrected", `"urgency":3`)), Done, story, 2, news.StatusUsable)
		if n := len(h.drafts()); n != 0 {
			t.Errorf("the version that was issued waits again, as %d drafts", n)
		}
	})
}

func TestVersionsOfOneBatchEndAsTheLastOfThem(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.keeps(src, "b.json", item(story, "2", "Second"))
		h.keeps(src, "a.json", item(story, "1", "First"))
		last := h.keeps(src, "c.json", item(story, "3", "Third", `"embargoed":"2026-03-02T10:00:00Z"`))
		h.taken(last.ID)
		got := h.one()
		if got.Item.Headline() != "Third" || got.Item.Embargoed.IsZero() {
			t.Errorf("the draft is %q, embargo %s", got.Item.Headline(), got.Item.Embargoed)
		}
	})
}

func TestWithheldInReviewSaysSoOnTheDraft(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h, src := reviewed(t, d)
		h.brings(src, "1.json", item(story, "1", "First"))
		h.wants(h.brings(src, "2.json", item(story, "2", "Held", withheld)), Done, story, 0, "")
		if got := h.one(); got.Item.PubStatus != news.Withheld || !strings.HasPrefix(got.Item.Headline(), "WITHHELD") {
			t.Fatalf("the draft is %q, %s", got.Item.Headline(), got.Item.PubStatus)
		}
		h.brings(src, "3.json", item(story, "3", "Third"))
		if got := h.one(); got.Item.PubStatus == news.Withheld || got.Item.Headline() != "Third" {
			t.Errorf("after its release the draft is %q, %s", got.Item.Headline(), got.Item.PubStatus)
		}
	})
}

func TestANewWithheldItemIsShownToPeopleAndPublishedOnceItsSenderReleasesIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, nil)
		h.wants(h.brings(src, "1.json", item(story, "1", "Not yet", withheld)), Done, story, 0, "")
		if got := h.one(); got.Item.PubStatus != news.Withheld {
			t.Fatalf("the draft's status is %q", got.Item.PubStatus)
		}
		h.wants(h.brings(src, "2.json", item(story, "2", "Now")), Done, story, 1, news.StatusUsable)
		if n := len(h.drafts()); n != 0 {
			t.Errorf("%d drafts are left of an issued item", n)
		}
	})
}
