package mail_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/mail"
	"jisr/internal/news"
)

const head = "Message-ID: <a@x.example>\r\nDate: Tue, 3 Mar 2026 09:00:00 +0000\r\nFrom: a@x.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n"

func withFile(disposition string) []byte {
	return []byte(head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: " +
		disposition + "\r\n\r\nx\r\n--b--\r\n")
}

func TestFileNamesCannotLeaveTheirFolderOrPretend(t *testing.T) {
	word := func(s string) string { return "=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?=" }
	for _, c := range []struct{ disposition, want string }{
		{`attachment; filename="report.pdf"`, "report.pdf"},
		{`attachment; filename="../../etc/passwd"`, "passwd"},
		{`attachment; filename="..\\..\\windows\\a.exe"`, "a.exe"},
		{`attachment; filename="` + word("تقرير.pdf") + `"`, "تقرير.pdf"},
		{`attachment; filename="` + word("a\u202egpj.exe") + `"`, "agpj.exe"},
		{`attachment; filename="` + word("a\x00\r\nb.txt") + `"`, "ab.txt"},
		{`attachment; filename=".htaccess"`, "htaccess"},
		{`attachment; filename=".."`, "attachment-1.bin"},
		{`attachment; filename="/"`, "attachment-1.bin"},
		{`attachment; filename*=utf-8''%D0%B0.txt`, "а.txt"},
		{`attachment; filename="` + strings.Repeat("ж", 200) + `.jpg"`, strings.Repeat("ж", 73) + ".jpg"},
		{`attachment; filename="a:b|c?.txt"`, "a_b_c_.txt"},
	} {
		res, _, err := mail.Read(withFile(c.disposition), nil)
		if err != nil || len(res.Attachments) != 1 {
			t.Fatalf("%s: %v", c.disposition, err)
		}
		if got := res.Attachments[0].Name; got != c.want {
			t.Errorf("%s: %q, want %q", c.disposition, got, c.want)
		}
	}
}

func TestHostileMailsAreBounded(t *testing.T) {
	var deep strings.Builder
	deep.WriteString(head)
	for i := range 50 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	dolls := strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 50)
	many := head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 5000) + "--b--"
	for _, c := range []struct {
		name, data, says string
	}{
		{"parts in parts", deep.String(), "more than 10 deep"},
		{"mails in mails", head + dolls, "more than 10 deep"},
		{"many parts", many, "200 parts"},
		{"a header without end", "From: a\r\nDate: b\r\nSubject: c\r\n" + strings.Repeat("X: "+strings.Repeat("y", 70)+"\r\n", 10_000), "524288 bytes"},
		{"too large", strings.Repeat(" ", mail.MaxSize+1), "50331648 allowed"},
	} {
		start := time.Now()
		_, _, err := mail.Read([]byte(c.data), nil)
		if news.KindOf(err) != news.TooLarge || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}

func TestDamagedMailsGiveWhatTheyStillHold(t *testing.T) {
	for _, c := range []struct{ name, data, body string }{
		{"no blank line", "Message-ID: <a@b>\nFrom: a@b\nDate: x\nSubject: s", ""},
		{"a line that is no field", "From: a@b\nnonsense here\nSubject: s\nDate: x\n\nbody", "body"},
		{"no boundary", head + "Content-Type: multipart/mixed\r\n\r\nbody", "body"},
		{"no end", head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nbody", "body"},
		{"broken quoted-printable", head + "Content-Transfer-Encoding: quoted-printable\r\n\r\nbo=ZZdy", "bo=ZZdy"},
		{"broken base64", head + "Content-Transfer-Encoding: base64\r\n\r\nYm9k!eQ", "body"},
		{"unknown encoding", head + "Content-Transfer-Encoding: x-uuencode\r\n\r\nbody", "body"},
		{"unknown charset", head + "Content-Type: text/plain; charset=x-klingon\r\n\r\nbody", "body"},
		{"content type of nonsense", head + "Content-Type: ;;;\r\n\r\nbody", "body"},
	} {
		res, _, err := mail.Read([]byte(c.data), nil)
		if err != nil || len(res.Items) != 1 {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := res.Items[0].Body().Value; got != c.body {
			t.Errorf("%s: %q, want %q", c.name, got, c.body)
		}
	}
}

func TestAWarningOnTheEnvelopeHoldsForWhatIsInside(t *testing.T) {
	data := strings.Replace(string(goldentest.File(t, "testdata/ninjs-attached-en.eml")), "Subject: item 77", "Subject: EMBARGOED item 77", 1)
	res, _, err := mail.Read([]byte(data), nested)
	if err != nil || len(res.Items) != 1 || res.Items[0].PubStatus != news.Withheld {
		t.Errorf("%+v, %v", res.Items, err)
	}
}

func TestDetectKnowsMailFromTextWithColons(t *testing.T) {
	for _, c := range []struct {
		head string
		want bool
	}{
		{head, true},
		{"From MAILER Thu Apr  2 12:00:00 2026\nFrom: a@b\nMessage-Id: <x>\n\n", true},
		{"Received: from a\n\tby b\nFrom: a@b\n", true},
		{"SLUG: FERRY\nFrom: Riverton\n\nThe ferry", false},
		{"Dear editor,\nFrom: me\nDate: today\nTo: you", false},
		{`{"From": "a", "Date": "b", "To": "c"}`, false},
		{"<rss/>", false},
		{"", false},
	} {
		if got := mail.Detect([]byte(c.head)); got != c.want {
			t.Errorf("%q: %v", c.head, got)
		}
	}
}

// FuzzRead asks that no input crashes or hangs the reader, and that what it
// returns can be stored.
func FuzzRead(f *testing.F) {
	goldentest.Seed(f, pattern)
	f.Fuzz(func(t *testing.T, data []byte) {
		res, losses, err := mail.Read(data, nested)
		goldentest.Sound(t, res.Items, losses, err)
		for _, a := range res.Attachments {
			if a.Name == "" || strings.ContainsAny(a.Name, "/\\\x00") || !news.ValidDigest(a.Digest) {
				t.Errorf("%q %s", a.Name, a.Digest)
			}
		}
	})
}
