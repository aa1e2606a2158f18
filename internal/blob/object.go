package blob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// object reads a blob of a bucket. A request begins at the first Read and after
// each Seek to another place, so that who wants a part of a film gets no more.
type object struct {
	bucket *bucket
	ctx    context.Context
	cancel context.CancelFunc
	key    string
	size   int64
	at     int64         // where the next Read reads
	body   io.ReadCloser // from at on; nil before it is asked for
}

func (o *object) Read(p []byte) (int, error) {
	if o.at >= o.size {
		return 0, io.EOF
	}
	if o.body == nil {
		if err := o.request(); err != nil {
			return 0, err
		}
	}
	n, err := o.body.Read(p)
	o.at += int64(n)
	switch {
	case errors.Is(err, io.EOF) && o.at < o.size:
		err = io.ErrUnexpectedEOF
	case err == nil || errors.Is(err, io.EOF):
		return n, err
	}
	return n, o.bucket.failed("read from the bucket of media", err)
}

func (o *object) request() error {
	var options minio.GetObjectOptions
	if o.at > 0 {
		if err := options.SetRange(o.at, 0); err != nil {
			return err
		}
	}
	core := minio.Core{Client: o.bucket.client}
	body, _, _, err := core.GetObject(o.ctx, o.bucket.name, o.key, options)
	if err != nil {
		err = o.bucket.failed("read from the bucket of media", err)
		if errors.Is(err, fs.ErrNotExist) {
			o.bucket.known.forgetKey(o.key)
		}
		return err
	}
	o.body = body
	return nil
}

func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning of a blob")
	}
	if offset != o.at && o.body != nil {
		o.body.Close() //nolint:errcheck // what follows is read anew
		o.body = nil
	}
	o.at = offset
	return offset, nil
}

func (o *object) Close() error {
	o.cancel()
	if o.body == nil {
		return nil
	}
	o.body.Close() //nolint:errcheck // it was cancelled if it was not read to its end
	o.body = nil
	return nil
}

// memory knows which blobs were in the bucket a moment ago, so that a page that
// asks for twenty pictures does not ask the bucket twenty times. Blobs never
// change; that one was deleted by another process is noticed soon.
type memory struct {
	mu    sync.Mutex
	blobs map[string]noted // by place
}

type noted struct {
	size int64
	at   time.Time
}

const (
	remembered = time.Minute
	maxNoted   = 10_000
)

func (m *memory) note(digest string, size int64, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blobs == nil || len(m.blobs) >= maxNoted {
		m.blobs = map[string]noted{}
	}
	m.blobs[place(digest)] = noted{size, now}
}

func (m *memory) size(digest string, now time.Time) (int64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := m.blobs[place(digest)]
	return n.size, ok && now.Sub(n.at) < remembered
}

func (m *memory) ever(digest string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.blobs[place(digest)]
	return ok
}

func (m *memory) forget(digest string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.blobs, place(digest))
}

// forgetKey forgets the blob of a key, which ends with its place.
func (m *memory) forgetKey(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := len(key) - len("ab/cd/") - 64; i >= 0 {
		delete(m.blobs, key[i:])
	}
}
