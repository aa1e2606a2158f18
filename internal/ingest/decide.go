package ingest

import (
	"slices"
	"strings"

	"jisr/internal/news"
	"jisr/internal/newsroom"
)

// known is what this house has issued of an item.
type known struct {
	exists  bool
	version int
	status  news.Status
	edition edition
	content string // digest of the newest content
	ours    bool   // written here, not taken from anyone
}

// knownOf returns what the head says; nil of an item that was never issued.
func knownOf(h *newsroom.Head) *known {
	if h == nil {
		return &known{}
	}
	k := &known{exists: true, version: h.Version, status: h.Status, edition: markedIn(h.Item), content: h.Content}
	if k.edition.digest == "" {
		k.ours = true
		k.edition = edition{version: h.Item.Version, created: h.Item.VersionCreated}
	}
	return k
}

// after notes that the acts were performed with the item's edition.
func (k *known) after(acts []news.Act, e edition, content string) {
	for _, act := range acts {
		k.exists, k.status = true, act.After()
		k.version++
		if act != news.Hold && act != news.Kill && act != news.Release {
			// The others keep the content, and its sender's version, that was there.
			k.edition, k.content, k.ours = e, content, false
		}
	}
}

// decide says which acts the item calls for, or why none. content is the digest
// of the item as it was read.
func decide(k *known, it *news.Item, e edition, content string) (acts []news.Act, why string, err error) {
	if !k.exists {
		switch it.PubStatus {
		case news.Canceled:
			return nil, "its sender killed it before it was issued here", nil
		case news.Withheld:
			return nil, "its sender withholds it and it was never issued here", nil
		}
		return []news.Act{news.Publish}, "", nil
	}
	order := e.compare(k.edition)
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
	case it.PubStatus == news.Withheld && k.status == news.StatusUsable && e.digest != k.edition.digest:
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
