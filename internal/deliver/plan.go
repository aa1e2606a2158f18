package deliver

import (
	"time"

	"jisr/internal/news"
)

// State is where a delivery stands.
type State string

// The states of a delivery.
const (
	Waiting    State = "waiting"    // for its turn, the end of an embargo or the next attempt
	Sending    State = "sending"    // now
	Offered    State = "offered"    // stands in a feed and was not fetched yet
	Sent       State = "sent"       // the other side took it
	Refused    State = "refused"    // the other side will not have it
	Failed     State = "failed"     // given up after three days of attempts, or it cannot be written
	Superseded State = "superseded" // a newer version took its place
	Withheld   State = "withheld"   // the rights of a partner, or a source, stand against it
	Canceled   State = "canceled"   // nothing is to be sent any more
)

// States lists every state in the order of a delivery's life.
var States = []State{Waiting, Sending, Offered, Sent, Refused, Failed, Superseded, Withheld, Canceled}

// openStates are those that something may still come of, or that people should
// look at: they have an index of their own, which SQLite only uses for statements
// that have its condition word for word.
var openStates = []State{Waiting, Sending, Refused, Failed, Withheld}

const open = `state IN ('waiting', 'sending', 'refused', 'failed', 'withheld')`

// follows reports whether the act goes to whoever got an earlier version,
// whatever they take now.
func follows(a news.Act) bool {
	switch a {
	case news.Kill, news.Hold, news.Correction, news.Release:
		return true
	}
	return false
}

// urgent reports whether the act goes before everything else.
func urgent(a news.Act) bool { return a.StopsUse() || a == news.Correction }

// arrival is a new version of an item, as far as owing it goes.
type arrival struct {
	item      Item
	position  int64
	index     int64
	version   int
	act       news.Act
	embargoed time.Time
}

// past is what a destination was owed of an item before.
type past struct {
	id       string
	position int64
	index    int64
	act      news.Act
	state    State
	reached  bool
	fresh    bool // of the batch being noted: not stored yet
	place    int64
	reason   string
}

// got reports whether the destination has the version, or may have it.
func (p *past) got() bool {
	return p.reached || p.state == Sent || p.state == Sending
}

// verdict says what becomes of what a destination was owed of an item, and
// whether the new version is owed to it.
type verdict struct {
	owe     bool
	state   State  // of the new version: Waiting, or Superseded where a newer one is here already
	reason  string // of the new version's state
	settled []*past
	as      State  // what becomes of the settled ones
	because string // why
}

// decide decides, for one destination, what an act means. wanted tells whether
// one of its products takes this version now.
func decide(a *arrival, wanted bool, before []*past) verdict {
	v := verdict{owe: wanted, state: Waiting, as: Superseded, because: "a newer version took its place"}
	got := false
	for _, p := range before {
		switch {
		case p.position == a.position:
			return verdict{} // followed anew: this one was decided on
		case p.index > a.index && p.state != Superseded:
			// Entries of one ledger can come out of order when withheld ones are revealed.
			return verdict{owe: wanted, state: Superseded, reason: "a newer version was here before it"}
		}
		got = got || p.got()
	}
	waited := false
	for _, p := range before {
		if p.index < a.index && (p.state == Waiting || p.state == Offered && !p.reached) {
			v.settled, waited = append(v.settled, p), true
		}
	}
	switch {
	case a.act.StopsUse():
		v.owe = got
		if !got {
			v.as, v.because = Canceled, "it was stopped before it was sent"
		}
	case follows(a.act) && (got || waited):
		v.owe = true
	case !wanted:
		v.because = "the newer version is in no product that is taken here"
	}
	return v
}
