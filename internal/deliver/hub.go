package deliver

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// The hub is that of W3C WebSub, https://www.w3.org/TR/websub/. Its topics are
// our feeds of kind websub.

const (
	// callbackTime is how long a callback may take to answer.
	callbackTime = 20 * time.Second
	maxHubBody   = 16 << 10 // bytes of a request
	maxHubSecret = 199      // bytes, WebSub §5.1

	leaseDefault = 10 * 24 * time.Hour
	leaseLeast   = time.Minute
	leaseMost    = 30 * 24 * time.Hour

	maxCallbacks = 50 // of a feed
	maxVerifying = 16 // callbacks that are asked at a time
)

// intent is what somebody asks of the hub.
type intent struct {
	mode     string // subscribe, unsubscribe
	topic    string
	callback string
	secret   string
	lease    time.Duration
	asked    *asked
}

// serveHub takes a request to subscribe or unsubscribe: WebSub §5.1. It is
// accepted before the callback was asked whether it means it.
func (s *Service) serveHub(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxHubBody)
	if err := r.ParseForm(); err != nil {
		return news.Errorf(news.Invalid, "", "send a form of at most %d bytes: application/x-www-form-urlencoded", maxHubBody)
	}
	in, err := s.intent(r.Context(), r)
	if err != nil {
		return err
	}
	select {
	case s.verifying <- struct{}{}:
	default:
		w.Header().Set("Retry-After", "10")
		return news.Errorf(news.Unavailable, "", "the hub is busy: ask again in some seconds")
	}
	s.hubWork.Go(func() {
		defer func() { <-s.verifying }()
		ctx, cancel := context.WithTimeout(s.stopping, 2*callbackTime) // the request is over by then
		defer cancel()
		if err := s.confirm(ctx, in); err != nil {
			s.Log.Info("a subscription at the hub came to nothing", "mode", in.mode, "host", hostOf(in.callback), "feed", in.asked.destination.ID, "reason", reasonOf(err))
		}
	})
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (s *Service) intent(ctx context.Context, r *http.Request) (*intent, error) {
	in := &intent{mode: r.PostForm.Get("hub.mode"), topic: r.PostForm.Get("hub.topic"), callback: r.PostForm.Get("hub.callback"),
		secret: r.PostForm.Get("hub.secret"), lease: leaseDefault}
	if in.mode != "subscribe" && in.mode != "unsubscribe" {
		return nil, news.Errorf(news.Invalid, "hub.mode", "%q is not subscribe or unsubscribe", in.mode)
	}
	u, err := url.Parse(in.callback)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(in.callback) > news.MaxURI {
		return nil, news.Errorf(news.Invalid, "hub.callback", "the callback is not an address such as https://reader.example/in")
	}
	if len(in.secret) > maxHubSecret {
		return nil, news.Errorf(news.Invalid, "hub.secret", "a secret is shorter than %d bytes", maxHubSecret+1)
	}
	if given := r.PostForm.Get("hub.lease_seconds"); given != "" {
		n, err := strconv.ParseInt(given, 10, 32)
		if err != nil || n < 0 {
			return nil, news.Errorf(news.Invalid, "hub.lease_seconds", "%q is not a number of seconds", given)
		}
		in.lease = min(max(time.Duration(n)*time.Second, leaseLeast), leaseMost)
	}
	in.asked, err = s.topic(ctx, in.topic, r.Header)
	return in, err
}

// topic finds the feed that a topic names. The address is compared without its
// host: what the node is called is decided by whoever stands in front of it.
func (s *Service) topic(ctx context.Context, topic string, h http.Header) (*asked, error) {
	none := news.Errorf(news.NotFound, "hub.topic", "the topic is no feed of this node: take it from the feed's link rel=self")
	u, err := url.Parse(topic)
	if err != nil || len(topic) > news.MaxURI {
		return nil, none
	}
	name, ok := strings.CutPrefix(u.Path, FeedPath)
	if !ok || strings.Contains(name, "/") {
		return nil, none
	}
	r := &http.Request{URL: u, Header: http.Header{"Authorization": h.Values("Authorization")}}
	r.SetPathValue("feed", name)
	a, err := s.ask(ctx, r)
	if err != nil {
		return nil, err
	}
	if a.destination.Kind != WebSub {
		return nil, news.Errorf(news.Conflict, "hub.topic", "this feed is only to be fetched: it has no hub")
	}
	if a.destination.silent {
		return nil, news.Errorf(news.Forbidden, "hub.topic", "this feed is switched off")
	}
	return a, nil
}

// confirm asks the callback whether it means what was asked in its name (WebSub
// §5.3), and does it.
func (s *Service) confirm(ctx context.Context, in *intent) error {
	challenge := rand.Text()
	q := url.Values{"hub.mode": {in.mode}, "hub.topic": {in.topic}, "hub.challenge": {challenge}}
	if in.mode == "subscribe" {
		q.Set("hub.lease_seconds", strconv.Itoa(int(in.lease/time.Second)))
	}
	said, status, err := s.callBack(ctx, in.callback, q)
	if err != nil {
		return err
	}
	if status/100 != 2 || subtle.ConstantTimeCompare([]byte(said), []byte(challenge)) != 1 {
		return news.Errorf(news.Conflict, "hub.callback", "the callback did not confirm it: status %d", status)
	}
	if in.mode == "unsubscribe" {
		return s.unsubscribe(ctx, in)
	}
	return s.subscribe(ctx, in)
}

// callBack asks a callback a question; what stood in its query stays there.
func (s *Service) callBack(ctx context.Context, callback string, q url.Values) (string, int, error) {
	u, err := url.Parse(callback)
	if err != nil {
		return "", 0, err
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", 0, err
	}
	res, err := s.client.Do(r)
	if err != nil {
		return "", 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return string(b), res.StatusCode, err
}

// subscribe keeps a subscription, or renews one.
func (s *Service) subscribe(ctx context.Context, in *intent) error {
	feed := in.asked.destination
	since, err := s.Ledger.Position(ctx)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		var revoked int64
		err := tx.QueryRowContext(ctx, `SELECT revoked FROM feed_token WHERE id = $1`, in.asked.token.ID).Scan(&revoked)
		if err != nil {
			return fmt.Errorf("look up a token: %w", err)
		}
		if revoked != 0 {
			return errShut // while the callback was asked
		}
		now := s.Now()
		res, err := tx.ExecContext(ctx, `UPDATE destination SET secret = $1, format = $2, token = $3, expires = $4, changed = $5
			WHERE feed = $6 AND address = $7 AND topic = $8 AND removed = 0`, in.secret, in.asked.format.ext, in.asked.token.ID,
			db.Micros(now.Add(in.lease)), db.Micros(now), feed.ID, in.callback, in.topic)
		if err != nil {
			return fmt.Errorf("renew a subscription: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return errors.Join(err, changed(ctx, tx))
		}
		var have int
		err = tx.QueryRowContext(ctx, `SELECT count(*) FROM destination WHERE feed = $1 AND removed = 0 AND expires > $2`, feed.ID, db.Micros(now)).Scan(&have)
		if err != nil {
			return fmt.Errorf("count subscriptions: %w", err)
		}
		if have >= maxCallbacks {
			return news.Errorf(news.Conflict, "hub.topic", "the feed has %d subscriptions already", have)
		}
		return s.insertDestination(ctx, tx, &Destination{Subscriber: feed.Subscriber, Name: hostOf(in.callback), Kind: Callback, Address: in.callback,
			Secret: in.secret, Format: in.asked.format.ext, Embargo: HoldBack, Active: true, Feed: feed.ID, Topic: in.topic,
			Token: in.asked.token.ID, Expires: now.Add(in.lease), since: since})
	})
}

func (s *Service) unsubscribe(ctx context.Context, in *intent) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		return endCallbacks(ctx, tx, s.Now(), `feed = $2 AND address = $3 AND topic = $4`, in.asked.destination.ID, in.callback, in.topic)
	})
}

// endCallbacks ends the subscriptions that the condition chooses, whose arguments
// begin with $2. Nothing more goes to who asked not to be called.
func endCallbacks(ctx context.Context, tx *db.Tx, now time.Time, condition string, args ...any) error {
	_, err := tx.ExecContext(ctx, `UPDATE delivery SET state = 'canceled', reason = $1 WHERE state = 'waiting'
		AND destination IN (SELECT id FROM destination WHERE kind = 'callback' AND removed = 0 AND `+condition+`)`,
		append([]any{"its subscription ended"}, args...)...)
	if err != nil {
		return fmt.Errorf("strike off what waits: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE destination SET removed = $1 WHERE kind = 'callback' AND removed = 0 AND `+condition,
		append([]any{db.Micros(now)}, args...)...)
	if err != nil {
		return fmt.Errorf("end a subscription: %w", err)
	}
	return changed(ctx, tx)
}

// Callbacks returns what follows a feed through the hub.
func (s *Service) Callbacks(ctx context.Context, feed string) ([]*Destination, error) {
	return destinations(ctx, s.DB.Reader(), `SELECT `+destinationColumns+` FROM destination d WHERE d.feed = $1 AND d.removed = 0 AND d.expires > $2
		ORDER BY d.id`, feed, db.Micros(s.Now()))
}

// distributor sends a feed's news to a callback: WebSub §7.
type distributor struct{ s *Service }

// Send implements Sender.
func (x *distributor) Send(ctx context.Context, d *Destination, m *Message) (Receipt, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.Address, strings.NewReader(string(m.Body)))
	if err != nil {
		return Receipt{}, err
	}
	r.Header.Set("Content-Type", m.ContentType)
	r.Header.Add("Link", fmt.Sprintf("<%s>; rel=\"hub\"", x.s.URL()+HubPath))
	r.Header.Add("Link", fmt.Sprintf("<%s>; rel=\"self\"", d.Topic))
	if d.Secret != "" {
		mac := hmac.New(sha256.New, []byte(d.Secret))
		mac.Write(m.Body)
		r.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	res, err := x.s.client.Do(r)
	if err != nil {
		return Receipt{}, err
	}
	defer res.Body.Close()
	io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) //nolint:errcheck // only so that the connection can be used again
	switch code := res.StatusCode; {
	case code/100 == 2:
		return Receipt{Status: res.Status}, nil
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return Receipt{}, &Refusal{Status: res.Status, Again: true, After: retryAfter(res.Header, x.s.Now()), Reason: "the callback takes it later"}
	}
	return Receipt{}, &Refusal{Status: res.Status, Reason: "the callback will not have it; its subscriber may have ended the subscription"}
}

// retryAfter reads how long the other side wants to be left alone: RFC 9110
// §10.2.3.
func retryAfter(h http.Header, now time.Time) time.Duration {
	given := h.Get("Retry-After")
	if n, err := strconv.Atoi(given); err == nil && n > 0 {
		return min(time.Duration(n)*time.Second, maxAfter)
	}
	if at, err := http.ParseTime(given); err == nil {
		return min(max(at.Sub(now), 0), maxAfter)
	}
	return 0
}

// entryOf makes the message of a callback: its feed with this one item.
func (s *Service) entryOf(ctx context.Context, d *Destination, it *news.Item, t *task, p *parcel) error {
	f, ok := formatOf(d.Format)
	if !ok {
		return news.Errorf(news.Invalid, "format", "there are no feeds in the form %q", d.Format)
	}
	p.format, p.message.ContentType = f.ext, f.contentType
	if t.body != "" && t.format == f.ext {
		if b, err := s.body(ctx, t.body, t.position); err == nil {
			p.message.Body = b
			return nil
		}
	}
	var err error
	p.message.Body, err = f.document(s.channelOf(d), []*news.Item{it})
	return err
}
