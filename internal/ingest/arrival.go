package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/format"
	"jisr/internal/news"
)

// State is where an arrival stands.
type State string

// The states of an arrival.
const (
	Waiting  State = "waiting"
	Done     State = "done"
	Broken   State = "failed"
	SetAside State = "aside" // not taken by decision: of this house's people, or because a person must decide
)

// States lists every state.
var States = []State{Waiting, Done, Broken, SetAside}

// Arrival is a file as it came from a source.
type Arrival struct {
	ID        string // ULID: in the order of arrival
	Source    string // id
	Key       string // see File
	Name      string
	Digest    string // of the bytes; empty where none could be kept
	Size      int64  // bytes
	Received  time.Time
	State     State
	Due       time.Time // while waiting: not before
	Awaits    []string  // while waiting: files beside it that are not here yet
	Tries     int
	Settled   time.Time // when it was done with
	Place     string    // where in the file the fault is, as far as is known
	Reason    string    // why it failed, was set aside or waits, and what to do
	Format    string    // as detected
	Version   string    // of the format
	Unchanged int       // items in it that were here as they are
	Came      []Came    // what came of its other items, 500 at most
	Losses    []string  // what the items do not hold of the file

	broken int // tries in a row that came to no end
}

// Came is what came of an item of a file.
type Came struct {
	URI     string   `json:"uri,omitempty"`
	Outcome Outcome  `json:"outcome"`
	Act     news.Act `json:"act,omitempty"`
	Version int      `json:"version,omitempty"`
	Draft   string   `json:"draft,omitempty"`
	Reason  string   `json:"reason,omitempty"`
}

// Bounds on what is kept of one arrival.
const (
	maxKey    = 1024 // bytes
	maxPath   = 1024
	maxCame   = 500
	maxLosses = 500
)

// keeper returns what a collector hands its files to.
func (s *Service) keeper(src *Source, kept *int) Keep {
	return func(ctx context.Context, f File) error {
		_, isNew, err := s.keep(ctx, src, f)
		if isNew {
			*kept++
		}
		return err
	}
}

// keep stores the file, then its row, and wakes who takes it. Of a key that is
// here it returns the arrival and keeps nothing.
func (s *Service) keep(ctx context.Context, src *Source, f File) (a *Arrival, isNew bool, err error) {
	if f.Key == "" {
		sum := sha256.Sum256(f.Data)
		f.Key = f.Name + " " + hex.EncodeToString(sum[:])
	}
	return s.keepIncoming(ctx, src, incoming{File: f, body: bytes.NewReader(f.Data)})
}

// incoming is a file on its way in. Its key may be empty: then the digest of its
// bytes is.
type incoming struct {
	File
	body io.Reader
}

func (s *Service) keepIncoming(ctx context.Context, src *Source, f incoming) (a *Arrival, isNew bool, err error) {
	if f.Key != "" {
		f.Key = bounded(f.Key, maxKey)
		if a, err := s.arrivalOf(ctx, s.db.Reader(), src.ID, f.Key); news.KindOf(err) != news.NotFound {
			return a, false, err
		}
	}
	a = &Arrival{ID: ulid.Make().String(), Source: src.ID, Name: shown(f.Name), Size: int64(len(f.Data)),
		Received: s.now().UTC().Truncate(time.Microsecond), State: Waiting}
	head, err := s.store(ctx, a, f)
	if err != nil {
		return nil, false, err
	}
	if a.Key = f.Key; a.Key == "" {
		a.Key = a.Digest
	}
	a.Due = a.Received
	if a.State == Waiting && hasNeighbours(src.Kind) && src.Kind != Push && mayBeMedia(head) {
		a.Due = a.Received.Add(s.loneWait)
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		isNew, err = s.insert(ctx, tx, a)
		return err
	})
	if err != nil {
		return nil, false, failed("keep "+a.Name, err)
	}
	if !isNew {
		a, err = s.arrivalOf(ctx, s.db.Reader(), src.ID, a.Key)
	}
	return a, isNew, err
}

// store puts the bytes where they are safe, and returns the first of them. A file
// that will never be taken is an arrival all the same: one that failed, and says
// why.
func (s *Service) store(ctx context.Context, a *Arrival, f incoming) (head []byte, err error) {
	refuse := func(err error) { a.State, a.Reason, a.Settled = Broken, text(plain(err), maxReason), a.Received }
	switch {
	case f.Err != nil:
		refuse(f.Err)
		return nil, nil
	case len(f.Data) > MaxFile:
		refuse(news.Errorf(news.TooLarge, "", "%d bytes are more than the %d of one file: ask the sender to split it", len(f.Data), MaxFile))
		return nil, nil
	}
	if err := checkPath(f.Name); err != nil {
		refuse(err)
	}
	begin := &first{most: format.HeadSize}
	got, err := s.blobs.Put(ctx, io.TeeReader(f.body, begin), blob.Expect{Max: MaxFile})
	if err != nil {
		return nil, err
	}
	a.Digest, a.Size = got.Digest, got.Size
	return begin.bytes, nil
}

// first keeps the first bytes that are written to it.
type first struct {
	bytes []byte
	most  int
}

func (f *first) Write(b []byte) (int, error) {
	f.bytes = append(f.bytes, b[:min(len(b), f.most-len(f.bytes))]...)
	return len(b), nil
}

// checkPath refuses a name that would lead out of its folder if anyone used it
// as a path.
func checkPath(name string) error {
	switch {
	case len(name) > maxPath:
		return news.Errorf(news.Invalid, "name", "%d bytes are more than the %d of a file's name: have its sender name it otherwise", len(name), maxPath)
	case !utf8.ValidString(name) || strings.IndexFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0:
		return news.Errorf(news.Invalid, "name", "the file's name has control characters or is not UTF-8: have its sender name it otherwise")
	case name != "" && !local(path.Clean(name)):
		return news.Errorf(news.Invalid, "name", "the file's name leads out of its folder: have its sender name it otherwise, and ask why it does")
	}
	return nil
}

// shown is a name as it is kept, whatever it was.
func shown(name string) string {
	return text(name, maxPath)
}

// text is what others wrote in a form that every database stores.
func text(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// bounded returns the key, or a digest of one that is too long or no text.
func bounded(key string, most int) string {
	if len(key) <= most && utf8.ValidString(key) && !strings.ContainsRune(key, 0) {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// joined is how file names are kept in a column: each between line breaks, so
// that one can be looked for.
func joined(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "\n" + strings.Join(names, "\n\n") + "\n"
}

// hasNeighbours reports whether files of the source lie beside one another, so
// that an item of one can name another as its picture.
func hasNeighbours(k Kind) bool {
	return k == Folder || k == FTP || k == SFTP || k == Push
}

// mayBeMedia reports whether the file that begins so is no story by itself:
// perhaps a picture of an item beside it.
func mayBeMedia(head []byte) bool {
	if d, known := format.Detect(head, ""); known {
		return Companion(d.Name)
	}
	return bytes.IndexByte(head, 0) >= 0 || !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)])
}

// Companion reports whether files of the format, empty for an unknown one, often
// lie beside the item that they belong to.
func Companion(format string) bool {
	return format == "" || format == "picture" || format == "subtitles"
}

// insert writes the row unless its key is here, and lets whoever waits for a file
// of this name go on.
func (s *Service) insert(ctx context.Context, tx *db.Tx, a *Arrival) (bool, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO arrival (id, source, key, name, digest, size, received, state, due, awaits, tries,
		broken, settled, place, reason, format, version, unchanged, came, losses)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, 0, $10, '', $11, '', '', 0, $12, $13)
		ON CONFLICT (source, key) DO NOTHING`, a.ID, a.Source, a.Key, a.Name, a.Digest, a.Size, db.Micros(a.Received), string(a.State),
		db.Micros(a.Due), db.Micros(a.Settled), a.Reason, []byte("null"), []byte("null"))
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE arrival SET due = $1 WHERE source = $2 AND state = 'waiting' AND awaits <> ''
		AND replace(awaits, $3, '') <> awaits`, db.Micros(a.Received), a.Source, joined([]string{a.Name}))
	if err != nil {
		return false, err
	}
	t := tally{arrived: a.Received}
	t.move("", a.State)
	if err := s.count(ctx, tx, a.Source, &t); err != nil {
		return false, err
	}
	return true, tx.Notify(ctx, Topic)
}

const arrivalColumns = `id, source, key, name, digest, size, received, state, due, awaits, tries, broken, settled, place, reason,
	format, version, unchanged, came, losses`

func scanArrival(row interface{ Scan(...any) error }) (*Arrival, error) {
	var a Arrival
	var received, due, settled int64
	var came, losses []byte
	var awaits string
	err := row.Scan(&a.ID, &a.Source, &a.Key, &a.Name, &a.Digest, &a.Size, &received, &a.State, &due, &awaits, &a.Tries, &a.broken,
		&settled, &a.Place, &a.Reason, &a.Format, &a.Version, &a.Unchanged, &came, &losses)
	if err != nil {
		return nil, err
	}
	a.Awaits = strings.FieldsFunc(awaits, func(r rune) bool { return r == '\n' })
	a.Received, a.Due, a.Settled = db.FromMicros(received), db.FromMicros(due), db.FromMicros(settled)
	return &a, errors.Join(unpack(came, &a.Came), unpack(losses, &a.Losses))
}

func (s *Service) arrivalOf(ctx context.Context, q db.Queryer, source, key string) (*Arrival, error) {
	return oneArrival(q.QueryRowContext(ctx, `SELECT `+arrivalColumns+` FROM arrival WHERE source = $1 AND key = $2`, source, key))
}

// Arrival returns an arrival; NotFound if there is none of the id.
func (s *Service) Arrival(ctx context.Context, id string) (*Arrival, error) {
	return oneArrival(s.db.Reader().QueryRowContext(ctx, `SELECT `+arrivalColumns+` FROM arrival WHERE id = $1`, id))
}

func oneArrival(row *sql.Row) (*Arrival, error) {
	a, err := scanArrival(row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, news.Errorf(news.NotFound, "arrival", "there is no such arrival: the id is not right, or it was done with long ago")
	}
	if err != nil {
		return nil, fmt.Errorf("read the arrival: %w", err)
	}
	return a, nil
}

// ArrivalFilter chooses arrivals: the newest first.
type ArrivalFilter struct {
	Source string // id; empty for all
	State  State  // empty for all
	Before string // only ids below this one, to read on
	Limit  int    // 1 to 200; 0 means 50
}

// Arrivals returns arrivals.
func (s *Service) Arrivals(ctx context.Context, f ArrivalFilter) ([]*Arrival, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	if f.Before == "" {
		f.Before = "~" // after every id
	}
	query, args := `SELECT `+arrivalColumns+` FROM arrival WHERE id < $1`, []any{f.Before}
	if f.Source != "" {
		args = append(args, f.Source)
		query += fmt.Sprintf(` AND source = $%d`, len(args))
	}
	if f.State != "" {
		args = append(args, string(f.State))
		query += fmt.Sprintf(` AND state = $%d`, len(args))
	}
	args = append(args, f.Limit)
	rows, err := s.db.Reader().QueryContext(ctx, query+fmt.Sprintf(` ORDER BY id DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list arrivals: %w", err)
	}
	defer rows.Close()
	var out []*Arrival
	for rows.Next() {
		a, err := scanArrival(rows)
		if err != nil {
			return nil, fmt.Errorf("list arrivals: %w", err)
		}
		out = append(out, a)
	}
	return out, rows.Err()
}

// OpenArrival returns the file as it came, and its size. The caller closes it.
func (s *Service) OpenArrival(ctx context.Context, id string) (*Arrival, io.ReadSeekCloser, error) {
	a, err := s.Arrival(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if a.Digest == "" {
		return nil, nil, news.Errorf(news.NotFound, "arrival", "no bytes of this file were kept: %s", a.Reason)
	}
	r, _, err := s.blobs.Open(a.Digest)
	return a, r, err
}
