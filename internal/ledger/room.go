package ledger

import (
	"context"
	"errors"

	"jisr/internal/db"
	"jisr/internal/news"
)

// What the engines say when the disk is full.
const (
	sqliteFull   = 13      // SQLITE_FULL
	postgresFull = "53100" // disk_full
)

// write is db.DB.Write that says in the house's words that the disk is full:
// editors read it, and partners' pages. Nothing was stored then, and what comes
// once there is room again is.
func (l *Ledger) write(ctx context.Context, f func(*db.Tx) error) error {
	return sayFull(l.db.Write(ctx, f))
}

func sayFull(err error) error {
	var sqlite interface{ Code() int }
	var postgres interface{ SQLState() string }
	if errors.As(err, &sqlite) && sqlite.Code()&0xff == sqliteFull || errors.As(err, &postgres) && postgres.SQLState() == postgresFull {
		return news.Errorf(news.Unavailable, "ledger", "the disk of this node is full: nothing was recorded; try again once there is room").Because(err)
	}
	return err
}
