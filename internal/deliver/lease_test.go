package deliver

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// beside returns another process over the same database.
func (h *house) beside(d *db.DB) *house {
	other := &house{t: h.t, room: h.room, rights: h.rights, ahead: h.ahead}
	other.Service = New(other.options(d, h.Ledger, h.Blobs))
	return other
}

func TestProcessesShareTheWorkAndSendNothingTwice(t *testing.T) {
	d := dbtest.Open(t, db.Postgres)
	h := newHouse(t, d)
	second := h.beside(d)
	second.start()
	defer second.stop()
	sub := h.subscriber()
	var receivers []*receiver
	for range 4 {
		r := newReceiver(t)
		h.destination(sub, Destination{Address: r.URL})
		receivers = append(receivers, r)
	}
	for i := range 25 {
		h.issue(news.Publish, story(fmt.Sprint("urn:x:", i), "Story"))
	}
	for i := range 25 {
		h.issue(news.Update, story(fmt.Sprint("urn:x:", i), "Story"))
	}
	for _, r := range receivers {
		h.until("the last versions", func() bool {
			n := 0
			for _, got := range r.received() {
				if strings.Contains(got, "v2") {
					n++
				}
			}
			return n == 25
		})
		seen := map[string]bool{}
		for _, got := range r.received() {
			if seen[got] {
				t.Errorf("%s was sent twice", got)
			}
			seen[got] = true
			if uri, _, _ := strings.Cut(got, " "); strings.Contains(got, "v1") && seen[uri+" v2 update"] {
				t.Errorf("%s came after the newer version", got)
			}
		}
	}
}

func TestProcessThatLostItsLeaseNotesNothingAndStops(t *testing.T) {
	d := dbtest.Open(t, db.Postgres)
	h, r := newHouse(t, d), newReceiver(t)
	dest := h.destination(h.subscriber(), Destination{Address: r.URL})
	let := make(chan struct{})
	r.answers(func(*http.Request) int { <-let; return 200 })
	h.do(news.Publish, story("urn:x:1", "The river"))
	h.until("it is being sent", func() bool { return r.deliveries() == 0 && h.log(dest)[0] == "urn:x:1 v1 publish sending" })
	// Another process finds the lease lapsed, as after a long pause of this one.
	must(t, d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE destination_state SET holder = 'another', until = $1`, db.Micros(time.Now().Add(time.Hour)))
		return err
	}))
	close(let)
	h.until("the courier to leave", func() bool {
		h.look()
		h.couriers.mu.Lock()
		defer h.couriers.mu.Unlock()
		c := h.couriers.running[dest.ID]
		return c == nil || c.lease.Load() == 0
	})
	h.await(dest, "urn:x:1 v1 publish sending") // it is the other's to note
}

func TestNoStatementReadsTheWholeLog(t *testing.T) {
	d := dbtest.Open(t, db.SQLite)
	for name, query := range map[string]string{
		"history":     `SELECT ` + pastColumns + ` FROM delivery WHERE origin = $1 AND uri = $2 AND destination = $3`,
		"histories":   `SELECT ` + pastColumns + ` FROM delivery WHERE (origin = $1 AND uri = $2) OR (origin = $3 AND uri = $4)`,
		"abandoned":   `UPDATE delivery SET state = 'waiting' WHERE destination = $1 AND state = 'sending' AND ` + open,
		"paused":      `UPDATE delivery SET state = 'waiting' WHERE destination = $1 AND state = 'refused' AND tried >= $2 AND ` + open,
		"given up":    `UPDATE delivery SET state = 'failed' WHERE destination = $1 AND state = 'waiting' AND since < $2`,
		"due":         `SELECT id FROM delivery WHERE destination = $1 AND state = 'waiting' AND priority >= $2 AND due <= $3 ORDER BY priority DESC, due, id LIMIT 1`,
		"later":       `SELECT due FROM delivery WHERE destination = $1 AND state = 'waiting' AND priority = $2 AND due > $3 ORDER BY due LIMIT 1`,
		"a feed":      `SELECT id FROM delivery WHERE destination = $1 AND place > 0 AND place < $2 ORDER BY place DESC LIMIT 1`,
		"counts":      `SELECT state, count(*) FROM delivery WHERE ` + open + ` GROUP BY state`,
		"fares":       `SELECT destination, state, count(*), min(since) FROM delivery WHERE ` + open + ` AND destination IN ($1, $2) GROUP BY destination, state`,
		"log":         `SELECT id FROM delivery WHERE destination = $1 AND id < $2 ORDER BY id DESC LIMIT 1`,
		"failed ones": `SELECT id FROM delivery WHERE state = $1 AND state = 'failed' AND ` + open + ` AND id < $2 ORDER BY id DESC LIMIT 1`,
	} {
		rows, err := d.Reader().Query(`EXPLAIN QUERY PLAN ` + strings.NewReplacer("$1", "'a'", "$2", "'b'", "$3", "'c'", "$4", "'d'").Replace(query))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for rows.Next() {
			var id, parent, unused int
			var plan string
			must(t, rows.Scan(&id, &parent, &unused, &plan))
			if strings.HasPrefix(plan, "SCAN delivery") && !strings.Contains(plan, "delivery_open") && !strings.Contains(plan, "delivery_due") {
				t.Errorf("%s: %s", name, plan)
			}
			if strings.Contains(plan, "delivery_destination") && name != "log" {
				t.Errorf("%s: %s", name, plan)
			}
		}
		rows.Close()
	}
}
