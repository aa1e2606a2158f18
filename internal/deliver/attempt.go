package deliver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"jisr/internal/fetch"
	"jisr/internal/news"
)

// came is what an attempt tells of its destination.
type came int

const (
	untried  came = iota // nothing was sent
	accepted             // it took it
	refused              // it answered, and will not have it
	failed               // it did not answer, or not now
)

// outcome is what came of a delivery that was taken.
type outcome struct {
	task    *task
	state   State
	due     time.Time // when it is tried again
	came    came
	reached bool          // the other side has it, or may have it
	gone    bool          // the other side says that it is there for nobody any more
	after   time.Duration // the other side wants to be left alone so long
	answer  string
	reason  string
	format  string
	name    string
	body    string
	size    int64
	losses  []byte
	entry   string
	sent    []byte // the body's bytes, where they are to be kept
}

func newOutcome(t *task, s State, reason string) *outcome {
	return &outcome{task: t, state: s, reason: reason, answer: t.answer, format: t.format, name: t.name, body: t.body, size: t.size, losses: t.losses}
}

// again puts a delivery back that was taken and not sent.
func again(t *task, due time.Time) *outcome {
	o := newOutcome(t, Waiting, t.reason)
	o.due = due
	return o
}

func (o *outcome) why() string {
	if o.reason == "" {
		return o.answer
	}
	if o.answer == "" {
		return o.reason
	}
	return o.answer + ": " + o.reason
}

const (
	sendTime  = time.Minute      // for a message
	mediaTime = 15 * time.Minute // with media
	// shortly is how long what another follower still has to see is put aside.
	shortly = 200 * time.Millisecond
	// mediaPatience is how long a message waits for media that are on their way.
	mediaPatience = 2 * time.Minute
)

// attempt sends one delivery, if it still should be sent.
func (s *Service) attempt(ctx context.Context, d *Destination, t *task) *outcome {
	if ctx.Err() != nil {
		return again(t, s.Now())
	}
	if o, err := s.check(ctx, d, t); err != nil {
		return s.internal(ctx, t, err)
	} else if o != nil {
		return o
	}
	if d.Kind.pulled() {
		return newOutcome(t, Offered, "")
	}
	p, err := s.parcel(ctx, d, t)
	if err != nil {
		return s.unwritable(ctx, t, err)
	}
	if p.missing != "" && s.Now().Sub(t.since) < mediaPatience {
		o := again(t, s.Now().Add(5*time.Second))
		o.reason = "waits for the media " + p.missing
		return o
	}
	if p.missing != "" {
		p.lose("/renditions", "the media "+p.missing+" were not here in time")
	}
	sender := s.Senders[d.Kind]
	if d.Kind == Callback {
		sender = &distributor{s}
	}
	if sender == nil {
		return newOutcome(t, Failed, fmt.Sprintf("this node cannot send to destinations of the kind %s: set it up, then resend", d.Kind))
	}
	limit := sendTime
	if len(p.message.Media) > 0 {
		limit = mediaTime
	}
	sending, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	receipt, err := sender.Send(sending, d, p.message)
	o := s.judge(ctx, t, receipt, err)
	o.format, o.name, o.body, o.size, o.losses, o.entry = p.format, p.message.Name, p.body, int64(len(p.message.Body)), p.noted(), p.message.Entry
	if !p.kept {
		o.sent = p.message.Body
	}
	return o
}

// check asks, at the last moment, whether the delivery should still be sent. nil
// if it should.
func (s *Service) check(ctx context.Context, d *Destination, t *task) (*outcome, error) {
	if err := s.Fault("check"); err != nil {
		return nil, err
	}
	before, err := s.history(ctx, t.item, d.ID)
	if err != nil {
		return nil, err
	}
	got := t.reached
	for _, p := range before {
		if p.index > t.index && p.state != Superseded {
			return newOutcome(t, Superseded, "a newer version took its place"), nil
		}
		got = got || p.index < t.index && (p.got() || p.state == Offered)
	}
	switch {
	case t.act.StopsUse() && !got:
		return newOutcome(t, Canceled, "it was stopped before it was sent"), nil
	case t.act.StopsUse():
		return nil, nil
	case d.silent && !got:
		return newOutcome(t, Canceled, "its destination was switched off"), nil
	}
	return s.checkStanding(ctx, d, t)
}

// checkStanding asks the wire how the item stands now, and whose it is.
func (s *Service) checkStanding(ctx context.Context, d *Destination, t *task) (*outcome, error) {
	found, err := s.Wire.Standing(ctx, []Item{t.item})
	if err != nil {
		return nil, err
	}
	now := s.Now()
	st, known := found[t.item]
	switch {
	case !known:
		return again(t, now.Add(shortly)), nil
	case st.Index > t.index && s.passed(ctx, st.Position):
		return newOutcome(t, Superseded, "the newer version is in no product that is taken here"), nil
	case st.Index > t.index:
		return again(t, now.Add(shortly)), nil // what is owed of the newer version is noted in a moment
	case st.Status != news.StatusUsable:
		return newOutcome(t, Canceled, "the item is "+string(st.Status)), nil
	case st.Blocked != "":
		return newOutcome(t, Withheld, "what the item was made from is "+string(st.Blocked)), nil
	case st.Embargoed.After(now) && !s.trusts(d, t.item):
		return again(t, st.Embargoed), nil
	case !st.Expires.IsZero() && !st.Expires.After(now) && !follows(t.act):
		return newOutcome(t, Canceled, "its issuer no longer stands by it: it expired before it was sent"), nil
	}
	if ok, reason, err := s.mayGo(ctx, t.item, t.position); err != nil || !ok {
		return newOutcome(t, Withheld, reason), err
	}
	return nil, nil
}

// passed reports whether what is owed of the version at the position was noted.
func (s *Service) passed(ctx context.Context, position int64) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	return s.Ledger.WaitFollower(ctx, Follower, position) == nil
}

// history returns what the destination was owed of the item.
func (s *Service) history(ctx context.Context, it Item, destination string) ([]*past, error) {
	rows, err := s.DB.Reader().QueryContext(ctx, `SELECT `+pastColumns+` FROM delivery WHERE origin = $1 AND uri = $2 AND destination = $3`,
		it.Origin, it.URI, destination)
	if err != nil {
		return nil, fmt.Errorf("read earlier deliveries: %w", err)
	}
	defer rows.Close()
	var out []*past
	for rows.Next() {
		p, err := scanPast(rows)
		if err != nil {
			return nil, fmt.Errorf("read earlier deliveries: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// judge says what an answer means.
func (s *Service) judge(ctx context.Context, t *task, r Receipt, err error) *outcome {
	var no *Refusal
	switch {
	case err == nil:
		o := newOutcome(t, Sent, "")
		o.came, o.reached, o.answer = accepted, true, fetch.Said(r.Status)
		return o
	case ctx.Err() != nil:
		o := again(t, s.Now()) // the node stops, or another process took over
		o.reached = maybeArrived(err)
		return o
	case errors.As(err, &no) && !no.Again:
		o := newOutcome(t, Refused, no.Reason)
		o.came, o.answer, o.gone = refused, fetch.Said(no.Status), strings.HasPrefix(no.Status, "410")
		return o
	}
	if no == nil {
		o := s.retry(t, err)
		o.came, o.reached = failed, maybeArrived(err)
		return o
	}
	o := s.later(t, no.Reason)
	o.came, o.reached, o.answer, o.after = failed, maybeArrived(err), fetch.Said(no.Status), no.After
	if after := s.Now().Add(min(no.After, maxAfter)); no.After > 0 && after.After(o.due) {
		o.due = after
	}
	return o
}

// retry has a delivery tried again that an error kept from going out.
func (s *Service) retry(t *task, err error) *outcome { return s.later(t, reasonOf(err)) }

// reasonOf puts a failed call in words. Addresses are left out of them: those of
// callbacks and feeds hold what opens them.
func reasonOf(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fetch.Said(fetch.Reason(err))
}

// later has a delivery tried again, or given up after three days.
func (s *Service) later(t *task, why string) *outcome {
	now := s.Now()
	o := newOutcome(t, Waiting, why)
	o.due = now.Add(backoff(t.attempts + 1))
	if o.due.Sub(t.since) > giveUp {
		o.state, o.reason = Failed, "given up after three days; "+o.reason
	}
	return o
}

// unwritable says what becomes of a delivery that could not be put into its
// format: if the item does not fit, trying again would change nothing.
func (s *Service) unwritable(ctx context.Context, t *task, err error) *outcome {
	if k := news.KindOf(err); k == news.Invalid || k == news.TooLarge {
		return newOutcome(t, Failed, "it cannot be written for this destination: "+fetch.Said(message(err)))
	}
	return s.internal(ctx, t, err)
}

// internal has a delivery tried again that a fault of this node kept from going
// out; what it was is not for everyone to read.
func (s *Service) internal(ctx context.Context, t *task, err error) *outcome {
	if ctx.Err() != nil {
		return again(t, s.Now())
	}
	s.Log.Error("cannot prepare a delivery; will try again", "delivery", t.id, "err", err)
	return s.later(t, "this node could not prepare it; its log says why")
}

// maybeArrived reports whether the other side may have got what was sent, by the
// error that came back: a connection that was never made carried nothing, and of
// refusals only those of a machine that broke down on the way leave it open.
func maybeArrived(err error) bool {
	var no *Refusal
	if errors.As(err, &no) {
		return slices.ContainsFunc([]string{"500", "502", "504"}, func(code string) bool { return strings.HasPrefix(no.Status, code) })
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns), errors.As(err, &op) && op.Op == "dial":
		return false
	}
	k := news.KindOf(err)
	return k != news.Invalid && k != news.Forbidden && k != news.NotFound
}
