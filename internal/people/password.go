package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"jisr/internal/news"
)

// Bounds of a password. Long ones are welcome; the upper bound only keeps a
// request from having a megabyte hashed.
const (
	MinPassword = 10   // characters
	MaxPassword = 1024 // bytes
)

// cost is what one argon2id hash takes (RFC 9106 §3.1), on one core.
type cost struct {
	memory uint32 // KiB
	passes uint32
}

// strength is above what OWASP's Password Storage Cheat Sheet asks for (19 MiB,
// 2 passes) and takes about 70 ms on a server core: below what a person notices,
// and 14 guesses a second for whoever stole the database, per core and 32 MiB.
var strength = cost{memory: 32 * 1024, passes: 3}

const (
	// atOnce bounds the memory that sign-ins take together: 64 MiB.
	atOnce = 2
	// patience is how long a sign-in waits for its turn.
	patience = 5 * time.Second

	saltBytes = 16
	keyBytes  = 32
)

// hasher hashes passwords, a few at a time.
type hasher struct {
	cost   cost
	slots  chan struct{}
	derive func(password string, salt []byte, c cost) []byte
	// stranger stands in for the password of an account that does not exist, so
	// that finding this out takes as long as finding a wrong password. It is
	// random: no password leads to it.
	stranger string
}

func newHasher(c cost) *hasher {
	h := &hasher{cost: c, slots: make(chan struct{}, atOnce), derive: derive}
	h.stranger = encode(c, random(saltBytes), random(keyBytes))
	return h
}

func derive(password string, salt []byte, c cost) []byte {
	// NFC as in RFC 8265 §4.2: the same letters from another keyboard are the
	// same password.
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.passes, c.memory, 1, keyBytes)
}

// turn waits until a hash may be computed; done must be called after it.
func (h *hasher) turn(ctx context.Context) (done func(), err error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timeout.C:
		return nil, news.Errorf(news.Unavailable, "", "too many people are signing in at the moment: try again in a few seconds")
	}
}

// hash returns the PHC string of the password under a new salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := random(saltBytes)
	return encode(h.cost, salt, h.derive(password, salt, h.cost)), nil
}

// matches reports whether stored was made from the password. The caller has a
// turn.
func (h *hasher) matches(stored, password string) (bool, error) {
	c, salt, key, err := decode(stored)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(h.derive(password, salt, c), key) == 1, nil
}

// outdated reports whether stored was made at another cost than today's.
func (h *hasher) outdated(stored string) bool {
	c, _, _, err := decode(stored)
	return err != nil || c != h.cost
}

// encode writes the PHC string format, which names the algorithm and its cost.
func encode(c cost, salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, c.memory, c.passes,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

var errStored = errors.New("the stored password is damaged")

func decode(stored string) (c cost, salt, key []byte, err error) {
	var version int
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return c, nil, nil, errStored
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, errStored
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &c.memory, &c.passes); err != nil {
		return c, nil, nil, errStored
	}
	// argon2 panics on zero passes, and a damaged row must not take all memory.
	if c.passes < 1 || c.passes > 16 || c.memory < 8 || c.memory > 1<<18 {
		return c, nil, nil, errStored
	}
	b64 := base64.RawStdEncoding.Strict()
	if salt, err = b64.DecodeString(parts[4]); err != nil || len(salt) != saltBytes {
		return c, nil, nil, errStored
	}
	if key, err = b64.DecodeString(parts[5]); err != nil || len(key) != keyBytes {
		return c, nil, nil, errStored
	}
	if encode(c, salt, key) != stored { // Sscanf is lenient
		return c, nil, nil, errStored
	}
	return c, salt, key, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // never fails, says crypto/rand
	return b
}

// common are passwords long enough for us that nevertheless stand at the top of
// every attacker's list, and what a Russian or Arabic keyboard makes of them.
var common = []string{
	"1234567890", "0123456789", "0987654321", "12345678910", "1234567891", "1q2w3e4r5t", "q1w2e3r4t5", "qwertyuiop",
	"qwerty12345", "password12", "password123", "password1234", "administrator", "йцукенгшщз", "йцукен12345",
	"пароль12345", "ضصثقفغعهخح", "١٢٣٤٥٦٧٨٩٠",
}

// checkPassword refuses a password that would be guessed. Beyond that it asks
// for length, not for kinds of characters (NIST SP 800-63B §3.1.1.2).
func checkPassword(password, login, name string) error {
	if len(password) > MaxPassword || !utf8.ValidString(password) {
		return news.Errorf(news.Invalid, "password", "use at most %d bytes of text", MaxPassword)
	}
	if utf8.RuneCountInString(norm.NFC.String(password)) < MinPassword {
		return news.Errorf(news.Invalid, "password", "use at least %d characters: several words make a good password", MinPassword)
	}
	folded := fold(password)
	local, _, _ := strings.Cut(login, "@")
	if folded == login || folded == local || folded == fold(name) {
		return news.Errorf(news.Invalid, "password", "the login or the name is the first thing that others would try: choose another")
	}
	if slices.Contains(common, folded) || distinct(folded) < 4 {
		return news.Errorf(news.Invalid, "password", "this is among the first that others would try: choose another")
	}
	return nil
}

func fold(s string) string { return norm.NFC.String(cases.Fold().String(norm.NFC.String(s))) }

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}
