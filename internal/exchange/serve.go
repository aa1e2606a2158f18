package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// pollFor is how long a wait is held open (docs/protocol.md "wait": ≤ 30 s).
const pollFor = 25 * time.Second

// Where ranges of a ledger are served.
const (
	entriesPath = "/exchange/v1/entries"
	mirrorPath  = "/exchange/v1/mirror/entries"
)

// Handler serves the protocol to partners.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ProfilePath, s.open(s.serveProfile))
	mux.HandleFunc("POST /exchange/v1/hello", s.open(s.serveHello))
	// The log without its entries: anyone may hold it.
	mux.HandleFunc("GET /exchange/v1/checkpoint", s.open(s.serveCheckpoint))
	mux.HandleFunc("GET /exchange/v1/rotation", s.open(s.serveRotation))
	mux.HandleFunc("GET /exchange/v1/tile/{path...}", s.open(s.serveTile))
	// What agreements give.
	mux.HandleFunc("GET /exchange/v1/wait", s.partner(s.serveWait))
	mux.HandleFunc("GET "+entriesPath, s.partner(s.serveEntries))
	mux.HandleFunc("GET /exchange/v1/media/{digest}", s.partner(s.serveMedia))
	mux.HandleFunc("POST /exchange/v1/cosign", s.partner(s.serveCosign))
	mux.HandleFunc("GET /exchange/v1/seen", s.partner(s.serveSeen))
	// A partner's own ledger as we hold it, for its recovery.
	mux.HandleFunc("GET "+mirrorPath, s.partner(s.serveMirror))
	return mux
}

// open adapts a handler that anyone may call.
func (s *Service) open(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			s.problem(w, r, err)
		}
	}
}

// partner adapts a handler that confirmed partners may call.
func (s *Service) partner(f func(w http.ResponseWriter, r *http.Request, origin string, body []byte) error) http.HandlerFunc {
	return s.open(func(w http.ResponseWriter, r *http.Request) error {
		body, err := readBody(r)
		if err != nil {
			return err
		}
		origin, err := s.caller(r, body)
		if err != nil {
			return err
		}
		s.alive(origin)
		return f(w, r, origin, body)
	})
}

// Problem is the answer to a failed request: RFC 9457.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"`
}

var statuses = map[news.Kind]int{
	news.Invalid: http.StatusBadRequest, news.NotFound: http.StatusNotFound, news.Conflict: http.StatusConflict,
	news.Forbidden: http.StatusForbidden, news.Unavailable: http.StatusServiceUnavailable, news.TooLarge: http.StatusRequestEntityTooLarge,
}

// problem answers a failed request. What is not for others to know stays in the
// log.
func (s *Service) problem(w http.ResponseWriter, r *http.Request, err error) {
	p := Problem{Type: "about:blank", Status: http.StatusInternalServerError, Detail: "something went wrong here; its log says what"}
	var e *news.Error
	var slow *limited
	switch {
	case errors.Is(err, context.Canceled): // the node is stopping, or nobody is there any more
		p.Status, p.Detail = http.StatusServiceUnavailable, "the node is stopping"
	case errors.As(err, &slow):
		p.Status, p.Detail, p.Field = http.StatusTooManyRequests, slow.reason.Message, slow.reason.Field
		w.Header().Set("Retry-After", "1")
	case errors.As(err, &e):
		p.Status, p.Detail, p.Field = statuses[e.Kind], e.Message, e.Field
	default:
		s.log.Error("a partner's request failed", "path", r.URL.Path, "err", err)
	}
	p.Title = http.StatusText(p.Status)
	b, _ := json.Marshal(p)
	w.Header().Del("Content-Encoding") // of a stream that failed before it began
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	w.Write(b) //nolint:errcheck // the caller has gone, nothing is left to say
}

func writeJSON(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(b)
	return err
}

func (s *Service) serveProfile(w http.ResponseWriter, r *http.Request) error {
	b, err := s.SignedProfile(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(b)
	return err
}

// serveHello takes the profile of a node that would like to be a partner. It
// only ever adds a line for people to look at.
func (s *Service) serveHello(w http.ResponseWriter, r *http.Request) error {
	if err := s.limits.take("hello"); err != nil {
		return err
	}
	doc, err := readBody(r)
	if err != nil {
		return err
	}
	p, vkey, err := openProfile(doc)
	if err != nil {
		return err
	}
	if p.Origin == s.ledger.Origin() {
		return news.Errorf(news.Conflict, "origin", "that is this node's own name")
	}
	if err := s.roomForStrangers(r.Context()); err != nil {
		return err
	}
	if err := s.storePartner(r.Context(), p, doc, vkey, Asked); err != nil {
		return err
	}
	s.alive(p.Origin)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxStrangers is how many nodes that called unasked are kept for people to
// look at.
const maxStrangers = 200

func (s *Service) roomForStrangers(ctx context.Context) error {
	var n int
	err := s.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM partner WHERE state = $1`, string(Asked)).Scan(&n)
	if err == nil && n >= maxStrangers {
		return news.Errorf(news.Unavailable, "hello", "too many nodes wait to be looked at here: ask its people to add you")
	}
	return err
}

func (s *Service) serveCheckpoint(w http.ResponseWriter, r *http.Request) error {
	h, err := s.ledger.Head(r.Context(), s.ledger.Origin())
	if err != nil {
		return err
	}
	lines, err := s.ledger.Cosignatures(r.Context(), h.Origin, h.Size)
	if err != nil {
		return err
	}
	return writeNote(w, ledger.WithCosignatures(h.Checkpoint.Note, lines))
}

func writeNote(w http.ResponseWriter, signed []byte) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(signed)
	return err
}

func (s *Service) serveRotation(w http.ResponseWriter, r *http.Request) error {
	after, err := number(r, "after", 0)
	if err != nil {
		return err
	}
	signed, err := s.ledger.Rotation(r.Context(), after)
	if err != nil {
		return err
	}
	return writeNote(w, signed)
}

// serveTile serves a hash tile under the path of C2SP tlog-tiles.
func (s *Service) serveTile(w http.ResponseWriter, r *http.Request) error {
	// tlog names the height first, the C2SP paths leave it out.
	t, err := tlog.ParseTilePath("tile/8/" + r.PathValue("path"))
	if err != nil {
		return news.Errorf(news.NotFound, "tile", "there is no tile of this name")
	}
	b, err := s.ledger.Tile(r.Context(), s.ledger.Origin(), t.L, t.N, t.W)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, err = w.Write(b)
	return err
}

func number(r *http.Request, name string, missing int64) (int64, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return missing, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, news.Errorf(news.Invalid, name, "%q is not a number", s)
	}
	return n, nil
}

// waited is the answer to a wait.
type waited struct {
	Size  int64  `json:"size"`
	Epoch string `json:"epoch"` // changes when something withheld so far may be asked for again
}

func (s *Service) serveWait(w http.ResponseWriter, r *http.Request, origin string, _ []byte) error {
	size, err := number(r, "size", 0)
	if err != nil {
		return err
	}
	epoch := r.URL.Query().Get("epoch")
	ctx, cancel := context.WithTimeout(r.Context(), pollFor)
	defer cancel()
	grown, stopGrown := s.db.Subscribe(ledger.Topic)
	defer stopGrown()
	agreed, stopAgreed := s.db.Subscribe(Topic)
	defer stopAgreed()
	for {
		now, err := s.offerTo(ctx, origin)
		if err != nil && r.Context().Err() == nil && ctx.Err() == nil {
			return err
		}
		if err == nil && (now.Size != size || now.Epoch != epoch) {
			return writeJSON(w, now)
		}
		next := time.NewTimer(s.untilEmbargo(ctx))
		select {
		case <-grown:
		case <-agreed:
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
			if r.Context().Err() != nil {
				return r.Context().Err()
			}
			return writeJSON(w, waited{Size: size, Epoch: epoch})
		}
		next.Stop()
	}
}

// offerTo returns the size of our ledger and the epoch of what the partner may
// see of it: it moves when an agreement changes or an embargo ends.
func (s *Service) offerTo(ctx context.Context, partner string) (waited, error) {
	h, err := s.ledger.Head(ctx, s.ledger.Origin())
	if err != nil {
		return waited{}, err
	}
	var changed, lifted int64
	err = s.db.Reader().QueryRowContext(ctx, `SELECT
		(SELECT coalesce(max(changed), 0) FROM agreement WHERE partner = $1),
		(SELECT count(*) FROM own_embargo WHERE until <= $2)`,
		partner, s.now().UnixMicro()).Scan(&changed, &lifted)
	if err != nil {
		return waited{}, fmt.Errorf("read what %s may see: %w", partner, err)
	}
	return waited{h.Size, fmt.Sprintf("%d.%d", changed, lifted)}, nil
}

// untilEmbargo returns how long it is until the next embargo of an own item
// ends.
func (s *Service) untilEmbargo(ctx context.Context) time.Duration {
	var next int64
	err := s.db.Reader().QueryRowContext(ctx, `SELECT coalesce(min(until), 0) FROM own_embargo WHERE until > $1`, s.now().UnixMicro()).Scan(&next)
	if err != nil || next == 0 {
		return pollFor
	}
	return max(time.Millisecond, time.UnixMicro(next).Sub(s.now()))
}

// serveEntries streams a range of the ledger as the partner may see it.
func (s *Service) serveEntries(w http.ResponseWriter, r *http.Request, origin string, _ []byte) error {
	from, limit, err := span(r)
	if err != nil {
		return err
	}
	v, err := s.viewFor(r.Context(), origin)
	if err != nil {
		return err
	}
	return stream(w, r, func(f *frameWriter) error { return s.writeRange(r.Context(), f, v, from, limit) })
}

func span(r *http.Request) (from int64, limit int, err error) {
	if from, err = number(r, "from", 0); err != nil {
		return 0, 0, err
	}
	n, err := number(r, "limit", 1000)
	if err != nil {
		return 0, 0, err
	}
	if n < 1 || n > maxEntries {
		return 0, 0, news.Errorf(news.TooLarge, "limit", "%d is outside 1 to %d", n, maxEntries)
	}
	return from, int(n), nil
}

// errFull ends a range that has reached the size that one answer may have; the
// reader asks for the rest.
var errFull = errors.New("the answer is full")

// What an answer takes from the database at once. A partner that reads slowly
// then holds this much memory and no connection of the database: a few of those
// would stop everyone else.
const (
	chunkBytes   = 2 << 20
	chunkEntries = 500
)

// chunk returns the first records that are here of a range of the log, and the
// index up to which nothing was left out.
func (s *Service) chunk(ctx context.Context, log string, from, end int64) ([]*ledger.Record, int64, error) {
	var out []*ledger.Record
	size := 0
	upTo := min(end, from+chunkEntries)
	err := s.ledger.EachInRange(ctx, log, from, int(upTo-from), func(r *ledger.Record) error {
		if size += len(r.Bytes) + len(r.Body); len(out) > 0 && size > chunkBytes {
			upTo = r.Index
			return errFull
		}
		r.Bytes, r.Body = bytes.Clone(r.Bytes), bytes.Clone(r.Body)
		out = append(out, r)
		return nil
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return out, upTo, err
}

// each calls f for every index of the range, with a nil record where the entry is
// not here, until the answer would be full.
func (s *Service) each(ctx context.Context, log string, from, end int64, f func(index int64, r *ledger.Record) error) error {
	size := 0
	for from < end {
		records, upTo, err := s.chunk(ctx, log, from, end)
		if err != nil {
			return err
		}
		for ; from < upTo; from++ {
			var r *ledger.Record
			size += 64
			if len(records) > 0 && records[0].Index == from {
				r, records = records[0], records[1:]
				size += len(r.Bytes) + len(r.Body)
			}
			if size > maxBatch-1024 {
				return nil
			}
			if err := f(from, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeRange writes a range of our own ledger as the view shows it.
func (s *Service) writeRange(ctx context.Context, f *frameWriter, v *view, from int64, limit int) error {
	h, err := s.ledger.Head(ctx, v.origin)
	if err != nil {
		return err
	}
	return s.each(ctx, v.origin, from, min(h.Size, from+int64(limit)), func(index int64, r *ledger.Record) error {
		if r != nil {
			return v.write(f, r)
		}
		// After a recovery an entry may be lost of which the tree still has the hash.
		lost, err := s.ledger.Withheld(ctx, v.origin, index, 1)
		if err != nil {
			return err
		}
		if len(lost) == 0 || lost[0] != index {
			return fmt.Errorf("entry %d of our own ledger is missing", index)
		}
		return s.writeHash(ctx, f, v.origin, index)
	})
}

func (s *Service) writeHash(ctx context.Context, f *frameWriter, log string, index int64) error {
	hash, err := s.ledger.RecordHash(ctx, log, index)
	if err != nil {
		return err
	}
	return f.hash(frameHash, hash)
}

// write writes a record as a frame.
func (v *view) write(f *frameWriter, r *ledger.Record) error {
	sees, err := v.sees(r)
	var unreadable *news.Error
	if errors.As(err, &unreadable) {
		sees, err = unseen, nil // one entry must not keep partners from those after it
	}
	if err != nil {
		return fmt.Errorf("entry %d: %w", r.Index, err)
	}
	switch sees {
	case whole:
		return f.entry(r.Bytes, r.Body)
	case entryOnly:
		return f.entry(r.Bytes, nil)
	}
	return f.hash(frameWithheld, r.Hash())
}

// stream writes frames, compressed if the caller takes it. An error after the
// first byte breaks the connection, so that the reader cannot take what came for
// all there is.
func stream(w http.ResponseWriter, r *http.Request, write func(*frameWriter) error) error {
	w.Header().Set("Content-Type", ContentTypeEntries)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept-Encoding")
	p := &patient{w: w, c: http.NewResponseController(w)}
	defer p.c.SetWriteDeadline(time.Time{}) //nolint:errcheck // the server may not know deadlines
	err := frames(p, r, write)
	if err != nil && p.began {
		panic(http.ErrAbortHandler)
	}
	return err
}

func frames(w *patient, r *http.Request, write func(*frameWriter) error) error {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "zstd") {
		f := newFrameWriter(w)
		if err := write(f); err != nil {
			return err
		}
		return f.end()
	}
	w.w.Header().Set("Content-Encoding", "zstd")
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	f := newFrameWriter(z)
	if err := write(f); err != nil {
		return err
	}
	return errors.Join(f.end(), z.Close())
}

// writeTime is how long a reader may take for a part of an answer, some tens of
// kilobytes.
const writeTime = time.Minute

// patient is a writer that does not wait for a reader for ever.
type patient struct {
	w     http.ResponseWriter
	c     *http.ResponseController
	began bool
}

func (p *patient) Write(b []byte) (int, error) {
	p.began = true
	p.c.SetWriteDeadline(time.Now().Add(writeTime)) //nolint:errcheck // the server may not know deadlines
	return p.w.Write(b)
}

// serveMirror streams the caller's own ledger as this node holds it, for a node
// that lost its tail.
func (s *Service) serveMirror(w http.ResponseWriter, r *http.Request, origin string, _ []byte) error {
	from, limit, err := span(r)
	if err != nil {
		return err
	}
	h, err := s.ledger.Head(r.Context(), origin)
	if err != nil {
		return err
	}
	ctx := r.Context()
	return stream(w, r, func(f *frameWriter) error {
		return s.each(ctx, origin, from, min(h.Size, from+int64(limit)), func(index int64, r *ledger.Record) error {
			if r != nil {
				return f.entry(r.Bytes, r.Body)
			}
			return s.writeHash(ctx, f, origin, index)
		})
	})
}
