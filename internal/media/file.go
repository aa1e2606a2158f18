package media

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/news"
)

// State is how far the work on a file is.
type State string

// The states of a file.
const (
	Pending State = "pending" // previews are being made
	Ready   State = "ready"   // what can be made is there; Notices say what cannot
	Failed  State = "failed"  // its bytes are damaged
)

// Notice says why something is not there, or not whole. Pages have words for
// each.
type Notice string

// The notices.
const (
	NoFFmpeg     Notice = "no_ffmpeg"     // the system's ffmpeg is missing: an administrator can install it
	TooManyDots  Notice = "too_large"     // a picture with more pixels than are decoded here
	Undecodable  Notice = "undecodable"   // of a form that is kept and not shown
	Damaged      Notice = "damaged"       // its bytes are not what they begin as
	PreviewShort Notice = "preview_short" // the preview holds the beginning only
	TookTooLong  Notice = "too_long"      // it was given up: limits of time or memory
)

// Stream is one track of video or sound.
type Stream struct {
	Kind       string  `json:"kind"` // video, audio, subtitle
	Codec      string  `json:"codec"`
	Width      int     `json:"width,omitempty"` // pixels as coded
	Height     int     `json:"height,omitempty"`
	FrameRate  float64 `json:"frame_rate,omitempty"`
	Channels   int     `json:"channels,omitempty"`
	SampleRate int     `json:"sample_rate,omitempty"` // Hz
	Language   string  `json:"language,omitempty"`    // as the file says, ISO 639-2
}

// File is what is known of a file.
type File struct {
	Digest        string
	Type          string // media type that its bytes show
	Size          int64
	State         State
	Notices       []Notice
	Width, Height int // pixels as shown
	Duration      time.Duration
	Streams       []Stream
	Renditions    map[Role]Rendition
}

// Role is what a rendition is for.
type Role string

// The roles: the first two are IPTC's of the same name.
const (
	Thumbnail Role = "thumbnail" // JPEG, 320 pixels at most
	Preview   Role = "preview"   // a JPEG of 1,600 pixels at most, an MP4 of 540 lines, or an M4A
	Poster    Role = "poster"    // a picture of a video, JPEG
	Waveform  Role = "waveform"  // of sound, PNG
)

// Rendition is a file made of another.
type Rendition struct {
	Role          Role
	Digest, Type  string
	Size          int64 // bytes
	Width, Height int   // pixels; 0 for sound
}

// File returns what is known of a file; NotFound if it was never looked at.
func (s *Service) File(ctx context.Context, digest string) (*File, error) {
	found, err := s.Files(ctx, digest)
	if err != nil {
		return nil, err
	}
	if f := found[digest]; f != nil {
		return f, nil
	}
	return nil, news.Errorf(news.NotFound, "digest", "nothing is known of the media %s", digest)
}

// maxAsked is how many files one statement asks for.
const maxAsked = 100

// Files returns what is known of files and their renditions, by digest: two
// statements for a hundred of them.
func (s *Service) Files(ctx context.Context, digests ...string) (map[string]*File, error) {
	out := make(map[string]*File, len(digests))
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(digests))), maxAsked) {
		in, args := list(chunk)
		if err := s.readFiles(ctx, in, args, out); err != nil {
			return nil, fmt.Errorf("media files: %w", err)
		}
		if err := s.readRenditions(ctx, in, args, out); err != nil {
			return nil, fmt.Errorf("renditions: %w", err)
		}
	}
	return out, nil
}

func (s *Service) readFiles(ctx context.Context, in string, args []any, into map[string]*File) error {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT digest, type, size, state, notices, width, height, duration, streams
		FROM media_file WHERE digest IN (`+in+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		f := &File{Renditions: map[Role]Rendition{}}
		var notices, streams string
		var millis int64
		if err := rows.Scan(&f.Digest, &f.Type, &f.Size, &f.State, &notices, &f.Width, &f.Height, &millis, &streams); err != nil {
			return err
		}
		for n := range strings.FieldsSeq(notices) {
			f.Notices = append(f.Notices, Notice(n))
		}
		f.Duration = time.Duration(millis) * time.Millisecond
		if streams != "" {
			if err := json.Unmarshal([]byte(streams), &f.Streams); err != nil {
				return err
			}
		}
		into[f.Digest] = f
	}
	return rows.Err()
}

func (s *Service) readRenditions(ctx context.Context, in string, args []any, into map[string]*File) error {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT source, role, digest, type, size, width, height FROM media_rendition WHERE source IN (`+in+`)`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var source string
		var r Rendition
		if err := rows.Scan(&source, &r.Role, &r.Digest, &r.Type, &r.Size, &r.Width, &r.Height); err != nil {
			return err
		}
		if f := into[source]; f != nil {
			f.Renditions[r.Role] = r
		}
	}
	return rows.Err()
}

// list returns placeholders and arguments for an IN.
func list(values []string) (string, []any) {
	var b strings.Builder
	args := make([]any, len(values))
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", i+1)
		args[i] = v
	}
	return b.String(), args
}

// Register notes a file that is in the blob store, wherever it came from, and
// has its renditions made. Registering it again costs nothing. It fails with
// Invalid for a file that Sniff refuses.
func (s *Service) Register(ctx context.Context, digest string) error {
	kind, info, err := s.look(digest)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error { return s.register(ctx, tx, info, kind) })
}

// look sniffs a stored file.
func (s *Service) look(digest string) (Kind, blob.Info, error) {
	f, size, err := s.blobs.Open(digest)
	if err != nil {
		return Kind{}, blob.Info{}, err
	}
	defer f.Close()
	head := make([]byte, min(size, sniffed))
	if _, err := f.Read(head); err != nil {
		return Kind{}, blob.Info{}, fmt.Errorf("read media: %w", err)
	}
	kind, err := Sniff(head)
	return kind, blob.Info{Digest: digest, Size: size}, err
}

func (s *Service) register(ctx context.Context, tx *db.Tx, info blob.Info, kind Kind) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO media_file (digest, type, size, state, notices, width, height, duration, streams, updated)
		VALUES ($1, $2, $3, $4, '', 0, 0, 0, '', $5) ON CONFLICT (digest) DO NOTHING`, info.Digest, kind.Type, info.Size, Pending, db.Micros(s.now()))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return s.later(ctx, tx, info.Digest)
}

// save writes what work on a file has come to.
func (s *Service) save(ctx context.Context, f *File) error {
	streams, err := json.Marshal(f.Streams)
	if err != nil {
		return err
	}
	notices := make([]string, len(f.Notices))
	for i, n := range f.Notices {
		notices[i] = string(n)
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE media_file SET type = $1, state = $2, notices = $3, width = $4, height = $5, duration = $6, streams = $7, updated = $8
			WHERE digest = $9`, f.Type, f.State, strings.Join(notices, " "), f.Width, f.Height, f.Duration.Milliseconds(), string(streams), db.Micros(s.now()), f.Digest)
		if err != nil {
			return err
		}
		for _, r := range f.Renditions {
			_, err := tx.ExecContext(ctx, `INSERT INTO media_rendition (source, role, digest, type, size, width, height) VALUES ($1, $2, $3, $4, $5, $6, $7)
				ON CONFLICT (source, role) DO UPDATE SET digest = excluded.digest, type = excluded.type, size = excluded.size,
				width = excluded.width, height = excluded.height`, f.Digest, r.Role, r.Digest, r.Type, r.Size, r.Width, r.Height)
			if err != nil {
				return err
			}
		}
		return tx.Notify(ctx, Topic)
	})
}

// Topic is what is notified when renditions of a file are there.
const Topic = "media"
