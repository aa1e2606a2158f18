package main

import (
	"fmt"
	"io"
	"net"
	"strings"

	"jisr/internal/news"
	"jisr/internal/node"
)

type initCmd struct {
	Origin  string            `help:"The organisation's stable name, a domain that it controls." required:"" placeholder:"wire.example"`
	Name    map[string]string `help:"Its name in a language; may be repeated." mapsep:"none" placeholder:"LANG=NAME"`
	Kind    string            `help:"What it is: ${kinds}." default:"other"`
	Country string            `help:"ISO 3166-1 code of its country." placeholder:"CODE"`
	Contact string            `help:"How to reach it." placeholder:"ADDRESS"`
	Owner   string            `help:"Who owns it; shown wherever its items are."`
	Funding string            `help:"Who pays for it; shown wherever its items are."`
	Code    string            `help:"Where its editorial code is published." name:"editorial-code" placeholder:"URL"`
	Listen  string            `help:"Address to listen at; port 0 chooses a free one for good." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	URL     string            `help:"The node's address for partners and people; by default the one it listens at." name:"url"`
	DB      string            `help:"postgres:// URL of its database; by default SQLite in the data folder." name:"db" placeholder:"URL"`
	Media   string            `help:"s3:// URL of a bucket for media; by default media are in the data folder." placeholder:"URL"`
}

func (c *initCmd) Run(a *app) error {
	listen, err := settle(c.Listen)
	if err != nil {
		return err
	}
	org := news.Organisation{Origin: c.Origin, Names: c.Name, Kind: news.OrganisationKind(c.Kind), Country: c.Country, Contact: c.Contact,
		Disclosure: news.Disclosure{Owner: c.Owner, Funding: c.Funding, EditorialCode: c.Code}}
	if len(org.Names) == 0 {
		org.Names = map[string]string{"en": c.Origin}
	}
	config := &node.Config{Data: a.data(), DB: c.DB, Media: c.Media, Listen: listen, URL: c.URL}
	if config.URL == "" {
		config.URL = "http://" + listen
	}
	if err := node.Init(a.ctx, config, org); err != nil {
		return err
	}
	return a.with(node.OpenToRead, func(n *node.Node) error {
		f := n.Exchange.OwnFingerprint()
		made := struct {
			Origin      string `json:"origin"`
			Data        string `json:"data"`
			URL         string `json:"url"`
			Listen      string `json:"listen"`
			Fingerprint string `json:"fingerprint"`
		}{c.Origin, a.data(), config.URL, listen, f.Words}
		return a.show(made, func(w io.Writer) {
			fmt.Fprintf(w, "%s has a node in %s.\nFingerprint: %s\nNext: jisr user add LOGIN --role admin, then jisr serve.\n", c.Origin, a.data(), f.Words)
		})
	})
}

// settle chooses a free port where the address asks for any: partners need one
// that stays.
func settle(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", news.Errorf(news.Invalid, "listen", "%q is not HOST:PORT", listen)
	}
	if port != "0" {
		return listen, nil
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return "", news.Errorf(news.Unavailable, "listen", "cannot listen at %s", listen).Because(err)
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port), err
}

func kinds() string {
	names := make([]string, len(news.OrganisationKinds))
	for i, k := range news.OrganisationKinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
