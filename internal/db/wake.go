package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// hub wakes the goroutines of this process that wait for a topic.
type hub struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]struct{}
}

// wakeAll wakes every subscriber of every topic.
func (h *hub) wakeAll() {
	h.mu.Lock()
	topics := slices.Collect(maps.Keys(h.subs))
	h.mu.Unlock()
	for _, t := range topics {
		h.wake(t)
	}
}

func (h *hub) wake(topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.subs[topic] {
		select {
		case c <- struct{}{}:
		default: // already woken and not yet looked
		}
	}
}

// channel is the PostgreSQL notification channel; the payload is the topic.
const channel = "jisr"

// Notify wakes every subscriber of the topic, in this process and, on
// PostgreSQL, in every other one, once the transaction is durable.
func (tx *Tx) Notify(ctx context.Context, topic string) error {
	d := tx.db
	tx.AfterCommit(func() { d.hub.wake(topic) })
	if d.Engine == Postgres {
		if _, err := tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, topic); err != nil {
			return fmt.Errorf("notify %s: %w", topic, err)
		}
	}
	return nil
}

// Subscribe returns a channel that receives after the topic was notified;
// several notifications may arrive as one. A subscriber must look at the state
// itself, and also from time to time without being woken: a notification can be
// lost with a connection. cancel ends the subscription.
func (d *DB) Subscribe(topic string) (woken <-chan struct{}, cancel func()) {
	c := make(chan struct{}, 1)
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	if d.hub.subs == nil {
		d.hub.subs = map[string]map[chan struct{}]struct{}{}
	}
	if d.hub.subs[topic] == nil {
		d.hub.subs[topic] = map[chan struct{}]struct{}{}
	}
	d.hub.subs[topic][c] = struct{}{}
	return c, func() {
		d.hub.mu.Lock()
		defer d.hub.mu.Unlock()
		delete(d.hub.subs[topic], c)
	}
}

// watchEvery is how soon a SQLite node notices what another process, such as a
// command at the shell, wrote into its file.
const watchEvery = 50 * time.Millisecond

// watch wakes every subscriber when the file was written to, until ctx ends.
// SQLite sends no notifications, but tells a connection at almost no cost
// whether another one has committed since it last asked.
func (d *DB) watch(ctx context.Context) {
	conn, err := d.read.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var last int64
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var now int64
		if conn.QueryRowContext(ctx, `PRAGMA data_version`).Scan(&now) != nil || now == last {
			continue
		}
		if last != 0 {
			d.hub.wakeAll()
		}
		last = now
	}
}

// listen passes notifications of other processes to the hub until ctx ends,
// through a connection of its own that it replaces when it breaks.
func (d *DB) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := d.listenOnce(ctx); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (d *DB) listenOnce(ctx context.Context) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	for {
		n, err := conn.Conn().WaitForNotification(ctx)
		if err != nil {
			return err
		}
		d.hub.wake(n.Payload)
	}
}
