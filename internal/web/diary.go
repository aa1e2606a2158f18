package web

import (
	"io"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// diarySpan is how much of the diary one page shows.
const diarySpan = 14 * 24 * time.Hour

const localDate = "2006-01-02"

// diaryFrom is the first day that the reader asked for; today if none.
func (s *Site) diaryFrom(q *request) time.Time {
	if day, err := time.ParseInLocation(localDate, q.FormValue("from"), s.zone); err == nil {
		return day
	}
	y, m, d := s.now().In(s.zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, s.zone)
}

func (s *Site) diary(q *request) error {
	from := s.diaryFrom(q)
	plans, err := s.newsroom.Plans(q.Context(), from, from.Add(diarySpan), q.FormValue("desk"))
	if err != nil {
		return err
	}
	v := view.Diary{Shell: q.shell("diary", q.T("menu.diary"), nil), From: from, Desk: q.FormValue("desk"), Days: view.Days(plans, from, s.zone),
		Earlier: view.Link("/diary", "from", from.Add(-diarySpan).Format(localDate), "desk", q.FormValue("desk")),
		Later:   view.Link("/diary", "from", from.Add(diarySpan).Format(localDate), "desk", q.FormValue("desk"))}
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	return q.render(view.DiaryPage(v), nil)
}

// diaryFile is the diary for other calendars: a quarter of a year each way.
func (s *Site) diaryFile(q *request) error {
	from := s.diaryFrom(q)
	const quarter = 92 * 24 * time.Hour
	plans, err := s.newsroom.Plans(q.Context(), from.Add(-quarter), from.Add(quarter), q.FormValue("desk"))
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/calendar; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="diary.ics"`)
	return newsroom.WriteCalendar(q.w, q.T("menu.diary")+" · "+s.ledger.Origin(), plans)
}

func (s *Site) plan(q *request) error {
	p := &newsroom.Plan{Starts: s.now().In(s.zone).Truncate(time.Hour).Add(time.Hour), Language: q.Tag}
	if id := q.PathValue("id"); id != "new" {
		var err error
		if p, err = s.newsroom.Plan(q.Context(), id); err != nil {
			return err
		}
	}
	return s.showPlan(q, p, nil)
}

func (s *Site) showPlan(q *request, p *newsroom.Plan, failed error) error {
	v := view.PlanForm{Shell: q.shell("diary", q.T("title.plan"), failed), Plan: p, Starts: s.localText(p.Starts, p.AllDay), Ends: s.localText(p.Ends, p.AllDay)}
	if failed != nil && q.Method == "POST" {
		v.Starts, v.Ends = q.FormValue("starts"), q.FormValue("ends")
	}
	var err error
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	if v.Colleagues, err = s.people.Accounts(q.Context(), "", people.MaxPage); err != nil {
		return err
	}
	return q.render(view.PlanPage(v), failed)
}

// localText is a moment as a field of a form shows it. The dates of what lasts
// all day are in UTC.
func (s *Site) localText(t time.Time, allDay bool) string {
	switch {
	case t.IsZero():
		return ""
	case allDay:
		return t.UTC().Format(localTime)
	}
	return t.In(s.zone).Format(localTime)
}

func (s *Site) savePlan(q *request) error {
	id := q.PathValue("id")
	if q.FormValue("do") == "remove" {
		if err := s.newsroom.RemovePlan(q.Context(), id); err != nil {
			return err
		}
		return q.redirect("/diary", "plan_removed")
	}
	p := &newsroom.Plan{}
	if id != "new" {
		var err error
		if p, err = s.newsroom.Plan(q.Context(), id); err != nil {
			return err
		}
	}
	if err := s.readPlan(q, p); err != nil {
		return s.showPlan(q, p, err)
	}
	if _, err := s.newsroom.SavePlan(q.Context(), *p); err != nil {
		return s.showPlan(q, p, err)
	}
	return q.redirect(view.Link("/diary", "from", p.Starts.In(s.zone).Format(localDate)), "plan_saved")
}

// readPlan puts the form into the entry.
func (s *Site) readPlan(q *request, p *newsroom.Plan) error {
	p.Title, p.Place, p.Note = oneLine(q.text("title")), oneLine(q.text("place")), q.text("note")
	p.Desk, p.Language, p.Status = oneLine(q.text("desk")), q.FormValue("plan_language"), newsroom.PlanStatus(q.FormValue("status"))
	p.AllDay, p.Author, p.Revision = q.FormValue("all_day") != "", q.account(), q.number("revision")
	p.Coverage = s.readCoverage(q, p.Coverage)
	zone := s.zone.String()
	if p.AllDay {
		zone = "UTC"
	}
	var err error
	if p.Starts, err = localMoment(q.FormValue("starts"), zone); err != nil {
		return news.Errorf(news.Invalid, "starts", "this is not a date and time")
	}
	if p.Ends, err = localMoment(q.FormValue("ends"), zone); err != nil {
		return news.Errorf(news.Invalid, "ends", "this is not a date and time")
	}
	if p.AllDay {
		p.Starts = p.Starts.Truncate(24 * time.Hour)
		if p.Ends = p.Ends.Truncate(24 * time.Hour); !p.Ends.After(p.Starts) {
			p.Ends = p.Starts.Add(24 * time.Hour)
		}
	}
	return nil
}

// readCoverage reads the rows of the form; one without a type is none.
func (s *Site) readCoverage(q *request, before []newsroom.PlannedCoverage) []newsroom.PlannedCoverage {
	var out []newsroom.PlannedCoverage
	types, who, notes := q.Form["coverage_type"], q.Form["coverage_assignee"], q.Form["coverage_note"]
	for i, t := range types {
		if t == "" || i >= len(who) || i >= len(notes) {
			continue
		}
		c := newsroom.PlannedCoverage{}
		if i < len(before) {
			c = before[i] // keeps what was begun from it
		}
		c.Type, c.Assignee, c.Note = news.Type(t), who[i], oneLine(notes[i])
		out = append(out, c)
	}
	return out
}

// importDiary takes an iCalendar file into the diary.
func (s *Site) importDiary(q *request) error {
	f, _, err := q.FormFile("calendar")
	if err != nil {
		return news.Errorf(news.Invalid, "calendar", "choose an .ics file")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, newsroom.MaxCalendar+1))
	if err != nil {
		return err
	}
	plans, skipped, err := newsroom.ReadCalendar(data, s.zone, s.now())
	if err != nil {
		return err
	}
	added, changed, err := s.newsroom.ImportPlans(q.Context(), plans, q.FormValue("desk"), q.account())
	if err != nil {
		return err
	}
	v := view.Imported{Shell: q.shell("diary", q.T("title.diary_import"), nil), Added: added, Changed: changed, Skipped: skipped}
	return q.render(view.ImportedPage(v), nil)
}
