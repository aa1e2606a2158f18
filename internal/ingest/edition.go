package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// edition is which of its sender's versions an item is. What this house issues
// counts its own versions, so the sender's travels along as alternative ids.
type edition struct {
	version string    // as the sender counts
	created time.Time // of the version, by the sender's clock
	digest  string    // of the item as it was read
}

// Roles of the alternative ids that keep the sender's version.
const (
	sourceVersion = "jisr:sourceVersion"
	sourceCreated = "jisr:sourceVersionCreated"
	sourceDigest  = "jisr:sourceDigest"
)

// editionOf returns which version the item of a file is. An item that a Jisr
// node exported says so itself. read is the item's digest.
func editionOf(it *news.Item, read string) edition {
	if e := markedIn(it); e.digest != "" {
		return e
	}
	return edition{it.Version, it.VersionCreated, read}
}

// digestOf returns the digest of the item as this house would write it. Of an
// item that it issued, that is the digest of its content.
func digestOf(it *news.Item) (string, error) {
	named := *it
	if named.URI == "" {
		named.URI = "urn:x-jisr:unnamed" // the writer wants one
	}
	b, err := ninjs.Write(&named)
	if err != nil {
		return "", fmt.Errorf("write the item: %w", err)
	}
	return ledger.Sum(b).String(), nil
}

// mark puts the version into the item's alternative ids.
func (e edition) mark(it *news.Item) {
	ids := slices.DeleteFunc(slices.Clone(it.AltIDs), func(id news.AltID) bool {
		return id.Role == sourceVersion || id.Role == sourceCreated || id.Role == sourceDigest
	})
	if e.version != "" {
		ids = append(ids, news.AltID{Role: sourceVersion, Value: e.version})
	}
	if !e.created.IsZero() {
		ids = append(ids, news.AltID{Role: sourceCreated, Value: e.created.Format(time.RFC3339Nano)})
	}
	it.AltIDs = append(ids, news.AltID{Role: sourceDigest, Value: e.digest})
}

// markedIn is the inverse of mark; the zero edition for an item without marks.
func markedIn(it *news.Item) edition {
	var e edition
	for _, id := range it.AltIDs {
		switch id.Role {
		case sourceVersion:
			e.version = id.Value
		case sourceCreated:
			e.created, _ = time.Parse(time.RFC3339Nano, id.Value) // zero, and so unknown, if somebody else wrote it
		case sourceDigest:
			e.digest = id.Value
		}
	}
	return e
}

// compare orders two versions of one sender. Those that nothing tells apart,
// but that differ, count as newer: it is better to issue once too often than to
// lose a correction.
func (e edition) compare(known edition) int {
	if e.digest == known.digest {
		return 0
	}
	a, errA := strconv.ParseInt(e.version, 10, 64)
	b, errB := strconv.ParseInt(known.version, 10, 64)
	if errA == nil && errB == nil && a != b {
		return cmp.Compare(a, b)
	}
	if !e.created.IsZero() && !known.created.IsZero() && !e.created.Equal(known.created) {
		return e.created.Compare(known.created)
	}
	if e.version != "" && e.version == known.version {
		return 0
	}
	return 1
}

// inSendersOrder puts versions of one item into their sender's order, whatever
// the files are called and however they came: each takes a place that one of
// them had.
func inSendersOrder(pieces []*Piece) {
	places := map[string][]int{}
	for i, p := range pieces {
		if p.Item != nil {
			places[p.Item.URI] = append(places[p.Item.URI], i)
		}
	}
	for _, at := range places {
		if len(at) == 1 {
			continue
		}
		versions := make([]*Piece, len(at))
		for i, place := range at {
			versions[i] = pieces[place]
		}
		slices.SortStableFunc(versions, byEdition)
		for i, place := range at {
			pieces[place] = versions[i]
		}
	}
}

// byEdition orders what the senders numbered or dated; the rest stays as it is.
// A kill without either comes last: it is no version to go back behind.
func byEdition(a, b *Piece) int {
	va, errA := strconv.ParseInt(a.edition.version, 10, 64)
	vb, errB := strconv.ParseInt(b.edition.version, 10, 64)
	switch {
	case errA == nil && errB == nil && va != vb:
		return cmp.Compare(va, vb)
	case !a.edition.created.IsZero() && !b.edition.created.IsZero() && !a.edition.created.Equal(b.edition.created):
		return a.edition.created.Compare(b.edition.created)
	}
	return cmp.Compare(rank(a.Item.PubStatus), rank(b.Item.PubStatus))
}

func rank(s news.PubStatus) int { return map[news.PubStatus]int{news.Withheld: 1, news.Canceled: 2}[s] }
