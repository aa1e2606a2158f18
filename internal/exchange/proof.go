package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/ledger"
	"jisr/internal/news"
)

// ProofFile is proof in a reader's hand (docs/protocol.md "Proof file"): all
// that is needed to check, without a network, who issued an item, when, and
// what became of it up to a checkpoint.
type ProofFile struct {
	Proof      int               `json:"jisr_proof"` // version of the format: 1
	Origin     string            `json:"origin"`
	URI        string            `json:"uri"`
	Version    int               `json:"version"`    // which of the versions below is meant
	Keys       []string          `json:"keys"`       // of the origin, note verifier keys, the current one first
	Witnesses  map[string]string `json:"witnesses"`  // note verifier keys by origin
	Checkpoint string            `json:"checkpoint"` // signed note with cosignatures
	Versions   []ProvenVersion   `json:"versions"`   // every one that the prover knows, oldest first
}

// ProvenVersion is an entry with its inclusion proof.
type ProvenVersion struct {
	Index int64         `json:"index"`
	Entry []byte        `json:"entry"` // as first written
	Path  []ledger.Hash `json:"path"`  // RFC 6962 §2.1.1
}

// maxProofFile is the largest proof file in bytes.
const maxProofFile = 32 << 20

// Proof returns the proof file of a version of an item; version 0 means the
// newest.
func (s *Service) Proof(ctx context.Context, origin, uri string, version int) (*ProofFile, error) {
	records, err := s.ledger.About(ctx, origin, uri, ledger.KindItem)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, news.Errorf(news.NotFound, "item", "there is no item %s of %s here", uri, origin)
	}
	// One checkpoint for all versions: the one that proves the newest.
	slices.SortFunc(records, func(a, b *ledger.Record) int { return int(a.Index - b.Index) })
	newest, err := s.ledger.Prove(ctx, origin, records[len(records)-1].Index)
	if err != nil {
		return nil, err
	}
	size, err := ledger.CheckpointSize(newest.Checkpoint)
	if err != nil {
		return nil, err
	}
	keys, err := s.ledger.Keys(ctx, origin)
	if err != nil {
		return nil, err
	}
	p := &ProofFile{Proof: 1, Origin: origin, URI: uri, Version: version, Keys: keys,
		Witnesses: map[string]string{}, Checkpoint: string(newest.Checkpoint)}
	for _, r := range records {
		path, err := s.ledger.Path(ctx, origin, r.Index, size)
		if err != nil {
			return nil, err
		}
		_, body, err := itemOf(r)
		if err != nil {
			continue
		}
		if version == 0 {
			p.Version = body.Version
		}
		p.Versions = append(p.Versions, ProvenVersion{r.Index, r.Bytes, path})
	}
	return p, s.addWitnesses(ctx, p)
}

// addWitnesses adds the keys of those who cosigned the proof's checkpoint, and
// leaves out the lines of those whose key this node does not know: a file says
// nothing that its reader could not check.
func (s *Service) addWitnesses(ctx context.Context, p *ProofFile) error {
	cp, err := ledger.ParseCheckpoint(p.Origin, []byte(p.Checkpoint), p.Keys...)
	if err != nil {
		return err
	}
	text, _, _ := strings.Cut(p.Checkpoint, "\n\n")
	kept := text + "\n\n"
	for _, line := range noteLines(p.Checkpoint) {
		name := signerOf(line)
		if name != p.Origin && p.Witnesses[name] == "" {
			keys, err := s.ledger.Keys(ctx, name)
			if err != nil {
				return err
			}
			signed := slices.IndexFunc(keys, func(k string) bool {
				_, err := ledger.VerifyCosignature(line, k, cp)
				return err == nil
			})
			if signed < 0 {
				continue
			}
			p.Witnesses[name] = keys[signed]
		}
		kept += line + "\n"
	}
	p.Checkpoint = kept
	return nil
}

// signerOf returns the name on a note's signature line.
func signerOf(line string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(line, "— "), " ")
	return name
}

// noteLines returns the signature lines of a signed note.
func noteLines(signed string) []string {
	_, sigs, _ := strings.Cut(signed, "\n\n")
	return strings.FieldsFunc(sigs, func(r rune) bool { return r == '\n' })
}

// Verified is what a proof file proves.
type Verified struct {
	Origin      string            `json:"origin"`
	Fingerprint string            `json:"fingerprint"` // of the key that signed, in words
	URI         string            `json:"uri"`
	Version     int               `json:"version"`
	Act         news.Act          `json:"act"`
	Issued      time.Time         `json:"issued"`
	Size        int64             `json:"ledger_size"`
	Witnesses   []Witnessed       `json:"witnesses"`
	Later       []Later           `json:"later"` // what the issuer did to the item afterwards
	Files       map[string]string `json:"files"` // what each file beside the proof is
	Digests     []string          `json:"digests"`
}

// Witnessed is an organisation that saw the same ledger.
type Witnessed struct {
	Origin      string    `json:"origin"`
	At          time.Time `json:"at"`
	Fingerprint string    `json:"fingerprint"`
}

// Later is a later act on the item.
type Later struct {
	Version int       `json:"version"`
	Act     news.Act  `json:"act"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
}

// VerifyProof checks a proof file, and the content and media given beside it by
// their names, without a network. Every file must be one that the proven version
// commits to. trusted are note verifier keys to insist on; with none, the key in
// the file is taken and its fingerprint is for the reader to compare.
func VerifyProof(doc []byte, files map[string][]byte, trusted []string) (*Verified, error) {
	p, err := ParseProof(doc)
	if err != nil {
		return nil, err
	}
	keys := p.Keys
	if len(trusted) > 0 {
		keys = trusted
	}
	cp, err := ledger.ParseCheckpoint(p.Origin, []byte(p.Checkpoint), keys...)
	if err != nil {
		return nil, err
	}
	v := &Verified{Origin: p.Origin, URI: p.URI, Size: cp.Size, Files: map[string]string{}, Later: []Later{}, Witnesses: []Witnessed{}}
	v.Fingerprint = signedBy(p.Origin, cp.Note, keys)
	var meant *ledger.Entry
	prev, last := "", 0
	for _, pv := range p.Versions {
		e, body, err := pv.verify(p, cp)
		if err != nil {
			return nil, err
		}
		if body.Version == last+1 && last > 0 && e.Prev != prev {
			return nil, news.Errorf(news.Invalid, "versions", "version %d does not follow the one before it in this file", body.Version)
		}
		prev, last = ledger.Sum(pv.Entry).String(), body.Version
		switch {
		case body.Version == p.Version:
			meant, v.Version, v.Act, v.Issued, v.Digests = e, body.Version, body.Act, e.At, e.Digests
		case body.Version > p.Version:
			v.Later = append(v.Later, Later{body.Version, body.Act, body.Reason, e.At})
		}
	}
	if meant == nil {
		return nil, news.Errorf(news.Invalid, "version", "the file does not contain the version %d that it speaks of", p.Version)
	}
	for name, b := range files {
		digest := ledger.Sum(b).String()
		i := slices.Index(meant.Digests, digest)
		switch {
		case i < 0:
			return nil, news.Errorf(news.Invalid, name, "this is not a file that version %d commits to: it was altered, or belongs to another version", p.Version)
		case i == 0:
			v.Files[name] = "content"
		default:
			v.Files[name] = "media"
		}
	}
	return v, p.witnesses(v, cp)
}

// ParseProof reads a proof file without verifying it.
func ParseProof(doc []byte) (*ProofFile, error) {
	if len(doc) > maxProofFile {
		return nil, news.Errorf(news.TooLarge, "proof", "%d bytes are more than the %d a proof file may have", len(doc), maxProofFile)
	}
	var p ProofFile
	if err := json.Unmarshal(doc, &p); err != nil || p.Proof != 1 {
		return nil, news.Errorf(news.Invalid, "proof", "this is not a Jisr proof file").Because(err)
	}
	return &p, nil
}

// verify checks one version against the checkpoint.
func (pv *ProvenVersion) verify(p *ProofFile, cp *ledger.Checkpoint) (*ledger.Entry, *news.ItemBody, error) {
	path := make(tlog.RecordProof, len(pv.Path))
	for i, h := range pv.Path {
		path[i] = tlog.Hash(h)
	}
	if pv.Index < 0 || pv.Index >= cp.Size {
		return nil, nil, news.Errorf(news.Invalid, "index", "entry %d is outside the signed ledger of %d", pv.Index, cp.Size)
	}
	leaf := ledger.Sum(pv.Entry)
	if err := tlog.CheckRecord(path, cp.Size, cp.Root, pv.Index, tlog.RecordHash(leaf[:])); err != nil {
		return nil, nil, news.Errorf(news.Invalid, "path", "entry %d is not in the ledger that %s signed", pv.Index, p.Origin).Because(err)
	}
	e, err := ledger.ParseEntry(p.Origin, pv.Entry)
	if err != nil {
		return nil, nil, err
	}
	if e.Kind != ledger.KindItem || e.Ref != p.URI {
		return nil, nil, news.Errorf(news.Invalid, "entry", "entry %d speaks of %q, not of %q", pv.Index, e.Ref, p.URI)
	}
	var body news.ItemBody
	return e, &body, e.Decode(&body)
}

// witnesses verifies the cosignatures. One that cannot be verified is an error: a
// file never says more than it proves.
func (p *ProofFile) witnesses(v *Verified, cp *ledger.Checkpoint) error {
	for _, line := range noteLines(p.Checkpoint) {
		name := signerOf(line)
		if name == p.Origin {
			continue
		}
		vkey := p.Witnesses[name]
		if vkey == "" {
			return news.Errorf(news.Invalid, "witnesses", "%q signed the checkpoint and its key is not in the file", name)
		}
		c, err := ledger.VerifyCosignature(line, vkey, cp)
		if err != nil {
			return err
		}
		v.Witnesses = append(v.Witnesses, Witnessed{c.Witness, c.At, fingerprint(vkey).Words})
	}
	return nil
}

// signedBy returns the fingerprint of the key among keys that signed the note.
func signedBy(origin string, signed []byte, keys []string) string {
	for _, k := range keys {
		if _, err := ledger.ParseCheckpoint(origin, signed, k); err == nil {
			return fingerprint(k).Words
		}
	}
	return ""
}

// Words says in plain English what was verified.
func (v *Verified) Words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s issued version %d of %s (%s) at %s.\n", v.Origin, v.Version, v.URI, v.Act, v.Issued.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "Signed by the key with the fingerprint: %s\n", v.Fingerprint)
	for _, w := range v.Witnesses {
		fmt.Fprintf(&b, "Witnessed by %s at %s (fingerprint: %s).\n", w.Origin, w.At.Format(time.RFC3339), w.Fingerprint)
	}
	if len(v.Witnesses) == 0 {
		b.WriteString("No other organisation witnessed this checkpoint.\n")
	}
	for _, l := range v.Later {
		fmt.Fprintf(&b, "Later: version %d, %s at %s", l.Version, l.Act, l.At.UTC().Format(time.RFC3339))
		if l.Reason != "" {
			fmt.Fprintf(&b, ": %s", l.Reason)
		}
		b.WriteString(".\n")
	}
	if len(v.Later) == 0 {
		b.WriteString("No later version is known to this checkpoint.\n")
	}
	return b.String()
}

// Encode returns the file's bytes.
func (p *ProofFile) Encode() ([]byte, error) { return json.Marshal(p, json.Deterministic(true)) }
