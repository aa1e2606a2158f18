package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"jisr/internal/people"
)

const (
	// handleFor is how long a request may take, its body included.
	handleFor = 30 * time.Second
	// idleFor is how long a request that stays open may go without a byte.
	idleFor = 60 * time.Second
)

// serve makes a route a handler: who asks, whether they may, how long and how
// much, and what becomes of an error.
func (s *server) serve(rt route) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		w := &answer{ResponseWriter: rw}
		began := time.Now()
		defer func() { s.metrics.observe(rt, w.status, time.Since(began)) }()
		err := s.handle(w, r, rt)
		if err == nil {
			return
		}
		if w.status == 0 {
			s.problem(w, r, err)
			return
		}
		if r.Context().Err() == nil {
			s.log.Error("an answer broke off", "path", r.URL.Path, "err", err)
		}
		// Half a body must not look like a whole one: the connection breaks.
		panic(http.ErrAbortHandler)
	}
}

func (s *server) handle(w *answer, r *http.Request, rt route) error {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	c := &call{Request: r}
	if !rt.public {
		var err error
		if c.caller, err = caller(s.people, r); err != nil {
			return err
		}
		if err := s.buckets.take(c.caller.Token, s.now()); err != nil {
			return err
		}
		if err := permitted(c.caller, rt.needs); err != nil {
			return err
		}
	}
	if !rt.open {
		ctx, cancel := context.WithTimeout(r.Context(), handleFor)
		defer cancel()
		c.Request = r.WithContext(ctx)
		// A server without connections, as in tests, has no deadlines to set.
		_ = w.control().SetReadDeadline(time.Now().Add(handleFor))
		_ = w.control().SetWriteDeadline(time.Now().Add(handleFor + idleFor))
	}
	c.Body = http.MaxBytesReader(w, r.Body, rt.body)
	return rt.handle(w, c)
}

// permitted checks the permission of a route; an empty one asks for a valid
// token only.
func permitted(c *people.Caller, needs people.Permission) error {
	if needs == "" {
		return nil
	}
	return c.Check(needs)
}

// caller returns who the bearer token (RFC 6750 §2.1) of the request acts for.
// Cookies are not looked at, so that no page can have a browser call the API. A
// wrong token costs one indexed read and cannot be guessed: those are not
// counted.
func caller(p *people.Service, r *http.Request) (*people.Caller, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, errNoToken
	}
	c, err := p.Token(r.Context(), strings.TrimSpace(token))
	if errors.Is(err, people.ErrSignedOut) {
		return nil, errBadToken
	}
	return c, err
}

// answer remembers what became of a response.
type answer struct {
	http.ResponseWriter
	status int // 0 while nothing has been sent
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController the connection's own writer.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) control() *http.ResponseController {
	return http.NewResponseController(a.ResponseWriter)
}
