package api

import (
	"net/http"
	"strconv"
	"time"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

type useReport struct {
	Origin string      `json:"origin"`
	URI    string      `json:"uri"`
	Act    news.UseAct `json:"act"`
	Where  string      `json:"where"`
	When   string      `json:"when"`
}

// recorded says where an entry landed.
type recorded struct {
	Position int64 `json:"position"`
	Index    int64 `json:"index"`
}

func (s *server) reportUse(w http.ResponseWriter, c *call) error {
	var in useReport
	if err := readJSON(c, &in); err != nil {
		return err
	}
	body := news.UseBody{Act: in.Act, Issuer: in.Origin, Where: in.Where, When: in.When}
	out, err := s.newsroom.ReportUse(c.Context(), body, in.URI, c.caller.Actor(people.ReportUse))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, recorded{out.Positions[0], out.Indexes[0]})
}

// notice is a kill or hold by another organisation.
type notice struct {
	Position  int64     `json:"position"`
	Origin    string    `json:"origin"`
	URI       string    `json:"uri"`
	Act       news.Act  `json:"act"`
	Reason    string    `json:"reason"`
	Headline  string    `json:"headline"`
	Received  time.Time `json:"received"`
	Used      bool      `json:"used"`
	Open      bool      `json:"open"`
	Confirmed time.Time `json:"confirmed,omitzero"`
}

type notices struct {
	Notices    []notice `json:"notices"`
	NextBefore int64    `json:"next_before,omitzero"`
}

func (s *server) listNotices(w http.ResponseWriter, c *call) error {
	q := query(c)
	open, before, limit := q.flag("open"), q.number("before", 0), q.limit()
	if err := q.done(); err != nil {
		return err
	}
	found, err := s.newsroom.Notices(c.Context(), open, c.embargoed(), before, limit)
	if err != nil {
		return err
	}
	out := notices{Notices: make([]notice, len(found))}
	for i, n := range found {
		out.Notices[i] = shownNotice(n)
	}
	if len(found) == limit {
		out.NextBefore = found[limit-1].Position
	}
	return writeJSON(w, http.StatusOK, out)
}

func shownNotice(n *newsroom.Notice) notice {
	return notice{n.Position, n.Origin, n.URI, n.Act, n.Reason, n.Headline, utc(n.Received), n.Used, n.Open(), utc(n.Confirmed)}
}

func (s *server) confirmNotice(w http.ResponseWriter, c *call) error {
	position, err := strconv.ParseInt(c.PathValue("position"), 10, 64)
	if err != nil || position < 1 {
		return news.Errorf(news.NotFound, "notice", "there is no such notice")
	}
	return noContent(w, s.newsroom.ConfirmNotice(c.Context(), position, c.caller.Account.ID, c.caller.Actor(people.ConfirmNotices)))
}
