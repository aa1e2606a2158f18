package newsroom

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Bounds of a calendar that is read.
const (
	MaxCalendar    = 8 << 20 // bytes
	maxEvents      = 5000    // of a calendar
	maxOccurrences = 100     // of one event that repeats
	maxTried       = 100_000 // steps of a rule, which may begin in 1970 and repeat each second
	maxAhead       = 366 * 24 * time.Hour
)

// WriteCalendar writes the entries as iCalendar (RFC 5545).
func WriteCalendar(w io.Writer, name string, plans []*Plan) error {
	c := ical.NewCalendar()
	c.Props.SetText(ical.PropVersion, "2.0")
	c.Props.SetText(ical.PropProductID, "-//Jisr//Diary//EN")
	c.Props.SetText("X-WR-CALNAME", name)
	for _, p := range plans {
		c.Children = append(c.Children, event(p).Component)
	}
	if len(plans) == 0 { // the library, as the RFC, wants a component; an empty diary is a calendar all the same
		_, err := fmt.Fprintf(w, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Jisr//Diary//EN\r\nEND:VCALENDAR\r\n")
		return err
	}
	if err := ical.NewEncoder(w).Encode(c); err != nil {
		return fmt.Errorf("write a calendar: %w", err)
	}
	return nil
}

func event(p *Plan) *ical.Event {
	e := ical.NewEvent()
	e.Props.SetText(ical.PropUID, p.UID)
	e.Props.SetDateTime(ical.PropDateTimeStamp, p.Changed.UTC())
	e.Props.SetText(ical.PropSummary, p.Title)
	e.SetStatus(ical.EventStatus(strings.ToUpper(string(p.Status))))
	if p.Note != "" {
		e.Props.SetText(ical.PropDescription, p.Note)
	}
	if p.Place != "" {
		e.Props.SetText(ical.PropLocation, p.Place)
	}
	set := e.Props.SetDateTime
	if p.AllDay {
		set = e.Props.SetDate
	}
	set(ical.PropDateTimeStart, p.Starts.UTC())
	if !p.Ends.IsZero() {
		set(ical.PropDateTimeEnd, p.Ends.UTC())
	}
	return e
}

// ReadCalendar reads the events of an iCalendar file; times without a zone are
// taken in the given one. An event that repeats becomes its occurrences of the
// coming year. skipped says of which events nothing could be made, and why.
func ReadCalendar(data []byte, zone *time.Location, now time.Time) (plans []*Plan, skipped []string, err error) {
	if len(data) > MaxCalendar {
		return nil, nil, news.Errorf(news.TooLarge, "file", "%d bytes are more than the %d of one calendar", len(data), MaxCalendar)
	}
	dec := ical.NewDecoder(bytes.NewReader(data))
	for {
		c, err := dec.Decode()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, news.Errorf(news.Invalid, "file", "this is no iCalendar file: export the calendar as .ics").Because(err)
		}
		for _, e := range c.Events() {
			if len(plans) >= maxEvents {
				return nil, nil, news.Errorf(news.TooLarge, "file", "the calendar has more than %d events: export a part of it", maxEvents)
			}
			made, err := planOf(e, zone, now)
			if err != nil {
				title, _ := e.Props.Text(ical.PropSummary)
				skipped = append(skipped, fmt.Sprintf("%.80q: %v", title, err))
				continue
			}
			plans = append(plans, made...)
		}
	}
	if len(plans) == 0 && len(skipped) == 0 {
		return nil, nil, news.Errorf(news.Invalid, "file", "there are no events in this file")
	}
	return plans, skipped, nil
}

func planOf(e ical.Event, zone *time.Location, now time.Time) ([]*Plan, error) {
	p := &Plan{}
	p.UID, _ = e.Props.Text(ical.PropUID)
	p.Title, _ = e.Props.Text(ical.PropSummary)
	p.Note, _ = e.Props.Text(ical.PropDescription)
	p.Place, _ = e.Props.Text(ical.PropLocation)
	if p.UID == "" || len(p.UID) > 1000 {
		return nil, fmt.Errorf("it has no UID by which it would be known again")
	}
	if st, err := e.Status(); err == nil {
		p.Status = PlanStatus(strings.ToLower(string(st)))
	}
	var err error
	if p.Starts, err = e.DateTimeStart(zone); err != nil {
		return nil, fmt.Errorf("its beginning cannot be read")
	}
	if start := e.Props.Get(ical.PropDateTimeStart); start != nil && start.ValueType() == ical.ValueDate {
		p.AllDay = true
		p.Starts = time.Date(p.Starts.Year(), p.Starts.Month(), p.Starts.Day(), 0, 0, 0, 0, time.UTC)
	}
	if p.Ends, err = e.DateTimeEnd(zone); err == nil && p.AllDay {
		p.Ends = time.Date(p.Ends.Year(), p.Ends.Month(), p.Ends.Day(), 0, 0, 0, 0, time.UTC)
	}
	if err != nil || !p.Ends.After(p.Starts) {
		p.Ends = time.Time{}
	}
	p.Title = cut(strings.TrimSpace(p.Title), maxPlanText)
	p.Note, p.Place = cut(p.Note, maxPlanText), cut(p.Place, maxPlanText)
	if err := p.check(); err != nil {
		return nil, err
	}
	return occurrences(e, p, now)
}

// occurrences returns the event, or what its rule makes of it in the coming
// year.
func occurrences(e ical.Event, p *Plan, now time.Time) ([]*Plan, error) {
	option, err := e.Props.RecurrenceRule()
	if err != nil || option == nil {
		return []*Plan{p}, nil
	}
	option.Dtstart = p.Starts
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, fmt.Errorf("its rule of repetition cannot be read")
	}
	span := p.Ends.Sub(p.Starts)
	var out []*Plan
	next := rule.Iterator()
	for tried := 0; ; tried++ {
		if tried == maxTried {
			return nil, fmt.Errorf("it repeats too often to be listed")
		}
		at, more := next()
		if !more || at.After(now.Add(maxAhead)) || len(out) == maxOccurrences {
			break
		}
		if at.Before(now.Add(-24 * time.Hour)) {
			continue
		}
		o := *p
		o.UID = p.UID + "/" + at.UTC().Format(time.RFC3339)
		o.Starts = at
		if !p.Ends.IsZero() {
			o.Ends = at.Add(span)
		}
		out = append(out, &o)
	}
	return out, nil
}

// ImportPlans puts the entries of a calendar into the diary. One that is here
// (by its UID) is brought up to date where its event changed; what colleagues
// added to it stays. It returns how many are new and how many were changed.
func (s *Service) ImportPlans(ctx context.Context, plans []*Plan, desk, account string) (added, changed int, err error) {
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		for _, p := range plans {
			known, err := scanPlan(tx.QueryRowContext(ctx, `SELECT `+planColumns+` FROM plan WHERE uid = $1`, p.UID))
			if news.KindOf(err) == news.NotFound {
				fresh := *p
				fresh.Desk, fresh.Author = desk, account
				if err := s.storePlan(ctx, tx, &fresh); err != nil {
					return err
				}
				added++
				continue
			}
			if err != nil {
				return err
			}
			if sameEvent(known, p) {
				continue
			}
			known.Title, known.Place, known.Starts, known.Ends, known.AllDay, known.Status = p.Title, p.Place, p.Starts, p.Ends, p.AllDay, p.Status
			if p.Note != "" {
				known.Note = p.Note
			}
			if err := s.storePlan(ctx, tx, known); err != nil {
				return err
			}
			changed++
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return added, changed, nil
}

func sameEvent(a, b *Plan) bool {
	return a.Title == b.Title && a.Place == b.Place && a.Starts.Equal(b.Starts) && a.Ends.Equal(b.Ends) && a.AllDay == b.AllDay &&
		a.Status == b.Status && (b.Note == "" || a.Note == b.Note)
}
