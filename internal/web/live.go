package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/view"
)

const (
	// maxStreams is how many pages may listen at once.
	maxStreams = 5000
	// streamLife is how long a stream lasts before the browser opens it anew:
	// roles and sessions are looked at then.
	streamLife = 10 * time.Minute
	// streamBeat keeps proxies from closing a quiet stream.
	streamBeat = 25 * time.Second
	// streamPause gathers what arrives at once into one message.
	streamPause = 200 * time.Millisecond
	// streamLook is how many new items are counted.
	streamLook = 100
)

// message is what a page is told: how many items are new, and which of those
// that it shows must not be used any more.
type message struct {
	New     string    `json:"new,omitempty"` // in the reader's words; empty for none
	Stopped []stopped `json:"stopped,omitempty"`
}

type stopped struct {
	Key   string `json:"key"`
	State string `json:"state"`
	Words string `json:"words"`
}

// live streams what is new since the page was made (server-sent events, WHATWG
// HTML §9.2). It changes nothing under the reader's eyes but stops.
func (s *Site) live(q *request) error {
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		return news.Errorf(news.Unavailable, "", "too many pages are listening")
	}
	defer s.streams.Add(-1)
	woken, cancel := s.subscribe(newsroom.Topic)
	defer cancel()
	out := http.NewResponseController(q.w)
	_ = out.SetWriteDeadline(time.Time{})
	q.w.Header().Set("Content-Type", "text/event-stream")
	q.w.Header().Set("X-Accel-Buffering", "no")
	end, beat := time.NewTimer(streamLife), time.NewTicker(streamBeat)
	defer end.Stop()
	defer beat.Stop()
	last := ""
	for {
		if err := s.tell(q, out, &last); err != nil {
			return nil // the reader left, or the page will ask again
		}
		select {
		case <-q.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-beat.C:
			if _, err := fmt.Fprint(q.w, ": \n\n"); err != nil {
				return nil
			}
		case <-woken:
			time.Sleep(streamPause)
		}
	}
}

// tell sends the message of this moment, unless it is the last one again.
func (s *Site) tell(q *request, out *http.ResponseController, last *string) error {
	m, err := s.message(q)
	if err != nil {
		s.log.Warn("cannot tell a page what is new", "err", err)
		return err
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if string(b) != *last {
		*last = string(b)
		if _, err := fmt.Fprintf(q.w, "data: %s\n\n", b); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (s *Site) message(q *request) (*message, error) {
	f := wireFilter(q)
	f.Before, f.After, f.Limit = 0, q.number("after"), streamLook
	lines, err := s.newsroom.Wire(q.Context(), f)
	if err != nil {
		return nil, err
	}
	m := &message{}
	switch n := int64(len(lines)); {
	case n == streamLook:
		m.New = q.N("live.many", n)
	case n > 0:
		m.New = q.N("live.new", n)
	}
	now := s.now()
	for _, l := range lines {
		if state := view.State(l, now); state == "killed" || state == "held" || state == "source_killed" || state == "source_held" {
			m.Stopped = append(m.Stopped, stopped{view.Key(l.Origin, l.URI), state, q.T("state." + state)})
		}
	}
	return m, nil
}
