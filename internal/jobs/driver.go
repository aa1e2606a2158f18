package jobs

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"jisr/internal/db"
)

// newDriver returns River's driver for the engine, woken by us.
func newDriver(d *db.DB) *driver {
	if d.Engine == db.Postgres {
		return &driver{riverdatabasesql.New(d.Writer()), d}
	}
	return &driver{riversqlite.New(d.Writer()), d}
}

// driver is a driver of River's that hears of new jobs through db.Subscribe.
//
// River would poll: five times a second to answer within 200 ms, which on
// SQLite takes the single writer connection each time; its own notifications
// there are rows of a table that it polls twenty times a second. A database
// notification that we have anyway costs nothing while nothing happens, and a
// job starts the moment its transaction is durable.
//
// River does not promise to keep the three methods below as they are. A version
// that changes them fails to compile or fails TestJobStartsWithoutWaitingForThePoll;
// without them everything still works, at the pace of fetchPollInterval.
type driver struct {
	riverdriver.Driver[*sql.Tx]
	db *db.DB
}

// topic is what tells runners that jobs were enqueued.
const topic = "jobs"

// fetchPollInterval is how often River looks without being told: for jobs whose
// time has come, and in case a notification was lost with a connection.
const fetchPollInterval = time.Second

func (d *driver) SupportsListener() bool     { return true }
func (d *driver) SupportsListenNotify() bool { return false } // that is: River sends none itself

func (d *driver) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return &listener{db: d.db}
}

// listener turns our notification into the one that River's fetcher expects.
type listener struct {
	db     *db.DB
	woken  <-chan struct{}
	cancel func()
}

// Connect subscribes.
func (l *listener) Connect(context.Context) error {
	l.woken, l.cancel = l.db.Subscribe(topic)
	return nil
}

// Close ends the subscription.
func (l *listener) Close(context.Context) error {
	l.cancel()
	return nil
}

// WaitForNotification returns when jobs were enqueued or ctx ends.
func (l *listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-l.woken:
		return &riverdriver.Notification{Topic: "river_insert", Payload: `{"queue":"default"}`}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Listen(context.Context, string) error   { return nil }
func (l *listener) Unlisten(context.Context, string) error { return nil }
func (l *listener) Ping(context.Context) error             { return nil }
func (l *listener) Schema() string                         { return "" }
func (l *listener) SetAfterConnectExec(string)             {}

// errBusy is that another process migrates.
var errBusy = errors.New("another process is preparing the tables of the jobs")

// migrate brings River's own tables to the version that this River needs.
func migrate(ctx context.Context, d *db.DB, driver *driver, log *slog.Logger) error {
	m, err := rivermigrate.New(driver.Driver, &rivermigrate.Config{Logger: slog.New(atLeastWarn{log.Handler()})})
	if err != nil {
		return err
	}
	up := func() error {
		_, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	}
	if d.Engine == db.SQLite {
		return up() // one process, one connection: a lock around it would wait for itself
	}
	for {
		err := d.Write(ctx, func(tx *db.Tx) error {
			mine, err := tx.TryLock(ctx, "jobs/migrate")
			if err != nil {
				return err
			}
			if !mine {
				return errBusy
			}
			return up()
		})
		if !errors.Is(err, errBusy) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
