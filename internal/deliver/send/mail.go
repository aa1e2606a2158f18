package send

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"net/textproto"
	"path"
	"regexp"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"jisr/internal/deliver"
	"jisr/internal/fetch"
	"jisr/internal/news"
)

// attachedMax is how many bytes of media one mail carries; most servers refuse a
// mail of more than 25 MB, and files grow by a third on the way.
const attachedMax = 15 << 20

// Mail sends through the node's relay.
type Mail struct{ options Options }

// Send implements deliver.Sender.
func (s *Mail) Send(ctx context.Context, d *deliver.Destination, m *deliver.Message) (deliver.Receipt, error) {
	msg, err := s.compose(d, m)
	if err != nil {
		return deliver.Receipt{}, refused(err)
	}
	attached, err := attach(msg, m.Media)
	if err != nil {
		return deliver.Receipt{}, fmt.Errorf("read media: %w", err)
	}
	client, cut, err := s.options.Relay.client(host(s.options.Relay.From))
	if err != nil {
		return deliver.Receipt{}, refused(err)
	}
	// The connection is cut, not closed with QUIT, unless the mail was accepted: the
	// library would end one that broke off in the middle as if it were whole.
	defer cut()
	stop := context.AfterFunc(ctx, cut)
	defer stop()
	if err := client.DialWithContext(ctx); err != nil {
		return deliver.Receipt{}, s.refusal(ctx, "", err)
	}
	if err := client.Send(msg); err != nil && !msg.IsDelivered() { // what follows the acceptance does not undo it
		return deliver.Receipt{}, s.refusal(ctx, d.Address, err)
	}
	client.Close() //nolint:errcheck // QUIT, for manners
	status := "250 " + fetch.Said(msg.ServerResponse())
	if total := len(m.Media); attached < total {
		status += fmt.Sprintf("; %d of %d media files were attached, the others are too large for mail", attached, total)
	}
	return deliver.Receipt{Status: status}, nil
}

// compose makes the mail, the same at every try but for its date.
func (s *Mail) compose(d *deliver.Destination, m *deliver.Message) (*gomail.Msg, error) {
	to, err := recipient(d)
	if err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(s.options.Relay.From)
	if err != nil {
		return nil, news.Errorf(news.Invalid, "from", "the node's mail settings have no address to send from")
	}
	domain := host(s.options.Relay.From)
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	msg.ToMailAddress(to)
	msg.Subject(line(m.Subject))
	msg.SetDateWithValue(s.options.Now())
	msg.SetMessageIDWithValue(token(m.ID) + "@" + domain)
	// One thread for all versions of an item, whichever of them a reader has.
	msg.SetGenHeaderPreformatted("References", "<"+hashed(d.ID, m.Origin, m.URI)+"@"+domain+">")
	msg.SetGenHeaderPreformatted("List-Id", "<"+strings.ToLower(token(d.ID))+".deliver."+domain+">")
	msg.SetGenHeaderPreformatted("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday notice
	msg.SetGenHeaderPreformatted("X-Auto-Response-Suppress", "All")
	msg.SetGenHeaderPreformatted("Jisr-Origin", folded(m.Origin))
	msg.SetGenHeaderPreformatted("Jisr-Item", folded(m.URI))
	msg.SetGenHeaderPreformatted("Jisr-Version", strconv.Itoa(m.Version))
	msg.SetGenHeaderPreformatted("Jisr-Act", folded(string(m.Act)))
	msg.SetGenHeaderPreformatted("Jisr-Entry", folded(m.Entry))
	if m.Priority {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	text, page := readable(m)
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, page)
	if t := mediaType(m.ContentType); t != "text/html" && t != "text/plain" {
		msg.AttachReadSeeker("item", bytes.NewReader(m.Body), named(m.Name, m.ContentType))
	}
	return msg, nil
}

// attach adds media files until the mail is full. They are read before anything
// is sent: what fails then must not leave half a mail at the relay.
func attach(msg *gomail.Msg, media []deliver.Media) (attached int, err error) {
	room := int64(attachedMax)
	for _, f := range media {
		if f.Size > room {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return attached, err
		}
		b, err := io.ReadAll(io.LimitReader(r, f.Size))
		if err = errors.Join(err, r.Close()); err != nil {
			return attached, err
		}
		msg.AttachReadSeeker("media", bytes.NewReader(b), named(f.Name, f.ContentType))
		room -= f.Size
		attached++
	}
	return attached, nil
}

// named gives a file its name as RFC 2231 writes names of any script.
func named(name, contentType string) gomail.FileOption {
	return func(f *gomail.File) {
		name := line(path.Base(name))
		t, params, err := mime.ParseMediaType(contentType)
		if err != nil || !strings.Contains(t, "/") {
			t, params = "application/octet-stream", map[string]string{}
		}
		params["name"] = name
		f.Header.Set("Content-Type", mime.FormatMediaType(t, params))
		f.Header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		f.Enc = gomail.EncodingB64
	}
}

// recipient is the destination's one address.
func recipient(d *deliver.Destination) (*mail.Address, error) {
	a, err := mail.ParseAddress(d.Address)
	if err != nil || strings.ContainsFunc(a.Address, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, news.Errorf(news.Invalid, "address", "%q is not one mail address such as desk@paper.example", fetch.Said(d.Address))
	}
	return a, nil
}

// line makes a header's words one line, whatever was written.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// folded writes a value of any length and script for a header of ours. Lines end
// long before the 998 bytes that SMTP allows.
func folded(s string) string {
	s = ascii(s)
	var b strings.Builder
	for len(s) > 900 {
		b.WriteString(s[:900] + "\r\n ")
		s = s[900:]
	}
	return b.String() + s
}

var plainToken = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$`)

// token returns an id that may stand in Message-ID and List-Id: itself where it
// can, else a hash of it.
func token(id string) string {
	if plainToken.MatchString(id) {
		return id
	}
	return hashed(id)
}

func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// host is the domain of the sender's address.
func host(from string) string {
	a, err := mail.ParseAddress(from)
	if err != nil {
		return "localhost"
	}
	name, err := idna.Lookup.ToASCII(a.Address[strings.LastIndex(a.Address, "@")+1:])
	if err != nil {
		return "localhost"
	}
	return name
}

func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil {
		return ""
	}
	return t
}

// refusal says what the relay's answer means. recipient is empty before the mail
// itself was offered.
func (s *Mail) refusal(ctx context.Context, recipient string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	code, words := answer(err)
	if code == 0 {
		return fmt.Errorf("mail relay %s: %w", s.options.Relay.hostPort(), err)
	}
	no := &deliver.Refusal{Status: strconv.Itoa(code) + " " + words, Again: code < 500}
	switch {
	case code < 500:
		no.Reason = "the mail server cannot take it now"
	case recipient == "":
		// The relay is the node's own: what is wrong there is not the destination's
		// fault, and mending it lets all mail go.
		no.Again = true
		no.Reason = "the node's mail server does not let it in: mend the mail settings of the node"
	default:
		no.Reason = "the mail server will not have it: check the address " + recipient + " and its answer"
	}
	return no
}

// answer finds the server's answer in an error of the library: it may be wrapped
// or only quoted. 0 if the server did not answer.
func answer(err error) (code int, words string) {
	var protocol *textproto.Error
	if errors.As(err, &protocol) {
		return protocol.Code, fetch.Said(protocol.Msg)
	}
	var sending *gomail.SendError
	if errors.As(err, &sending) && sending.ErrorCode() != 0 {
		_, after, _ := strings.Cut(sending.Error(), ": ")
		before, _, _ := strings.Cut(after, ", affected ")
		before = strings.TrimPrefix(strings.TrimSpace(before), strconv.Itoa(sending.ErrorCode()))
		before = strings.TrimLeft(before, " -")
		if plain, err := strconv.Unquote(before); err == nil {
			before = plain
		}
		return sending.ErrorCode(), fetch.Said(before)
	}
	return 0, ""
}
