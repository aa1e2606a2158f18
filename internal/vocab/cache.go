package vocab

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"jisr/internal/db"
)

// topic is what tells every process that vocabularies changed.
const topic = "vocab"

const (
	maxCached  = 20_000      // concepts and names that are none
	cacheFor   = time.Minute // in case a notification was lost
	perRequest = 200         // URIs that one statement asks for
)

// cache remembers concepts by URI, because every page of the wire shows the same
// few hundred. It forgets everything when a vocabulary changes.
type cache struct {
	db     *db.DB
	now    func() time.Time
	woken  <-chan struct{}
	cancel func()

	mu         sync.Mutex
	generation int
	begun      time.Time
	known      map[string]*Concept // nil for a URI that no scheme has
	aliases    map[string]string   // scheme URIs by alias; nil if not read
}

func newCache(d *db.DB, now func() time.Time) *cache {
	c := &cache{db: d, now: now, known: map[string]*Concept{}, begun: now()}
	c.woken, c.cancel = d.Subscribe(topic)
	return c
}

func (c *cache) close() { c.cancel() }

// fresh forgets what may be out of date and returns the generation: what was
// read from the database under an older one is not kept. It is called with mu
// held.
func (c *cache) fresh() int {
	stale := c.now().Sub(c.begun) > cacheFor || len(c.known) > maxCached
	select {
	case <-c.woken:
		stale = true
	default:
	}
	if stale {
		c.generation++
		c.begun, c.known, c.aliases = c.now(), map[string]*Concept{}, nil
	}
	return c.generation
}

// concepts returns the concepts of the values of ask, by URI.
func (c *cache) concepts(ctx context.Context, ask map[string]string) (map[string]*Concept, error) {
	out := make(map[string]*Concept, len(ask))
	var missing []string
	c.mu.Lock()
	generation := c.fresh()
	for _, uri := range ask {
		if k, ok := c.known[uri]; ok {
			out[uri] = k
		} else if _, asked := out[uri]; !asked {
			out[uri] = nil
			missing = append(missing, uri)
		}
	}
	c.mu.Unlock()
	for len(missing) > 0 {
		n := min(len(missing), perRequest)
		if err := c.read(ctx, missing[:n], out); err != nil {
			return nil, err
		}
		missing = missing[n:]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh() == generation {
		for uri, k := range out {
			c.known[uri] = k
		}
	}
	return out, nil
}

func (c *cache) read(ctx context.Context, uris []string, into map[string]*Concept) error {
	args := make([]any, len(uris))
	for i, u := range uris {
		args[i] = u
	}
	rows, err := c.db.Reader().QueryContext(ctx, `SELECT `+conceptColumns+`
		FROM vocab_concept c JOIN vocab_scheme s ON s.id = c.scheme WHERE c.uri IN (`+placeholders(len(uris))+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		k, err := scanConcept(rows)
		if err != nil {
			return err
		}
		into[k.URI] = k
	}
	return rows.Err()
}

// placeholders returns $1,$2 … $n.
func placeholders(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String()
}

// schemes returns the URIs of all schemes by alias.
func (c *cache) schemes(ctx context.Context) (map[string]string, error) {
	c.mu.Lock()
	generation := c.fresh()
	known := c.aliases
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	rows, err := c.db.Reader().QueryContext(ctx, `SELECT alias, uri FROM vocab_scheme`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known = map[string]string{}
	for rows.Next() {
		var alias, uri string
		if err := rows.Scan(&alias, &uri); err != nil {
			return nil, err
		}
		known[alias] = uri
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh() == generation {
		c.aliases = known
	}
	return known, nil
}
