package collect

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"
	"time"
)

// entry is a file as a source lists it.
type entry struct {
	name     string // path with slashes
	size     int64  // bytes; 0 also where the server does not say
	modified time.Time
	// coarse is set where the time looks like one of a server that tells whole
	// minutes: a file that is written anew within one looks as it did.
	coarse bool
}

func (e entry) same(o entry) bool {
	return e.name == o.name && e.size == o.size && e.modified.Equal(o.modified)
}

// mark stands for an entry. Eight bytes of a digest: a sender who makes two of
// its own files fall together loses one of them, nobody else does.
type mark [8]byte

func (e entry) mark() mark {
	h := sha256.New()
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(e.size))
	binary.BigEndian.PutUint64(n[8:], uint64(e.modified.UnixNano()))
	h.Write(n[:])
	h.Write([]byte(e.name))
	return mark(h.Sum(nil)[:8])
}

// marks is a set that packs well: a thousand of them are 11 KB of JSON.
type marks map[mark]bool

// MarshalJSON implements json.Marshaler.
func (m marks) MarshalJSON() ([]byte, error) {
	all := make([]mark, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b mark) int { return bytes.Compare(a[:], b[:]) })
	packed := make([]byte, 0, 8*len(all))
	for _, k := range all {
		packed = append(packed, k[:]...)
	}
	return json.Marshal(packed)
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *marks) UnmarshalJSON(b []byte) error {
	var packed []byte
	if err := json.Unmarshal(b, &packed); err != nil {
		return err
	}
	*m = marks{}
	for len(packed) >= 8 {
		(*m)[mark(packed[:8])] = true
		packed = packed[8:]
	}
	return nil
}

// seen is what is remembered of the files of a source. It is about files that
// still lie there and forgets all others, so that it is never larger than a list.
type seen struct {
	Taken marks           `json:"taken,omitempty"` // kept here
	Told  marks           `json:"told,omitempty"`  // reported as files that cannot be fetched
	Tried marks           `json:"tried,omitempty"` // failed, or empty, at the last look
	Later map[int64]marks `json:"later,omitempty"` // taken, and something is to be done about it at that second since 1970
}

func readSeen(state json.RawMessage) *seen {
	s := &seen{}
	if json.Unmarshal(state, s) != nil {
		*s = seen{} // what is taken again has its key already
	}
	for _, m := range []*marks{&s.Taken, &s.Told, &s.Tried} {
		if *m == nil {
			*m = marks{}
		}
	}
	if s.Later == nil {
		s.Later = map[int64]marks{}
	}
	return s
}

// forget drops what is not among the entries.
func (s *seen) forget(entries []entry) {
	there := make(marks, len(entries))
	for _, e := range entries {
		there[e.mark()] = true
	}
	for _, m := range []marks{s.Taken, s.Told, s.Tried} {
		prune(m, there)
	}
	for minute, m := range s.Later {
		if prune(m, there); len(m) == 0 {
			delete(s.Later, minute)
		}
	}
}

func prune(m, there marks) {
	for k := range m {
		if !there[k] {
			delete(m, k)
		}
	}
}

// laterStep is how exactly it is remembered when something is to be done.
const laterStep = 5 * time.Second

// later notes that something is to be done about a file that was taken.
func (s *seen) later(k mark, at time.Time) {
	second := at.Truncate(laterStep).Add(laterStep).Unix()
	if s.Later[second] == nil {
		s.Later[second] = marks{}
	}
	s.Later[second][k] = true
}

// due reports whether something was to be done about a file, and whether it is
// time; then it forgets that.
func (s *seen) due(k mark, now time.Time) (noted, due bool) {
	for second, m := range s.Later {
		if m[k] {
			if due = now.Unix() >= second; due {
				delete(m, k)
			}
			return true, due
		}
	}
	return false, true
}

func (s *seen) state() json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil { // sets of bytes always marshal
		panic(err)
	}
	return b
}
