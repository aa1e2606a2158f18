package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/format/feed"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

const (
	takeAtOnce  = 50       // arrivals a batch
	bytesAtOnce = 32 << 20 // of their files
	brokenMost  = 3        // tries in a row that came to no end before a file is given up
	faultsMost  = 6        // tries that failed inside this node before a file is given up
)

// actor is who acts in the ledger when a source does.
func actor() ledger.Actor { return ledger.Actor{Role: "wire"} }

// taking is a batch of one source's arrivals being taken.
type taking struct {
	*Service
	src      *Source
	arrivals []*Arrival
	rows     map[string]*takenItem   // of this source, by URI
	others   map[string][]*takenItem // of other sources
	pieces   []*Piece
	drafts   []draftOp
	fetches  []string  // addresses of media that are to be fetched
	newest   time.Time // that an item gave itself
}

// takeSome takes a batch of the source's arrivals that are due, under its lease,
// and reports whether there may be more. It returns errLost when another process
// takes them.
func (s *Service) takeSome(ctx context.Context, source string) (more bool, err error) {
	t, err := s.begin(ctx, source)
	if err != nil || len(t.arrivals) == 0 {
		return false, err
	}
	work, stop := s.keepAlive(ctx, takeLease(source))
	defer stop()
	err = t.take(work)
	if cause := context.Cause(work); cause != nil {
		err = cause
	}
	end := context.WithoutCancel(ctx)
	switch {
	case err == nil:
		if err = t.settle(end); err == nil {
			t.showAll(end)
		}
	case errors.Is(err, errLost):
		return false, err
	case ctx.Err() != nil: // the process stops: nobody's fault
		return false, errors.Join(ctx.Err(), t.putBack(end, nil))
	default:
		s.log.Warn("files of a source cannot be taken and will be tried again", "source", source, "err", err)
		return true, t.putBack(end, err)
	}
	if errors.Is(err, errLost) {
		return false, err
	}
	if err != nil {
		return false, errors.Join(err, t.putBack(end, err))
	}
	return true, nil
}

// showAll has the media of new items shown. They are of record: what goes wrong
// here is no failure of the file.
func (t *taking) showAll(ctx context.Context) {
	for _, p := range t.pieces {
		if t.show == nil || p.Outcome != Issued && p.Outcome != Drafted {
			continue
		}
		for _, digest := range p.Item.Digests() {
			if err := t.show(ctx, digest); err != nil {
				t.log.Warn("cannot prepare media for showing", "digest", digest, "err", err)
			}
		}
	}
}

// begin claims the source and notes that the batch is being tried, so that files
// which end the process are known by it.
func (s *Service) begin(ctx context.Context, source string) (*taking, error) {
	t := &taking{Service: s}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		mine, err := s.claim(ctx, tx, takeLease(source))
		if err != nil {
			return err
		}
		if !mine {
			return errLost
		}
		t.src, err = scanSource(tx.QueryRowContext(ctx, `SELECT `+sourceColumns+` FROM source s WHERE s.id = $1`, source))
		if err != nil {
			return err
		}
		if err := t.choose(ctx, tx); err != nil {
			return err
		}
		if len(t.arrivals) == 0 {
			return s.release(ctx, tx, takeLease(source))
		}
		for _, a := range t.arrivals {
			_, err := tx.ExecContext(ctx, `UPDATE arrival SET tries = tries + 1, broken = broken + 1 WHERE id = $1`, a.ID)
			if err != nil {
				return err
			}
			a.Tries++
			a.broken++
		}
		return nil
	})
	return t, failed("begin to take files", err)
}

// choose reads which arrivals the batch has. One that was being tried when the
// process died, or that failed again and again, is tried alone: it may be what
// keeps the others.
func (t *taking) choose(ctx context.Context, tx *db.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT `+arrivalColumns+` FROM arrival WHERE source = $1 AND state = 'waiting' AND due <= $2
		ORDER BY id LIMIT $3`, t.src.ID, db.Micros(t.now()), takeAtOnce)
	if err != nil {
		return err
	}
	defer rows.Close()
	var size int64
	for rows.Next() {
		a, err := scanArrival(rows)
		if err != nil {
			return err
		}
		if alone := a.broken > 0 || a.Tries > 1; alone {
			if len(t.arrivals) == 0 {
				t.arrivals = []*Arrival{a}
			}
			break
		}
		if size += a.Size; size > bytesAtOnce && len(t.arrivals) > 0 {
			break
		}
		t.arrivals = append(t.arrivals, a)
	}
	return rows.Err()
}

// take does everything but the last transaction. Afterwards each arrival says
// what became of it.
func (t *taking) take(ctx context.Context) error {
	stories, lone, err := t.readAll(ctx)
	if err != nil {
		return err
	}
	if err := t.takePieces(ctx, stories); err != nil {
		return err
	}
	var alone []*Piece
	for _, l := range lone {
		uri, err := t.claimed(ctx, l.arrival)
		switch {
		case err != nil:
			return err
		case uri != "":
			l.arrival.add(Came{URI: uri, Outcome: Media})
		case t.reserved(l.arrival):
			l.arrival.wait(nil, t.now().Add(t.loneWait))
		default:
			l.arrival.fail(l.err)
			alone = append(alone, l.pieces...)
		}
	}
	return t.takePieces(ctx, alone)
}

// companionFile is a file that may be the medium of an item beside it.
type companionFile struct {
	arrival *Arrival
	pieces  []*Piece
	err     error
}

// readAll reads the files of the batch.
func (t *taking) readAll(ctx context.Context) (stories []*Piece, lone []companionFile, err error) {
	for _, a := range t.arrivals {
		a.begin()
		if a.broken > brokenMost {
			a.fail(news.Errorf(news.Invalid, "", "taking this file ended the program %d times: please report it with the file", brokenMost))
			continue
		}
		pieces, err := t.read(ctx, a)
		if err != nil && news.KindOf(err) != news.Invalid && news.KindOf(err) != news.TooLarge {
			return nil, nil, err
		}
		if hasNeighbours(t.src.Kind) && Companion(a.Format) {
			lone = append(lone, companionFile{a, pieces, err})
			continue
		}
		a.fail(err)
		stories = append(stories, pieces...)
	}
	return stories, lone, nil
}

// read reads one file.
func (t *taking) read(ctx context.Context, a *Arrival) ([]*Piece, error) {
	r, size, err := t.blobs.Open(a.Digest)
	if news.KindOf(err) == news.NotFound {
		return nil, news.Errorf(news.Invalid, "", "the bytes of this file are no longer here: have it sent again")
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size > MaxFile {
		return nil, news.Errorf(news.TooLarge, "", "%d bytes are more than the %d of one file: ask the sender to split it", size, MaxFile)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", a.ID, err)
	}
	pieces, read, err := t.ReadFile(ctx, data, a.Name)
	a.Format, a.Version = read.Format, read.Version
	if err != nil && len(pieces) == 0 && emptyFeed(data, read.Format) {
		return nil, nil // nothing happened there yet
	}
	for _, p := range pieces {
		p.arrival, p.Desk = a, t.src.Rules.desk(a.Name)
	}
	return pieces, err
}

func emptyFeed(data []byte, format string) bool {
	if format != "rss" && format != "atom" && format != "jsonfeed" {
		return false
	}
	f, _, err := feed.Read(data)
	return err == nil && len(f.Items) == 0
}

// takePieces takes items of the batch: what is here already costs one comparison,
// the others are given the source's rules and issued or put up for review.
func (t *taking) takePieces(ctx context.Context, pieces []*Piece) error {
	for _, p := range pieces {
		if err := t.identify(p); err != nil {
			p.Refuse(err)
			continue
		}
		t.notice(p.Item)
	}
	if err := t.remember(ctx, pieces); err != nil {
		return err
	}
	inSendersOrder(pieces)
	var changed []*Piece
	for _, p := range pieces {
		if p.Outcome == "" && !t.unchanged(p) {
			changed = append(changed, p)
		}
	}
	var ready []*Piece
	for _, p := range changed {
		err := t.makeReady(ctx, p)
		switch {
		case err != nil && news.KindOf(err) == "":
			return err
		case err != nil:
			p.Refuse(err)
		case len(p.awaits) == 0:
			ready = append(ready, p)
		}
	}
	for len(ready) > 0 {
		n := min(len(ready), actsAtOnce)
		if err := t.issueMany(ctx, ready[:n], actor(), t.plan); err != nil {
			return err
		}
		ready = ready[n:]
	}
	for _, p := range changed {
		t.note(p)
	}
	t.pieces = append(t.pieces, pieces...)
	return nil
}

// notice keeps the newest time that an item gives itself.
func (t *taking) notice(it *news.Item) {
	at := it.VersionCreated
	if at.IsZero() {
		at = it.FirstCreated
	}
	if at.After(t.newest) {
		t.newest = at
	}
}

// unchanged reports whether the item is here as it is, and settles it then.
func (t *taking) unchanged(p *Piece) bool {
	row := t.rows[p.Item.URI]
	if row == nil || row.digest != p.content {
		return false
	}
	if row.trouble && (t.src.Kind != Feed || row.arrival == p.arrival.ID) {
		return false // it failed: try it anew, unless a feed only repeats it
	}
	p.skip("")
	p.arrival.Unchanged++
	return true
}

// makeReady applies the rules and finds the item's media.
func (t *taking) makeReady(ctx context.Context, p *Piece) error {
	t.src.Rules.apply(p.Item, t.src.Name)
	none := news.Errorf(news.NotFound, "renditions", "there is no such file beside the item")
	err := t.ready(ctx, p, func(ctx context.Context, name string) (blob.Info, error) {
		if !hasNeighbours(t.src.Kind) {
			return blob.Info{}, none
		}
		name = path.Join(path.Dir(p.arrival.Name), name)
		a, err := t.named(ctx, name)
		if err != nil {
			return blob.Info{}, err
		}
		if a != nil {
			p.used = append(p.used, a.ID)
			return blob.Info{Digest: a.Digest, Size: a.Size}, nil
		}
		p.await(name, p.arrival.Received.Add(t.mediaWait), t.now())
		return blob.Info{}, none
	})
	if err != nil || !t.src.Rules.FetchMedia {
		return err
	}
	return t.fetchRemote(ctx, p)
}

// await has the piece wait for a file, unless it is too late for that. What stops
// use waits for nothing.
func (p *Piece) await(name string, until, now time.Time) {
	if p.stops() || !now.Before(until) {
		return
	}
	p.awaits = append(p.awaits, name)
	if until.After(p.until) {
		p.until = until
	}
}

// named returns the newest arrival of the source that has the name and bytes;
// nil for none.
func (t *taking) named(ctx context.Context, name string) (*Arrival, error) {
	a, err := oneArrival(t.db.Reader().QueryRowContext(ctx, `SELECT `+arrivalColumns+` FROM arrival
		WHERE source = $1 AND name = $2 AND digest <> '' ORDER BY id DESC LIMIT 1`, t.src.ID, name))
	if news.KindOf(err) == news.NotFound {
		return nil, nil
	}
	return a, err
}

// claimed returns the URI of the item that took the file as its medium, in this
// batch or when the same file came before; "" if it is a story by itself.
func (t *taking) claimed(ctx context.Context, a *Arrival) (string, error) {
	for _, p := range t.pieces {
		if p.took(a.ID) {
			return p.Item.URI, nil
		}
	}
	old, err := oneArrival(t.db.Reader().QueryRowContext(ctx, `SELECT `+arrivalColumns+` FROM arrival
		WHERE source = $1 AND name = $2 AND id < $3 ORDER BY id DESC LIMIT 1`, t.src.ID, a.Name, a.ID))
	switch {
	case news.KindOf(err) == news.NotFound:
		return "", nil
	case err != nil:
		return "", err
	case old.Digest == a.Digest && len(old.Came) == 1 && old.Came[0].Outcome == Media:
		return old.Came[0].URI, nil
	}
	return "", nil
}

// reserved reports whether an item of the batch that still waits for other files
// has named this one.
func (t *taking) reserved(a *Arrival) bool {
	return slices.ContainsFunc(t.pieces, func(p *Piece) bool { return len(p.awaits) > 0 && slices.Contains(p.used, a.ID) })
}

// took reports whether the arrival became a medium of the piece's item.
func (p *Piece) took(arrival string) bool {
	switch p.Outcome {
	case Issued, Drafted, Skipped:
		return slices.Contains(p.used, arrival)
	}
	return false
}
