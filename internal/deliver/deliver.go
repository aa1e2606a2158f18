// Package deliver sends items to those who do not run Jisr: subscribers, through
// products and destinations.
//
// Its invariants:
//   - What a subscriber is owed is written in the transaction that follows the
//     journal: nothing of record is forgotten, nothing is owed twice.
//   - An older version never goes out after a newer one of the same item; a kill,
//     hold or correction goes first, to whoever got the item.
//   - Nothing under embargo, killed or held leaves, but for an embargo that people
//     trusted a destination with.
//   - One destination never holds up another.
package deliver

import (
	"context"
	"io"
	"time"

	"jisr/internal/news"
)

// Kind is how a destination gets its items.
type Kind string

// The kinds of destination.
const (
	HTTP   Kind = "http"   // signed POST to the subscriber's system
	SFTP   Kind = "sftp"   // a file in a folder
	FTP    Kind = "ftp"    // FTP or FTPS
	Mail   Kind = "mail"   // through the node's SMTP server
	Pull   Kind = "pull"   // the subscriber reads a feed with a token
	WebSub Kind = "websub" // as pull, and hubs' subscribers are told at once

	// Callback is how a subscriber of our WebSub hub gets a feed's news. Only the
	// hub makes such destinations.
	Callback Kind = "callback"
)

// Kinds lists the kinds that people may choose, in the order of forms.
var Kinds = []Kind{HTTP, SFTP, FTP, Mail, Pull, WebSub}

// pulled reports whether the subscriber fetches what there is.
func (k Kind) pulled() bool { return k == Pull || k == WebSub }

// Embargo is how a destination gets items under embargo.
type Embargo string

// The ways with an embargo.
const (
	HoldBack Embargo = "hold"    // sent when the embargo ends
	Trusted  Embargo = "deliver" // sent at once, marked: the subscriber enforces it
)

// Destination is where a subscriber gets items.
type Destination struct {
	ID         string // ULID
	Subscriber string // id
	Name       string
	Kind       Kind
	Address    string // URL, or mail address
	User       string
	Secret     string // password, private key or signing secret; never shown again
	HostKey    string // SFTP
	Format     string // of package format: ninjs, ninjs-1.4, newsml-g2, nitf, html, text
	FileName   string // template of file names, as package filename has it
	Media      bool   // whether media files go along
	Embargo    Embargo
	Active     bool
	Created    time.Time
	Changed    time.Time

	// Of a callback: the feed it follows, by the id of its destination, that feed's
	// address as the subscriber named it, the token in it and the end of the lease.
	Feed, Topic, Token string
	Expires            time.Time

	since   int64 // position of the journal up to which nothing is owed
	removed bool
	silent  bool // switched off, itself or with its subscriber, or over
}

// Message is one version of an item, as it goes out.
type Message struct {
	ID          string // of the delivery: the same when it is tried again
	Origin, URI string
	Version     int
	Act         news.Act
	Priority    bool   // kill, hold or correction
	Name        string // file name by the destination's template
	Subject     string // of a mail
	Text, HTML  string // of a mail: the item to read, as text and as a whole page, where Body is in another format
	ContentType string
	Body        []byte
	Entry       string // hash of the ledger entry, so that the receiver can ask for proof
	Issued      time.Time
	Media       []Media
}

// Media is a file that goes along.
type Media struct {
	Name, ContentType, Digest string
	Size                      int64 // bytes
	Open                      func() (io.ReadCloser, error)
}

// Receipt is what the other side said.
type Receipt struct {
	Status string // "202 Accepted", "250 2.0.0 queued as 4F…", "stored as kuna/2026….xml"
}

// Sender sends a message to a destination of its kind. Its error is a *Refusal
// when the other side answered; any other error is tried again.
type Sender interface {
	Send(ctx context.Context, d *Destination, m *Message) (Receipt, error)
}

// Refusal is an answer that is not an acceptance.
type Refusal struct {
	Status string        // as the other side said it
	Again  bool          // whether it may take the same later: 408, 425, 429, 5xx, SMTP 4xx
	After  time.Duration // not before, as it asked (Retry-After); 0 for no word
	Reason string        // what an operator can do about it
}

// Error implements error.
func (r *Refusal) Error() string { return r.Status + ": " + r.Reason }
