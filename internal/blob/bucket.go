package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"jisr/internal/news"
)

// bucket is a shelf in a bucket of S3, which several processes may share.
type bucket struct {
	client *minio.Client
	name   string
	prefix string // of all keys; empty, or ends with a slash
	now    func() time.Time
	known  memory
}

const (
	askTime    = 15 * time.Second // of a request without content
	uploadPart = 16 << 20         // bytes: 10 GB are 640 parts of the 10,000 that there may be
	retries    = 3
)

// NewBucket returns the store in the bucket that location names,
// "s3://key:secret@host/bucket/prefix?region=eu-central-1". Key and secret may be
// absent: they are then those of the environment, of AWS's own file or of the
// machine's role. "s3+http:" is for a server nearby without TLS. dir is for
// temporary files and has to have room for what is being stored.
func NewBucket(ctx context.Context, dir, location string, now func() time.Time) (*Store, error) {
	b, err := parseBucket(location)
	if err != nil {
		return nil, err
	}
	s, err := newStore(dir, now)
	if err != nil {
		return nil, err
	}
	b.now = now
	s.shelf = b
	if err := b.probe(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// CheckBucket fails with Invalid if location names no bucket.
func CheckBucket(location string) error {
	_, err := parseBucket(location)
	return err
}

func parseBucket(location string) (*bucket, error) {
	bad := func(why string) error {
		return news.Errorf(news.Invalid, "media", "the place of media must look like s3://key:secret@host/bucket/prefix?region=name: %s", why)
	}
	u, err := url.Parse(location)
	if err != nil {
		return nil, bad("it cannot be read; in key and secret, / + and % are written %2F %2B and %25")
	}
	if u.Scheme != "s3" && u.Scheme != "s3+http" || u.Host == "" || u.Fragment != "" {
		return nil, bad("it begins with s3:// or s3+http:// and names a host")
	}
	query := u.Query()
	region := query.Get("region")
	if query.Del("region"); len(query) > 0 {
		return nil, bad("after the ?, only region is known")
	}
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if name == "" {
		return nil, bad("it names no bucket")
	}
	if prefix != "" {
		if prefix = path.Clean(prefix) + "/"; strings.HasPrefix(prefix, ".") {
			return nil, bad("the prefix must not begin with a dot")
		}
	}
	creds := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{}})
	if u.User != nil {
		secret, _ := u.User.Password()
		creds = credentials.NewStaticV4(u.User.Username(), secret, "")
	}
	client, err := minio.New(u.Host, &minio.Options{Creds: creds, Secure: u.Scheme == "s3", Region: region, Transport: transport(),
		MaxRetries: retries})
	if err != nil {
		return nil, bad("the host is not one")
	}
	return &bucket{client: client, name: name, prefix: prefix}, nil
}

// transport is the standard one but for its patience.
func transport() http.RoundTripper {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &lively{c}, nil
		},
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       silence / 2,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: silence,
		DisableCompression:    true,
	}
}

// silence is how long a connection to the bucket may say nothing.
const silence = time.Minute

// lively ends a connection that falls silent while a film is read or written.
type lively struct{ net.Conn }

func (c *lively) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *lively) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// probe writes and removes an object: a bucket that cannot be written to should
// stop the start, not the first picture of the day.
func (b *bucket) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var r [8]byte
	rand.Read(r[:])
	key := b.prefix + tempFolder + "/probe-" + hex.EncodeToString(r[:])
	if _, err := b.client.PutObject(ctx, b.name, key, strings.NewReader("jisr"), 4, minio.PutObjectOptions{}); err != nil {
		return b.failed("write to the bucket of media", err)
	}
	if err := b.client.RemoveObject(ctx, b.name, key, minio.RemoveObjectOptions{}); err != nil {
		return b.failed("remove from the bucket of media", err)
	}
	return nil
}

func (b *bucket) key(digest string) string { return b.prefix + place(digest) }

// settle uploads a file. An object appears when it is whole, so that there is
// nothing to rename; the condition keeps a second node from replacing it. One of
// another size is no blob, whoever put it there, and is replaced.
func (b *bucket) settle(ctx context.Context, f *os.File, digest string) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := b.size(ctx, digest)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || there != info.Size() {
		if err := b.upload(ctx, f, info.Size(), digest, err != nil); err != nil {
			return err
		}
	}
	b.known.note(digest, info.Size(), b.now())
	if err := f.Close(); err != nil {
		return err
	}
	return remove(f.Name())
}

func (b *bucket) upload(ctx context.Context, f *os.File, size int64, digest string, absent bool) error {
	// MD5 is the check of what arrives that every server of the kind understands.
	o := minio.PutObjectOptions{ContentType: "application/octet-stream", PartSize: uploadPart, SendContentMd5: true}
	if absent {
		o.SetMatchETagExcept("*")
	}
	_, err := b.client.PutObject(ctx, b.name, b.key(digest), io.NewSectionReader(f, 0, size), size, o)
	if err == nil || absent && minio.ToErrorResponse(err).StatusCode == http.StatusPreconditionFailed {
		return nil // if not ours, then the same bytes from another
	}
	return b.failed("upload media", err)
}

// size asks the bucket; fs.ErrNotExist if the blob is not there.
func (b *bucket) size(ctx context.Context, digest string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	info, err := b.client.StatObject(ctx, b.name, b.key(digest), minio.StatObjectOptions{})
	if err != nil {
		return 0, b.failed("look into the bucket of media", err)
	}
	return info.Size, nil
}

func (b *bucket) open(digest string) (io.ReadSeekCloser, int64, error) {
	size, ok := b.known.size(digest, b.now())
	if !ok {
		var err error
		if size, err = b.size(context.Background(), digest); err != nil {
			return nil, 0, err
		}
		b.known.note(digest, size, b.now())
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &object{bucket: b, ctx: ctx, cancel: cancel, key: b.key(digest), size: size}, size, nil
}

func (b *bucket) has(digest string) bool {
	if _, ok := b.known.size(digest, b.now()); ok {
		return true
	}
	size, err := b.size(context.Background(), digest)
	switch {
	case err == nil:
		b.known.note(digest, size, b.now())
		return true
	case errors.Is(err, fs.ErrNotExist):
		b.known.forget(digest)
		return false
	}
	return b.known.ever(digest) // the bucket does not answer now; what was in it still is
}

func (b *bucket) delete(digest string) error {
	b.known.forget(digest)
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if err := b.client.RemoveObject(ctx, b.name, b.key(digest), minio.RemoveObjectOptions{}); err != nil {
		return gone(b.failed("remove from the bucket of media", err))
	}
	return nil
}

func (b *bucket) usage(ctx context.Context) (Usage, error) {
	var u Usage
	for o := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
		if o.Err != nil {
			return u, b.failed("list the bucket of media", o.Err)
		}
		if !news.ValidDigest("sha256:" + path.Base(o.Key)) {
			continue
		}
		u.Blobs++
		u.Bytes += o.Size
	}
	return u, nil
}

// clean ends uploads in parts that nobody finished: they are paid for.
func (b *bucket) clean(ctx context.Context, age time.Duration) (int, error) {
	core := minio.Core{Client: b.client}
	removed := 0
	for u := range b.client.ListIncompleteUploads(ctx, b.name, b.prefix, true) {
		switch {
		case u.Err != nil:
			return removed, b.failed("list unfinished uploads of media", u.Err)
		case b.now().Sub(u.Initiated) < age:
			continue
		}
		if err := core.AbortMultipartUpload(ctx, b.name, u.Key, u.UploadID); err != nil {
			return removed, b.failed("end an unfinished upload of media", err)
		}
		removed++
	}
	return removed, nil
}

// failed says what the bucket said, for whoever runs the node; what is not there
// becomes fs.ErrNotExist.
func (b *bucket) failed(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	e := minio.ToErrorResponse(err)
	why := "it cannot be reached"
	switch {
	case e.Code == "NoSuchKey":
		return fs.ErrNotExist
	case e.Code == "NoSuchBucket":
		why = "there is no bucket " + b.name
	case e.StatusCode == http.StatusForbidden || e.StatusCode == http.StatusUnauthorized:
		why = "it does not let this node in: check key, secret and what they may do"
	case e.StatusCode == http.StatusNotFound:
		return fs.ErrNotExist
	case e.StatusCode != 0:
		why = fmt.Sprintf("it answered %d %s", e.StatusCode, e.Code)
	}
	return news.Errorf(news.Unavailable, "media", "cannot %s: %s; try again", doing, why).Because(err)
}
