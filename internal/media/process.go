package media

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"jisr/internal/news"
)

// ErrBusy is that another file is being worked on: come again in a moment.
var ErrBusy = errors.New("another file is being worked on")

// Process finds out what a registered file is and makes its renditions. It is
// the work of a job: doing it twice leaves what doing it once leaves. A file
// that is damaged, or of a form that is not shown, is no failure of the work: the
// file's state and notices say so. It fails with ErrBusy while another is being
// worked on.
func (s *Service) Process(ctx context.Context, digest string) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	default:
		return ErrBusy
	}
	f, err := s.File(ctx, digest)
	if err != nil {
		return err
	}
	kind, _, err := s.look(digest)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "work-")
	if err != nil {
		return fmt.Errorf("work on media: %w", full(err))
	}
	defer os.RemoveAll(dir)
	w := &work{s: s, file: &File{Digest: f.Digest, Size: f.Size, Type: kind.Type, State: Ready, Renditions: map[Role]Rendition{}}, kind: kind, dir: dir}
	limited, cancel := context.WithTimeout(ctx, workFor)
	defer cancel()
	if err := w.do(limited); err != nil {
		return fmt.Errorf("work on media %s: %w", digest, err)
	}
	return s.save(ctx, w.file)
}

// workFor bounds the work on one file. It lies below the time that a job has, so
// that what takes too long is given up and not begun again and again.
const workFor = 4 * time.Minute

// work is one file being worked on.
type work struct {
	s    *Service
	file *File
	kind Kind
	dir  string // for files that a child process writes
}

func (w *work) do(ctx context.Context) error {
	var err error
	switch w.kind.Class {
	case Picture:
		err = w.picture(ctx)
	case Video, Audio:
		err = w.playable(ctx)
	}
	var bad *unusable
	if errors.Is(err, context.DeadlineExceeded) {
		err = &unusable{TookTooLong, err}
	}
	if errors.As(err, &bad) {
		w.say(bad.notice)
		if bad.notice == Damaged {
			w.file.State = Failed
		}
		return nil
	}
	return err
}

// unusable is the error of a file of which something cannot be made, however
// often it is tried.
type unusable struct {
	notice Notice
	err    error
}

func (u *unusable) Error() string { return fmt.Sprintf("%s: %v", u.notice, u.err) }
func (u *unusable) Unwrap() error { return u.err }

func (w *work) say(n Notice) {
	if !slices.Contains(w.file.Notices, n) {
		w.file.Notices = append(w.file.Notices, n)
	}
}

// keep stores a rendition.
func (w *work) keep(ctx context.Context, r Rendition, path string) error {
	info, err := w.s.blobs.Adopt(ctx, path, blobAny)
	if news.KindOf(err) == news.TooLarge {
		return &unusable{TookTooLong, err}
	}
	if err != nil {
		return err
	}
	r.Digest, r.Size = info.Digest, info.Size
	w.file.Renditions[r.Role] = r
	return nil
}
