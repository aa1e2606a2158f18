// Package news is the language of the house: what a newsroom calls an item, a
// version, a party, a place, an act; and the errors that every floor speaks.
//
// It imports nothing of ours and does no I/O. The vocabulary of Item is that of
// IPTC ninjs 3.0, with what NewsML-G2 adds that agencies use; a format package
// translates its bytes to and from it.
package news

import "slices"

// Type is the nature of an item: IPTC ninature NewsCodes, and the kinds that
// partners exchange beyond them (programme, data).
type Type string

// The types of item. Component is ninjs' name for a part that is not published
// on its own.
const (
	Text      Type = "text"
	Picture   Type = "picture"
	Video     Type = "video"
	Audio     Type = "audio"
	Graphic   Type = "graphic"
	Composite Type = "composite"
	Component Type = "component"
	Event     Type = "event"
	Planning  Type = "planning"
	Programme Type = "programme"
	Data      Type = "data"
)

// Types lists every type in the order in which forms show them.
var Types = []Type{Text, Picture, Video, Audio, Graphic, Composite, Component, Event, Planning, Programme, Data}

// PubStatus says whether an item may be used: IPTC pubstatusg2 NewsCodes.
type PubStatus string

// The publication statuses. The zero value means usable, as in ninjs.
const (
	Usable   PubStatus = "usable"
	Withheld PubStatus = "withheld"
	Canceled PubStatus = "canceled"
)

// Act is what an organisation does to an item of its own. Each act makes a new
// version; agency handbooks keep them apart, and so do we.
type Act string

// The acts. Publish makes version 1; Hold stops use until further notice and
// Release lifts it; Kill forbids use for good; Refile sends a killed or wrongly
// filed story anew.
const (
	Publish    Act = "publish"
	Update     Act = "update"
	Correction Act = "correction"
	Hold       Act = "hold"
	Release    Act = "release"
	Kill       Act = "kill"
	Refile     Act = "refile"
)

// Acts lists every act.
var Acts = []Act{Publish, Update, Correction, Hold, Release, Kill, Refile}

// Valid reports whether the act is one that we know.
func (a Act) Valid() bool { return slices.Contains(Acts, a) }

// NeedsReason reports whether receivers must be told why.
func (a Act) NeedsReason() bool {
	switch a {
	case Correction, Hold, Release, Kill, Refile:
		return true
	}
	return false
}

// StopsUse reports whether receivers must stop using the item at once.
func (a Act) StopsUse() bool { return a == Hold || a == Kill }

// Status is where an item stands after its latest act.
type Status string

// The statuses of an item of record.
const (
	StatusUsable Status = "usable"
	StatusHeld   Status = "held"
	StatusKilled Status = "killed"
)

// After returns the status that the act leaves an item in.
func (a Act) After() Status {
	switch a {
	case Hold:
		return StatusHeld
	case Kill:
		return StatusKilled
	}
	return StatusUsable
}

// Allowed reports whether the act may follow the status; exists is false for an
// item that has no version yet. The error says what can be done instead; its
// kind is NotFound for an item without a version, else Conflict.
func (a Act) Allowed(exists bool, now Status) error {
	if !exists {
		if a == Publish {
			return nil
		}
		return Errorf(NotFound, "uri", "this house has issued no item of this URI: publish it first, or check how the URI is written")
	}
	switch {
	case a == Publish:
		return Errorf(Conflict, "act", "the item is already published: update, correct or refile it")
	case now == StatusKilled && a != Refile:
		return Errorf(Conflict, "act", "the item was killed: only a refile can follow")
	case now == StatusHeld && a != Release && a != Kill && a != Refile:
		return Errorf(Conflict, "act", "the item is on hold: release or kill it first")
	case a == Release && now != StatusHeld:
		return Errorf(Conflict, "act", "the item is not on hold")
	}
	return nil
}
