package people

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

const (
	office   = "192.0.2.10:4711"
	stranger = "198.51.100.7:1"
)

func (h *house) enter(t *testing.T, login, address string) (string, *Caller) {
	t.Helper()
	secret, c, err := h.SignIn(t.Context(), Credentials{Login: login, Password: goodPassword, Address: address, Agent: "Browser/1"})
	if err != nil {
		t.Fatal(err)
	}
	return secret, c
}

// fail tries a wrong password.
func (h *house) fail(t *testing.T, login, address string) error {
	t.Helper()
	_, _, err := h.SignIn(t.Context(), Credentials{Login: login, Password: "not the password", Address: address})
	if err == nil {
		t.Fatal("a wrong password was let in")
	}
	return err
}

// waitOf is how long the back-off tells one to wait; 0 if it does not.
func (h *house) waitOf(err error) time.Duration {
	var w *Wait
	if news.KindOf(err) != news.Unavailable || !errors.As(err, &w) {
		return 0
	}
	return w.Until.Sub(h.clock)
}

func TestSignInNeedsTheRightPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina@wire.example", Editor)
		if _, err := h.CreateAccount(ctx, NewAccount{Login: "wire-robot", Language: "en", Roles: []Role{Editor}}); err != nil {
			t.Fatal(err)
		}
		_, c := h.enter(t, "LINA@wire.example", office)
		if c.Account.ID != a.ID || !c.Can(Publish) || c.Can(ManagePeople) {
			t.Errorf("signed in as %+v", c)
		}
		for _, try := range []Credentials{
			{Login: "lina@wire.example", Password: "not the password"},
			{Login: "lina@wire.example", Password: ""},
			{Login: "nobody@wire.example", Password: goodPassword},
			{Login: "wire-robot", Password: ""}, // has none
			{Login: "bad \x00 \xff login", Password: goodPassword},
		} {
			if _, _, err := h.SignIn(ctx, try); !errors.Is(err, ErrCredentials) {
				t.Errorf("%q with %q: %v", try.Login, try.Password, err)
			}
		}
	})
}

func TestUnknownLoginTakesAsMuchWorkAsWrongPassword(t *testing.T) {
	h := newHouse(dbtest.Open(t, db.SQLite))
	h.hire(t, "lina", Editor)
	var work []cost
	inner := h.hasher.derive
	h.hasher.derive = func(p string, salt []byte, c cost) []byte {
		work = append(work, c)
		return inner(p, salt, c)
	}
	if err := h.fail(t, "lina", office); !errors.Is(err, ErrCredentials) {
		t.Fatal(err)
	}
	known := slices.Clone(work)
	work = nil
	if err := h.fail(t, "nobody", office); !errors.Is(err, ErrCredentials) {
		t.Fatal(err)
	}
	if len(known) != 1 || !slices.Equal(known, work) {
		t.Errorf("a wrong password costs %v, an unknown login %v", known, work)
	}
}

func TestGuessingGetsSlowerButNeverLocksOut(t *testing.T) {
	for _, login := range []string{"lina", "nobody"} { // the back-off must not tell which exists
		t.Run(login, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				h := newHouse(d)
				h.hire(t, "lina", Editor)
				var waits []time.Duration
				for i := range 20 {
					if err := h.fail(t, login, fmt.Sprintf("203.0.113.%d:1", i)); !errors.Is(err, ErrCredentials) {
						t.Fatalf("try %d: %v", i, err)
					}
					// Knocking while one must wait changes nothing.
					wait := h.knock(t, login, "203.0.113.200:1")
					if (wait > 0) != (i+1 >= freeByAccount) {
						t.Fatalf("wait %v after %d failures", wait, i+1)
					}
					if wait > 0 {
						for range 3 {
							h.fail(t, login, "203.0.113.201:1")
						}
						if again := h.knock(t, login, "203.0.113.200:1"); again != wait {
							t.Fatalf("knocking made the wait %v instead of %v", again, wait)
						}
					}
					waits = append(waits, wait)
					h.later(wait)
				}
				if !slices.IsSorted(waits) || waits[len(waits)-1] != longestWait {
					t.Errorf("waits: %v", waits)
				}
				if login == "lina" {
					h.enter(t, "lina", "203.0.113.99:1") // the wait is over
				}
			})
		})
	}
}

// knock asks whether the back-off lets an attempt through, without one.
func (h *house) knock(t *testing.T, login, address string) time.Duration {
	t.Helper()
	return h.waitOf(waiting(t.Context(), h.db.Reader(), guard(login, address), h.clock))
}

func TestBackOffIsSharedAndSurvivesRestart(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(d)
		h.hire(t, "lina", Editor)
		for range freeByAccount {
			h.fail(t, "lina", stranger)
		}
		other := newHouse(d) // another process
		if wait := other.waitOf(other.fail(t, "lina", "203.0.113.1:1")); wait != firstWait {
			t.Errorf("another process waits %v, want %v", wait, firstWait)
		}
		h.later(forgetAfter + time.Minute)
		for i := range freeByAccount {
			if err := h.fail(t, "lina", stranger); !errors.Is(err, ErrCredentials) {
				t.Errorf("try %d of the next day: %v", i, err)
			}
		}
	})
}

func TestAddressThatTriesManyLoginsWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(d)
		h.hire(t, "mallory", Reader)
		for i := range freeByAddress {
			// Within one IPv6 /64 a new address costs nothing.
			if err := h.fail(t, fmt.Sprintf("login%d", i), fmt.Sprintf("[2001:db8::%x]:1", i+1)); !errors.Is(err, ErrCredentials) {
				t.Fatal(err)
			}
		}
		if wait := h.waitOf(h.fail(t, "another", "[2001:db8::ffff]:1")); wait != firstWait {
			t.Errorf("waits %v, want %v", wait, firstWait)
		}
		if err := h.fail(t, "another", "[2001:db8:0:1::1]:1"); !errors.Is(err, ErrCredentials) {
			t.Errorf("a neighbour's network: %v", err)
		}
		// An own account does not wash the address clean.
		h.later(firstWait)
		h.enter(t, "mallory", "[2001:db8::1]:1")
		h.fail(t, "another", "[2001:db8::1]:1")
		if wait := h.waitOf(h.fail(t, "another", "[2001:db8::1]:1")); wait != 2*firstWait {
			t.Errorf("after signing in to an own account it waits %v, want %v", wait, 2*firstWait)
		}
	})
}

func TestStrangersCannotKeepAnEditorFromHerDesk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(d)
		h.hire(t, "lina", Editor)
		h.enter(t, "lina", office)
		for range freeByAccount {
			h.fail(t, "lina", stranger)
		}
		if wait := h.waitOf(h.fail(t, "lina", stranger)); wait == 0 {
			t.Error("the stranger does not wait")
		}
		h.enter(t, "lina", office)
		// And a guesser at her desk has no free pass either.
		for range freeByAccount {
			h.fail(t, "lina", office)
		}
		if wait := h.waitOf(h.fail(t, "lina", office)); wait == 0 {
			t.Error("who guesses from the familiar address does not wait")
		}
	})
}

func TestGuessesSentAtOnceAreAllCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		processes := make([]*house, 12) // of one process, the turns for a hash would keep the guesses apart
		for i := range processes {
			processes[i] = newHouse(d)
		}
		for round := range 8 {
			login := fmt.Sprintf("login%d", round)
			processes[0].fail(t, login, "203.0.113.250")
			var looked atomic.Int64
			var wg sync.WaitGroup
			for i, h := range processes {
				wg.Go(func() {
					_, _, err := h.SignIn(t.Context(), Credentials{Login: login, Password: "not the password", Address: fmt.Sprintf("203.0.%d.%d", round, i)})
					if errors.Is(err, ErrCredentials) {
						looked.Add(1)
					} else if h.waitOf(err) == 0 {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := looked.Load() + 1; n != freeByAccount {
				t.Errorf("round %d: %d guesses were looked at, want %d", round, n, freeByAccount)
			}
		}
	})
}

func TestDisabledAccountIsToldOnlyToWhoKnowsThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		h.hire(t, "boss", Admin)
		a := h.hire(t, "lina", Editor)
		secret, _ := h.enter(t, "lina", office)
		if err := h.Disable(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Session(ctx, secret); !errors.Is(err, ErrSignedOut) {
			t.Errorf("her session: %v", err)
		}
		if err := h.fail(t, "lina", office); !errors.Is(err, ErrCredentials) {
			t.Errorf("wrong password: %v", err)
		}
		_, _, err := h.SignIn(ctx, Credentials{Login: "lina", Password: goodPassword, Address: office})
		if wantKind(t, err, news.Forbidden); errors.Is(err, ErrCredentials) {
			t.Error("she is not told that the account is disabled")
		}
		if err := h.Enable(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		h.enter(t, "lina", office)
		if _, err := h.Session(ctx, secret); !errors.Is(err, ErrSignedOut) {
			t.Errorf("the session from before came back: %v", err)
		}
	})
}

func TestOldHashIsRenewedAtSignIn(t *testing.T) {
	h := newHouse(dbtest.Open(t, db.SQLite))
	h.hire(t, "lina", Editor)
	h.hasher = newHasher(cost{memory: 16, passes: 2})
	h.enter(t, "lina", office)
	_, stored, err := h.loginAccount(t.Context(), "lina")
	if err != nil || h.hasher.outdated(stored) {
		t.Errorf("stored %s, %v", stored, err)
	}
	h.enter(t, "lina", office)
}

func TestSignInUnderWayDoesNotOutliveAPasswordChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		inner, changed := h.hasher.derive, false
		h.hasher.derive = func(p string, salt []byte, c cost) []byte {
			if !changed { // the sign-in has read the old password and is comparing
				changed = true
				if err := h.SetPassword(ctx, a.ID, "another four words"); err != nil {
					t.Error(err)
				}
			}
			return inner(p, salt, c)
		}
		_, _, err := h.SignIn(ctx, Credentials{Login: "lina", Password: goodPassword, Address: office})
		if !errors.Is(err, ErrCredentials) {
			t.Errorf("the old password signs in: %v", err)
		}
		if live, err := h.Sessions(ctx, a.ID); err != nil || len(live) != 0 {
			t.Errorf("sessions %v, %v", live, err)
		}
	})
}

func TestChangingThePasswordEndsTheOtherSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "lina", Editor)
		other, _ := h.enter(t, "lina", stranger)
		own, c := h.enter(t, "lina", office)
		const fresh = "another four words"
		err := h.ChangePassword(ctx, c, office, "not the password", fresh)
		wantKind(t, err, news.Forbidden)
		wantKind(t, h.ChangePassword(ctx, c, office, goodPassword, "short"), news.Invalid)
		wantKind(t, h.ChangePassword(ctx, &Caller{Account: *a, Token: "t", Scopes: Scopes}, office, goodPassword, fresh), news.Forbidden)
		if err := h.ChangePassword(ctx, c, office, goodPassword, fresh); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Session(ctx, own); err != nil {
			t.Errorf("the own session: %v", err)
		}
		if _, err := h.Session(ctx, other); !errors.Is(err, ErrSignedOut) {
			t.Errorf("the other session: %v", err)
		}
		if _, _, err := h.SignIn(ctx, Credentials{Login: "lina", Password: goodPassword, Address: office}); !errors.Is(err, ErrCredentials) {
			t.Errorf("the old password: %v", err)
		}
		if _, _, err := h.SignIn(ctx, Credentials{Login: "lina", Password: fresh, Address: office}); err != nil {
			t.Errorf("the new password: %v", err)
		}
		// Guessing the present password in a stolen session is slowed down too.
		for range freeByAccount {
			err = h.ChangePassword(ctx, c, office, "not the password", fresh)
		}
		if wait := h.waitOf(h.ChangePassword(ctx, c, office, "not the password", fresh)); wait == 0 {
			t.Errorf("no wait after %v", err)
		}
		if err := h.SetPassword(ctx, a.ID, goodPassword); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Session(ctx, own); !errors.Is(err, ErrSignedOut) {
			t.Errorf("a session after the administrator set the password: %v", err)
		}
	})
}
