package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// The back-off: after the free failures each further one doubles the wait, up
// to longestWait; after a quiet day the count begins anew. So nobody is ever
// locked out for good, and a guesser gets about a hundred tries a day.
const (
	freeByAccount = 5
	freeByAddress = 20 // an office shares one address
	firstWait     = 2 * time.Second
	longestWait   = 15 * time.Minute
	forgetAfter   = 24 * time.Hour

	// familiarFor is how long an address from which someone signed in to an
	// account stays familiar to it.
	familiarFor = 90 * 24 * time.Hour
)

// Wait is the cause of the error, of kind Unavailable, that refuses a sign-in
// for now: take it out with errors.As to say when to try again.
type Wait struct {
	Until time.Time
}

func (w *Wait) Error() string { return "not before " + w.Until.Format(time.RFC3339) }

// guarded names what one sign-in is counted under.
type guarded struct {
	account  string
	address  string
	familiar string // the account from this address
}

// guard names the counters of a login and an address, as digests. It knows
// nothing of accounts: a login that does not exist is counted like one that
// does, or the counter would tell them apart.
func guard(login, address string) guarded {
	if folded, err := FoldLogin(login); err == nil {
		login = folded
	}
	network := networkOf(address)
	return guarded{
		account:  subject("account", login),
		address:  subject("address", network),
		familiar: subject("familiar", login, network),
	}
}

func subject(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// networkOf is the part of an address that one subscriber has: of IPv6 the /64,
// within which anyone may take a new address for every try. Connections without
// a network address, such as of a local socket, count as one.
func networkOf(address string) string {
	a, err := netip.ParseAddr(hostOf(address))
	if err != nil {
		return ""
	}
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return ""
	}
	return p.String()
}

// hostOf cuts the port and the zone off a remote address.
func hostOf(address string) string {
	if ap, err := netip.ParseAddrPort(address); err == nil {
		return ap.Addr().Unmap().WithZone("").String()
	}
	if a, err := netip.ParseAddr(address); err == nil {
		return a.Unmap().WithZone("").String()
	}
	return ""
}

// narrow replaces the counter of the account by that of the account from this
// address, if the address is familiar. So a stranger who keeps failing, even on
// purpose, slows down strangers only, and not the editor at her usual desk.
func (s *Service) narrow(ctx context.Context, g guarded) (guarded, error) {
	var known int
	err := s.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM familiar WHERE subject = $1 AND seen > $2`,
		g.familiar, db.Micros(s.now().Add(-familiarFor))).Scan(&known)
	if err != nil {
		return g, fmt.Errorf("look for the address: %w", err)
	}
	if known > 0 {
		g.account = g.familiar
	}
	return g, nil
}

// waiting refuses what the back-off does not let through yet. A refused attempt
// is not counted: knocking does not make the wait longer.
func waiting(ctx context.Context, q db.Queryer, g guarded, now time.Time) error {
	var until int64
	err := q.QueryRowContext(ctx, `SELECT coalesce(max(until), 0) FROM attempt WHERE subject IN ($1, $2)`,
		g.account, g.address).Scan(&until)
	if err != nil {
		return fmt.Errorf("read failed sign-ins: %w", err)
	}
	left := db.FromMicros(until).Sub(now)
	if until == 0 || left <= 0 {
		return nil
	}
	return news.Errorf(news.Unavailable, "", "too many failed sign-ins: try again in %s", (left + time.Second - 1).Truncate(time.Second)).
		Because(&Wait{Until: db.FromMicros(until)})
}

// count lets one attempt through and counts it as failed in the same
// transaction, before the password is looked at: a thousand guesses sent at
// once are a thousand failures. forgive takes it back.
func (s *Service) count(ctx context.Context, g guarded) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		failures := map[string]int64{}
		for _, subject := range []string{g.account, g.address} { // always in this order, or two would deadlock
			n, err := failuresOf(ctx, tx, subject, now)
			if err != nil {
				return err
			}
			failures[subject] = n
		}
		if err := waiting(ctx, tx, g, now); err != nil {
			return err
		}
		for subject, free := range map[string]int64{g.account: freeByAccount, g.address: freeByAddress} {
			n := failures[subject] + 1
			var until time.Time
			if wait := waitAfter(n, free); wait > 0 {
				until = now.Add(wait)
			}
			_, err := tx.ExecContext(ctx, `UPDATE attempt SET failures = $1, last = $2, until = $3 WHERE subject = $4`,
				n, db.Micros(now), db.Micros(until), subject)
			if err != nil {
				return fmt.Errorf("count a sign-in: %w", err)
			}
		}
		return nil
	})
}

// failuresOf returns the failures that still count, and locks their row.
func failuresOf(ctx context.Context, tx *db.Tx, subject string, now time.Time) (int64, error) {
	// The row must be there before it can be locked.
	_, err := tx.ExecContext(ctx, `INSERT INTO attempt (subject, failures, last, until) VALUES ($1, 0, $2, 0)
		ON CONFLICT (subject) DO NOTHING`, subject, db.Micros(now))
	if err != nil {
		return 0, fmt.Errorf("count a sign-in: %w", err)
	}
	var failures, last int64
	err = tx.QueryRowContext(ctx, `SELECT failures, last FROM attempt WHERE subject = $1`+tx.ForUpdate(), subject).
		Scan(&failures, &last)
	if err != nil {
		return 0, fmt.Errorf("read failed sign-ins: %w", err)
	}
	if now.Sub(db.FromMicros(last)) > forgetAfter {
		return 0, nil
	}
	return failures, nil
}

// waitAfter is how long the next attempt must wait after n failures.
func waitAfter(n, free int64) time.Duration {
	if n < free {
		return 0
	}
	wait := firstWait
	for range n - free {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}

// forgive takes back what count did, after a sign-in that succeeded. The
// account begins anew. Of the address only this attempt is taken back, or who
// has an account could guess at all others between two sign-ins of its own;
// that nothing waits now is right, because this attempt was let through.
func (s *Service) forgive(ctx context.Context, tx *db.Tx, g guarded) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM attempt WHERE subject = $1`, g.account); err != nil {
		return fmt.Errorf("forgive failed sign-ins: %w", err)
	}
	if err := forgiveAddress(ctx, tx, g); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO familiar (subject, seen) VALUES ($1, $2)
		ON CONFLICT (subject) DO UPDATE SET seen = excluded.seen`, g.familiar, db.Micros(s.now()))
	if err != nil {
		return fmt.Errorf("remember the address: %w", err)
	}
	return nil
}

// forgiveAddress takes one attempt back from the address only.
func forgiveAddress(ctx context.Context, tx *db.Tx, g guarded) error {
	_, err := tx.ExecContext(ctx, `UPDATE attempt SET failures = failures - 1, until = 0 WHERE subject = $1 AND failures > 0`, g.address)
	if err != nil {
		return fmt.Errorf("forgive failed sign-ins: %w", err)
	}
	return nil
}

// Sweep deletes what has run out: sessions, failed sign-ins, familiar
// addresses, tickets. The node calls it now and then; nothing depends on when.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM session WHERE seen <= $1 OR created <= $2`,
			db.Micros(now.Add(-SessionIdle)), db.Micros(now.Add(-SessionLife)))
		if err != nil {
			return fmt.Errorf("sweep sessions: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM attempt WHERE last < $1`, db.Micros(now.Add(-forgetAfter))); err != nil {
			return fmt.Errorf("sweep failed sign-ins: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM familiar WHERE seen < $1`, db.Micros(now.Add(-familiarFor))); err != nil {
			return fmt.Errorf("sweep familiar addresses: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM ticket WHERE expires < $1`, db.Micros(now)); err != nil {
			return fmt.Errorf("sweep tickets: %w", err)
		}
		return nil
	})
}
