package db

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// hub wakes the goroutines of this process that wait for a topic.
type hub struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]struct{}
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
