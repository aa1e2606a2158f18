package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// answer says why there is no page.
func (q *request) answer(err error) {
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		if errors.Is(err, context.Canceled) {
			return // nobody is there to read it
		}
		q.site.log.Error("a page failed", "method", q.Method, "path", q.URL.Path, "err", err)
	}
	if status == http.StatusUnauthorized && q.Method == http.MethodGet && !strings.HasSuffix(q.URL.Path, "/stream") {
		_ = q.redirect(view.Link("/sign-in", "next", q.here()), "")
		return
	}
	q.fail(status, err)
}

// fail sends the page of a status. Of an internal error it says nothing more.
func (q *request) fail(status int, err error) {
	key := strconv.Itoa(status)
	if !q.Has("failure.title." + key) {
		key = "500"
	}
	v := view.Failure{Shell: q.shell("", q.T("failure.title."+key), nil), Status: status, Lede: q.T("failure.lede." + key), Next: q.here()}
	var e *news.Error
	if errors.As(err, &e) && status != http.StatusUnauthorized {
		v.Detail = e.Message
	}
	if err := q.send(status, view.FailurePage(v)); err != nil {
		q.site.log.Error("cannot even show a failure", "err", err)
		http.Error(q.w, http.StatusText(status), status)
	}
}

// noPage answers what no route does.
func (s *Site) noPage(w http.ResponseWriter, r *http.Request) {
	q := s.request(w, r)
	defer q.recover()
	w.Header().Set("Cache-Control", "no-store")
	if err := q.identify(); err != nil {
		q.answer(err)
		return
	}
	q.fail(http.StatusNotFound, nil)
}

// problem puts an error into the reader's words: by field and kind where a
// sentence was written for it, else by kind, with what the service said.
func (q *request) problem(err error) *view.Problem {
	var wait *people.Wait
	var e *news.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, people.ErrCredentials):
		return &view.Problem{Text: q.T("problem.credentials")}
	case errors.As(err, &wait):
		return &view.Problem{Text: q.T("problem.wait", "span", q.Span(wait.Until.Sub(q.site.now())))}
	case !errors.As(err, &e):
		return nil
	}
	whole := strings.TrimPrefix(e.Field, "query.") // of a product
	field, _, _ := strings.Cut(whole, ".")
	field, _, _ = strings.Cut(field, "[")
	field = fieldNames[field]
	if field == "" {
		field = whole
	}
	if key := "problem." + field + "." + string(e.Kind); q.Has(key) {
		return &view.Problem{Field: field, Text: q.T(key)}
	}
	return &view.Problem{Field: field, Text: q.T("problem." + string(e.Kind)), Detail: e.Message}
}

// fieldNames says how the forms call what the services name otherwise.
var fieldNames = map[string]string{
	"headlines": "headline", "descriptions": "summary", "bodies": "body", "usageTerms": "usage", "edNote": "ednote",
	"embargoed": "embargo", "digitalSourceType": "made", "subjects": "subject", "names": "names", "flows": "flows",
	"name": "name", "disclosure": "owner",
}
