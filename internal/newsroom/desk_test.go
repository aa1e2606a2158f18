package newsroom

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// draft saves a new draft of the author.
func (h *house) draft(t *testing.T, desk, author, headline string) *Draft {
	t.Helper()
	d, err := h.SaveDraft(t.Context(), &Draft{Item: story("", headline), Desk: desk, Author: author})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDraftThatAColleagueHasOpenIsNotOverwritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "a.example"), t.Context()
		draft := h.draft(t, "world", "lina", "Bridge opens")
		if _, err := h.Lock(ctx, draft.ID, "lina"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Lock(ctx, draft.ID, "ivan"); news.KindOf(err) != news.Conflict {
			t.Errorf("two locks: %v", err)
		}
		mine := *draft
		mine.Author = "ivan"
		if _, err := h.SaveDraft(ctx, &mine); news.KindOf(err) != news.Conflict {
			t.Errorf("saved over an open draft: %v", err)
		}
		if task, err := h.TakeOver(ctx, draft.ID, "ivan"); err != nil || task.LockedBy != "ivan" {
			t.Fatalf("take-over: %+v, %v", task, err)
		}
		saved, err := h.SaveDraft(ctx, &mine)
		if err != nil {
			t.Fatalf("the new holder cannot save: %v", err)
		}
		late := *draft
		if _, err := h.SaveDraft(ctx, &late); news.KindOf(err) != news.Conflict {
			t.Errorf("the former holder saved: %v", err)
		}
		h.advance(LockTime)
		saved.Author = "lina"
		if _, err := h.SaveDraft(ctx, saved); err != nil {
			t.Errorf("a lock outlived its time: %v", err)
		}
	})
}

func TestWorkIsFoundByDeskStageAndColleague(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "a.example"), t.Context()
		if err := h.SaveDesk(ctx, Desk{ID: "world", Names: map[string]string{"ar": "العالم"}, Stages: []string{"in", "legal", "out"}}); err != nil {
			t.Fatal(err)
		}
		one, two := h.draft(t, "world", "lina", "One"), h.draft(t, "world", "lina", "Two")
		h.draft(t, "sport", "lina", "Three")
		due := h.clock().Add(time.Hour)
		if _, err := h.Assign(ctx, two.ID, "ivan", due); err != nil {
			t.Fatal(err)
		}
		if _, err := h.MoveTo(ctx, two.ID, "legal"); err != nil {
			t.Fatal(err)
		}
		if _, err := h.MoveTo(ctx, two.ID, "review"); news.KindOf(err) != news.Invalid {
			t.Errorf("a stage of other desks: %v", err)
		}
		if _, err := h.Say(ctx, OnDraft(two.ID), "lina", " Who says so? "); err != nil {
			t.Fatal(err)
		}
		for name, tt := range map[string]struct {
			f    WorkFilter
			want string
		}{
			"all":       {WorkFilter{}, "Three Two One"},
			"desk":      {WorkFilter{Desk: "world"}, "Two One"},
			"stage":     {WorkFilter{Desk: "world", Stage: "legal"}, "Two"},
			"new":       {WorkFilter{Desk: "world", Stage: "in"}, "One"},
			"colleague": {WorkFilter{Assignee: "ivan"}, "Two"},
			"page":      {WorkFilter{After: &DraftLine{ID: two.ID, Updated: two.Updated}}, "One"},
		} {
			lines, err := h.Work(ctx, tt.f)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range lines {
				got = append(got, l.Headline)
				if l.ID == two.ID && (!l.Due.Equal(due) || l.Remarks != 1 || l.Stage != "legal") {
					t.Errorf("%s: %+v", name, l)
				}
				if l.ID == one.ID && l.Stage != "in" && tt.f.Desk != "" {
					t.Errorf("%s: a new draft stands at %q", name, l.Stage)
				}
			}
			if name != "page" && strings.Join(got, " ") != tt.want || name == "page" && len(got) != 1 {
				t.Errorf("%s: %v, want %s", name, got, tt.want)
			}
		}
	})
}

func TestScheduledDraftIsIssuedOnceAtItsTimeAndNotWhenItChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "a.example"), t.Context()
		good, changed := h.draft(t, "world", "lina", "Good"), h.draft(t, "world", "lina", "Changed")
		at := h.clock().Add(time.Hour)
		for _, draft := range []*Draft{good, changed} {
			if err := h.Schedule(ctx, Scheduled{Draft: draft.ID, At: at, Revision: draft.Revision, Act: news.Publish, Actor: editor, Account: "lina"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Schedule(ctx, Scheduled{Draft: good.ID, At: h.clock(), Revision: 1, Act: news.Publish}); news.KindOf(err) != news.Invalid {
			t.Errorf("scheduled into the past: %v", err)
		}
		if _, err := h.SaveDraft(ctx, changed); err != nil {
			t.Fatal(err)
		}
		h.advance(2 * time.Hour)
		other := New(Options{DB: d, Ledger: h.ledger, Media: allMedia{}, Now: h.clock, Log: h.log}) // a second process
		h.issueDue(ctx)
		other.issueDue(ctx)
		if _, err := h.Draft(ctx, good.ID); news.KindOf(err) != news.NotFound {
			t.Errorf("it is still a draft: %v", err)
		}
		if p, err := h.Scheduled(ctx, changed.ID); err != nil || p.Failed == "" {
			t.Errorf("a changed draft: %+v, %v", p, err)
		}
		var n int
		if err := d.Reader().QueryRow(`SELECT count(*) FROM issued`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d items were issued, %v", n, err)
		}
	})
}

func TestOneDraftIsIssuedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "a.example"), t.Context()
		draft := h.draft(t, "world", "lina", "Once")
		issue := Issue{Act: news.Publish, Item: draft.Item, Draft: draft.ID, Actor: editor}
		if _, err := h.Issue(ctx, issue); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Issue(ctx, issue); news.KindOf(err) != news.Conflict {
			t.Errorf("the same draft became a second item: %v", err)
		}
	})
}

func TestTemplateKeepsNothingOfItsStory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "a.example"), t.Context()
		it := story("urn:x:1", "Markets close %")
		it.Embargoed, it.Urgency = h.clock().Add(time.Hour), 4
		saved, err := h.SaveTemplate(ctx, Template{Name: "Markets", Desk: "economy", Item: it})
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Template(ctx, saved.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Item.URI != "" || !got.Item.Embargoed.IsZero() || got.Item.Urgency != 4 || got.Item.Headline() != "Markets close %" {
			t.Errorf("template %+v", got.Item)
		}
		if list, err := h.Templates(ctx); err != nil || len(list) != 1 || list[0].Name != "Markets" {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

func TestDiaryTravelsAsICalendar(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "a.example"), t.Context()
		starts := time.Date(2026, 3, 5, 10, 0, 0, 0, time.UTC)
		saved, err := h.SavePlan(ctx, Plan{Title: "Пресс-конференция; с запятой, и переносом\nстроки", Place: "القاهرة", Starts: starts,
			Ends: starts.Add(time.Hour), Status: PlanTentative, Desk: "world", Coverage: []PlannedCoverage{{Type: news.Picture, Assignee: "ivan"}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.SavePlan(ctx, Plan{Title: "Holiday", AllDay: true, Starts: starts.Truncate(24 * time.Hour), Ends: starts.Truncate(24 * time.Hour).Add(24 * time.Hour)}); err != nil {
			t.Fatal(err)
		}
		stale := *saved
		stale.Revision = 7
		if _, err := h.SavePlan(ctx, stale); news.KindOf(err) != news.Conflict {
			t.Errorf("an old revision was saved: %v", err)
		}
		plans, err := h.Plans(ctx, starts.Truncate(24*time.Hour), starts.Add(48*time.Hour), "")
		if err != nil || len(plans) != 2 {
			t.Fatalf("%d plans, %v", len(plans), err)
		}
		var b bytes.Buffer
		if err := WriteCalendar(&b, "Diary", plans); err != nil {
			t.Fatal(err)
		}
		read, skipped, err := ReadCalendar(b.Bytes(), time.UTC, h.clock())
		if err != nil || len(skipped) > 0 || len(read) != 2 {
			t.Fatalf("read %d, %v, %v\n%s", len(read), skipped, err, b.String())
		}
		for i := range read {
			if !sameEvent(plans[i], read[i]) || read[i].UID != plans[i].UID {
				t.Errorf("wrote %+v\nread %+v", plans[i], read[i])
			}
		}
		read[0].Place, read[1].Title = "Alexandria", "Public holiday"
		if added, changed, err := h.ImportPlans(ctx, read, "", "lina"); err != nil || added != 0 || changed != 2 {
			t.Errorf("imported: %d new, %d changed, %v", added, changed, err)
		}
		if got, err := h.Plan(ctx, saved.ID); err != nil || len(got.Coverage) != 1 {
			t.Errorf("the import took the coverage away: %+v, %v", got, err)
		}
	})
}

func TestHostileCalendarsAreBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	wrap := func(events string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + events + "END:VCALENDAR\r\n"
	}
	forever := wrap("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:19700101T000000Z\r\nSUMMARY:tick\r\nDTSTART:19700101T000000Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\n")
	plans, skipped, err := ReadCalendar([]byte(forever), time.UTC, now)
	if err != nil || len(plans) > 0 || len(skipped) != 1 {
		t.Errorf("each second since 1970: %d, %v", len(plans), err)
	}
	daily := wrap("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:meeting\r\nDTSTART:20260228T090000Z\r\nDTEND:20260228T100000Z\r\nRRULE:FREQ=WEEKLY;COUNT=5\r\nEND:VEVENT\r\n")
	if plans, _, err = ReadCalendar([]byte(daily), time.UTC, now); err != nil || len(plans) != 5 || plans[1].Starts.Day() != 7 {
		t.Errorf("weekly: %d, %v", len(plans), err)
	}
	for _, bad := range []string{"", "hello", wrap(""), "BEGIN:VCALENDAR\r\n" + strings.Repeat("BEGIN:VEVENT\r\n", 100)} {
		if _, _, err := ReadCalendar([]byte(bad), time.UTC, now); news.KindOf(err) != news.Invalid {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	if _, skipped, err := ReadCalendar([]byte(wrap("BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:no start\r\nEND:VEVENT\r\n")), time.UTC, now); err != nil || len(skipped) != 1 {
		t.Errorf("an event without beginning: %v, %v", skipped, err)
	}
}

func TestChecklistSeesWhatAnEditorWouldMiss(t *testing.T) {
	failed := func(it *news.Item) string {
		var out []string
		for _, c := range Checklist(it) {
			if !c.Passed {
				out = append(out, c.Key)
			}
		}
		return strings.Join(out, " ")
	}
	it := story("", "x")
	it.Associations = []news.Item{{Type: news.Picture}, {Type: news.Text}}
	if got := failed(it); got != "source slugline subject credit rights alt" {
		t.Errorf("missing: %s", got)
	}
	it.By, it.Slugline, it.Subjects = "Lina", "x", []news.Concept{{Name: "y"}}
	it.Associations[0].CreditLine, it.Associations[0].UsageTerms = "Ivan", "Free"
	it.Associations[0].Descriptions = []news.Words{{Value: "A bridge"}}
	if got := failed(it); got != "" {
		t.Errorf("still missing: %s", got)
	}
}
