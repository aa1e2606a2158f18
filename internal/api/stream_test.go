package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/people"
)

// reading is an open event stream.
type reading struct {
	t     *testing.T
	lines chan string
	close func()
}

func (n *node) stream(t *testing.T, token, query, lastID string) *reading {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", n.URL+"/api/v1/journal/stream"+query, nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, headers %v", res.StatusCode, res.Header)
	}
	s := &reading{t, make(chan string, 1000), func() { res.Body.Close() }}
	go func() {
		defer close(s.lines)
		in := bufio.NewScanner(res.Body)
		in.Buffer(nil, 8<<20)
		for in.Scan() {
			s.lines <- in.Text()
		}
	}()
	t.Cleanup(s.close)
	return s
}

// next returns the next event.
func (s *reading) next() (id string, r record) {
	s.t.Helper()
	for {
		select {
		case line, ok := <-s.lines:
			if !ok {
				s.t.Fatal("the stream ended")
			}
			if v, found := strings.CutPrefix(line, "id: "); found {
				id = v
			}
			if v, found := strings.CutPrefix(line, "data: "); found {
				must(s.t, json.Unmarshal([]byte(v), &r))
				return id, r
			}
		case <-time.After(20 * time.Second):
			s.t.Fatal("no event came")
		}
	}
}

func TestStreamGoesOnWhereTheReaderStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n := newNode(t, d, "wire.example", Limits{Rate: 1e6, Burst: 1e6})
		chief := n.token(t, []people.Role{people.Chief})
		for i := range 40 {
			n.publish(t, chief, story(fmt.Sprint("urn:x:", i), "ru", "Строка\nи ещё"))
		}
		first := n.stream(t, chief, "?after=0", "")
		var last string
		for i := range 25 {
			id, r := first.next()
			if last = id; r.Position != int64(i+1) || id != itoa(r.Position) {
				t.Fatalf("event %d has the id %s and the position %d", i, id, r.Position)
			}
		}
		first.close()
		again := n.stream(t, chief, "?after=0", last)
		for i := 25; i < 40; i++ {
			if id, r := again.next(); r.Ref != fmt.Sprint("urn:x:", i) || id != itoa(int64(i+1)) {
				t.Fatalf("after %s came %s, %s", last, id, r.Ref)
			}
		}
		n.publish(t, chief, story("urn:x:live", "ar", "حيّ"))
		if _, r := again.next(); r.Ref != "urn:x:live" {
			t.Errorf("live came %+v", r)
		}
		live := n.stream(t, chief, "", "")
		n.publish(t, chief, story("urn:x:later", "ar", "لاحق"))
		if _, r := live.next(); r.Ref != "urn:x:later" {
			t.Errorf("a stream from now on began with %+v", r)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	s := newStreams(10, 8)
	var ends []func()
	for range 8 {
		end, err := s.begin("a")
		must(t, err)
		ends = append(ends, end)
	}
	if _, err := s.begin("a"); err == nil {
		t.Error("a token opened nine streams")
	}
	for range 2 {
		_, err := s.begin("b")
		must(t, err)
	}
	if _, err := s.begin("c"); err == nil {
		t.Error("the node opened eleven streams")
	}
	ends[0]()
	if _, err := s.begin("c"); err != nil {
		t.Errorf("a closed stream still counts: %v", err)
	}
}

func TestStreamDoesNotOutliveItsToken(t *testing.T) {
	n := sqliteNode(t)
	secret := n.token(t, []people.Role{people.Chief})
	c, err := n.People.Token(t.Context(), secret)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "/api/v1/journal/stream", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+secret)
	open := &call{req, c}
	must(t, n.server.renew(open))
	must(t, n.People.SetRoles(t.Context(), c.Account.ID, []people.Role{people.Reader}))
	if err := n.server.renew(open); err == nil {
		t.Error("the stream goes on for an account that may no longer read the journal")
	}
	must(t, n.People.RevokeToken(t.Context(), c.Account.ID, c.Token))
	if err := n.server.renew(open); err == nil {
		t.Error("the stream goes on with a revoked token")
	}
}

func TestBadEventIDIsRefused(t *testing.T) {
	n := sqliteNode(t)
	chief := n.token(t, []people.Role{people.Chief})
	p := n.do(t, chief, "GET", "/api/v1/journal/stream", nil, header{"Last-Event-ID", "yesterday"}).problem(400)
	if p.Field != "Last-Event-ID" {
		t.Errorf("%+v", p)
	}
}
