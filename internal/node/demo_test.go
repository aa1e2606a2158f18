package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"jisr/internal/exchange"
	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// playing is a demonstration under test.
type playing struct {
	t      *testing.T
	dir    string
	houses []*House
	stop   func() error
}

// play runs the demonstration of the folder until stop is called.
func play(t *testing.T, dir string, fresh bool) *playing {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	p := &playing{t: t, dir: dir}
	ready, ended := make(chan []*House, 1), make(chan error, 1)
	go func() {
		ended <- RunDemo(ctx, DemoOptions{Dir: dir, Ports: [2]int{17401, 17402}, Fresh: fresh, Every: 300 * time.Millisecond,
			Ready: func(h []*House) { ready <- h }, Told: func(line string) { t.Log(line) }})
	}()
	p.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = p.stop() })
	select {
	case p.houses = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	return p
}

// shown counts the items of house from that house to shows.
func (p *playing) shown(to, from int) int {
	p.t.Helper()
	lines, err := p.houses[to].node.Newsroom.Wire(p.t.Context(), newsroom.Filter{Origin: p.houses[from].Org.Origin, WithEmbargoed: true, Limit: 200})
	if err != nil {
		p.t.Fatal(err)
	}
	return len(lines)
}

func TestDemonstrationFillsBothWiresAndGoesOnAfterAStop(t *testing.T) {
	if testing.Short() {
		t.Skip("draws pictures for seconds")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	p := play(t, dir, false)
	if p.houses[0].URL == p.houses[1].URL {
		t.Fatalf("both newsrooms are at %s", p.houses[0].URL)
	}
	for _, h := range p.houses {
		if _, err := h.node.People.AccountByLogin(t.Context(), "chief"); err != nil {
			t.Error(err)
		}
	}
	within(t, time.Minute, "each newsroom shows the samples and live items of the other", func() bool {
		return p.shown(1, 0) > 17 && p.shown(0, 1) > 17
	})
	if err := RunDemo(t.Context(), DemoOptions{Dir: dir, Ports: [2]int{17401, 17402}}); news.KindOf(err) != news.Conflict {
		t.Errorf("a second demonstration over the same folder says %v", err)
	}
	const uri = "tag:visitor.example,2026:dropped"
	doc := `{"uri":"` + uri + `","type":"text","version":"1","language":"en","headlines":[{"value":"Dropped"}]}`
	if err := os.WriteFile(filepath.Join(p.houses[1].Inbox, "science", "mine.json"), []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "a file in the inbox is issued at its desk and reaches the other newsroom", func() bool {
		l := p.houses[0].line("semvetrov.example", uri)
		return l != nil && l.Desk == "science"
	})
	if err := os.WriteFile(filepath.Join(p.houses[0].Inbox, "junk.txt"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	within(t, 10*time.Second, "a file that cannot be read is kept with the reason", func() bool {
		failed, err := p.houses[0].node.Ingest.Arrivals(t.Context(), ingest.ArrivalFilter{State: ingest.Broken})
		return err == nil && len(failed) == 1 && failed[0].Name == "junk.txt" && failed[0].Reason != ""
	})
	before := p.shown(1, 0)
	if err := p.stop(); err != nil {
		t.Fatalf("it did not stop cleanly: %v", err)
	}

	p = play(t, dir, false)
	if p.shown(1, 0) < before {
		t.Errorf("the second start shows %d items of the %d before", p.shown(1, 0), before)
	}
	within(t, 20*time.Second, "the wire goes on after a second start", func() bool { return p.shown(1, 0) > before })
	g, err := p.houses[0].node.Exchange.Agreements(t.Context(), "")
	if err != nil || len(g) != 1 || g[0].State != exchange.Active {
		t.Errorf("agreements after a second start: %v, %v", g, err)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}

	p = play(t, dir, true)
	if n := p.shown(0, 0) + p.shown(1, 0); n >= before {
		t.Errorf("a fresh start shows %d items at once", n)
	}
}

func (h *House) line(origin, uri string) *newsroom.Line {
	l, err := h.node.Newsroom.Line(context.Background(), origin, uri, true)
	if err != nil {
		return nil
	}
	return l
}

func within(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

func TestDemonstrationDeletesNoFolderThatIsNotItsOwn(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "letters.txt")
	if err := os.WriteFile(mine, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := RunDemo(t.Context(), DemoOptions{Dir: dir, Ports: [2]int{17401, 17402}, Fresh: true})
	if news.KindOf(err) != news.Conflict || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("it says %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}
