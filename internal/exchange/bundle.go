package exchange

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/blob"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// A bundle carries a part of a ledger to one partner by any means: a tar file
// compressed with zstd (docs/protocol.md "Bundles").
const (
	bundleHead    = "bundle.json"
	bundleNote    = "checkpoint-" // + its size; it proves the entries that follow, up to the next one
	bundleProof   = "proof-"      // + first index of the entries that follow
	bundleEntries = "entries-"    // + first index
	bundleMedia   = "media/"
	bundleEnd     = "end"
)

// bundleHeader is the first member of a bundle.
type bundleHeader struct {
	Bundle  int       `json:"jisr_bundle"` // version of the format: 1
	Origin  string    `json:"origin"`
	To      string    `json:"to"`
	From    int64     `json:"from"`    // index of the first entry
	Size    int64     `json:"size"`    // of the ledger; the checkpoints say what is proven
	Profile []byte    `json:"profile"` // as at ProfilePath
	Made    time.Time `json:"made"`
}

// Bundled counts what a bundle holds.
type Bundled struct {
	Origin  string `json:"origin"`
	From    int64  `json:"from"`
	To      int64  `json:"to"` // size of the ledger after it
	Entries int64  `json:"entries"`
	Media   int64  `json:"media"`
	Missing int64  `json:"media_missing"` // media that the bundle does not have
}

// ExportBundle writes all that the partner may see of this node's ledger from
// the index on: entries, content, media, proofs and the checkpoint. progress is
// called with the entries written and their total.
func (s *Service) ExportBundle(ctx context.Context, w io.Writer, partner string, from int64, progress func(done, total int64)) (*Bundled, error) {
	h, err := s.ledger.Head(ctx, s.ledger.Origin())
	if err != nil {
		return nil, err
	}
	if from < 0 || from > h.Size {
		return nil, news.Errorf(news.Invalid, "since", "this ledger has %d entries", h.Size)
	}
	v, err := s.viewFor(ctx, partner)
	if err != nil {
		return nil, err
	}
	header, err := s.bundleHeader(ctx, h, partner, from)
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(w)
	if err != nil {
		return nil, err
	}
	t := tar.NewWriter(z)
	if err := addJSON(t, bundleHead, header); err != nil {
		return nil, err
	}
	out := &Bundled{Origin: h.Origin, From: from, To: h.Size}
	sections, err := s.bundleSections(ctx, h, from)
	if err != nil {
		return nil, err
	}
	var media []string
	at := from
	for _, section := range sections {
		if err := addBytes(t, fmt.Sprint(bundleNote, section.end), section.note); err != nil {
			return nil, err
		}
		for at < section.end {
			n, digests, err := s.exportPart(ctx, t, v, at, section.end)
			if err != nil {
				return nil, err
			}
			media = append(media, digests...)
			at += n
			out.Entries += n
			progress(out.Entries, h.Size-from)
		}
	}
	slices.Sort(media)
	for _, digest := range slices.Compact(media) {
		switch err := s.addMedia(t, digest); {
		case news.KindOf(err) == news.NotFound:
			out.Missing++
		case err != nil:
			return nil, err
		default:
			out.Media++
		}
	}
	// The last member says that nothing was cut off.
	if err := addBytes(t, bundleEnd, nil); err != nil {
		return nil, err
	}
	return out, errors.Join(t.Close(), z.Close())
}

// section is a part of a bundle that one checkpoint proves: a reader that knows
// the key before a rotation learns the next one from the entries up to there.
type section struct {
	end  int64 // size of the checkpoint
	note []byte
}

func (s *Service) bundleSections(ctx context.Context, h *ledger.Head, from int64) ([]section, error) {
	rotations, err := s.ledger.Rotations(ctx, h.Origin, from)
	if err != nil {
		return nil, err
	}
	var out []section
	for _, note := range rotations {
		end, err := ledger.CheckpointSize(note)
		if err != nil {
			return nil, err
		}
		if end < h.Size {
			out = append(out, section{end, note})
		}
	}
	return append(out, section{h.Size, h.Checkpoint.Note}), nil
}

func (s *Service) bundleHeader(ctx context.Context, h *ledger.Head, partner string, from int64) (*bundleHeader, error) {
	profile, err := s.SignedProfile(ctx)
	if err != nil {
		return nil, err
	}
	return &bundleHeader{Bundle: 1, Origin: h.Origin, To: partner, From: from, Size: h.Size,
		Profile: profile, Made: s.now().UTC()}, nil
}

// exportPart writes a part of the ledger from the index on, and the proof that
// its end is consistent with the checkpoint. It returns how many entries it took
// and which media they commit to.
func (s *Service) exportPart(ctx context.Context, t *tar.Writer, v *view, at, size int64) (int64, []string, error) {
	var buf bytes.Buffer
	f := newFrameWriter(&buf)
	if err := s.writeRange(ctx, f, v, at, int(min(batch, size-at))); err != nil {
		return 0, nil, err
	}
	n := int64(f.n)
	if err := f.end(); err != nil {
		return 0, nil, err
	}
	if end := at + n; end < size {
		proof, err := s.ledger.ProveConsistency(ctx, v.origin, end, size)
		if err != nil {
			return 0, nil, err
		}
		hashes := make([]ledger.Hash, len(proof))
		for i, p := range proof {
			hashes[i] = ledger.Hash(p)
		}
		if err := addJSON(t, fmt.Sprint(bundleProof, at), hashes); err != nil {
			return 0, nil, err
		}
	}
	if err := addBytes(t, fmt.Sprint(bundleEntries, at), buf.Bytes()); err != nil {
		return 0, nil, err
	}
	records, err := s.ledger.Range(ctx, v.origin, at, int(n))
	if err != nil {
		return 0, nil, err
	}
	return n, v.media(records), nil
}

// media returns the digests that the visible ones of the records commit to.
func (v *view) media(records []*ledger.Record) []string {
	var out []string
	for _, r := range records {
		if r.Kind != ledger.KindItem {
			continue
		}
		if sees, err := v.sees(r); err != nil || sees != whole {
			continue
		}
		if e, err := r.Entry(); err == nil {
			_, media := e.ContentDigest()
			out = append(out, media...)
		}
	}
	return out
}

func addJSON(t *tar.Writer, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return addBytes(t, name, b)
}

func addBytes(t *tar.Writer, name string, b []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(b))}); err != nil {
		return err
	}
	_, err := t.Write(b)
	return err
}

func (s *Service) addMedia(t *tar.Writer, digest string) error {
	f, size, err := s.blobs.Open(digest)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := t.WriteHeader(&tar.Header{Name: bundleMedia + digest, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

// ImportBundle verifies a bundle as replication would and stores what is new in
// it. The partner must be confirmed; a bundle that begins beyond what is held is
// refused, one that begins earlier is fine.
func (s *Service) ImportBundle(ctx context.Context, r io.Reader, progress func(done, total int64)) (*Bundled, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	from := &source{r: z}
	in := &bundleReader{s: s, tar: tar.NewReader(from), progress: progress}
	for {
		h, err := in.tar.Next()
		if err != nil {
			return nil, damaged(err)
		}
		if h.Name == bundleEnd && in.header != nil {
			break
		}
		if err := in.member(ctx, h); err != nil {
			if from.err != nil || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, damaged(err)
			}
			return nil, err
		}
	}
	// The compression's own checksum comes last: everything was verified before,
	// but whoever carries a damaged file should know.
	if n, err := io.Copy(io.Discard, io.LimitReader(z, maxBundleTail)); err != nil || n == maxBundleTail {
		return nil, damaged(err)
	}
	return &in.out, nil
}

// maxBundleTail is more than what may follow the last member of a bundle.
const maxBundleTail = 1 << 20

// source remembers that reading failed, so that a damaged file is told from a
// failure of this node.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.r.Read(b)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func damaged(err error) error {
	return news.Errorf(news.Invalid, "bundle", "the file is damaged, ends early or is not a bundle; what came whole and could be verified is stored").Because(err)
}

// bundleReader is the import of one bundle.
type bundleReader struct {
	s        *Service
	tar      *tar.Reader
	progress func(done, total int64)
	header   *bundleHeader
	cp       *ledger.Checkpoint // that proves the entries that come next; nil while there is none
	unproven error              // why there is none
	proof    tlog.TreeProof     // of the part that comes next
	out      Bundled
}

func (b *bundleReader) member(ctx context.Context, h *tar.Header) error {
	switch {
	case h.Typeflag != tar.TypeReg:
		return news.Errorf(news.Invalid, "bundle", "%q is not a plain file", h.Name)
	case b.header == nil && h.Name == bundleHead:
		return b.readHeader(ctx, h.Size)
	case b.header == nil:
		return news.Errorf(news.Invalid, "bundle", "this is not a Jisr bundle: it does not begin with %s", bundleHead)
	case strings.HasPrefix(h.Name, bundleNote):
		return b.readCheckpoint(ctx, h.Size)
	case strings.HasPrefix(h.Name, bundleProof):
		return b.readProof(h.Size)
	case strings.HasPrefix(h.Name, bundleEntries):
		return b.readEntries(ctx, strings.TrimPrefix(h.Name, bundleEntries))
	case strings.HasPrefix(h.Name, bundleMedia):
		return b.readMedia(ctx, strings.TrimPrefix(h.Name, bundleMedia), h.Size)
	}
	return nil // a later version may carry more
}

// maxBundleHeader is the largest header in bytes.
const maxBundleHeader = 16 << 20

func (b *bundleReader) readHeader(ctx context.Context, size int64) error {
	if size > maxBundleHeader {
		return news.Errorf(news.TooLarge, "bundle", "its header is over %d bytes", maxBundleHeader)
	}
	raw, err := io.ReadAll(b.tar)
	if err != nil {
		return err
	}
	var h bundleHeader
	if err := json.Unmarshal(raw, &h); err != nil || h.Bundle != 1 {
		return news.Errorf(news.Invalid, "bundle", "its header cannot be read").Because(err)
	}
	if h.To != b.s.ledger.Origin() {
		return news.Errorf(news.Forbidden, "bundle", "it was made for %s, this is %s", h.To, b.s.ledger.Origin())
	}
	p, err := b.s.Partner(ctx, h.Origin)
	if err != nil || p.State != Confirmed {
		return news.Errorf(news.Forbidden, "bundle", "it comes from %s, which is not a confirmed partner", h.Origin).Because(err)
	}
	head, err := b.s.ledger.Head(ctx, h.Origin)
	if err != nil {
		return err
	}
	if head.Forked() {
		return news.Errorf(news.Conflict, "origin", "replication is stopped: %s", head.Frozen)
	}
	if h.From > head.Size {
		return news.Errorf(news.Conflict, "bundle", "it begins at entry %d and this node holds %d: ask for one made with --since %d", h.From, head.Size, head.Size)
	}
	b.header = &h
	b.unproven = news.Errorf(news.Invalid, "bundle", "there is no checkpoint before its entries")
	b.out = Bundled{Origin: h.Origin, From: h.From, To: h.From}
	return nil
}

// readCheckpoint takes the checkpoint that proves the entries up to the next one.
// One that is not by the current key may still stand before entries that are
// held already, of the time of an earlier key.
func (b *bundleReader) readCheckpoint(ctx context.Context, size int64) error {
	if size > ledger.MaxNote {
		return news.Errorf(news.TooLarge, "bundle", "a checkpoint is over %d bytes", ledger.MaxNote)
	}
	signed, err := io.ReadAll(b.tar)
	if err != nil {
		return err
	}
	keys, err := b.s.ledger.Keys(ctx, b.header.Origin)
	if err != nil {
		return err
	}
	if b.cp, b.unproven = ledger.ParseCheckpoint(b.header.Origin, signed, keys[0]); b.unproven != nil {
		return nil
	}
	b.out.To = max(b.out.To, b.cp.Size)
	head, err := b.s.ledger.Head(ctx, b.header.Origin)
	if err != nil {
		return err
	}
	if b.cp.Size < head.Size {
		// A bundle may be older than what came by another way: that is no rollback.
		return b.s.ledger.Examine(ctx, b.cp, b.header.Origin)
	}
	return b.s.examine(ctx, head, b.cp)
}

// maxProof is more than the largest consistency proof has hashes.
const maxProof = 200

func (b *bundleReader) readProof(size int64) error {
	if size > maxProof*100 {
		return news.Errorf(news.TooLarge, "bundle", "a proof is over %d hashes", maxProof)
	}
	raw, err := io.ReadAll(b.tar)
	if err != nil {
		return err
	}
	var hashes []ledger.Hash
	if err := json.Unmarshal(raw, &hashes); err != nil {
		return news.Errorf(news.Invalid, "bundle", "a proof cannot be read").Because(err)
	}
	b.proof = make(tlog.TreeProof, len(hashes))
	for i, h := range hashes {
		b.proof[i] = tlog.Hash(h)
	}
	return nil
}

func (b *bundleReader) readEntries(ctx context.Context, first string) error {
	var at int64
	if _, err := fmt.Sscan(first, &at); err != nil {
		return news.Errorf(news.Invalid, "bundle", "%q is not an index", first)
	}
	records, err := readFrames(b.tar, batch)
	if err != nil {
		return err
	}
	end := at + int64(len(records))
	head, err := b.s.ledger.Head(ctx, b.header.Origin)
	if err != nil {
		return err
	}
	if at > head.Size || at < 0 {
		return news.Errorf(news.Conflict, "bundle", "a part is missing: entries from %d follow where %d are held", at, head.Size)
	}
	if end > head.Size {
		if b.unproven != nil {
			return b.unproven
		}
		x := &ledger.Extension{Origin: b.header.Origin, From: head.Size, Records: records[head.Size-at:], Checkpoint: b.cp, Proof: b.proof}
		if err := b.s.ledger.Extend(ctx, x); err != nil {
			return err
		}
	}
	b.out.Entries += int64(len(records))
	b.progress(b.out.Entries, b.header.Size-b.header.From)
	return b.revealHeld(ctx, at, min(end, head.Size), records)
}

// revealHeld takes from a bundle what was withheld when the same entries came
// before.
func (b *bundleReader) revealHeld(ctx context.Context, at, held int64, records []ledger.Incoming) error {
	hidden, err := b.s.ledger.Withheld(ctx, b.header.Origin, at, batch)
	if err != nil {
		return err
	}
	var revealed []ledger.Revealed
	for _, i := range hidden {
		if i < held && records[i-at].Bytes != nil {
			revealed = append(revealed, ledger.Revealed{Index: i, Bytes: records[i-at].Bytes, Content: records[i-at].Content})
		}
	}
	if len(revealed) == 0 {
		return nil
	}
	return b.s.ledger.Reveal(ctx, b.header.Origin, revealed)
}

// readMedia stores media that an entry of the partner commits to; other bytes
// have no business here.
func (b *bundleReader) readMedia(ctx context.Context, digest string, size int64) error {
	if !news.ValidDigest(digest) || size > MaxMedia {
		return news.Errorf(news.Invalid, "bundle", "%q is not a digest, or its file is over %d bytes", digest, int64(MaxMedia))
	}
	// Entries come first in a bundle, but the view of their media follows later.
	if err := b.s.ledger.CatchUp(ctx, b.s.mediaFollower()); err != nil {
		return err
	}
	var n int
	err := b.s.db.Reader().QueryRowContext(ctx, `SELECT count(*) FROM media_use WHERE digest = $1 AND origin = $2`,
		digest, b.header.Origin).Scan(&n)
	if err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	b.out.Media++
	_, err = b.s.blobs.Put(ctx, b.tar, blob.Expect{Digest: digest, Max: MaxMedia})
	return err
}
