package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"jisr/internal/db"
	"jisr/internal/deliver"
)

// receiver is a subscriber's system that reads what it gets and takes it.
type receiver struct {
	url  string
	gate chan struct{} // requests wait until it is closed
	got  atomic.Int64
	stop func()
}

func newReceiver() (*receiver, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + l.Addr().String() + "/in", gate: make(chan struct{})}
	s := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		io.Copy(io.Discard, req.Body) //nolint:errcheck // the sender will notice
		<-r.gate
		r.got.Add(1)
		w.WriteHeader(http.StatusAccepted)
	})}
	go s.Serve(l) //nolint:errcheck // it ends with stop
	r.stop = func() { s.Close() }
	return r, nil
}

// wait waits until so many requests were taken.
func (r *receiver) wait(ctx context.Context, n int64) error {
	for r.got.Load() < n {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Microsecond):
		}
	}
	return nil
}

// deliveries measures signed pushes to one destination, each logged durably with
// its bytes kept, and then one burst to a hundred destinations. The baseline is a
// loop that posts the same bytes, one after the other, and keeps nothing.
func deliveries(ctx context.Context, e *env) error {
	const n, destinations, burst = 4000, 100, 50
	plain, err := plainPosts(ctx, n)
	if err != nil {
		return err
	}
	for _, engine := range e.engines {
		one, err := pushed(ctx, e, engine, 1, n)
		if err != nil {
			return err
		}
		report("deliver-"+string(engine), one, "messages/s", plain, "http.Post-loop")
		many, err := pushed(ctx, e, engine, destinations, burst)
		if err != nil {
			return err
		}
		report("deliver-100-destinations-"+string(engine), many, "messages/s", plain, "http.Post-loop")
	}
	return nil
}

// plainPosts returns how many posts a second a loop makes.
func plainPosts(ctx context.Context, n int) (float64, error) {
	bodies, _, err := contents(items(n))
	if err != nil {
		return 0, err
	}
	r, err := newReceiver()
	if err != nil {
		return 0, err
	}
	defer r.stop()
	close(r.gate)
	began := time.Now()
	for _, b := range bodies {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(b))
		if err != nil {
			return 0, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err
		}
		io.Copy(io.Discard, res.Body) //nolint:errcheck // so that the connection is used again
		res.Body.Close()
	}
	return float64(n) / time.Since(began).Seconds(), nil
}

// pushed returns how many deliveries a second reach the destinations once all
// of them are owed.
func pushed(ctx context.Context, e *env, engine db.Engine, destinations, n int) (float64, error) {
	r, err := newReceiver()
	if err != nil {
		return 0, err
	}
	defer r.stop()
	node, err := e.serve(ctx, engine, "a.example")
	if err != nil {
		return 0, err
	}
	defer node.stop()
	p := &deliver.Product{Name: "all", Query: deliver.Query{Own: true}}
	if err := node.Deliver.AddProduct(ctx, p); err != nil {
		return 0, err
	}
	s := &deliver.Subscriber{Name: "paper", Active: true, Products: []string{p.ID}}
	if err := node.Deliver.AddSubscriber(ctx, s); err != nil {
		return 0, err
	}
	for i := range destinations {
		d := &deliver.Destination{Subscriber: s.ID, Name: fmt.Sprint(i), Kind: deliver.HTTP, Address: r.url, Secret: strings.Repeat("secret", 5), Active: true}
		if err := node.Deliver.AddDestination(ctx, d); err != nil {
			return 0, err
		}
	}
	if err := fill(ctx, node.Node, items(n)); err != nil {
		return 0, err
	}
	end, err := node.Ledger.Position(ctx)
	if err != nil {
		return 0, err
	}
	if err := node.Ledger.WaitFollower(ctx, deliver.Follower, end); err != nil {
		return 0, err
	}
	time.Sleep(200 * time.Millisecond) // the other followers have had their turn
	began := time.Now()
	close(r.gate)
	err = r.wait(ctx, int64(destinations*n))
	return float64(destinations*n) / time.Since(began).Seconds(), err
}
