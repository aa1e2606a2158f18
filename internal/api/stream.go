package api

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/people"
)

const (
	// heartbeat is how often a silent stream says that it is alive, and asks
	// whether its token still is.
	heartbeat = 15 * time.Second
	// reconnectAfter is what readers are told to wait, in milliseconds.
	reconnectAfter = 2000
)

// streamJournal sends the journal as server-sent events (WHATWG HTML §9.2), as
// it grows. The id of an event is its position: a reader that comes back with
// Last-Event-ID misses nothing and gets nothing twice. Nothing is queued for a
// slow reader: it is sent what it can take, read from the journal when it can
// take it, and cut off when it takes nothing.
func (s *server) streamJournal(w http.ResponseWriter, c *call) error {
	after, err := s.streamFrom(c)
	if err != nil {
		return err
	}
	end, err := s.streams.begin(c.caller.Token)
	if err != nil {
		return err
	}
	defer end()
	defer s.metrics.streaming()()
	grown, cancel := s.db.Subscribe(ledger.Topic)
	defer cancel()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not collect what is to arrive now
	out := &events{w: w, control: http.NewResponseController(w)}
	if err := out.send(fmt.Appendf(nil, "retry: %d\n\n", reconnectAfter)); err != nil {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		found, err := s.records(c.Context(), after, maxPage)
		if err != nil {
			return err
		}
		for _, r := range found {
			if err := out.entry(s.record(r, c.embargoed())); err != nil {
				return nil // the reader has gone, and will come back for the rest
			}
			after = r.Position
		}
		if len(found) > 0 {
			continue
		}
		select {
		case <-c.Context().Done():
			return nil
		case <-grown:
		case <-beat.C:
			// A notification can be lost: the journal is looked at as well.
			if s.renew(c) != nil || out.send([]byte(": alive\n\n")) != nil {
				return nil
			}
		}
	}
}

// streamFrom returns the position that the reader has already. Without one, it
// wants what happens from now on.
func (s *server) streamFrom(c *call) (int64, error) {
	q := query(c)
	after := q.number("after", -1)
	if err := q.done(); err != nil {
		return 0, err
	}
	if id := c.Header.Get("Last-Event-ID"); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n < 0 {
			return 0, news.Errorf(news.Invalid, "Last-Event-ID", "it is not the id of an event of this stream")
		}
		return n, nil
	}
	if after >= 0 {
		return after, nil
	}
	return s.ledger.Position(c.Context())
}

// renew looks the caller's rights up again: a stream must not outlive the token
// that opened it.
func (s *server) renew(c *call) error {
	now, err := caller(s.people, c.Request)
	if err != nil {
		return err
	}
	c.caller = now
	return now.Check(people.ReadJournal)
}

// events writes server-sent events.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *events) entry(r record) error {
	data, err := json.Marshal(r, json.Deterministic(true))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "id: %d\nevent: entry\ndata: %s\n\n", r.Position, data)
	return e.send(b.Bytes())
}

func (e *events) send(b []byte) error {
	_ = e.control.SetWriteDeadline(time.Now().Add(idleFor)) // not every server has deadlines
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	return e.control.Flush()
}
