package ledger

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"jisr/internal/news"
)

// Key is an organisation's private signing key. It signs checkpoints, requests
// to partners and, as a witness, the checkpoints of others; each of these signs
// a text that cannot be taken for one of the others.
type Key struct {
	Origin   string
	Verifier string // the public half, as a note verifier key
	private  ed25519.PrivateKey
	signer   note.Signer
}

// GenerateKey makes a new key for the origin.
func GenerateKey(origin string) (*Key, error) {
	if err := news.ValidOrigin(origin); err != nil {
		return nil, err
	}
	skey, _, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return parseKey(skey)
}

// parseKey reads a note signer key: PRIVATE+KEY+name+hash+base64.
func parseKey(skey string) (*Key, error) {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	// Base64 itself may contain a plus: the fifth part is all that remains.
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(skey, "+", 5)[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("read key: not an Ed25519 key")
	}
	private := ed25519.NewKeyFromSeed(raw[1:])
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	return &Key{Origin: signer.Name(), Verifier: verifier, private: private, signer: signer}, nil
}

// encode is the inverse of parseKey.
func (k *Key) encode() string {
	_, rest, _ := strings.Cut(k.Verifier, "+")
	hash, _, _ := strings.Cut(rest, "+")
	raw := append([]byte{algEd25519}, k.private.Seed()...)
	return "PRIVATE+KEY+" + k.Origin + "+" + hash + "+" + base64.StdEncoding.EncodeToString(raw)
}

// Sign signs a message that begins with a text of its own kind.
func (k *Key) Sign(message []byte) []byte { return ed25519.Sign(k.private, message) }

// signNote signs a text as a C2SP signed note by every key.
func signNote(text string, keys ...*Key) ([]byte, error) {
	signers := make([]note.Signer, len(keys))
	for i, k := range keys {
		signers[i] = k.signer
	}
	return note.Sign(&note.Note{Text: text}, signers...)
}

// Cosign returns the signature line by which this organisation witnesses the
// checkpoint of another.
func (k *Key) Cosign(cp *Checkpoint, at time.Time) string {
	return cosignatureLine(k.Origin, k.private, at, checkpointText(cp.Origin, cp.Size, cp.Root))
}

// Fingerprint is what people compare when they confirm a partner: the first 16
// bytes of the SHA-256 of a note verifier key's public half.
func Fingerprint(vkey string) ([16]byte, error) {
	_, public, err := PublicKey(vkey)
	if err != nil {
		return [16]byte{}, err
	}
	sum := sha256.Sum256(public)
	return [16]byte(sum[:16]), nil
}

// Keyring is the folder with an organisation's private keys, a file each,
// readable by its owner only. Old keys stay: they are what proves a rotation.
type Keyring struct{ dir string }

// OpenKeyring opens the folder and makes it if it is absent.
func OpenKeyring(dir string) (*Keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	return &Keyring{dir}, nil
}

// Add stores a key durably. It must return before anything signed by the key,
// or naming it, leaves the node.
func (r *Keyring) Add(k *Key) error {
	path := r.path(k.Verifier)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store key: %w", err)
	}
	_, err = f.WriteString(k.encode() + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// Get returns the private key whose public half is vkey.
func (r *Keyring) Get(vkey string) (*Key, error) {
	b, err := os.ReadFile(r.path(vkey))
	if err != nil {
		return nil, fmt.Errorf("the private key for %s is not in %s: %w", vkey, r.dir, err)
	}
	k, err := parseKey(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, err
	}
	if k.Verifier != vkey {
		return nil, fmt.Errorf("%s holds another key than its name says", r.path(vkey))
	}
	return k, nil
}

// All returns every key of the origin in the keyring, the last added first.
func (r *Keyring) All(origin string) ([]*Key, error) {
	files, err := os.ReadDir(r.dir)
	if err != nil {
		return nil, fmt.Errorf("read keyring: %w", err)
	}
	var out []*Key
	added := map[*Key]time.Time{}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(r.dir, f.Name()))
		if err != nil {
			continue // what is no key is no matter
		}
		k, err := parseKey(strings.TrimSpace(string(b)))
		if err != nil || k.Origin != origin {
			continue
		}
		if info, err := f.Info(); err == nil {
			added[k] = info.ModTime()
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b *Key) int { return added[b].Compare(added[a]) })
	return out, nil
}

func (r *Keyring) path(vkey string) string {
	sum := sha256.Sum256([]byte(vkey))
	return filepath.Join(r.dir, fmt.Sprintf("%x.key", sum[:8]))
}
