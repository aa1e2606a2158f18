package deliver

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// Topic is what db.Subscribe takes to be woken when deliveries or destinations
// change.
const Topic = "deliver"

// Follower is the name of the follower of the journal that notes what is owed,
// for WaitFollower.
const Follower = "deliver"

// Standing is where an item stands now.
type Standing struct {
	Position  int64       // of the newest version in the journal
	Index     int64       // and in its issuer's ledger
	Status    news.Status // after the newest act
	Blocked   news.Status // status of a source that stops its use; empty for none
	Embargoed time.Time
	Expires   time.Time
}

// Item names an item: two houses may issue under the same URI.
type Item struct{ Origin, URI string }

// Wire says where items stand now; those that it does not know are left out.
type Wire interface {
	Standing(ctx context.Context, items []Item) (map[Item]Standing, error)
}

// Rights decides whether a partner's item may be given to third parties. reason
// says why not.
type Rights interface {
	MayRedistribute(ctx context.Context, origin, uri string, position int64) (ok bool, reason string, err error)
}

// Options is what delivery needs.
type Options struct {
	DB      *db.DB
	Ledger  *ledger.Ledger
	Blobs   *blob.Store
	Wire    Wire
	Rights  Rights
	Senders map[Kind]Sender
	// Check fails with Invalid if the sender of its kind could never send to the
	// destination; nil checks nothing.
	Check func(d *Destination) error
	// Needs names the followers behind Wire: an item is only looked at once they
	// have passed it.
	Needs []string
	// URL returns the node's own address, for feeds and the hub.
	URL func() string
	// Allow reports whether a host may be called although it is inside a private
	// network.
	Allow func(host string) bool
	Now   func() time.Time
	Log   *slog.Logger
	Fault func(step string) error // fault injection in tests; nil in production
}

// Service delivers what this node issues, and what it may pass on, to
// subscribers.
type Service struct {
	Options
	process   string // names this process in leases
	catalogue catalogue
	desk      desk
	couriers  couriers
	pages     pages
	kept      kept
	rights    decisions
	client    *http.Client // of the hub
	verifying chan struct{}
	hubWork   sync.WaitGroup
	stopping  context.Context // ends with Run
	stop      context.CancelFunc
}

// New returns the service. Run makes it work.
func New(o Options) *Service {
	if o.Fault == nil {
		o.Fault = func(string) error { return nil }
	}
	s := &Service{Options: o, process: ulid.MustNew(ulid.Now(), rand.Reader).String()}
	s.desk = desk{db: o.DB, fault: o.Fault, jobs: make(chan *deskJob)}
	s.couriers = couriers{running: map[string]*courier{}, called: make(chan struct{}, 1)}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.verifying = make(chan struct{}, maxVerifying)
	s.client = fetch.Client(fetch.Options{Allow: o.Allow, Header: callbackTime})
	return s
}

// Run notes what is owed and sends it until ctx ends. It is called once.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.Ledger.Follow(ctx, s.follower()) })
	wg.Go(func() { s.dispatch(ctx) })
	wg.Wait()
	s.stop()
	s.hubWork.Wait()
}

// Follower returns the follower that notes what is owed, for a command that runs
// without a serving process.
func (s *Service) Follower() ledger.Follower { return s.follower() }

// newID returns a ULID of the service's clock.
func (s *Service) newID() string {
	return ulid.MustNew(ulid.Timestamp(s.Now()), ulid.DefaultEntropy()).String()
}

func none(what, id string) error {
	return news.Errorf(news.NotFound, what, "there is no %s %s", what, id)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// changed tells everyone who keeps the catalogue that it moved.
func changed(ctx context.Context, tx *db.Tx) error {
	if _, err := tx.ExecContext(ctx, `UPDATE catalogue SET revision = revision + 1 WHERE id = 1`); err != nil {
		return fmt.Errorf("move the catalogue: %w", err)
	}
	return tx.Notify(ctx, Topic)
}
