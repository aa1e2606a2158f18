package ingest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

func TestASecretIsNeverShownAndNeverSentElsewhere(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src, err := h.CreateSource(t.Context(), Source{Name: "Kuna", Kind: SFTP, Address: "sftp://wire.example/out",
			User: "jisr", Secret: "hunter2", Active: true}, Remote)
		must(t, err)
		st, err := h.Source(t.Context(), "Kuna")
		must(t, err)
		for _, v := range []any{src, st} {
			if b, _ := json.Marshal(v); strings.Contains(string(b), "hunter2") {
				t.Errorf("it is shown: %s", b)
			}
		}
		if !st.HasSecret {
			t.Error("it does not say that there is one")
		}
		secret := func() string {
			full, err := readSource(t.Context(), d.Reader(), src.ID, "")
			must(t, err)
			return full.Secret
		}
		changed := st.Source
		changed.Name = "Kuna 2"
		_, err = h.ChangeSource(t.Context(), changed, Remote)
		must(t, err)
		if secret() != "hunter2" {
			t.Error("another name lost the secret")
		}
		changed.Address = "sftp://elsewhere.example/out"
		_, err = h.ChangeSource(t.Context(), changed, Remote)
		must(t, err)
		if secret() != "" {
			t.Error("the secret would be sent to another server")
		}
		must(t, h.RemoveSource(t.Context(), src.ID))
		var left string
		must(t, d.Reader().QueryRowContext(t.Context(), `SELECT secret FROM source WHERE id = $1`, src.ID).Scan(&left))
		if left != "" {
			t.Error("a removed source keeps its secret")
		}
	})
}

func TestARemovedSourceLeavesItsArrivals(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, nil)
		a := h.keeps(src, "1.json", item(story, "1", "First"))
		must(t, h.RemoveSource(t.Context(), src.ID))
		h.wants(h.taken(a.ID), Done, story, 1, news.StatusUsable)
		if _, err := h.Source(t.Context(), src.ID); news.KindOf(err) != news.NotFound {
			t.Errorf("a removed source is shown: %v", err)
		}
		h.source("Kuna", Push, nil) // its name is free
	})
}

func TestASourceThatCannotWorkIsRefused(t *testing.T) {
	d := openOne(t)
	h := newHouse(t, d, func(o *Options) { o.Folder = func(path string) bool { return strings.HasPrefix(path, "/srv/wires") } })
	good := Source{Name: "A", Kind: Feed, Address: "https://a.example/feed"}
	for name, tt := range map[string]struct {
		change func(*Source)
		field  string
		kind   news.Kind
	}{
		"no name":              {func(s *Source) { s.Name = " " }, "name", news.Invalid},
		"no kind":              {func(s *Source) { s.Kind = "telex" }, "kind", news.Invalid},
		"another scheme":       {func(s *Source) { s.Address = "file:///etc/passwd" }, "address", news.Invalid},
		"a secret in the URL":  {func(s *Source) { s.Address = "https://u:p@a.example/feed" }, "address", news.Invalid},
		"a pushed address":     {func(s *Source) { s.Kind = Push }, "address", news.Invalid},
		"a relative folder":    {func(s *Source) { s.Kind, s.Address = Folder, "wires" }, "address", news.Invalid},
		"a closed folder":      {func(s *Source) { s.Kind, s.Address = Folder, "/etc" }, "address", news.Forbidden},
		"a way out of an open": {func(s *Source) { s.Kind, s.Address = Folder, "/srv/wires/../../etc" }, "address", news.Forbidden},
		"deleting feeds":       {func(s *Source) { s.After = Delete }, "after", news.Invalid},
		"a mad pattern":        {func(s *Source) { s.Pattern = "[" }, "pattern", news.Invalid},
		"a mad pause":          {func(s *Source) { s.Interval = time.Millisecond }, "interval", news.Invalid},
		"no language":          {func(s *Source) { s.Rules.Language = "klingonisch!" }, "language", news.Invalid},
		"an empty subject":     {func(s *Source) { s.Rules.Subjects = []news.Concept{{}} }, "subjects", news.Invalid},
		"two lines":            {func(s *Source) { s.User = "a\r\nb" }, "user", news.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			src := good
			tt.change(&src)
			_, err := h.CreateSource(t.Context(), src, Remote)
			var e *news.Error
			if news.KindOf(err) != tt.kind || !asError(err, &e) || e.Field != tt.field {
				t.Errorf("it says %v; want %s about %s", err, tt.kind, tt.field)
			}
		})
	}
	_, err := h.CreateSource(t.Context(), good, Remote)
	must(t, err)
	if _, err := h.CreateSource(t.Context(), good, Remote); news.KindOf(err) != news.Conflict {
		t.Errorf("a second source of the name: %v", err)
	}
}

func TestTheSameKeyKeepsNothingNew(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		src := h.source("Kuna", Push, nil)
		first, isNew, err := h.Push(t.Context(), "Kuna", Pushed{"k", "1.json", strings.NewReader(item(story, "1", "First"))})
		must(t, err)
		again, isNewAgain, err := h.Push(t.Context(), src.ID, Pushed{"k", "2.json", strings.NewReader(item(story, "2", "Second"))})
		must(t, err)
		if !isNew || isNewAgain || first.ID != again.ID {
			t.Errorf("new: %v, %v; ids %s, %s", isNew, isNewAgain, first.ID, again.ID)
		}
		if g := h.health(src); g.Waiting != 1 || !g.Oldest.Equal(first.Received) {
			t.Errorf("health: %+v", g)
		}
	})
}

func TestArrivalsAreReadPageByPage(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, nil)
		a, b := h.source("A", Push, nil), h.source("B", Push, nil)
		for range 3 {
			h.keeps(a, "bad.json", "\x01"+time.Now().String())
			h.keeps(b, "good.json", item(story+time.Now().Format("150405.000000000"), "1", "Good"))
		}
		must(t, h.TakeNow(t.Context(), a.ID))
		must(t, h.TakeNow(t.Context(), b.ID))
		var ids []string
		f := ArrivalFilter{Limit: 2}
		for {
			page, err := h.Arrivals(t.Context(), f)
			must(t, err)
			if len(page) == 0 {
				break
			}
			for _, p := range page {
				ids = append(ids, p.ID)
			}
			f.Before = page[len(page)-1].ID
		}
		if len(ids) != 6 || ids[0] < ids[5] {
			t.Errorf("the pages show %v", ids)
		}
		failed, err := h.Arrivals(t.Context(), ArrivalFilter{Source: a.ID, State: Broken})
		must(t, err)
		if len(failed) != 3 {
			t.Errorf("%d failed arrivals are listed", len(failed))
		}
		got, err := h.Dismiss(t.Context(), failed[0].ID)
		must(t, err)
		if g := h.health(a); got.State != SetAside || g.Failed != 2 || g.Aside != 1 {
			t.Errorf("after a person saw to one: %s, %+v", got.State, g)
		}
	})
}
