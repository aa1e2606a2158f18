package web

import (
	"errors"
	"net/http"
	"runtime/debug"

	"github.com/klauspost/compress/gzhttp"

	"jisr/internal/news"
	"jisr/internal/people"
)

// policy is the content security policy of every page: what we serve ourselves,
// and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers that every answer has.
func (s *Site) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		if s.cookie.secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses requests that another site makes a browser send.
func (s *Site) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := s.request(w, r)
		q.fail(http.StatusForbidden, nil)
	}))
	return protection.Handler(next)
}

// compressor returns what compresses pages for browsers that take it.
func compressor() func(http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024))
	if err != nil { // only for options that are out of range
		panic(err)
	}
	return func(h http.Handler) http.Handler { return wrap(h) }
}

// maxForm is the largest form in bytes: a body of three megabytes, written in
// percent signs.
const maxForm = 10 << 20

// serve answers a route: who is it, may they, and what does the handler say.
func (s *Site) serve(r route) http.HandlerFunc {
	return func(w http.ResponseWriter, hr *http.Request) {
		q := s.request(w, hr)
		defer q.recover()
		w.Header().Set("Cache-Control", "no-store")
		if err := q.identify(); err != nil {
			q.answer(err)
			return
		}
		switch {
		case !r.needs.allows(q.caller) && q.caller == nil:
			q.answer(people.ErrSignedOut)
			return
		case !r.needs.allows(q.caller):
			q.answer(news.Errorf(news.Forbidden, "", "this needs one of the permissions %v, which none of your roles has", r.needs.any))
			return
		}
		if !r.files {
			if err := q.parseForm(); err != nil {
				q.answer(err)
				return
			}
		}
		if err := r.do(s, q); err != nil {
			q.answer(err)
		}
	}
}

// identify finds out who sends the request. A cookie of a session that is over
// is the same as none.
func (q *request) identify() error {
	c, err := q.Cookie(q.site.cookie.session)
	if err != nil || c.Value == "" {
		return nil
	}
	caller, err := q.site.people.Session(q.Context(), c.Value)
	if errors.Is(err, people.ErrSignedOut) {
		return nil
	}
	if err != nil {
		return err
	}
	q.caller = caller
	if l := q.site.catalog.Language(caller.Account.Language); l != nil {
		q.Language = l
	}
	return nil
}

func (q *request) parseForm() error {
	if q.Method != http.MethodPost {
		return nil
	}
	q.Body = http.MaxBytesReader(q.w, q.Body, maxForm)
	err := q.ParseForm()
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return news.Errorf(news.TooLarge, "", "the form is larger than the %d bytes allowed", big.Limit)
	}
	if err != nil {
		return news.Errorf(news.Invalid, "", "the form cannot be read").Because(err)
	}
	return nil
}

// recover turns a panic of a handler into an answer, so that one bad item does
// not take a reader's page away without a word.
func (q *request) recover() {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	q.site.log.Error("a page failed", "path", q.URL.Path, "panic", v, "stack", string(debug.Stack()))
	q.fail(http.StatusInternalServerError, nil)
}
