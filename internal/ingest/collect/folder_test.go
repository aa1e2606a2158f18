package collect

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/news"
)

func put(t testing.TB, dir, name, text string, age time.Duration) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func watch(t *testing.T, s *ingest.Source) (*desk, *clock) {
	if s.Address == "" {
		s.Address = t.TempDir()
	}
	c := newClock()
	return newDesk(t, &folders{files: testRules(c)}, s), c
}

func TestFolderGivesEachFileOnceOldestFirst(t *testing.T) {
	d, _ := watch(t, &ingest.Source{})
	put(t, d.source.Address, "b.xml", "two", 2*time.Minute)
	put(t, d.source.Address, "a.xml", "three", time.Minute)
	put(t, d.source.Address, "in/c.xml", "one", 3*time.Minute)
	d.must("in/c.xml", "b.xml", "a.xml")
	state := string(d.state)
	d.must()
	if d.again != 0 || string(d.state) != state {
		t.Errorf("the second look read %d files again; state %s, then %s", d.again, state, d.state)
	}
	put(t, d.source.Address, "a.xml", "three, corrected", 0)
	d.must("a.xml")
	if string(d.files[3].Data) != "three, corrected" || !exists(filepath.Join(d.source.Address, "b.xml")) {
		t.Error("the new version is not what was kept, or a file is gone that was to stay")
	}
	os.Remove(filepath.Join(d.source.Address, "b.xml"))
	d.must()
	if len(d.state) >= len(state) {
		t.Errorf("the state does not forget what is gone: %s", d.state)
	}
}

func TestFileThatIsStillWrittenIsLeftUntilItSettles(t *testing.T) {
	d, _ := watch(t, &ingest.Source{})
	put(t, d.source.Address, "a.xml", "half", 0)
	put(t, d.source.Address, "b.xml", "whole", time.Minute)
	written := "half"
	meanwhile := func(context.Context, time.Duration) error {
		if written += "."; len(written) < 8 {
			put(t, d.source.Address, "a.xml", written, 0)
		}
		return nil
	}
	d.collector.(*folders).wait = meanwhile
	d.must("b.xml")
	d.must()
	d.must()
	d.must("a.xml")
	if string(d.files[1].Data) != "half..." {
		t.Errorf("kept %q of a file that its writer had not finished", d.files[1].Data)
	}
}

func TestUnfinishedHiddenAndUnwantedNamesAreLeft(t *testing.T) {
	d, _ := watch(t, &ingest.Source{Pattern: "*.xml"})
	for _, name := range []string{".a.xml", "a.xml.tmp", "a.xml.PART", "a.xml.filepart", "a.xml~", "a.txt", ".git/a.xml", "taken/a.xml", "1/2/3/4/a.xml", "1/2/3/deep.xml"} {
		put(t, d.source.Address, name, "text", time.Minute)
	}
	d.must("1/2/3/deep.xml")
	// Written under another name and renamed, as good senders do.
	os.Rename(filepath.Join(d.source.Address, "a.xml.tmp"), filepath.Join(d.source.Address, "a.xml"))
	d.must("a.xml")
}

func TestSourceLetsGoOfFilesOnlyAfterTheyAreKeptAndQuiet(t *testing.T) {
	for after, there := range map[ingest.After]string{ingest.Delete: "", ingest.Move: "in/taken/a.xml"} {
		t.Run(string(after), func(t *testing.T) {
			d, c := watch(t, &ingest.Source{After: after})
			at := func(name string) string { return filepath.Join(d.source.Address, name) }
			put(t, d.source.Address, "in/a.xml", "one", time.Minute)
			d.broken = errDisk
			if _, err := d.look(); !errors.Is(err, errDisk) {
				t.Fatalf("look: %v", err)
			}
			c.pass(time.Hour)
			if _, err := d.look(); !errors.Is(err, errDisk) || !exists(at("in/a.xml")) {
				t.Fatalf("look: %v; there: %v", err, exists(at("in/a.xml")))
			}
			d.broken = nil
			d.must("in/a.xml")
			d.must()
			if !exists(at("in/a.xml")) {
				t.Fatal("the file went although its writer may only have paused")
			}
			c.pass(time.Minute)
			d.must()
			if exists(at("in/a.xml")) || there != "" && !exists(at(there)) {
				t.Error("the file is not where it should be")
			}
			d.must()
			// Another file of the same name.
			put(t, d.source.Address, "in/a.xml", "two", 0)
			d.must("in/a.xml")
			c.pass(time.Minute)
			d.must()
			if b, err := os.ReadFile(at(there)); there != "" && (err != nil || string(b) != "two") {
				t.Errorf("taken holds %q, %v", b, err)
			}
		})
	}
}

func TestFileThatGrowsAfterItWasTakenIsNotDeleted(t *testing.T) {
	d, c := watch(t, &ingest.Source{After: ingest.Delete})
	put(t, d.source.Address, "a.xml", "half", time.Minute)
	d.must("a.xml")
	put(t, d.source.Address, "a.xml", "half and half", 0)
	c.pass(time.Minute)
	d.must("a.xml")
	if string(d.files[1].Data) != "half and half" {
		t.Error("the whole file is not kept")
	}
}

func TestLinksPipesAndDevicesLeadNowhere(t *testing.T) {
	d, c := watch(t, &ingest.Source{After: ingest.Move})
	secret := t.TempDir()
	put(t, secret, "passwd.xml", "secret", time.Hour)
	in := func(name string) string { return filepath.Join(d.source.Address, name) }
	for _, err := range []error{
		os.Symlink(filepath.Join(secret, "passwd.xml"), in("link.xml")),
		os.Symlink(secret, in("linked")),
		os.Symlink("../../etc", in("up")),
		os.Symlink(secret, in("taken")), // files would be moved out of the folder
		syscall.Mkfifo(in("pipe.xml"), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	put(t, d.source.Address, "good.xml", "news", time.Minute)
	d.must("good.xml")
	c.pass(time.Minute)
	got, err := d.look()
	if len(got) != 0 || news.KindOf(err) != news.Unavailable || !strings.Contains(err.Error(), "good.xml") {
		t.Errorf("kept %q, %v", got, err)
	}
	if exists(filepath.Join(secret, "good.xml")) || !exists(in("good.xml")) {
		t.Error("a file was moved out of the folder")
	}
	for _, f := range d.files {
		if strings.Contains(string(f.Data), "secret") {
			t.Errorf("%s was read through a link", f.Name)
		}
	}
}

func TestFileThatBecomesALinkOrPipeWhileLookedAtIsNotFollowed(t *testing.T) {
	d, _ := watch(t, &ingest.Source{})
	secret := t.TempDir()
	put(t, secret, "x", "secret", time.Hour)
	for _, name := range []string{"1.xml", "2.xml", "3.xml"} {
		put(t, d.source.Address, name, "secret", time.Hour)
	}
	in := func(name string) string { return filepath.Join(d.source.Address, name) }
	d.onKeep = func(f ingest.File) {
		if f.Name != "1.xml" {
			return
		}
		os.Remove(in("2.xml"))
		os.Remove(in("3.xml"))
		if err := errors.Join(os.Symlink(filepath.Join(secret, "x"), in("2.xml")), syscall.Mkfifo(in("3.xml"), 0o644)); err != nil {
			t.Error(err)
		}
	}
	if got, _ := d.look(); !slices.Equal(got, []string{"1.xml"}) {
		t.Errorf("kept %q", got)
	}
}

func TestUnreadableAndOversizedFilesAreReportedOnceAndOthersGoOn(t *testing.T) {
	d, c := watch(t, &ingest.Source{After: ingest.Delete})
	in := func(name string) string { return filepath.Join(d.source.Address, name) }
	put(t, d.source.Address, "big.xml", "", 3*time.Minute)
	if err := os.Truncate(in("big.xml"), maxFile+1); err != nil {
		t.Fatal(err)
	}
	put(t, d.source.Address, "good.xml", "news", time.Minute)
	got, err := d.look()
	if err != nil || len(got) != 2 || !slices.ContainsFunc(got, func(s string) bool {
		return strings.HasPrefix(s, "big.xml (the file has 67108865 bytes")
	}) {
		t.Fatalf("kept %q, %v", got, err)
	}
	c.pass(time.Minute)
	d.must()
	if !exists(in("big.xml")) || exists(in("good.xml")) || d.again != 0 {
		t.Error("a file that was not kept is gone, or one that was is not")
	}
}

func TestFileWithoutRightsIsReportedAndTakenOnceItHasThem(t *testing.T) {
	if os.Geteuid() == 0 {
		asNobody(t)
	}
	d, _ := watch(t, &ingest.Source{})
	put(t, d.source.Address, "closed.xml", "news", 2*time.Minute)
	put(t, d.source.Address, "good.xml", "news", time.Minute)
	path := filepath.Join(d.source.Address, "closed.xml")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	got, err := d.look()
	if err != nil || len(got) != 2 || !strings.Contains(got[0], "closed.xml (the node may not") || got[1] != "good.xml" {
		t.Fatalf("kept %q, %v", got, err)
	}
	d.must()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	d.must("closed.xml")
}

// asNobody runs the rest of the test without root's rights over files.
func asNobody(t *testing.T) {
	t.Helper()
	base := os.TempDir()
	dir, err := os.MkdirTemp(base, "nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	if err := syscall.Seteuid(65534); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	})
}

func TestHostileNamesAreShownSafelyAndTaken(t *testing.T) {
	d, _ := watch(t, &ingest.Source{})
	for _, name := range []string{"a\nb.xml", "gpj.\u202Elmx.xml", "خبر عاجل.xml", "x\\..\\y.xml", "\xff.xml", "..a.xml~", "c..xml", strings.Repeat("n", 251) + ".xml"} {
		put(t, d.source.Address, name, name, time.Minute)
	}
	got, err := d.look()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{"%FF.xml", "a%0Ab.xml", "c..xml", "gpj.%E2%80%AElmx.xml", strings.Repeat("n", 251) + ".xml", "x%5C..%5Cy.xml", "خبر عاجل.xml"}
	if !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	d.must()
}

func TestEmptyFileIsTakenOnlyIfItStaysEmpty(t *testing.T) {
	d, _ := watch(t, &ingest.Source{})
	put(t, d.source.Address, "a.xml", "", time.Minute)
	d.must()
	put(t, d.source.Address, "a.xml", "news", 0)
	d.must("a.xml")
	put(t, d.source.Address, "b.xml", "", time.Minute)
	d.must()
	d.must("b.xml")
	d.must()
}

func TestTenThousandFilesAreTakenOnce(t *testing.T) {
	d, _ := watch(t, &ingest.Source{})
	for i := range 10000 {
		if err := os.WriteFile(filepath.Join(d.source.Address, fmt.Sprintf("%05d.xml", i)), []byte("news"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	got, err := d.look()
	if err != nil || len(got) != 10000 {
		t.Fatalf("kept %d, %v", len(got), err)
	}
	took := time.Since(began)
	began = time.Now()
	d.must()
	t.Logf("10,000 files taken in %v, looked at again in %v, state of %d KB", took, time.Since(began), len(d.state)>>10)
	if len(d.state) > 200<<10 {
		t.Errorf("the state has %d bytes", len(d.state))
	}
}

func TestMissingFolderIsSaid(t *testing.T) {
	d, _ := watch(t, &ingest.Source{Address: filepath.Join(t.TempDir(), "none")})
	if _, err := d.look(); news.KindOf(err) != news.NotFound {
		t.Errorf("look: %v", err)
	}
}
