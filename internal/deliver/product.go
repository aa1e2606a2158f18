package deliver

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
)

// Product is what can be subscribed to: a saved query over all that comes in.
type Product struct {
	ID      string // ULID
	Name    string
	Query   Query
	Created time.Time
	Changed time.Time
}

func (p *Product) clean() error {
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" {
		return news.Errorf(news.Invalid, "name", "a product needs a name")
	}
	if err := checkText("name", p.Name, maxName); err != nil {
		return err
	}
	_, err := compile(&p.Query)
	return err
}

// AddProduct makes a product and gives it an id.
func (s *Service) AddProduct(ctx context.Context, p *Product) error {
	query, err := p.encode()
	if err != nil {
		return err
	}
	p.ID, p.Created = s.newID(), s.Now().UTC().Truncate(time.Microsecond)
	p.Changed = p.Created
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO product (id, name, query, created, changed, removed) VALUES ($1, $2, $3, $4, $4, 0)`,
			p.ID, p.Name, query, db.Micros(p.Created))
		if err != nil {
			return fmt.Errorf("add a product: %w", err)
		}
		return changed(ctx, tx)
	})
}

// SaveProduct replaces a product. What was owed by it before stays owed.
func (s *Service) SaveProduct(ctx context.Context, p *Product) error {
	query, err := p.encode()
	if err != nil {
		return err
	}
	p.Changed = s.Now().UTC().Truncate(time.Microsecond)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE product SET name = $1, query = $2, changed = $3 WHERE id = $4 AND removed = 0`,
			p.Name, query, db.Micros(p.Changed), p.ID)
		if err := oneRow(res, err, none("product", p.ID)); err != nil {
			return err
		}
		return changed(ctx, tx)
	})
}

// RemoveProduct ends a product; nobody takes it any more.
func (s *Service) RemoveProduct(ctx context.Context, id string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE product SET removed = $1 WHERE id = $2 AND removed = 0`, db.Micros(s.Now()), id)
		if err := oneRow(res, err, none("product", id)); err != nil {
			return err
		}
		return changed(ctx, tx)
	})
}

func (p *Product) encode() ([]byte, error) {
	if err := p.clean(); err != nil {
		return nil, err
	}
	return json.Marshal(&p.Query)
}

const selectProduct = `SELECT id, name, query, created, changed FROM product`

func scanProduct(rows interface{ Scan(...any) error }) (*Product, error) {
	var p Product
	var query []byte
	var created, changed int64
	if err := rows.Scan(&p.ID, &p.Name, &query, &created, &changed); err != nil {
		return nil, err
	}
	p.Created, p.Changed = db.FromMicros(created), db.FromMicros(changed)
	return &p, json.Unmarshal(query, &p.Query)
}

// Product returns a product.
func (s *Service) Product(ctx context.Context, id string) (*Product, error) {
	p, err := scanProduct(s.DB.Reader().QueryRowContext(ctx, selectProduct+` WHERE id = $1 AND removed = 0`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, none("product", id)
	}
	if err != nil {
		return nil, fmt.Errorf("read a product: %w", err)
	}
	return p, nil
}

// Products returns products in the order in which they were made, after the id,
// up to limit.
func (s *Service) Products(ctx context.Context, after string, limit int) ([]*Product, error) {
	return products(ctx, s.DB.Reader(), selectProduct+` WHERE removed = 0 AND id > $1 ORDER BY id LIMIT $2`, after, pageSize(limit))
}

func products(ctx context.Context, q db.Queryer, query string, args ...any) ([]*Product, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list products: %w", err)
	}
	defer rows.Close()
	var out []*Product
	for rows.Next() {
		p, err := scanProduct(rows)
		if err != nil {
			return nil, fmt.Errorf("list products: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}
