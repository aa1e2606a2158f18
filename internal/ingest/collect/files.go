package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"jisr/internal/fetch"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

// Bounds on a folder, here or on a server.
const (
	maxDepth = 3     // folders within folders
	maxFiles = 20000 // that one look considers
)

// shelf is a folder of files, here or on a server. Errors: NotFound for a file
// that is not there any more, Unavailable when trying again may help; with
// another kind it does not.
type shelf interface {
	// list returns the files that the source's rules want, oldest first.
	list(ctx context.Context) ([]entry, error)
	read(ctx context.Context, e entry) ([]byte, error)
	// unchanged fails with Conflict if the file is not as it was listed any more.
	unchanged(ctx context.Context, e entry) error
	remove(ctx context.Context, name string) error
	move(ctx context.Context, from, to string) error
	// recover makes the shelf usable after a failure with Unavailable, or fails.
	recover(ctx context.Context) error
}

// files takes the files of a shelf, by the rules that folders here and folders on
// servers share.
type files struct {
	settle time.Duration // that a file must stay as it is before it is taken
	hold   time.Duration // and longer, before its source lets go of it
	now    func() time.Time
	wait   func(context.Context, time.Duration) error
}

// wait waits.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// coarseHold is how long after it was taken a file is read once more whose time
// tells whole minutes.
const coarseHold = 2 * time.Minute

// spare is how much of its time a look leaves unused, so that what it found is
// noted as a success.
const spare = 15 * time.Second

// look is one visit to a shelf.
type look struct {
	files
	visit    ingest.Visit
	shelf    shelf
	seen     *seen
	settled  map[string]entry // the files as they were at the second look; nil before it
	taken    int
	problems []string
	count    int // of files with a problem
}

// collect takes what is new on the shelf. What fails with one file is said at the
// end.
func (f files) collect(ctx context.Context, v ingest.Visit, s shelf) (ingest.Visited, error) {
	l := &look{files: f, visit: v, shelf: s, seen: readSeen(v.State)}
	entries, err := s.list(ctx)
	if err != nil {
		return ingest.Visited{State: v.State}, err
	}
	l.seen.forget(entries)
	if err := l.lookTwice(ctx, entries); err != nil {
		return ingest.Visited{State: l.seen.state()}, err
	}
	// What failed the last time comes last: it may be what kills the connection.
	slices.SortStableFunc(entries, func(a, b entry) int {
		return btoi(l.seen.Tried[a.mark()]) - btoi(l.seen.Tried[b.mark()])
	})
	for _, e := range entries {
		if deadline, ok := ctx.Deadline(); ok && l.taken > 0 && time.Until(deadline) < spare {
			break // the next look goes on
		}
		if err := l.one(ctx, e); err != nil {
			return ingest.Visited{State: l.seen.state()}, err
		}
	}
	return ingest.Visited{State: l.seen.state()}, l.failure()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// lookTwice waits for the settle time, if there is anything new, and lists the
// files again: those that changed meanwhile are still being written.
func (l *look) lookTwice(ctx context.Context, entries []entry) error {
	if !slices.ContainsFunc(entries, func(e entry) bool { return !l.seen.Taken[e.mark()] }) {
		return nil
	}
	if err := l.wait(ctx, l.settle); err != nil {
		return err
	}
	again, err := l.shelf.list(ctx)
	if err != nil {
		return err
	}
	l.settled = make(map[string]entry, len(again))
	for _, e := range again {
		l.settled[e.name] = e
	}
	return nil
}

// one does what is to be done about a file. It fails only if nothing more can be
// done at all.
func (l *look) one(ctx context.Context, e entry) error {
	k := e.mark()
	if l.seen.Taken[k] {
		noted, due := l.seen.due(k, l.now())
		switch {
		case !due:
			return nil
		case !noted || !e.coarse:
			return l.dispose(ctx, e)
		}
	} else if again, ok := l.settled[e.name]; !ok || !again.same(e) {
		return nil // its writer is not done
	}
	if e.size > maxFile {
		return l.refuse(ctx, e, news.Errorf(news.TooLarge, "", "the file has %d bytes, more than the %d allowed; ask the sender to split it", e.size, maxFile))
	}
	data, err := l.shelf.read(ctx, e)
	if err != nil {
		return l.unread(ctx, e, err)
	}
	if len(data) == 0 && !l.seen.Tried[k] {
		l.seen.Tried[k] = true // many create a file and then fill it: the next look decides
		return nil
	}
	sum := sha256.Sum256(data)
	err = l.visit.Keep(ctx, ingest.File{Key: e.name + " " + hex.EncodeToString(sum[:]), Name: shown(e.name), Data: data})
	if err != nil {
		return err
	}
	again := l.seen.Taken[k]
	l.seen.Taken[k] = true
	delete(l.seen.Tried, k)
	delete(l.seen.Told, k)
	l.taken++
	switch {
	case again:
		return l.dispose(ctx, e)
	case e.coarse:
		l.seen.later(k, l.now().Add(coarseHold))
	case l.visit.Source.After != ingest.Leave:
		// A writer that only paused is not to write into a file that is gone.
		l.seen.later(k, l.now().Add(l.hold))
	}
	return nil
}

// unread sorts out why a file could not be read.
func (l *look) unread(ctx context.Context, e entry, err error) error {
	k := e.mark()
	tried := l.seen.Tried[k]
	switch news.KindOf(err) {
	case news.Conflict: // it changed under our hands
		return nil
	case news.NotFound: // it was taken away or, if it is listed again, only seems to be
		if !tried {
			l.seen.Tried[k] = true
			return nil
		}
	case news.Unavailable, "":
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.seen.Tried[k] = true
		l.problem(e, err)
		return l.shelf.recover(ctx)
	}
	l.seen.Tried[k] = true
	return l.refuse(ctx, e, err)
}

// refuse reports, once, a file that cannot be fetched. It stays where it is.
func (l *look) refuse(ctx context.Context, e entry, why error) error {
	k := e.mark()
	if l.seen.Told[k] {
		return nil
	}
	key := fmt.Sprintf("%s unread %d %d", e.name, e.size, e.modified.UnixNano())
	if err := l.visit.Keep(ctx, ingest.File{Key: key, Name: shown(e.name), Err: why}); err != nil {
		return err
	}
	l.seen.Told[k] = true
	return nil
}

// dispose does with a kept file what its source wants, unless it has changed
// since: then it is a new one.
func (l *look) dispose(ctx context.Context, e entry) error {
	if l.visit.Source.After == ingest.Leave || l.visit.Source.After == "" {
		return nil
	}
	err := l.shelf.unchanged(ctx, e)
	if err == nil && l.visit.Source.After == ingest.Delete {
		err = l.shelf.remove(ctx, e.name)
	} else if err == nil {
		dir, base := path.Split(e.name)
		err = l.shelf.move(ctx, e.name, path.Join(dir, takenFolder, base))
	}
	switch {
	case err == nil:
		delete(l.seen.Taken, e.mark())
		return nil
	case news.KindOf(err) == news.NotFound, news.KindOf(err) == news.Conflict:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	l.problem(e, fmt.Errorf("it is kept, but its source did not let go of it: %w", err))
	if kind := news.KindOf(err); kind == news.Unavailable || kind == "" {
		return l.shelf.recover(ctx)
	}
	return nil
}

func (l *look) problem(e entry, err error) {
	l.count++
	if len(l.problems) < 3 {
		l.problems = append(l.problems, fetch.Said(shown(e.name))+": "+plain(err))
	}
}

// plain returns an error's message for people, with nothing of its cause.
func plain(err error) string {
	var e *news.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return fetch.Said(fetch.Reason(err))
}

func (l *look) failure() error {
	if l.count == 0 {
		return nil
	}
	text := ""
	for i, p := range l.problems {
		if i > 0 {
			text += "; "
		}
		text += p
	}
	if l.count > len(l.problems) {
		text += fmt.Sprintf("; and %d more", l.count-len(l.problems))
	}
	return news.Errorf(news.Unavailable, "", "%s", text)
}
