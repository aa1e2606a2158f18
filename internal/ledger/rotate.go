package ledger

import (
	"context"
	"errors"
	"fmt"

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

// lastKey returns the key that the last key entry of the origin names, or "".
func lastKey(origin string, added []placed) (string, error) {
	vkey := ""
	for _, p := range added {
		if p.kind != KindKey {
			continue
		}
		e, err := ParseEntry(origin, p.bytes)
		if err != nil {
			return "", err
		}
		var b KeyBody
		if err := e.Decode(&b); err != nil {
			return "", err
		}
		name, _, err := PublicKey(b.VKey)
		if err != nil {
			return "", err
		}
		if name != origin {
			return "", news.Errorf(news.Invalid, "vkey", "a key of %s cannot sign for %s", name, origin)
		}
		vkey = b.VKey
	}
	return vkey, nil
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
