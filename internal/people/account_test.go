package people

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/news"
)

// house is a service under test with a clock that stands until it is moved and
// hashes that cost next to nothing.
type house struct {
	*Service
	clock time.Time
}

const goodPassword = "four words of prose"

func newHouse(d *db.DB) *house {
	h := &house{clock: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	h.Service = New(d, func() time.Time { return h.clock })
	h.hasher = newHasher(cost{memory: 8, passes: 1})
	return h
}

func (h *house) later(d time.Duration) { h.clock = h.clock.Add(d) }

func (h *house) hire(t *testing.T, login string, roles ...Role) *Account {
	t.Helper()
	a, err := h.CreateAccount(t.Context(), NewAccount{Login: login, Language: "en", Roles: roles, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func wantKind(t *testing.T, err error, kind news.Kind) {
	t.Helper()
	if err == nil || news.KindOf(err) != kind {
		t.Errorf("error %v, want kind %q", err, kind)
	}
}

func TestAccountIsKeptAsGiven(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(d)
		made, err := h.CreateAccount(t.Context(), NewAccount{Login: " Lina@Wire.Example ", Name: "لينا الحداد", Language: "ar",
			Roles: []Role{Admin, Reporter, Reporter}, Password: goodPassword})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := h.AccountByLogin(t.Context(), "LINA@wire.example")
		if err != nil {
			t.Fatal(err)
		}
		want := Account{ID: made.ID, Login: "lina@wire.example", Name: "لينا الحداد", Language: "ar",
			Roles: []Role{Reporter, Admin}, Password: true, Created: h.clock}
		for _, got := range []*Account{made, kept} {
			if !slices.Equal(got.Roles, want.Roles) || got.ID != want.ID || got.Login != want.Login || got.Name != want.Name ||
				got.Language != want.Language || !got.Created.Equal(want.Created) || !got.Password || got.Disabled || got.Named {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		}
		_, err = h.CreateAccount(t.Context(), NewAccount{Login: "lina@WIRE.example", Language: "en"})
		wantKind(t, err, news.Conflict)
		_, err = h.Account(t.Context(), "nobody")
		wantKind(t, err, news.NotFound)
	})
}

func TestPersonSettingsAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a := h.hire(t, "ivan", Reporter)
		for _, err := range []error{h.SetLanguage(ctx, a.ID, "ru"), h.SetName(ctx, a.ID, "Иван"), h.SetNamed(ctx, a.ID, true)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := h.Account(ctx, a.ID)
		if err != nil || got.Language != "ru" || got.Name != "Иван" || !got.Named {
			t.Errorf("got %+v, %v", got, err)
		}
		wantKind(t, h.SetLanguage(ctx, a.ID, "de"), news.Invalid)
		wantKind(t, h.SetLanguage(ctx, "nobody", "ru"), news.NotFound)
		wantKind(t, h.SetName(ctx, a.ID, "a\u202eb"), news.Invalid)
	})
}

func TestAccountsArePagedWithoutGapsOrRepeats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(d)
		var want, got []string
		for _, login := range []string{"ee", "dd", "cc", "bb", "aa"} {
			want = append(want, h.hire(t, login).ID)
			h.later(time.Second)
		}
		after := ""
		for {
			page, err := h.Accounts(t.Context(), after, 2)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				got = append(got, a.ID)
			}
			after = page[len(page)-1].ID
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
}

func TestOnlyTheFirstStrangerFoundsANode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		if any, err := h.AnyAccount(ctx); err != nil || any {
			t.Fatalf("a new node has an account: %v, %v", any, err)
		}
		founder := NewAccount{Login: "founder", Language: "en", Roles: []Role{Admin, Chief}, Password: goodPassword}
		weak := founder
		weak.Roles = []Role{Chief}
		_, err := h.CreateFirstAccount(ctx, weak)
		wantKind(t, err, news.Invalid)
		weak = founder
		weak.Password = ""
		_, err = h.CreateFirstAccount(ctx, weak)
		wantKind(t, err, news.Invalid)

		errs := make(chan error)
		for _, login := range []string{"aa", "bb", "cc", "dd"} {
			go func() {
				n := founder
				n.Login = login
				_, err := h.CreateFirstAccount(ctx, n)
				errs <- err
			}()
		}
		founded := 0
		for range 4 {
			if err := <-errs; err == nil {
				founded++
			} else {
				wantKind(t, err, news.Conflict)
			}
		}
		if any, err := h.AnyAccount(ctx); founded != 1 || err != nil || !any {
			t.Errorf("%d founded the node; any account: %v, %v", founded, any, err)
		}
	})
}

func TestLastAdministratorStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(d), t.Context()
		a, b := h.hire(t, "aa", Chief, Admin), h.hire(t, "bb", Admin)
		// Both remove each other at once, again and again: one must fail.
		for range 20 {
			errs := make(chan error)
			go func() { errs <- h.SetRoles(ctx, a.ID, []Role{Chief}) }()
			go func() { errs <- h.Disable(ctx, b.ID) }()
			first, second := <-errs, <-errs
			if (first == nil) == (second == nil) {
				t.Fatalf("errors %v and %v, want exactly one", first, second)
			}
			for _, err := range []error{first, second} {
				if err != nil {
					wantKind(t, err, news.Conflict)
				}
			}
			if err := errors.Join(h.SetRoles(ctx, a.ID, []Role{Chief, Admin}), h.Enable(ctx, b.ID)); err != nil {
				t.Fatal(err)
			}
		}
		// Who is no administrator may go.
		c := h.hire(t, "cc", Reader)
		if err := h.Disable(ctx, c.ID); err != nil {
			t.Error(err)
		}
		wantKind(t, h.SetRoles(ctx, c.ID, []Role{"owner"}), news.Invalid)
		wantKind(t, h.SetRoles(ctx, "nobody", []Role{Admin}), news.NotFound)
	})
}

func TestLoginsAreFoldedAndInvisibleOnesRefused(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Lina", "lina"},
		{"  lina ", "lina"},
		{"Lina@Wire.Example", "lina@wire.example"},
		{"ИВАН.петров", "иван.петров"},
		{"и\u0306он", "йон"}, // decomposed
		{"لينا_1", "لينا_1"},
		{"Straße", "strasse"},
		{"", ""},
		{"two words", ""},
		{"a@b@c", ""},
		{"@wire.example", ""},
		{"lina@", ""},
		{"li\u200bna", ""},
		{"li\u202ena", ""},
		{"lina\x00", ""},
		{"\xff\xfe", ""},
		{"<script>", ""},
		{strings.Repeat("a", MaxLogin+1), ""},
		{strings.Repeat("ŉ", MaxLogin/2), ""}, // grows when folded
	} {
		got, err := FoldLogin(c.in)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("FoldLogin(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func FuzzFoldLogin(f *testing.F) {
	for _, s := range []string{"lina@wire.example", "ИВАН", "لينا", "İ", "ᾳ\u0345", "ŉ", "\u0390"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := FoldLogin(s)
		if err != nil {
			return
		}
		if twice, err := FoldLogin(once); err != nil || twice != once {
			t.Errorf("FoldLogin(%q) = %q, but again %q, %v", s, once, twice, err)
		}
	})
}
