package exchange

import (
	"context"
	"errors"
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
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var own *ledger.Cosignature
	res, err := c.do(call, request{method: http.MethodPost, path: "/exchange/v1/cosign", body: func(key *ledger.Key) (b []byte, err error) {
		line := key.Cosign(cp, s.now())
		if own, err = ledger.VerifyCosignature(line, key.Verifier, cp); err != nil {
			return nil, err
		}
		return json.Marshal(cosigning{Size: cp.Size, Root: ledger.Hash(cp.Root).String(), Line: line})
	}})
	if err != nil {
		return err
	}
	// Kept here as well: the proofs that this node hands out name it as a witness.
	return errors.Join(res.Body.Close(), s.ledger.AddCosignature(ctx, cp, own))
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
func (s *Service) serveSeen(w http.ResponseWriter, r *http.Request, origin string, _ []byte) error {
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
	// A node that was set back to before a change of its key can verify only what
	// the key before signed as well.
	rotations, err := s.ledger.Rotations(r.Context(), origin, 0)
	if err != nil {
		return err
	}
	for _, signed := range rotations {
		notes = append(notes, string(signed))
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
	checkpoints, err := c.seen(ctx)
	if err != nil {
		return err
	}
	for _, signed := range checkpoints {
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

// seen fetches the checkpoints that the partner holds.
func (c *remote) seen(ctx context.Context) ([]string, error) {
	b, err := c.get(ctx, callTimeout, maxSeen, "/exchange/v1/seen", nil)
	if err != nil {
		return nil, err
	}
	var theirs seen
	if err := json.Unmarshal(b, &theirs); err != nil {
		return nil, news.Errorf(news.Invalid, "seen", "the answer of %s cannot be read", c.origin).Because(err)
	}
	return theirs.Checkpoints, nil
}

// restored begins the reason why a node does not write that is behind its own
// ledger.
const restored = "this node was restored from an old backup"

// ownTail stops this node from writing when a partner holds a newer checkpoint
// of our own: then this database is an old backup, and to go on would fork the
// ledger.
func (s *Service) ownTail(ctx context.Context, witness string, cp *ledger.Checkpoint) {
	h, err := s.ledger.Head(ctx, s.ledger.Origin())
	if err != nil {
		s.log.Error("cannot compare our ledger with a partner's copy", "partner", witness, "err", err)
		return
	}
	if cp.Size <= h.Size {
		if root, err := s.ledger.RootAt(ctx, h.Origin, cp.Size); err == nil && root != cp.Root {
			s.log.Error("this node's ledger was forked: a partner holds another one that our key signed; partners will refuse what we add",
				"partner", witness, "size", cp.Size)
		}
		return
	}
	if strings.HasPrefix(s.ledger.ReadOnly(), restored) {
		return
	}
	s.log.Error(restored+": a partner holds more of its ledger; run `jisr recover`", "partner", witness, "theirs", cp.Size, "ours", h.Size)
	if err := s.ledger.Suspend(ctx, restored+": "+witness+" holds more of its ledger than it does; run `jisr recover`"); err != nil {
		s.log.Error("cannot note that this node must not write", "err", err)
	}
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
// key signed. It returns how many came, and of how many entries the content is
// still lost: another partner may have been given it. Once no partner that
// answers holds more, the node may write again.
func (s *Service) Recover(ctx context.Context, origin string) (got, lost int64, err error) {
	p, err := s.Partner(ctx, origin)
	if err != nil {
		return 0, 0, err
	}
	c := &remote{s, origin, p.URL}
	own := s.ledger.Origin()
	for {
		newest, err := s.newestOwn(ctx, c)
		if err != nil {
			return got, lost, err
		}
		h, err := s.ledger.Head(ctx, own)
		if err != nil {
			return got, lost, err
		}
		if newest.Size <= h.Size {
			break
		}
		// All of it at once: a checkpoint of ours signs the end of the tail only.
		records, err := c.tail(ctx, h.Size, newest.Size)
		if err != nil {
			return got, lost, err
		}
		if err := s.ledger.Extend(ctx, &ledger.Extension{Origin: own, From: h.Size, Records: records, Checkpoint: newest}); err != nil {
			return got, lost, err
		}
		got += int64(len(records))
		// What came may name the key that signed what is newer still.
	}
	if err := s.recoverWithheld(ctx, c); err != nil {
		return got, lost, err
	}
	if lost, err = s.ledger.CountWithheld(ctx, own); err != nil {
		return got, lost, err
	}
	return got, lost, s.resume(ctx, origin)
}

// newestOwn returns the largest checkpoint of this node's ledger that the partner
// holds and a key known here signed.
func (s *Service) newestOwn(ctx context.Context, c *remote) (*ledger.Checkpoint, error) {
	own := s.ledger.Origin()
	keys, err := s.ledger.Keys(ctx, own)
	if err != nil {
		return nil, err
	}
	checkpoints, err := c.seen(ctx)
	if err != nil {
		return nil, err
	}
	var newest *ledger.Checkpoint
	for _, signed := range checkpoints {
		cp, err := ledger.ParseCheckpoint(own, []byte(signed), keys...)
		if err == nil && (newest == nil || cp.Size > newest.Size) {
			newest = cp
		}
	}
	if newest == nil {
		return nil, news.Errorf(news.NotFound, "partner", "%s holds no checkpoint of this ledger", c.origin)
	}
	return newest, nil
}

// recoverWithheld asks the partner for entries of ours that another one, from
// which the tail came, had not been given.
func (s *Service) recoverWithheld(ctx context.Context, c *remote) error {
	for from := int64(0); ; {
		hidden, err := s.ledger.Withheld(ctx, s.ledger.Origin(), from, batch)
		if err != nil || len(hidden) == 0 {
			return err
		}
		if from, err = s.reveal(ctx, c, mirrorPath, s.ledger.Origin(), hidden); err != nil {
			return err
		}
	}
}

// followTime is how long a recovered node waits for its own lists to show what
// came: an act on an item counts on from the version that they show.
const followTime = 30 * time.Second

// resume lets the node write again if no other partner holds more of its
// ledger.
func (s *Service) resume(ctx context.Context, from string) error {
	partners, err := s.Partners(ctx)
	if err != nil {
		return err
	}
	for _, p := range partners {
		if p.State != Confirmed || p.URL == "" || p.Origin == from {
			continue
		}
		h, err := s.ledger.Head(ctx, s.ledger.Origin())
		if err != nil {
			return err
		}
		cp, err := s.newestOwn(ctx, &remote{s, p.Origin, p.URL})
		switch {
		case err != nil:
			s.log.Warn("a partner could not be asked whether it holds more of our ledger", "partner", p.Origin, "err", err)
		case cp.Size > h.Size:
			return news.Errorf(news.Conflict, "partner", "%s holds still more of this ledger: recover from it as well", p.Origin)
		}
	}
	if err := s.followed(ctx); err != nil {
		return err
	}
	return s.ledger.Resume(ctx)
}

// followed waits until every follower that runs here has seen the whole journal.
func (s *Service) followed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, followTime)
	defer cancel()
	end, err := s.ledger.Position(ctx)
	if err != nil {
		return err
	}
	lags, err := s.ledger.Lags(ctx)
	if err != nil {
		return err
	}
	for _, l := range lags {
		if err := s.ledger.WaitFollower(ctx, l.Follower, end); err != nil {
			return err
		}
	}
	return nil
}

// tail fetches entries of our own ledger from a partner's mirror.
func (c *remote) tail(ctx context.Context, from, to int64) ([]ledger.Incoming, error) {
	var out []ledger.Incoming
	for from < to {
		records, err := c.entries(ctx, mirrorPath, from, int(min(batch, to-from)))
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
