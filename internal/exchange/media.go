package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// mediaFollower notes which entries commit to which media, has the bytes of
// others' media fetched, and notes when embargoes of own items end.
func (s *Service) mediaFollower() ledger.Follower {
	return ledger.Follower{Name: "media", Kinds: []ledger.Kind{ledger.KindItem}, Prepare: s.prepareMedia}
}

// committed is what an item entry means to this follower.
type committed struct {
	record *ledger.Record
	media  []string
	until  time.Time // when the embargo of an own item ends; zero for none
}

// prepareMedia picks the entries with media or an embargo.
func (s *Service) prepareMedia(_ context.Context, records []*ledger.Record) (func(context.Context, *db.Tx) error, error) {
	var found []committed
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			continue // the wire says so
		}
		c := committed{record: r}
		_, c.media = e.ContentDigest()
		var b news.ItemBody
		if r.Own && e.Decode(&b) == nil {
			c.until = b.Label.Embargoed
		}
		if len(c.media) > 0 || !c.until.IsZero() {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	return func(ctx context.Context, tx *db.Tx) error { return s.applyMedia(ctx, tx, found) }, nil
}

func (s *Service) applyMedia(ctx context.Context, tx *db.Tx, found []committed) error {
	lifting := false
	for _, c := range found {
		if !c.until.IsZero() {
			_, err := tx.ExecContext(ctx, `INSERT INTO own_embargo (position, until) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
				c.record.Position, db.Micros(c.until))
			if err != nil {
				return fmt.Errorf("note an embargo: %w", err)
			}
			lifting = true
		}
		for _, digest := range c.media {
			if err := s.noteMedia(ctx, tx, c.record, digest); err != nil {
				return err
			}
		}
	}
	if lifting {
		return tx.Notify(ctx, Topic)
	}
	return nil
}

// noteMedia notes that the entry commits to the digest and has the bytes of
// another's fetched.
func (s *Service) noteMedia(ctx context.Context, tx *db.Tx, r *ledger.Record, digest string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO media_use (digest, position, origin) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		digest, r.Position, r.Origin)
	if err != nil {
		return fmt.Errorf("note a use of media: %w", err)
	}
	if r.Own || s.blobs.Has(digest) || s.later == nil {
		return nil
	}
	if err := s.later(ctx, tx, r.Origin, digest); err != nil {
		return fmt.Errorf("have media fetched: %w", err)
	}
	return nil
}

// serveMedia serves the bytes of media that an entry commits to which the
// partner may see. Ranges make a download resumable.
func (s *Service) serveMedia(w http.ResponseWriter, r *http.Request, origin string, _ []byte) error {
	digest := r.PathValue("digest")
	if !news.ValidDigest(digest) {
		return news.Errorf(news.Invalid, "digest", "%q is not sha256: and 64 hex digits", digest)
	}
	may, err := s.mediaVisible(r.Context(), origin, digest)
	if err != nil {
		return err
	}
	if !may {
		return news.Errorf(news.NotFound, "digest", "no media of this digest is offered to %s", origin)
	}
	f, _, err := s.blobs.Open(digest)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	w.Header().Set("ETag", `"`+digest+`"`)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}

// UsesMedia reports whether any entry here commits to the media.
func (s *Service) UsesMedia(ctx context.Context, digest string) (bool, error) {
	var n int
	err := s.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 AS x FROM media_use WHERE digest = $1 LIMIT 1) used`, digest).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for uses of media: %w", err)
	}
	return n > 0, nil
}

// mediaVisible reports whether any entry that commits to the media is one that
// the partner sees. The newest are looked at: media that hundreds of items
// share is not worth a search through all of them.
func (s *Service) mediaVisible(ctx context.Context, partner, digest string) (bool, error) {
	v, err := s.viewFor(ctx, partner)
	if err != nil {
		return false, err
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT position FROM media_use WHERE digest = $1 AND origin = $2
		ORDER BY position DESC LIMIT 200`, digest, s.ledger.Origin())
	if err != nil {
		return false, err
	}
	defer rows.Close()
	var positions []int64
	for rows.Next() {
		var p int64
		if err := rows.Scan(&p); err != nil {
			return false, err
		}
		positions = append(positions, p)
	}
	if err := rows.Err(); err != nil {
		return false, err
	}
	for _, p := range positions {
		r, err := s.ledger.At(ctx, p)
		if err != nil {
			return false, err
		}
		if sees, err := v.sees(r); err != nil || sees == whole {
			return sees == whole, err
		}
	}
	return false, nil
}

// FetchMedia fetches the bytes of the digest from the partner, goes on where an
// earlier attempt stopped, and verifies them. It is called again until it
// succeeds, so a failure is only reported.
func (s *Service) FetchMedia(ctx context.Context, origin, digest string) error {
	if s.blobs.Has(digest) {
		return nil
	}
	p, err := s.Partner(ctx, origin)
	if err != nil {
		return err
	}
	if p.State != Confirmed || p.URL == "" {
		return news.Errorf(news.Unavailable, "partner", "%s cannot be called; its media come with the next bundle", origin)
	}
	part, err := s.blobs.Resume(ctx, digest, MaxMedia)
	if err != nil {
		return err
	}
	defer part.Close()
	q := request{method: http.MethodGet, path: "/exchange/v1/media/" + digest}
	if part.Size() > 0 {
		q.header = http.Header{"Range": {"bytes=" + strconv.FormatInt(part.Size(), 10) + "-"}}
	}
	res, err := (&remote{s, origin, p.URL}).do(ctx, q)
	if err != nil {
		return fmt.Errorf("fetch media %s of %s: %w", digest, origin, err)
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusPartialContent:
		if !strings.HasPrefix(res.Header.Get("Content-Range"), "bytes "+strconv.FormatInt(part.Size(), 10)+"-") {
			return errors.New("the partner answered with another range than was asked for")
		}
	case http.StatusOK:
		if err := part.Restart(); err != nil {
			return err
		}
	case http.StatusRequestedRangeNotSatisfiable: // all of it is here already
		_, err = part.Commit()
		return err
	default:
		return answered(res)
	}
	if _, err := io.Copy(part, res.Body); err != nil {
		return fmt.Errorf("fetch media %s of %s: %w", digest, origin, err)
	}
	if _, err = part.Commit(); err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error { return tx.Notify(ctx, Topic) })
}
