package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"jisr/internal/db"
	"jisr/internal/news"
)

const (
	// step is how long a code is the current one (RFC 6238 §5.2). The ones before
	// and after it are taken too: clocks of telephones differ.
	step = 30 * time.Second
	// recoveryCodes is how many codes open the account without the device.
	recoveryCodes = 10
)

var codes = totp.ValidateOpts{Period: uint(step / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

var errWrongCode = news.Errorf(news.Forbidden, "code", "this code is wrong or was used: enter the one that your device shows now")

// Factor is the state of an account's second factor. The zero value: none.
type Factor struct {
	Since    time.Time // zero while it waits for its first code
	Recovery int       // codes left
}

// Enrolment is what a person puts into the device that will show the codes.
type Enrolment struct {
	Secret string // base32, to type
	URL    string // otpauth: URL, to scan
}

// Factor returns the state of the account's second factor.
func (s *Service) Factor(ctx context.Context, account string) (Factor, error) {
	var f Factor
	var confirmed int64
	err := s.db.Reader().QueryRowContext(ctx, `SELECT confirmed, (SELECT count(*) FROM recovery WHERE account = $1)
		FROM factor WHERE account = $2`, account, account).Scan(&confirmed, &f.Recovery)
	if errors.Is(err, sql.ErrNoRows) {
		return Factor{}, nil
	}
	if err != nil {
		return Factor{}, fmt.Errorf("read the second factor: %w", err)
	}
	f.Since = db.FromMicros(confirmed)
	return f, nil
}

// BeginFactor makes a new secret for the caller. It counts once ConfirmFactor
// was called with a code of it. issuer is what the device shows beside the
// login. Conflict if there is a confirmed one: remove it first.
func (s *Service) BeginFactor(ctx context.Context, c *Caller, issuer string) (*Enrolment, error) {
	if c == nil || c.Session == "" {
		return nil, ErrSignedOut
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: c.Account.Login, Period: codes.Period,
		Digits: codes.Digits, Algorithm: codes.Algorithm, SecretSize: 20})
	if err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		taken := news.Errorf(news.Conflict, "factor", "this account has a second factor: remove it before you set up another")
		return change(ctx, tx, taken, `INSERT INTO factor (account, secret, confirmed, step) VALUES ($1, $2, 0, 0)
			ON CONFLICT (account) DO UPDATE SET secret = excluded.secret WHERE factor.confirmed = 0`, c.Account.ID, key.Secret())
	})
	if err != nil {
		return nil, err
	}
	return &Enrolment{Secret: key.Secret(), URL: key.URL()}, nil
}

// ConfirmFactor puts the second factor into force and returns the recovery
// codes, which cannot be had again. Other sessions of the account end: they were
// begun without it.
func (s *Service) ConfirmFactor(ctx context.Context, c *Caller, code string) (recovery []string, err error) {
	if c == nil || c.Session == "" {
		return nil, ErrSignedOut
	}
	recovery = newRecoveryCodes()
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		f, err := lockFactor(ctx, tx, c.Account.ID)
		if err != nil {
			return err
		}
		if f == nil || f.confirmed {
			return news.Errorf(news.Conflict, "factor", "nothing waits for a code: begin anew")
		}
		if err := s.useCode(ctx, tx, f, code); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE factor SET confirmed = $1 WHERE account = $2`, db.Micros(s.now()), c.Account.ID); err != nil {
			return fmt.Errorf("confirm the second factor: %w", err)
		}
		if err := storeRecovery(ctx, tx, c.Account.ID, recovery); err != nil {
			return err
		}
		return endSessions(ctx, tx, c.Account.ID, c.Session)
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// RemoveFactor ends the caller's second factor after proof of the password,
// under the back-off of a sign-in.
func (s *Service) RemoveFactor(ctx context.Context, c *Caller, address, password string) error {
	if c == nil || c.Session == "" {
		return ErrSignedOut
	}
	p, err := s.prove(ctx, c.Account.Login, password, address)
	if errors.Is(err, ErrCredentials) {
		return news.Errorf(news.Forbidden, "present", "the present password is wrong")
	}
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := s.stillProven(ctx, tx, p); err != nil {
			return err
		}
		if err := s.forgive(ctx, tx, p.guarded); err != nil {
			return err
		}
		return deleteFactor(ctx, tx, c.Account.ID)
	})
}

// ResetFactor ends the second factor and the passkeys of an account whose owner
// lost the device, and all its sessions: what an administrator does after making
// sure who asks.
func (s *Service) ResetFactor(ctx context.Context, account string) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := lockAccount(ctx, tx, account); err != nil {
			return err
		}
		if err := deleteFactor(ctx, tx, account); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM passkey WHERE account = $1`, account); err != nil {
			return fmt.Errorf("remove passkeys: %w", err)
		}
		return endSessions(ctx, tx, account, "")
	})
}

func deleteFactor(ctx context.Context, tx *db.Tx, account string) error {
	for _, statement := range []string{`DELETE FROM recovery WHERE account = $1`, `DELETE FROM factor WHERE account = $1`} {
		if _, err := tx.ExecContext(ctx, statement, account); err != nil {
			return fmt.Errorf("remove the second factor: %w", err)
		}
	}
	return nil
}

// storedFactor is a row of factor.
type storedFactor struct {
	account, secret string
	confirmed       bool
	step            int64
}

// lockFactor returns the account's factor, nil if there is none.
func lockFactor(ctx context.Context, tx *db.Tx, account string) (*storedFactor, error) {
	f := &storedFactor{account: account}
	var confirmed int64
	err := tx.QueryRowContext(ctx, `SELECT secret, confirmed, step FROM factor WHERE account = $1`+tx.ForUpdate(), account).
		Scan(&f.secret, &confirmed, &f.step)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the second factor: %w", err)
	}
	f.confirmed = confirmed > 0
	return f, nil
}

// useCode accepts a code of the device and marks it used.
func (s *Service) useCode(ctx context.Context, tx *db.Tx, f *storedFactor, code string) error {
	at, err := stepOf(f.secret, code, s.now())
	if err != nil {
		return err
	}
	if at <= f.step {
		return errWrongCode
	}
	if _, err := tx.ExecContext(ctx, `UPDATE factor SET step = $1 WHERE account = $2`, at, f.account); err != nil {
		return fmt.Errorf("mark the code used: %w", err)
	}
	return nil
}

// stepOf returns the time step that the code belongs to.
func stepOf(secret, code string, now time.Time) (int64, error) {
	code = digits(code)
	for _, skew := range []int64{0, -1, 1} {
		t := now.Add(time.Duration(skew) * step)
		want, err := totp.GenerateCodeCustom(secret, t, codes)
		if err != nil {
			return 0, fmt.Errorf("the stored secret is damaged: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return t.Unix() / int64(step/time.Second), nil
		}
	}
	return 0, errWrongCode
}

// digits brings what a person typed into the form of a code: devices show it in
// two groups, and an Arabic keyboard types other digits.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '٠' && r <= '٩':
			return r - '٠' + '0'
		case r >= '۰' && r <= '۹':
			return r - '۰' + '0'
		case r == ' ' || r == '-' || r == '\u00a0':
			return -1
		}
		return 'x' // no code has it
	}, code[:min(len(code), 64)])
}

// newRecoveryCodes makes codes of 50 random bits, as "ABCDE-FGHJK".
func newRecoveryCodes() []string {
	out := make([]string, recoveryCodes)
	for i := range out {
		b := make([]byte, 7)
		rand.Read(b) //nolint:errcheck // never fails, says crypto/rand
		t := base32.StdEncoding.EncodeToString(b)[:10]
		out[i] = t[:5] + "-" + t[5:]
	}
	return out
}

// foldRecovery is the form of a recovery code that is hashed.
func foldRecovery(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '2' && r <= '7' {
			return r
		}
		return -1
	}, strings.ToUpper(code[:min(len(code), 64)]))
}

func storeRecovery(ctx context.Context, tx *db.Tx, account string, codes []string) error {
	for _, c := range codes {
		_, err := tx.ExecContext(ctx, `INSERT INTO recovery (account, hash) VALUES ($1, $2)`, account, digest(foldRecovery(c)))
		if err != nil {
			return fmt.Errorf("store recovery codes: %w", err)
		}
	}
	return nil
}

// useRecovery accepts a recovery code and deletes it.
func useRecovery(ctx context.Context, tx *db.Tx, account, code string) error {
	return change(ctx, tx, errWrongCode, `DELETE FROM recovery WHERE account = $1 AND hash = $2`, account, digest(foldRecovery(code)))
}
