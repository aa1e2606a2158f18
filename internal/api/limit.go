package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"jisr/internal/news"
)

// maxBuckets bounds the memory of the rate limits.
const maxBuckets = 10_000

// buckets limits how often each token may ask, in this process.
type buckets struct {
	rate  rate.Limit
	burst int

	mu    sync.Mutex
	byKey map[string]*rate.Limiter
}

func newBuckets(perSecond float64, burst int) *buckets {
	return &buckets{rate: rate.Limit(perSecond), burst: burst, byKey: map[string]*rate.Limiter{}}
}

// take counts a request of the key, or fails and says when to come again.
func (b *buckets) take(key string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.byKey[key]
	if l == nil {
		b.sweep(now)
		l = rate.NewLimiter(b.rate, b.burst)
		b.byKey[key] = l
	}
	r := l.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return &tooMany{wait}
	}
	return nil
}

// sweep makes room: a bucket that is full again is as good as none. Should all
// be in use, the limits begin anew rather than the memory grow.
func (b *buckets) sweep(now time.Time) {
	if len(b.byKey) < maxBuckets {
		return
	}
	for key, l := range b.byKey {
		if l.TokensAt(now) >= float64(b.burst) {
			delete(b.byKey, key)
		}
	}
	if len(b.byKey) >= maxBuckets {
		clear(b.byKey)
	}
}

// streams counts the event streams that are open.
type streams struct {
	all, each int

	mu    sync.Mutex
	open  int
	byKey map[string]int
}

func newStreams(all, each int) *streams {
	return &streams{all: all, each: each, byKey: map[string]int{}}
}

// begin counts a stream of the key in; end counts it out.
func (s *streams) begin(key string) (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key] >= s.each {
		return nil, news.Errorf(news.Conflict, "", "this token has %d event streams open: close one first", s.each)
	}
	if s.open >= s.all {
		return nil, news.Errorf(news.Unavailable, "", "%d event streams are open here, as many as the node allows", s.all)
	}
	s.open++
	s.byKey[key]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.byKey[key]--; s.byKey[key] == 0 {
			delete(s.byKey, key)
		}
	}, nil
}
