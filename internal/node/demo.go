package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"jisr/internal/news"
	"jisr/internal/node/demo/samples"
	"jisr/internal/people"
)

// DemoPassword opens the accounts of the demonstration. It is printed and in the
// documentation: the demonstration listens on the loopback interface only.
const DemoPassword = "two-newsrooms-one-bridge"

// DemoOptions says how the demonstration runs.
type DemoOptions struct {
	Dir   string                // its folder; made if it is absent
	Ports [2]int                // the next free ones are taken instead of those that are not
	Fresh bool                  // forget what an earlier one left in Dir
	Every time.Duration         // between two items of the living wire
	Ready func(houses []*House) // called once both newsrooms answer
	Told  func(line string)     // called with what happens afterwards
}

// demoLog is where the nodes' logs go, out of the way of what is told.
const demoLog = "demo.log"

// House is one newsroom of the demonstration.
type House struct {
	Org      news.Organisation
	URL      string
	Data     string // its data folder
	Inbox    string // files put here, or in a folder of it named for a desk, are issued
	wire     string // where the living wire drops its files
	Accounts []people.NewAccount

	node *Node
}

// demo is a demonstration that runs.
type demo struct {
	DemoOptions
	content *samples.Collection
	log     *slog.Logger
	state   demoState
	houses  [2]*House
}

// demoState is kept in the demonstration's folder.
type demoState struct {
	Started time.Time `json:"started"` // what happens to the samples is timed from here
	Ports   [2]int    `json:"ports"`
}

// demoFile marks a folder as a demonstration's: nothing else is ever deleted.
const demoFile = "demo.json"

// RunDemo runs two newsrooms until ctx ends: two nodes with an agreement, items
// of both, and a wire that goes on. Everything that it does people can do, too:
// it uses the same services.
func RunDemo(ctx context.Context, o DemoOptions) error {
	d := &demo{DemoOptions: o}
	var err error
	if d.content, err = samples.Load(); err != nil {
		return err
	}
	if err := d.openFolder(ctx); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(o.Dir, demoLog), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	d.log = slog.New(slog.NewTextHandler(f, nil))
	if err := d.openHouses(ctx); err != nil {
		return errors.Join(err, d.close())
	}
	return errors.Join(d.run(ctx), d.close())
}

// openHouses opens both nodes, with the accounts of their people.
func (d *demo) openHouses(ctx context.Context) error {
	agency, broadcaster := d.content.Organisations()
	var g errgroup.Group
	for i, org := range []news.Organisation{agency, broadcaster} {
		g.Go(func() (err error) {
			if d.houses[i], err = d.open(ctx, org, d.state.Ports[i]); err != nil {
				return err
			}
			return d.houses[i].addAccounts(ctx)
		})
	}
	return g.Wait()
}

func (d *demo) close() error {
	var err error
	for _, h := range d.houses {
		if h != nil {
			err = errors.Join(err, h.node.Close())
		}
	}
	return err
}

// run serves both nodes and plays the demonstration over them.
func (d *demo) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	up := make(chan struct{}, len(d.houses))
	for _, h := range d.houses {
		g.Go(func() error { return h.node.Serve(ctx, func(net.Addr) { up <- struct{}{} }) })
	}
	for range d.houses {
		select {
		case <-up:
		case <-ctx.Done():
			return g.Wait()
		}
	}
	g.Go(func() error {
		if err := d.play(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("the demonstration: %w", err)
		}
		return nil
	})
	return g.Wait()
}

// play does what the people of two newsrooms would do. Each step finds out
// whether an earlier run did it already.
func (d *demo) play(ctx context.Context) error {
	d.Ready(d.houses[:])
	if err := d.befriend(ctx); err != nil {
		return err
	}
	if err := d.agree(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.live(ctx) })
	for _, h := range d.houses {
		g.Go(func() error { return d.publishSamples(ctx, h) })
		g.Go(func() error { return h.tell(ctx, d.Told) })
	}
	return g.Wait()
}

// openFolder makes or empties the folder and settles the ports.
func (d *demo) openFolder(ctx context.Context) error {
	mark := filepath.Join(d.Dir, demoFile)
	b, err := os.ReadFile(mark)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if entries, err := os.ReadDir(d.Dir); err == nil && len(entries) > 0 {
			return news.Errorf(news.Conflict, "data", "%s is not empty and not a demonstration's: name another folder with --data", d.Dir)
		}
		d.state = demoState{Started: time.Now().UTC(), Ports: d.Ports}
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(b, &d.state); err != nil {
			return news.Errorf(news.Invalid, demoFile, "%s cannot be read: begin anew with --fresh", mark).Because(err)
		}
		if err := d.alone(ctx); err != nil {
			return err
		}
	}
	if d.Fresh && err == nil {
		if err := os.RemoveAll(d.Dir); err != nil {
			return fmt.Errorf("begin anew: %w", err)
		}
		d.state = demoState{Started: time.Now().UTC(), Ports: d.Ports}
	}
	if err := d.choosePorts(); err != nil {
		return err
	}
	if err := os.MkdirAll(d.Dir, 0o700); err != nil {
		return err
	}
	return replaceJSON(mark, d.state)
}

// alone fails if the demonstration of this folder is running already.
func (d *demo) alone(ctx context.Context) error {
	agency, _ := d.content.Organisations()
	url := demoURL(d.state.Ports[0])
	if originAt(ctx, url) == agency.Origin {
		return news.Errorf(news.Conflict, "", "a demonstration is running already at %s: use it, or stop it first", url)
	}
	return nil
}

func (d *demo) choosePorts() error {
	taken := 0
	for i, p := range d.state.Ports {
		var err error
		if d.state.Ports[i], err = freePort(p, taken); err != nil {
			return err
		}
		taken = d.state.Ports[i]
	}
	return nil
}

// freePort returns the port, or the next one that is free and not the other
// house's.
func freePort(from, other int) (int, error) {
	for p := from; p < min(from+100, 65536); p++ {
		if p == other {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err == nil {
			return p, l.Close()
		}
	}
	return 0, news.Errorf(news.Unavailable, "ports", "no port from %d on is free", from)
}

func demoURL(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }

// open opens the organisation's node and makes it first if need be.
func (d *demo) open(ctx context.Context, org news.Organisation, port int) (*House, error) {
	key, _, _ := strings.Cut(org.Origin, ".")
	data := filepath.Join(d.Dir, key)
	h := &House{Org: org, URL: demoURL(port), Data: data, Inbox: filepath.Join(data, "inbox"),
		wire: filepath.Join(data, "wire"), Accounts: demoAccounts(org)}
	c := &Config{Data: data, Listen: strings.TrimPrefix(h.URL, "http://"), URL: h.URL, OpenHealth: true,
		AllowHosts: []string{"127.0.0.1", "localhost"}} // to try delivery and feeds on this machine
	had, err := LoadConfig(data)
	switch {
	case news.KindOf(err) == news.NotFound:
		// What a first start that was interrupted left is of no use.
		if err := os.RemoveAll(data); err != nil {
			return nil, err
		}
		if err := Init(ctx, c, org); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case had.URL != c.URL:
		if err := replaceJSON(filepath.Join(data, configFile), c); err != nil {
			return nil, err
		}
	}
	if h.node, err = Open(ctx, c, d.log.With("node", org.Origin)); err != nil {
		return nil, err
	}
	for _, desk := range d.content.Desks() {
		for _, dir := range []string{h.Inbox, h.wire} {
			err = errors.Join(err, os.MkdirAll(filepath.Join(dir, desk.Key), 0o700))
		}
	}
	if err == nil {
		err = h.addSources(ctx)
	}
	if err == nil && had != nil && had.URL != c.URL {
		err = h.node.Exchange.SetProfile(ctx, org, c.URL)
	}
	if err != nil {
		return nil, errors.Join(err, h.node.Close())
	}
	return h, nil
}

// demoAccounts are the people of a newsroom: one who writes and publishes, one
// who answers for all of it and runs the node.
func demoAccounts(org news.Organisation) []people.NewAccount {
	lang := "ar"
	if org.Names["ru"] != "" && org.Country == "RU" {
		lang = "ru"
	}
	return []people.NewAccount{
		{Login: "chief", Name: "Chief", Language: lang, Roles: []people.Role{people.Chief, people.Coordinator, people.Admin}, Password: DemoPassword},
		{Login: "editor", Name: "Editor", Language: lang, Roles: []people.Role{people.Editor}, Password: DemoPassword},
	}
}

// addAccounts makes the accounts that are not there yet.
func (h *House) addAccounts(ctx context.Context) error {
	for _, a := range h.Accounts {
		if _, err := h.node.People.AccountByLogin(ctx, a.Login); news.KindOf(err) != news.NotFound {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := h.node.People.CreateAccount(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// replaceJSON replaces a file by v, whole or not at all.
func replaceJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
