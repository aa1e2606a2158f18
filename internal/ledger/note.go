package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"jisr/internal/news"
)

// Checkpoint is a C2SP tlog-checkpoint: an origin's signed word for the size
// and root of its ledger.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Note   []byte // the signed note, with whatever cosignatures it came with
}

// MaxNote is the largest signed note we read, in bytes: a checkpoint with some
// hundred cosignatures.
const MaxNote = 64 << 10

// checkpointText is the signed text of a checkpoint (C2SP tlog-checkpoint).
func checkpointText(origin string, size int64, root tlog.Hash) string {
	return origin + "\n" + strconv.FormatInt(size, 10) + "\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"
}

// ParseCheckpoint verifies a signed note by one of the keys (note verifier
// keys) and reads the checkpoint in it. It fails unless the origin itself
// signed.
func ParseCheckpoint(origin string, signed []byte, vkeys ...string) (*Checkpoint, error) {
	if len(signed) > MaxNote {
		return nil, news.Errorf(news.TooLarge, "checkpoint", "%d bytes are more than the %d allowed", len(signed), MaxNote)
	}
	var verifiers []note.Verifier
	for _, k := range vkeys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return nil, news.Errorf(news.Invalid, "key", "%q is not a note verifier key", k).Because(err)
		}
		if v.Name() == origin {
			verifiers = append(verifiers, v)
		}
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return nil, news.Errorf(news.Invalid, "checkpoint", "the checkpoint of %s is not signed by a key we confirmed", origin).Because(err)
	}
	cp, err := readCheckpoint(n.Text)
	if err != nil {
		return nil, err
	}
	if cp.Origin != origin {
		return nil, news.Errorf(news.Invalid, "checkpoint", "it speaks for %q instead of %q", cp.Origin, origin)
	}
	cp.Note = signed
	return cp, nil
}

func readCheckpoint(text string) (*Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return nil, news.Errorf(news.Invalid, "checkpoint", "a checkpoint has three lines: origin, size, root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return nil, news.Errorf(news.Invalid, "checkpoint", "%q is not a tree size", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return nil, news.Errorf(news.Invalid, "checkpoint", "%q is not a root hash", lines[2])
	}
	return &Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root)}, nil
}

// The signature types of C2SP signed-note that we use.
const (
	algEd25519     = 1
	algCosignature = 4 // C2SP tlog-cosignature, cosignature/v1
)

// keyHash is the key id of C2SP signed-note for a key of the algorithm.
func keyHash(name string, alg byte, public ed25519.PublicKey) uint32 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', alg})
	h.Write(public)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// PublicKey returns the Ed25519 key in a note verifier key.
func PublicKey(vkey string) (name string, key ed25519.PublicKey, err error) {
	if _, err := note.NewVerifier(vkey); err != nil {
		return "", nil, news.Errorf(news.Invalid, "key", "%q is not a note verifier key", vkey).Because(err)
	}
	name, rest, _ := strings.Cut(vkey, "+")
	_, b64, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algEd25519 {
		return "", nil, news.Errorf(news.Invalid, "key", "%q is not an Ed25519 key", vkey)
	}
	return name, raw[1:], nil
}

// cosigned is what a cosignature/v1 signs: a different text from the note's
// own, so that one Ed25519 key may serve both without confusion.
func cosigned(at int64, text string) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, text)
}

// cosignatureLine makes the line that a witness adds to a note.
func cosignatureLine(witness string, key ed25519.PrivateKey, at time.Time, text string) string {
	sig := binary.BigEndian.AppendUint32(nil, keyHash(witness, algCosignature, key.Public().(ed25519.PublicKey)))
	sig = binary.BigEndian.AppendUint64(sig, uint64(at.Unix()))
	sig = append(sig, ed25519.Sign(key, cosigned(at.Unix(), text))...)
	return "— " + witness + " " + base64.StdEncoding.EncodeToString(sig)
}

// Cosignature is a witness's word that it saw a checkpoint consistent with all
// it had seen before.
type Cosignature struct {
	Witness string
	At      time.Time
	Line    string
}

// VerifyCosignature checks the line of a witness, whose note verifier key is
// vkey, under the text of a checkpoint.
func VerifyCosignature(line, vkey string, cp *Checkpoint) (*Cosignature, error) {
	bad := func(why string) error { return news.Errorf(news.Invalid, "cosignature", "%s", why) }
	name, public, err := PublicKey(vkey)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(line, "— ")
	if !ok || len(line) > 1024 {
		return nil, bad("it is not a signature line")
	}
	witness, b64, _ := strings.Cut(rest, " ")
	sig, err := base64.StdEncoding.DecodeString(b64)
	if err != nil || len(sig) != 4+8+ed25519.SignatureSize || witness != name {
		return nil, bad("it is not a cosignature/v1 of " + name)
	}
	at := int64(binary.BigEndian.Uint64(sig[4:12]))
	if binary.BigEndian.Uint32(sig) != keyHash(name, algCosignature, public) ||
		!ed25519.Verify(public, cosigned(at, checkpointText(cp.Origin, cp.Size, cp.Root)), sig[12:]) {
		return nil, bad("the signature of " + name + " does not hold for this checkpoint")
	}
	return &Cosignature{Witness: name, At: time.Unix(at, 0).UTC(), Line: line}, nil
}

// WithCosignatures returns the note with the lines added.
func WithCosignatures(signed []byte, lines []string) []byte {
	out := append([]byte(nil), signed...)
	for _, l := range lines {
		out = append(out, l...)
		out = append(out, '\n')
	}
	return out
}
