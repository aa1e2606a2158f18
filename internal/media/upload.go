package media

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	"golang.org/x/exp/slog"

	"jisr/internal/news"
)

// DigestHeader is the header of the answer to the last part of an upload: the digest under which
// items name the file.
const DigestHeader = "Jisr-Digest"

type ownerKey struct{}

// WithOwner returns the context of a request by the account. The upload handler
// refuses requests without one.
func WithOwner(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, ownerKey{}, account)
}

func ownerOf(ctx context.Context) string {
	owner, _ := ctx.Value(ownerKey{}).(string)
	return owner
}

// stallsAfter is how long a sender may be silent within one request.
const stallsAfter = time.Minute

// UploadHandler answers uploads by the tus protocol 1.0
// (https://tus.io/protocols/resumable-upload) under the path, such as
// /media/uploads/: creation, creation-with-upload and termination. Whoever
// mounts it signs people in, checks that they may upload and puts their account
// into the context (WithOwner); an upload is its owner's alone. GET of an upload
// answers JSON: filename, size, received, digest, refused.
//
// The protocol's own header keeps other sites from posting here: a browser asks
// before it sends Tus-Resumable, and is told nothing.
func (s *Service) UploadHandler(path string) (http.Handler, error) {
	composer := handler.NewStoreComposer()
	store := &uploadStore{s}
	composer.UseCore(store)
	composer.UseTerminater(store)
	memorylocker.New().UseIn(composer)
	tus, err := handler.NewHandler(handler.Config{
		StoreComposer: composer, BasePath: path, MaxSize: MaxSize,
		DisableDownload: true, DisableConcatenation: true,
		Cors:           &handler.CorsConfig{Disable: true},
		Logger:         slog.New(slog.NewTextHandler(io.Discard, nil)), // its errors are ours, and logged where they happen
		NetworkTimeout: stallsAfter,
		PreUploadCreateCallback: func(e handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
			changes, err := s.admit(e.Context, e.Upload)
			return handler.HTTPResponse{}, changes, err
		},
		PreFinishResponseCallback: func(e handler.HookEvent) (handler.HTTPResponse, error) {
			u, err := s.Upload(e.Context, ownerOf(e.Context), e.Upload.ID)
			if err != nil {
				return handler.HTTPResponse{}, s.toTus(err)
			}
			return handler.HTTPResponse{Header: handler.HTTPHeader{DigestHeader: u.Digest}}, nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("uploads: %w", err)
	}
	prefix := strings.TrimSuffix(path, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serveUpload(w, r, prefix, tus)
	}), nil
}

// serveUpload checks whose upload a request is about and passes it on.
func (s *Service) serveUpload(w http.ResponseWriter, r *http.Request, prefix string, tus http.Handler) {
	owner := ownerOf(r.Context())
	if owner == "" {
		http.Error(w, "sign in to upload", http.StatusUnauthorized)
		return
	}
	if id := strings.Trim(strings.TrimPrefix(r.URL.Path, prefix), "/"); id != "" {
		u, err := s.Upload(r.Context(), owner, id)
		if err == nil && r.Method == http.MethodGet {
			err = s.showUpload(r.Context(), w, u)
		}
		if err != nil {
			var e handler.Error
			errors.As(s.toTus(err), &e)
			http.Error(w, e.Message, e.HTTPResponse.StatusCode)
			return
		}
		if r.Method == http.MethodGet {
			return
		}
	}
	http.StripPrefix(prefix, tus).ServeHTTP(&relative{ResponseWriter: w}, r)
}

// showUpload answers with the state of an upload. One that is whole, but whose
// end a crash or a lost line interrupted, is brought to its end first.
func (s *Service) showUpload(ctx context.Context, w http.ResponseWriter, u *Upload) error {
	if u.Received == u.Size && u.Digest == "" && u.Refused == "" {
		if err := s.finish(ctx, u); err != nil && u.Refused == "" {
			return err
		}
	}
	b, err := json.Marshal(map[string]any{"id": u.ID, "filename": u.Filename, "size": u.Size, "received": u.Received, "digest": u.Digest, "refused": u.Refused})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(b)
	return err
}

// relative makes the Location of a new upload a path: which scheme and host the
// node has for a browser, only the browser knows.
type relative struct {
	http.ResponseWriter
}

func (w *relative) WriteHeader(status int) {
	if u, err := url.Parse(w.Header().Get("Location")); err == nil && u.Host != "" {
		w.Header().Set("Location", u.EscapedPath())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap implements what http.ResponseController needs.
func (w *relative) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// maxUnfinished is how many uploads an account may have under way.
const maxUnfinished = 50

// admit decides about a new upload and gives it its id.
func (s *Service) admit(ctx context.Context, info handler.FileInfo) (handler.FileInfoChanges, error) {
	owner := ownerOf(ctx)
	if info.Size == 0 {
		return handler.FileInfoChanges{}, s.toTus(news.Errorf(news.Invalid, "media", "the file is empty"))
	}
	n, err := s.unfinished(ctx, owner)
	if err != nil {
		return handler.FileInfoChanges{}, s.toTus(err)
	}
	if n >= maxUnfinished {
		return handler.FileInfoChanges{}, s.toTus(news.Errorf(news.Conflict, "media", "%d uploads are under way already: finish or remove some", n))
	}
	return handler.FileInfoChanges{ID: strings.ToLower(rand.Text()), MetaData: handler.MetaData{"filename": plainName(info.MetaData["filename"])}}, nil
}

// toTus turns an error into one that the protocol's handler answers with, in
// words for people. What is not for them stays in the log.
func (s *Service) toTus(err error) error {
	var tus handler.Error
	var e *news.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tus):
		return err
	case errors.As(err, &e):
		status := map[news.Kind]int{news.Invalid: http.StatusBadRequest, news.NotFound: http.StatusNotFound, news.Conflict: http.StatusConflict,
			news.Forbidden: http.StatusForbidden, news.Unavailable: http.StatusServiceUnavailable, news.TooLarge: http.StatusRequestEntityTooLarge}[e.Kind]
		if e.Field == typeField {
			status = http.StatusUnsupportedMediaType
		}
		return handler.NewError("ERR_"+strings.ToUpper(string(e.Kind)), e.Message, status)
	}
	if !errors.Is(err, context.Canceled) {
		s.log.Error("an upload failed", "err", err)
	}
	return handler.NewError("ERR_INTERNAL", "something went wrong here; the node's log says what", http.StatusInternalServerError)
}

// plainName returns the last part of a sender's file name, without characters
// that are not to be seen.
func plainName(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > 200 {
		s = string(runes[len(runes)-200:]) // the end has the extension
	}
	return strings.TrimSpace(s)
}
