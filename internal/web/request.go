package web

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"

	"jisr/internal/news"
	"jisr/internal/people"
	"jisr/internal/web/locales"
	"jisr/internal/web/prose"
	"jisr/internal/web/view"
)

// request is a request with what every handler needs.
type request struct {
	*http.Request
	*locales.Language
	w      http.ResponseWriter
	site   *Site
	caller *people.Caller // nil before sign-in
}

func (s *Site) request(w http.ResponseWriter, r *http.Request) *request {
	q := &request{Request: r, w: w, site: s}
	if c, err := r.Cookie(s.cookie.language); err == nil {
		q.Language = s.catalog.Language(c.Value)
	}
	if q.Language == nil {
		q.Language = s.catalog.Match(r.Header.Get("Accept-Language"))
	}
	return q
}

// text returns a form field as a person meant it.
func (q *request) text(name string) string {
	v := q.FormValue(name)
	if !utf8.ValidString(v) {
		v = strings.ToValidUTF8(v, "\uFFFD")
	}
	return prose.FromForm(v)
}

// secret returns a form field as it was typed: in a password every character
// counts.
func (q *request) secret(name string) string { return q.PostFormValue(name) }

func (q *request) number(name string) int64 {
	n, err := strconv.ParseInt(q.FormValue(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// item returns which item a request is about.
func (q *request) item() (origin, uri string) { return q.FormValue("origin"), q.FormValue("uri") }

// can reports whether the caller has the permission.
func (q *request) can(p people.Permission) bool { return q.caller.Can(p) }

// embargoed reports whether the caller may see items before their embargo ends.
func (q *request) embargoed() bool { return q.caller.Can(people.SeeEmbargoed) }

// account returns the id of the caller's account.
func (q *request) account() string { return q.caller.Account.ID }

// here is the address of the page, to come back to.
func (q *request) here() string {
	if q.Method != http.MethodGet {
		return "/"
	}
	u := url.URL{Path: q.URL.Path, RawQuery: q.URL.RawQuery}
	return u.String()
}

// shell makes what stands around a page. failed is why a form is shown again,
// nil otherwise.
func (q *request) shell(section, title string, failed error) view.Shell {
	s := q.site
	sh := view.Shell{Language: q.Language, Look: q.look(), Title: title, Section: section, Here: q.here(), Me: q.caller,
		Now: s.now().In(s.zone), Assets: s.assets(), Problem: q.problem(failed), Names: map[string]string{}}
	if d := q.FormValue("done"); failed == nil && q.Method == http.MethodGet && q.Has("done."+d) {
		sh.Done = d
	}
	if q.caller == nil {
		return sh
	}
	sh.Origin, sh.ReadOnly = s.ledger.Origin(), s.ledger.ReadOnly()
	// A page is worth showing without the names around it.
	if names, err := s.directory.names(q.Context(), s, q.Tag); err != nil {
		s.log.Warn("cannot read the organisations' names", "err", err)
	} else {
		sh.Names, sh.Org = names, names[sh.Origin]
	}
	if q.can(people.ConfirmNotices) {
		open, err := s.newsroom.Notices(q.Context(), true, q.embargoed(), 0, 200)
		if err != nil {
			s.log.Error("cannot read the open notices", "err", err)
		}
		sh.Notices = len(open)
	}
	return sh
}

// render answers with a page; failed, if not nil, decides the status. An
// internal error is returned as it is: it gets its own page.
func (q *request) render(page templ.Component, failed error) error {
	status := http.StatusOK
	if failed != nil {
		if news.KindOf(failed) == "" {
			return failed
		}
		status = statusOf(failed)
	}
	return q.send(status, page)
}

func (q *request) send(status int, page templ.Component) error {
	var b bytes.Buffer
	if err := view.Render(q.Context(), &b, page); err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", q.Tag)
	q.w.WriteHeader(status)
	_, _ = b.WriteTo(q.w) // a reader who left is no error of ours
	return nil
}

// redirect sends the browser on after something was done.
func (q *request) redirect(to, done string) error {
	if done != "" {
		sep := "?"
		if strings.Contains(to, "?") {
			sep = "&"
		}
		to += sep + "done=" + done
	}
	http.Redirect(q.w, q.Request, to, http.StatusSeeOther)
	return nil
}

// local returns the address if it is one of this site, else the front page: a
// link must not send a reader elsewhere after sign-in.
func local(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(address, "/") ||
		strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\r\n\t") {
		return "/"
	}
	return address
}

// statusOf maps the kind of an error to HTTP: the one place that does.
func statusOf(err error) int {
	var wait *people.Wait
	switch {
	case errors.Is(err, people.ErrSignedOut):
		return http.StatusUnauthorized
	case errors.As(err, &wait):
		return http.StatusTooManyRequests
	}
	switch news.KindOf(err) {
	case news.Invalid:
		return http.StatusBadRequest
	case news.NotFound:
		return http.StatusNotFound
	case news.Conflict:
		return http.StatusConflict
	case news.Forbidden:
		return http.StatusForbidden
	case news.Unavailable:
		return http.StatusServiceUnavailable
	case news.TooLarge:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}
