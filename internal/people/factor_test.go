package people

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// device is what shows a person's codes.
type device struct {
	h      *house
	secret string
}

func (d device) code(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCodeCustom(d.secret, d.h.clock, codes)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// secure gives the signed-in caller a second factor.
func (h *house) secure(t *testing.T, c *Caller) (device, []string) {
	t.Helper()
	e, err := h.BeginFactor(t.Context(), c, "wire.example")
	if err != nil {
		t.Fatal(err)
	}
	d := device{h, e.Secret}
	recovery, err := h.ConfirmFactor(t.Context(), c, d.code(t))
	if err != nil {
		t.Fatal(err)
	}
	return d, recovery
}

// halfway gives the password and returns the ticket for the code.
func (h *house) halfway(t *testing.T, login string) string {
	t.Helper()
	_, _, err := h.SignIn(t.Context(), Credentials{Login: login, Password: goodPassword, Address: office})
	var needs *NeedsCode
	if !errors.As(err, &needs) {
		t.Fatalf("signed in without a code: %v", err)
	}
	return needs.Ticket
}

func TestPasswordAloneDoesNotOpenAnAccountWithSecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		elsewhere, _ := h.enter(t, "lina", stranger)
		_, c := h.enter(t, "lina", office)
		phone, recovery := h.secure(t, c)
		if _, err := h.Session(ctx, elsewhere); !errors.Is(err, ErrSignedOut) {
			t.Errorf("a session begun without the factor goes on: %v", err)
		}
		if f, err := h.Factor(ctx, a.ID); err != nil || f.Since.IsZero() || f.Recovery != recoveryCodes {
			t.Errorf("factor %+v, %v", f, err)
		}
		if _, err := h.BeginFactor(ctx, c, "x"); news.KindOf(err) != news.Conflict {
			t.Errorf("a second factor was replaced without removal: %v", err)
		}
		h.later(time.Minute)
		ticket := h.halfway(t, "lina")
		if _, err := h.Session(ctx, ticket); !errors.Is(err, ErrSignedOut) {
			t.Errorf("a ticket passes for a session: %v", err)
		}
		if _, _, err := h.SignInWithCode(ctx, ticket, "000000", office, ""); !errors.Is(err, errWrongCode) && news.KindOf(err) != news.Forbidden {
			t.Errorf("a wrong code: %v", err)
		}
		code := phone.code(t)
		spoken := strings.NewReplacer("0", "٠", "1", "١", "2", "٢", "3", "٣", "4", "٤", "5", "٥", "6", "٦", "7", "٧", "8", "٨", "9", "٩").
			Replace(code[:3] + " " + code[3:])
		secret, in, err := h.SignInWithCode(ctx, ticket, spoken, office, "Browser/1")
		if err != nil || in.Account.ID != a.ID {
			t.Fatalf("the right code in Arabic digits: %v", err)
		}
		if _, err := h.Session(ctx, secret); err != nil {
			t.Errorf("session: %v", err)
		}
		if _, _, err := h.SignInWithCode(ctx, ticket, recovery[0], office, ""); !errors.Is(err, errTicket) {
			t.Errorf("a used ticket: %v", err)
		}
		if _, _, err := h.SignInWithCode(ctx, h.halfway(t, "lina"), code, office, ""); !errors.Is(err, errWrongCode) {
			t.Errorf("a code that was used: %v", err)
		}
	})
}

func TestRecoveryCodeOpensOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		_, c := h.enter(t, "lina", office)
		_, recovery := h.secure(t, c)
		typed := strings.ToLower(strings.ReplaceAll(recovery[3], "-", " "))
		if _, _, err := h.SignInWithCode(ctx, h.halfway(t, "lina"), typed, office, ""); err != nil {
			t.Fatalf("a recovery code: %v", err)
		}
		if _, _, err := h.SignInWithCode(ctx, h.halfway(t, "lina"), recovery[3], office, ""); !errors.Is(err, errWrongCode) {
			t.Errorf("the same again: %v", err)
		}
		if f, _ := h.Factor(ctx, a.ID); f.Recovery != recoveryCodes-1 {
			t.Errorf("%d codes left", f.Recovery)
		}
	})
}

func TestGuessingCodesIsSlowedAndEndsTheSignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		h.hire(t, "lina", Editor)
		_, c := h.enter(t, "lina", office)
		phone, _ := h.secure(t, c)
		h.later(time.Minute)
		ticket := h.halfway(t, "lina")
		var err error
		for range ticketTries {
			if _, _, err = h.SignInWithCode(ctx, ticket, "123", office, ""); err == nil {
				t.Fatal("let in")
			}
		}
		if h.waitOf(err) == 0 {
			if _, _, err = h.SignInWithCode(ctx, ticket, "123", office, ""); h.waitOf(err) == 0 {
				t.Errorf("no back-off after %d wrong codes: %v", ticketTries, err)
			}
		}
		h.later(longestWait)
		if _, _, err := h.SignInWithCode(ctx, ticket, phone.code(t), office, ""); !errors.Is(err, errTicket) {
			t.Errorf("the ticket outlived its tries: %v", err)
		}
	})
}

func TestPasswordChangeEndsHalfSignIns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		_, c := h.enter(t, "lina", office)
		phone, _ := h.secure(t, c)
		h.later(time.Minute)
		ticket := h.halfway(t, "lina")
		if err := h.SetPassword(ctx, a.ID, "another good password"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.SignInWithCode(ctx, ticket, phone.code(t), office, ""); !errors.Is(err, errTicket) {
			t.Errorf("a sign-in with the old password went on: %v", err)
		}
	})
}

func TestSecondFactorIsRemovedWithThePasswordOrByAnAdministrator(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		secret, c := h.enter(t, "lina", office)
		h.secure(t, c)
		if err := h.RemoveFactor(ctx, c, office, "not the password"); news.KindOf(err) != news.Forbidden {
			t.Errorf("removed with a wrong password: %v", err)
		}
		if err := h.RemoveFactor(ctx, c, office, goodPassword); err != nil {
			t.Fatal(err)
		}
		h.enter(t, "lina", office)
		h.secure(t, c)
		if err := h.ResetFactor(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Session(ctx, secret); !errors.Is(err, ErrSignedOut) {
			t.Errorf("a session outlived the reset: %v", err)
		}
		h.enter(t, "lina", office)
	})
}
