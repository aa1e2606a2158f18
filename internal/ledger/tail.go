package ledger

import "sync"

// tailBytes bounds the part of the journal that is kept in memory.
const tailBytes = 16 << 20

// tail is the newest part of the journal, in memory: every follower reads each
// record once and soon after it was written, so the database is asked only by
// those that are behind. The journal never changes, so what is here is what a
// query would return; a gap, left by another process, empties it.
type tail struct {
	mu      sync.Mutex
	records []*Record // without gaps
	bytes   int
}

// add takes records that have just become durable, in order.
func (t *tail) add(records []*Record) {
	if len(records) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.records); n > 0 && records[0].Position != t.records[n-1].Position+1 {
		if records[0].Position <= t.records[n-1].Position {
			return // committed before, heard of later
		}
		t.records, t.bytes = nil, 0
	}
	for _, r := range records {
		t.bytes += len(r.Bytes) + len(r.Body)
	}
	t.records = append(t.records, records...)
	drop := 0
	for t.bytes > tailBytes && drop < len(t.records) {
		t.bytes -= len(t.records[drop].Bytes) + len(t.records[drop].Body)
		drop++
	}
	// A copy, so that what is dropped is freed.
	if drop > 0 {
		t.records = append([]*Record(nil), t.records[drop:]...)
	}
}

// after returns up to limit records after the position, if they are all here.
func (t *tail) after(position int64, limit int) ([]*Record, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.records) == 0 {
		return nil, false
	}
	first := t.records[0].Position
	skip := position + 1 - first
	if skip < 0 || skip >= int64(len(t.records)) {
		return nil, false
	}
	end := min(skip+int64(limit), int64(len(t.records)))
	return t.records[skip:end:end], true
}
