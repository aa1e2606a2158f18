package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

const (
	// callTime is how long a command waits for a serving process to answer.
	callTime = 500 * time.Millisecond
	// tailPatience is how long a command waits for the partners' word on how far
	// this ledger went.
	tailPatience = 1500 * time.Millisecond
	// viewTime is how long a command waits for the lists to show everything.
	viewTime = 10 * time.Second
)

// agreementsFollower is the exchange's name for the follower behind the
// agreements.
const agreementsFollower = "agreements"

// OpenToRead opens the node for a command that appends nothing. What the
// newsroom would have to say of its own accord waits for a process that may.
func OpenToRead(ctx context.Context, c *Config, log *slog.Logger) (*Node, error) {
	n, err := Open(ctx, c, log)
	if err != nil {
		return nil, err
	}
	n.Ledger.SetReadOnly("this command only reads")
	return n, nil
}

// OpenToWrite opens the node for a command that may append. Like Serve it first
// asks the partners for the newest checkpoint that they hold: a command over a
// folder restored from a backup would fork the ledger just as well.
func OpenToWrite(ctx context.Context, c *Config, log *slog.Logger) (*Node, error) {
	n, err := Open(ctx, c, log)
	if err != nil {
		return nil, err
	}
	if err := n.Exchange.CheckTail(ctx, tailPatience); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// CatchUp returns once the newsroom's lists show the whole journal. Where no
// process serves the node, this one follows it for the moment.
func (n *Node) CatchUp(ctx context.Context) error {
	end, err := n.Ledger.Position(ctx)
	if err != nil || n.shows(ctx, newsroom.WireFollower, end) {
		return err
	}
	stop := during(ctx, n.Newsroom.Run)
	defer stop()
	return n.await(ctx, newsroom.WireFollower, end)
}

// Attend lets the newsroom and the exchange work in this process until stop is
// called, unless another one serves the node. Agreements and pulled entries take
// effect through followers, so a command without a server would wait for them in
// vain; beside a server, a second exchange would read the partners' ledgers for
// nothing.
func (n *Node) Attend(ctx context.Context) (stop func()) {
	if originAt(ctx, "http://"+n.Config.Listen) == n.Ledger.Origin() {
		return func() {}
	}
	return during(ctx, n.Newsroom.Run, n.Exchange.Run)
}

// originAt returns the origin of the node that is served at the address; empty
// if none answers.
func originAt(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+exchange.ProfilePath, nil)
	if err != nil {
		return ""
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	var doc struct {
		Profile struct {
			Origin string `json:"origin"`
		} `json:"profile"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&doc) != nil {
		return ""
	}
	return doc.Profile.Origin
}

// CatchUpAll returns once the lists and the agreements show the whole journal;
// Attend must be in force.
func (n *Node) CatchUpAll(ctx context.Context) error {
	end, err := n.Ledger.Position(ctx)
	if err != nil {
		return err
	}
	if err := n.await(ctx, agreementsFollower, end); err != nil {
		return err
	}
	return n.await(ctx, newsroom.WireFollower, end)
}

// shows reports whether the follower has passed the position already.
func (n *Node) shows(ctx context.Context, follower string, position int64) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	return n.Ledger.WaitFollower(ctx, follower, position) == nil
}

func (n *Node) await(ctx context.Context, follower string, position int64) error {
	ctx, cancel := context.WithTimeout(ctx, viewTime)
	defer cancel()
	return n.Ledger.WaitFollower(ctx, follower, position)
}

// during runs the rooms until stop is called.
func during(ctx context.Context, rooms ...func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for _, run := range rooms {
		wg.Go(func() { run(ctx) })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// Content returns the document that a version of an item commits to, byte for
// byte as it was issued; version 0 means the newest.
func (n *Node) Content(ctx context.Context, origin, uri string, version int) ([]byte, error) {
	records, err := n.Ledger.About(ctx, origin, uri, ledger.KindItem)
	if err != nil {
		return nil, err
	}
	var newest *ledger.Record
	last := 0
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			continue // kept for the record; it names no version
		}
		var b news.ItemBody
		if e.Decode(&b) == nil && r.Content != nil && (b.Version == version || version == 0 && b.Version > last) {
			newest, last = r, b.Version
		}
	}
	if newest == nil {
		return nil, news.Errorf(news.NotFound, "version", "there is no such version of %s of %s here", uri, origin)
	}
	b, err := n.Ledger.Content(ctx, newest.Position)
	if err != nil {
		return nil, fmt.Errorf("content of %s: %w", uri, err)
	}
	return b, nil
}
