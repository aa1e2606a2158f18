package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// KeyBody is the body of a key entry: the key that signs from here on.
type KeyBody struct {
	VKey string `json:"vkey"`
}

// RotateKey makes a new signing key and records it. The checkpoint that covers
// the entry is signed by both keys, so whoever trusts the old one learns the
// new; later ones are signed by the new one alone.
func (l *Ledger) RotateKey(ctx context.Context, actor Actor) (*Key, error) {
	key, err := GenerateKey(l.own.origin)
	if err != nil {
		return nil, err
	}
	// The private half must be safe before its public half is of record.
	if err := l.keys.Add(key); err != nil {
		return nil, err
	}
	_, err = l.Append(ctx, func(_ context.Context, _ *db.Tx, a *Appender) error {
		_, err := a.Add(Draft{Kind: KindKey, Actor: actor, Body: KeyBody{key.Verifier}})
		return err
	})
	return key, err
}

// nextKey returns the private key of the last key entry among the added, or
// nil if there is none.
func (l *Ledger) nextKey(added []placed) (*Key, error) {
	vkey, err := lastKey(l.own.origin, added)
	if err != nil || vkey == "" {
		return nil, err
	}
	return l.keys.Get(vkey)
}

// lastKey returns the key that the last readable key entry of the origin names,
// or "", and what was wrong with one that is not readable.
func lastKey(origin string, added []placed) (vkey string, err error) {
	for _, p := range added {
		if p.kind != KindKey {
			continue
		}
		k, kerr := Announced(origin, p.bytes)
		if kerr != nil {
			err = kerr
			continue
		}
		vkey = k
	}
	return vkey, err
}

// Announced returns the key that a key entry of the origin names.
func Announced(origin string, b []byte) (string, error) {
	e, err := ParseEntry(origin, b)
	if err != nil {
		return "", err
	}
	var body KeyBody
	if err := e.Decode(&body); err != nil {
		return "", err
	}
	name, _, err := PublicKey(body.VKey)
	if err != nil {
		return "", err
	}
	if name != origin {
		return "", news.Errorf(news.Invalid, "vkey", "a key of %s cannot sign for %s", name, origin)
	}
	return body.VKey, nil
}

// keyTopic is woken when the node's own key was rotated.
const keyTopic = "ledger/key"

// takeKey makes the key the one that signs, once tx is durable: here, and in
// every other process over the same database.
func (l *Ledger) takeKey(ctx context.Context, tx *db.Tx, k *Key) error {
	tx.AfterCommit(func() { l.key.Store(k) })
	return tx.Notify(ctx, keyTopic)
}

// watchKey takes over a key to which another process rotated, such as a command
// at the shell beside a node that is being served.
func (l *Ledger) watchKey() {
	defer l.done.Done()
	woken, cancel := l.db.Subscribe(keyTopic)
	defer cancel()
	for {
		select {
		case <-woken:
		case <-time.After(idlePoll):
		case <-l.closed:
			return
		}
		was := l.key.Load()
		k, err := l.currentKey(context.Background(), l.db.Reader())
		switch {
		case err != nil:
			l.log.Error("cannot read which key signs now", "err", err)
		case k.Verifier != was.Verifier:
			// Unless this process has rotated meanwhile, which is newer than what was read.
			l.key.CompareAndSwap(was, k)
		}
	}
}

// SigningKeys returns the node's private keys, the one that signs now first. A
// partner may know this node by another: by an older one while it has not heard
// of a rotation, and by a newer one if this node was set back to before it.
func (l *Ledger) SigningKeys() ([]*Key, error) {
	all, err := l.keys.All(l.own.origin)
	if err != nil {
		return nil, err
	}
	now := l.key.Load()
	out := []*Key{now}
	for _, k := range all {
		if k.Verifier != now.Verifier {
			out = append(out, k)
		}
	}
	return out, nil
}

// rotated makes next the log's current key from the size on and keeps the
// checkpoint that both keys signed.
func rotated(ctx context.Context, tx *db.Tx, log, size int64, signed []byte, next string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE log_key SET until = $1 WHERE log = $2 AND until = -1`, size, log); err != nil {
		return fmt.Errorf("end the old key: %w", err)
	}
	if err := insertKey(ctx, tx, log, next); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO checkpoint (log, size, note, rotation) VALUES ($1, $2, $3, 1)
		ON CONFLICT (log, size) DO UPDATE SET note = excluded.note, rotation = 1`, log, size, signed)
	if err != nil {
		return fmt.Errorf("keep the rotation's checkpoint: %w", err)
	}
	return nil
}

// Rotations returns the checkpoints of the key rotations in the origin's log
// after the size, oldest first, at most 1000.
func (l *Ledger) Rotations(ctx context.Context, origin string, after int64) ([][]byte, error) {
	rows, err := l.db.Reader().QueryContext(ctx, `SELECT c.note FROM checkpoint c JOIN log g ON g.id = c.log
		WHERE g.origin = $1 AND c.size > $2 AND c.rotation = 1 ORDER BY c.size LIMIT 1000`, origin, after)
	if err != nil {
		return nil, fmt.Errorf("read key rotations: %w", err)
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var signed []byte
		if err := rows.Scan(&signed); err != nil {
			return nil, err
		}
		out = append(out, signed)
	}
	return out, rows.Err()
}

// Rotation returns the checkpoint of the node's first key rotation after the
// tree had the given size; NotFound if there was none.
func (l *Ledger) Rotation(ctx context.Context, after int64) ([]byte, error) {
	var signed []byte
	err := l.db.Reader().QueryRowContext(ctx, `SELECT note FROM checkpoint
		WHERE log = $1 AND size > $2 AND rotation = 1 ORDER BY size LIMIT 1`, l.own.id, after).Scan(&signed)
	if err != nil {
		return nil, errors.Join(news.Errorf(news.NotFound, "checkpoint", "no key rotation after size %d", after), err)
	}
	return signed, nil
}
