package web

import (
	"context"
	"sync"
	"time"

	"jisr/internal/exchange"
)

// directoryLife is how old the names around a page may be.
const directoryLife = 5 * time.Second

// directory remembers who the organisations are: every page names them, and
// reading a partner's profile verifies its signature.
type directory struct {
	mu       sync.Mutex
	read     time.Time
	profiles map[string]*exchange.Profile
}

// profile returns what an organisation says of itself, nil if it is unknown.
func (d *directory) profile(ctx context.Context, s *Site, origin string) (*exchange.Profile, error) {
	profiles, err := d.load(ctx, s)
	return profiles[origin], err
}

// names returns the organisations' names in the language.
func (d *directory) names(ctx context.Context, s *Site, language string) (map[string]string, error) {
	profiles, err := d.load(ctx, s)
	names := make(map[string]string, len(profiles))
	for origin, p := range profiles {
		names[origin] = p.Name(language)
	}
	return names, err
}

func (d *directory) load(ctx context.Context, s *Site) (map[string]*exchange.Profile, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.profiles != nil && s.now().Sub(d.read) < directoryLife {
		return d.profiles, nil
	}
	own, err := s.exchange.Profile(ctx)
	if err != nil {
		return nil, err
	}
	partners, err := s.exchange.Partners(ctx)
	if err != nil {
		return nil, err
	}
	profiles := map[string]*exchange.Profile{own.Origin: own}
	for _, p := range partners {
		if p.Profile != nil {
			profiles[p.Origin] = p.Profile
		}
	}
	d.profiles, d.read = profiles, s.now()
	return profiles, nil
}

// forget makes the next page read the names anew.
func (d *directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.profiles = nil
}
