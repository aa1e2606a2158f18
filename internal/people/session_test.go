package people

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

func TestSessionEndsWhenIdleAndInAnyCaseAfterItsLife(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		h.hire(t, "lina", Editor)
		idle, _ := h.enter(t, "lina", office)
		h.later(SessionIdle - time.Second)
		if _, err := h.Session(ctx, idle); err != nil {
			t.Errorf("just before it is idle: %v", err)
		}
		h.later(SessionIdle)
		if _, err := h.Session(ctx, idle); !errors.Is(err, ErrSignedOut) {
			t.Errorf("idle: %v", err)
		}
		busy, c := h.enter(t, "lina", office)
		for end := h.clock.Add(SessionLife); h.clock.Before(end); h.later(SessionIdle / 2) {
			if _, err := h.Session(ctx, busy); err != nil {
				t.Fatalf("busy, %v before its end: %v", end.Sub(h.clock), err)
			}
		}
		if _, err := h.Session(ctx, busy); !errors.Is(err, ErrSignedOut) {
			t.Errorf("after its life: %v", err)
		}
		if live, err := h.Sessions(ctx, c.Account.ID); err != nil || len(live) != 0 {
			t.Errorf("listed as live: %v, %v", live, err)
		}
		if err := h.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		for table, want := range map[string]int{"session": 0, "attempt": 0, "familiar": 1} {
			var n int
			if err := d.Reader().QueryRow(`SELECT count(*) FROM ` + table).Scan(&n); err != nil || n != want {
				t.Errorf("%d rows of %s after the sweep, want %d (%v)", n, table, want, err)
			}
		}
	})
}

func TestSessionsAreListedAndEndedByTheirAccountOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		lina, ivan := h.hire(t, "lina", Editor), h.hire(t, "ivan", Editor)
		first, c := h.enter(t, "lina", office)
		h.later(time.Minute)
		second, _ := h.enter(t, "lina", "[::ffff:198.51.100.7]:1")
		if first == second {
			t.Fatal("two sign-ins, one secret")
		}
		live, err := h.Sessions(ctx, lina.ID)
		if err != nil || len(live) != 2 {
			t.Fatalf("sessions %v, %v", live, err)
		}
		if live[0].Address != "198.51.100.7" || live[1].Address != "192.0.2.10" || live[0].Agent != "Browser/1" || live[1].ID != c.Session {
			t.Errorf("sessions %+v", live)
		}
		wantKind(t, h.EndSession(ctx, ivan.ID, live[0].ID), news.NotFound)
		if err := h.EndSession(ctx, lina.ID, live[0].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Session(ctx, second); !errors.Is(err, ErrSignedOut) {
			t.Errorf("ended session: %v", err)
		}
		for range 2 {
			if err := h.SignOut(ctx, first); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.Session(ctx, first); !errors.Is(err, ErrSignedOut) {
			t.Errorf("after sign-out: %v", err)
		}
		for _, secret := range []string{"", "x", strings.Repeat("x", 1<<20), "\x00\xff"} {
			if _, err := h.Session(ctx, secret); !errors.Is(err, ErrSignedOut) {
				t.Errorf("secret %.10q: %v", secret, err)
			}
		}
	})
}

func TestAnAccountHasABoundedNumberOfSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		lina := h.hire(t, "lina", Editor)
		oldest, _ := h.enter(t, "lina", office)
		for range maxSessions {
			h.later(time.Second)
			h.enter(t, "lina", office)
		}
		live, err := h.Sessions(ctx, lina.ID)
		if err != nil || len(live) != maxSessions {
			t.Errorf("%d sessions, %v", len(live), err)
		}
		if _, err := h.Session(ctx, oldest); !errors.Is(err, ErrSignedOut) {
			t.Errorf("the oldest: %v", err)
		}
	})
}

func TestRolesChangeInRunningSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		h.hire(t, "boss", Admin)
		lina := h.hire(t, "lina", Editor)
		secret, c := h.enter(t, "lina", office)
		if !c.Can(Publish) {
			t.Fatal("an editor cannot publish")
		}
		if err := h.SetRoles(ctx, lina.ID, []Role{Reader}); err != nil {
			t.Fatal(err)
		}
		if c, err := h.Session(ctx, secret); err != nil || c.Can(Publish) || !c.Can(ReadWire) {
			t.Errorf("after the change: %+v, %v", c, err)
		}
	})
}

func TestSecretsAreNotInTheDatabase(t *testing.T) {
	h := newHouse(dbtest.Open(t, db.SQLite))
	lina := h.hire(t, "lina", Editor)
	cookie, _ := h.enter(t, "lina", office)
	token, _, err := h.CreateToken(t.Context(), lina.ID, NewToken{Name: "cms", Scopes: []Scope{ScopeRead}})
	if err != nil {
		t.Fatal(err)
	}
	h.fail(t, "my secret typed as login", office)
	for _, table := range []string{"account", "session", "token", "attempt", "familiar"} {
		rows, err := h.db.Reader().Query(`SELECT * FROM ` + table)
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			n++
			for i, v := range values {
				text := fmt.Sprintf("%s", v)
				for _, secret := range []string{cookie, token, goodPassword, "my secret typed as login"} {
					if strings.Contains(text, secret) {
						t.Errorf("%s.%s holds %q", table, columns[i], secret)
					}
				}
			}
		}
		if rows.Err() != nil || n == 0 {
			t.Errorf("%d rows of %s, %v", n, table, rows.Err())
		}
	}
}

func TestTokenActsForItsAccountWithinItsScopes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		h.hire(t, "boss", Admin)
		lina, ivan := h.hire(t, "lina", Editor), h.hire(t, "ivan", Editor)
		secret, made, err := h.CreateToken(ctx, lina.ID, NewToken{Name: "cms", Scopes: []Scope{ScopePublish, ScopeRead, ScopeRead}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(secret, TokenPrefix) || len(secret) > MaxSecret {
			t.Errorf("secret %q", secret)
		}
		c, err := h.Token(ctx, secret)
		if err != nil || c.Account.ID != lina.ID || c.Token != made.ID || !c.Can(Publish) || !c.Can(ReadWire) || c.Can(WriteDraft) {
			t.Errorf("caller %+v, %v", c, err)
		}
		if err := h.SetRoles(ctx, lina.ID, []Role{Reader}); err != nil {
			t.Fatal(err)
		}
		if c, err := h.Token(ctx, secret); err != nil || c.Can(Publish) {
			t.Errorf("a reader's token publishes: %v", err)
		}
		if err := h.Disable(ctx, lina.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Token(ctx, secret); !errors.Is(err, ErrSignedOut) {
			t.Errorf("of a disabled account: %v", err)
		}
		if err := h.Enable(ctx, lina.ID); err != nil {
			t.Fatal(err)
		}
		list, err := h.Tokens(ctx, lina.ID)
		if err != nil || len(list) != 1 || !slices.Equal(list[0].Scopes, []Scope{ScopeRead, ScopePublish}) || list[0].Name != "cms" ||
			!list[0].Expires.Equal(h.clock.Add(TokenLife)) {
			t.Errorf("tokens %+v, %v", list, err)
		}
		wantKind(t, h.RevokeToken(ctx, ivan.ID, made.ID), news.NotFound)
		if err := h.RevokeToken(ctx, lina.ID, made.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Token(ctx, secret); !errors.Is(err, ErrSignedOut) {
			t.Errorf("revoked: %v", err)
		}
	})
}

func TestTokenEndsAndIsRefusedWithoutAnEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		lina := h.hire(t, "lina", Editor)
		read := []Scope{ScopeRead}
		for _, n := range []NewToken{
			{Name: "", Scopes: read},
			{Name: "no scope"},
			{Name: "unknown scope", Scopes: []Scope{"all"}},
			{Name: "past", Scopes: read, Expires: h.clock},
			{Name: "for ever", Scopes: read, Expires: h.clock.AddDate(100, 0, 0)},
		} {
			_, _, err := h.CreateToken(ctx, lina.ID, n)
			wantKind(t, err, news.Invalid)
		}
		_, _, err := h.CreateToken(ctx, "nobody", NewToken{Name: "cms", Scopes: read})
		wantKind(t, err, news.NotFound)
		secret, _, err := h.CreateToken(ctx, lina.ID, NewToken{Name: "cms", Scopes: read, Expires: h.clock.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		h.later(time.Hour)
		for _, s := range []string{secret, "", TokenPrefix, strings.TrimPrefix(secret, TokenPrefix), secret + "x", TokenPrefix + strings.Repeat("x", 1<<20)} {
			if _, err := h.Token(ctx, s); !errors.Is(err, ErrSignedOut) {
				t.Errorf("token %.10q: %v", s, err)
			}
		}
	})
}

func TestLastUseIsWrittenAtMostOnceAMinute(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		lina := h.hire(t, "lina", Editor)
		secret, _, err := h.CreateToken(ctx, lina.ID, NewToken{Name: "cms", Scopes: []Scope{ScopeRead}})
		if err != nil {
			t.Fatal(err)
		}
		h.later(time.Hour)
		start := h.clock
		for _, step := range []struct {
			later time.Duration
			used  time.Time
		}{
			{0, start},
			{coarse - time.Second, start},
			{time.Second, start.Add(coarse)},
		} {
			h.later(step.later)
			if _, err := h.Token(ctx, secret); err != nil {
				t.Fatal(err)
			}
			list, err := h.Tokens(ctx, lina.ID)
			if err != nil || !list[0].Used.Equal(step.used) {
				t.Errorf("used %v, %v; want %v", list[0].Used, err, step.used)
			}
		}
	})
}
