// Package newsroom is where an organisation's items are written and issued, and
// where everyone's arrive: drafts, the acts that make a version of record, the
// wire, and what a kill or a hold obliges this house to do.
//
// Its invariants:
//
//   - An act is one ledger entry, and the head of the item moves in the same
//     transaction: two editors cannot both issue version 3.
//   - An older version never replaces a newer one on the wire, whatever order
//     they arrive in.
//   - A kill or hold makes the item and all that was made from it unusable here
//     before anything else is done about it, and is acknowledged to its issuer.
package newsroom

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
)

// Topic is what db.Subscribe takes to be woken when the wire changes.
const Topic = "wire"

// Media says which media bytes the node has.
type Media interface {
	Has(digest string) bool
}

// Options is what a newsroom needs.
type Options struct {
	DB     *db.DB
	Ledger *ledger.Ledger
	Media  Media
	Now    func() time.Time
	Log    *slog.Logger
}

// Service is the newsroom of a node.
type Service struct {
	db     *db.DB
	ledger *ledger.Ledger
	media  Media
	now    func() time.Time
	log    *slog.Logger
}

// New returns the newsroom. Run makes it work.
func New(o Options) *Service {
	return &Service{db: o.DB, ledger: o.Ledger, media: o.Media, now: o.Now, log: o.Log}
}

// Run follows the journal, does what kills and holds oblige to and announces
// the end of embargoes, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.ledger.Follow(ctx, s.wireFollower()) })
	wg.Go(func() { s.ledger.Follow(ctx, s.dutyFollower()) })
	wg.Go(func() { s.runDuties(ctx) })
	wg.Go(func() { s.runEmbargoes(ctx) })
	wg.Go(func() { s.runSchedule(ctx) })
	wg.Wait()
}

// runEmbargoes wakes whoever watches the wire at the moment an embargo ends:
// nothing is recorded then, since every reader compares with the clock.
func (s *Service) runEmbargoes(ctx context.Context) {
	changed, cancel := s.db.Subscribe(Topic)
	defer cancel()
	for {
		now := s.now()
		var next int64
		err := s.db.Reader().QueryRowContext(ctx, `SELECT coalesce(min(embargoed), 0) FROM item
			WHERE embargoed > 0 AND embargoed > $1`, db.Micros(now)).Scan(&next) // 0: so that the index of embargoes serves
		wait := time.Hour
		if err != nil && ctx.Err() == nil {
			s.log.Error("cannot look for the next embargo", "err", err)
			wait = 5 * time.Second
		}
		if next > 0 {
			wait = min(wait, db.FromMicros(next).Sub(now)+time.Millisecond)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changed:
			timer.Stop()
		case <-timer.C:
			if next > 0 {
				s.announce(ctx)
			}
		}
	}
}

func (s *Service) announce(ctx context.Context) {
	err := s.db.Write(ctx, func(tx *db.Tx) error { return tx.Notify(ctx, Topic) })
	if err != nil && ctx.Err() == nil {
		s.log.Error("cannot announce the end of an embargo", "err", err)
	}
}
