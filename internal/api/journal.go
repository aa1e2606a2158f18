package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"jisr/internal/ledger"
	"jisr/internal/people"
)

// record is an entry of the journal. Of an item under embargo that the caller
// may not see yet, only the place and WithheldUntil are said; it can be read
// again then.
type record struct {
	Position      int64          `json:"position"`
	Origin        string         `json:"origin"`
	Own           bool           `json:"own"`
	Index         int64          `json:"index"`
	Kind          ledger.Kind    `json:"kind"`
	WithheldUntil time.Time      `json:"withheld_until,omitzero"`
	Hash          string         `json:"hash,omitempty"`
	Ref           string         `json:"ref,omitempty"`
	At            time.Time      `json:"at,omitzero"`
	Actor         ledger.Actor   `json:"actor,omitzero"`
	Prev          string         `json:"prev,omitempty"`
	Body          jsontext.Value `json:"body,omitempty"`
	Digests       []string       `json:"digests,omitempty"`
	Content       jsontext.Value `json:"content,omitempty"`
}

func (s *server) record(r *ledger.Record, embargoed bool) record {
	out := record{Position: r.Position, Origin: r.Origin, Own: r.Own, Index: r.Index, Kind: r.Kind}
	if !embargoed && r.Kind == ledger.KindItem {
		if until := embargoOf(r); until.After(s.now()) {
			out.WithheldUntil = utc(until)
			return out
		}
	}
	out.Hash, out.Ref = r.Hash().String(), r.Ref
	if e, err := r.Entry(); err == nil { // one that cannot be read is known by its hash
		out.At, out.Actor, out.Prev, out.Body, out.Digests = utc(e.At), e.Actor, e.Prev, e.Body, e.Digests
	}
	if c := jsontext.Value(r.Body); c != nil && c.IsValid() { // what is no JSON would spoil the answer
		out.Content = c
	}
	return out
}

// A page of the journal is cut short where its content grows larger than
// maxRead bytes; it is read in steps because content is of any size.
const (
	maxRead  = 8 << 20
	readStep = 16
)

// records returns up to limit records after the position, fewer if they are
// large, and none only at the journal's end.
func (s *server) records(ctx context.Context, after int64, limit int) ([]*ledger.Record, error) {
	var out []*ledger.Record
	for size := 0; len(out) < limit && size < maxRead; {
		step := min(readStep, limit-len(out))
		batch, err := s.ledger.Journal(ctx, after, step)
		if err != nil {
			return nil, err
		}
		for _, r := range batch {
			size += len(r.Bytes) + len(r.Body)
		}
		out = append(out, batch...)
		if len(batch) < step {
			break
		}
		after = batch[len(batch)-1].Position
	}
	return out, nil
}

type journalPage struct {
	Entries   []record `json:"entries"`
	NextAfter int64    `json:"next_after"` // what to ask with next
	Newest    int64    `json:"newest"`     // position; there is more while it is above NextAfter
}

func (s *server) readJournal(w http.ResponseWriter, c *call) error {
	q := query(c)
	after, limit := q.number("after", 0), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.records(c.Context(), after, limit)
	if err != nil {
		return err
	}
	out := journalPage{Entries: make([]record, len(found)), NextAfter: after}
	for i, r := range found {
		out.Entries[i], out.NextAfter = s.record(r, c.embargoed()), r.Position
	}
	if out.Newest, err = s.ledger.Position(c.Context()); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, out)
}

// head is a log as this node holds it.
type head struct {
	Origin     string `json:"origin"`
	Own        bool   `json:"own"`
	Size       int64  `json:"size"`
	Checkpoint string `json:"checkpoint,omitempty"`
	Frozen     string `json:"frozen,omitempty"`
}

type follower struct {
	Name     string `json:"name"`
	Position int64  `json:"position"`
	Behind   int64  `json:"behind"`
	Failing  bool   `json:"failing"`
	Failure  string `json:"failure,omitempty"` // for those who run the node
}

type ledgerState struct {
	Origin    string     `json:"origin"`
	Position  int64      `json:"position"`
	ReadOnly  string     `json:"read_only,omitempty"`
	Logs      []head     `json:"logs"`
	Followers []follower `json:"followers"`
}

func (s *server) showLedger(w http.ResponseWriter, c *call) error {
	out := ledgerState{Origin: s.ledger.Origin(), ReadOnly: s.ledger.ReadOnly()}
	var err error
	if out.Position, err = s.ledger.Position(c.Context()); err != nil {
		return err
	}
	logs, err := s.ledger.Logs(c.Context())
	if err != nil {
		return err
	}
	for _, l := range logs {
		h := head{Origin: l.Origin, Own: l.Own, Size: l.Size, Frozen: l.Frozen}
		if l.Checkpoint != nil {
			h.Checkpoint = string(l.Checkpoint.Note)
		}
		out.Logs = append(out.Logs, h)
	}
	if out.Followers, err = followers(c.Context(), s.ledger, c.caller.Can(people.ManageNode)); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, out)
}

// followers returns the state of what follows the journal, by name. What a
// failure says is from inside the node: it is for those who run it.
func followers(ctx context.Context, l *ledger.Ledger, inside bool) ([]follower, error) {
	lags, err := l.Lags(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]follower, len(lags))
	for i, lag := range lags {
		out[i] = follower{Name: lag.Follower, Position: lag.Position, Behind: lag.Behind, Failing: lag.Failure != ""}
		if inside {
			out[i].Failure = lag.Failure
		}
	}
	slices.SortFunc(out, func(a, b follower) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
