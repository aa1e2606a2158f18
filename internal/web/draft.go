package web

import (
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/prose"
	"jisr/internal/web/view"
)

// authorName is a colleague's name; empty for an account that is gone.
func (s *Site) authorName(q *request, account string) string {
	a, err := s.people.Account(q.Context(), account)
	if err != nil {
		return ""
	}
	return a.Name
}

func (s *Site) newDraft(q *request) error {
	d := &newsroom.Draft{Item: &news.Item{Type: news.Text, Language: q.Tag}}
	if id := q.FormValue("template"); id != "" {
		t, err := s.newsroom.Template(q.Context(), id)
		if err != nil {
			return err
		}
		d.Item, d.Desk = t.Item, t.Desk
	}
	if q.caller.Account.Named {
		d.Item.By = q.caller.Account.Name
	}
	return s.showDraft(q, d, s.formOf(d), nil, nil)
}

func (s *Site) draft(q *request) error {
	d, err := s.newsroom.Draft(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	f := s.formOf(d)
	f.Act = q.FormValue("act")
	return s.showDraft(q, d, f, nil, nil)
}

// showDraft shows the form. d is what is stored, f what the form holds.
func (s *Site) showDraft(q *request, d *newsroom.Draft, f view.Form, conflict *view.Conflict, failed error) error {
	title := q.T("title.draft_new")
	if d.ID != "" {
		title = q.T("title.draft_edit")
	}
	v := view.Draft{Shell: q.shell("drafts", title, failed), Form: f, Updated: d.Updated, Zones: zones,
		Markup: prose.HasMarkup(d.Item.Body()), Conflict: conflict, HTML: f.HTML}
	if v.HTML == "" {
		v.HTML = s.sanitizer.HTML(d.Item.Body())
	}
	if err := s.workOn(q, &v); err != nil {
		return err
	}
	var err error
	if v.Subjects, err = s.picker(q, "subject", f.Subjects, d.Item.Subjects...); err != nil {
		return err
	}
	if v.Media, err = s.draftMedia(q, d.Item); err != nil {
		return err
	}
	if d.Author != "" {
		v.Author = s.authorName(q, d.Author)
	}
	return q.render(view.DraftPage(v), failed)
}

// readDraft returns the stored draft with what was typed in it, and as it is
// stored.
func (s *Site) readDraft(q *request) (d, stored *newsroom.Draft, err error) {
	f := readForm(q)
	stored = &newsroom.Draft{Item: &news.Item{}}
	if f.ID != "" {
		if stored, err = s.newsroom.Draft(q.Context(), f.ID); err != nil {
			return nil, nil, err
		}
	}
	typed, item := *stored, *stored.Item
	d = &typed
	d.Item, d.Desk, d.Author, d.Revision = &item, f.Desk, q.account(), f.Revision
	return d, stored, s.applyForm(q.Context(), d.Item, f)
}

func (s *Site) saveDraft(q *request) error {
	f := readForm(q)
	if q.FormValue("do") == "delete" && f.ID != "" {
		if err := s.newsroom.DeleteDraft(q.Context(), f.ID); err != nil {
			return err
		}
		return q.redirect("/drafts", "deleted")
	}
	d, stored, err := s.readDraft(q)
	if stored == nil {
		return err
	}
	f.URI, f.Version = stored.Item.URI, stored.Version
	if q.FormValue("do") == "find" {
		return s.showDraft(q, stored, f, nil, nil)
	}
	if err != nil {
		return s.showDraft(q, stored, f, nil, err)
	}
	saved, err := s.newsroom.SaveDraft(q.Context(), d)
	if news.KindOf(err) == news.Conflict {
		return s.draftConflict(q, stored, f, err)
	}
	if err != nil {
		return s.showDraft(q, stored, f, nil, err)
	}
	if q.FormValue("do") == "issue" {
		return q.redirect(view.Link("/draft/"+saved.ID+"/issue", "act", f.Act), "")
	}
	return q.redirect(view.Link("/draft/"+saved.ID, "act", f.Act), "saved")
}

// draftConflict shows what a colleague saved beside what the reader typed, which
// stays in the form and can be saved over it.
func (s *Site) draftConflict(q *request, theirs *newsroom.Draft, mine view.Form, failed error) error {
	mine.Revision = theirs.Revision
	return s.showDraft(q, theirs, mine, &view.Conflict{
		Author: s.authorName(q, theirs.Author), Updated: theirs.Updated,
		Headline: prose.Diff(theirs.Item.Headline(), mine.Headline),
		Body:     prose.DiffTexts(prose.Plain(theirs.Item.Body()), mine.Body),
	}, failed)
}

// editItem begins a draft from an issued item of ours.
func (s *Site) editItem(q *request) error {
	origin, uri := q.item()
	found, err := s.newsroom.Item(q.Context(), origin, uri, true)
	if err != nil {
		return err
	}
	if !found.Own {
		return news.Errorf(news.Forbidden, "", "only %s can change its item", origin)
	}
	it := found.Item
	// What remains of a killed item is not what one refiles.
	for i := len(found.Versions) - 1; i >= 0 && found.Status == news.StatusKilled; i-- {
		if found.Versions[i].Act != news.Kill {
			if it, err = s.newsroom.VersionItem(q.Context(), origin, uri, found.Versions[i].Version, q.embargoed()); err != nil {
				return err
			}
			break
		}
	}
	draft := *it
	draft.EdNote = "" // the note of the last act is not the next one's
	d, err := s.newsroom.SaveDraft(q.Context(), &newsroom.Draft{Item: &draft, Desk: found.Desk, Author: q.account(), Version: found.Version})
	if err != nil {
		return err
	}
	return q.redirect(view.Link("/draft/"+d.ID, "act", q.FormValue("act")), "")
}

func (s *Site) issuePage(q *request) error { return s.showIssue(q, nil) }

// showIssue shows once more what will be issued and who will be told.
func (s *Site) showIssue(q *request, failed error) error {
	d, err := s.newsroom.Draft(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	v := view.Issue{Shell: q.shell("drafts", q.T("title.issue"), failed), Form: s.formOf(d), Item: d.Item,
		Body: s.sanitizer.HTML(d.Item.Body()), Act: news.Act(q.FormValue("act")), Reason: q.text("reason"),
		Checks: newsroom.Checklist(d.Item), At: q.FormValue("at")}
	if v.Acts, err = s.actsFor(q, d); err != nil {
		return err
	}
	if v.Act == "" && len(v.Acts) == 1 {
		v.Act = v.Acts[0]
	}
	if v.Receivers, err = s.receivers(q, news.LabelOf(d.Item, d.Desk)); err != nil {
		return err
	}
	return q.render(view.IssuePage(v), failed)
}

// actsFor lists the acts by which the reader may issue the draft.
func (s *Site) actsFor(q *request, d *newsroom.Draft) ([]news.Act, error) {
	if d.Version == 0 {
		if !q.can(people.Publish) {
			return nil, nil
		}
		return []news.Act{news.Publish}, nil
	}
	l, err := s.newsroom.Line(q.Context(), s.ledger.Origin(), d.Item.URI, true)
	if err != nil {
		return nil, err
	}
	var out []news.Act
	for _, a := range actsOn(q, l) {
		if a == news.Update || a == news.Correction || a == news.Refile {
			out = append(out, a)
		}
	}
	return out, nil
}

func (s *Site) issue(q *request) error {
	act := news.Act(q.FormValue("act"))
	switch act {
	case news.Publish, news.Update, news.Correction, news.Refile:
	default:
		return s.showIssue(q, news.Errorf(news.Invalid, "act", "choose how to issue it"))
	}
	if err := q.caller.Check(permissionFor(act)); err != nil {
		return err
	}
	d, err := s.newsroom.Draft(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	if d.Revision != q.number("revision") {
		return s.showIssue(q, news.Errorf(news.Conflict, "revision", "the draft was saved after you looked at it"))
	}
	if q.FormValue("do") == "schedule" {
		return s.schedule(q, d, act)
	}
	issued, err := s.newsroom.Issue(q.Context(), newsroom.Issue{Act: act, Item: d.Item, Desk: d.Desk, Reason: q.text("reason"),
		Actor: q.caller.Actor(permissionFor(act)), Draft: d.ID, Expect: d.Version})
	if err != nil {
		return s.showIssue(q, err)
	}
	s.settle(q, issued.Position)
	return q.redirect(view.ItemLink("/item", issued.Origin, issued.URI), string(act))
}

// schedule has the draft issued later.
func (s *Site) schedule(q *request, d *newsroom.Draft, act news.Act) error {
	at, err := localMoment(q.FormValue("at"), s.zone.String())
	if err != nil || at.IsZero() {
		return s.showIssue(q, news.Errorf(news.Invalid, "at", "say when to issue it"))
	}
	err = s.newsroom.Schedule(q.Context(), newsroom.Scheduled{Draft: d.ID, At: at, Revision: d.Revision, Act: act, Reason: q.text("reason"),
		Actor: q.caller.Actor(permissionFor(act)), Account: q.account()})
	if err != nil {
		return s.showIssue(q, err)
	}
	return q.redirect("/draft/"+d.ID, "scheduled")
}
