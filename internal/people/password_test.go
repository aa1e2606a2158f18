package people

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"jisr/internal/news"
)

func TestGuessablePasswordsAreRefused(t *testing.T) {
	for _, c := range []struct {
		password string
		good     bool
	}{
		{goodPassword, true},
		{"длинный пароль", true},
		{"كلمة مرور طويلة", true},
		{"ten-chars!", true},
		{"nine-char", false},
		{strings.Repeat("и\u0306", 9), false}, // 18 code points, 9 letters
		{"lina.haddad@wire.example", false},
		{"LINA.Haddad@wire.example", false},
		{"lina.haddad", false},
		{"Lina Al-Haddad", false},
		{"1234567890", false},
		{"ЙЦУКЕНГШЩЗ", false},
		{"abcabcabcabc", false},
		{"bad bytes \xff\xfe", false},
		{strings.Repeat("long", MaxPassword/4), true},
		{strings.Repeat("long", MaxPassword/4) + "!", false},
	} {
		err := checkPassword(c.password, "lina.haddad@wire.example", "Lina Al-Haddad")
		if (err == nil) != c.good {
			t.Errorf("%.40q: %v", c.password, err)
		}
		if err != nil {
			wantKind(t, err, news.Invalid)
		}
	}
}

func TestStoredPasswordMatchesOnlyItself(t *testing.T) {
	h := newHasher(strength) // the real cost, once
	stored, err := h.hash(t.Context(), "пароль й")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=32768,t=3,p=1$") {
		t.Errorf("stored as %s", stored)
	}
	for password, want := range map[string]bool{"пароль й": true, "пароль и\u0306": true, "пароль и": false, "": false} {
		if got, err := h.matches(stored, password); err != nil || got != want {
			t.Errorf("%q matches: %v, %v", password, got, err)
		}
	}
	if again, _ := h.hash(t.Context(), "пароль й"); again == stored {
		t.Error("two hashes of one password have the same salt")
	}
}

func TestNoMoreHashesAtOnceThanMemoryIsMeantFor(t *testing.T) {
	h := newHasher(cost{memory: 8, passes: 1})
	var running, most atomic.Int64
	h.derive = func(string, []byte, cost) []byte {
		n := running.Add(1)
		defer running.Add(-1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		time.Sleep(5 * time.Millisecond)
		return make([]byte, keyBytes)
	}
	errs := make(chan error)
	for range 12 {
		go func() {
			_, err := h.hash(context.Background(), goodPassword)
			errs <- err
		}()
	}
	for range 12 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != atOnce {
		t.Errorf("%d hashes at once, want %d", most.Load(), atOnce)
	}
}

func FuzzStoredPassword(f *testing.F) {
	h := newHasher(cost{memory: 8, passes: 1})
	f.Add(h.stranger)
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=1$$")
	f.Add("$argon2id$v=19$m=8,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$")
	f.Fuzz(func(t *testing.T, stored string) {
		c, salt, key, err := decode(stored)
		if err != nil {
			return
		}
		if c.passes == 0 || c.memory > 1<<18 || encode(c, salt, key) != stored {
			t.Errorf("%q was read as %+v", stored, c)
		}
	})
}
