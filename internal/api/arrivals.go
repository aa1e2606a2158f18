package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/news"
)

// maxWait is how long a sender may have its push wait for the outcome.
const maxWait = 25 * time.Second

type arrivals struct {
	Arrivals   []ingest.ArrivalView `json:"arrivals"`
	NextBefore string               `json:"next_before,omitempty"`
}

func (s *server) listArrivals(w http.ResponseWriter, c *call) error {
	q := query(c)
	f := ingest.ArrivalFilter{Source: q.text("source"), State: ingest.State(q.text("state")), Before: q.text("before"), Limit: q.limit()}
	if f.State != "" && !slices.Contains(ingest.States, f.State) {
		q.fail("state", "%q is not one of %v", string(f.State), ingest.States)
	}
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.ingest.Arrivals(c.Context(), f)
	if err != nil {
		return err
	}
	out := arrivals{Arrivals: make([]ingest.ArrivalView, len(found))}
	for i, a := range found {
		out.Arrivals[i] = a.View()
	}
	if len(found) == f.Limit {
		out.NextBefore = found[f.Limit-1].ID
	}
	return writeJSON(w, http.StatusOK, out)
}

func (s *server) showArrival(w http.ResponseWriter, c *call) error {
	a, err := s.ingest.Arrival(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a.View())
}

// arrivalFile answers with the bytes as they came. They are another's: a browser
// that was led here must not run them.
func (s *server) arrivalFile(w http.ResponseWriter, c *call) error {
	a, f, err := s.ingest.OpenArrival(c.Context(), c.PathValue("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	disposition := "attachment"
	if name := plainName(a.Name); name != "" {
		disposition = mime.FormatMediaType("attachment", map[string]string{"filename": name})
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	http.ServeContent(&idleWriter{w, http.NewResponseController(w)}, c.Request, "", time.Time{}, f)
	return nil
}

func (s *server) retryArrival(w http.ResponseWriter, c *call) error {
	return s.writeArrival(w, http.StatusAccepted)(s.ingest.Retry(c.Context(), c.PathValue("id")))
}

func (s *server) dismissArrival(w http.ResponseWriter, c *call) error {
	return s.writeArrival(w, http.StatusOK)(s.ingest.Dismiss(c.Context(), c.PathValue("id")))
}

func (s *server) writeArrival(w http.ResponseWriter, status int) func(*ingest.Arrival, error) error {
	return func(a *ingest.Arrival, err error) error {
		if err != nil {
			return err
		}
		return writeJSON(w, status, a.View())
	}
}

// push keeps the body as an arrival of the source. It answers once that is
// durable, or, where the sender asks for it, once it was taken.
func (s *server) push(w http.ResponseWriter, c *call) error {
	q := query(c)
	name, wait := q.text("name"), time.Duration(q.number("wait", 0))*time.Second
	if wait > maxWait {
		q.fail("wait", "%d is outside 0 to %d seconds", wait/time.Second, maxWait/time.Second)
	}
	key := c.Header.Get("Idempotency-Key")
	if len(key) > 255 {
		q.fail("Idempotency-Key", "it has more than 255 bytes")
	}
	if err := q.done(); err != nil {
		return err
	}
	if name == "" {
		_, params, _ := mime.ParseMediaType(c.Header.Get("Content-Disposition")) // a mere hint
		name = params["filename"]
	}
	control := http.NewResponseController(w)
	a, isNew, err := s.ingest.Push(c.Context(), c.PathValue("source"), ingest.Pushed{Key: key, Name: name, Body: whole{idleReader{c.Body, control}}})
	_ = control.SetReadDeadline(time.Time{}) // as in idleReader
	if err != nil {
		return err
	}
	if wait > 0 && a.State == ingest.Waiting {
		ctx, cancel := context.WithTimeout(c.Context(), wait)
		defer cancel()
		if a, err = s.ingest.Await(ctx, a.ID); err != nil && news.KindOf(err) != news.Unavailable {
			return err
		}
	}
	w.Header().Set("Location", "/api/v1/arrivals/"+a.ID)
	return writeJSON(w, pushStatus(a.State, isNew), a.View())
}

// pushStatus is how a sender that looks at nothing else learns what became of its
// file: a failure must not look like a success.
func pushStatus(state ingest.State, isNew bool) int {
	switch {
	case state == ingest.Waiting:
		return http.StatusAccepted
	case state == ingest.Broken:
		return http.StatusUnprocessableEntity
	case isNew:
		return http.StatusCreated
	}
	return http.StatusOK
}

// whole says of a body that broke off that it did: what the sender sent is not a
// failure of this node.
type whole struct{ io.Reader }

func (r whole) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	var big *http.MaxBytesError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	case errors.As(err, &big):
		return n, fmt.Errorf("push: %w", err)
	}
	return n, news.Errorf(news.Invalid, "", "the request broke off or was too slow: send the file again").Because(err)
}
