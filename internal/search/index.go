package search

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"jisr/internal/db"
	"jisr/internal/ledger"
)

// Run follows the journal and keeps the index until ctx ends.
func (s *Service) Run(ctx context.Context) {
	ix := newIndexer(s)
	ix.remember(ctx)
	s.ledger.Follow(ctx, ix.follower())
}

// CatchUp brings the index to the end of the journal and returns, for a command
// beside which no process may be serving.
func (s *Service) CatchUp(ctx context.Context) error {
	if err := s.ledger.CatchUp(ctx, newIndexer(s).follower()); err != nil {
		return fmt.Errorf("bring the search index up to date: %w", err)
	}
	return nil
}

func newIndexer(s *Service) *indexer {
	ix := &indexer{Service: s}
	for range min(runtime.GOMAXPROCS(0), maxAnalysers) {
		ix.analysers = append(ix.analysers, newAnalyser())
	}
	return ix
}

func (ix *indexer) follower() ledger.Follower {
	return ledger.Follower{Name: Follower, Kinds: []ledger.Kind{ledger.KindItem}, Batch: batch, Prepare: ix.prepareBatch, Ahead: true}
}

// remember reads recent fingerprints before the first transaction, where it
// would hold up others. What fails is done there.
func (ix *indexer) remember(ctx context.Context) {
	near := newNeighbours()
	if err := ix.db.Reader().QueryRowContext(ctx, `SELECT built FROM search_state WHERE id = 1`).Scan(&ix.built); err != nil {
		return
	}
	if err := near.catchUp(ctx, ix.db.Reader()); err == nil {
		ix.near = near
	}
}

const (
	// batch is how many entries share a transaction: enough to make FTS5 write
	// long lists, few enough not to hold up other writers for long.
	batch        = 500
	maxAnalysers = 4
)

// Reindex throws the index away and has it built again from the journal. Until
// that is done searches find less.
func (s *Service) Reindex(ctx context.Context) error {
	if err := s.db.Write(ctx, func(tx *db.Tx) error { return s.reindex(ctx, tx) }); err != nil {
		return fmt.Errorf("rebuild the search index: %w", err)
	}
	return nil
}

func (s *Service) reindex(ctx context.Context, tx *db.Tx) error {
	for _, statement := range []string{s.engine.empty(), `DELETE FROM search_doc`, `DELETE FROM search_word`,
		`UPDATE search_state SET built = built + 1 WHERE id = 1`} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := s.ledger.Rewind(ctx, tx, Follower); err != nil {
		return err
	}
	return tx.Notify(ctx, ledger.Topic) // wakes the follower
}

// errBusy is that another process prepares the index.
var errBusy = errors.New("another process is preparing the search index")

// prepare makes the engine's own table, which no migration can hold because the
// engines have nothing in common there, and begins anew if the rules of analysis
// have changed since the index was built.
func (s *Service) prepare(ctx context.Context) error {
	for {
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			mine, err := tx.TryLock(ctx, "search/prepare")
			if err != nil {
				return err
			}
			if !mine {
				return errBusy
			}
			return s.prepareIn(ctx, tx)
		})
		if !errors.Is(err, errBusy) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Service) prepareIn(ctx context.Context, tx *db.Tx) error {
	var version int
	if err := tx.QueryRowContext(ctx, `SELECT analysis FROM search_state WHERE id = 1`).Scan(&version); err != nil {
		return err
	}
	if version == analysisVersion {
		return nil
	}
	for _, statement := range append([]string{s.engine.drop()}, s.engine.schema()...) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE search_state SET analysis = $1 WHERE id = 1`, analysisVersion); err != nil {
		return err
	}
	return s.reindex(ctx, tx)
}

// indexer applies the journal to the index. It belongs to one follower.
type indexer struct {
	*Service
	analysers []*analyser
	near      *neighbours // nil until it is read
	lexicon   lexicon     // nil until something is written
	built     int64       // of which building of the index these know
}

// prepareBatch analyses the records and returns what writes them into the index.
func (ix *indexer) prepareBatch(_ context.Context, records []*ledger.Record) (func(context.Context, *db.Tx) error, error) {
	docs := newest(ix.documents(records))
	return func(ctx context.Context, tx *db.Tx) error { return ix.write(ctx, tx, docs) }, nil
}

func (ix *indexer) write(ctx context.Context, tx *db.Tx, docs []*document) error {
	if err := ix.recall(ctx, tx); err != nil {
		return err
	}
	docs, superseded, err := compare(ctx, tx, docs)
	if err != nil {
		return fmt.Errorf("look up indexed items: %w", err)
	}
	if err := ix.remove(ctx, tx, superseded.positions); err != nil {
		return fmt.Errorf("remove superseded versions: %w", err)
	}
	if err := part(ctx, tx, superseded.bundles); err != nil {
		return fmt.Errorf("part bundles: %w", err)
	}
	if err := ix.bundle(ctx, tx, docs); err != nil {
		return fmt.Errorf("link duplicates: %w", err)
	}
	if err := ix.insert(ctx, tx, docs); err != nil {
		return err
	}
	if err := ix.count(ctx, tx, docs); err != nil {
		return fmt.Errorf("write down words: %w", err)
	}
	return nil
}

// recall forgets what the indexer remembers if the index was begun anew since, by
// this process or another.
func (ix *indexer) recall(ctx context.Context, tx *db.Tx) error {
	var built int64
	if err := tx.QueryRowContext(ctx, `SELECT built FROM search_state WHERE id = 1`).Scan(&built); err != nil {
		return err
	}
	if built != ix.built {
		ix.near, ix.lexicon, ix.built = nil, nil, built
	}
	return nil
}

// count writes down the words of titles and names.
func (ix *indexer) count(ctx context.Context, tx *db.Tx, docs []*document) error {
	words := ix.lexicon
	if words == nil {
		words = lexicon{}
	}
	ix.lexicon = nil // what it learns now is wrong if the transaction fails
	tx.AfterCommit(func() { ix.lexicon = words })
	return words.write(ctx, tx, docs)
}

// documents reads and analyses the records, on all cores: it is the greater part
// of the work. An entry that cannot be read is left out; the wire shows it raw.
func (ix *indexer) documents(records []*ledger.Record) []*document {
	out := make([]*document, len(records))
	var wg sync.WaitGroup
	for n, a := range ix.analysers {
		wg.Go(func() {
			for i := n; i < len(records); i += len(ix.analysers) {
				d, err := newDocument(records[i], ix.read, a)
				if err == nil {
					d.words = ix.engine.encode(d.terms, d.position)
					d.terms = nil // it is used again for the next
				} else {
					ix.log.Warn("an item entry cannot be indexed", "origin", records[i].Origin, "index", records[i].Index, "err", err)
				}
				out[i] = d
			}
		})
	}
	wg.Wait()
	return out
}

// key names an item.
type key struct{ uri, origin string }

func (d *document) key() key { return key{d.uri, d.origin} }

// newest keeps the newest version of each item. Entries of one log can arrive
// out of order when withheld ones are revealed: the place in the log decides.
func newest(docs []*document) []*document {
	latest := make(map[key]*document, len(docs))
	for _, d := range docs {
		if d == nil {
			continue
		}
		old := latest[d.key()]
		if old != nil && d.index <= old.index {
			continue
		}
		if old != nil {
			d.follow(old.born, old.print)
			d.heir = d.heir && old.heir
		}
		latest[d.key()] = d
	}
	out := make([]*document, 0, len(latest))
	for _, d := range docs {
		if d != nil && latest[d.key()] == d {
			out = append(out, d)
		}
	}
	return out
}

// follow has d take from the version that it supersedes what it does not say
// itself: when the item first came, and, once it is killed, what it was like.
func (d *document) follow(born int64, print fingerprint) {
	d.born = born
	if d.heir {
		d.print = print
	}
}

// maxMarks is how many parameters a lookup carries: SQLite looks each up by its
// name, one after the other.
const maxMarks = 100

// superseded is what new versions take the place of.
type superseded struct {
	positions []any
	bundles   map[int64]bool // that lose a member
}

// compare drops the documents that the index has a newer version of, and returns
// the older versions that the others supersede.
func compare(ctx context.Context, tx *db.Tx, docs []*document) (fresh []*document, gone superseded, err error) {
	type row struct {
		position, index, born, bundle int64
		print                         []byte
	}
	have := map[key]row{}
	for part := range slices.Chunk(docs, maxMarks) {
		args := make([]any, len(part))
		for i, d := range part {
			args[i] = d.uri
		}
		rows, err := tx.QueryContext(ctx, `SELECT uri, origin, position, idx, born, bundle, print FROM search_doc WHERE uri IN (`+placeholders(len(args))+`)`, args...)
		if err != nil {
			return nil, gone, err
		}
		for rows.Next() {
			var k key
			var r row
			if err := rows.Scan(&k.uri, &k.origin, &r.position, &r.index, &r.born, &r.bundle, &r.print); err != nil {
				return nil, gone, errors.Join(err, rows.Close())
			}
			have[k] = r
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, gone, err
		}
	}
	gone.bundles = map[int64]bool{}
	for _, d := range docs {
		old, known := have[d.key()]
		if known && old.index >= d.index {
			continue
		}
		if known {
			gone.positions = append(gone.positions, old.position)
			if old.bundle != 0 {
				gone.bundles[old.bundle] = true
			}
			d.follow(old.born, readPrint(old.print))
		}
		fresh = append(fresh, d)
	}
	return fresh, gone, nil
}

func (ix *indexer) remove(ctx context.Context, tx *db.Tx, positions []any) error {
	for part := range slices.Chunk(positions, maxMarks) {
		for _, statement := range []string{ix.engine.remove(placeholders(len(part))),
			`DELETE FROM search_doc WHERE position IN (` + placeholders(len(part)) + `)`} {
			if _, err := tx.ExecContext(ctx, statement, part...); err != nil {
				return err
			}
		}
	}
	return nil
}

func (ix *indexer) insert(ctx context.Context, tx *db.Tx, docs []*document) error {
	rows := make([]any, 0, 15*len(docs))
	texts := make([]any, 0, 2*len(docs))
	for _, d := range docs {
		rows = append(rows, d.position, d.origin, d.uri, d.index, d.version, string(d.status), string(d.typ), d.language, d.desk,
			db.Micros(d.issued), db.Micros(d.embargoed), d.about, d.born, d.print.encode(), d.bundle)
		texts = append(texts, d.position, d.words)
	}
	err := db.NewBulk(`search_doc (position, origin, uri, idx, version, status, type, language, desk,
		issued, embargoed, about, born, print, bundle)`, 15, "").Insert(ctx, tx, rows)
	if err != nil {
		return err
	}
	return db.NewBulk(ix.engine.into(), 2, "").Insert(ctx, tx, texts)
}

// placeholders returns n placeholders: "$1, $2, $3".
func placeholders(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String()
}
