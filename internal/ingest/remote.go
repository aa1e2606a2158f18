package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/jobs"
	"jisr/internal/news"
)

// Bounds on media that items name by address.
const (
	maxRemote    = 200 << 20 // bytes of a file
	remoteEach   = 20        // files of an item
	remoteWait   = 20 * time.Minute
	remoteTries  = 5
	remoteFresh  = 24 * time.Hour // an address whose file was fetched is not asked again
	remoteFailed = time.Hour      // nor one that failed
	redirects    = 5
	hostAtOnce   = 2               // files of a host at a time
	hostBusy     = 3 * time.Second // until one tries again at a busy host
)

// fetchMedia is the job that fetches a file which a source's item named.
type fetchMedia struct {
	Source string `json:"source"`
	URL    string `json:"url"`
}

// Kind implements jobs.Args.
func (fetchMedia) Kind() string { return "ingest_media" }

// HandleJobs makes the node's runner do the jobs of ingest.
func (s *Service) HandleJobs() {
	client := fetch.Client(fetch.Options{Allow: s.allow, Header: 30 * time.Second})
	jobs.Handle(s.jobs, func(ctx context.Context, j *jobs.Job[fetchMedia]) error {
		release := s.enterHost(j.Args.URL)
		if release == nil {
			return jobs.Later(hostBusy)
		}
		defer release()
		got, kind, err := s.download(ctx, client, j.Args.URL)
		if err != nil && passing(err) && j.Attempt < min(j.MaxAttempts, remoteTries) {
			return err
		}
		return s.noteFetched(ctx, j.Args, got, kind, err)
	})
}

// enterHost counts a fetch at the address's host in; nil if as many as may are
// under way.
func (s *Service) enterHost(address string) (release func()) {
	u, err := url.Parse(address)
	if err != nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetching[u.Host] >= hostAtOnce {
		return nil
	}
	s.fetching[u.Host]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fetching[u.Host]--; s.fetching[u.Host] == 0 {
			delete(s.fetching, u.Host)
		}
	}
}

// passing reports whether trying again may help.
func passing(err error) bool {
	switch news.KindOf(err) {
	case news.Invalid, news.TooLarge, news.Forbidden, news.NotFound:
		return false
	}
	return true
}

// download fetches a file. A redirect is followed under the same rules as the
// address itself.
func (s *Service) download(ctx context.Context, client *http.Client, address string) (blob.Info, string, error) {
	for range redirects + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil || !remote(address) {
			return blob.Info{}, "", news.Errorf(news.Invalid, "href", "it is no address of a file: only http and https are fetched")
		}
		req.Header.Set("User-Agent", "Jisr")
		req.Header.Set("Accept", "image/*, video/*, audio/*, application/*;q=0.5")
		res, err := client.Do(req)
		if err != nil {
			return blob.Info{}, "", err
		}
		next, got, kind, err := s.takeAnswer(ctx, res)
		if closed := res.Body.Close(); err == nil && closed != nil {
			err = closed
		}
		if next == "" || err != nil {
			return got, kind, err
		}
		address = next
	}
	return blob.Info{}, "", news.Errorf(news.Invalid, "href", "it leads on and on: more than %d redirects", redirects)
}

// takeAnswer stores the file of an answer, or returns the address that it leads
// to.
func (s *Service) takeAnswer(ctx context.Context, res *http.Response) (next string, got blob.Info, kind string, err error) {
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		to, err := res.Location()
		if err != nil {
			return "", got, "", news.Errorf(news.Invalid, "href", "its server answers %s and does not say where the file is", res.Status)
		}
		return to.String(), got, "", nil
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode == http.StatusRequestTimeout, res.StatusCode >= 500:
		return "", got, "", news.Errorf(news.Unavailable, "href", "its server answers %s", res.Status)
	case res.StatusCode != http.StatusOK:
		return "", got, "", news.Errorf(news.NotFound, "href", "its server answers %s", res.Status)
	}
	kind, _, _ = mime.ParseMediaType(res.Header.Get("Content-Type")) // servers say all kinds of things
	if kind == "text/html" || kind == "application/xhtml+xml" {
		return "", got, "", news.Errorf(news.Invalid, "href", "it is a web page and no file")
	}
	if res.ContentLength > maxRemote {
		return "", got, "", news.Errorf(news.TooLarge, "href", "%d bytes are more than the %d that are fetched", res.ContentLength, maxRemote)
	}
	got, err = s.blobs.Put(ctx, res.Body, blob.Expect{Max: maxRemote})
	switch {
	case err == nil && got.Size == 0:
		err = news.Errorf(news.Invalid, "href", "the file is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = news.Errorf(news.Unavailable, "href", "its server broke off").Because(err)
	}
	return "", got, kind, err
}

// noteFetched stores what came of a fetch and lets the arrivals go on that wait
// for it.
func (s *Service) noteFetched(ctx context.Context, a fetchMedia, got blob.Info, kind string, failure error) error {
	reason := ""
	if failure != nil {
		reason = fetch.Reason(failure)
		if reason == failure.Error() && news.KindOf(failure) == "" {
			s.log.Warn("media of a source cannot be fetched", "source", a.Source, "url", a.URL, "err", failure)
			reason = "it cannot be fetched"
		}
		got = blob.Info{}
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO fetched (source, url, digest, size, type, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (source, url) DO UPDATE SET digest = excluded.digest, size = excluded.size, type = excluded.type,
			reason = excluded.reason, at = excluded.at`, a.Source, a.URL, got.Digest, got.Size, text(kind, maxName), text(reason, maxReason), db.Micros(s.now()))
		if err != nil {
			return fmt.Errorf("note what was fetched: %w", err)
		}
		_, err = tx.ExecContext(ctx, `UPDATE arrival SET due = $1 WHERE source = $2 AND state = 'waiting' AND awaits <> ''
			AND replace(awaits, $3, '') <> awaits`, db.Micros(s.now()), a.Source, joined([]string{a.URL}))
		if err != nil {
			return fmt.Errorf("note what was fetched: %w", err)
		}
		return tx.Notify(ctx, Topic)
	})
}

// fetchedFile is a row of the table fetched.
type fetchedFile struct {
	digest, kind, reason string
	size                 int64
	at                   time.Time
}

// fetchRemote gives the renditions that the item names by address the bytes that
// were fetched, and has the others fetched: the piece waits for them.
func (t *taking) fetchRemote(ctx context.Context, p *Piece) error {
	wanted := wantedMedia(p.Item)
	if p.stops() || len(wanted) == 0 {
		return nil
	}
	if len(wanted) > remoteEach {
		p.lose("%d media files are named by address: the first %d are fetched", len(wanted), remoteEach)
		wanted = wanted[:remoteEach]
	}
	have, err := t.fetched(ctx, wanted)
	if err != nil {
		return err
	}
	for _, r := range wanted {
		f := have[r.Href]
		switch {
		case f != nil && f.digest != "" && t.now().Sub(f.at) < remoteFresh && t.blobs.Has(f.digest):
			r.Digest, r.SizeInBytes = f.digest, f.size
			if r.ContentType == "" {
				r.ContentType = f.kind
			}
		case f != nil && f.reason != "" && t.now().Sub(f.at) < remoteFailed:
			p.lose("rendition %s: %s stays a link: %s", r.Name, r.Href, f.reason)
		case t.jobs == nil || !t.now().Before(p.arrival.Received.Add(remoteWait)):
			p.lose("rendition %s: %s stays a link: it could not be fetched in time", r.Name, r.Href)
		default:
			p.await(r.Href, p.arrival.Received.Add(remoteWait), t.now())
			if !slices.Contains(t.fetches, r.Href) {
				t.fetches = append(t.fetches, r.Href)
			}
		}
	}
	return nil
}

// wantedMedia returns the renditions of the item and its associations that name
// a file elsewhere and have no bytes here.
func wantedMedia(it *news.Item) []*news.Rendition {
	var out []*news.Rendition
	for i := range it.Renditions {
		if r := &it.Renditions[i]; r.Digest == "" && remote(r.Href) {
			out = append(out, r)
		}
	}
	for i := range it.Associations {
		out = append(out, wantedMedia(&it.Associations[i])...)
	}
	return out
}

// remote reports whether the address can be fetched.
func remote(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= maxLine && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		news.ValidURI("href", address) == nil
}

// fetched reads what is known of the addresses.
func (t *taking) fetched(ctx context.Context, wanted []*news.Rendition) (map[string]*fetchedFile, error) {
	args, places := []any{t.src.ID}, make([]string, len(wanted))
	for i, r := range wanted {
		args = append(args, r.Href)
		places[i] = fmt.Sprintf("$%d", len(args))
	}
	rows, err := t.db.Reader().QueryContext(ctx, `SELECT url, digest, size, type, reason, at FROM fetched
		WHERE source = $1 AND url IN (`+strings.Join(places, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read what was fetched: %w", err)
	}
	defer rows.Close()
	out := map[string]*fetchedFile{}
	for rows.Next() {
		f := &fetchedFile{}
		var address string
		var at int64
		if err := rows.Scan(&address, &f.digest, &f.size, &f.kind, &f.reason, &at); err != nil {
			return nil, fmt.Errorf("read what was fetched: %w", err)
		}
		f.at = db.FromMicros(at)
		out[address] = f
	}
	return out, rows.Err()
}

// enqueueFetches has the media fetched that pieces wait for.
func (t *taking) enqueueFetches(ctx context.Context, tx *db.Tx) error {
	for _, address := range t.fetches {
		_, err := t.jobs.Enqueue(ctx, tx, fetchMedia{t.src.ID, address}, jobs.When{Unique: true, MaxAttempts: remoteTries})
		if err != nil {
			return err
		}
	}
	return nil
}
