package exchange

import (
	"context"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"jisr/internal/db"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// forged appends an agreement entry that the house's own code would refuse to
// make.
func (h *house) forged(id string, body any, content []byte) {
	h.t.Helper()
	h.add(ledger.Draft{Kind: ledger.KindAgreement, Actor: editor, Ref: id, Body: body, Content: content})
}

// terms returns the content of terms between the houses.
func terms(t testing.TB, id string, a, b *house, note string) []byte {
	t.Helper()
	return mustJSON(t, &Terms{ID: id, Between: []string{a.origin(), b.origin()}, Note: note,
		Flows: map[string]Flow{a.origin(): everything(), b.origin(): everything()}})
}

// exchanged has both read each other's ledger.
func exchanged(a, b *house) {
	a.pull(b)
	b.pull(a)
}

// TestPartnerCannotBendAnAgreement has b write what it likes into its own ledger.
func TestPartnerCannotBendAnAgreement(t *testing.T) {
	a, b, c := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example"), newHouse(t, db.SQLite, "c.example")
	meet(t, a, b)
	meet(t, a, c)
	ctx := t.Context()
	offer := func(t *testing.T, note string) string {
		t.Helper()
		id, err := a.Offer(ctx, b.origin(), Terms{Note: note, Flows: map[string]Flow{a.origin(): everything()}}, editor)
		if err != nil {
			t.Fatal(err)
		}
		b.pull(a)
		return id
	}
	accept := func(t *testing.T, id string) []byte {
		t.Helper()
		g, err := b.Agreement(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Accept(ctx, id, g.Digest, editor); err != nil {
			t.Fatal(err)
		}
		a.pull(b)
		return mustJSON(t, g.Proposed)
	}
	accepts, ends := agreementBody{Act: actAccept, To: a.origin()}, agreementBody{Act: actEnd, To: a.origin(), Reason: "over"}
	for name, tt := range map[string]struct {
		bend  func(t *testing.T) string // returns the agreement's id
		state AgreementState            // at both
		note  string                    // of the terms in force at a
	}{
		"accepts another text": {func(t *testing.T) string {
			id := offer(t, "offered")
			b.forged(id, accepts, terms(t, id, a, b, "better for b"))
			return id
		}, Offered, ""},
		"accepts without a text": {func(t *testing.T) string {
			id := offer(t, "offered")
			b.forged(id, accepts, nil)
			return id
		}, Offered, ""},
		"accepts its own offer": {func(t *testing.T) string {
			id, err := b.Offer(ctx, a.origin(), Terms{Flows: map[string]Flow{a.origin(): everything()}}, editor)
			if err != nil {
				t.Fatal(err)
			}
			g, err := b.Agreement(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Accept(ctx, id, g.Digest, editor); news.KindOf(err) != news.Conflict {
				t.Errorf("b's own code let it: %v", err)
			}
			b.forged(id, accepts, mustJSON(t, g.Proposed))
			return id
		}, Offered, ""},
		"accepts its own amendment": {func(t *testing.T) string {
			id := offer(t, "first")
			accept(t, id)
			text := terms(t, id, a, b, "more for b")
			b.forged(id, agreementBody{Act: actAmend, To: a.origin()}, text)
			b.forged(id, accepts, text)
			return id
		}, Active, "first"},
		"replays an old acceptance": {func(t *testing.T) string {
			id := offer(t, "first")
			first := accept(t, id)
			if err := a.Amend(ctx, id, Terms{Note: "second", Flows: map[string]Flow{a.origin(): everything()}}, editor); err != nil {
				t.Fatal(err)
			}
			b.pull(a)
			accept(t, id)
			b.forged(id, accepts, first)
			return id
		}, Active, "second"},
		"accepts twice": {func(t *testing.T) string {
			id := offer(t, "first")
			b.forged(id, accepts, accept(t, id))
			return id
		}, Active, "first"},
		"amends after the end": {func(t *testing.T) string {
			id := offer(t, "first")
			text := accept(t, id)
			if err := a.End(ctx, id, "enough", editor); err != nil {
				t.Fatal(err)
			}
			b.pull(a)
			b.forged(id, agreementBody{Act: actAmend, To: a.origin()}, terms(t, id, a, b, "again"))
			b.forged(id, accepts, text)
			return id
		}, Ended, "first"},
		"offers under an id that is taken": {func(t *testing.T) string {
			id := offer(t, "first")
			accept(t, id)
			b.forged(id, agreementBody{Act: actOffer, To: a.origin()}, terms(t, id, a, b, "other"))
			return id
		}, Active, "first"},
		"speaks for others": {func(t *testing.T) string {
			id := offer(t, "first")
			accept(t, id)
			b.forged(id, agreementBody{Act: actEnd, To: "c.example"}, nil)
			return id
		}, "", "first"}, // b's own view is b's affair
		"writes nonsense": {func(t *testing.T) string {
			id := offer(t, "first")
			accept(t, id)
			b.forged(id, "no object", nil)
			b.forged(id, agreementBody{Act: "sell", To: a.origin()}, terms(t, id, a, b, ""))
			b.forged(id, agreementBody{Act: actAmend, To: a.origin()}, []byte("no terms"))
			b.forged(id, agreementBody{Act: actAmend, To: a.origin()}, terms(t, "another", a, b, ""))
			b.forged(id, agreementBody{Act: actAmend, To: a.origin()}, terms(t, id, a, c, ""))
			return id
		}, Active, "first"},
		"ends twice": {func(t *testing.T) string {
			id := offer(t, "first")
			accept(t, id)
			b.forged(id, ends, nil)
			b.forged(id, ends, nil)
			return id
		}, Ended, "first"},
	} {
		t.Run(name, func(t *testing.T) {
			id := tt.bend(t)
			exchanged(a, b)
			a.shown(b)
			at, err := a.Agreement(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			note := ""
			if at.Terms != nil {
				note = at.Terms.Note
			}
			if tt.state != "" && at.State != tt.state || note != tt.note {
				t.Errorf("at a it is %s under the terms %q, want %s under %q", at.State, note, tt.state, tt.note)
			}
			if tt.state != "" {
				same(t, a, b, id)
			}
		})
	}

	// An agreement of others.
	id := agree(t, a, c, everything())
	b.forged(id, ends, nil)
	b.forged(id, agreementBody{Act: actAmend, To: a.origin()}, terms(t, id, a, b, "mine"))
	exchanged(a, b)
	if g, err := a.Agreement(ctx, id); err != nil || g.State != Active || g.Partner != c.origin() || g.Proposed != nil {
		t.Errorf("b meddled with an agreement of a and c: %+v, %v", g, err)
	}
	same(t, a, c, id)
	for _, h := range []*house{a, b, c} {
		h.sound()
	}
	for _, l := range must(a.ledger.Lags(ctx)) {
		if l.Failure != "" || l.Behind != 0 {
			t.Errorf("a hostile entry stopped a follower: %+v", l)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// same compares what the two hold of an agreement.
func same(t *testing.T, a, b *house, id string) {
	t.Helper()
	ga, gb := must(a.Agreement(t.Context(), id)), must(b.Agreement(t.Context(), id))
	view := func(g *Agreement) string {
		return string(mustJSON(t, []any{g.State, g.Terms, g.Since, g.Proposed, g.ProposedBy, g.Digest, g.EndedAt, g.Reason}))
	}
	if va, vb := view(ga), view(gb); va != vb {
		t.Errorf("the two disagree on %s:\n%s: %s\n%s: %s", id, a.origin(), va, b.origin(), vb)
	}
}

// TestPartnerCannotDateTheEndOfAnAgreement: it writes what times it likes into its
// entries, and what it is given does not depend on them.
func TestPartnerCannotDateTheEndOfAnAgreement(t *testing.T) {
	for name, at := range map[string]time.Time{"year 1": {}, "1970": time.Unix(0, 0), "in a hundred years": time.Now().AddDate(100, 0, 0)} {
		t.Run(name, func(t *testing.T) {
			a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, db.SQLite, "b.example")
			meet(t, a, b)
			f := everything()
			f.Languages = []string{"ar"}
			id := agree(t, a, b, f)
			b.ahead.Store(int64(time.Until(at)))
			if at.IsZero() {
				// Further back than a Duration goes: the clock itself is replaced.
				b.forgeAt(t, at, id)
			} else if err := b.End(t.Context(), id, "over", editor); err != nil {
				t.Fatal(err)
			}
			b.ahead.Store(0)
			a.pull(b)
			if g := must(a.Agreement(t.Context(), id)); g.State != Ended {
				t.Fatalf("it is %s at a", g.State)
			}
			story := a.publish("urn:x:after", news.Publish, news.Label{Language: "ar"})
			hold := a.publish("urn:x:after", news.Hold, news.Label{Language: "ar"})
			b.pull(a)
			for what, index := range map[string]int64{"an item": story, "its hold": hold} {
				if got := b.holds(a.origin(), index); got != "withheld" {
					t.Errorf("b was given %s of after the end: %q", what, got)
				}
			}
		})
	}
}

// forgeAt ends the agreement with an entry of the given time.
func (h *house) forgeAt(t *testing.T, at time.Time, id string) {
	t.Helper()
	o := ledger.Options{DB: h.db, Keys: h.keys, Now: func() time.Time { return at }, Log: h.log}
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = l.Append(t.Context(), func(_ context.Context, _ *db.Tx, a *ledger.Appender) error {
		_, err := a.Add(ledger.Draft{Kind: ledger.KindAgreement, Ref: id, Body: agreementBody{Act: actEnd, To: "a.example"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestKillReachesWhoWasGivenTheItemUnderNarrowedTerms(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		a, b := newHouse(t, engine, "a.example"), newHouse(t, db.SQLite, "b.example")
		meet(t, a, b)
		id := agree(t, a, b, everything())
		given := a.publish("urn:x:1", news.Publish, news.Label{Language: "ar"})
		b.pull(a)
		narrow := everything()
		narrow.Languages = []string{"ru"}
		if err := a.Amend(t.Context(), id, Terms{Flows: map[string]Flow{a.origin(): narrow}}, editor); err != nil {
			t.Fatal(err)
		}
		b.pull(a)
		g := must(b.Agreement(t.Context(), id))
		if err := b.Accept(t.Context(), id, g.Digest, editor); err != nil {
			t.Fatal(err)
		}
		a.pull(b)
		same(t, a, b, id)
		update := a.publish("urn:x:1", news.Update, news.Label{Language: "ar"})
		other := a.publish("urn:x:2", news.Publish, news.Label{Language: "ar"})
		killed := a.publish("urn:x:1", news.Kill, news.Label{Language: "ar"})
		unseen := a.publish("urn:x:2", news.Kill, news.Label{Language: "ar"})
		b.pull(a)
		for index, want := range map[int64]string{given: "whole", update: "withheld", other: "withheld", killed: "entry", unseen: "withheld"} {
			if got := b.holds(a.origin(), index); got != want {
				t.Errorf("entry %d is %q at b, want %q", index, got, want)
			}
		}
		a.sound()
		b.sound()
	})
}

func TestWidenedTermsRevealWhatWasWithheld(t *testing.T) {
	both(t, func(t *testing.T, engine db.Engine) {
		a, b := newHouse(t, db.SQLite, "a.example"), newHouse(t, engine, "b.example")
		meet(t, a, b)
		f := everything()
		f.Languages = []string{"ru"}
		id := agree(t, a, b, f)
		var hidden []int64
		for range 5 {
			hidden = append(hidden, a.publish("urn:x:1", news.Publish, news.Label{Language: "ar"}))
			a.publish("urn:x:2", news.Publish, news.Label{Language: "ru"})
		}
		b.pull(a)
		if err := a.Amend(t.Context(), id, Terms{Flows: map[string]Flow{a.origin(): everything()}}, editor); err != nil {
			t.Fatal(err)
		}
		b.pull(a)
		if err := b.Accept(t.Context(), id, must(b.Agreement(t.Context(), id)).Digest, editor); err != nil {
			t.Fatal(err)
		}
		a.pull(b)
		b.pull(a)
		for _, index := range hidden {
			if got := b.holds(a.origin(), index); got != "whole" {
				t.Errorf("entry %d is %q after the terms were widened", index, got)
			}
		}
		b.sound()
	})
}

func TestTermsAreValidated(t *testing.T) {
	valid := func() *Terms {
		return &Terms{ID: "tag:a.example,2026:agreement/1", Between: []string{"a.example", "b.example"}, Flows: map[string]Flow{"a.example": everything()}}
	}
	if err := valid().Validate("b.example", "a.example"); err != nil {
		t.Fatal(err)
	}
	for name, alter := range map[string]func(*Terms){
		"others":           func(x *Terms) { x.Between = []string{"a.example", "c.example"} },
		"one alone":        func(x *Terms) { x.Between = x.Between[:1] },
		"other order":      func(x *Terms) { x.Between = []string{"b.example", "a.example"} },
		"no id":            func(x *Terms) { x.ID = "" },
		"no flows":         func(x *Terms) { x.Flows = nil },
		"flow of another":  func(x *Terms) { x.Flows["c.example"] = everything() },
		"ends before":      func(x *Terms) { x.From, x.Until = noon, noon },
		"no permission":    func(x *Terms) { x.Flows["a.example"] = Flow{Embargo: Deliver} },
		"unknown type":     func(x *Terms) { f := everything(); f.Types = []news.Type{"smell"}; x.Flows["a.example"] = f },
		"unknown embargo":  func(x *Terms) { f := everything(); f.Embargo = "ignore"; x.Flows["a.example"] = f },
		"negative days":    func(x *Terms) { f := everything(); f.Retention = -1; x.Flows["a.example"] = f },
		"too many choices": func(x *Terms) { f := everything(); f.Desks = make([]string, maxTermSet+1); x.Flows["a.example"] = f },
	} {
		x := valid()
		alter(x)
		if err := x.Validate("a.example", "b.example"); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	huge, err := json.Marshal(&Terms{Note: string(make([]byte, maxTerms))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseTerms(huge); news.KindOf(err) != news.TooLarge {
		t.Errorf("huge terms: %v", err)
	}
}
