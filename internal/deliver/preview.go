package deliver

import (
	"context"
	"fmt"

	"jisr/internal/search"
)

// maxPreview is how many entries a query is held against at once.
const maxPreview = 200

// Preview returns at which of the positions of the journal the query would take
// the item, as the version there has it: for whoever writes a query and wants to
// see what it does. Embargo and rights are not asked.
func (s *Service) Preview(ctx context.Context, q Query, positions []int64) (map[int64]bool, error) {
	m, err := compile(&q)
	if err != nil {
		return nil, err
	}
	records, err := s.Ledger.AtAll(ctx, positions[:min(len(positions), maxPreview)])
	if err != nil {
		return nil, fmt.Errorf("preview a query: %w", err)
	}
	reader := search.NewReader()
	taken := map[int64]bool{}
	for _, r := range records {
		e, body, err := itemOf(r)
		if err != nil || body.Act.StopsUse() {
			continue
		}
		it, err := contentOf(r, e, body)
		if err != nil {
			continue // it is not delivered either
		}
		c := &candidate{origin: r.Origin, own: r.Own, desk: body.Label.Desk, item: it}
		c.text = func() *search.Text { return reader.ReadOf(c.origin, c.desk, it) }
		if m.matches(c) {
			taken[r.Position] = true
		}
	}
	return taken, nil
}
