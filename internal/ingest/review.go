package ingest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"jisr/internal/db"
	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// takenItem is what was last taken of an item from a source.
type takenItem struct {
	uri, source string
	digest      string // of the item as it was read
	edition     edition
	status      takenStatus
	trouble     bool // the item of this digest failed or was set aside
	draft       string
	revision    int64 // of the draft as it was left
	arrival     string

	changed bool // to be written
}

// takenStatus is where a taken item stands.
type takenStatus string

// The statuses of a taken item; empty for one of which nothing came yet.
const (
	wasIssued takenStatus = "issued"
	wasHeld   takenStatus = "held"
	wasKilled takenStatus = "killed"
	inReview  takenStatus = "review"
)

// draftOp is what is to be done to a draft in the last transaction.
type draftOp struct {
	piece *Piece
	row   *takenItem
	base  int // the issued version that the draft is begun from; 0 for a new item
	do    func(*taking, context.Context, *db.Tx, draftOp) error
}

// plan decides about one item of the source.
func (t *taking) plan(p *Piece, k *known) []news.Act {
	row := t.rows[p.Item.URI]
	if why := t.barred(p, k, row); why != "" {
		p.setAside(why)
		return nil
	}
	acts, why, err := decide(k, p.Item, p.edition, p.content)
	if err != nil { // it was killed: a person decides
		p.setAside(plain(err))
		return nil
	}
	waits := row != nil && row.status == inReview
	stops := p.stops()
	switch {
	case waits && p.edition.compare(row.edition) < 0:
		p.skip("a newer version waits for review")
		return nil
	case stops && waits:
		return t.stopReview(p, row, acts, why)
	case !k.exists && p.Item.PubStatus == news.Withheld:
		return t.putUp(p, k, row) // a person must see it, and may have to ask its sender
	case stops || len(acts) == 0 && !waits:
		if len(acts) == 0 {
			p.skip(why)
		}
		return acts
	case !t.src.Rules.Publish:
		return t.review(p, k, row, acts, why)
	case len(acts) == 0:
		p.skip(why)
	case waits:
		t.drafts = append(t.drafts, draftOp{p, row, 0, (*taking).dropDraft})
	}
	return acts
}

// barred says why the source may not act on the item: what was killed does not
// come back by itself, and no source may reach for what this house wrote, or stop
// what another brought unless it is trusted to publish.
func (t *taking) barred(p *Piece, k *known, row *takenItem) string {
	stops := p.stops()
	brought := row != nil && row.status != ""
	if !k.exists {
		if stops {
			return ""
		}
		for _, r := range append(t.others[p.Item.URI], row) {
			if r != nil && r.status == wasKilled {
				return "its sender killed it before it was issued here: if it is to be used after all, publish it from the kept file"
			}
		}
		return ""
	}
	switch {
	case brought:
		return ""
	case k.ours:
		return "this house issued the item and did not have it from this source: if the change is right, make it by hand"
	case stops && !t.src.Rules.Publish:
		return "another source brought this item, and this one is not trusted to publish: if the item must be stopped, do so by hand"
	}
	return ""
}

// stopReview is the kill or hold of an item that waits for review. What was
// issued of it is stopped as well.
func (t *taking) stopReview(p *Piece, row *takenItem, acts []news.Act, why string) []news.Act {
	op := draftOp{p, row, 0, (*taking).markDraft}
	if p.Item.PubStatus == news.Canceled {
		op.do = (*taking).killDraft
		row.status = wasKilled
	}
	row.edition = p.edition
	t.drafts = append(t.drafts, op)
	if len(acts) == 0 {
		p.skip(why)
	}
	return acts
}

// review puts the item up for review.
func (t *taking) review(p *Piece, k *known, row *takenItem, acts []news.Act, why string) []news.Act {
	if row != nil && row.status == inReview {
		if p.edition.compare(row.edition) == 0 {
			p.skip("this version waits for review")
			return nil
		}
	} else if len(acts) == 0 {
		p.skip(why)
		return nil
	}
	for _, other := range t.others[p.Item.URI] {
		if other.status == inReview && p.edition.compare(other.edition) <= 0 {
			p.skip("this version, or a newer one, came from another source and waits for review")
			return nil
		}
	}
	return t.putUp(p, k, row)
}

// putUp makes a draft of the item, or replaces the one that waits.
func (t *taking) putUp(p *Piece, k *known, row *takenItem) []news.Act {
	if row == nil {
		row = &takenItem{uri: p.Item.URI, source: t.src.ID}
		t.rows[p.Item.URI] = row
	}
	row.status, row.edition = inReview, p.edition
	p.Outcome, p.Version = Drafted, k.version
	t.drafts = append(t.drafts, draftOp{p, row, k.version, (*taking).saveDraft})
	return nil
}

// saveDraft writes the item into the draft that waits for review, or into a new
// one where there is none or people have changed it.
func (t *taking) saveDraft(ctx context.Context, tx *db.Tx, op draftOp) error {
	it := *op.piece.Item
	d := &newsroom.Draft{Item: &it, Desk: op.piece.Desk, Version: op.base}
	if op.row.draft != "" {
		old, err := t.newsroom.DraftIn(ctx, tx, op.row.draft)
		switch {
		case news.KindOf(err) == news.NotFound: // published, or thrown away
		case err != nil:
			return err
		case old.Revision == op.row.revision:
			d.ID, d.Revision, d.Desk = old.ID, old.Revision, old.Desk
		default:
			it.EdNote = newer(it.EdNote)
		}
	}
	saved, err := t.newsroom.PutDraft(ctx, tx, d)
	if d.ID != "" && news.KindOf(err) == news.Conflict { // a colleague has it open
		d.ID, d.Revision = "", 0
		it.EdNote = newer(it.EdNote)
		saved, err = t.newsroom.PutDraft(ctx, tx, d)
	}
	if k := news.KindOf(err); k == news.Invalid || k == news.TooLarge {
		op.piece.Refuse(err)
		op.row.status, op.row.trouble = "", true
		return nil
	}
	if err != nil {
		return err
	}
	op.row.draft, op.row.revision, op.row.changed = saved.ID, saved.Revision, true
	op.piece.Draft = saved.ID
	return nil
}

// newer is the note of a draft beside one that people work on.
func newer(note string) string {
	return strings.TrimSpace("A newer version of a draft that people have worked on since it came: compare both.\n" + note)
}

// killDraft removes what waits for review, or marks it where people have worked
// on it.
func (t *taking) killDraft(ctx context.Context, tx *db.Tx, op draftOp) error {
	old, err := t.newsroom.DraftIn(ctx, tx, op.row.draft)
	op.row.status, op.row.changed = wasKilled, true
	switch {
	case news.KindOf(err) == news.NotFound:
		return nil
	case err != nil:
		return err
	}
	open, err := t.newsroom.BreakLock(ctx, tx, old.ID)
	if err != nil {
		return err
	}
	if old.Revision == op.row.revision && !open {
		if op.piece.Outcome != Issued {
			op.piece.skip("its sender killed it: the draft was removed")
		}
		return t.newsroom.DeleteDraftIn(ctx, tx, old.ID)
	}
	return t.stamp(ctx, tx, op, old, "KILLED BY ITS SENDER")
}

// markDraft says on the draft that its sender withholds the item.
func (t *taking) markDraft(ctx context.Context, tx *db.Tx, op draftOp) error {
	old, err := t.newsroom.DraftIn(ctx, tx, op.row.draft)
	op.row.changed = true
	switch {
	case news.KindOf(err) == news.NotFound:
		return nil
	case err != nil:
		return err
	}
	open, err := t.newsroom.BreakLock(ctx, tx, old.ID)
	if err != nil {
		return err
	}
	untouched := old.Revision == op.row.revision && !open
	if err := t.stamp(ctx, tx, op, old, "WITHHELD BY ITS SENDER"); err != nil || !untouched {
		return err
	}
	op.row.revision = old.Revision + 1
	return nil
}

// stamp marks a draft so that nobody overlooks it. The newsroom does not publish
// what has such a status.
func (t *taking) stamp(ctx context.Context, tx *db.Tx, op draftOp, d *newsroom.Draft, words string) error {
	it := *d.Item
	it.PubStatus = op.piece.Item.PubStatus
	it.EdNote = strings.TrimSpace(fmt.Sprintf("%s: %s\n%s", words, reasonFor(news.Kill, op.piece.Item), it.EdNote))
	if headline := it.Headline(); !strings.HasPrefix(headline, words) {
		it.Headlines = append([]news.Words{{Value: words + ": " + headline}}, it.Headlines...)
	}
	d.Item = &it
	if op.piece.Outcome != Issued {
		op.piece.skip("its sender stopped it: the draft says so")
	}
	op.piece.Draft = d.ID
	_, err := t.newsroom.PutDraft(ctx, tx, d)
	return err
}

// dropDraft removes the draft of an item that was issued without review, unless
// people have worked on it.
func (t *taking) dropDraft(ctx context.Context, tx *db.Tx, op draftOp) error {
	if op.piece.Outcome != Issued {
		return nil
	}
	old, err := t.newsroom.DraftIn(ctx, tx, op.row.draft)
	if news.KindOf(err) == news.NotFound || err == nil && old.Revision != op.row.revision {
		return nil
	}
	if err != nil {
		return err
	}
	if open, err := t.newsroom.BreakLock(ctx, tx, old.ID); err != nil || open {
		return err
	}
	return t.newsroom.DeleteDraftIn(ctx, tx, old.ID)
}

// note keeps what became of the piece for the next time that its item comes.
func (t *taking) note(p *Piece) {
	if p.Outcome == "" {
		return
	}
	row := t.rows[p.Item.URI]
	fresh := takenItem{uri: p.Item.URI, source: t.src.ID}
	if row == nil {
		row = &fresh
		t.rows[p.Item.URI] = row
	}
	switch p.Outcome {
	case Failed, Aside:
		row.digest, row.trouble, row.arrival, row.changed = p.content, true, p.arrival.ID, true
		return
	case Issued:
		row.status = map[news.Status]takenStatus{news.StatusUsable: wasIssued, news.StatusHeld: wasHeld, news.StatusKilled: wasKilled}[p.Act.After()]
	case Drafted:
	case Skipped:
		if row.digest != "" && p.edition.compare(row.edition) < 0 {
			return // older than what was taken
		}
		if row.status == "" {
			row.status = map[news.PubStatus]takenStatus{news.Canceled: wasKilled, news.Withheld: wasHeld}[p.Item.PubStatus]
		}
		if row.status == "" {
			row.status = wasIssued
		}
	default:
		return
	}
	row.digest, row.edition, row.trouble, row.arrival, row.changed = p.content, p.edition, false, p.arrival.ID, true
}

// remember reads what was taken of the pieces' items before.
func (t *taking) remember(ctx context.Context, pieces []*Piece) error {
	if t.rows == nil {
		t.rows, t.others = map[string]*takenItem{}, map[string][]*takenItem{}
	}
	seen := map[string]bool{}
	var uris []any
	for _, p := range pieces {
		if p.Outcome == "" && !seen[p.Item.URI] && t.rows[p.Item.URI] == nil {
			seen[p.Item.URI] = true
			uris = append(uris, p.Item.URI)
		}
	}
	for len(uris) > 0 {
		n := min(len(uris), 100)
		if err := t.rememberSome(ctx, uris[:n]); err != nil {
			return fmt.Errorf("read what was taken: %w", err)
		}
		uris = uris[n:]
	}
	return nil
}

func (t *taking) rememberSome(ctx context.Context, uris []any) error {
	places := make([]string, len(uris))
	for i := range uris {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	rows, err := t.db.Reader().QueryContext(ctx, `SELECT uri, source, digest, version, created, status, trouble, draft, revision, arrival
		FROM taken WHERE uri IN (`+strings.Join(places, ", ")+`)`, uris...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		r := &takenItem{}
		var digest []byte
		var created int64
		var trouble int
		if err := rows.Scan(&r.uri, &r.source, &digest, &r.edition.version, &created, &r.status, &trouble, &r.draft, &r.revision, &r.arrival); err != nil {
			return err
		}
		r.digest, r.trouble = fmt.Sprintf("sha256:%x", digest), trouble == 1
		r.edition.digest, r.edition.created = r.digest, time.Time{}
		if created != 0 {
			r.edition.created = db.FromMicros(created)
		}
		if r.source == t.src.ID {
			t.rows[r.uri] = r
		} else {
			t.others[r.uri] = append(t.others[r.uri], r)
		}
	}
	return rows.Err()
}
