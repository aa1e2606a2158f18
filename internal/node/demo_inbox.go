package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"jisr/internal/format/ninjs"
	"jisr/internal/ingest"
	"jisr/internal/ledger"
	"jisr/internal/node/demo/samples"
)

// inboxEvery is how often an inbox is looked at.
const inboxEvery = 500 * time.Millisecond

// livePrefix begins the names of the files that the demonstration itself drops.
const livePrefix = "live-"

// live drops a new item into an inbox every so often, as a wire would, until ctx
// ends.
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

// dropItem writes a sample into the inbox as a file of its own.
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

// drop puts a file into the inbox, whole or not at all.
func (h *House) drop(desk, name string, b []byte) error {
	dir := filepath.Join(h.Inbox, desk)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	hidden := filepath.Join(dir, "."+name)
	if err := os.WriteFile(hidden, b, 0o600); err != nil {
		return err
	}
	return os.Rename(hidden, filepath.Join(dir, name))
}

// watchInbox issues what is put into the inbox until ctx ends. A folder is taken
// when nothing in it has changed between two looks, so that a file which is
// still being copied, or a picture beside its item, is not torn apart.
func (h *House) watchInbox(ctx context.Context, told func(string)) error {
	staging := filepath.Join(h.Data, "taking")
	if err := h.take(ctx, staging, "", told); err != nil { // left by a stop in the middle
		return err
	}
	last := map[string]string{}
	for {
		if err := pause(ctx, inboxEvery); err != nil {
			return err
		}
		folders, err := os.ReadDir(h.Inbox)
		if err != nil {
			return fmt.Errorf("look into the inbox: %w", err)
		}
		desks := []string{""}
		for _, f := range folders {
			if f.IsDir() && !strings.HasPrefix(f.Name(), ".") {
				desks = append(desks, f.Name())
			}
		}
		for _, desk := range desks {
			files, print, err := look(filepath.Join(h.Inbox, desk))
			if err != nil {
				return err
			}
			stable := print == last[desk]
			if last[desk] = print; len(files) == 0 || !stable {
				continue
			}
			if err := move(files, staging); err != nil {
				return err
			}
			if err := h.take(ctx, staging, desk, told); err != nil {
				return err
			}
		}
	}
}

// look lists the files of a folder, and what would change if one of them did.
func look(dir string) (files []string, print string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, "", fmt.Errorf("look into the inbox: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		files = append(files, filepath.Join(dir, e.Name()))
		print += fmt.Sprintf("%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
	}
	return files, print, nil
}

func move(files []string, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, f := range files {
		if err := os.Rename(f, filepath.Join(to, filepath.Base(f))); err != nil {
			return fmt.Errorf("take %s: %w", f, err)
		}
	}
	return nil
}

// take issues what is in the staging folder and puts the files away: those that
// people gave are kept.
func (h *House) take(ctx context.Context, staging, desk string, told func(string)) error {
	if _, err := os.Stat(staging); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	refused := map[string]bool{}
	err := h.node.Import(ctx, []string{staging}, ImportOptions{Desk: desk, Actor: ledger.Actor{Role: "wire"}}, func(i *Imported) {
		name := filepath.Base(i.File)
		if i.Outcome == ingest.Failed {
			refused[name] = true
		}
		if i.Outcome == ingest.Failed || !strings.HasPrefix(name, livePrefix) {
			told(strings.TrimSpace(fmt.Sprintf("%s: %s: %s %s %s", h.Org.Origin, name, i.Outcome, i.Act, i.Reason)))
		}
	})
	if err != nil {
		return err
	}
	files, _, err := look(staging)
	if err != nil {
		return err
	}
	for _, f := range files {
		to := "taken"
		switch name := filepath.Base(f); {
		case refused[name]:
			to = "refused"
		case strings.HasPrefix(name, livePrefix):
			if err := os.Remove(f); err != nil {
				return err
			}
			continue
		}
		if err := move([]string{f}, filepath.Join(h.Data, to)); err != nil {
			return err
		}
	}
	return nil
}
