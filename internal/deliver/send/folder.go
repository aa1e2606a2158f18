package send

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"jisr/internal/deliver"
	"jisr/internal/fetch/remote"
	"jisr/internal/news"
)

// keepOpen is how long a connection waits for the next delivery to the same
// folder: signing in takes longer than sending.
const keepOpen = 20 * time.Second

// Folders sends files into folders over SFTP and FTP. Media files go first, then
// the item's, so that a receiver never sees an item without its pictures.
type Folders struct {
	options Options

	mu     sync.Mutex
	idle   map[[32]byte][]*kept
	closed bool
}

// kept is an open folder that waits for more.
type kept struct {
	folder remote.Folder
	expire *time.Timer
}

func newFolders(o Options) *Folders { return &Folders{options: o, idle: map[[32]byte][]*kept{}} }

func server(d *deliver.Destination, allow func(string) bool) remote.Server {
	return remote.Server{URL: d.Address, User: d.User, Secret: d.Secret, HostKey: d.HostKey, Allow: allow}
}

// Send implements deliver.Sender.
func (s *Folders) Send(ctx context.Context, d *deliver.Destination, m *deliver.Message) (deliver.Receipt, error) {
	key := keyOf(d)
	if f := s.take(key); f != nil {
		receipt, err := store(ctx, f, m)
		if news.KindOf(err) != news.Unavailable {
			s.keep(key, f)
			return receipt, refused(err)
		}
		f.Close() //nolint:errcheck // it was closed at the other end while it waited
		if ctx.Err() != nil {
			return receipt, err
		}
	}
	f, err := remote.Open(ctx, server(d, s.options.Allow))
	if err != nil {
		return deliver.Receipt{}, refused(err)
	}
	receipt, err := store(ctx, f, m)
	if news.KindOf(err) == news.Unavailable || ctx.Err() != nil {
		f.Close() //nolint:errcheck // it is of no use any more
		return receipt, err
	}
	s.keep(key, f)
	return receipt, refused(err)
}

// store writes the files and looks at what the server has got.
func store(ctx context.Context, f remote.Folder, m *deliver.Message) (deliver.Receipt, error) {
	for _, file := range m.Media {
		if err := storeMedia(ctx, f, path.Join(path.Dir(m.Name), file.Name), file); err != nil {
			return deliver.Receipt{}, err
		}
	}
	if err := f.Write(ctx, m.Name, bytes.NewReader(m.Body)); err != nil {
		return deliver.Receipt{}, err
	}
	e, err := f.Stat(ctx, m.Name)
	switch {
	case news.KindOf(err) == news.NotFound:
		// Taken within the moment: many receivers move a file away as it appears.
		return deliver.Receipt{Status: stored(m, int64(len(m.Body))) + ", and taken already"}, nil
	case err != nil:
		return deliver.Receipt{}, err
	case e.Size != int64(len(m.Body)):
		return deliver.Receipt{}, news.Errorf(news.Unavailable, "", "the server lists %s with %d bytes, %d were sent", m.Name, e.Size, len(m.Body))
	}
	return deliver.Receipt{Status: stored(m, e.Size)}, nil
}

func stored(m *deliver.Message, size int64) string {
	s := fmt.Sprintf("stored as %s, %s", m.Name, bytesOf(size))
	switch n := len(m.Media); {
	case n == 1:
		s += ", after 1 media file"
	case n > 1:
		s += fmt.Sprintf(", after %d media files", n)
	}
	return s
}

// storeMedia writes a media file unless it is there: its name holds the beginning
// of its digest, and a film should not be sent again because the item's file
// failed.
func storeMedia(ctx context.Context, f remote.Folder, name string, m deliver.Media) error {
	if digest, ok := strings.CutPrefix(m.Digest, "sha256:"); ok && strings.Contains(name, digest[:16]) {
		if e, err := f.Stat(ctx, name); err == nil && e.Size == m.Size {
			return nil
		}
	}
	r, err := m.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	return f.Write(ctx, name, &exactly{r, m.Size})
}

// exactly fails where the content is shorter or longer than it was said to be.
type exactly struct {
	r    io.Reader
	left int64
}

func (e *exactly) Read(b []byte) (int, error) {
	n, err := e.r.Read(b)
	if e.left -= int64(n); e.left < 0 || errors.Is(err, io.EOF) && e.left > 0 {
		return 0, errors.New("the file has not the size that it had")
	}
	return n, err
}

// keyOf tells folders and accounts apart; a changed password is another key.
func keyOf(d *deliver.Destination) [32]byte {
	return sha256.Sum256([]byte(strings.Join([]string{d.ID, d.Address, d.User, d.Secret, d.HostKey}, "\x00")))
}

func (s *Folders) take(key [32]byte) remote.Folder {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.idle[key]
	if len(waiting) == 0 {
		return nil
	}
	k := waiting[len(waiting)-1]
	k.expire.Stop()
	s.drop(key, k)
	return k.folder
}

// keep leaves a folder open for the next delivery.
func (s *Folders) keep(key [32]byte, f remote.Folder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		go f.Close() //nolint:errcheck // what was written is safe
		return
	}
	k := &kept{folder: f}
	k.expire = time.AfterFunc(keepOpen, func() {
		s.mu.Lock()
		there := s.drop(key, k)
		s.mu.Unlock()
		if there {
			f.Close() //nolint:errcheck // what was written is safe
		}
	})
	s.idle[key] = append(s.idle[key], k)
}

// drop forgets a waiting folder and reports whether it was there. s.mu is held.
func (s *Folders) drop(key [32]byte, k *kept) bool {
	waiting := s.idle[key]
	for i := range waiting {
		if waiting[i] == k {
			if s.idle[key] = append(waiting[:i], waiting[i+1:]...); len(s.idle[key]) == 0 {
				delete(s.idle, key)
			}
			return true
		}
	}
	return false
}

// Close closes the folders that wait.
func (s *Folders) Close() {
	s.mu.Lock()
	var all []*kept
	for _, waiting := range s.idle {
		all = append(all, waiting...)
	}
	clear(s.idle)
	s.closed = true
	s.mu.Unlock()
	for _, k := range all {
		k.expire.Stop()
		k.folder.Close() //nolint:errcheck // what was written is safe
	}
}
