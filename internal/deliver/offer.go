package deliver

import (
	"context"
	"fmt"
	"time"

	"jisr/internal/db"
)

// offer puts a version into its feed: at the end, and the item's earlier version
// out. Whoever follows the feed through the hub is owed it from then on.
func (s *Service) offer(ctx context.Context, tx *db.Tx, d *Destination, cond *condition, o *outcome, now time.Time) error {
	t := o.task
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET place = 0, state = CASE WHEN state = 'offered' THEN 'superseded' ELSE state END
		WHERE origin = $1 AND uri = $2 AND destination = $3 AND place > 0`, t.item.Origin, t.item.URI, d.ID)
	if err != nil {
		return fmt.Errorf("take an earlier version out of a feed: %w", err)
	}
	cond.place++
	told, err := s.tell(ctx, tx, d, t, now)
	if err != nil {
		return err
	}
	// due is when it became to be seen, from here on.
	_, err = tx.ExecContext(ctx, `UPDATE delivery SET state = 'offered', place = $1, due = $2, reason = '',
		reached = CASE WHEN $3 = 1 THEN 1 ELSE reached END WHERE id = $4 AND state = 'sending'`,
		cond.place, db.Micros(now), flag(told), t.id)
	if err != nil {
		return fmt.Errorf("put a version into a feed: %w", err)
	}
	cond.success, cond.failure = now, ""
	return nil
}

// tell notes what the callbacks of a feed are owed, and reports whether any is
// owed the version: it counts as gone out then, whoever fetches the feed.
func (s *Service) tell(ctx context.Context, tx *db.Tx, d *Destination, t *task, now time.Time) (bool, error) {
	rows, err := destinations(ctx, tx, `SELECT `+destinationColumns+` FROM destination d WHERE d.feed = $1 AND d.removed = 0 AND d.expires > $2`,
		d.ID, db.Micros(now))
	if err != nil || len(rows) == 0 {
		return false, err
	}
	a := arrival{item: t.item, position: t.position, index: t.index, version: t.version, act: t.act}
	history := map[Item]map[string][]*past{t.item: {}}
	if err := readHistories(ctx, tx, []Item{t.item}, history); err != nil {
		return false, fmt.Errorf("read earlier deliveries: %w", err)
	}
	n := s.newNotes()
	for _, cb := range rows {
		n.note(&a, cb, true, history[t.item])
	}
	return len(n.fresh) > 0, s.store(ctx, tx, n)
}
