package remote

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"jisr/internal/fetch"
	"jisr/internal/news"
)

// The bounds of what a server can cost us.
const (
	idleTime     = 30 * time.Second // without a byte in or out while we wait
	openTime     = time.Minute
	shortTime    = 2 * time.Minute // of a list, rename, …
	transferTime = time.Hour       // of a file
	answerBytes  = 1 << 20         // of what a server says where no file or list is asked for
	listBytes    = 32 << 20
)

// guard holds the connections to one server and gives them up when an operation
// stalls, takes too long, brings too much or is cancelled. Deadlines on each
// read would not do: SSH reads all the time, also between operations.
type guard struct {
	dial func(context.Context, string, string) (net.Conn, error)
	idle time.Duration // idleTime, but in tests

	last atomic.Int64 // when a byte last passed, in nanoseconds
	left atomic.Int64 // bytes that may still come in

	mu    sync.Mutex
	ctx   context.Context // of the operation; nil between operations
	conns map[net.Conn]bool
	cause error // why the connections were given up
}

func newGuard(allow func(string) bool) *guard {
	return &guard{dial: fetch.Dialer(allow), idle: idleTime, conns: map[net.Conn]bool{}}
}

// begin starts an operation. What it returns ends it, and returns why the
// operation failed if that was our doing, else the error that it was given.
func (g *guard) begin(ctx context.Context, longest time.Duration, bytes int64) (end func(error) error, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cause != nil {
		return nil, news.Errorf(news.Unavailable, "", "the connection was given up before; it must be opened anew").Because(g.cause)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, longest,
		news.Errorf(news.Unavailable, "", "the server took longer than %s", longest))
	g.ctx = ctx
	g.left.Store(bytes)
	g.progress()
	watched := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { g.abort(context.Cause(ctx)) })
	go g.watch(ctx, watched)
	return func(err error) error {
		stop()
		cancel()
		<-watched
		g.mu.Lock()
		defer g.mu.Unlock()
		g.ctx = nil
		g.left.Store(answerBytes)
		if err != nil && g.cause != nil {
			return g.cause
		}
		return err
	}, nil
}

// watch gives the connections up when nothing has passed for the idle time.
func (g *guard) watch(ctx context.Context, done chan<- struct{}) {
	defer close(done)
	timer := time.NewTimer(g.idle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			rest := g.idle - time.Since(time.Unix(0, g.last.Load()))
			if rest <= 0 {
				g.abort(news.Errorf(news.Unavailable, "", "the server said nothing for %s", g.idle))
				return
			}
			timer.Reset(rest)
		}
	}
}

func (g *guard) progress() { g.last.Store(time.Now().UnixNano()) }

// abort closes all connections for a reason; the first one stands.
func (g *guard) abort(cause error) {
	g.mu.Lock()
	if g.cause == nil {
		g.cause = cause
	}
	g.mu.Unlock()
	g.close()
}

func (g *guard) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		c.Close() //nolint:errcheck // it is given up
	}
	clear(g.conns)
	if g.cause == nil {
		g.cause = errors.New("closed")
	}
}

// connect opens a connection under guard, for the operation that is going on.
func (g *guard) connect(address string) (net.Conn, error) { return g.connectBy(g.dial, address) }

func (g *guard) connectBy(dial func(context.Context, string, string) (net.Conn, error), address string) (net.Conn, error) {
	g.mu.Lock()
	ctx := g.ctx
	g.mu.Unlock()
	if ctx == nil {
		return nil, errors.New("no operation goes on")
	}
	c, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cause != nil {
		return nil, errors.Join(g.cause, c.Close())
	}
	g.progress()
	g.conns[c] = true
	return &guarded{Conn: c, guard: g}, nil
}

// guarded is a connection whose traffic the guard sees.
type guarded struct {
	net.Conn
	guard *guard
}

func (c *guarded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.guard.progress()
		if c.guard.left.Add(-int64(n)) < 0 {
			c.guard.abort(errTooMuch)
			return 0, errTooMuch
		}
	}
	return n, err
}

func (c *guarded) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if n > 0 {
		c.guard.progress()
	}
	return n, err
}

func (c *guarded) Close() error {
	c.guard.mu.Lock()
	delete(c.guard.conns, c.Conn)
	c.guard.mu.Unlock()
	return c.Conn.Close()
}

var errTooMuch = news.Errorf(news.TooLarge, "", "the server sends more than was asked for, or lists more files than one can read; let fewer lie in the folder")
