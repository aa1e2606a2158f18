package exchange

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http/httptest"
	"reflect"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// write writes what was drawn and returns the stream with what a reader must
// get from it.
func write(t testing.TB, in []ledger.Incoming, leaves map[int]ledger.Hash) ([]byte, []ledger.Incoming) {
	t.Helper()
	var buf bytes.Buffer
	f := newFrameWriter(&buf)
	want := make([]ledger.Incoming, len(in))
	for i, x := range in {
		var err error
		leaf, withheld := leaves[i]
		switch {
		case withheld:
			err, want[i] = f.hash(frameWithheld, leaf), ledger.WithheldLeaf(leaf)
		case x.Bytes == nil:
			err, want[i] = f.hash(frameHash, x.Record), x
		default:
			err, want[i] = f.entry(x.Bytes, x.Content), x
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.end(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), want
}

func TestStreamGivesBackWhatWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var in []ledger.Incoming
		leaves := map[int]ledger.Hash{}
		for i := range rapid.IntRange(0, 20).Draw(rt, "frames") {
			var x ledger.Incoming
			switch rapid.IntRange(0, 3).Draw(rt, "kind") {
			case 0:
				leaves[i] = ledger.Sum(rapid.SliceOf(rapid.Byte()).Draw(rt, "leaf"))
			case 1:
				copy(x.Record[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "hash"))
			case 2:
				x.Content = rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(rt, "content")
				fallthrough
			default:
				x.Bytes = rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(rt, "entry")
			}
			in = append(in, x)
		}
		b, want := write(t, in, leaves)
		got, err := readFrames(bytes.NewReader(b), len(in))
		if err != nil {
			rt.Fatal(err)
		}
		if len(got) != len(want) || len(got) > 0 && !reflect.DeepEqual(got, want) {
			rt.Fatalf("got %v, want %v", got, want)
		}
	})
}

// sample is a short stream with every kind of frame.
func sample(t testing.TB) []byte {
	b, _ := write(t, []ledger.Incoming{
		{Bytes: []byte(`{"v":1}`), Content: []byte("content")}, {}, {Bytes: []byte("entry without content")}, {},
	}, map[int]ledger.Hash{1: ledger.Sum(nil)})
	return b
}

func TestTruncatedStreamIsNeverTakenForAShortOne(t *testing.T) {
	b := sample(t)
	for n := range b {
		if got, err := readFrames(bytes.NewReader(b[:n]), 10); !errors.Is(err, errTruncated) {
			t.Errorf("the first %d of %d bytes gave %d frames and %v", n, len(b), len(got), err)
		}
	}
	if _, err := readFrames(bytes.NewReader(b), 10); err != nil {
		t.Errorf("all of it: %v", err)
	}
}

func TestHostileStreamIsRefusedWithItsFault(t *testing.T) {
	long := func(n uint64) []byte { return binary.AppendUvarint([]byte{frameEntry}, n) }
	b := sample(t)
	for name, tt := range map[string]struct {
		stream []byte
		limit  int
		want   news.Kind
	}{
		"entry of 4 GiB":         {long(4 << 30), 10, news.TooLarge},
		"entry over the limit":   {long(ledger.MaxEntry + 1), 10, news.TooLarge},
		"entry of 2^64-1":        {long(1<<64 - 1), 10, news.TooLarge},
		"content over the limit": {append([]byte{frameEntry, 1, 'x'}, binary.AppendUvarint(nil, news.MaxContent+1)...), 10, news.TooLarge},
		"empty entry":            {[]byte{frameEntry, 0, 0, frameEnd, 1}, 10, news.Invalid},
		"unknown kind":           {[]byte{9}, 10, news.Invalid},
		"a problem document":     {[]byte(`{"status":500}`), 10, news.Invalid},
		"more than asked for":    {b, 3, news.TooLarge},
		"count too low":          {append(bytes.Clone(b[:len(b)-1]), 3), 10, news.Invalid},
		"count too high":         {append(bytes.Clone(b[:len(b)-1]), 5), 10, news.Invalid},
	} {
		if got, err := readFrames(bytes.NewReader(tt.stream), tt.limit); news.KindOf(err) != tt.want {
			t.Errorf("%s: %d frames, %v; want %v", name, len(got), err, tt.want)
		}
	}
	endless := append([]byte{frameEntry}, bytes.Repeat([]byte{0xff}, 20)...)
	if _, err := readFrames(bytes.NewReader(endless), 10); err == nil {
		t.Error("a length that never ends was read")
	}
}

func TestStreamEndsAtTheBatchLimit(t *testing.T) {
	entry := make([]byte, ledger.MaxEntry)
	frame := append(binary.AppendUvarint([]byte{frameEntry}, ledger.MaxEntry), entry...)
	frame = append(frame, 0)
	endless := &repeating{frame: frame}
	if _, err := readFrames(endless, maxEntries); !errors.Is(err, errTruncated) {
		t.Errorf("an endless stream gave %v", err)
	}
	if endless.read > maxBatch+(1<<20) {
		t.Errorf("%d bytes of it were read, the limit is %d", endless.read, maxBatch)
	}
}

// repeating is a stream of the same frame for ever.
type repeating struct {
	frame    []byte
	at, read int
}

func (r *repeating) Read(b []byte) (int, error) {
	n := copy(b, r.frame[r.at:])
	r.at = (r.at + n) % len(r.frame)
	r.read += n
	return n, nil
}

// TestShortBombsCostLittleMemory: a stream of few bytes that claims much.
func TestShortBombsCostLittleMemory(t *testing.T) {
	var frames, zeros bytes.Buffer
	for range 16 {
		frames.Write(binary.AppendUvarint([]byte{frameEntry}, ledger.MaxEntry))
	}
	z, err := zstd.NewWriter(&zeros)
	if err != nil {
		t.Fatal(err)
	}
	for range 512 { // half a gigabyte of entries that are all zeros
		frame := append(binary.AppendUvarint([]byte{frameEntry}, ledger.MaxEntry), make([]byte, ledger.MaxEntry)...)
		if _, err := z.Write(append(frame, 0)); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	for name, tt := range map[string]struct {
		bomb  []byte
		limit uint64
	}{
		"claimed lengths": {frames.Bytes(), 8 << 20},
		"zstd":            {zeros.Bytes(), maxBatch + 64<<20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		body := io.Reader(bytes.NewReader(tt.bomb))
		if name == "zstd" {
			z, err := newDecoder(body)
			if err != nil {
				t.Fatal(err)
			}
			defer z.Close()
			body = z
		}
		if _, err := readFrames(body, maxEntries); err == nil {
			t.Errorf("%s: accepted", name)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > tt.limit {
			t.Errorf("%s: %d bytes took %d bytes of memory, want at most %d", name, len(tt.bomb), used, tt.limit)
		}
	}
}

func TestFailedStreamIsNotTakenForAWholeOne(t *testing.T) {
	failure := errors.New("the disk is gone")
	for name, size := range map[string]int{"before the first byte": 10, "after some of it": 1 << 20} {
		for _, encoding := range []string{"", "zstd"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Accept-Encoding", encoding)
			var err error
			func() {
				defer func() { recover() }() //nolint:errcheck // the server breaks the connection here
				err = stream(w, r, func(f *frameWriter) error {
					noise := make([]byte, size)
					for i := range noise {
						noise[i] = byte(i * i >> 3)
					}
					f.entry(noise, nil) //nolint:errcheck
					return failure
				})
			}()
			if err == nil && size == 10 {
				t.Errorf("%s, %q: no error", name, encoding)
			}
			body := io.Reader(w.Body)
			if w.Header().Get("Content-Encoding") == "zstd" {
				z, err := newDecoder(body)
				if err != nil {
					t.Fatal(err)
				}
				defer z.Close()
				body = z
			}
			if _, err := readFrames(body, 10); err == nil {
				t.Errorf("%s, %q: the reader took it for whole", name, encoding)
			}
		}
	}
}

func FuzzReadFrames(f *testing.F) {
	f.Add(sample(f))
	f.Add([]byte{frameEnd, 0})
	f.Add(binary.AppendUvarint([]byte{frameEntry}, 4<<30))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readFrames(bytes.NewReader(b), 100)
		if err != nil {
			return
		}
		if len(got) > 100 {
			t.Fatalf("%d frames, the limit is 100", len(got))
		}
		// What was accepted can be told apart and is bounded.
		for _, x := range got {
			if len(x.Bytes) > ledger.MaxEntry || len(x.Content) > news.MaxContent || x.Content != nil && x.Bytes == nil {
				t.Fatalf("a frame of %d and %d bytes passed", len(x.Bytes), len(x.Content))
			}
		}
	})
}
