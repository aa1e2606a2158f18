package blob

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"jisr/internal/news"
)

func TestAdoptedFileIsABlobAndGoneFromWhereItWas(t *testing.T) {
	s, err := New(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "upload")
	write := func() {
		t.Helper()
		if err := os.WriteFile(other, []byte("صورة"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time it is there already
		write()
		info, err := s.Adopt(t.Context(), other, Expect{})
		if err != nil || info.Size != 8 || s.Verify(t.Context(), info.Digest) != nil {
			t.Fatal(info, err)
		}
		if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
			t.Error("the file is still where it was")
		}
		r, _, err := s.Open(info.Digest)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(r); err != nil || string(b) != "صورة" {
			t.Errorf("the blob is %q, %v", b, err)
		}
		r.Close()
	}

	write()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, try := range map[string]func() error{
		"too large": func() error { _, err := s.Adopt(t.Context(), other, Expect{Max: 7}); return err },
		"other bytes": func() error {
			_, err := s.Adopt(t.Context(), other, Expect{Digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000"})
			return err
		},
		"interrupted": func() error { _, err := s.Adopt(canceled, other, Expect{}); return err },
		"disk is full": func() error {
			s.fault = func(string) error { return errors.New("full") }
			defer func() { s.fault = func(string) error { return nil } }()
			_, err := s.Adopt(t.Context(), other, Expect{})
			return err
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if b, err := os.ReadFile(other); err != nil || string(b) != "صورة" {
			t.Errorf("%s: the file is %q, %v", name, b, err)
		}
	}
	if _, err := s.copyIn(t.Context(), other, Expect{Digest: "sha256:" + "0"}); news.KindOf(err) != news.Invalid {
		t.Errorf("copied under a wrong digest: %v", err)
	}
	info, err := s.copyIn(t.Context(), other, Expect{}) // as from another file system
	if err != nil || !s.Has(info.Digest) {
		t.Error(info, err)
	}
	if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
		t.Error("the copied file is still where it was")
	}
}
