package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pkg/sftp"

	"jisr/internal/fetch/remote"
	"jisr/internal/fetch/remote/remotetest"
	"jisr/internal/news"
)

func each(t *testing.T, test func(*testing.T, *remotetest.Server, remote.Folder)) {
	for name, s := range remotetest.All(t) {
		t.Run(name, func(t *testing.T) { test(t, s, open(t, s)) })
	}
}

func open(t *testing.T, s *remotetest.Server) remote.Folder {
	t.Helper()
	f, err := remote.Open(t.Context(), s.Remote())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func put(t *testing.T, s *remotetest.Server, name, text string, modified time.Time) {
	t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
}

func files(t *testing.T, s *remotetest.Server) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(s.Dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(s.Dir, path)
			names = append(names, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func content(t *testing.T, s *remotetest.Server, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func expect(t *testing.T, err error, kind news.Kind, field string) {
	t.Helper()
	var e *news.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Field != field {
		t.Fatalf("error %v, want kind %s about %q", err, kind, field)
	}
}

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestFilesAreListedOldestFirstAsDeepAsAsked(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		put(t, s, "b.xml", "12345", noon)
		put(t, s, "خبر عاجل.xml", "1", noon.Add(-time.Hour))
		put(t, s, "kuna/новость.json", "123", noon.Add(-2*time.Hour))
		put(t, s, "kuna/deep/x.txt", "1", noon.Add(time.Hour))
		if strings.HasPrefix(s.URL, "sftp") { // FTP servers follow links or not, without telling
			if err := os.Symlink("/etc/hostname", filepath.Join(s.Dir, "link")); err != nil {
				t.Fatal(err)
			}
		}
		for depth, want := range [][]string{
			{"خبر عاجل.xml", "b.xml"},
			{"kuna/новость.json", "خبر عاجل.xml", "b.xml"},
			{"kuna/новость.json", "خبر عاجل.xml", "b.xml", "kuna/deep/x.txt"},
		} {
			got, err := f.List(t.Context(), depth, 10)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range got {
				names = append(names, e.Name)
				if e.Name == "b.xml" && (e.Size != 5 || !e.Modified.Equal(noon)) {
					t.Errorf("listed as %+v", e)
				}
			}
			if !slices.Equal(names, want) {
				t.Errorf("depth %d lists %q, want %q", depth, names, want)
			}
		}
	})
}

func TestListReturnsTheNewestWhenThereAreMoreThanTheLimit(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		for i, n := range []string{"1", "2", "3", "4"} {
			put(t, s, n, n, noon.Add(time.Duration(i)*time.Hour))
		}
		got, err := f.List(t.Context(), 0, 2)
		if err != nil || len(got) != 2 || got[0].Name != "3" || got[1].Name != "4" {
			t.Errorf("listed %v: %v", got, err)
		}
	})
}

func TestWrittenFileIsReadBackWholeAndReplacesAnEarlierOne(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		big := bytes.Repeat([]byte("новости أخبار\r\n\x00"), 50_000)
		for _, want := range [][]byte{[]byte("first"), big, nil} {
			if err := f.Write(t.Context(), "kuna/2026/05/خبر.xml", bytes.NewReader(want)); err != nil {
				t.Fatal(err)
			}
			got, err := f.Read(t.Context(), "kuna/2026/05/خبر.xml", 2<<20)
			if err != nil || !bytes.Equal(got, want) || !bytes.Equal(content(t, s, "kuna/2026/05/خبر.xml"), want) {
				t.Fatalf("read %d of %d bytes: %v", len(got), len(want), err)
			}
			e, err := f.Stat(t.Context(), "kuna/2026/05/خبر.xml")
			if err != nil || e.Size != int64(len(want)) {
				t.Fatalf("stat says %+v: %v", e, err)
			}
		}
		if got := files(t, s); len(got) != 1 {
			t.Errorf("left behind: %q", got)
		}
	})
}

// slow lets the test look at the folder when half of a file is sent.
type slow struct {
	half io.Reader
	at   func()
}

func (s *slow) Read(b []byte) (int, error) {
	n, err := s.half.Read(b)
	if errors.Is(err, io.EOF) && s.at != nil {
		s.at()
		s.at = nil
	}
	return n, err
}

func TestUnfinishedFileIsNeverSeenUnderItsName(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		half := bytes.Repeat([]byte("x"), 300_000)
		looked := false
		other := open(t, s)
		r := io.MultiReader(&slow{bytes.NewReader(half), func() {
			looked = true
			for _, name := range files(t, s) {
				if !strings.HasPrefix(name, ".jisr-") {
					t.Errorf("%s can be taken before it is whole", name)
				}
			}
			if got, err := other.List(t.Context(), 0, 10); err != nil || len(got) != 0 {
				t.Errorf("another reader lists %v: %v", got, err)
			}
		}}, bytes.NewReader(half))
		if err := f.Write(t.Context(), "item.xml", r); err != nil || !looked {
			t.Fatalf("write: %v, looked %v", err, looked)
		}
		if got := content(t, s, "item.xml"); len(got) != 2*len(half) {
			t.Errorf("%d bytes", len(got))
		}
	})
}

func TestFailedWriteKeepsTheEarlierFileAndLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		put(t, s, "item.xml", "version 1", noon)
		broken := io.MultiReader(strings.NewReader("vers"), iotest.ErrReader(errors.New("disk read failed")))
		if err := f.Write(t.Context(), "item.xml", broken); err == nil {
			t.Fatal("a broken source was taken as whole")
		}
		if got := files(t, s); !slices.Equal(got, []string{"item.xml"}) || string(content(t, s, "item.xml")) != "version 1" {
			t.Errorf("left %q", got)
		}
	})
}

func TestReadStopsAtTheBound(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		put(t, s, "big", strings.Repeat("x", 3<<20), noon)
		_, err := f.Read(t.Context(), "big", 1<<20)
		expect(t, err, news.TooLarge, "name")
		if b, err := f.Read(t.Context(), "big", 3<<20); err != nil || len(b) != 3<<20 {
			t.Errorf("after that: %d bytes, %v", len(b), err)
		}
	})
}

func TestMovedAndRemovedFiles(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		put(t, s, "a.xml", "a", noon)
		put(t, s, "taken/a.xml", "an earlier one", noon)
		if err := f.Rename(t.Context(), "a.xml", "taken/a.xml"); err != nil {
			t.Fatal(err)
		}
		if got := files(t, s); !slices.Equal(got, []string{"taken/a.xml"}) || string(content(t, s, "taken/a.xml")) != "a" {
			t.Fatalf("moved to %q", got)
		}
		if err := f.Remove(t.Context(), "taken/a.xml"); err != nil || len(files(t, s)) != 0 {
			t.Fatalf("removed, left %q: %v", files(t, s), err)
		}
		expect(t, f.Remove(t.Context(), "taken/a.xml"), news.NotFound, "name")
		_, err := f.Read(t.Context(), "taken/a.xml", 10)
		expect(t, err, news.NotFound, "name")
		_, err = f.Stat(t.Context(), "taken/a.xml")
		expect(t, err, news.NotFound, "name")
	})
}

func TestNamesInOldCharsetsAreReadAndMoved(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		put(t, s, "\xcd\xee\xe2\xee\xf1\xf2\xfc.xml", "windows-1251", noon) // Новость
		put(t, s, `back\slash.xml`, "x", noon.Add(time.Hour))
		got, err := f.List(t.Context(), 0, 10)
		if err != nil || len(got) != 2 || got[0].Name != "%CD%EE%E2%EE%F1%F2%FC.xml" || got[1].Name != "back%5Cslash.xml" {
			t.Fatalf("listed %v: %v", got, err)
		}
		for _, e := range got {
			if _, err := f.Read(t.Context(), e.Name, 100); err != nil {
				t.Fatal(err)
			}
			if err := f.Rename(t.Context(), e.Name, "taken/"+e.Name); err != nil {
				t.Fatal(err)
			}
		}
		if got := files(t, s); !slices.Equal(got, []string{"taken/%CD%EE%E2%EE%F1%F2%FC.xml", "taken/back%5Cslash.xml"}) {
			t.Errorf("moved to %q", got)
		}
	})
}

func TestNamesThatLeadElsewhereAreRefused(t *testing.T) {
	each(t, func(t *testing.T, s *remotetest.Server, f remote.Folder) {
		for _, name := range []string{"", "/etc/passwd", "../x", "a/../../x", "a//b", "./x", `..\x`, "a\r\nDELE b", "a\x00b",
			strings.Repeat("a", 256), strings.Repeat("a/", 600) + "a"} {
			expect(t, f.Write(t.Context(), name, strings.NewReader("x")), news.Invalid, "name")
			expect(t, f.Remove(t.Context(), name), news.Invalid, "name")
			_, err := f.Read(t.Context(), name, 10)
			expect(t, err, news.Invalid, "name")
		}
		if got := files(t, s); len(got) != 0 {
			t.Errorf("written: %q", got)
		}
	})
}

func TestServersWithoutModernCommandsAreReadAndWritten(t *testing.T) {
	s := remotetest.ListingFTP(t)
	f := open(t, s)
	if err := f.Write(t.Context(), "kuna/-la x.xml", strings.NewReader("12345")); err != nil {
		t.Fatal(err)
	}
	got, err := f.List(t.Context(), 1, 10)
	if err != nil || len(got) != 1 || got[0].Name != "kuna/-la x.xml" || got[0].Size != 5 {
		t.Fatalf("listed %v: %v", got, err)
	}
	if e, err := f.Stat(t.Context(), "kuna/-la x.xml"); err != nil || e.Size != 5 {
		t.Errorf("stat %v: %v", e, err)
	}
}

func TestSFTPServersWithoutPosixRenameReplaceToo(t *testing.T) {
	if err := sftp.SetSFTPExtensions(); err != nil {
		t.Fatal(err)
	}
	defer sftp.SetSFTPExtensions("hardlink@openssh.com", "posix-rename@openssh.com", "statvfs@openssh.com") //nolint:errcheck // they were there
	s := remotetest.SFTP(t)
	f := open(t, s)
	for _, text := range []string{"one", "two"} {
		if err := f.Write(t.Context(), "a/x", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if string(content(t, s, "a/x")) != "two" {
		t.Error("not replaced")
	}
}

func TestFTPDataComesOnlyFromTheServerItself(t *testing.T) {
	for _, elsewhere := range []string{"10.1.2.3", "169.254.169.254"} {
		s := remotetest.LyingFTP(t, elsewhere)
		put(t, s, "x", "from the server itself", noon)
		f := open(t, s)
		if b, err := f.Read(t.Context(), "x", 100); err != nil || string(b) != "from the server itself" {
			t.Errorf("read %q: %v", b, err)
		}
	}
}

func TestUnknownHostKeyIsRefusedAndShown(t *testing.T) {
	for _, kind := range []func(testing.TB) *remotetest.Server{remotetest.SFTP, remotetest.FTPS, remotetest.ExplicitFTPS} {
		s := kind(t)
		r := s.Remote()
		r.HostKey = ""
		_, err := remote.Open(t.Context(), r)
		expect(t, err, news.Forbidden, "hostKey")
		if !strings.Contains(err.Error(), s.HostKey) {
			t.Errorf("the message lacks the key that the server showed, %s: %v", s.HostKey, err)
		}
		r.HostKey = kind(t).HostKey
		if strings.HasPrefix(r.URL, "ftp") {
			r.HostKey = "sha256:" + strings.Repeat("AB:", 31) + "AB"
		}
		_, err = remote.Open(t.Context(), r)
		expect(t, err, news.Forbidden, "hostKey")
	}
}

func TestHostKeyIsReadAsKnownHostsHasIt(t *testing.T) {
	s := remotetest.SFTP(t)
	for _, line := range []string{s.HostKey, s.HostKey + " comment", "[127.0.0.1]:2222 " + s.HostKey, " " + s.HostKey + "\n"} {
		r := s.Remote()
		r.HostKey = line
		f, err := remote.Open(t.Context(), r)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		f.Close()
	}
}

func TestPrivateKeySignsIn(t *testing.T) {
	s, key := remotetest.SFTPByKey(t)
	r := s.Remote()
	_, err := remote.Open(t.Context(), r)
	expect(t, err, news.Forbidden, "user")
	r.Secret = key
	f, err := remote.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

func TestWrongPasswordAndFolderAreNamed(t *testing.T) {
	for name, s := range remotetest.All(t) {
		t.Run(name, func(t *testing.T) {
			r := s.Remote()
			r.Secret = "guess"
			_, err := remote.Open(t.Context(), r)
			expect(t, err, news.Forbidden, "user")
			if strings.Contains(err.Error(), "guess") {
				t.Errorf("the password is in the message: %v", err)
			}
			r = s.Remote()
			before, query, _ := strings.Cut(r.URL, "?")
			r.URL = strings.TrimSuffix(before, "/") + "/nothing/here"
			if query != "" {
				r.URL += "?" + query
			}
			_, err = remote.Open(t.Context(), r)
			expect(t, err, news.NotFound, "address")
		})
	}
}

func TestPrivateNetworksAreRefusedUnlessListed(t *testing.T) {
	for _, s := range remotetest.All(t) {
		r := s.Remote()
		r.Allow = nil
		_, err := remote.Open(t.Context(), r)
		if news.KindOf(err) != news.Forbidden || !strings.Contains(err.Error(), "private network") {
			t.Errorf("%s: %v", s.URL, err)
		}
	}
}

func TestAddressesAreChecked(t *testing.T) {
	ok := remote.Server{URL: "sftp://host/in", User: "u"}
	if err := remote.Check(ok); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"", "host/in", "http://host/", "sftp:///in", "sftp://u:p@host/", "sftp://host:0/", "sftp://host/a/../b",
		"sftp://host/?tls=explicit", "ftp://host/?tls=maybe", "ftp://host/#x", "ftp://host/a%0d%0aDELE%20b"} {
		expect(t, remote.Check(remote.Server{URL: url, User: "u"}), news.Invalid, "address")
	}
	expect(t, remote.Check(remote.Server{URL: ok.URL}), news.Invalid, "user")
	expect(t, remote.Check(remote.Server{URL: "ftp://host", User: "u", Secret: "a\r\nDELE b"}), news.Invalid, "user")
	for url, key := range map[string]string{ok.URL: "ssh-ed25519 AAAA", "ftp://host": ok.HostKey + "x", "ftps://host": "sha256:12"} {
		expect(t, remote.Check(remote.Server{URL: url, User: "u", HostKey: key}), news.Invalid, "hostKey")
	}
}

func TestSilentServerIsGivenUpWithTheContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []string{"ftp", "ftps", "sftp"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := remote.Open(ctx, remote.Server{URL: scheme + "://" + l.Addr().String(), User: "u", Allow: remotetest.Allow})
		cancel()
		if news.KindOf(err) != news.Unavailable || !strings.Contains(err.Error(), "in time") {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}
