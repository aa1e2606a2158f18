package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"jisr/internal/format/ninjs"
	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/node/demo/samples"
)

// livePrefix begins the names of the files that the demonstration itself drops.
const livePrefix = "live-"

// addSources makes the house watch its folders, as people would: one for what
// they drop, one for the living wire.
func (h *House) addSources(ctx context.Context) error {
	rules := ingest.Rules{Publish: true, FolderDesk: true}
	for _, src := range []ingest.Source{
		{Name: h.Org.Name("en") + " inbox", Kind: ingest.Folder, Address: h.Inbox, After: ingest.Move, Active: true, Rules: rules},
		{Name: h.Org.Name("en") + " wire", Kind: ingest.Folder, Address: h.wire, After: ingest.Delete, Active: true, Rules: rules},
	} {
		address, err := filepath.Abs(src.Address)
		if err != nil {
			return err
		}
		src.Address = address
		had, err := h.node.Ingest.Source(ctx, src.Name)
		switch {
		case news.KindOf(err) == news.NotFound:
			_, err = h.node.Ingest.CreateSource(ctx, src, ingest.Shell)
		case err == nil && had.Address != src.Address: // the folder was moved
			src.ID = had.ID
			_, err = h.node.Ingest.ChangeSource(ctx, src, ingest.Shell)
		}
		if err != nil {
			return fmt.Errorf("watch %s: %w", src.Address, err)
		}
	}
	return nil
}

// live drops a new item into a house's wire folder every so often, until ctx ends.
func (d *demo) live(ctx context.Context) error {
	for n := 0; ; n++ {
		s := d.content.Live(n, time.Now())
		for _, h := range d.houses {
			if h.Org.Origin != s.Origin {
				continue
			}
			if err := h.dropItem(ctx, s); err != nil {
				return err
			}
		}
		if err := pause(ctx, d.Every); err != nil {
			return err
		}
	}
}

// dropItem writes a sample into the wire folder as a file of its own.
func (h *House) dropItem(ctx context.Context, s samples.Sample) error {
	if err := h.store(ctx, s.Media); err != nil {
		return err
	}
	b, err := ninjs.Write(s.Item)
	if err != nil {
		return err
	}
	return h.drop(s.Desk, fmt.Sprintf("%s%d.json", livePrefix, time.Now().UnixNano()), b)
}

// drop puts a file into the wire folder, whole or not at all.
func (h *House) drop(desk, name string, b []byte) error {
	dir := filepath.Join(h.wire, desk)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	hidden := filepath.Join(dir, "."+name)
	if err := os.WriteFile(hidden, b, 0o600); err != nil {
		return err
	}
	return os.Rename(hidden, filepath.Join(dir, name))
}

// tell says what becomes of the files that people drop, until ctx ends.
func (h *House) tell(ctx context.Context, told func(string)) error {
	woken, cancel := h.node.DB.Subscribe(ingest.Topic)
	defer cancel()
	said := map[string]bool{}
	for first := true; ; first = false {
		recent, err := h.node.Ingest.Arrivals(ctx, ingest.ArrivalFilter{Limit: 100})
		if err != nil && ctx.Err() == nil {
			return err
		}
		before := said
		said = map[string]bool{}
		for _, a := range recent {
			if a.State == ingest.Waiting {
				continue
			}
			if said[a.ID] = true; before[a.ID] {
				continue
			}
			if name := filepath.Base(a.Name); !first && (a.State == ingest.Broken || !strings.HasPrefix(name, livePrefix)) {
				told(h.Org.Origin + ": " + name + ": " + sayArrival(a))
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-woken:
		}
	}
}

func sayArrival(a *ingest.Arrival) string {
	words := []string{string(a.State)}
	for _, c := range a.Came {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", c.URI, c.Outcome, c.Act, c.Reason)))
	}
	if len(a.Came) == 0 {
		words = append(words, a.Reason)
	}
	return strings.Join(words, ", ")
}
