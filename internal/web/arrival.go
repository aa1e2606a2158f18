package web

import (
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"

	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/web/view"
)

func (s *Site) arrivals(q *request) error {
	f := ingest.ArrivalFilter{Source: q.FormValue("source"), State: ingest.State(q.FormValue("state")), Before: q.FormValue("before"), Limit: page}
	found, err := s.ingest.Arrivals(q.Context(), f)
	if err != nil {
		return err
	}
	v := view.Arrivals{Shell: q.shell("arrivals", q.T("menu.arrivals"), nil), Arrivals: found, Source: f.Source, State: string(f.State)}
	if v.Sources, err = s.ingest.Sources(q.Context(), "", 200); err != nil {
		return err
	}
	if len(found) == page {
		v.Older = view.Link("/arrivals", "source", f.Source, "state", v.State, "before", found[page-1].ID)
	}
	return q.render(view.ArrivalsPage(v), nil)
}

func (s *Site) arrival(q *request) error { return s.showArrival(q, nil) }

func (s *Site) showArrival(q *request, failed error) error {
	a, err := s.ingest.Arrival(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	title := a.Name
	if title == "" {
		title = q.T("arrival.unnamed")
	}
	v := view.Arrival{Shell: q.shell("arrivals", title, failed), A: a}
	v.Source, err = s.ingest.Source(q.Context(), a.Source)
	if err != nil && news.KindOf(err) != news.NotFound {
		return err
	}
	return q.render(view.ArrivalPage(v), failed)
}

// actOnArrival has a file taken anew, or sets it aside.
func (s *Site) actOnArrival(q *request) error {
	id, do := q.PathValue("id"), q.FormValue("do")
	var err error
	switch do {
	case "retry":
		_, err = s.ingest.Retry(q.Context(), id)
	case "dismiss":
		_, err = s.ingest.Dismiss(q.Context(), id)
	default:
		err = news.Errorf(news.Invalid, "do", "nothing of that name can be done with a file")
	}
	if err != nil {
		return s.showArrival(q, err)
	}
	return q.redirect("/arrivals/"+id, "arrival_"+do)
}

// arrivalFile sends a file as it came. It is another's: a browser saves it and
// never shows it.
func (s *Site) arrivalFile(q *request) error {
	a, f, err := s.ingest.OpenArrival(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	q.attach(plainName(path.Base(a.Name)))
	http.ServeContent(q.w, q.Request, "", time.Time{}, f)
	return nil
}

// attach makes the answer a file that a browser saves. The name may be empty.
func (q *request) attach(name string) {
	h := q.w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	disposition := "attachment"
	if name != "" {
		disposition = mime.FormatMediaType("attachment", map[string]string{"filename": name})
	}
	h.Set("Content-Disposition", disposition)
}

// plainName is a sender's file name without what could mislead whoever saves it.
func plainName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name)
	return strings.TrimLeft(name, ".-")
}
