package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"jisr/internal/news"
)

// partSuffix ends the names of downloads under way, tmp/<hex>.part.
const partSuffix = ".part"

// Partial is a download of known digest that survives its connection and its
// process: what was written is there when it is resumed. It belongs to one
// goroutine.
//
// The bytes are only trusted after Commit has hashed them all, so a tail that a
// crash left unwritten costs a new download and nothing else.
type Partial struct {
	writer
	name   string
	digest string
}

// Resume opens the download of the digest where it stopped, at Size. It fails
// with Conflict while another goroutine has it open. max is in bytes; 0 means
// MaxSize.
func (s *Store) Resume(ctx context.Context, digest string, max int64) (*Partial, error) {
	if !news.ValidDigest(digest) {
		return nil, badDigest(digest)
	}
	name := strings.TrimPrefix(digest, "sha256:") + partSuffix
	if !s.claim(name) {
		return nil, news.Errorf(news.Conflict, "digest", "the media %s is being fetched already", digest)
	}
	p := &Partial{writer: writer{ctx: ctx, store: s, max: limit(max)}, name: name, digest: digest}
	if err := p.open(); err != nil {
		s.release(name)
		return nil, failed("resume media", err)
	}
	return p, nil
}

func (p *Partial) open() (err error) {
	p.file, err = os.OpenFile(filepath.Join(p.store.dir, tempFolder, p.name), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return err
	}
	if p.size, err = p.file.Seek(0, io.SeekEnd); err != nil {
		return errors.Join(err, p.file.Close())
	}
	if p.size == 0 {
		p.sum = sha256.New()
	}
	return nil
}

// Size returns how many bytes are here: the offset to ask the sender for.
func (p *Partial) Size() int64 { return p.size }

// Write appends. It fails with TooLarge beyond the limit and with Unavailable
// if the disk is full.
func (p *Partial) Write(b []byte) (int, error) {
	n, err := p.writer.Write(b)
	if err != nil {
		return n, failed("fetch media", err)
	}
	return n, nil
}

// Restart forgets what is here, for a sender that cannot resume.
func (p *Partial) Restart() error {
	if err := p.file.Truncate(0); err != nil {
		return fmt.Errorf("restart media: %w", err)
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("restart media: %w", err)
	}
	p.size, p.sum = 0, sha256.New()
	return nil
}

// Commit makes the complete download the blob. Bytes of another digest are
// refused with Invalid and thrown away: appending could never mend them. The
// Partial is closed either way.
func (p *Partial) Commit() (Info, error) {
	defer p.store.release(p.name)
	got, err := p.hash()
	if err == nil && got != p.digest {
		err = errors.Join(otherBytes(p.digest, got), remove(p.file.Name()))
	}
	if err == nil {
		err = p.store.shelf.settle(p.ctx, p.file, p.digest)
	}
	if err != nil {
		p.file.Close() //nolint:errcheck // the first error says more
		return Info{}, failed("finish media", err)
	}
	return Info{Digest: p.digest, Size: p.size}, nil
}

// hash returns the digest of the whole file. Only a download that was resumed
// has to be read again for it.
func (p *Partial) hash() (string, error) {
	if p.sum != nil {
		return digest(p.sum), nil
	}
	sum := sha256.New()
	whole := io.NewSectionReader(p.file, 0, p.size)
	if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, &reader{p.ctx, whole}, make([]byte, copyBuffer)); err != nil {
		return "", err
	}
	return digest(sum), nil
}

// Close keeps what was written for the next Resume.
func (p *Partial) Close() error {
	defer p.store.release(p.name)
	if err := errors.Join(p.file.Sync(), p.file.Close()); err != nil {
		return fmt.Errorf("keep media: %w", err)
	}
	return nil
}
