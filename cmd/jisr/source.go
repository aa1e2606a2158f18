package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"jisr/internal/ingest"
	"jisr/internal/news"
	"jisr/internal/node"
)

// sourceFlags is what can be said of a source. What is not given stays as it is.
type sourceFlags struct {
	Address    *string        `help:"Path of a folder on this machine, or URL: https, ftp, ftps, sftp, imap or imaps." placeholder:"WHERE"`
	User       *string        `help:"Who we are there."`
	SecretFile string         `help:"File with the password, or the private key for SFTP; - for the standard input." placeholder:"FILE"`
	HostKey    *string        `help:"SFTP: the server's key as in known_hosts." placeholder:"KEY"`
	Pattern    *string        `help:"Take only files whose names match, such as *.xml."`
	After      string         `help:"What becomes of a taken file at its source: leave, delete or move." enum:",leave,delete,move" default:""`
	Interval   *time.Duration `help:"How often to look; 0 lets the node choose."`
	Desk       *string        `help:"The desk of new items."`
	FolderDesk *bool          `help:"The first folder of a file's path names the desk of its items." negatable:""`
	Subject    []string       `help:"Add a subject to each item: a name, or NAME=URI." placeholder:"SUBJECT" sep:"none"`
	Language   *string        `help:"Language of items that say none, such as ar."`
	Credit     *string        `help:"Credit line of items that have none."`
	Copyright  *string        `help:"Copyright holder of items that name none."`
	Notice     *string        `help:"Copyright notice of items that have none."`
	Usage      *string        `help:"Usage terms of items that have none."`
	Publish    *bool          `help:"Issue items at once; otherwise they wait for review as drafts." negatable:""`
	FetchMedia *bool          `help:"Fetch media that items name by address." negatable:""`
}

// apply changes the source as the flags say.
func (f *sourceFlags) apply(a *app, src *ingest.Source) error {
	set(&src.Address, f.Address)
	set(&src.User, f.User)
	set(&src.HostKey, f.HostKey)
	set(&src.Pattern, f.Pattern)
	set(&src.Interval, f.Interval)
	r := &src.Rules
	set(&r.Desk, f.Desk)
	set(&r.FolderDesk, f.FolderDesk)
	set(&r.Language, f.Language)
	set(&r.CreditLine, f.Credit)
	set(&r.CopyrightHolder, f.Copyright)
	set(&r.CopyrightNotice, f.Notice)
	set(&r.UsageTerms, f.Usage)
	set(&r.Publish, f.Publish)
	set(&r.FetchMedia, f.FetchMedia)
	if f.After != "" {
		src.After = ingest.After(f.After)
	}
	if f.Subject != nil {
		r.Subjects = nil
		for _, s := range f.Subject {
			name, uri, _ := strings.Cut(s, "=")
			r.Subjects = append(r.Subjects, news.Concept{Name: name, URI: uri})
		}
	}
	if f.SecretFile == "" {
		return nil
	}
	secret, err := a.readSecret(f.SecretFile)
	src.Secret = secret
	return err
}

func set[T any](field *T, given *T) {
	if given != nil {
		*field = *given
	}
}

// maxSecretFile bounds what is read as a secret, in bytes.
const maxSecretFile = 64 << 10

func (a *app) readSecret(path string) (string, error) {
	in := io.Reader(a.in)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxSecretFile+1))
	if err == nil && len(b) > maxSecretFile {
		err = news.Errorf(news.TooLarge, "secret-file", "it has more than the %d bytes allowed", maxSecretFile)
	}
	return strings.TrimRight(string(b), "\r\n"), err
}

type sourceAddCmd struct {
	Name   string `arg:"" help:"Its name: readers see it where an item names no source of its own."`
	Kind   string `help:"feed, folder, sftp, ftp, mail or push." enum:"feed,folder,sftp,ftp,mail,push" required:"" placeholder:"KIND"`
	Paused bool   `help:"Do not look at it yet."`
	sourceFlags
}

func (c *sourceAddCmd) Run(a *app) error {
	src := ingest.Source{Name: c.Name, Kind: ingest.Kind(c.Kind), Active: !c.Paused}
	if err := c.apply(a, &src); err != nil {
		return err
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		made, err := n.Ingest.CreateSource(a.ctx, src, ingest.Shell)
		if err != nil {
			return err
		}
		return a.showSource(n, made.ID)
	})
}

type sourceChangeCmd struct {
	Source string  `arg:"" help:"Its id or name."`
	Name   *string `help:"Another name."`
	sourceFlags
}

func (c *sourceChangeCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		st, err := n.Ingest.Source(a.ctx, c.Source)
		if err != nil {
			return err
		}
		src := st.Source
		set(&src.Name, c.Name)
		if err := c.apply(a, &src); err != nil {
			return err
		}
		if _, err := n.Ingest.ChangeSource(a.ctx, src, ingest.Shell); err != nil {
			return err
		}
		return a.showSource(n, src.ID)
	})
}

type sourceShowCmd struct {
	Source string `arg:"" help:"Its id or name."`
}

func (c *sourceShowCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error { return a.showSource(n, c.Source) })
}

func (a *app) showSource(n *node.Node, id string) error {
	st, err := n.Ingest.Source(a.ctx, id)
	if err != nil {
		return err
	}
	v := st.View(time.Now())
	return a.show(v, func(w io.Writer) {
		h := &v.Health
		rows := [][]string{{"id", v.ID}, {"name", v.Name}, {"kind", string(v.Kind)}, {"address", v.Address}, {"state", howItFares(&v)}}
		if v.Kind == ingest.Push {
			rows = append(rows, []string{"push to", strings.TrimSuffix(n.Config.URL, "/") + "/ingest/v1/" + v.ID})
		}
		rows = append(rows, []string{"items", map[bool]string{true: "are issued at once", false: "wait for review"}[v.Rules.Publish]},
			[]string{"last success", stamp(h.Success)}, []string{"next look", stamp(h.Next)}, []string{"last file", stamp(h.Arrived)},
			[]string{"newest item", stamp(h.Newest)},
			[]string{"files", fmt.Sprintf("%d waiting, %d done, %d failed, %d set aside", h.Waiting, h.Done, h.Failed, h.Aside)})
		if h.Failure != "" {
			rows = append(rows, []string{"failure", h.Failure})
		}
		table(w, rows)
	})
}

// howItFares says in a word how a source fares.
func howItFares(v *ingest.SourceView) string {
	switch {
	case !v.Active:
		return "paused"
	case v.Health.Failure != "":
		return fmt.Sprintf("failing (%d)", v.Health.Failures)
	case v.Health.ErrorRate > 0:
		return fmt.Sprintf("%.0f%% of files fail", 100*v.Health.ErrorRate)
	}
	return "well"
}

type sourceListCmd struct{}

func (c *sourceListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		out, rows := []ingest.SourceView{}, [][]string{}
		for after := ""; ; {
			page, err := n.Ingest.Sources(a.ctx, after, 200)
			if err != nil {
				return err
			}
			for _, st := range page {
				v := st.View(time.Now())
				h := v.Health
				out = append(out, v)
				rows = append(rows, []string{v.ID, v.Name, string(v.Kind), howItFares(&v), fmt.Sprintf("%d waiting", h.Waiting),
					fmt.Sprintf("%d failed", h.Failed), stamp(h.Success), v.Address})
			}
			if len(page) < 200 {
				break
			}
			after = page[len(page)-1].ID
		}
		return a.show(map[string]any{"sources": out}, func(w io.Writer) { table(w, rows) })
	})
}

type sourcePauseCmd struct {
	Source string `arg:"" help:"Its id or name."`
}

func (c *sourcePauseCmd) Run(a *app) error { return a.setActive(c.Source, ingest.Paused) }

type sourceResumeCmd struct {
	Source string `arg:"" help:"Its id or name."`
}

func (c *sourceResumeCmd) Run(a *app) error { return a.setActive(c.Source, ingest.Running) }

func (a *app) setActive(source string, active ingest.Activity) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		st, err := n.Ingest.Source(a.ctx, source)
		if err != nil {
			return err
		}
		if err := n.Ingest.SetActive(a.ctx, st.ID, active); err != nil {
			return err
		}
		return a.show(map[string]string{"id": st.ID, "name": st.Name, "state": string(active)}, func(w io.Writer) {
			fmt.Fprintf(w, "%s is %s.\n", printable(st.Name), active)
		})
	})
}

type sourceRemoveCmd struct {
	Source string `arg:"" help:"Its id or name."`
}

func (c *sourceRemoveCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		st, err := n.Ingest.Source(a.ctx, c.Source)
		if err != nil {
			return err
		}
		if err := n.Ingest.RemoveSource(a.ctx, st.ID); err != nil {
			return err
		}
		return a.show(map[string]string{"id": st.ID, "name": st.Name, "state": "removed"}, func(w io.Writer) {
			fmt.Fprintf(w, "%s is removed. What came from it stays.\n", printable(st.Name))
		})
	})
}

type sourceFetchCmd struct {
	Source string `arg:"" help:"Its id or name."`
}

func (c *sourceFetchCmd) Run(a *app) error {
	return a.with(node.OpenToWrite, func(n *node.Node) error {
		st, err := n.Ingest.Source(a.ctx, c.Source)
		if err != nil {
			return err
		}
		before := st.Health
		if _, err := n.Ingest.CollectNow(a.ctx, st.ID); err != nil {
			return err
		}
		if st, err = n.Ingest.Source(a.ctx, st.ID); err != nil {
			return err
		}
		v := st.View(time.Now())
		return a.show(v, func(w io.Writer) {
			h := &v.Health
			fmt.Fprintf(w, "%s: %d files taken, %d failed, %d set aside, %d waiting\n", printable(v.Name),
				h.Done-before.Done, h.Failed-before.Failed, h.Aside-before.Aside, h.Waiting)
		})
	})
}
