package collect

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// hostGap is the pause between two requests to a host.
	hostGap = time.Second
	// hostWait is how long one waits for one's turn at a host before giving the
	// turn up: meanwhile other sources could be looked at.
	hostWait = 20 * time.Second
	// maxHosts is how many hosts are remembered.
	maxHosts = 5000
)

// hosts sees to it that a host is asked by one at a time, with a pause between,
// and left alone when it asks for that, however many sources lie on it.
type hosts struct {
	gap  time.Duration
	wait time.Duration
	ours func(host string) bool // hosts that need no pause: the operator's own; nil for none

	mu  sync.Mutex
	all map[string]*host
}

type host struct {
	turn  chan struct{} // holds one
	next  time.Time     // not before
	until time.Time     // paused by the host's own word
}

// laterError says that a host is not to be called now, for no fault of the
// source's.
type laterError struct{ in time.Duration }

func (e *laterError) Error() string { return fmt.Sprintf("the host is to be called in %s", e.in) }

func (h *hosts) of(name string) *host {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[string]*host{}
	}
	x := h.all[name]
	if x == nil {
		if len(h.all) >= maxHosts {
			h.prune()
		}
		x = &host{turn: make(chan struct{}, 1)}
		h.all[name] = x
	}
	return x
}

// prune forgets hosts that nobody calls and that asked for nothing.
func (h *hosts) prune() {
	now := time.Now()
	for name, x := range h.all {
		if len(x.turn) == 0 && x.next.Before(now) && x.until.Before(now) {
			delete(h.all, name)
		}
	}
}

// take waits for the turn to call a host. The caller calls done when it has read
// the answer. The error is a laterError if the host is paused or the queue long.
func (h *hosts) take(ctx context.Context, name string) (done func(), err error) {
	x := h.of(name)
	timer := time.NewTimer(h.wait)
	defer timer.Stop()
	select {
	case x.turn <- struct{}{}:
	case <-timer.C:
		return nil, &laterError{in: h.wait}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.mu.Lock()
	paused, gap := time.Until(x.until), time.Until(x.next)
	h.mu.Unlock()
	if paused > 0 {
		<-x.turn
		return nil, &laterError{in: paused}
	}
	if gap > 0 && (h.ours == nil || !h.ours(name)) {
		select {
		case <-time.After(gap):
		case <-ctx.Done():
			<-x.turn
			return nil, ctx.Err()
		}
	}
	return func() {
		h.mu.Lock()
		x.next = time.Now().Add(h.gap)
		h.mu.Unlock()
		<-x.turn
	}, nil
}

// pause leaves a host alone for a while.
func (h *hosts) pause(name string, d time.Duration) {
	x := h.of(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	if until := time.Now().Add(d); until.After(x.until) {
		x.until = until
	}
}
