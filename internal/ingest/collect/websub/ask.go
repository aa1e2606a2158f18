package websub

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/fetch"
	"jisr/internal/news"
)

const (
	callTime = 30 * time.Second
	maxHops  = 3
)

// ask sends the request to subscribe (§5.1). That it was made is durable before
// it goes out: the hub may come back to confirm it at once.
func (s *Service) ask(ctx context.Context, sub *subscription, authorization string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE websub SET asked = $1, tries = tries + 1 WHERE id = $2`, db.Micros(s.Now()), sub.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("note a request: %w", err)
	}
	form := url.Values{
		"hub.mode":          {"subscribe"},
		"hub.topic":         {sub.topic},
		"hub.callback":      {s.URL + Path + sub.id},
		"hub.secret":        {sub.secret},
		"hub.lease_seconds": {strconv.FormatInt(int64(lease/time.Second), 10)},
	}
	if err := s.post(ctx, sub.hub, authorization, form); err != nil {
		s.note(ctx, sub.id, err.Error())
		return err
	}
	return nil
}

// note stores why a hub does not push.
func (s *Service) note(ctx context.Context, id, why string) {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE websub SET reason = $1 WHERE id = $2`, fetch.Said(why), id)
		return err
	})
	if err != nil {
		s.Log.Error("note a hub's refusal", "err", err)
	}
}

// post sends the form, also where the hub redirects it with its method (§5.1.1).
func (s *Service) post(ctx context.Context, hub, authorization string, form url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	for range maxHops {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, hub, strings.NewReader(form.Encode()))
		if err != nil {
			return news.Errorf(news.Invalid, "hub", "the hub's address cannot be called")
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("User-Agent", s.Agent)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		res, err := s.Client.Do(r)
		if err != nil {
			return news.Errorf(news.Unavailable, "hub", "the hub: %s", fetch.Said(fetch.Reason(err))).Because(err)
		}
		said, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		res.Body.Close()
		switch res.StatusCode {
		case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
			next, err := r.URL.Parse(res.Header.Get("Location"))
			if err != nil {
				return news.Errorf(news.Unavailable, "hub", "the hub leads to an address that cannot be read")
			}
			if why := s.unfit(next.String(), form.Get("hub.topic")); why != "" {
				return news.Errorf(news.Forbidden, "hub", "the hub leads to one that cannot be used: %s", why)
			}
			hub, authorization = next.String(), "" // a password is for whom it was given
			continue
		}
		if res.StatusCode/100 == 2 {
			return nil
		}
		return news.Errorf(news.Unavailable, "hub", "the hub answered %d: %s", res.StatusCode, fetch.Said(string(said)))
	}
	return news.Errorf(news.Unavailable, "hub", "the hub leads on more than %d times", maxHops)
}
