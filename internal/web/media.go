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

	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/view"
)

// wide is the width in pixels that pictures on a page are chosen by.
const wide = 1600

// mediaOf lists the media of an item and of what it brings along, each in the
// rendition that suits a page.
func (s *Site) mediaOf(q *request, found *newsroom.View) ([]view.Medium, error) {
	all := append([]news.Item{*found.Item}, found.Item.Associations...)
	made, err := s.made(q, all)
	if err != nil {
		return nil, err
	}
	var out []view.Medium
	for i := range all {
		it := &all[i]
		r := best(it.Renditions)
		if r == nil {
			continue
		}
		m := s.medium(it, r, made[r.Digest])
		if m.Caption == "" && it.URI != found.URI {
			m.Caption = it.Headline()
		}
		if m.Lang == "" {
			m.Lang = found.Item.Language
		}
		out = append(out, m)
	}
	return out, nil
}

// made looks up what was made here of the files of the items, by digest.
func (s *Site) made(q *request, all []news.Item) (map[string]*media.File, error) {
	var digests []string
	for i := range all {
		if r := best(all[i].Renditions); r != nil {
			digests = append(digests, r.Digest)
		}
	}
	if len(digests) == 0 {
		return nil, nil
	}
	return s.files.Files(q.Context(), digests...)
}

// medium shows one file of an item: the preview that was made of it here, else
// the file itself if a browser can show it. f is nil if nothing is known of it.
func (s *Site) medium(it *news.Item, r *news.Rendition, f *media.File) view.Medium {
	m := view.Medium{Kind: kindOf(r, it.Type), Caption: captionOf(it), Alt: roleOf(it, altText), Credit: it.CreditLine, Lang: it.Language,
		Width: r.Width, Height: r.Height, Size: r.SizeInBytes, Machine: it.MachineMade()}
	if !s.media.Has(r.Digest) {
		return m
	}
	m.File = "/media/" + r.Digest
	if f == nil {
		m.Src = m.File
		return m
	}
	m.Pending, m.Notices, m.Size = f.State == media.Pending, f.Notices, f.Size
	if m.Kind = kindOf(&news.Rendition{ContentType: f.Type}, it.Type); m.Width == 0 {
		m.Width, m.Height = f.Width, f.Height
	}
	for _, role := range []media.Role{media.Poster, media.Waveform} {
		if p, ok := f.Renditions[role]; ok {
			m.Poster = "/media/" + p.Digest
		}
	}
	preview, ok := f.Renditions[media.Preview]
	switch {
	case ok && f.State == media.Ready:
		m.Src = "/media/" + preview.Digest
	case slices.Contains(shown, f.Type), f.Type == "audio/wav", f.Type == "audio/ogg":
		m.Src = m.File
	}
	return m
}

// altText is the role of a description for those who do not see a picture, as
// the IPTC Photo Metadata Standard calls it.
const altText = "altText"

func roleOf(it *news.Item, role string) string {
	for _, d := range it.Descriptions {
		if d.Role == role {
			return d.Value
		}
	}
	return ""
}

// captionOf is the main description; one that is only for those who do not see
// the picture is none.
func captionOf(it *news.Item) string {
	for _, d := range it.Descriptions {
		if d.Role != altText {
			return it.Summary()
		}
	}
	return ""
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
