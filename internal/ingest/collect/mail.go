package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/mail"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-message/charset"

	"jisr/internal/fetch"
	"jisr/internal/ingest"
	"jisr/internal/news"
)

const (
	maxLetters = 500 // that one look takes; the next one goes on
	atOnce     = 50  // that are looked at, and let go of, together
	maxTries   = 5   // at a message that the server does not give
)

// mailboxes collects from mailboxes over IMAP. A file is a message as it was
// received.
type mailboxes struct {
	allow ingest.Allow
	max   int64 // bytes of a message
}

// mailState is what is remembered of a mailbox. UIDs mean something only as long
// as the validity stays the same (RFC 9051 §2.3.1.1).
type mailState struct {
	Validity uint32         `json:"validity"`
	Last     uint32         `json:"last"`            // UID of the last message that was looked at
	Again    map[uint32]int `json:"again,omitempty"` // before it, but could not be fetched: how often
	Letting  []uint32       `json:"letting,omitempty"`
}

// Collect implements ingest.Collector.
func (c *mailboxes) Collect(ctx context.Context, v ingest.Visit) (ingest.Visited, error) {
	m, selected, err := openMailbox(ctx, v.Source, c.allow)
	if err != nil {
		return ingest.Visited{State: v.State}, err
	}
	defer m.close()
	st := &mailState{}
	if json.Unmarshal(v.State, st) != nil || st.Validity != selected.UIDValidity {
		// All is new, but what was kept has its key already.
		st = &mailState{Validity: selected.UIDValidity}
	}
	if st.Again == nil {
		st.Again = map[uint32]int{}
	}
	l := &mailLook{mailbox: m, visit: v, st: st, max: c.max}
	err = l.collect(ctx)
	state, jerr := json.Marshal(st)
	if jerr != nil { // numbers always marshal
		panic(jerr)
	}
	return ingest.Visited{State: state}, err
}

// mailLook is one visit to a mailbox.
type mailLook struct {
	*mailbox
	visit ingest.Visit
	st    *mailState
	max   int64
	taken int
	count int   // of messages that could not be fetched
	first error // why
}

func (l *mailLook) collect(ctx context.Context) error {
	if err := l.letGo(ctx); err != nil {
		return err
	}
	uids, err := l.next(ctx)
	if err != nil {
		return err
	}
	// What could not be fetched before comes last: it may be what kills the
	// connection.
	again := slices.Sorted(maps.Keys(l.st.Again))
	parts := slices.AppendSeq(slices.Collect(slices.Chunk(uids, atOnce)), slices.Chunk(again, atOnce))
	for _, part := range parts {
		if deadline, ok := ctx.Deadline(); ok && l.taken > 0 && time.Until(deadline) < spare {
			break // the next look goes on
		}
		if err := l.some(ctx, part); err != nil {
			return err
		}
	}
	if l.count > 0 {
		return news.Errorf(news.Unavailable, "", "%d messages could not be fetched: %s", l.count, plain(l.first))
	}
	return nil
}

// next returns the messages to take now, oldest first. Of a mailbox that is seen
// for the first time and whose messages stay, the newest have to do: it may hold
// those of many years.
func (l *mailLook) next(ctx context.Context) ([]uint32, error) {
	ranges, err := l.since(ctx, l.st.Last)
	if err != nil {
		return nil, err
	}
	newest := l.st.Last == 0 && l.visit.Source.After == ingest.Leave
	var uids []uint32
	if newest {
		slices.Reverse(ranges)
	}
	for _, r := range ranges { // a range may span all numbers there are
		lo, hi := max(uint32(r.Start), l.st.Last+1), uint32(r.Stop)
		for n := uint32(0); lo <= hi && n <= hi-lo && len(uids) < maxLetters; n++ {
			if newest {
				uids = append(uids, hi-n)
			} else {
				uids = append(uids, lo+n)
			}
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// some takes some messages and has the mailbox let go of them.
func (l *mailLook) some(ctx context.Context, uids []uint32) error {
	letters, err := l.glance(ctx, uids)
	if err != nil {
		return err
	}
	slices.SortFunc(letters, func(a, b letter) int { return int(int64(a.uid) - int64(b.uid)) })
	for _, m := range letters {
		if !slices.Contains(uids, m.uid) {
			continue
		}
		if err := l.one(ctx, m); err != nil {
			return errors.Join(err, l.letGo(context.WithoutCancel(ctx)))
		}
	}
	for _, uid := range uids {
		if !slices.ContainsFunc(letters, func(m letter) bool { return m.uid == uid }) {
			delete(l.st.Again, uid) // it was deleted meanwhile
		}
	}
	l.st.Last = max(l.st.Last, slices.Max(uids))
	return l.letGo(ctx)
}

// one takes a message. It fails if nothing more can be fetched.
func (l *mailLook) one(ctx context.Context, m letter) error {
	if m.size > l.max {
		return l.refuse(ctx, m, tooLarge(m.size, l.max))
	}
	data, err := l.fetch(ctx, m.uid, l.max)
	var answer *imap.Error
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return err
	case news.KindOf(err) == news.NotFound:
		l.passed(m.uid)
		return nil
	case news.KindOf(err) == news.TooLarge:
		return errors.Join(l.refuse(ctx, m, err), err)
	default:
		l.count++
		if l.first == nil {
			l.first = err
		}
		if l.st.Again[m.uid]++; l.st.Again[m.uid] >= maxTries {
			if kerr := l.refuse(ctx, m, err); kerr != nil {
				return kerr
			}
		}
		if !errors.As(err, &answer) { // the connection is of no use any more
			l.st.Last = max(l.st.Last, m.uid)
			return err
		}
		return nil
	}
	sum := sha256.Sum256(data)
	name := fmt.Sprintf("%d.eml", m.uid)
	if err := l.visit.Keep(ctx, ingest.File{Key: "mail " + hex.EncodeToString(sum[:]), Name: name, Data: data}); err != nil {
		return err
	}
	l.passed(m.uid)
	l.taken++
	if l.visit.Source.After != ingest.Leave {
		l.st.Letting = append(l.st.Letting, m.uid)
	}
	return nil
}

// passed notes that there is nothing more to do about a message.
func (l *mailLook) passed(uid uint32) {
	delete(l.st.Again, uid)
	l.st.Last = max(l.st.Last, uid)
}

// refuse reports a message that is not fetched, so that people can find it. It
// stays in the mailbox.
func (l *mailLook) refuse(ctx context.Context, m letter, why error) error {
	sum := sha256.Sum256(m.header)
	f := ingest.File{
		Key:  fmt.Sprintf("unread %d %s", m.size, hex.EncodeToString(sum[:])),
		Name: fmt.Sprintf("%d.eml", m.uid),
		Err:  news.Errorf(news.KindOf(why), "", "%s: %s; it is still in the mailbox", describe(m.header), plain(why)),
	}
	if err := l.visit.Keep(ctx, f); err != nil {
		return err
	}
	l.passed(m.uid)
	return nil
}

// describe names a message for people by its subject and sender.
func describe(header []byte) string {
	h := mail.Header{}
	if msg, err := mail.ReadMessage(bytes.NewReader(append(bytes.TrimRight(header, "\r\n"), "\r\n\r\n"...))); err == nil {
		h = msg.Header
	}
	words := &mime.WordDecoder{CharsetReader: charset.Reader}
	field := func(name string) string {
		s, err := words.DecodeHeader(h.Get(name))
		if err != nil {
			s = h.Get(name)
		}
		return fetch.Said(s)
	}
	return fmt.Sprintf("the message %q of %s", field("Subject"), field("From"))
}

// letGo has the mailbox delete or move what is kept. What fails is tried again
// at the next look.
func (l *mailLook) letGo(ctx context.Context) error {
	for len(l.st.Letting) > 0 {
		part := l.st.Letting[:min(len(l.st.Letting), atOnce)]
		var err error
		switch l.visit.Source.After {
		case ingest.Delete:
			err = l.remove(ctx, part)
		case ingest.Move:
			a, perr := parseMailAddress(l.visit.Source.Address)
			if perr != nil {
				return perr
			}
			err = l.move(ctx, a.box, part)
		}
		if err != nil {
			return fmt.Errorf("what was taken stays in the mailbox: %w", err)
		}
		l.st.Letting = l.st.Letting[len(part):]
	}
	l.st.Letting = nil
	return nil
}
