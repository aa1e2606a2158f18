// Package media takes files in that people upload, finds out what they are, and
// makes what pages show of them: thumbnails, previews, posters, waveforms.
//
// Its invariant: a file is what its bytes show, never what its name or its
// sender says, and nothing that a stranger made is decoded without limits.
// Pictures are decoded here once their dimensions are known to be bearable;
// sound and video only by the system's ffmpeg, in a child process with bounds on
// time, memory and output, told which format to expect and forbidden to open
// anything but the file.
//
// A file's own bytes are never changed: what is made of it is another file, and
// may be made again.
package media

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
)

// MaxSize is the largest file in bytes.
const MaxSize = blob.MaxSize

// Options is what media needs.
type Options struct {
	DB    *db.DB
	Blobs *blob.Store
	Dir   string // for uploads and work under way; best in the file system of the blobs
	// Later has Process called for the digest once the transaction is durable.
	Later func(ctx context.Context, tx *db.Tx, digest string) error
	Now   func() time.Time
	Log   *slog.Logger
	// FFmpeg and FFprobe are the programs; empty to look for them in the path.
	FFmpeg, FFprobe string
}

// Service takes media in and shows them.
type Service struct {
	db    *db.DB
	blobs *blob.Store
	dir   string
	later func(context.Context, *db.Tx, string) error
	now   func() time.Time
	log   *slog.Logger

	ffmpeg, ffprobe string        // empty if they are not there
	turn            chan struct{} // held while something is decoded: one at a time, for memory
	finishing       sync.Mutex    // held while a whole upload is stored: who asks for it must not do so, too
}

// New returns the service with its folder.
func New(o Options) (*Service, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of uploads: %w", err)
	}
	s := &Service{db: o.DB, blobs: o.Blobs, dir: o.Dir, later: o.Later, now: o.Now, log: o.Log,
		ffmpeg: program(o.FFmpeg, "ffmpeg"), ffprobe: program(o.FFprobe, "ffprobe"), turn: make(chan struct{}, 1)}
	if !s.CanPlay() {
		o.Log.Warn("ffmpeg is not installed: video and sound are kept and delivered, but have no previews (Debian: apt-get install ffmpeg)")
	}
	return s, nil
}

// program finds a program, or returns "".
func program(path, name string) string {
	if path == "" {
		path = name
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return ""
	}
	return found
}

// CanPlay reports whether previews of video and sound can be made here: whether
// the system has ffmpeg.
func (s *Service) CanPlay() bool { return s.ffmpeg != "" && s.ffprobe != "" }
