package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/term"

	"jisr/internal/news"
	"jisr/internal/node"
	"jisr/internal/people"
)

// account is an account as --json prints it.
type account struct {
	ID       string        `json:"id"`
	Login    string        `json:"login"`
	Name     string        `json:"name"`
	Language string        `json:"language"`
	Roles    []people.Role `json:"roles"`
	Password bool          `json:"has_password"`
	Disabled bool          `json:"disabled"`
	Created  time.Time     `json:"created"`
}

func accountOf(p *people.Account) account {
	return account{p.ID, p.Login, p.Name, p.Language, p.Roles, p.Password, p.Disabled, p.Created}
}

type userAddCmd struct {
	Login      string        `arg:"" help:"E-mail address or short name."`
	Name       string        `help:"The name that colleagues see; by default the login."`
	Language   string        `help:"Language of its pages: ar, ru or en." enum:"ar,ru,en" default:"en"`
	Roles      []people.Role `help:"Roles: reader, reporter, editor, chief, verifier, coordinator, admin." name:"role" required:"" placeholder:"ROLE"`
	NoPassword bool          `help:"Make an account for programs, which use tokens."`
}

func (c *userAddCmd) Run(a *app) error {
	return a.with(node.Open, func(n *node.Node) error {
		password := ""
		if !c.NoPassword {
			var err error
			if password, err = a.askPassword(); err != nil {
				return err
			}
		}
		made, err := n.People.CreateAccount(a.ctx, people.NewAccount{Login: c.Login, Name: c.Name, Language: c.Language,
			Roles: c.Roles, Password: password})
		if err != nil {
			return err
		}
		return a.show(accountOf(made), func(w io.Writer) { fmt.Fprintf(w, "%s may sign in.\n", made.Login) })
	})
}

type userPasswordCmd struct {
	Login string `arg:"" help:"Whose password to set."`
}

func (c *userPasswordCmd) Run(a *app) error {
	return a.with(node.Open, func(n *node.Node) error {
		p, err := n.People.AccountByLogin(a.ctx, c.Login)
		if err != nil {
			return err
		}
		password, err := a.askPassword()
		if err != nil {
			return err
		}
		if err := n.People.SetPassword(a.ctx, p.ID, password); err != nil {
			return err
		}
		return a.show(accountOf(p), func(w io.Writer) { fmt.Fprintf(w, "%s has a new password and is signed out everywhere.\n", p.Login) })
	})
}

// askPassword reads a password: unseen and twice from a terminal, else the first
// line of the input. It is never an argument, which every process could read.
func (a *app) askPassword() (string, error) {
	fd := int(a.in.Fd())
	if !term.IsTerminal(fd) {
		line, err := bufio.NewReader(io.LimitReader(a.in, 2*people.MaxPassword)).ReadString('\n')
		if err != nil && line == "" {
			return "", news.Errorf(news.Invalid, "password", "give the password on the input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(a.err, prompt)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(a.err)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(b)
	}
	if typed[0] != typed[1] {
		return "", news.Errorf(news.Invalid, "password", "the two are not the same: try again")
	}
	return typed[0], nil
}

type userListCmd struct{}

func (c *userListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		out, rows := []account{}, [][]string{}
		for after := ""; ; {
			page, err := n.People.Accounts(a.ctx, after, people.MaxPage)
			if err != nil {
				return err
			}
			for _, p := range page {
				after = p.ID
				out = append(out, accountOf(&p))
				rows = append(rows, []string{p.Login, p.Name, fmt.Sprint(p.Roles), map[bool]string{true: "disabled"}[p.Disabled]})
			}
			if len(page) < people.MaxPage {
				break
			}
		}
		return a.show(map[string]any{"accounts": out}, func(w io.Writer) { table(w, rows) })
	})
}

type tokenCreateCmd struct {
	Login  string         `arg:"" help:"The account that the token acts for."`
	Name   string         `help:"What it is for." required:""`
	Scopes []people.Scope `help:"What it may do: read, write, publish, ingest, partners, admin." name:"scope" required:"" placeholder:"SCOPE"`
	Days   int            `help:"How many days it lasts." default:"365"`
}

func (c *tokenCreateCmd) Run(a *app) error {
	return a.with(node.Open, func(n *node.Node) error {
		p, err := n.People.AccountByLogin(a.ctx, c.Login)
		if err != nil {
			return err
		}
		secret, t, err := n.People.CreateToken(a.ctx, p.ID, people.NewToken{Name: c.Name, Scopes: c.Scopes,
			Expires: time.Now().Add(time.Duration(c.Days) * 24 * time.Hour)})
		if err != nil {
			return err
		}
		made := struct {
			ID      string    `json:"id"`
			Token   string    `json:"token"`
			Expires time.Time `json:"expires"`
		}{t.ID, secret, t.Expires}
		return a.show(made, func(w io.Writer) {
			fmt.Fprintln(w, secret)
			fmt.Fprintf(a.err, "It lasts until %s and cannot be shown again.\n", stamp(t.Expires))
		})
	})
}
