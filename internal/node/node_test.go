package node

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/blob"
	"jisr/internal/db"
	"jisr/internal/db/dbtest"
	"jisr/internal/exchange"
	"jisr/internal/ledger"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// running is a served node under test.
type running struct {
	*Node
	t    testing.TB
	stop func()
}

// start makes and serves a node on the engine.
func start(t testing.TB, engine db.Engine, origin string) *running {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	c := &Config{Data: t.TempDir(), Listen: addr, URL: "http://" + addr}
	if engine == db.Postgres {
		c.DB = dbtest.DSN(t, engine)
	}
	org := news.Organisation{Origin: origin, Kind: "agency", Names: map[string]string{"en": origin}}
	if err := Init(t.Context(), c, org); err != nil {
		t.Fatal(err)
	}
	r := &running{t: t}
	r.serve(c)
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *running) serve(c *Config) {
	r.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if os.Getenv("JISR_TEST_LOG") != "" {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil)).With("node", c.Listen)
	}
	n, err := Open(context.Background(), c, log)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Node = n
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := n.Serve(ctx, func(net.Addr) { close(ready) }); err != nil {
			r.t.Errorf("serve %s: %v", c.URL, err)
		}
	})
	<-ready
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			wg.Wait()
			if err := n.Close(); err != nil {
				r.t.Error(err)
			}
		})
	}
}

// partner makes the two nodes confirmed partners of each other.
func partner(t testing.TB, a, b *running) {
	t.Helper()
	ctx := t.Context()
	if _, err := a.Exchange.AddPartner(ctx, b.Config.URL); err != nil {
		t.Fatal(err)
	}
	// b was told of a: its people only have to confirm.
	if err := a.Exchange.ConfirmPartner(ctx, b.Ledger.Origin(), b.Exchange.OwnFingerprint().Words); err != nil {
		t.Fatal(err)
	}
	if err := b.Exchange.ConfirmPartner(ctx, a.Ledger.Origin(), a.Exchange.OwnFingerprint().Hex); err != nil {
		t.Fatal(err)
	}
}

var chief = ledger.Actor{Role: "chief"}

// anything is a flow that gives everything.
func anything() exchange.Flow {
	return exchange.Flow{Licence: "editorial use", Translate: exchange.Yes, Edit: exchange.Ask, Onward: exchange.No, Embargo: exchange.Deliver}
}

// agree has a offer what it sends and b accept it.
func agree(t testing.TB, a, b *running, f exchange.Flow) string {
	t.Helper()
	ctx := t.Context()
	id, err := a.Exchange.Offer(ctx, b.Ledger.Origin(), exchange.Terms{Flows: map[string]exchange.Flow{a.Ledger.Origin(): f}}, chief)
	if err != nil {
		t.Fatal(err)
	}
	accept(t, b, id)
	eventually(t, "the agreement is active at both", func() bool {
		return state(t, a, id) == exchange.Active && state(t, b, id) == exchange.Active
	})
	return id
}

func accept(t testing.TB, b *running, id string) {
	t.Helper()
	eventually(t, "the offer arrives", func() bool {
		g, err := b.Exchange.Agreement(t.Context(), id)
		if err != nil || g.Proposed == nil {
			return false
		}
		return b.Exchange.Accept(t.Context(), id, g.Digest, chief) == nil
	})
}

func state(t testing.TB, n *running, id string) exchange.AgreementState {
	g, err := n.Exchange.Agreement(t.Context(), id)
	if err != nil {
		return ""
	}
	return g.State
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func story(uri, lang, headline string) *news.Item {
	return &news.Item{URI: uri, Type: news.Text, Language: lang, Headlines: []news.Words{{Value: headline}},
		Bodies: []news.Words{{ContentType: "text/html", Value: "<p>" + headline + "</p>"}}}
}

func (r *running) issue(act news.Act, it *news.Item, reason string) *newsroom.Issued {
	r.t.Helper()
	out, err := r.Newsroom.Issue(r.t.Context(), newsroom.Issue{Act: act, Item: it, Desk: "science", Reason: reason, Actor: chief})
	if err != nil {
		r.t.Fatalf("%s %s: %v", act, it.URI, err)
	}
	return out
}

// line returns the item's line on the node's wire, or nil.
func (r *running) line(origin, uri string) *newsroom.Line {
	l, err := r.Newsroom.Line(r.t.Context(), origin, uri, true)
	if err != nil {
		return nil
	}
	return l
}

func TestItemCorrectionAndKillReachThePartnerProven(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			a, b := start(t, engine, "a.example"), start(t, engine, "b.example")
			partner(t, a, b)
			agree(t, a, b, anything())
			const uri = "urn:x:1"
			a.issue(news.Publish, story(uri, "ar", "افتتاح مرصد فلكي"), "")
			eventually(t, "the story arrives", func() bool { return b.line("a.example", uri) != nil })
			a.issue(news.Correction, story(uri, "ar", "افتتاح مرصد فلكي جديد"), "the name was incomplete")
			eventually(t, "the correction arrives", func() bool {
				l := b.line("a.example", uri)
				return l.Version == 2 && strings.HasSuffix(l.Headline, "جديد")
			})
			proveOffline(t, b, "a.example", uri)

			// b makes a translation of its own, a kills the source.
			tr := story("urn:x:tr", "ru", "Открыта новая обсерватория")
			tr.DerivedFrom = []news.Derivation{{Relation: news.TranslationOf, URI: uri, Origin: "a.example", Version: "2"}}
			b.issue(news.Publish, tr, "")
			a.issue(news.Kill, story(uri, "", ""), "there is no such observatory")
			eventually(t, "b may not use it any more", func() bool {
				l := b.line("a.example", uri)
				d, err := b.Exchange.MayUse(t.Context(), l.Position, l.Blocked, l.Expires, exchange.ToPublish)
				return err == nil && d.Answer == exchange.No && d.Because == exchange.BecauseKilled
			})
			eventually(t, "b's translation is held", func() bool {
				l := b.line("b.example", "urn:x:tr")
				return l.Status == news.StatusHeld && l.Blocked == news.StatusKilled
			})
			eventually(t, "a sees b's signed acknowledgement", func() bool {
				v, err := a.Newsroom.Item(t.Context(), "a.example", uri, true)
				if err != nil {
					t.Fatal(err)
				}
				applied, _ := newsroom.ReachedBy(v)
				return !applied["b.example"].IsZero()
			})
			notices, err := b.Newsroom.Notices(t.Context(), true, true, 0, 0)
			if err != nil || len(notices) != 1 {
				t.Fatalf("open notices %v, %v", notices, err)
			}
			if err := b.Newsroom.ConfirmNotice(t.Context(), notices[0].Position, "01ACCOUNT", chief); err != nil {
				t.Fatal(err)
			}
			eventually(t, "a sees b's confirmation", func() bool {
				v, _ := a.Newsroom.Item(t.Context(), "a.example", uri, true)
				_, confirmed := newsroom.ReachedBy(v)
				return !confirmed["b.example"].IsZero()
			})
			for _, n := range []*running{a, b} {
				sound(t, n)
			}
		})
	}
}

func sound(t testing.TB, n *running) {
	t.Helper()
	_, err := ledger.Check(t.Context(), n.Ledger, func(f ledger.Fault) { t.Errorf("%s: %+v", n.Ledger.Origin(), f) }, func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
}

// proveOffline checks the proof file of an item and that tampering shows.
func proveOffline(t *testing.T, n *running, origin, uri string) {
	t.Helper()
	v, err := n.Newsroom.Item(t.Context(), origin, uri, true)
	if err != nil {
		t.Fatal(err)
	}
	var content []byte
	r, err := n.Ledger.At(t.Context(), v.Position)
	if err == nil {
		content, err = n.Ledger.Content(t.Context(), r.Position)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Exchange.Proof(t.Context(), origin, uri, 1)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := exchange.VerifyProof(doc, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.Origin != origin || got.Version != 1 || len(got.Later) != 1 || got.Later[0].Act != news.Correction {
		t.Errorf("verified %+v", got)
	}
	if _, err := exchange.VerifyProof(doc, map[string][]byte{"item.json": content}, nil); err == nil {
		t.Error("the content of version 2 passed for that of version 1")
	}
	for i := 0; i < len(doc); i += 7 {
		bad := append([]byte(nil), doc...)
		bad[i] ^= 1
		if v, err := exchange.VerifyProof(bad, nil, nil); err == nil && fmt.Sprint(v) != fmt.Sprint(got) {
			t.Fatalf("a proof file with byte %d (%q) altered says %+v", i, doc[i], v)
		}
	}
}

func TestPartnerSeesOnlyWhatWasAgreedAndMoreWhenTermsWiden(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	partner(t, a, b)
	arabic := anything()
	arabic.Languages = []string{"ar"}
	id := agree(t, a, b, arabic)
	a.issue(news.Publish, story("urn:x:ar", "ar", "خبر"), "")
	a.issue(news.Publish, story("urn:x:en", "en", "News"), "")
	last := a.issue(news.Publish, story("urn:x:ar2", "ar-EG", "خبر آخر"), "")
	eventually(t, "the last item arrives", func() bool { return b.line("a.example", "urn:x:ar2") != nil })
	if b.line("a.example", "urn:x:en") != nil {
		t.Error("an item that the agreement does not give was shown")
	}
	if h, _ := b.Ledger.Head(t.Context(), "a.example"); h.Size <= last.Index {
		t.Errorf("b holds %d entries of the log, want all up to %d", h.Size, last.Index)
	}
	if err := a.Exchange.Amend(t.Context(), id, exchange.Terms{Flows: map[string]exchange.Flow{"a.example": anything()}}, chief); err != nil {
		t.Fatal(err)
	}
	accept(t, b, id)
	eventually(t, "what was withheld arrives", func() bool { return b.line("a.example", "urn:x:en") != nil })

	if err := b.Exchange.End(t.Context(), id, "the series is over", chief); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end reaches a", func() bool { return state(t, a, id) == exchange.Ended })
	a.issue(news.Publish, story("urn:x:later", "ar", "بعد النهاية"), "")
	a.issue(news.Kill, story("urn:x:en", "", ""), "wrong")
	eventually(t, "the kill of an item given before still arrives", func() bool {
		return b.line("a.example", "urn:x:en").Status == news.StatusKilled
	})
	if b.line("a.example", "urn:x:later") != nil {
		t.Error("an item was given after the agreement ended")
	}
	sound(t, b)
}

func TestMediaFollowTheItem(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	partner(t, a, b)
	agree(t, a, b, anything())
	info, err := a.Blobs.Put(t.Context(), strings.NewReader(strings.Repeat("picture", 100_000)), blob.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	it := story("urn:x:pic", "en", "A picture")
	it.Type = news.Picture
	it.Renditions = []news.Rendition{{Name: "main", ContentType: "image/png", Digest: info.Digest, SizeInBytes: info.Size}}
	a.issue(news.Publish, it, "")
	eventually(t, "the media arrive", func() bool { return b.Blobs.Has(info.Digest) })
	v, err := b.Newsroom.Item(t.Context(), "a.example", "urn:x:pic", true)
	if err != nil || len(v.MediaMissing) != 0 {
		t.Errorf("media missing %v, %v", v, err)
	}
}

func TestItemHeldBackByEmbargoArrivesWhenItEnds(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	partner(t, a, b)
	f := anything()
	f.Embargo = exchange.HoldBack
	agree(t, a, b, f)
	it := story("urn:x:emb", "en", "Embargoed")
	it.Embargoed = time.Now().Add(1500 * time.Millisecond)
	a.issue(news.Publish, it, "")
	a.issue(news.Publish, story("urn:x:open", "en", "Open"), "")
	eventually(t, "the open item arrives", func() bool { return b.line("a.example", "urn:x:open") != nil })
	if b.line("a.example", "urn:x:emb") != nil && time.Now().Before(it.Embargoed) {
		t.Error("the embargoed item was given before its time")
	}
	eventually(t, "the embargoed item arrives", func() bool { return b.line("a.example", "urn:x:emb") != nil })
	if time.Now().Before(it.Embargoed) {
		t.Error("the embargoed item was given before its time")
	}
}

func TestNodesGoOnWhereTheyStopped(t *testing.T) {
	a, b := start(t, db.SQLite, "a.example"), start(t, db.SQLite, "b.example")
	partner(t, a, b)
	agree(t, a, b, anything())
	a.issue(news.Publish, story("urn:x:1", "en", "One"), "")
	eventually(t, "the first arrives", func() bool { return b.line("a.example", "urn:x:1") != nil })
	b.stop()
	a.issue(news.Publish, story("urn:x:2", "en", "Two"), "")
	a.stop()
	a.serve(a.Config)
	a.issue(news.Publish, story("urn:x:3", "en", "Three"), "")
	b.serve(b.Config)
	eventually(t, "what was missed arrives", func() bool {
		return b.line("a.example", "urn:x:2") != nil && b.line("a.example", "urn:x:3") != nil
	})
	sound(t, a)
	sound(t, b)
}
