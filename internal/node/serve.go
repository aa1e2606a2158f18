package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"jisr/internal/api"
	"jisr/internal/deliver"
	"jisr/internal/exchange"
	"jisr/internal/ingest/collect"
	"jisr/internal/ingest/collect/websub"
	"jisr/internal/people"
	"jisr/internal/web"
)

// tailTime is how long a starting node waits for its partners' word on how far
// its own ledger went, before it appends.
const tailTime = 3 * time.Second

// stopTime is how long requests and jobs under way may take when the node
// stops.
const stopTime = 10 * time.Second

// Serve listens, follows the journal, reads the partners' ledgers and does the
// jobs until ctx ends. ready, if not nil, is called with the address once
// requests are answered.
func (n *Node) Serve(ctx context.Context, ready func(net.Addr)) error {
	listener, err := net.Listen("tcp", n.Config.Listen)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", n.Config.Listen, err)
	}
	handler, err := n.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	work, stopWork := context.WithCancel(ctx)
	defer stopWork()
	var wg sync.WaitGroup
	release := n.Ledger.HoldAppends()
	wg.Go(func() {
		defer release()
		if err := n.Exchange.CheckTail(work, tailTime); err != nil && work.Err() == nil {
			n.log.Error("cannot ask partners how far this node's ledger went", "err", err)
		}
	})
	wg.Go(func() { n.Newsroom.Run(work) })
	wg.Go(func() { n.Exchange.Run(work) })
	wg.Go(func() { n.Search.Run(work) })
	wg.Go(func() { n.Ingest.Run(work) })
	wg.Go(func() { n.Deliver.Run(work) })
	n.handleJobs()
	if err := n.scheduleUpkeep(); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := n.Jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(fmt.Errorf("start jobs: %w", err), listener.Close())
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	n.log.Info("serving", "address", listener.Addr().String(), "url", n.Config.URL, "origin", n.Ledger.Origin())
	if ready != nil {
		ready(listener.Addr())
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	stopWork()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	// Long polls and event streams would hold a graceful shutdown up: they are
	// told to end first, through the context of their requests.
	n.stopStreams()
	err = errors.Join(err, server.Shutdown(grace), n.Jobs.Stop(grace))
	wg.Wait()
	return err
}

// handler is everything that the node answers.
func (n *Node) handler() (http.Handler, error) {
	metrics := api.NewMetrics(n.Ledger, n.Exchange)
	metrics.CountDeliveries(n.Deliver)
	metrics.CountSources(n.Ingest, time.Now)
	o := web.Options{Newsroom: n.Newsroom, Exchange: n.Exchange, People: n.People, Search: n.Search,
		Ingest: n.Ingest, Deliver: n.Deliver, Vocab: n.Vocab, Ledger: n.Ledger, Media: n.Blobs, Files: n.Media, Subscribe: n.DB.Subscribe, URL: n.Config.URL, Now: time.Now, Log: n.log}
	n.signInWays(&o)
	site, err := web.New(o)
	if err != nil {
		return nil, err
	}
	health := api.Health(api.HealthOptions{DB: n.DB, Ledger: n.Ledger, People: n.People, Deliver: n.Deliver, Metrics: metrics,
		Open: n.Config.OpenHealth, Log: n.log})
	protocol := n.Exchange.Handler()
	mux := http.NewServeMux()
	mux.Handle("/exchange/", protocol)
	mux.Handle(exchange.ProfilePath, protocol)
	rest := api.New(api.Options{DB: n.DB, Ledger: n.Ledger, Newsroom: n.Newsroom, Exchange: n.Exchange, Ingest: n.Ingest, Deliver: n.Deliver,
		People: n.People, Blobs: n.Blobs, Search: n.Search, Vocab: n.Vocab, Media: n.Media, Metrics: metrics, Now: time.Now, Log: n.log})
	mux.Handle("/api/", rest)
	mux.Handle("/ingest/v1/", rest)
	mux.Handle(websub.Path, collect.WebSub(n.collecting(), n.Ingest.KeepFor))
	pulled := n.Deliver.Handler()
	mux.Handle(deliver.FeedPath, pulled)
	mux.Handle(deliver.HubPath, pulled)
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, health)
	}
	mux.Handle("/", site)
	return n.streams(mux), nil
}

// signInWays adds the ways to sign in that depend on the settings. A node whose
// address does not suit passkeys goes without them.
func (n *Node) signInWays(o *web.Options) {
	if keys, err := people.NewPasskeys(n.People, n.Config.URL, n.Ledger.Origin()); err != nil {
		n.log.Warn("no passkeys", "err", err)
	} else {
		o.Passkeys = keys
	}
	if c := n.Config.SignIn; c != nil {
		o.ProviderName = c.Name
		o.Provider = people.NewProvider(n.People, people.ProviderOptions{Issuer: c.Issuer, ClientID: c.ClientID, Secret: c.Secret,
			Redirect: strings.TrimSuffix(n.Config.URL, "/") + "/sign-in/provider/back"})
	}
}

// streams gives requests that stay open a context that ends when the node
// stops.
func (n *Node) streams(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/wait") && !strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			next.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		stop := context.AfterFunc(n.stopping, cancel)
		defer stop()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
