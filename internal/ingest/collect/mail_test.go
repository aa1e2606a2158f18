package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"jisr/internal/fetch/remote/remotetest"
	format "jisr/internal/format/mail"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

// postOffice is an IMAP server over TCP.
type postOffice struct {
	t       *testing.T
	user    *imapmemserver.User
	address string
	print   string // fingerprint of its certificate
}

type security string

const (
	implicit security = "implicit"
	starttls security = "starttls"
	plainTCP security = "plain"
)

func openPostOffice(t *testing.T, how security, caps ...imap.Cap) *postOffice {
	t.Helper()
	p := &postOffice{t: t, user: imapmemserver.NewUser(remotetest.User, remotetest.Password)}
	if err := p.user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	mem := imapmemserver.New()
	mem.AddUser(p.user)
	config, print := certificate()
	p.print = print
	set := imap.CapSet{imap.CapIMAP4rev1: {}}
	for _, c := range caps {
		set[c] = struct{}{}
	}
	o := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: set, Logger: log.New(io.Discard, "", 0), InsecureAuth: how == plainTCP,
	}
	if how == starttls {
		o.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = l.Addr().String()
	if how == implicit {
		l = tls.NewListener(l, config)
	}
	s := imapserver.New(o)
	go s.Serve(l) //nolint:errcheck // ends with the server
	t.Cleanup(func() { s.Close() })
	return p
}

func certificate() (*tls.Config, string) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	s.Close()
	c := &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"imap"}}
	sum := sha256.Sum256(c.Certificates[0].Certificate[0])
	return c, "sha256:" + hex.EncodeToString(sum[:])
}

// deliver puts a message into a folder.
func (p *postOffice) deliver(box, text string, flags ...imap.Flag) {
	p.t.Helper()
	r := literal{strings.NewReader(text)}
	if _, err := p.user.Append(box, r, &imap.AppendOptions{Flags: flags, Time: time.Now()}); err != nil {
		p.t.Fatal(err)
	}
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// in returns how many messages are in a folder.
func (p *postOffice) in(box string) int {
	s, err := p.user.Status(box, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		return -1
	}
	return int(*s.NumMessages)
}

func (p *postOffice) unseen(box string) int {
	s, err := p.user.Status(box, &imap.StatusOptions{NumUnseen: true})
	if err != nil {
		return -1
	}
	return int(*s.NumUnseen)
}

func letterText(n int, words string) string {
	return fmt.Sprintf("From: Desk <desk@wire.example>\r\nTo: in@node.example\r\nSubject: =?utf-8?q?=D8=AE=D8=A8=D8=B1?= %d\r\nMessage-ID: <%d@wire.example>\r\nDate: Mon, 01 Jun 2026 10:00:00 +0000\r\n\r\n%s\r\n", n, n, words)
}

func (p *postOffice) desk(after ingest.After) *desk {
	return newDesk(p.t, &mailboxes{allow: remotetest.Allow, max: format.MaxSize}, &ingest.Source{Kind: ingest.Mail,
		Address: "imaps://" + p.address + "/INBOX", User: remotetest.User, Secret: remotetest.Password, HostKey: p.print, After: after})
}

// ways are the kinds of server that there are: old ones that can move and expunge
// nothing by UID, those with the extensions, and modern ones.
var ways = map[string][]imap.Cap{
	"rev1":       nil,
	"extensions": {imap.CapUIDPlus, imap.CapMove, imap.CapESearch, imap.CapNamespace},
	"rev2":       {imap.CapIMAP4rev2},
}

func TestMailboxGivesEachMessageOnceAndLeavesItAsItIs(t *testing.T) {
	for name, caps := range ways {
		t.Run(name, func(t *testing.T) {
			p := openPostOffice(t, implicit, caps...)
			d := p.desk(ingest.Leave)
			d.must()
			p.deliver("INBOX", letterText(1, "one"))
			p.deliver("INBOX", letterText(2, "two"))
			p.deliver("INBOX", letterText(9, "thrown away"), imap.FlagDeleted)
			d.must("1.eml", "2.eml")
			if string(d.files[0].Data) != letterText(1, "one") {
				t.Errorf("kept %q", d.files[0].Data)
			}
			d.must()
			p.deliver("INBOX", letterText(3, "three"))
			d.must("4.eml")
			if p.unseen("INBOX") != 4 || p.in("INBOX") != 4 {
				t.Errorf("%d unseen of %d", p.unseen("INBOX"), p.in("INBOX"))
			}
			if d.again != 0 {
				t.Errorf("%d fetched again", d.again)
			}
			if _, _, err := format.Read(d.files[0].Data, nil); err != nil {
				t.Errorf("what was kept is no mail: %v", err)
			}
		})
	}
}

func TestMailboxLetsGoOfMessagesOnlyAfterTheyAreKept(t *testing.T) {
	for name, caps := range ways {
		for _, after := range []ingest.After{ingest.Delete, ingest.Move} {
			t.Run(name+" "+string(after), func(t *testing.T) {
				p := openPostOffice(t, implicit, caps...)
				d := p.desk(after)
				p.deliver("INBOX", letterText(1, "one"))
				p.deliver("INBOX", letterText(2, "two"))
				p.deliver("INBOX", letterText(9, "of a person"), imap.FlagDeleted)
				d.broken = errDisk
				if _, err := d.look(); !errors.Is(err, errDisk) || p.in("INBOX") != 3 {
					t.Fatalf("look: %v, %d left", err, p.in("INBOX"))
				}
				d.broken = nil
				d.must("1.eml", "2.eml")
				left := 1 // what a person marked is not ours to expunge
				if name == "rev1" {
					left = 3 // marked as deleted
				}
				if p.in("INBOX") != left {
					t.Errorf("%d left, want %d", p.in("INBOX"), left)
				}
				if after == ingest.Move && p.in("INBOX/taken") != 2 {
					t.Errorf("%d were moved", p.in("INBOX/taken"))
				}
				p.deliver("INBOX", letterText(3, "three"))
				d.must("4.eml")
				d.must()
			})
		}
	}
}

func TestMailIsReadUnderTLSOnly(t *testing.T) {
	p := openPostOffice(t, implicit)
	d := p.desk(ingest.Leave)
	p.deliver("INBOX", letterText(1, "one"))
	d.source.HostKey = ""
	if _, err := d.look(); news.KindOf(err) != news.Forbidden || !strings.Contains(err.Error(), p.print) {
		t.Errorf("a certificate that proves nothing: %v", err)
	}
	d.source.HostKey = "sha256:" + strings.Repeat("00", 32)
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("another certificate: %v", err)
	}
	d.source.HostKey = p.print
	d.source.Secret = "wrong"
	if _, err := d.look(); news.KindOf(err) != news.Forbidden || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	d.source.Secret = remotetest.Password
	d.source.Address = "imaps://" + p.address + "/None"
	if _, err := d.look(); news.KindOf(err) != news.NotFound {
		t.Errorf("no such folder: %v", err)
	}

	q := openPostOffice(t, starttls)
	d = q.desk(ingest.Leave)
	q.deliver("INBOX", letterText(1, "one"))
	d.source.Address = "imap://" + q.address
	d.must("1.eml")

	o := openPostOffice(t, plainTCP)
	o.deliver("INBOX", letterText(1, "one"))
	d = o.desk(ingest.Leave)
	d.source.Address = "imap://" + o.address
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("a server without TLS: %v", err)
	}
	d.source.Address += "/INBOX?tls=none"
	d.must("1.eml")
	d.collector.(*mailboxes).allow = nil
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("in the clear to a host that is not listed: %v", err)
	}
}

func TestMailServerInsideTheNetworkIsNotCalledUnlessListed(t *testing.T) {
	p := openPostOffice(t, implicit)
	d := p.desk(ingest.Leave)
	d.collector.(*mailboxes).allow = nil
	if _, err := d.look(); news.KindOf(err) != news.Forbidden {
		t.Errorf("look: %v", err)
	}
}

func TestOversizedMessageIsReportedWithSubjectAndSize(t *testing.T) {
	p := openPostOffice(t, implicit)
	d := p.desk(ingest.Delete)
	d.collector.(*mailboxes).max = 10000
	p.deliver("INBOX", letterText(1, strings.Repeat("large ", 3000)))
	p.deliver("INBOX", letterText(2, "small"))
	got, err := d.look()
	if err != nil || len(got) != 2 || got[1] != "2.eml" {
		t.Fatalf("kept %q, %v", got, err)
	}
	for _, part := range []string{`"خبر 1"`, "desk@wire.example", "18", "10000"} {
		if !strings.Contains(got[0], part) {
			t.Errorf("%q does not say %s", got[0], part)
		}
	}
	d.must()
	if p.in("INBOX") < 1 {
		t.Error("a message that was not kept is gone")
	}
}

func TestMailboxThatIsNumberedAnewGivesNothingTwice(t *testing.T) {
	p := openPostOffice(t, implicit)
	d := p.desk(ingest.Leave)
	for i := range 3 {
		p.deliver("INBOX", letterText(i, "words"))
	}
	d.must("1.eml", "2.eml", "3.eml")
	before := string(d.state)
	if err := errors.Join(p.user.Delete("INBOX"), p.user.Create("INBOX", nil)); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		p.deliver("INBOX", letterText(i, "words"))
	}
	p.deliver("INBOX", letterText(9, "new"))
	d.must("4.eml")
	if d.again != 3 || string(d.state) == before {
		t.Errorf("%d fetched again; state %s, then %s", d.again, before, d.state)
	}
}

func TestLargeMailboxIsTakenInParts(t *testing.T) {
	p := openPostOffice(t, implicit)
	for i := range maxLetters + 20 {
		p.deliver("INBOX", letterText(i, "words"))
	}
	d := p.desk(ingest.Delete)
	got, err := d.look()
	if err != nil || len(got) != maxLetters || got[0] != "1.eml" {
		t.Fatalf("kept %d, %v", len(got), err)
	}
	if got, err = d.look(); err != nil || len(got) != 20 {
		t.Fatalf("kept %d, %v", len(got), err)
	}
	p = openPostOffice(t, implicit) // seen for the first time: the newest have to do
	for i := range maxLetters + 20 {
		p.deliver("INBOX", letterText(i, "words"))
	}
	d = p.desk(ingest.Leave)
	if got, err = d.look(); err != nil || len(got) != maxLetters || got[0] != "21.eml" {
		t.Fatalf("kept %d from %q, %v", len(got), got[:1], err)
	}
	d.must()
}

// scripted is a server that says what a test wants, whatever it is asked; %s in
// what it says is the tag of the command.
func scripted(t *testing.T, answers map[string]string) *desk {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveScript(c, answers)
		}
	}()
	d := newDesk(t, &mailboxes{allow: remotetest.Allow, max: 10000}, &ingest.Source{Kind: ingest.Mail,
		Address: "imap://" + l.Addr().String() + "/INBOX?tls=none", User: "u", Secret: "p"})
	return d
}

func serveScript(c net.Conn, answers map[string]string) {
	defer c.Close()
	io.WriteString(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
	buf := make([]byte, 0, 4096)
	one := make([]byte, 1)
	for {
		if _, err := c.Read(one); err != nil {
			return
		}
		if buf = append(buf, one[0]); one[0] != '\n' {
			continue
		}
		words := strings.Fields(string(buf))
		buf = buf[:0]
		if len(words) < 2 {
			return
		}
		verb := strings.ToUpper(words[1])
		if verb == "UID" && len(words) > 2 {
			verb += " " + strings.ToUpper(words[2])
		}
		if verb == "UID FETCH" && strings.Contains(strings.Join(words, " "), "BODY.PEEK[]") {
			verb = "UID FETCH body"
		}
		answer, ok := answers[verb]
		if !ok {
			answer = map[string]string{
				"EXAMINE":    "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n%s OK done\r\n",
				"UID SEARCH": "* SEARCH 1\r\n%s OK done\r\n",
				"UID FETCH":  "* 1 FETCH (UID 1 RFC822.SIZE 4 BODY[HEADER.FIELDS (FROM SUBJECT DATE MESSAGE-ID)]<0> {14}\r\nSubject: Odd\r\n)\r\n%s OK done\r\n",
			}[verb]
		}
		if answer == "" {
			answer = "%s OK done\r\n"
		}
		if _, err := io.WriteString(c, strings.ReplaceAll(answer, "%s", words[0])); err != nil {
			return
		}
		if strings.HasSuffix(answer, "BYE") {
			return
		}
	}
}

func TestHostileMailServerDoesNoHarm(t *testing.T) {
	nested := "* 1 FETCH (BODYSTRUCTURE " + strings.Repeat("(", 8<<20)
	for name, c := range map[string]struct {
		answers map[string]string
		kind    news.Kind
		kept    int
	}{
		"lists without end":       {map[string]string{"UID FETCH": nested}, news.Unavailable, 0},
		"as many as are let by":   {map[string]string{"UID FETCH": nested[:3900] + "\r\n%s OK done\r\n"}, news.Unavailable, 0},
		"lists by a quotation":    {map[string]string{"UID FETCH": "* 1 FETCH (BODYSTRUCTURE (\"x{9000000}\r\n\" " + nested[26:]}, news.Unavailable, 0},
		"every number there is":   {map[string]string{"UID SEARCH": "* ESEARCH (TAG \"%s\") UID ALL 1:4294967295\r\n%s OK done\r\n", "UID FETCH": "%s OK done\r\n"}, "", 0},
		"a line without end":      {map[string]string{"UID SEARCH": "* SEARCH" + strings.Repeat(" 1", 5<<20)}, news.TooLarge, 0},
		"a message without end":   {map[string]string{"UID FETCH body": "* 1 FETCH (UID 1 BODY[] {99999999999}\r\nFrom: x\r\n"}, news.TooLarge, 1},
		"more than announced":     {map[string]string{"UID FETCH body": "* 1 FETCH (UID 1 BODY[] {9000000}\r\n" + strings.Repeat("x", 9<<20)}, news.TooLarge, 1},
		"another message":         {map[string]string{"UID FETCH body": "* 2 FETCH (UID 2 BODY[] {4}\r\nabcd)\r\n%s OK done\r\n"}, "", 0},
		"a message that is gone":  {map[string]string{"UID FETCH body": "%s OK done\r\n"}, "", 0},
		"a message that is NIL":   {map[string]string{"UID FETCH body": "* 1 FETCH (UID 1 BODY[] NIL)\r\n%s OK done\r\n"}, "", 0},
		"half a message":          {map[string]string{"UID FETCH body": "* 1 FETCH (UID 1 BODY[] {400}\r\nFrom: BYE"}, news.Unavailable, 0},
		"no sense":                {map[string]string{"UID SEARCH": "* \x00\xff{)(\r\n\r\n"}, news.Unavailable, 0},
		"a refusal":               {map[string]string{"UID FETCH body": "%s NO not \x1b[31m today\r\n"}, news.Unavailable, 0},
		"bye":                     {map[string]string{"EXAMINE": "* BYE BYE"}, news.Unavailable, 0},
		"a flood of other things": {map[string]string{"UID SEARCH": strings.Repeat("* 1 EXISTS\r\n", 1<<20)}, news.TooLarge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := scripted(t, c.answers)
			began := time.Now()
			got, err := d.look()
			if news.KindOf(err) != c.kind || len(got) != c.kept {
				t.Errorf("kept %q, %v", got, err)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\x1b\x00") {
				t.Errorf("the server's control characters come through: %q", err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestMessageMayHoldAnyNumberOfBrackets(t *testing.T) {
	p := openPostOffice(t, implicit)
	d := p.desk(ingest.Leave)
	text := letterText(1, strings.Repeat("(", 3*maxLists))
	p.deliver("INBOX", text)
	p.deliver("INBOX", "Subject: "+strings.Repeat("(", 200)+"\r\n\r\n")
	d.must("1.eml", "2.eml")
	if string(d.files[0].Data) != text {
		t.Error("the message is not what was kept")
	}
}

func TestMessageThatTheServerDoesNotGiveIsReportedInTheEnd(t *testing.T) {
	d := scripted(t, map[string]string{"UID FETCH body": "%s NO not today\r\n", "UID SEARCH": "* SEARCH 1\r\n%s OK done\r\n"})
	for i := range maxTries {
		got, err := d.look()
		if last := i == maxTries-1; news.KindOf(err) != news.Unavailable || last != (len(got) == 1) {
			t.Fatalf("look %d: kept %q, %v", i, got, err)
		}
	}
	if f := d.files[0]; f.Err == nil || !strings.Contains(f.Err.Error(), "Odd") {
		t.Errorf("reported %v", f.Err)
	}
	d.must()
}

func TestMailServerThatFallsSilentIsGivenUp(t *testing.T) {
	d := scripted(t, map[string]string{"UID SEARCH": "* SEARCH"})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := d.collector.Collect(ctx, ingest.Visit{Source: d.source, Keep: d.keep})
	if err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}

func TestWordsAddedBeforeTLSAreNotBelieved(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan []byte, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		io.WriteString(c, "* OK ready\r\n")
		buf := make([]byte, 4096)
		c.Read(buf)
		io.WriteString(c, "s1 OK begin\r\n* OK you are signed in\r\ns1 OK\r\n")
		n, _ := c.Read(buf)
		got <- bytes.Clone(buf[:n])
	}()
	d := newDesk(t, &mailboxes{allow: remotetest.Allow, max: 10000}, &ingest.Source{Kind: ingest.Mail,
		Address: "imap://" + l.Addr().String(), User: "u", Secret: "p"})
	if _, err := d.look(); err == nil {
		t.Error("the look succeeded")
	}
	if hello := <-got; len(hello) == 0 || hello[0] != 0x16 { // a TLS handshake
		t.Errorf("after STARTTLS the node sent %q", hello)
	}
}
