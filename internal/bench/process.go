package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"jisr/internal/newsroom"
	"jisr/internal/node"
	"jisr/internal/search"
)

// binary builds the program once, as a release is built.
func (e *env) binary(ctx context.Context) (string, error) {
	path := filepath.Join(e.dir, "jisr")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "jisr/cmd/jisr")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return path, nil
}

// process is a node that serves in a process of its own.
type process struct {
	cmd *exec.Cmd
	url string
}

// launch starts a process over the node's data and waits until it is ready.
func (e *env) launch(ctx context.Context, c *node.Config) (*process, time.Duration, error) {
	bin, err := e.binary(ctx)
	if err != nil {
		return nil, 0, err
	}
	p := &process{cmd: exec.CommandContext(ctx, bin, "serve", "--data", c.Data), url: c.URL}
	var said bytes.Buffer
	p.cmd.Stderr = &said
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, 0, err
	}
	client := &http.Client{Timeout: time.Second}
	for {
		res, err := client.Get(c.URL + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return p, time.Since(began), nil
			}
		}
		if time.Since(began) > 20*time.Second {
			p.stop()
			return nil, 0, fmt.Errorf("the node is not ready after 20 s: %v: %s", err, said.String())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt) //nolint:errcheck // it may have ended
	p.cmd.Wait()                       //nolint:errcheck
}

// memory returns the resident memory of the process in MB.
func (p *process) memory() (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if rest, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS in /proc")
}

// startTime measures from the start of the process to its first "ready". The
// baseline is the start of the same program that only prints its version.
func startTime(ctx context.Context, e *env) error {
	bin, err := e.binary(ctx)
	if err != nil {
		return err
	}
	var nothing []float64
	for range 5 {
		began := time.Now()
		if err := exec.CommandContext(ctx, bin, "version").Run(); err != nil {
			return err
		}
		nothing = append(nothing, millis(began))
	}
	for _, engine := range e.engines {
		n, err := e.open(ctx, engine, "a.example")
		if err != nil {
			return err
		}
		n.Close()
		var ready []float64
		for range 5 {
			p, took, err := e.launch(ctx, n.Config)
			if err != nil {
				return err
			}
			p.stop()
			ready = append(ready, float64(took.Microseconds())/1000)
		}
		report("start-"+string(engine), quantile(ready, 0.5), "ms", quantile(nothing, 0.5), "jisr-version")
	}
	return nil
}

func millis(since time.Time) float64 { return float64(time.Since(since).Microseconds()) / 1000 }

// memory measures a node at rest: new, and after a hundred thousand journal
// entries (a million with bench-growth).
func memory(ctx context.Context, e *env) error {
	for _, engine := range e.engines {
		n, err := e.open(ctx, engine, "a.example")
		if err != nil {
			return err
		}
		empty, err := e.rest(ctx, n)
		if err != nil {
			return err
		}
		report("memory-idle-"+string(engine), empty, "MB", 0, "none")
	}
	return nil
}

// rest closes the node, serves it in a process and returns the memory that it
// uses once it has nothing to do.
func (e *env) rest(ctx context.Context, n *node.Node) (float64, error) {
	if err := n.Close(); err != nil {
		return 0, err
	}
	p, _, err := e.launch(ctx, n.Config)
	if err != nil {
		return 0, err
	}
	defer p.stop()
	time.Sleep(3 * time.Second)
	return p.memory()
}

// proofs measures making the proof of one item of many, and verifying it in the
// same process. The baseline is one Ed25519 verification.
func proofs(ctx context.Context, e *env) error {
	const n = 20_000
	issues := items(n)
	rows, _, err := contents(issues[:2000])
	if err != nil {
		return err
	}
	single := signatures(rows)
	for _, engine := range e.engines {
		a, err := e.open(ctx, engine, "a.example")
		if err != nil {
			return err
		}
		if err := fill(ctx, a, issues); err != nil {
			return err
		}
		const rounds = 500
		began := time.Now()
		for i := range rounds {
			if _, err := a.Exchange.Proof(ctx, "a.example", issues[i*37].Item.URI, 0); err != nil {
				return err
			}
		}
		report("proof-"+string(engine), rounds/time.Since(began).Seconds(), "proofs/s", single, "ed25519-verify")
		a.Close()
	}
	return nil
}

// verifyOffline measures `jisr verify` of one proof file: the whole process.
// The baseline is the same program that only prints its version.
func verifyOffline(ctx context.Context, e *env) error {
	bin, err := e.binary(ctx)
	if err != nil {
		return err
	}
	a, err := e.open(ctx, e.engines[0], "a.example")
	if err != nil {
		return err
	}
	defer a.Close()
	issues := items(1000)
	if err := fill(ctx, a, issues); err != nil {
		return err
	}
	proof, err := a.Exchange.Proof(ctx, "a.example", issues[500].Item.URI, 0)
	if err != nil {
		return err
	}
	doc, err := proof.Encode()
	if err != nil {
		return err
	}
	path := filepath.Join(e.dir, "item.proof.json")
	if err := os.WriteFile(path, doc, 0o600); err != nil {
		return err
	}
	var verify, version []float64
	for range 15 {
		began := time.Now()
		if out, err := exec.CommandContext(ctx, bin, "verify", path).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		verify = append(verify, millis(began))
		began = time.Now()
		if err := exec.CommandContext(ctx, bin, "version").Run(); err != nil {
			return err
		}
		version = append(version, millis(began))
	}
	report("verify", quantile(verify, 0.5), "ms", quantile(version, 0.5), "jisr-version")
	return nil
}

// growthCurve fills one node further and further and measures, at each size,
// what a reader waits for. The baseline of each figure is that of the first
// size: growth no worse than log N keeps the ratio near one.
func growthCurve(ctx context.Context, e *env, sizes string) error {
	for _, engine := range e.engines {
		a, err := e.serve(ctx, engine, "a.example")
		if err != nil {
			return err
		}
		first := map[string]float64{}
		have := 0
		for _, s := range strings.Split(sizes, ",") {
			size, err := strconv.Atoi(s)
			if err != nil {
				return err
			}
			for have < size {
				k := min(20_000, size-have)
				if err := fill(ctx, a.Node, itemsFrom(have, k)); err != nil {
					return err
				}
				have += k
				if err := settle(ctx, a); err != nil {
					return err
				}
			}
			figures, err := waits(ctx, a, size)
			if err != nil {
				return err
			}
			for _, name := range []string{"publish", "page", "deep-page", "item", "search-rare", "search-common"} {
				if first[name] == 0 {
					first[name] = figures[name]
				}
				report(fmt.Sprintf("growth-%s-%s-%d", name, engine, size), figures[name], "ms", first[name], "first-size")
			}
		}
		a.halt()
		p, _, err := e.launch(ctx, a.Config)
		if err != nil {
			return err
		}
		time.Sleep(3 * time.Second)
		used, err := p.memory()
		p.stop()
		if err != nil {
			return err
		}
		report(fmt.Sprintf("growth-memory-%s-%d", engine, have), used, "MB", 0, "none")
	}
	return nil
}

// find searches and fails if nothing is found.
func find(ctx context.Context, a *served, words string) error {
	found, err := a.Search.Search(ctx, search.Query{Text: words})
	if err == nil && len(found.Hits) == 0 {
		err = fmt.Errorf("nothing was found for %q", words)
	}
	return err
}

// waits measures the medians of what a reader or editor waits for, in ms.
func waits(ctx context.Context, a *served, size int) (map[string]float64, error) {
	var deep int64
	if head, err := a.Ledger.Position(ctx); err == nil {
		deep = head / 2
	}
	probe := itemsFrom(size+1_000_000_000, 50)
	at := 0
	steps := []struct {
		name string
		do   func() error
	}{
		{"publish", func() error { at++; _, err := a.Newsroom.Issue(ctx, probe[at-1]); return err }},
		{"page", func() error { _, err := a.Newsroom.Wire(ctx, newsroom.Filter{Language: "ar"}); return err }},
		{"deep-page", func() error { _, err := a.Newsroom.Wire(ctx, newsroom.Filter{Before: deep}); return err }},
		{"item", func() error {
			_, err := a.Newsroom.Item(ctx, "a.example", fmt.Sprintf("tag:a.example,2026:bench/%d", (at*7919)%size), true)
			return err
		}},
		{"search-rare", func() error { return find(ctx, a, fmt.Sprintf("BENCH-%d", size/2)) }},
		{"search-common", func() error { return find(ctx, a, "observatory") }},
	}
	out := map[string]float64{}
	for _, s := range steps {
		var took []float64
		for range 40 {
			began := time.Now()
			if err := s.do(); err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			took = append(took, millis(began))
		}
		out[s.name] = quantile(took, 0.5)
	}
	return out, nil
}
