package web

import (
	"strconv"
	"strings"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/web/view"
)

// pushPath is where files are pushed to, followed by the id of the source.
const pushPath = "/ingest/v1/"

func (s *Site) sources(q *request) error {
	found, err := s.ingest.Sources(q.Context(), q.FormValue("after"), page)
	if err != nil {
		return err
	}
	v := view.Sources{Shell: q.shell("sources", q.T("menu.sources"), nil), Sources: found}
	if len(found) == page {
		v.More = view.Link("/sources", "after", found[page-1].ID)
	}
	return q.render(view.SourcesPage(v), nil)
}

func (s *Site) source(q *request) error { return s.showSource(q, nil) }

func (s *Site) showSource(q *request, failed error) error {
	st, err := s.ingest.Source(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	v := view.Source{Shell: q.shell("sources", st.Name, failed), S: st}
	if st.Kind == ingest.Push {
		v.Push = strings.TrimSuffix(s.url, "/") + pushPath + st.ID
	}
	if v.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	if v.Subjects, err = s.subjectNames(q, st.Rules.Subjects); err != nil {
		return err
	}
	if v.Arrivals, err = s.ingest.Arrivals(q.Context(), ingest.ArrivalFilter{Source: st.ID, Limit: 10}); err != nil {
		return err
	}
	return q.render(view.SourcePage(v), failed)
}

// subjectNames says how concepts are called in the reader's language.
func (s *Site) subjectNames(q *request, all []news.Concept) ([]string, error) {
	names, err := s.vocab.Names(q.Context(), q.Tag, &news.Item{Subjects: all})
	if err != nil {
		return nil, err
	}
	var out []string
	for i := range all {
		out = append(out, names.Of(&all[i]))
	}
	return out, nil
}

// newSource asks for the kind first: each has fields of its own.
func (s *Site) newSource(q *request) error {
	f := view.SourceForm{Kind: ingest.Kind(q.FormValue("kind"))}
	if f.Kind == "" {
		f.Shell = q.shell("sources", q.T("source.add"), nil)
		return q.render(view.SourceKindsPage(f), nil)
	}
	return s.showSourceForm(q, f, nil, nil)
}

// showSourceForm shows the form that adds or changes a source. subjects are
// those of its rules, by URI.
func (s *Site) showSourceForm(q *request, f view.SourceForm, subjects []string, failed error) error {
	if !known(f.Kind) {
		return news.Errorf(news.NotFound, "kind", "there is no such kind of source")
	}
	title := q.T("source.add_kind", "kind", q.T("source.kind_"+string(f.Kind)))
	if f.ID != "" {
		title = q.T("source.change")
	}
	f.Shell = q.shell("sources", title, failed)
	var err error
	if f.Desks, err = s.newsroom.Desks(q.Context()); err != nil {
		return err
	}
	if f.Subjects, err = s.picker(q, "subject", subjects, f.Called...); err != nil {
		return err
	}
	return q.render(view.SourceFormPage(f), failed)
}

func known(k ingest.Kind) bool {
	for _, one := range ingest.Kinds {
		if one == k {
			return true
		}
	}
	return false
}

// changeSourcePage fills the form with what the source is.
func (s *Site) changeSourcePage(q *request) error {
	st, err := s.ingest.Source(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	r := &st.Rules
	f := view.SourceForm{ID: st.ID, Kind: st.Kind, Name: st.Name, Address: st.Address, User: st.User, HasSecret: st.HasSecret, HostKey: st.HostKey,
		Pattern: st.Pattern, After: string(st.After), Interval: strconv.FormatInt(int64(st.Interval/time.Second), 10), Desk: r.Desk,
		Language: r.Language, Credit: r.CreditLine, Holder: r.CopyrightHolder, Notice: r.CopyrightNotice, Usage: r.UsageTerms,
		Publish: r.Publish, Fetch: r.FetchMedia}
	var subjects []string
	for _, c := range r.Subjects {
		if c.URI != "" {
			subjects = append(subjects, c.URI)
		}
	}
	f.Called = r.Subjects
	return s.showSourceForm(q, f, subjects, nil)
}

// readSourceForm reads the form as it was typed.
func readSourceForm(q *request) view.SourceForm {
	return view.SourceForm{ID: q.PathValue("id"), Kind: ingest.Kind(q.FormValue("kind")), Name: oneLine(q.text("name")),
		Address: oneLine(q.text("address")), User: q.text("user"), HostKey: oneLine(q.text("host_key")), Pattern: oneLine(q.text("pattern")),
		After: q.FormValue("after"), Interval: q.FormValue("interval"), Desk: q.text("desk"), Language: q.FormValue("language"),
		Credit: oneLine(q.text("credit_line")), Holder: oneLine(q.text("copyright_holder")), Notice: q.text("copyright_notice"),
		Usage: q.text("usage_terms"), Publish: q.FormValue("publish") != "", Fetch: q.FormValue("fetch_media") != ""}
}

// sourceOf makes a source of what was typed. Subjects that the form does not
// show, for no vocabulary has them, stay.
func sourceOf(q *request, f view.SourceForm, old *ingest.Status) ingest.Source {
	seconds, _ := strconv.ParseInt(f.Interval, 10, 64)
	src := ingest.Source{ID: f.ID, Kind: f.Kind, Name: f.Name, Address: f.Address, User: f.User, Secret: strings.TrimRight(q.secret("secret"), "\r\n"),
		HostKey: f.HostKey, Pattern: f.Pattern, After: ingest.After(f.After), Interval: time.Duration(seconds) * time.Second, Active: true,
		Rules: ingest.Rules{Desk: f.Desk, Language: f.Language, CreditLine: f.Credit, CopyrightHolder: f.Holder, CopyrightNotice: f.Notice,
			UsageTerms: f.Usage, Publish: f.Publish, FetchMedia: f.Fetch}}
	named := map[string]news.Concept{}
	if old != nil {
		src.Active = old.Active
		for _, c := range old.Rules.Subjects {
			if named[c.URI] = c; c.URI == "" {
				src.Rules.Subjects = append(src.Rules.Subjects, c)
			}
		}
	}
	for _, uri := range q.chosen("subject") {
		c, ok := named[uri]
		if !ok {
			c = news.Concept{URI: uri}
		}
		src.Rules.Subjects = append(src.Rules.Subjects, c)
	}
	return src
}

func (s *Site) addSource(q *request) error {
	f := readSourceForm(q)
	if q.FormValue("do") == "find" {
		return s.showSourceForm(q, f, q.chosen("subject"), nil)
	}
	made, err := s.ingest.CreateSource(q.Context(), sourceOf(q, f, nil), ingest.Remote)
	if err != nil {
		return s.showSourceForm(q, f, q.chosen("subject"), err)
	}
	return q.redirect("/sources/"+made.ID, "source_added")
}

func (s *Site) changeSource(q *request) error {
	f := readSourceForm(q)
	old, err := s.ingest.Source(q.Context(), f.ID)
	if err != nil {
		return err
	}
	f.Kind, f.HasSecret, f.Called = old.Kind, old.HasSecret, old.Rules.Subjects
	if q.FormValue("do") == "find" {
		return s.showSourceForm(q, f, q.chosen("subject"), nil)
	}
	if _, err := s.ingest.ChangeSource(q.Context(), sourceOf(q, f, old), ingest.Remote); err != nil {
		return s.showSourceForm(q, f, q.chosen("subject"), err)
	}
	return q.redirect("/sources/"+f.ID, "source_saved")
}

// actOnSource pauses, resumes, removes or looks at a source.
func (s *Site) actOnSource(q *request) error {
	id, ctx := q.PathValue("id"), q.Context()
	done := "source_" + q.FormValue("do")
	var err error
	switch q.FormValue("do") {
	case "pause":
		err = s.ingest.SetActive(ctx, id, ingest.Paused)
	case "resume":
		err = s.ingest.SetActive(ctx, id, ingest.Running)
	case "remove":
		if err = s.ingest.RemoveSource(ctx, id); err == nil {
			return q.redirect("/sources", done)
		}
	case "fetch":
		var got ingest.Fetched
		if got, err = s.ingest.CollectNow(ctx, id); got.Kept == 0 {
			done = "source_nothing"
		}
	default:
		err = news.Errorf(news.Invalid, "do", "nothing of that name can be done with a source")
	}
	if err != nil {
		return s.showSource(q, err)
	}
	return q.redirect("/sources/"+id, done)
}
