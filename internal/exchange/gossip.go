package exchange

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// cosign tells a partner that we hold its ledger as it signed it: every partner
// is a witness.
func (s *Service) cosign(ctx context.Context, c *remote, cp *ledger.Checkpoint) error {
	line := s.ledger.Key().Cosign(cp, s.now())
	body, err := json.Marshal(cosigning{Size: cp.Size, Root: ledger.Hash(cp.Root).String(), Line: line})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	r, err := s.signed(ctx, http.MethodPost, c.url+"/exchange/v1/cosign", body)
	if err != nil {
		return err
	}
	_, err = s.call(r, 4<<10)
	return err
}

// cosigning is the body of a cosign request.
type cosigning struct {
	Size int64  `json:"size"`
	Root string `json:"root"`
	Line string `json:"line"`
}

// serveCosign takes a partner's cosignature on a checkpoint of ours. One that
// speaks of a tree we never had, or not yet, is the first sign that this node
// was restored from an old backup.
func (s *Service) serveCosign(w http.ResponseWriter, r *http.Request, origin string, body []byte) error {
	var c cosigning
	if err := json.Unmarshal(body, &c); err != nil {
		return news.Errorf(news.Invalid, "body", "the cosignature cannot be read").Because(err)
	}
	root, err := s.ledger.RootAt(r.Context(), s.ledger.Origin(), c.Size)
	if err != nil {
		return err
	}
	if ledger.Hash(root).String() != c.Root {
		return news.Errorf(news.Conflict, "root", "this ledger had another root at %d entries", c.Size)
	}
	vkeys, err := s.ledger.Keys(r.Context(), origin)
	if err != nil {
		return err
	}
	cp, err := s.ledger.Resign(r.Context(), c.Size, root)
	if err != nil {
		return err
	}
	sig, err := ledger.VerifyCosignature(c.Line, vkeys[0], cp)
	if err != nil {
		return err
	}
	if err := s.ledger.AddCosignature(r.Context(), cp, sig); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// serveSeen tells a partner which checkpoints we hold of others, and of its own
// ledger: it compares them with what it was shown.
func (s *Service) serveSeen(w http.ResponseWriter, r *http.Request, _ string, _ []byte) error {
	heads, err := s.ledger.Logs(r.Context())
	if err != nil {
		return err
	}
	var notes []string
	for _, h := range heads {
		if !h.Own && len(h.Checkpoint.Note) > 0 {
			notes = append(notes, string(h.Checkpoint.Note))
		}
	}
	return writeJSON(w, seen{notes})
}

type seen struct {
	Checkpoints []string `json:"checkpoints"`
}

// maxSeen is the largest answer to seen in bytes: some thousand checkpoints.
const maxSeen = 4 << 20

// gossip compares what the partner was shown by others with what we were, and
// learns whether it holds more of our own ledger than we do.
func (s *Service) gossip(ctx context.Context, c *remote) error {
	b, err := c.get(ctx, callTimeout, maxSeen, "/exchange/v1/seen", nil)
	if err != nil {
		return err
	}
	var theirs seen
	if err := json.Unmarshal(b, &theirs); err != nil {
		return news.Errorf(news.Invalid, "seen", "the answer of %s cannot be read", c.origin).Because(err)
	}
	for _, signed := range theirs.Checkpoints {
		origin, _, _ := strings.Cut(signed, "\n")
		keys, err := s.ledger.Keys(ctx, origin)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			continue // a ledger that we do not follow
		}
		cp, err := ledger.ParseCheckpoint(origin, []byte(signed), keys...)
		if err != nil {
			continue // hearsay without the origin's signature proves nothing
		}
		if origin == s.ledger.Origin() {
			s.ownTail(ctx, c.origin, cp)
			continue
		}
		if err := s.ledger.Examine(ctx, cp, c.origin); err != nil && news.KindOf(err) != news.Conflict {
			return err
		}
	}
	return nil
}

// ownTail stops this node from writing when a partner holds a newer checkpoint
// of our own: then this database is an old backup, and to go on would fork the
// ledger.
func (s *Service) ownTail(ctx context.Context, witness string, cp *ledger.Checkpoint) {
	h, err := s.ledger.Head(ctx, s.ledger.Origin())
	if err != nil || cp.Size <= h.Size {
		return
	}
	if s.ledger.ReadOnly() == "" {
		s.log.Error("this node was restored from an old backup: a partner holds more of its ledger; run `jisr recover`",
			"partner", witness, "theirs", cp.Size, "ours", h.Size)
	}
	s.ledger.SetReadOnly("this node was restored from an old backup: " + witness + " holds more of its ledger than it does; run `jisr recover`")
}

// CheckTail asks every partner that can be called for the newest checkpoint of
// our ledger that it holds, before anything is appended. It returns once all
// answered or the time is up: a partner that is away cannot keep a newsroom from
// writing.
func (s *Service) CheckTail(ctx context.Context, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	partners, err := s.Partners(ctx)
	if err != nil {
		return err
	}
	done := make(chan struct{}, len(partners))
	asked := 0
	for _, p := range partners {
		if p.State != Confirmed || p.URL == "" {
			continue
		}
		asked++
		go func() {
			if err := s.gossip(ctx, &remote{s, p.Origin, p.URL}); err != nil && ctx.Err() == nil {
				s.log.Info("a partner could not be asked for our newest checkpoint", "partner", p.Origin, "err", err)
			}
			done <- struct{}{}
		}()
	}
	for range asked {
		<-done
	}
	return nil
}

// Recover fetches the entries of our own ledger that this database lacks back
// from a partner that holds them, each checked against a checkpoint that our own
// key signed. It returns how many came, and of how many the content is lost.
func (s *Service) Recover(ctx context.Context, origin string) (got, lost int64, err error) {
	p, err := s.Partner(ctx, origin)
	if err != nil {
		return 0, 0, err
	}
	c := &remote{s, origin, p.URL}
	own := s.ledger.Origin()
	keys, err := s.ledger.Keys(ctx, own)
	if err != nil {
		return 0, 0, err
	}
	b, err := c.get(ctx, callTimeout, maxSeen, "/exchange/v1/seen", nil)
	if err != nil {
		return 0, 0, err
	}
	var theirs seen
	if err := json.Unmarshal(b, &theirs); err != nil {
		return 0, 0, err
	}
	var newest *ledger.Checkpoint
	for _, signed := range theirs.Checkpoints {
		cp, err := ledger.ParseCheckpoint(own, []byte(signed), keys...)
		if err == nil && (newest == nil || cp.Size > newest.Size) {
			newest = cp
		}
	}
	if newest == nil {
		return 0, 0, news.Errorf(news.NotFound, "partner", "%s holds no checkpoint of this ledger", origin)
	}
	for {
		h, err := s.ledger.Head(ctx, own)
		if err != nil {
			return got, lost, err
		}
		if h.Size >= newest.Size {
			s.ledger.SetReadOnly("")
			return got, lost, nil
		}
		// All of it at once: a checkpoint of ours signs the end of the tail only.
		records, err := c.tail(ctx, h.Size, newest.Size)
		if err != nil {
			return got, lost, err
		}
		if err := s.ledger.Extend(ctx, &ledger.Extension{Origin: own, From: h.Size, Records: records, Checkpoint: newest}); err != nil {
			return got, lost, err
		}
		for _, r := range records {
			if got++; r.Bytes == nil {
				lost++
			}
		}
	}
}

// tail fetches entries of our own ledger from a partner's mirror.
func (c *remote) tail(ctx context.Context, from, to int64) ([]ledger.Incoming, error) {
	var out []ledger.Incoming
	for from < to {
		records, err := c.entries(ctx, "/exchange/v1/mirror/entries", from, int(min(batch, to-from)))
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			return nil, news.Errorf(news.Invalid, "entries", "%s gives no entries from %d", c.origin, from)
		}
		out = append(out, records...)
		from += int64(len(records))
	}
	return out, nil
}
