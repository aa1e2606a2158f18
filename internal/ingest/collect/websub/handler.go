package websub

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	maxBody      = 16 << 20 // bytes
	maxChallenge = 1024
	maxAtOnce    = 8 // bodies that are read at the same time
	bodyTime     = 30 * time.Second
)

// Keep stores durably what a hub pushed for a source. It fails with NotFound when
// the source wants nothing any more.
type Keep func(ctx context.Context, source string, body []byte) error

// Handler answers hubs at Path. Whoever does not know the id of a subscription,
// which only its hub was told, learns nothing.
func (s *Service) Handler(keep Keep) http.Handler {
	slots := make(chan struct{}, maxAtOnce)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		sub, err := s.byID(r.Context(), id)
		if err != nil {
			s.Log.Error("read a subscription", "err", err)
			http.Error(w, "try again later", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case sub == nil && r.Method == http.MethodPost:
			http.Error(w, "there is no such subscription", http.StatusGone)
		case sub == nil:
			http.Error(w, "there is no such subscription", http.StatusNotFound)
		case r.Method == http.MethodGet:
			s.confirm(w, r, sub)
		case r.Method == http.MethodPost:
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
				s.take(w, r, sub, keep)
			default:
				w.Header().Set("Retry-After", "10")
				http.Error(w, "try again later", http.StatusServiceUnavailable)
			}
		default:
			w.Header().Set("Allow", "GET, POST")
			http.Error(w, "use GET or POST", http.StatusMethodNotAllowed)
		}
	})
}

// confirm answers a hub that wants to know whether this node asked (§5.3), or
// takes note that it denies the subscription (§5.2).
func (s *Service) confirm(w http.ResponseWriter, r *http.Request, sub *subscription) {
	q := r.URL.Query()
	challenge := q.Get("hub.challenge")
	switch {
	case q.Get("hub.topic") != sub.topic:
		http.Error(w, "this was not asked for", http.StatusNotFound)
		return
	case q.Get("hub.mode") == "denied":
		s.denied(w, r, sub, q.Get("hub.reason"))
		return
	case q.Get("hub.mode") != "subscribe" || sub.asked.Before(s.Now().Add(-askTime)):
		http.Error(w, "this was not asked for", http.StatusNotFound)
		return
	case challenge == "" || len(challenge) > maxChallenge:
		http.Error(w, "hub.challenge is missing or too long", http.StatusBadRequest)
		return
	}
	err := s.DB.Write(r.Context(), func(tx *db.Tx) error {
		length := granted(q)
		_, err := tx.ExecContext(r.Context(), `UPDATE websub SET lease = $1, until = $2, tries = 0, reason = '' WHERE id = $3`,
			length.Microseconds(), db.Micros(s.Now().Add(length)), sub.id)
		return err
	})
	if err != nil {
		s.Log.Error("store a lease", "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, challenge) //nolint:errcheck // the hub will ask again
}

// granted is the lease that the hub gives.
func granted(q url.Values) time.Duration {
	n, err := strconv.ParseInt(q.Get("hub.lease_seconds"), 10, 32)
	if err != nil || n <= 0 {
		return lease // as we asked
	}
	return min(max(time.Duration(n)*time.Second, minLease), maxLease)
}

func (s *Service) denied(w http.ResponseWriter, r *http.Request, sub *subscription, why string) {
	err := s.DB.Write(r.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecContext(r.Context(), `UPDATE websub SET until = 0 WHERE id = $1`, sub.id)
		return err
	})
	if err != nil {
		s.Log.Error("store a refusal", "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	s.note(r.Context(), sub.id, "the hub denies the subscription: "+why)
	w.WriteHeader(http.StatusOK)
}

// take keeps what the hub pushes (§7). A wrong signature is said to be wrong: a
// hub that is told that all is well would never be mended.
func (s *Service) take(w http.ResponseWriter, r *http.Request, sub *subscription, keep Keep) {
	if !sub.until.After(s.Now()) {
		http.Error(w, "the subscription has ended", http.StatusGone)
		return
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		http.Error(w, "send the body as it is", http.StatusUnsupportedMediaType)
		return
	}
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) //nolint:errcheck // the server's own time limit stands
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body was cut off", http.StatusBadRequest)
		return
	}
	if why := signed(r.Header.Get("X-Hub-Signature"), sub.secret, body); why != nil {
		if errors.Is(why, errWeak) && !sub.weak {
			s.weak(r.Context(), sub)
		}
		http.Error(w, why.Error(), http.StatusForbidden)
		return
	}
	if len(body) > 0 {
		err = keep(r.Context(), sub.source, body)
	}
	switch {
	case news.KindOf(err) == news.NotFound:
		http.Error(w, "the subscription has ended", http.StatusGone)
		return
	case err != nil:
		s.Log.Error("keep what a hub pushed", "source", sub.source, "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
		return
	}
	s.pushed(r.Context(), sub)
	w.WriteHeader(http.StatusNoContent)
}

var (
	errUnsigned = errors.New("X-Hub-Signature is missing or wrong")
	errWeak     = errors.New("SHA-1 can be forged: sign with sha256 or stronger")
)

// signed checks X-Hub-Signature (§7.1).
func signed(header, secret string, body []byte) error {
	method, value, _ := strings.Cut(header, "=")
	var newHash func() hash.Hash
	switch strings.ToLower(strings.TrimSpace(method)) {
	case "sha256":
		newHash = sha256.New
	case "sha384":
		newHash = sha512.New384
	case "sha512":
		newHash = sha512.New
	case "sha1":
		return errWeak
	default:
		return errUnsigned
	}
	got, err := hex.DecodeString(strings.TrimSpace(value))
	mac := hmac.New(newHash, []byte(secret))
	mac.Write(body)
	if err != nil || !hmac.Equal(got, mac.Sum(nil)) {
		return errUnsigned
	}
	return nil
}

// weak has the source polled as if there were no hub.
func (s *Service) weak(ctx context.Context, sub *subscription) {
	s.note(ctx, sub.id, "the hub signs with SHA-1 only, which can be forged; what it pushes is refused")
	s.mark(ctx, `UPDATE websub SET weak = 1 WHERE id = $1`, sub.id)
}

func (s *Service) pushed(ctx context.Context, sub *subscription) {
	s.mark(ctx, `UPDATE websub SET weak = 0, pushed = $2 WHERE id = $1`, sub.id, db.Micros(s.Now()))
}

func (s *Service) mark(ctx context.Context, query string, args ...any) {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		s.Log.Error("note what a hub did", "err", err)
	}
}
