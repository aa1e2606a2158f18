package blob

import (
	"bytes"
	"strings"
	"testing"

	"jisr/internal/news"
)

func resume(t *testing.T, s *Store, digest string, max int64) *Partial {
	t.Helper()
	p, err := s.Resume(t.Context(), digest, max)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, p *Partial, b []byte) {
	t.Helper()
	if _, err := p.Write(b); err != nil {
		t.Fatal(err)
	}
}

func TestDownloadGoesOnWhereItStopped(t *testing.T) {
	s := newTestStore(t)
	b := bytes.Repeat([]byte("0123456789"), 100_000)
	d := digestOf(b)
	for _, at := range []int{0, 300_000, 300_001, 999_999} {
		p := resume(t, s, d, 0)
		write(t, p, b[p.Size():at])
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		if s.Has(d) {
			t.Fatalf("half a blob of %d bytes is offered", at)
		}
	}
	p := resume(t, s, d, 0)
	write(t, p, b[p.Size():])
	if info, err := p.Commit(); err != nil || info != (Info{Digest: d, Size: int64(len(b))}) {
		t.Fatalf("commit %+v, %v", info, err)
	}
	if !bytes.Equal(read(t, s, d), b) {
		t.Error("other bytes came back")
	}
	if got := files(t, s); len(got) != 1 {
		t.Errorf("left %v", got)
	}
}

func TestDownloadOfOtherBytesIsThrownAway(t *testing.T) {
	for _, pieces := range [][]string{{"lie"}, {"tr", "uck"}} {
		s := newTestStore(t)
		d := digestOf([]byte("truth"))
		for i, piece := range pieces {
			p := resume(t, s, d, 0)
			write(t, p, []byte(piece))
			if i < len(pieces)-1 {
				p.Close()
				continue
			}
			_, err := p.Commit()
			expectKind(t, err, news.Invalid)
		}
		if got := files(t, s); len(got) != 0 || s.Has(d) {
			t.Errorf("left %v", got)
		}
	}
}

func TestDownloadCanStartAnew(t *testing.T) {
	s := newTestStore(t)
	d := digestOf([]byte("truth"))
	p := resume(t, s, d, 0)
	write(t, p, []byte("lie"))
	p.Close()
	p = resume(t, s, d, 0)
	if err := p.Restart(); err != nil {
		t.Fatal(err)
	}
	write(t, p, []byte("truth"))
	if _, err := p.Commit(); err != nil || !s.Has(d) {
		t.Fatalf("commit: %v", err)
	}
}

func TestDownloadIsBoundedAcrossItsPieces(t *testing.T) {
	s := newTestStore(t)
	d := digestOf([]byte("12345"))
	p := resume(t, s, d, 4)
	write(t, p, []byte("123"))
	p.Close()
	p = resume(t, s, d, 4)
	defer p.Close()
	_, err := p.Write([]byte("45"))
	expectKind(t, err, news.TooLarge)
	if !strings.Contains(err.Error(), "4 bytes") {
		t.Errorf("%q does not name the limit", err)
	}
}

func TestDownloadBelongsToOneAtATime(t *testing.T) {
	s := newTestStore(t)
	d := digestOf([]byte("x"))
	p := resume(t, s, d, 0)
	_, err := s.Resume(t.Context(), d, 0)
	expectKind(t, err, news.Conflict)
	p.Close()
	resume(t, s, d, 0).Close()
}
