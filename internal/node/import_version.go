package node

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/ninjs"
	"jisr/internal/ledger"
	"jisr/internal/news"
)

// source is which of its sender's versions an item is. What this house issues
// counts its own versions, so the sender's travels along as alternative ids.
type source struct {
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

// sourceOf returns which version the item of a file is. An item that a Jisr node
// exported says so itself.
func sourceOf(it *news.Item) (source, error) {
	if s := markedIn(it); s.digest != "" {
		return s, nil
	}
	digest, err := digestOf(it)
	return source{it.Version, it.VersionCreated, digest}, err
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
func (s source) mark(it *news.Item) {
	ids := slices.DeleteFunc(slices.Clone(it.AltIDs), func(id news.AltID) bool {
		return id.Role == sourceVersion || id.Role == sourceCreated || id.Role == sourceDigest
	})
	if s.version != "" {
		ids = append(ids, news.AltID{Role: sourceVersion, Value: s.version})
	}
	if !s.created.IsZero() {
		ids = append(ids, news.AltID{Role: sourceCreated, Value: s.created.Format(time.RFC3339Nano)})
	}
	it.AltIDs = append(ids, news.AltID{Role: sourceDigest, Value: s.digest})
}

// markedIn is the inverse of mark; the zero source for an item without marks.
func markedIn(it *news.Item) source {
	var s source
	for _, id := range it.AltIDs {
		switch id.Role {
		case sourceVersion:
			s.version = id.Value
		case sourceCreated:
			s.created, _ = time.Parse(time.RFC3339Nano, id.Value) // zero, and so unknown, if somebody else wrote it
		case sourceDigest:
			s.digest = id.Value
		}
	}
	return s
}

// compare orders two versions of one sender. Those that nothing tells apart,
// but that differ, count as newer: it is better to issue once too often than to
// lose a correction.
func (s source) compare(known source) int {
	if s.digest == known.digest {
		return 0
	}
	a, errA := strconv.ParseInt(s.version, 10, 64)
	b, errB := strconv.ParseInt(known.version, 10, 64)
	if errA == nil && errB == nil && a != b {
		return cmp.Compare(a, b)
	}
	if !s.created.IsZero() && !known.created.IsZero() && !s.created.Equal(known.created) {
		return s.created.Compare(known.created)
	}
	if s.version != "" && s.version == known.version {
		return 0
	}
	return 1
}

// known is what this house has issued of an item.
type known struct {
	exists  bool
	version int
	status  news.Status
	source  source
	content string // digest of the newest content
}

// decide says which acts the file calls for, or why none. content is the digest
// of the item as it was read.
func decide(k *known, it *news.Item, s source, content string) (acts []news.Act, why string, err error) {
	if !k.exists {
		switch it.PubStatus {
		case news.Canceled:
			return nil, "its sender killed it before it was issued here", nil
		case news.Withheld:
			return nil, "its sender withholds it and it was never issued here", nil
		}
		return []news.Act{news.Publish}, "", nil
	}
	order := s.compare(k.source)
	switch {
	case content == k.content:
		return nil, "this version was issued", nil
	case order < 0:
		return nil, "a newer version was issued", nil
	case it.PubStatus == news.Canceled && k.status == news.StatusKilled:
		return nil, "it was killed already", nil
	case it.PubStatus == news.Canceled:
		return []news.Act{news.Kill}, "", nil
	case it.PubStatus == news.Withheld && k.status == news.StatusHeld:
		return nil, "it is on hold already", nil
	case it.PubStatus == news.Withheld && k.status == news.StatusUsable && s.digest != k.source.digest:
		return []news.Act{news.Hold}, "", nil
	case order == 0:
		return nil, "this version was issued", nil
	case k.status == news.StatusKilled:
		return nil, "", news.Errorf(news.Conflict, "pubStatus", "the item was killed: if it is to be used again, say why with jisr item refile")
	}
	next := news.Update
	if signals(it, "correction") {
		next = news.Correction
	}
	if k.status == news.StatusHeld {
		return []news.Act{news.Release, next}, "", nil
	}
	return []news.Act{next}, "", nil
}

// signals reports whether the sender gave the item the signal, one of IPTC's
// vocabulary http://cv.iptc.org/newscodes/signal/.
func signals(it *news.Item, code string) bool {
	return slices.ContainsFunc(it.Signals, func(c news.Concept) bool {
		return strings.HasSuffix(c.URI, "/signal/"+code) || c.Literal == "sig:"+code || c.Literal == code
	})
}

// maxReason is the longest reason that is taken from a file, in bytes.
const maxReason = 2000

// reasonFor is what receivers are told: the sender's note to editors, if there
// is one.
func reasonFor(act news.Act, it *news.Item) string {
	if !act.NeedsReason() {
		return ""
	}
	if note := strings.TrimSpace(it.EdNote); note != "" {
		return strings.ToValidUTF8(note[:min(len(note), maxReason)], "")
	}
	return map[news.Act]string{
		news.Correction: "corrected by its sender",
		news.Hold:       "withheld by its sender",
		news.Release:    "released by its sender",
		news.Kill:       "killed by its sender",
	}[act]
}

// sort puts versions of one item into their sender's order, whatever the files
// are called: each takes a place that one of them had.
func (im *importer) sort() {
	places := map[string][]int{}
	for i, p := range im.pieces {
		if p.item != nil {
			places[p.item.URI] = append(places[p.item.URI], i)
		}
	}
	for _, at := range places {
		if len(at) == 1 {
			continue
		}
		versions := make([]*piece, len(at))
		for i, place := range at {
			versions[i] = im.pieces[place]
		}
		slices.SortStableFunc(versions, byVersion)
		for i, place := range at {
			im.pieces[place] = versions[i]
		}
	}
}

// byVersion orders what the senders numbered or dated; the rest stays as it is.
// A kill without either comes last: it is no version to go back behind.
func byVersion(a, b *piece) int {
	va, errA := strconv.ParseInt(a.source.version, 10, 64)
	vb, errB := strconv.ParseInt(b.source.version, 10, 64)
	switch {
	case errA == nil && errB == nil && va != vb:
		return cmp.Compare(va, vb)
	case !a.source.created.IsZero() && !b.source.created.IsZero() && !a.source.created.Equal(b.source.created):
		return a.source.created.Compare(b.source.created)
	}
	return cmp.Compare(rank(a.item.PubStatus), rank(b.item.PubStatus))
}

func rank(s news.PubStatus) int { return map[news.PubStatus]int{news.Withheld: 1, news.Canceled: 2}[s] }

// year is the year of tag: URIs that are made now.
func (n *Node) year() int { return time.Now().UTC().Year() }
