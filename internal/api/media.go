package api

import (
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"jisr/internal/blob"
	"jisr/internal/news"
)

// maxMedia is the largest file of media in bytes.
const maxMedia = blob.MaxSize

type stored struct {
	Digest string `json:"digest"`
	Size   int64  `json:"size"`
}

// putMedia stores the body, whatever it is, under its digest. It is nobody's
// until an item or a draft names it.
func (s *server) putMedia(w http.ResponseWriter, c *call) error {
	q := query(c)
	digest := q.text("digest")
	if digest != "" && !news.ValidDigest(digest) {
		q.fail("digest", "%q is not sha256: and 64 hex digits", digest)
	}
	if err := q.done(); err != nil {
		return err
	}
	control := http.NewResponseController(w)
	in := idleReader{c.Body, control}
	info, err := s.blobs.Put(c.Context(), in, blob.Expect{Digest: digest, Max: maxMedia})
	_ = control.SetReadDeadline(time.Time{}) // as in idleReader
	if err != nil {
		return err
	}
	if s.media != nil {
		// What is of no type that pages show is stored all the same.
		if err := s.media.Register(c.Context(), info.Digest); err != nil && news.KindOf(err) != news.Invalid {
			return err
		}
	}
	return writeJSON(w, http.StatusCreated, stored{info.Digest, info.Size})
}

// idleReader gives each read of a body its time, so that a large file may take
// long and a silent sender may not.
type idleReader struct {
	io.Reader
	control *http.ResponseController
}

func (r idleReader) Read(b []byte) (int, error) {
	_ = r.control.SetReadDeadline(time.Now().Add(idleFor)) // not every server has deadlines
	return r.Reader.Read(b)
}

// getMedia answers with a file of an item or a draft, which the request names:
// who may see the one may have the other. The media of a killed item are no
// longer part of it.
func (s *server) getMedia(w http.ResponseWriter, c *call) error {
	q := query(c)
	origin, uri := s.name(q)
	if err := q.done(); err != nil {
		return err
	}
	v, err := s.newsroom.Item(c.Context(), origin, uri, c.embargoed())
	if err != nil {
		return err
	}
	digest := c.PathValue("digest")
	rendition := findRendition(v.Item, digest)
	if rendition == nil {
		return news.Errorf(news.NotFound, "digest", "the item has no media %s", digest)
	}
	f, _, err := s.blobs.Open(digest)
	if err != nil {
		return err
	}
	defer f.Close()
	describeMedia(w.Header(), rendition)
	http.ServeContent(&idleWriter{w, http.NewResponseController(w)}, c.Request, "", time.Time{}, f)
	return nil
}

// idleWriter gives each write its time, as idleReader does.
type idleWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w *idleWriter) Write(b []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(idleFor))
	return w.ResponseWriter.Write(b)
}

func findRendition(it *news.Item, digest string) *news.Rendition {
	for i := range it.Renditions {
		if it.Renditions[i].Digest == digest {
			return &it.Renditions[i]
		}
	}
	for i := range it.Associations {
		if r := findRendition(&it.Associations[i], digest); r != nil {
			return r
		}
	}
	return nil
}

// describeMedia sets the headers of a file from elsewhere: its type only if a
// browser cannot run it, and then in a page that may do nothing.
func describeMedia(h http.Header, r *news.Rendition) {
	kind, disposition := "application/octet-stream", "attachment"
	if mt, _, err := mime.ParseMediaType(r.ContentType); err == nil && harmless(mt) {
		kind, disposition = mt, "inline"
	}
	h.Set("Content-Type", kind)
	params := map[string]string{}
	if name := plainName(r.OriginalFilename); name != "" {
		params["filename"] = name
	}
	if d := mime.FormatMediaType(disposition, params); d != "" {
		disposition = d
	}
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+r.Digest+`"`)
	h.Set("Cache-Control", "private, no-cache") // it may be gone when the item is killed
}

func harmless(mediaType string) bool {
	switch mediaType {
	case "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/tiff":
		return true
	}
	return strings.HasPrefix(mediaType, "audio/") || strings.HasPrefix(mediaType, "video/")
}

// plainName returns the last part of a sender's file name without characters
// that are not to be seen.
func plainName(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	if len(s) > 200 || strings.Trim(s, ".") == "" {
		return ""
	}
	return s
}
