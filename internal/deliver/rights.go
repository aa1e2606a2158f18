package deliver

import (
	"context"
	"sync"
	"time"
)

// decisions remembers for a moment what the rights say of a version: it goes to
// many destinations.
type decisions struct {
	mu sync.Mutex
	by map[int64]decision
}

type decision struct {
	ok     bool
	reason string
	until  time.Time
}

const (
	// decidedFor is how long a decision is believed.
	decidedFor   = 5 * time.Second
	maxDecisions = 10_000
)

// mayGo reports whether the version may be given to third parties: this house's
// own always, a partner's as its agreement says.
func (s *Service) mayGo(ctx context.Context, it Item, position int64) (bool, string, error) {
	if it.Origin == s.Ledger.Origin() {
		return true, "", nil
	}
	now := time.Now()
	s.rights.mu.Lock()
	d, known := s.rights.by[position]
	s.rights.mu.Unlock()
	if known && now.Before(d.until) {
		return d.ok, d.reason, nil
	}
	ok, reason, err := s.Rights.MayRedistribute(ctx, it.Origin, it.URI, position)
	if err != nil {
		return false, "", err
	}
	s.rights.mu.Lock()
	defer s.rights.mu.Unlock()
	if s.rights.by == nil || len(s.rights.by) >= maxDecisions {
		s.rights.by = map[int64]decision{}
	}
	s.rights.by[position] = decision{ok, reason, now.Add(decidedFor)}
	return ok, reason, nil
}
