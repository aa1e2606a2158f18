package exchange

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// The stream of entries, docs/protocol.md "Entries": a frame an index, without
// gaps. A frame is a kind byte and fields; a field is its length as an unsigned
// varint and its bytes. The end frame says how many frames went before, so a
// truncated stream is never taken for a short one.
const (
	frameEnd      = 0 // varint: number of frames before
	frameEntry    = 1 // field: entry; field: content, empty for none
	frameWithheld = 2 // 32 bytes: leaf
	frameHash     = 3 // 32 bytes: the tree's hash at this place (recovery only)
)

// ContentTypeEntries is the media type of the stream.
const ContentTypeEntries = "application/vnd.jisr.entries"

// frameWriter writes a stream.
type frameWriter struct {
	w   *bufio.Writer
	n   uint64
	buf []byte
}

func newFrameWriter(w io.Writer) *frameWriter {
	return &frameWriter{w: bufio.NewWriterSize(w, 64<<10)}
}

func (f *frameWriter) entry(b, content []byte) error {
	f.n++
	f.buf = append(f.buf[:0], frameEntry)
	f.buf = binary.AppendUvarint(f.buf, uint64(len(b)))
	f.w.Write(f.buf) //nolint:errcheck // bufio keeps the first error for Flush
	f.w.Write(b)     //nolint:errcheck
	f.buf = binary.AppendUvarint(f.buf[:0], uint64(len(content)))
	f.w.Write(f.buf) //nolint:errcheck
	_, err := f.w.Write(content)
	return err
}

func (f *frameWriter) hash(kind byte, h [32]byte) error {
	f.n++
	f.w.WriteByte(kind) //nolint:errcheck
	_, err := f.w.Write(h[:])
	return err
}

func (f *frameWriter) end() error {
	f.w.WriteByte(frameEnd)                   //nolint:errcheck
	f.w.Write(binary.AppendUvarint(nil, f.n)) //nolint:errcheck
	return f.w.Flush()
}

// errTruncated is a stream that ended before its end frame.
var errTruncated = errors.New("the stream ended early")

// readFrames reads a stream of at most limit frames and maxBatch bytes.
func readFrames(r io.Reader, limit int) ([]ledger.Incoming, error) {
	br := bufio.NewReaderSize(io.LimitReader(r, maxBatch), 64<<10)
	var out []ledger.Incoming
	for {
		kind, err := br.ReadByte()
		if err != nil {
			return nil, truncated(err)
		}
		if kind == frameEnd {
			n, err := binary.ReadUvarint(br)
			if err != nil {
				return nil, truncated(err)
			}
			if n != uint64(len(out)) {
				return nil, news.Errorf(news.Invalid, "entries", "the stream says it has %d frames and has %d", n, len(out))
			}
			return out, nil
		}
		if len(out) == limit {
			return nil, news.Errorf(news.TooLarge, "entries", "more than the %d entries that were asked for", limit)
		}
		in, err := readFrame(br, kind)
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
}

func readFrame(br *bufio.Reader, kind byte) (ledger.Incoming, error) {
	switch kind {
	case frameEntry:
		b, err := readField(br, ledger.MaxEntry, "entry")
		if err != nil {
			return ledger.Incoming{}, err
		}
		content, err := readField(br, news.MaxContent, "content")
		if err != nil {
			return ledger.Incoming{}, err
		}
		if len(b) == 0 {
			return ledger.Incoming{}, news.Errorf(news.Invalid, "entries", "an entry is empty")
		}
		if len(content) == 0 {
			content = nil
		}
		return ledger.Incoming{Bytes: b, Content: content}, nil
	case frameWithheld, frameHash:
		var h [32]byte
		if _, err := io.ReadFull(br, h[:]); err != nil {
			return ledger.Incoming{}, truncated(err)
		}
		if kind == frameHash {
			return ledger.Incoming{Record: tlog.Hash(h)}, nil
		}
		return ledger.WithheldLeaf(ledger.Hash(h)), nil
	}
	return ledger.Incoming{}, news.Errorf(news.Invalid, "entries", "%d is not a kind of frame that we know", kind)
}

func readField(br *bufio.Reader, limit uint64, what string) ([]byte, error) {
	n, err := binary.ReadUvarint(br)
	if err != nil {
		return nil, truncated(err)
	}
	if n > limit {
		return nil, news.Errorf(news.TooLarge, what, "%d bytes are more than the %d allowed", n, limit)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(br, b); err != nil {
		return nil, truncated(err)
	}
	return b, nil
}

func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w (%w)", errTruncated, err)
	}
	return err
}
