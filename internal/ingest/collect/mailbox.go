package collect

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"jisr/internal/fetch"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

const (
	commandTime  = 45 * time.Second // of a command and of connecting
	messageTime  = 90 * time.Second // of a message
	commandBytes = 8 << 20          // that an answer may have, messages apart
)

// mailAddress is the address of a mailbox: imaps://host/Folder, TLS from the
// first byte; imap://host/Folder, TLS by STARTTLS; or imap://host/Folder?tls=none
// for a host in the operator's own network. Without a folder it is INBOX.
type mailAddress struct {
	host, port, box string
	security        string // tls, starttls, none
}

func parseMailAddress(s string) (mailAddress, error) {
	bad := func(format string, args ...any) (mailAddress, error) {
		return mailAddress{}, news.Errorf(news.Invalid, "address", format, args...)
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Scheme != "imap" && u.Scheme != "imaps" {
		return bad("the address must look like imaps://host/INBOX")
	}
	a := mailAddress{host: strings.ToLower(u.Hostname()), port: u.Port(), box: strings.Trim(u.Path, "/"), security: "tls"}
	if a.box == "" {
		a.box = "INBOX"
	}
	if len(a.box) > 255 || strings.ContainsFunc(a.box, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return bad("the name of the mail folder is too long or has control characters")
	}
	switch {
	case u.Scheme == "imap" && u.RawQuery == "":
		a.security = "starttls"
	case u.Scheme == "imap" && u.RawQuery == "tls=none":
		a.security = "none"
	case u.RawQuery != "":
		return bad("of what can follow the folder, only imap://host/INBOX?tls=none is known")
	}
	if a.port == "" {
		a.port = map[string]string{"imap": "143", "imaps": "993"}[u.Scheme]
	}
	return a, nil
}

// mailbox is an open folder of messages. It belongs to one goroutine; once a
// command failed for another reason than the server's word, it is of no use.
type mailbox struct {
	host   string
	conn   net.Conn
	wire   *wire
	client *imapclient.Client
	taken  string // folder that messages are moved to; empty before it is known

	mu    sync.Mutex
	cause error // why the connection was given up
}

// openMailbox connects, signs in, and selects the folder: to look at only if
// messages are left there.
func openMailbox(ctx context.Context, src *ingest.Source, allow ingest.Allow) (*mailbox, *imap.SelectData, error) {
	a, err := parseMailAddress(src.Address)
	if err != nil {
		return nil, nil, err
	}
	if a.security == "none" && (allow == nil || !allow(a.host)) {
		return nil, nil, news.Errorf(news.Forbidden, "address", "without TLS anybody on the way reads the password and the mail: only a host that the operator listed may be called so; use imaps://")
	}
	config, err := mailTLS(a.host, src.HostKey)
	if err != nil {
		return nil, nil, err
	}
	m := &mailbox{host: a.host}
	dialing, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	if m.conn, err = fetch.Dialer(allow)(dialing, "tcp", net.JoinHostPort(a.host, a.port)); err != nil {
		return nil, nil, m.failure(err)
	}
	var selected *imap.SelectData
	err = m.do(ctx, commandTime, commandBytes, func() error {
		if err := m.secure(dialing, a, config); err != nil {
			return err
		}
		m.client = imapclient.New(m.wire, &imapclient.Options{})
		if err := m.client.WaitGreeting(); err != nil {
			return err
		}
		if err := m.signIn(src); err != nil {
			return err
		}
		selected, err = m.client.Select(a.box, &imap.SelectOptions{ReadOnly: src.After == ingest.Leave}).Wait()
		if answer := (*imap.Error)(nil); errors.As(err, &answer) {
			return news.Errorf(news.NotFound, "address", "the mail folder %s cannot be opened: %s", a.box, fetch.Said(answer.Text)).Because(err)
		}
		return err
	})
	if err != nil {
		m.close()
		return nil, nil, err
	}
	return m, selected, nil
}

// mailTLS proves the server by the fingerprint on record, or else by the
// system's authorities.
func mailTLS(host, key string) (*tls.Config, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, NextProtos: []string{"imap"}}
	if key = strings.TrimSpace(key); key == "" {
		return c, nil
	}
	digits, ok := strings.CutPrefix(strings.ToLower(key), "sha256:")
	want, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if !ok || err != nil || len(want) != sha256.Size {
		return nil, news.Errorf(news.Invalid, "hostKey", "it must be sha256: and the 64 hex digits of the certificate's fingerprint")
	}
	c.InsecureSkipVerify = true // VerifyConnection is stricter
	c.VerifyConnection = func(s tls.ConnectionState) error {
		sum := sha256.Sum256(s.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(sum[:], want) != 1 {
			return news.Errorf(news.Forbidden, "hostKey", "this is not the server whose certificate is on record; only if its operator confirms a new one, enter: sha256:%s", hex.EncodeToString(sum[:]))
		}
		return nil
	}
	return c, nil
}

// secure puts the connection under TLS and what the server says under guard.
func (m *mailbox) secure(ctx context.Context, a mailAddress, config *tls.Config) error {
	m.wire.Conn = m.conn
	if a.security == "none" {
		return nil
	}
	if a.security == "starttls" {
		if err := startTLS(m.conn); err != nil {
			return err
		}
		m.wire.head = []byte("* OK under TLS\r\n") // the server greets once only
	}
	c := tls.Client(m.conn, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return err
	}
	m.wire.Conn = c
	return nil
}

// startTLS asks for TLS in the clear. It reads byte by byte: whatever somebody
// on the way adds after the answer ends up in the handshake, which then fails.
func startTLS(c net.Conn) error {
	r := bufio.NewReaderSize(oneByte{c}, 16)
	line := func() (string, error) {
		var b strings.Builder
		for b.Len() < 4096 {
			x, err := r.ReadByte()
			if err != nil {
				return "", err
			}
			if x == '\n' {
				return strings.ToUpper(b.String()), nil
			}
			b.WriteByte(x)
		}
		return "", errFlooded
	}
	greeting, err := line()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(greeting, "* OK") {
		return news.Errorf(news.Unavailable, "address", "the mail server does not let us begin: %s", fetch.Said(greeting))
	}
	if _, err := io.WriteString(c, "s1 STARTTLS\r\n"); err != nil {
		return err
	}
	for range 20 {
		answer, err := line()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(answer, "S1 OK"):
			return nil
		case strings.HasPrefix(answer, "S1 "):
			return news.Errorf(news.Forbidden, "address", "the mail server offers no TLS here: try imaps:// with its port for TLS")
		}
	}
	return errFlooded
}

// oneByte keeps a buffered reader from reading ahead.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(b []byte) (int, error) { return o.r.Read(b[:min(len(b), 1)]) }

func (m *mailbox) signIn(src *ingest.Source) error {
	var err error
	if caps := m.client.Caps(); caps.Has(imap.CapLoginDisabled) || caps.Has(imap.AuthCap(sasl.Plain)) {
		err = m.client.Authenticate(sasl.NewPlainClient("", src.User, src.Secret))
	} else {
		err = m.client.Login(src.User, src.Secret).Wait()
	}
	if answer := (*imap.Error)(nil); errors.As(err, &answer) {
		return news.Errorf(news.Forbidden, "user", "user name or password is refused: %s", fetch.Said(answer.Text)).Because(err)
	}
	return err
}

// do runs an operation within its time and bytes.
func (m *mailbox) do(ctx context.Context, longest time.Duration, bytes int64, op func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, news.Errorf(news.Unavailable, "address", "the mail server took longer than %s", longest))
	defer cancel()
	if m.wire == nil {
		m.wire = &wire{}
	}
	m.wire.begin(bytes)
	stop := context.AfterFunc(ctx, func() {
		m.mu.Lock()
		m.cause = context.Cause(ctx)
		m.mu.Unlock()
		m.conn.Close() //nolint:errcheck // it is given up
	})
	defer stop()
	err := op()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch bad := m.wire.bad.Load(); {
	case err == nil:
		return nil
	case m.cause != nil:
		err = m.cause
	case bad != nil && news.KindOf(err) == "":
		err = bad
	}
	return m.failure(err)
}

// failure puts what went wrong in words. A server's NO stays an *imap.Error in
// the chain.
func (m *mailbox) failure(err error) error {
	var known *news.Error
	var answer *imap.Error
	var cert *tls.CertificateVerificationError
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &known):
		return news.Errorf(known.Kind, known.Field, "%s: %s", m.host, known.Message).Because(err)
	case errors.As(err, &cert):
		sum := sha256.Sum256(cert.UnverifiedCertificates[0].Raw)
		return news.Errorf(news.Forbidden, "hostKey", "%s: its certificate proves nothing (%s); if its operator confirms this fingerprint, enter it: sha256:%s",
			m.host, fetch.Said(cert.Err.Error()), hex.EncodeToString(sum[:])).Because(err)
	case errors.As(err, &answer):
		return news.Errorf(news.Unavailable, "address", "%s: %s", m.host, fetch.Said(answer.Text)).Because(err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return news.Errorf(news.Unavailable, "address", "%s: the connection was cut off", m.host).Because(err)
	}
	return news.Errorf(news.Unavailable, "address", "%s: %s", m.host, fetch.Said(fetch.Reason(err))).Because(err)
}

func (m *mailbox) close() {
	if m.client != nil && m.cause == nil {
		m.do(context.Background(), 5*time.Second, commandBytes, func() error { return m.client.Logout().Wait() }) //nolint:errcheck // a farewell
	}
	m.conn.Close() //nolint:errcheck // nothing is lost
}

// since returns the messages after the given one that nobody marked as deleted.
// The ranges are the server's word and may span all numbers there are.
func (m *mailbox) since(ctx context.Context, last uint32) ([]imap.UIDRange, error) {
	var found *imap.SearchData
	err := m.do(ctx, commandTime, commandBytes, func() (err error) {
		var from imap.UIDSet
		from.AddRange(imap.UID(last)+1, 0)
		found, err = m.client.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{from}, NotFlag: []imap.Flag{imap.FlagDeleted}}, nil).Wait()
		return err
	})
	if err != nil {
		return nil, err
	}
	set, _ := found.All.(imap.UIDSet)
	return set, nil
}

// letter is what is known of a message before it is fetched.
type letter struct {
	uid    uint32
	size   int64
	header []byte // the fields that tell people which one it is
}

var glance = &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, HeaderFields: []string{"From", "Subject", "Date", "Message-ID"},
	Peek: true, Partial: &imap.SectionPartial{Size: 8 << 10}}

// glance looks at messages without fetching or marking them.
func (m *mailbox) glance(ctx context.Context, uids []uint32) ([]letter, error) {
	var out []letter
	err := m.do(ctx, commandTime, commandBytes+int64(len(uids))*(16<<10), func() error {
		cmd := m.client.Fetch(setOf(uids), &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{glance}})
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			var l letter
			for item := msg.Next(); item != nil; item = msg.Next() {
				switch item := item.(type) {
				case imapclient.FetchItemDataUID:
					l.uid = uint32(item.UID)
				case imapclient.FetchItemDataRFC822Size:
					l.size = item.Size
				case imapclient.FetchItemDataBodySection:
					if item.Literal != nil {
						var err error
						if l.header, err = m.whole(item.Literal, 256<<10); err != nil {
							return err
						}
					}
				}
			}
			if l.uid != 0 && len(out) < len(uids) {
				out = append(out, l)
			}
		}
		return cmd.Close()
	})
	return out, err
}

// fetch returns a message as it was received; TooLarge beyond max bytes, NotFound
// if it is gone.
func (m *mailbox) fetch(ctx context.Context, uid uint32, max int64) ([]byte, error) {
	var data []byte
	found := false
	err := m.do(ctx, messageTime, max+commandBytes, func() error {
		cmd := m.client.Fetch(setOf([]uint32{uid}), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true}}})
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			for item := msg.Next(); item != nil; item = msg.Next() {
				body, ok := item.(imapclient.FetchItemDataBodySection)
				if !ok || body.Literal == nil || found {
					continue
				}
				var err error
				if data, err = m.whole(body.Literal, max); err != nil {
					return err
				}
				found = true
			}
		}
		return cmd.Close()
	})
	if err == nil && !found {
		err = news.Errorf(news.NotFound, "name", "the message is not there any more")
	}
	return data, err
}

// whole reads a literal to its end. Where that is not to be had, the connection
// is given up: the parser would go on as if it had been.
func (m *mailbox) whole(l imap.LiteralReader, max int64) ([]byte, error) {
	if l.Size() > max {
		m.conn.Close() //nolint:errcheck // it is given up
		return nil, tooLarge(l.Size(), max)
	}
	m.wire.message(l.Size())
	b, err := io.ReadAll(l)
	if err == nil && int64(len(b)) != l.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		m.conn.Close() //nolint:errcheck // it is given up
	}
	return b, err
}

func tooLarge(size, max int64) error {
	return news.Errorf(news.TooLarge, "", "the message has %d bytes, more than the %d allowed", size, max)
}

func setOf(uids []uint32) imap.UIDSet {
	var s imap.UIDSet
	for _, u := range uids {
		s.AddNum(imap.UID(u))
	}
	return s
}

// remove deletes messages for good, where the server can delete single ones; else
// it marks them as deleted, which others do who then empty the folder.
func (m *mailbox) remove(ctx context.Context, uids []uint32) error {
	return m.do(ctx, commandTime, commandBytes, func() error {
		store := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		if err := m.client.Store(setOf(uids), store, nil).Close(); err != nil {
			return err
		}
		if caps := m.client.Caps(); !caps.Has(imap.CapUIDPlus) && !caps.Has(imap.CapIMAP4rev2) {
			return nil
		}
		return m.client.UIDExpunge(setOf(uids)).Close()
	})
}

// move moves messages into the folder beside the mailbox, or in it, that holds
// what was taken.
func (m *mailbox) move(ctx context.Context, box string, uids []uint32) error {
	if err := m.findTaken(ctx, box); err != nil {
		return err
	}
	caps := m.client.Caps()
	if caps.Has(imap.CapMove) || caps.Has(imap.CapIMAP4rev2) {
		return m.do(ctx, commandTime, commandBytes, func() error {
			_, err := m.client.Move(setOf(uids), m.taken).Wait()
			return err
		})
	}
	err := m.do(ctx, commandTime, commandBytes, func() error {
		_, err := m.client.Copy(setOf(uids), m.taken).Wait()
		return err
	})
	if err != nil {
		return err
	}
	return m.remove(ctx, uids)
}

// findTaken makes the folder: below the mailbox or, on servers that have none
// there, beside it.
func (m *mailbox) findTaken(ctx context.Context, box string) error {
	if m.taken != "" {
		return nil
	}
	delim := "/"
	err := m.do(ctx, commandTime, commandBytes, func() error {
		list, err := m.client.List("", box, nil).Collect()
		if err == nil && len(list) > 0 && list[0].Delim != 0 {
			delim = string(list[0].Delim)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range []string{box + delim + takenFolder, takenFolder} {
		err = m.do(ctx, commandTime, commandBytes, func() error { return m.make(name) })
		if err == nil {
			m.taken = name
			return nil
		}
		if answer := (*imap.Error)(nil); !errors.As(err, &answer) {
			return err
		}
	}
	return fmt.Errorf("make the mail folder %s: %w", takenFolder, err)
}

// make makes a folder unless it is there.
func (m *mailbox) make(name string) error {
	list, err := m.client.List("", name, nil).Collect()
	if err != nil {
		return err
	}
	for _, l := range list {
		if l.Mailbox == name {
			return nil
		}
	}
	return m.client.Create(name, nil).Wait()
}
