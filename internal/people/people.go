// Package people knows who may do what: accounts, their roles and permissions,
// the sessions of browsers and the tokens of programs.
//
// Its invariant: nothing is allowed that the one table of permission.go does not
// grant to a role of an enabled account, as that account stands now; a token's
// scopes only narrow this. Secrets are kept as digests only. The table is
// printed in docs/permissions.md.
//
// The service checks what must hold whoever asks (the last administrator stays,
// a password is good enough). Whether the caller may ask at all is checked by
// web and api, with Caller.Check, before they call.
package people

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/oklog/ulid/v2"

	"jisr/internal/db"
)

// Service keeps the people of one node. Several processes may each have one
// over the same database.
type Service struct {
	db     *db.DB
	now    func() time.Time
	hasher *hasher
}

// New returns the service over the database, with the clock that it reads.
func New(d *db.DB, now func() time.Time) *Service {
	return &Service{db: d, now: now, hasher: newHasher(strength)}
}

// newID makes an id that sorts by time.
func (s *Service) newID() (string, error) {
	id, err := ulid.New(ulid.Timestamp(s.now()), rand.Reader)
	return id.String(), err
}

// newSecret returns 256 random bits, as text that fits a cookie or a header.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b) //nolint:errcheck // never fails, says crypto/rand
	return base64.RawURLEncoding.EncodeToString(b)
}

// digest is what is stored of a secret. A plain hash is enough, unlike for a
// password: nobody guesses 256 random bits.
func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
