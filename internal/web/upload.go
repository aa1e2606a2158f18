package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/blob"
	"jisr/internal/media"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/web/view"
)

const (
	// uploadPath is where scripts upload, in parts that can be resumed.
	uploadPath = "/media/uploads/"
	// maxPlain is the largest file in bytes of a form that no script sends: a line
	// that breaks begins it anew.
	maxPlain = 512 << 20
	// maxFiles is how many files one form brings.
	maxFiles = 20
	// silence is how long a sender of files may be silent.
	silence = time.Minute
)

// upload answers a script that sends a file in parts.
func (s *Site) upload(q *request) error {
	s.uploads.ServeHTTP(q.w, q.Request.WithContext(media.WithOwner(q.Context(), q.account())))
	return nil
}

// attached is a file that becomes part of a draft.
type attached struct{ digest, name string }

// addMedia makes files parts of a draft: those that a form brings, or those that
// a script uploaded before.
func (s *Site) addMedia(q *request) error {
	id, files, failed := s.readFiles(q)
	d, err := s.newsroom.Draft(q.Context(), id)
	if err != nil {
		return err
	}
	if failed == nil && len(files) == 0 {
		failed = news.Errorf(news.Invalid, "media", "choose a file first")
	}
	if len(files) > 0 {
		if err := s.attach(q, d, files); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil {
		if d, err = s.newsroom.Draft(q.Context(), id); err != nil {
			return err
		}
		return s.showDraft(q, d, s.formOf(d), nil, failed)
	}
	return q.redirect("/draft/"+id, "media_added")
}

// readFiles reads which draft the form is about, and its files.
func (s *Site) readFiles(q *request) (draft string, files []attached, err error) {
	parts, err := q.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		if err := q.parseForm(); err != nil {
			return "", nil, err
		}
		names := q.Form["filename"]
		for i, digest := range q.Form["digest"] {
			if !news.ValidDigest(digest) || !s.media.Has(digest) || len(names) <= i {
				return q.FormValue("id"), nil, news.Errorf(news.NotFound, "media", "the file is not here: upload it again")
			}
			files = append(files, attached{digest, plainName(names[i])})
		}
		return q.FormValue("id"), files, nil
	}
	if err != nil {
		return "", nil, news.Errorf(news.Invalid, "media", "the form cannot be read").Because(err)
	}
	control := http.NewResponseController(q.w)
	defer control.SetReadDeadline(time.Time{}) //nolint:errcheck // as in idle
	for {
		_ = control.SetReadDeadline(time.Now().Add(silence)) // not every server has deadlines
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return draft, files, nil
		case err != nil:
			return draft, files, news.Errorf(news.Invalid, "media", "the line broke before all of it was here").Because(err)
		case part.FormName() == "id":
			b, _ := io.ReadAll(io.LimitReader(part, 100))
			draft = string(b)
		case part.FormName() == "file" && part.FileName() != "":
			if len(files) == maxFiles {
				return draft, files, news.Errorf(news.TooLarge, "media", "more than %d files at once: send the rest after them", maxFiles)
			}
			f, err := s.takeFile(q.Context(), part, control)
			if err != nil {
				return draft, files, err
			}
			files = append(files, f)
		}
	}
}

// takeFile stores a file, if it is of a type that is taken.
func (s *Site) takeFile(ctx context.Context, part *multipart.Part, control *http.ResponseController) (attached, error) {
	r := bufio.NewReader(idle{part, control})
	head, err := r.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) {
		return attached{}, news.Errorf(news.Invalid, "media", "the line broke before all of it was here").Because(err)
	}
	if _, err := media.Sniff(head); err != nil {
		return attached{}, err
	}
	info, err := s.media.Put(ctx, r, blob.Expect{Max: maxPlain})
	if err != nil {
		return attached{}, err
	}
	return attached{info.Digest, plainName(part.FileName())}, s.files.Register(ctx, info.Digest)
}

// idle gives each read its time: a large file may take long, a silent sender may
// not.
type idle struct {
	io.Reader
	control *http.ResponseController
}

func (r idle) Read(b []byte) (int, error) {
	_ = r.control.SetReadDeadline(time.Now().Add(silence)) // not every server has deadlines
	return r.Reader.Read(b)
}

// attach makes the files parts of the draft, with what their makers wrote into
// them.
func (s *Site) attach(q *request, d *newsroom.Draft, files []attached) error {
	known, err := s.files.Files(q.Context(), digestsOf(files)...)
	if err != nil {
		return err
	}
	item := *d.Item
	item.Associations = slices.Clone(item.Associations)
	for _, f := range files {
		if at(item.Associations, f.digest) >= 0 {
			continue // it is here already
		}
		a, err := s.association(q.Context(), &item, f, known[f.digest])
		if err != nil {
			return err
		}
		item.Associations = append(item.Associations, *a)
	}
	return s.saveMedia(q, d, &item)
}

func digestsOf(files []attached) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.digest)
	}
	return out
}

// at returns where the item of the file stands among the associations, -1 if
// there is none.
func at(all []news.Item, digest string) int {
	return slices.IndexFunc(all, func(it news.Item) bool {
		return slices.ContainsFunc(it.Renditions, func(r news.Rendition) bool { return r.Digest == digest })
	})
}

// association makes an item of a file. What its maker wrote into a picture is
// taken over; an editor sees it and can change it.
func (s *Site) association(ctx context.Context, of *news.Item, f attached, known *media.File) (*news.Item, error) {
	if known == nil {
		return nil, news.Errorf(news.NotFound, "media", "nothing is known of this file: upload it again")
	}
	_, sum, _ := strings.Cut(f.digest, ":")
	it := &news.Item{Name: "media-" + sum[:12], URI: "tag:" + s.ledger.Origin() + "," + strconv.Itoa(s.now().UTC().Year()) + ":media/" + sum,
		Version: "1", Representation: "partial", Type: typeOf(known.Type), Language: of.Language, FirstCreated: s.now().UTC().Truncate(time.Second)}
	it.Renditions = []news.Rendition{{Name: "original", ContentType: known.Type, Width: known.Width, Height: known.Height, SizeInBytes: known.Size,
		Duration: known.Duration.Seconds(), OriginalFilename: f.name, Digest: f.digest}}
	written, err := s.files.Embedded(ctx, f.digest)
	switch {
	case news.KindOf(err) != "":
		return it, nil // there are no words in it
	case err != nil:
		return nil, err
	}
	it.By, it.CreditLine, it.CopyrightHolder, it.CopyrightNotice, it.UsageTerms = written.By, written.CreditLine, written.CopyrightHolder, written.CopyrightNotice, written.UsageTerms
	it.Located, it.DigitalSourceType, it.Creators = written.Located, written.DigitalSourceType, written.Creators
	describe(it, captionOf(written), roleOf(written, altText))
	return it, nil
}

// describe sets the caption and the description for those who do not see it.
func describe(it *news.Item, caption, alt string) {
	it.Descriptions = slices.DeleteFunc(slices.Clone(it.Descriptions), func(w news.Words) bool {
		return w.Role == altText || w.Role == "caption" || w.Role == "" || w.Role == "main"
	})
	var first []news.Words
	if caption != "" {
		first = append(first, news.Words{Role: "caption", Value: caption})
	}
	if alt != "" {
		first = append(first, news.Words{Role: altText, Value: alt})
	}
	it.Descriptions = append(first, it.Descriptions...)
}

// typeOf is what a file is as an item.
func typeOf(contentType string) news.Type {
	switch class, _, _ := strings.Cut(contentType, "/"); class {
	case "image":
		return news.Picture
	case "video":
		return news.Video
	case "audio":
		return news.Audio
	}
	return news.Component
}

// saveMedia stores the draft with its media. What somebody writes at the same
// time is not touched: the draft is saved as it was read, or not at all.
func (s *Site) saveMedia(q *request, d *newsroom.Draft, item *news.Item) error {
	changed := *d
	changed.Item, changed.Author = item, q.account()
	_, err := s.newsroom.SaveDraft(q.Context(), &changed)
	return err
}

// changeMedium changes what is said of a file of a draft, or takes it out.
func (s *Site) changeMedium(q *request) error {
	d, err := s.newsroom.Draft(q.Context(), q.PathValue("id"))
	if err != nil {
		return err
	}
	item := *d.Item
	item.Associations = slices.Clone(item.Associations)
	i := at(item.Associations, q.FormValue("digest"))
	if i < 0 {
		return news.Errorf(news.NotFound, "media", "the draft has no such file any more")
	}
	done := "media_saved"
	if q.FormValue("do") == "remove" {
		item.Associations, done = slices.Delete(item.Associations, i, i+1), "media_removed"
	} else {
		a := &item.Associations[i]
		describe(a, oneLine(q.text("caption")), oneLine(q.text("alt")))
		a.CreditLine, a.CopyrightNotice, a.UsageTerms = oneLine(q.text("credit")), oneLine(q.text("notice")), oneLine(q.text("usage"))
		if err := s.measure(q.Context(), a); err != nil {
			return err
		}
	}
	if err := s.saveMedia(q, d, &item); err != nil {
		return s.showDraft(q, d, s.formOf(d), nil, err)
	}
	return q.redirect("/draft/"+d.ID, done)
}

// measure fills in what has become known of the file since it was uploaded.
func (s *Site) measure(ctx context.Context, a *news.Item) error {
	a.Renditions = slices.Clone(a.Renditions)
	r := best(a.Renditions)
	if r == nil || r.Width > 0 || r.Duration > 0 {
		return nil
	}
	known, err := s.files.Files(ctx, r.Digest)
	if err != nil {
		return err
	}
	if f := known[r.Digest]; f != nil {
		r.Width, r.Height, r.Duration = f.Width, f.Height, f.Duration.Seconds()
	}
	return nil
}

// draftMedia lists the files of a draft with what can be said of them.
func (s *Site) draftMedia(q *request, it *news.Item) ([]view.DraftMedium, error) {
	made, err := s.made(q, it.Associations)
	if err != nil {
		return nil, err
	}
	var out []view.DraftMedium
	for i := range it.Associations {
		a := &it.Associations[i]
		r := best(a.Renditions)
		if r == nil {
			continue
		}
		out = append(out, view.DraftMedium{Medium: s.medium(a, r, made[r.Digest]), Digest: r.Digest, Name: r.OriginalFilename,
			CreditTyped: a.CreditLine, Notice: a.CopyrightNotice, Usage: a.UsageTerms})
	}
	return out, nil
}
