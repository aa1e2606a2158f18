package media

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/news"
)

// Upload is a file on its way in.
type Upload struct {
	ID       string
	Owner    string
	Filename string // as its sender names it
	Size     int64  // bytes that were announced
	Received int64  // bytes that are here
	Digest   string // once it is whole and stored
	Refused  string // why it was not taken, for people
}

const (
	// uploadsRest is how long an upload may rest before it is given up.
	uploadsRest = 48 * time.Hour
	// uploadsKept is how long it is known what became of one: whoever lost the
	// last answer asks again.
	uploadsKept = 7 * 24 * time.Hour
	// finishFor bounds how long a whole file may take to be hashed and stored.
	finishFor = 30 * time.Minute
)

var uploadID = regexp.MustCompile(`^[a-z0-9]{20,64}$`)

// Upload returns an upload of the owner's; NotFound for others.
func (s *Service) Upload(ctx context.Context, owner, id string) (*Upload, error) {
	if !uploadID.MatchString(id) {
		return nil, noUpload()
	}
	u := &Upload{ID: id}
	err := s.db.Reader().QueryRowContext(ctx, `SELECT owner, filename, size, digest, refused FROM media_upload WHERE id = $1 AND owner = $2`, id, owner).
		Scan(&u.Owner, &u.Filename, &u.Size, &u.Digest, &u.Refused)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, noUpload()
	}
	if err != nil {
		return nil, fmt.Errorf("upload: %w", err)
	}
	if u.Digest != "" {
		u.Received = u.Size
		return u, nil
	}
	switch info, err := os.Stat(s.partOf(id)); {
	case err == nil:
		u.Received = info.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("upload: %w", err)
	case u.Refused == "":
		return nil, noUpload()
	}
	return u, nil
}

func noUpload() error {
	return news.Errorf(news.NotFound, "id", "there is no such upload, or it rested too long and was removed: begin again")
}

// partOf returns where the bytes of an upload lie until it is whole.
func (s *Service) partOf(id string) string { return filepath.Join(s.dir, "upload-"+id) }

func (s *Service) unfinished(ctx context.Context, owner string) (int, error) {
	var n int
	err := s.db.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM media_upload WHERE owner = $1 AND digest = '' AND refused = ''`, owner).Scan(&n)
	return n, err
}

// finish stores a whole upload and has its renditions made. A file that is not
// taken is removed, and the upload says why.
func (s *Service) finish(ctx context.Context, u *Upload) error {
	// Whoever uploaded may have gone: the file is here all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishFor)
	defer cancel()
	s.finishing.Lock()
	defer s.finishing.Unlock()
	if done, err := s.Upload(ctx, u.Owner, u.ID); err != nil || done.Digest != "" || done.Refused != "" {
		if err == nil {
			*u = *done
		}
		return err
	}
	head, err := firstBytes(s.partOf(u.ID))
	if err != nil {
		return fmt.Errorf("finish the upload: %w", err)
	}
	kind, err := Sniff(head)
	if err != nil {
		return errors.Join(err, s.refuse(ctx, u, err))
	}
	info, err := s.blobs.Adopt(ctx, s.partOf(u.ID), blob.Expect{Max: MaxSize})
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE media_upload SET digest = $1, updated = $2 WHERE id = $3`, info.Digest, db.Micros(s.now()), u.ID)
		if err != nil {
			return err
		}
		return s.register(ctx, tx, info, kind)
	})
	if err != nil {
		return fmt.Errorf("finish the upload: %w", err)
	}
	u.Digest = info.Digest
	return nil
}

// refuse gives an upload up for a reason that its owner can read.
func (s *Service) refuse(ctx context.Context, u *Upload, reason error) error {
	var e *news.Error
	if !errors.As(reason, &e) {
		return nil
	}
	u.Refused = e.Message
	if err := os.Remove(s.partOf(u.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE media_upload SET refused = $1, updated = $2 WHERE id = $3`, u.Refused, db.Micros(s.now()), u.ID)
		return err
	})
}

func firstBytes(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, sniffed))
}

// Expire removes uploads that rest too long, and what is left of work that a
// crash interrupted. It returns how many uploads were given up.
func (s *Service) Expire(ctx context.Context) (int, error) {
	given := 0
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM media_upload WHERE updated < $1 AND digest = '' AND refused = ''`, db.Micros(s.now().Add(-uploadsRest)))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		given = int(n)
		_, err = tx.ExecContext(ctx, `DELETE FROM media_upload WHERE updated < $1 AND (digest <> '' OR refused <> '')`, db.Micros(s.now().Add(-uploadsKept)))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("expire uploads: %w", err)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return given, fmt.Errorf("expire uploads: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || s.now().Sub(info.ModTime()) < uploadsRest {
			continue
		}
		if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			return given, fmt.Errorf("expire uploads: %w", err)
		}
	}
	return given, nil
}

// uploadStore keeps uploads for the protocol's handler.
type uploadStore struct{ *Service }

// NewUpload implements handler.DataStore.
func (s *uploadStore) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	u := &Upload{ID: info.ID, Owner: ownerOf(ctx), Filename: info.MetaData["filename"], Size: info.Size}
	f, err := os.OpenFile(s.partOf(u.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, s.toTus(full(err))
	}
	if err := f.Close(); err != nil {
		return nil, s.toTus(full(err))
	}
	now := db.Micros(s.now())
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO media_upload (id, owner, filename, size, digest, refused, created, updated)
			VALUES ($1, $2, $3, $4, '', '', $5, $5)`, u.ID, u.Owner, u.Filename, u.Size, now)
		return err
	})
	if err != nil {
		return nil, s.toTus(err)
	}
	return &part{s.Service, u}, nil
}

// GetUpload implements handler.DataStore.
func (s *uploadStore) GetUpload(ctx context.Context, id string) (handler.Upload, error) {
	u, err := s.Upload(ctx, ownerOf(ctx), id)
	if err != nil {
		return nil, s.toTus(err)
	}
	return &part{s.Service, u}, nil
}

// AsTerminatableUpload implements handler.TerminaterDataStore.
func (s *uploadStore) AsTerminatableUpload(u handler.Upload) handler.TerminatableUpload {
	return u.(*part)
}

// part is an upload for the protocol's handler, which sees to it that one
// request at a time has it.
type part struct {
	s *Service
	*Upload
}

// GetInfo implements handler.Upload.
func (p *part) GetInfo(context.Context) (handler.FileInfo, error) {
	if p.Refused != "" {
		return handler.FileInfo{}, p.s.toTus(news.Errorf(news.Invalid, typeField, "%s", p.Refused))
	}
	return handler.FileInfo{ID: p.ID, Size: p.Size, Offset: p.Received, MetaData: handler.MetaData{"filename": p.Filename}}, nil
}

// WriteChunk implements handler.Upload. The first bytes show what the file is:
// one that is not taken is refused before the rest is sent.
func (p *part) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	if offset == 0 {
		b := bufio.NewReaderSize(src, sniffed)
		// A read that ends early is a short part; what comes with the next one is
		// looked at when the file is whole.
		if head, err := b.Peek(sniffed); err == nil || int64(len(head)) == p.Size {
			if _, err := Sniff(head); err != nil {
				return 0, p.s.toTus(errors.Join(err, p.s.refuse(ctx, p.Upload, err)))
			}
		}
		src = b
	}
	n, err := p.append(src)
	p.Received += n
	if err != nil {
		return n, p.s.toTus(full(err))
	}
	err = p.s.db.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE media_upload SET updated = $1 WHERE id = $2`, db.Micros(p.s.now()), p.ID)
		return err
	})
	return n, p.s.toTus(err)
}

func (p *part) append(src io.Reader) (int64, error) {
	f, err := os.OpenFile(p.s.partOf(p.ID), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f}, src, make([]byte, 256<<10))
	return n, errors.Join(err, f.Close())
}

// GetReader implements handler.Upload. Nothing is downloaded here.
func (p *part) GetReader(context.Context) (io.ReadCloser, error) {
	return nil, handler.ErrNotImplemented
}

// FinishUpload implements handler.Upload.
func (p *part) FinishUpload(ctx context.Context) error { return p.s.toTus(p.s.finish(ctx, p.Upload)) }

// Terminate implements handler.TerminatableUpload.
func (p *part) Terminate(ctx context.Context) error {
	err := p.s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM media_upload WHERE id = $1`, p.ID)
		return err
	})
	if err == nil {
		err = os.Remove(p.s.partOf(p.ID))
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return p.s.toTus(err)
}
