// Package send sends deliveries: as signed HTTP requests, as files over SFTP and
// FTP, and as mail.
//
// Its invariants: a delivery that is tried again carries the same identity, so
// that a receiver can tell it from a new one; what a receiver takes was whole;
// no address that people enter makes the node call into its own network. What
// receivers must know is in docs/delivery.md.
package send

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"jisr/internal/deliver"
	"jisr/internal/fetch"
	"jisr/internal/fetch/remote"
	"jisr/internal/news"
)

// Options is what senders need of the node.
type Options struct {
	// Allow reports whether a host may be called although it is inside a private
	// network; nil allows none.
	Allow   func(host string) bool
	Origin  string // the node's name, as in its ledger
	Version string // of the program, for User-Agent
	Now     func() time.Time
	Relay   *Relay // where mail goes out; nil if the node sends none
}

// All returns the sender of each kind that the node can send by. Close ends what
// they keep open; no Send may run then.
func All(o Options) (senders map[deliver.Kind]deliver.Sender, closeAll func()) {
	files := newFolders(o)
	senders = map[deliver.Kind]deliver.Sender{
		deliver.HTTP: newPush(o),
		deliver.SFTP: files,
		deliver.FTP:  files,
	}
	if o.Relay != nil {
		senders[deliver.Mail] = &Mail{o}
	}
	return senders, files.Close
}

// Check fails with Invalid if the sender of its kind could never send to the
// destination: for when it is saved.
func Check(d *deliver.Destination, allow func(host string) bool) error {
	switch d.Kind {
	case deliver.HTTP:
		_, err := checkPush(d, allow)
		return err
	case deliver.SFTP, deliver.FTP:
		return remote.Check(server(d, allow))
	case deliver.Mail:
		_, err := recipient(d)
		return err
	}
	return nil
}

// refused turns a failure that trying again would not change into a refusal, and
// leaves the others as they are.
func refused(err error) error {
	var e *news.Error
	if !errors.As(err, &e) || e.Kind == news.Unavailable {
		return err
	}
	status := map[news.Kind]string{news.NotFound: "not found", news.Forbidden: "refused", news.TooLarge: "too large"}[e.Kind]
	if status == "" {
		status = "not sent"
	}
	return &deliver.Refusal{Status: status, Reason: e.Message}
}

// ascii writes what may hold any character as a header's value can: what is not
// visible ASCII as %XX of its UTF-8.
func ascii(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			b.WriteByte('%')
			b.WriteByte("0123456789ABCDEF"[c>>4])
			b.WriteByte("0123456789ABCDEF"[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// parseURL reads an address of HTTP. It must be https, as news would be read and
// changed on the way, but for hosts that the operator listed.
func parseURL(s string, allow func(string) bool) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, news.Errorf(news.Invalid, "address", "%q is not an address such as https://cms.paper.example/in, without an account in it", fetch.Said(s))
	}
	if u.Scheme == "http" && (allow == nil || !allow(strings.ToLower(u.Hostname()))) {
		return nil, news.Errorf(news.Invalid, "address", "use https: over http anyone on the way can read the news; http is for hosts that the operator of this node listed")
	}
	return u, nil
}
