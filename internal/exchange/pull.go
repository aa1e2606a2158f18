package exchange

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// batch is how many entries are asked for and stored at once. Larger batches
// sync the disk less often; smaller ones hold the database's writer for less
// long.
const batch = 2000

// Pauses after failed contacts, doubled each time.
const (
	firstPause = 500 * time.Millisecond
	lastPause  = 5 * time.Minute
)

// Pauses after contacts that brought nothing although the partner did not let us
// wait for it.
const (
	idleStep = 20 * time.Millisecond
	idleMost = 5 * time.Second
)

// puller reads one partner's ledger.
type puller struct {
	cancel context.CancelFunc
	done   chan struct{}
	poke   chan struct{} // the partner has just called us: no need to pause
}

// alive ends the pause of the partner's puller, if it is in one.
func (s *Service) alive(origin string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pullers[origin]; p != nil {
		select {
		case p.poke <- struct{}{}:
		default:
		}
	}
}

// runPullers keeps one puller for each confirmed partner that can be called.
func (s *Service) runPullers(ctx context.Context) {
	changed, cancel := s.db.Subscribe(Topic)
	defer cancel()
	for ctx.Err() == nil {
		if err := s.reconcile(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("cannot read the list of partners", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-time.After(30 * time.Second):
		}
	}
	s.mu.Lock()
	ending := s.pullers
	s.pullers = map[string]*puller{}
	s.mu.Unlock() // they may want it before they end
	for _, p := range ending {
		<-p.done
	}
}

func (s *Service) reconcile(ctx context.Context) error {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT origin, url FROM partner WHERE state = $1 AND url <> ''`, string(Confirmed))
	if err != nil {
		return err
	}
	defer rows.Close()
	want := map[string]string{}
	for rows.Next() {
		var origin, url string
		if err := rows.Scan(&origin, &url); err != nil {
			return err
		}
		want[origin] = url
	}
	if err := rows.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for origin, p := range s.pullers {
		if _, still := want[origin]; !still {
			p.cancel()
			delete(s.pullers, origin)
		}
	}
	for origin := range want {
		if s.pullers[origin] == nil {
			ctx, cancel := context.WithCancel(ctx)
			p := &puller{cancel: cancel, done: make(chan struct{}), poke: make(chan struct{}, 1)}
			s.pullers[origin] = p
			go func() {
				defer close(p.done)
				s.follow(ctx, origin, p.poke)
			}()
		}
	}
	return nil
}

// follow reads a partner's ledger until ctx ends, pausing longer after each
// failure. The pause is random within its bounds: partners that a failed node
// had in common do not come back all at once.
func (s *Service) follow(ctx context.Context, origin string, poke <-chan struct{}) {
	pause, idle := firstPause, time.Duration(0)
	for ctx.Err() == nil {
		began := time.Now()
		grew, err := s.pullOnce(ctx, origin, true)
		if err == nil {
			pause = firstPause
			// A partner that says at once that there is something new, and has nothing,
			// must not keep both of us busy.
			if idle = min(2*idle+idleStep, idleMost); grew || time.Since(began) > time.Second {
				idle = 0
			}
			select {
			case <-ctx.Done():
			case <-time.After(idle):
			}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("cannot read a partner's ledger; will try again", "partner", origin, "in", pause, "err", err)
		if err := s.heard(ctx, origin, 0, reason(err)); err != nil && ctx.Err() == nil {
			s.log.Error("cannot note a failed contact", "partner", origin, "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)):
			pause = min(2*pause, lastPause)
		case <-poke:
			// At most one try a second: a call is a hint, not a command.
			select {
			case <-ctx.Done():
			case <-time.After(time.Second - min(pause, time.Second)/2):
			}
		}
	}
}

// reason is what a partner's page says of a failure.
func reason(err error) string {
	var e *news.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// Pull reads what a partner has now and returns, without waiting for more.
func (s *Service) Pull(ctx context.Context, origin string) error {
	_, err := s.pullOnce(ctx, origin, false)
	return err
}

// pullOnce is one round of docs/protocol.md "Replication": wait for news, fetch
// and verify it, cosign, compare with what others saw. It reports whether the
// partner's ledger grew.
func (s *Service) pullOnce(ctx context.Context, origin string, wait bool) (grew bool, err error) {
	p, err := s.Partner(ctx, origin)
	if err != nil {
		return false, err
	}
	if p.State != Confirmed {
		return false, news.Errorf(news.Conflict, "partner", "%s is not confirmed", origin)
	}
	c := &remote{s: s, origin: origin, url: p.URL}
	offer, err := s.awaitOffer(ctx, c, p, wait)
	if err != nil {
		return false, err
	}
	size, err := s.replicate(ctx, c, offer.Size)
	if err != nil {
		return false, err
	}
	if err := s.backfill(ctx, c, offer.Epoch); err != nil {
		return false, err
	}
	return size > p.Size, s.gossip(ctx, c)
}

// awaitOffer returns what the partner offers; with wait, once that is more than
// we have.
func (s *Service) awaitOffer(ctx context.Context, c *remote, p *Partner, wait bool) (waited, error) {
	size, epoch := p.Size, ""
	if wait {
		err := s.db.Reader().QueryRowContext(ctx, `SELECT epoch FROM partner WHERE origin = $1`, p.Origin).Scan(&epoch)
		if err != nil {
			return waited{}, err
		}
	} else {
		size, epoch = -1, "?"
	}
	if size < 0 {
		size = 1<<62 - 1 // never the size of a ledger: the answer comes at once
	}
	return c.wait(ctx, size, epoch)
}

// replicate fetches and stores the partner's ledger up to its newest
// checkpoint, whose size it returns.
func (s *Service) replicate(ctx context.Context, c *remote, offered int64) (int64, error) {
	for {
		h, err := s.ledger.Head(ctx, c.origin)
		if err != nil {
			return 0, err
		}
		cp, err := c.checkpoint(ctx, h.Size)
		if err != nil {
			return 0, err
		}
		if err := s.examine(ctx, h, cp); err != nil {
			return 0, err
		}
		if cp.Size > h.Size {
			if err := s.fetchTo(ctx, c, h.Size, cp); err != nil {
				return 0, s.suspect(ctx, c, cp, err)
			}
		}
		if err := s.heard(ctx, c.origin, cp.Size, ""); err != nil {
			return 0, err
		}
		if cp.Size >= h.Size {
			if err := s.cosign(ctx, c, cp); err != nil {
				return 0, err
			}
		}
		if cp.Size >= offered || cp.Size <= h.Size {
			return cp.Size, nil
		}
		// It was the checkpoint of a key rotation: the next key is known now.
	}
}

// examine compares a partner's newest checkpoint with what is held of its
// ledger.
func (s *Service) examine(ctx context.Context, h *ledger.Head, cp *ledger.Checkpoint) error {
	if h.Forked() {
		return news.Errorf(news.Conflict, "origin", "replication is stopped: %s", h.Frozen)
	}
	if err := s.ledger.Examine(ctx, cp, h.Origin); err != nil {
		return err
	}
	if cp.Size < h.Size {
		return s.ledger.Freeze(ctx, h, cp, h.Origin,
			fmt.Sprintf("%s: %s shows a ledger of %d entries and signed one of %d before", ledger.RolledBack, h.Origin, cp.Size, h.Size))
	}
	if h.Frozen != "" {
		return s.ledger.Thaw(ctx, h.Origin) // it has its tail back, and the tree continues what we hold
	}
	return nil
}

// suspect finds out, when entries do not fit what is held, whether they came
// damaged or whether the partner signed a tree that does not begin with the one
// that it signed before. Its tiles are verified against its own checkpoint, so
// nobody else can be the cause.
func (s *Service) suspect(ctx context.Context, c *remote, cp *ledger.Checkpoint, found error) error {
	if news.KindOf(found) != news.Invalid {
		return found
	}
	h, err := s.ledger.Head(ctx, c.origin)
	if err != nil || h.Size == 0 || h.Size > cp.Size {
		return found
	}
	t := &tiles{ctx: ctx, remote: c, have: map[tlog.Tile][]byte{}}
	began, err := tlog.TreeHash(h.Size, tlog.TileHashReader(tlog.Tree{N: cp.Size, Hash: cp.Root}, t))
	if err != nil {
		return found
	}
	if err := s.ledger.ExamineLonger(ctx, cp, h.Size, began, c.origin); err != nil {
		return err
	}
	return found
}

// fetched is a batch on its way from the network to the ledger.
type fetched struct {
	extension *ledger.Extension
	err       error
}

// fetchTo fetches and stores entries up to the checkpoint. While one batch is
// being stored the next is fetched.
func (s *Service) fetchTo(ctx context.Context, c *remote, from int64, cp *ledger.Checkpoint) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan fetched, 1)
	go func() {
		defer close(batches)
		t := &tiles{ctx: ctx, remote: c, have: map[tlog.Tile][]byte{}}
		for at := from; at < cp.Size; {
			x, err := s.fetchBatch(ctx, c, t, at, cp)
			select {
			case batches <- fetched{x, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
			at += int64(len(x.Records))
		}
	}()
	for b := range batches {
		if b.err != nil {
			return b.err
		}
		if err := s.ledger.Extend(ctx, b.extension); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *Service) fetchBatch(ctx context.Context, c *remote, t *tiles, at int64, cp *ledger.Checkpoint) (*ledger.Extension, error) {
	limit := int(min(batch, cp.Size-at))
	records, err := c.entries(ctx, entriesPath, at, limit)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, news.Errorf(news.Invalid, "entries", "%s signed a ledger of %d entries and gives none from %d", c.origin, cp.Size, at)
	}
	proof, err := t.prove(cp, at+int64(len(records)))
	if err != nil {
		return nil, fmt.Errorf("consistency of the ledger of %s: %w", c.origin, err)
	}
	return &ledger.Extension{Origin: c.origin, From: at, Records: records, Checkpoint: cp, Proof: proof}, nil
}

// backfill asks again for what was withheld, when the partner says that it
// offers more than before.
func (s *Service) backfill(ctx context.Context, c *remote, epoch string) error {
	var known string
	err := s.db.Reader().QueryRowContext(ctx, `SELECT epoch FROM partner WHERE origin = $1`, c.origin).Scan(&known)
	if err != nil || known == epoch {
		return err
	}
	for from := int64(0); ; {
		hidden, err := s.ledger.Withheld(ctx, c.origin, from, batch)
		if err != nil {
			return err
		}
		if len(hidden) == 0 {
			break
		}
		next, err := s.reveal(ctx, c, entriesPath, c.origin, hidden)
		if err != nil {
			return err
		}
		from = next
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE partner SET epoch = $1 WHERE origin = $2`, epoch, c.origin)
		return err
	})
}

// reveal asks for the span of the log that begins at the first hidden index, at
// the path where the partner serves it, and returns where the next one may
// begin.
func (s *Service) reveal(ctx context.Context, c *remote, path, log string, hidden []int64) (int64, error) {
	first := hidden[0]
	last := first
	for _, i := range hidden {
		if i < first+batch {
			last = i
		}
	}
	records, err := c.entries(ctx, path, first, int(last-first+1))
	if err != nil {
		return 0, err
	}
	if len(records) == 0 {
		return 0, news.Errorf(news.Invalid, "entries", "%s gives no entries from %d", c.origin, first)
	}
	var revealed []ledger.Revealed
	for _, i := range hidden {
		if at := i - first; at < int64(len(records)) && records[at].Bytes != nil {
			revealed = append(revealed, ledger.Revealed{Index: i, Bytes: records[at].Bytes, Content: records[at].Content})
		}
	}
	if len(revealed) > 0 {
		if err := s.ledger.Reveal(ctx, log, revealed); err != nil {
			return 0, err
		}
	}
	return first + int64(len(records)), nil
}
