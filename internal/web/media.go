package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/view"
)

// wide is the width in pixels that pictures on a page are chosen by.
const wide = 1600

// mediaOf lists the media of an item and of what it brings along, each in the
// rendition that suits a page.
func (s *Site) mediaOf(found *newsroom.View) []view.Medium {
	var out []view.Medium
	for _, it := range append([]news.Item{*found.Item}, found.Item.Associations...) {
		r := best(it.Renditions)
		if r == nil {
			continue
		}
		m := view.Medium{Kind: kindOf(r, it.Type), Caption: it.Summary(), Credit: it.CreditLine, Lang: it.Language,
			Width: r.Width, Height: r.Height, Size: r.SizeInBytes, Machine: it.MachineMade()}
		if m.Caption == "" && it.URI != found.URI {
			m.Caption = it.Headline()
		}
		if m.Lang == "" {
			m.Lang = found.Item.Language
		}
		if r.Digest != "" && s.media.Has(r.Digest) {
			m.Src = "/media/" + r.Digest
		}
		out = append(out, m)
	}
	return out
}

// best returns the rendition with a digest whose width is nearest to the page's,
// nil if there is none.
func best(all []news.Rendition) *news.Rendition {
	var out *news.Rendition
	distance := func(r *news.Rendition) int { return max(r.Width-wide, wide-r.Width) }
	for i := range all {
		if r := &all[i]; r.Digest != "" && (out == nil || distance(r) < distance(out)) {
			out = r
		}
	}
	return out
}

func kindOf(r *news.Rendition, t news.Type) string {
	kind, _, _ := strings.Cut(r.ContentType, "/")
	switch {
	case kind == "image" && r.ContentType != "image/svg+xml", kind == "audio", kind == "video":
		return kind
	case r.ContentType == "" && t == news.Picture:
		return "image"
	}
	return "file"
}

// shown are the media types that a browser may show in place. Everything else
// is downloaded: a partner's file is never a page of this site.
var shown = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "audio/mpeg", "audio/wave", "audio/aiff",
	"application/ogg", "video/mp4", "video/webm", "audio/basic"}

func (s *Site) serveMedia(q *request) error {
	f, _, err := s.media.Open(q.PathValue("digest"))
	if err != nil {
		return err
	}
	defer f.Close()
	// What the bytes are decides, not what a sender says of them.
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	h := q.w.Header()
	kind := http.DetectContentType(head[:n])
	if !slices.Contains(shown, kind) {
		kind = "application/octet-stream"
		h.Set("Content-Disposition", "attachment")
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	// Bytes under a digest never change; who may read them can.
	h.Set("Cache-Control", "private, max-age=86400, immutable")
	h.Set("ETag", `"`+q.PathValue("digest")+`"`)
	http.ServeContent(q.w, q.Request, "", time.Time{}, f)
	return nil
}

// proofFile sends the proof of a version as a file.
func (s *Site) proofFile(q *request) error {
	origin, uri := q.item()
	if _, err := s.newsroom.Line(q.Context(), origin, uri, q.embargoed()); err != nil {
		return err
	}
	p, err := s.exchange.Proof(q.Context(), origin, uri, int(q.number("version")))
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	q.w.Header().Set("Content-Type", "application/json")
	q.w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileName(uri) + ".proof.json"}))
	_, _ = q.w.Write(b)
	return nil
}

// fileName makes a file's name of a URI.
func fileName(uri string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, uri)
	return strings.Trim(name[max(0, len(name)-80):], "-.")
}
