package main

import (
	"encoding/json"
	"fmt"
	"io"

	"jisr/internal/deliver"
	"jisr/internal/news"
	"jisr/internal/node"
)

// productFlags is what can be said of a product. What is not given stays as it
// is; a list that is given replaces the one there was.
type productFlags struct {
	Own      *bool       `help:"Take items of this house; on unless partners are named." negatable:""`
	Partner  []string    `help:"Take items of a partner, by its origin." placeholder:"ORIGIN"`
	Subject  []string    `help:"Take items with this subject: its URI, code or name." placeholder:"SUBJECT" sep:"none"`
	Language []string    `help:"Take items in this language; ar takes ar-EG." placeholder:"TAG"`
	Place    []string    `help:"Take items of this place: its URI, code or name." placeholder:"PLACE" sep:"none"`
	Type     []news.Type `help:"Take items of this type: text, picture, video …"`
	Genre    []string    `help:"Take items of this genre: its URI, code or name." placeholder:"GENRE" sep:"none"`
	Desk     []string    `help:"Take items of this desk."`
	Urgency  *int        `help:"Take this urgency and what is more urgent; 1 is the highest, 0 takes all."`
	Words    *string     `help:"Take items in which these words occur, as in a search." placeholder:"SEARCH"`
}

func (f *productFlags) apply(q *deliver.Query) {
	lists := []struct{ field, given *[]string }{{&q.Partners, &f.Partner}, {&q.Subjects, &f.Subject}, {&q.Languages, &f.Language},
		{&q.Places, &f.Place}, {&q.Genres, &f.Genre}, {&q.Desks, &f.Desk}}
	for _, l := range lists {
		if *l.given != nil {
			*l.field = *l.given
		}
	}
	if f.Type != nil {
		q.Types = f.Type
	}
	set(&q.Own, f.Own)
	set(&q.Urgency, f.Urgency)
	set(&q.Words, f.Words)
}

type productAddCmd struct {
	Name string `arg:"" help:"Its name."`
	productFlags
}

func (c *productAddCmd) Run(a *app) error {
	p := &deliver.Product{Name: c.Name, Query: deliver.Query{Own: len(c.Partner) == 0}}
	c.apply(&p.Query)
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.AddProduct(a.ctx, p); err != nil {
			return err
		}
		return a.showProduct(p)
	})
}

type productChangeCmd struct {
	ID   string  `arg:"" name:"id" help:"Its id."`
	Name *string `help:"Another name."`
	productFlags
}

func (c *productChangeCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		p, err := n.Deliver.Product(a.ctx, c.ID)
		if err != nil {
			return err
		}
		set(&p.Name, c.Name)
		c.apply(&p.Query)
		if err := n.Deliver.SaveProduct(a.ctx, p); err != nil {
			return err
		}
		return a.showProduct(p)
	})
}

func (a *app) showProduct(p *deliver.Product) error {
	return a.show(p.View(), func(w io.Writer) { table(w, [][]string{productRow(p)}) })
}

func productRow(p *deliver.Product) []string {
	query, err := json.Marshal(p.Query)
	if err != nil {
		query = nil // lists and words always can be
	}
	return []string{p.ID, p.Name, string(query)}
}

type productListCmd struct {
	After string `help:"Only those after this id, to read on." placeholder:"ID"`
	Limit int    `help:"How many at most, up to 200." default:"50"`
}

func (c *productListCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		found, err := n.Deliver.Products(a.ctx, c.After, c.Limit)
		if err != nil {
			return err
		}
		out, rows := make([]deliver.ProductView, len(found)), make([][]string, len(found))
		for i, p := range found {
			out[i], rows[i] = p.View(), productRow(p)
		}
		return a.show(map[string]any{"products": out}, func(w io.Writer) { table(w, rows) })
	})
}

type productRemoveCmd struct {
	ID string `arg:"" name:"id" help:"Its id."`
}

func (c *productRemoveCmd) Run(a *app) error {
	return a.with(node.OpenToRead, func(n *node.Node) error {
		if err := n.Deliver.RemoveProduct(a.ctx, c.ID); err != nil {
			return err
		}
		return a.show(map[string]string{"removed": c.ID}, func(w io.Writer) { fmt.Fprintf(w, "%s is removed.\n", c.ID) })
	})
}
