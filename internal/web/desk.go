package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// drafts is the board: what the desks work on.
func (s *Site) drafts(q *request) error {
	f := newsroom.WorkFilter{Desk: q.FormValue("desk"), Stage: q.FormValue("stage"), Limit: page}
	if q.FormValue("mine") != "" {
		f.Assignee = q.account()
	}
	if at := q.number("before"); at > 0 {
		f.After = &newsroom.DraftLine{Updated: time.UnixMicro(at), ID: q.FormValue("id")}
	}
	found, err := s.newsroom.Work(q.Context(), f)
	if err != nil {
		return err
	}
	v := view.Board{Shell: q.shell("drafts", q.T("menu.drafts"), nil), Lines: found, Desk: f.Desk, Stage: f.Stage, Mine: f.Assignee != ""}
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	if v.Templates, err = s.newsroom.Templates(q.Context()); err != nil {
		return err
	}
	v.Names = s.colleagues(q, func(yield func(string)) {
		for _, l := range found {
			yield(l.Author)
			yield(l.Assignee)
			yield(l.LockedBy)
		}
	})
	if len(found) == page {
		last := found[page-1]
		mine := ""
		if v.Mine {
			mine = "1"
		}
		v.Older = view.Link("/drafts", "desk", f.Desk, "stage", f.Stage, "mine", mine,
			"before", strconv.FormatInt(last.Updated.UnixMicro(), 10), "id", last.ID)
	}
	return q.render(view.BoardPage(v), nil)
}

// colleagues looks up the names of accounts, each once.
func (s *Site) colleagues(q *request, each func(yield func(account string))) map[string]string {
	names := map[string]string{"": ""}
	each(func(account string) {
		if _, known := names[account]; !known {
			names[account] = s.authorName(q, account)
		}
	})
	return names
}

// workOn fills in how the draft stands, for the page that edits it.
func (s *Site) workOn(q *request, v *view.Draft) error {
	var err error
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	if v.Form.ID == "" {
		return nil
	}
	if v.Task, err = s.newsroom.Task(q.Context(), v.Form.ID); err != nil {
		return err
	}
	if v.Task.Locked(q.account(), s.now()) {
		v.LockedBy = s.authorName(q, v.Task.LockedBy)
	}
	if v.Scheduled, err = s.newsroom.Scheduled(q.Context(), v.Form.ID); err != nil && news.KindOf(err) != news.NotFound {
		return err
	}
	if v.Remarks, err = s.remarks(q, newsroom.OnDraft(v.Form.ID)); err != nil {
		return err
	}
	v.Stages = newsroom.Stages
	for _, d := range v.Desks {
		if d.ID == v.Form.Desk && len(d.Stages) > 0 {
			v.Stages = d.Stages
		}
	}
	v.Colleagues, err = s.people.Accounts(q.Context(), "", people.MaxPage)
	return err
}

func (s *Site) remarks(q *request, about newsroom.Subject) ([]view.Remark, error) {
	said, err := s.newsroom.Remarks(q.Context(), about)
	if err != nil {
		return nil, err
	}
	names := s.colleagues(q, func(yield func(string)) {
		for _, r := range said {
			yield(r.Author)
		}
	})
	out := make([]view.Remark, len(said))
	for i, r := range said {
		out[i] = view.Remark{Remark: r, Name: names[r.Author], Mine: r.Author == q.account()}
	}
	return out, nil
}

// moveDraft assigns a draft, moves it to a stage or takes its lock over.
func (s *Site) moveDraft(q *request) error {
	id, ctx := q.PathValue("id"), q.Context()
	var err error
	switch q.FormValue("do") {
	case "assign":
		var due time.Time
		if due, err = localMoment(q.FormValue("due"), s.zone.String()); err == nil {
			_, err = s.newsroom.Assign(ctx, id, q.FormValue("assignee"), due)
		}
		if err == nil {
			_, err = s.newsroom.MoveTo(ctx, id, q.FormValue("stage"))
		}
	case "take":
		_, err = s.newsroom.TakeOver(ctx, id, q.account())
	case "let_go":
		err = s.newsroom.Unlock(ctx, id, q.account())
	case "unschedule":
		err = s.newsroom.Unschedule(ctx, id)
	case "template":
		err = s.keepTemplate(q, id)
	default:
		err = news.Errorf(news.Invalid, "do", "%q is not something that is done to a draft", q.FormValue("do"))
	}
	if err != nil {
		return s.draftAgain(q, id, err)
	}
	return q.redirect("/draft/"+id, "moved")
}

// draftAgain shows the stored draft with what went wrong beside it.
func (s *Site) draftAgain(q *request, id string, failed error) error {
	d, err := s.newsroom.Draft(q.Context(), id)
	if err != nil {
		return err
	}
	return s.showDraft(q, d, s.formOf(d), nil, failed)
}

func (s *Site) keepTemplate(q *request, id string) error {
	d, err := s.newsroom.Draft(q.Context(), id)
	if err != nil {
		return err
	}
	_, err = s.newsroom.SaveTemplate(q.Context(), newsroom.Template{Name: q.text("template"), Desk: d.Desk, Item: d.Item})
	return err
}

func (s *Site) removeTemplate(q *request) error {
	if err := s.newsroom.RemoveTemplate(q.Context(), q.FormValue("id")); err != nil {
		return err
	}
	return q.redirect("/drafts", "template_removed")
}

// lockDraft is the heartbeat of a browser in which somebody writes.
func (s *Site) lockDraft(q *request) error {
	t, err := s.newsroom.Lock(q.Context(), q.PathValue("id"), q.account())
	if err != nil {
		return q.json(err, nil)
	}
	return q.json(nil, map[string]any{"until": t.LockedUntil})
}

// autosave keeps what is being typed. It answers with the id and revision under
// which to go on, or with why nothing was kept; the browser then keeps it.
func (s *Site) autosave(q *request) error {
	d, _, err := s.readDraft(q)
	if err != nil {
		return q.json(err, nil)
	}
	saved, err := s.newsroom.SaveDraft(q.Context(), d)
	if err != nil {
		return q.json(err, nil)
	}
	return q.json(nil, map[string]any{"id": saved.ID, "revision": saved.Revision, "saved": q.T("draft.autosaved", "time", q.Clock(saved.Updated.In(s.zone)))})
}

// json answers a script: with the value, or with the problem in the reader's
// words.
func (q *request) json(failed error, v any) error {
	status := http.StatusOK
	if failed != nil {
		var e *news.Error
		if !errors.As(failed, &e) {
			return failed
		}
		status = statusOf(failed)
		p := q.problem(failed)
		v = map[string]string{"problem": strings.TrimSpace(p.Text + " " + p.Detail), "field": e.Field}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	_, _ = q.w.Write(b)
	return nil
}

// say adds a remark about a draft or an item.
func (s *Site) say(q *request) error {
	about, back := q.subject()
	if _, err := s.newsroom.Say(q.Context(), about, q.account(), q.text("remark")); err != nil {
		return err
	}
	return q.redirect(back, "said")
}

func (s *Site) unsay(q *request) error {
	_, back := q.subject()
	if err := s.newsroom.Unsay(q.Context(), q.FormValue("id"), q.account()); err != nil {
		return err
	}
	return q.redirect(back, "unsaid")
}

// subject is what a remark is about, and the page where it is read.
func (q *request) subject() (newsroom.Subject, string) {
	if id := q.FormValue("draft"); id != "" {
		return newsroom.OnDraft(id), "/draft/" + id
	}
	origin, uri := q.item()
	return newsroom.OnItem(origin, uri), view.ItemLink("/item", origin, uri)
}

// desks is where the house says which desks it has.
func (s *Site) desks(q *request) error { return s.showDesks(q, newsroom.Desk{}, nil) }

func (s *Site) showDesks(q *request, typed newsroom.Desk, failed error) error {
	v := view.Desks{Shell: q.shell("desks", q.T("menu.desks"), failed), New: typed}
	var err error
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	return q.render(view.DesksPage(v), failed)
}

func (s *Site) saveDesk(q *request) error {
	if q.FormValue("do") == "remove" {
		if err := s.newsroom.RemoveDesk(q.Context(), q.FormValue("desk")); err != nil {
			return s.showDesks(q, newsroom.Desk{}, err)
		}
		return q.redirect("/desks", "desk_removed")
	}
	d := newsroom.Desk{ID: oneLine(q.text("desk")), Language: q.FormValue("desk_language"), Names: map[string]string{}}
	for _, tag := range people.Languages {
		if name := oneLine(q.text("names." + tag)); name != "" {
			d.Names[tag] = name
		}
	}
	for stage := range strings.SplitSeq(q.text("stages"), "\n") {
		if stage = oneLine(stage); stage != "" {
			d.Stages = append(d.Stages, stage)
		}
	}
	if err := s.newsroom.SaveDesk(q.Context(), d); err != nil {
		return s.showDesks(q, d, err)
	}
	return q.redirect("/desks", "desk_saved")
}
