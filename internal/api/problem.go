package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/people"
)

// Refusals of requests that reach no service.
var (
	errNoToken = news.Errorf(news.Forbidden, "", "send a token in the header: Authorization: Bearer %s…", people.TokenPrefix).
			Because(people.ErrSignedOut)
	errBadToken = news.Errorf(news.Forbidden, "", "the token is unknown, expired or revoked, or its account is disabled").
			Because(people.ErrSignedOut)
)

// statuses says which HTTP status a kind of error has. An error without a kind
// is internal.
var statuses = map[news.Kind]int{
	news.Invalid:     http.StatusBadRequest,
	news.NotFound:    http.StatusNotFound,
	news.Conflict:    http.StatusConflict,
	news.Forbidden:   http.StatusForbidden,
	news.Unavailable: http.StatusServiceUnavailable,
	news.TooLarge:    http.StatusRequestEntityTooLarge,
}

// tooMany refuses a caller who asks too often.
type tooMany struct{ after time.Duration }

func (t *tooMany) Error() string {
	return fmt.Sprintf("this token asks too often: try again in %s", t.after.Round(time.Millisecond))
}

// unsupported refuses a path or a method that no route has.
type unsupported struct {
	status int
	allow  string // methods, comma-separated
}

func (u *unsupported) Error() string {
	if u.status == http.StatusMethodNotAllowed {
		return "this path takes " + u.allow
	}
	return "there is nothing at this path: /api/v1/openapi.json lists what there is"
}

// problem answers a failed request: the one place where errors become HTTP.
// What is not for others to know stays in the log.
func (s *server) problem(w http.ResponseWriter, r *http.Request, err error) {
	p := refusal(http.StatusInternalServerError, "something went wrong here; the node's log says what")
	var (
		e    *news.Error
		slow *tooMany
		none *unsupported
		big  *http.MaxBytesError
		wait *people.Wait
	)
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // nobody is there any more
	case errors.Is(err, people.ErrSignedOut) && errors.As(err, &e):
		p.Status, p.Detail = http.StatusUnauthorized, e.Message
		challenge(w, errors.Is(err, errBadToken))
	case errors.As(err, &slow):
		p.Status, p.Detail = http.StatusTooManyRequests, slow.Error()
		retryAfter(w, slow.after)
	case errors.As(err, &none):
		p.Status, p.Detail = none.status, none.Error()
		if none.allow != "" {
			w.Header().Set("Allow", none.allow)
		}
	case errors.As(err, &big):
		p.Status, p.Detail = http.StatusRequestEntityTooLarge, fmt.Sprintf("the request carries more than the %d bytes that this path takes", big.Limit)
	case errors.As(err, &e):
		p.Status, p.Detail, p.Field = statuses[e.Kind], e.Message, e.Field
		if errors.As(err, &wait) {
			retryAfter(w, wait.Until.Sub(s.now()))
		}
	case errors.Is(err, context.DeadlineExceeded):
		p.Status, p.Detail = http.StatusServiceUnavailable, "the node could not answer in time"
		retryAfter(w, handleFor)
	default:
		s.log.Error("a request of the API failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	writeProblem(w, p)
}

func refusal(status int, detail string) exchange.Problem {
	return exchange.Problem{Type: "about:blank", Status: status, Detail: detail}
}

func writeProblem(w http.ResponseWriter, p exchange.Problem) {
	p.Title = http.StatusText(p.Status)
	b, err := json.Marshal(p)
	if err != nil {
		b = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_, _ = w.Write(b) // who does not read it has gone
}

// challenge says how to authenticate: RFC 6750 §3.
func challenge(w http.ResponseWriter, presented bool) {
	how := `Bearer realm="jisr"`
	if presented {
		how += `, error="invalid_token"`
	}
	w.Header().Set("WWW-Authenticate", how)
}

func retryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(max(1, math.Ceil(d.Seconds())))))
}

// unrouted says why no route takes the request. The mux knows, but only says so
// by answering.
func unrouted(mux *http.ServeMux, r *http.Request) error {
	probe := &silent{header: http.Header{}, status: http.StatusNotFound}
	mux.ServeHTTP(probe, r)
	return &unsupported{probe.status, strings.ReplaceAll(probe.header.Get("Allow"), ", ", ",")}
}

// silent takes an answer that nobody is to see.
type silent struct {
	header http.Header
	status int
}

func (s *silent) Header() http.Header         { return s.header }
func (s *silent) Write(b []byte) (int, error) { return len(b), nil }
func (s *silent) WriteHeader(status int)      { s.status = status }
