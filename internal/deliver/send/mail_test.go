package send_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"jisr/internal/deliver"
	"jisr/internal/deliver/send"
	"jisr/internal/news"
)

// relay is a real SMTP server that keeps what it takes.
type relay struct {
	mu       sync.Mutex
	mails    [][]byte
	from, to []string
	signed   int // how often someone signed in

	refuseRcpt, refuseData error
}

type relaySession struct {
	*relay
	conn   *smtp.Conn
	in     bool
	public bool // takes mail from anyone
}

func (s *relaySession) Reset()                   {}
func (s *relaySession) Logout() error            { return nil }
func (s *relaySession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *relaySession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "wire" || password != "p4ss" {
			return smtp.ErrAuthFailed
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.signed++
		s.in = true
		return nil
	}), nil
}

func (s *relaySession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in && !s.public {
		return smtp.ErrAuthRequired
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = append(s.from, from)
	return nil
}

func (s *relaySession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return s.refuseRcpt
}

func (s *relaySession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuseData != nil {
		return s.refuseData
	}
	s.mails = append(s.mails, b)
	return nil
}

// startRelay serves in the TLS mode and returns the settings for it.
func startRelay(t *testing.T, mode string) (*relay, *send.Relay) {
	t.Helper()
	h := httptest.NewUnstartedServer(nil)
	h.StartTLS()
	h.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := &send.Relay{Host: "127.0.0.1", TLS: mode, From: "Jisr Wire <wire@wire.example>", CA: ca}
	r := &relay{}
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &relaySession{relay: r, conn: c, public: mode == "none"}, nil
	}))
	s.Domain, s.EnableSMTPUTF8 = "relay.example", true
	s.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings.Port = l.Addr().(*net.TCPAddr).Port
	config := &tls.Config{Certificates: h.TLS.Certificates}
	switch mode {
	case "starttls":
		s.TLSConfig = config
	case "tls":
		l = tls.NewListener(l, config)
	}
	if mode != "none" {
		settings.User, settings.Secret = "wire", "p4ss"
	}
	go s.Serve(l) //nolint:errcheck // ends with the listener
	t.Cleanup(func() { s.Close() })
	if err := settings.Check(); err != nil {
		t.Fatal(err)
	}
	return r, settings
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

var reader = &deliver.Destination{ID: "01JDESTINATION", Kind: deliver.Mail, Address: "desk@paper.example"}

func mailIt(t *testing.T, settings *send.Relay, d *deliver.Destination, m *deliver.Message) (deliver.Receipt, error) {
	t.Helper()
	return senders(t, send.Options{Relay: settings})[deliver.Mail].Send(t.Context(), d, m)
}

// opened is a mail as a reader's program sees it.
type opened struct {
	mail.Header
	subject     string
	parts       map[string]string // inline, by media type
	attachments map[string]string // by name
}

func open(t *testing.T, raw []byte) *opened {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	o := &opened{Header: r.Header, parts: map[string]string{}, attachments: map[string]string{}}
	if o.subject, err = r.Header.Subject(); err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return o
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		switch h := p.Header.(type) {
		case *mail.InlineHeader:
			kind, _, _ := h.ContentType()
			o.parts[kind] = strings.ReplaceAll(string(b), "\r\n", "\n")
		case *mail.AttachmentHeader:
			name, err := h.Filename()
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := h.ContentType()
			o.attachments[name+" "+kind] = string(b)
		}
	}
}

func TestMailIsTextPageAndFileInEveryTLSMode(t *testing.T) {
	for _, mode := range []string{"starttls", "tls", "none"} {
		t.Run(mode, func(t *testing.T) {
			r, settings := startRelay(t, mode)
			m := message()
			m.Text, m.HTML = "النفط\nيرتفع", "<p>النفط <b>يرتفع</b></p>"
			receipt, err := mailIt(t, settings, reader, m)
			if err != nil || !strings.HasPrefix(receipt.Status, "250 ") {
				t.Fatalf("%+v: %v", receipt, err)
			}
			if len(r.mails) != 1 || r.from[0] != "wire@wire.example" || r.to[0] != "desk@paper.example" || (r.signed == 1) != (mode != "none") {
				t.Fatalf("%d mails from %v to %v, %d signed in", len(r.mails), r.from, r.to, r.signed)
			}
			o := open(t, r.mails[0])
			if o.parts["text/plain"] != m.Text || o.parts["text/html"] != m.HTML {
				t.Errorf("to read: %q", o.parts)
			}
			if len(o.attachments) != 3 || o.attachments["нефть-3.xml "+m.ContentType] != string(m.Body) ||
				o.attachments[m.Media[0].Name+" image/jpeg"] != "picture" || len(o.attachments[m.Media[1].Name+" video/mp4"]) != int(m.Media[1].Size) {
				t.Errorf("attached: %q", o.attachments)
			}
			for name, want := range map[string]string{
				"Message-Id": "<01JABCDEFGHJKMNPQRSTVWXYZ0@wire.example>", "List-Id": "<01jdestination.deliver.wire.example>",
				"Auto-Submitted": "auto-generated", "Importance": "high", "From": `"Jisr Wire" <wire@wire.example>`, "To": "<desk@paper.example>",
				"Jisr-Item": "tag:wire.example,2026:%D8%AE%D8%A8%D8%B1%201", "Jisr-Version": "3", "Jisr-Act": "correction", "Jisr-Entry": m.Entry,
			} {
				if got := o.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestSubjectsAreReadInThreeScripts(t *testing.T) {
	r, settings := startRelay(t, "none")
	for i, subject := range []string{
		"KILL: الكويت: النفط يرتفع بعد قرار «أوبك» بخفض الإنتاج في الربع الثاني من العام الجاري",
		"Нефть дорожает: страны ОПЕК договорились сократить добычу во втором квартале этого года",
		strings.Repeat("Oil prices rise – “again” ", 20), "",
	} {
		m := message()
		m.Subject, m.Media = subject, nil
		if _, err := mailIt(t, settings, reader, m); err != nil {
			t.Fatal(err)
		}
		if got := open(t, r.mails[i]).subject; got != strings.TrimSpace(subject) {
			t.Errorf("read as %q, want %q", got, subject)
		}
		for l := range strings.SplitSeq(string(r.mails[i]), "\r\n") {
			if len(l) > 998 || strings.ContainsFunc(l, func(c rune) bool { return c >= 0x80 }) {
				t.Fatalf("a line is too long or no ASCII: %q", l)
			}
		}
	}
}

func TestTextAndPagesAreMadeFromWhatThereIs(t *testing.T) {
	r, settings := startRelay(t, "none")
	for i, tt := range []struct{ contentType, body, text, html string }{
		{"text/plain; charset=utf-8", "خبر\n\n<b>1 & 2</b>", "خبر\n\n<b>1 & 2</b>", `<p dir="auto">خبر</p><p dir="auto">&lt;b&gt;1 &amp; 2&lt;/b&gt;</p>`},
		{"text/html; charset=utf-8", "<p>خبر</p>", "Нефть", "<p>خبر</p>"},
		{"application/json", "{}", "Нефть", `<p dir="auto">Нефть</p>`},
	} {
		m := message()
		m.ContentType, m.Body, m.Media = tt.contentType, []byte(tt.body), nil
		if _, err := mailIt(t, settings, reader, m); err != nil {
			t.Fatal(err)
		}
		o := open(t, r.mails[i])
		if o.parts["text/plain"] != tt.text || !strings.Contains(o.parts["text/html"], tt.html) {
			t.Errorf("%s is read as %q", tt.contentType, o.parts)
		}
		if (len(o.attachments) == 1) != (tt.contentType == "application/json") {
			t.Errorf("%s attaches %q", tt.contentType, o.attachments)
		}
	}
}

func TestMailTriedAgainHasTheSameMessageIDAndVersionsAreOneThread(t *testing.T) {
	r, settings := startRelay(t, "none")
	m := message()
	next := message()
	next.ID, next.Version = "01JZZZZZZZZZZZZZZZZZZZZZZZ", 4
	other := message()
	other.URI = "tag:wire.example,2026:2"
	for _, m := range []*deliver.Message{m, m, next, other} {
		if _, err := mailIt(t, settings, reader, m); err != nil {
			t.Fatal(err)
		}
	}
	var ids, threads []string
	for _, raw := range r.mails {
		o := open(t, raw)
		ids, threads = append(ids, o.Get("Message-Id")), append(threads, o.Get("References"))
	}
	if ids[0] != ids[1] || ids[1] == ids[2] || threads[0] == "" || threads[0] != threads[2] || threads[0] == threads[3] {
		t.Errorf("ids %q, threads %q", ids, threads)
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	r, settings := startRelay(t, "none")
	const evil = "x\r\nBcc: thief@evil.example\r\n\r\nbody\x00\u2028\x85"
	m := message()
	m.ID, m.Origin, m.URI, m.Name, m.Subject, m.ContentType, m.Entry, m.Act = evil, evil, evil, evil, evil, "text/x"+evil, evil, news.Act(evil)
	m.Media[0].Name, m.Media[0].ContentType = "a\".exe"+evil, "image/png\r\nX: y"
	d := *reader
	d.ID = evil
	if _, err := mailIt(t, settings, &d, m); err != nil {
		t.Fatal(err)
	}
	if len(r.to) != 1 {
		t.Errorf("sent to %q", r.to)
	}
	o := open(t, r.mails[0])
	fields := o.Fields()
	known := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Importance", "Jisr-Act", "Jisr-Entry", "Jisr-Item", "Jisr-Origin",
		"Jisr-Version", "List-Id", "Message-Id", "Mime-Version", "Priority", "References", "Subject", "To", "X-Auto-Response-Suppress",
		"X-Msmail-Priority", "X-Priority"}
	for fields.Next() {
		if !slices.Contains(known, fields.Key()) {
			t.Errorf("a header came in: %s: %s", fields.Key(), fields.Value())
		}
	}
	for name := range o.attachments {
		if strings.ContainsAny(name, "\r\n\x00") {
			t.Errorf("attached as %q", name)
		}
	}
	for _, address := range []string{"a@b.example, c@d.example", "a@b.example\r\nRCPT TO:<c@d.example>", "", "nobody", "\"a b\"@c.example"} {
		d := *reader
		d.Address = address
		_, err := mailIt(t, settings, &d, message())
		var no *deliver.Refusal
		if !errors.As(err, &no) || no.Again {
			t.Errorf("%q: %v", address, err)
		}
	}
	if len(r.mails) != 1 {
		t.Errorf("%d mails", len(r.mails))
	}
}

func TestMailServersAnswersAreJudged(t *testing.T) {
	for name, tt := range map[string]struct {
		alter  func(*relay)
		again  bool
		status string
	}{
		"greylisted": {func(r *relay) {
			r.refuseRcpt = &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted\x1b[0m"}
		}, true, "450 4.7.1 greylisted[0m"},
		"unknown": {func(r *relay) {
			r.refuseRcpt = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}, false, "550 5.1.1 no such user"},
		"full": {func(r *relay) {
			r.refuseData = &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "disk full"}
		}, true, "452 4.3.1 disk full"},
		"not accepted": {func(r *relay) {
			r.refuseData = &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "looks like spam"}
		}, false, "554 5.6.0 looks like spam"},
	} {
		r, settings := startRelay(t, "none")
		tt.alter(r)
		_, err := mailIt(t, settings, reader, message())
		var no *deliver.Refusal
		if !errors.As(err, &no) || no.Again != tt.again || no.Status != tt.status || no.Reason == "" {
			t.Errorf("%s: %+v", name, err)
		}
	}
}

func TestRelayThatDoesNotLetTheNodeInIsTriedAgain(t *testing.T) {
	r, settings := startRelay(t, "starttls")
	settings.Secret = "wr0ng"
	_, err := mailIt(t, settings, reader, message())
	var no *deliver.Refusal
	if !errors.As(err, &no) || !no.Again || !strings.HasPrefix(no.Status, "535") || !strings.Contains(no.Reason, "mail settings") || r.signed != 0 {
		t.Errorf("%+v", err)
	}
	if strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("the password is shown: %v", err)
	}
}

func TestPasswordAndNewsAreNotSentWithoutTheTLSThatWasAskedFor(t *testing.T) {
	r, settings := startRelay(t, "none")
	settings.TLS, settings.User, settings.Secret = "starttls", "wire", "p4ss"
	if _, err := mailIt(t, settings, reader, message()); err == nil || r.signed != 0 || len(r.from) != 0 {
		t.Errorf("sent in the clear: %v", err)
	}
	for _, mode := range []string{"starttls", "tls"} {
		r, settings := startRelay(t, mode)
		settings.CA = ""
		_, err := mailIt(t, settings, reader, message())
		if err == nil || errors.As(err, new(*deliver.Refusal)) || r.signed != 0 || len(r.from) != 0 {
			t.Errorf("%s: a certificate that proves nothing was taken: %v", mode, err)
		}
	}
}

func TestMailThatBreaksOffIsNotTakenAsWhole(t *testing.T) {
	r, settings := startRelay(t, "none")
	p := newProxy(t, "127.0.0.1:"+strconv.Itoa(settings.Port), 200_000)
	settings.Port = p.Addr().(*net.TCPAddr).Port
	m := message()
	m.Text, m.Media = strings.Repeat("نص ", 1<<18), nil
	_, err := mailIt(t, settings, reader, m)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || errors.As(err, new(*deliver.Refusal)) || len(r.to) != 1 || len(r.mails) != 0 {
		t.Errorf("%d mails were taken: %v", len(r.mails), err)
	}
}

func TestMediaThatDoNotFitIntoAMailAreCounted(t *testing.T) {
	r, settings := startRelay(t, "none")
	m := message()
	m.Media[1].Size = 40 << 20
	m.Media[1].Open = func() (io.ReadCloser, error) { t.Error("it was read"); return nil, io.EOF }
	receipt, err := mailIt(t, settings, reader, m)
	if err != nil || !strings.HasSuffix(receipt.Status, "; 1 of 2 media files were attached, the others are too large for mail") {
		t.Fatalf("%+v: %v", receipt, err)
	}
	if o := open(t, r.mails[0]); len(o.attachments) != 2 {
		t.Errorf("attached: %d", len(o.attachments))
	}
}

func TestMailSettingsAreChecked(t *testing.T) {
	good := send.Relay{Host: "mail.paper.example", From: "wire@paper.example"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for field, alter := range map[string]func(*send.Relay){
		"host": func(r *send.Relay) { r.Host = "" }, "port": func(r *send.Relay) { r.Port = 70000 }, "from": func(r *send.Relay) { r.From = "wire" },
		"tls": func(r *send.Relay) { r.TLS, r.User = "none", "wire" }, "ca": func(r *send.Relay) { r.CA = "/nowhere" },
	} {
		r := good
		alter(&r)
		var e *news.Error
		if err := r.Check(); !errors.As(err, &e) || e.Kind != news.Invalid || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
