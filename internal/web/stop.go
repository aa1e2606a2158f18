package web

import (
	"context"
	"strconv"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
	"jisr/internal/web/view"
)

// undoing reads which act a request is about: hold, release or kill, and one
// that the caller may perform.
func undoing(q *request) (news.Act, error) {
	act := news.Act(q.FormValue("act"))
	switch act {
	case news.Hold, news.Release, news.Kill:
		return act, q.caller.Check(permissionFor(act))
	}
	return "", news.Errorf(news.Invalid, "act", "%q is not hold, release or kill", act)
}

func (s *Site) actPage(q *request) error { return s.showAct(q, nil) }

// showAct asks for the reason and says who will be told.
func (s *Site) showAct(q *request, failed error) error {
	act, err := undoing(q)
	if err != nil {
		return err
	}
	origin, uri := q.item()
	l, err := s.newsroom.Line(q.Context(), origin, uri, true)
	if err != nil {
		return err
	}
	if !l.Own {
		return news.Errorf(news.Forbidden, "", "only %s can %s its item", origin, act)
	}
	v := view.Act{Shell: q.shell("wire", q.T("do."+string(act)), failed), Act: act, Line: l, Reason: q.text("reason")}
	if v.Receivers, err = s.told(q, origin, uri, l.Version); err != nil {
		return err
	}
	return q.render(view.ActPage(v), failed)
}

func (s *Site) act(q *request) error {
	act, err := undoing(q)
	if err != nil {
		return err
	}
	origin, uri := q.item()
	issued, err := s.newsroom.Issue(q.Context(), newsroom.Issue{Act: act, Item: &news.Item{URI: uri}, Reason: q.text("reason"),
		Actor: q.caller.Actor(permissionFor(act)), Expect: int(q.number("version"))})
	if err != nil {
		return s.showAct(q, err)
	}
	s.settle(q, issued.Position)
	return q.redirect(view.ItemLink("/item", origin, uri), string(act))
}

// settle waits, shortly, until the wire shows the position: who issued an item
// wants to see it.
func (s *Site) settle(q *request, position int64) {
	ctx, cancel := context.WithTimeout(q.Context(), 3*time.Second)
	defer cancel()
	if err := s.ledger.WaitFollower(ctx, newsroom.WireFollower, position); err != nil {
		s.log.Warn("the wire is late", "position", position, "err", err)
	}
}

// told lists the partners that an act on the issued item will reach.
func (s *Site) told(q *request, origin, uri string, version int) ([]string, error) {
	it, err := s.newsroom.VersionItem(q.Context(), origin, uri, version, q.embargoed())
	if err != nil {
		return nil, err
	}
	l, err := s.newsroom.Line(q.Context(), origin, uri, true)
	if err != nil {
		return nil, err
	}
	return s.receivers(q, news.LabelOf(it, l.Desk))
}

func (s *Site) receivers(q *request, label news.Label) ([]string, error) {
	partners, err := s.exchange.Receivers(q.Context(), label)
	if err != nil {
		return nil, err
	}
	return origins(partners), nil
}

func origins(partners []*exchange.Partner) []string {
	out := make([]string, len(partners))
	for i, p := range partners {
		out[i] = p.Origin
	}
	return out
}

func (s *Site) confirmNotice(q *request) error {
	position, err := strconv.ParseInt(q.FormValue("position"), 10, 64)
	if err != nil {
		return news.Errorf(news.Invalid, "position", "%q is not the number of a notice", q.FormValue("position"))
	}
	if err := s.newsroom.ConfirmNotice(q.Context(), position, q.account(), q.caller.Actor(people.ConfirmNotices)); err != nil {
		return err
	}
	return q.redirect("/notices", "notice")
}
