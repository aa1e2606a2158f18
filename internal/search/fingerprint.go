package search

import (
	"math/bits"

	"jisr/internal/news"
)

// fingerprint tells whether two items are the same story: exactly, or nearly
// (Moses Charikar's simhash over our terms: texts that differ little differ in
// few of its 64 bits). It depends on the item and on analysisVersion alone.
type fingerprint struct {
	words int    // of the text that was looked at; 0: there is none, and nothing is like it
	kin   uint32 // of type and language: only items of one kin are compared
	near  uint64 // simhash; of a short text, and of what is no text, the same as exact
	exact uint64 // digest of all its words in order, stop words and endings included
}

const (
	// nearWords is how many terms a text needs for its simhash to mean anything:
	// of fewer, a single word turns many bits.
	nearWords = 30
	// nearBits is how many of the 64 bits may differ (Manku, Jain, Das Sarma:
	// Detecting Near-Duplicates for Web Crawling, 2007).
	nearBits = 3
)

// distance returns in how many bits the texts differ; ok is whether they are
// similar enough to be linked.
func (f fingerprint) distance(g fingerprint) (n int, ok bool) {
	n = bits.OnesCount64(f.near ^ g.near)
	switch {
	case f.words == 0 || g.words == 0 || f.kin != g.kin:
		return n, false
	case f.short() || g.short():
		return n, f.exact == g.exact && f.words == g.words
	}
	// Of similar length: the shorter has four fifths of the longer at least.
	return n, n <= nearBits && 5*min(f.words, g.words) >= 4*max(f.words, g.words)
}

func (f fingerprint) short() bool { return f.near == f.exact }

// sketch makes the fingerprint of an item while its texts are analysed. The zero
// value is ready; nil takes nothing.
type sketch struct {
	planes [24]uint64 // how often each bit was set, as 64 counters that lie across
	terms  int
	words  int
	exact  uint64
}

// take adds a word. Each occurrence counts, so that the simhash is weighted by
// the counts of terms.
func (p *sketch) take(t *term) {
	if p == nil {
		return
	}
	p.words++
	p.exact = mix(bits.RotateLeft64(p.exact, 23) ^ t.word)
	if t.text == "" {
		return
	}
	p.terms++
	carry := t.hash
	for i := range p.planes {
		p.planes[i], carry = p.planes[i]^carry, p.planes[i]&carry
		if carry == 0 {
			return
		}
	}
}

// simhash has the bits that more than half of the terms have.
func (p *sketch) simhash() uint64 {
	var h uint64
	for bit := range 64 {
		n := 0
		for i := range p.planes {
			n |= int(p.planes[i]>>bit&1) << i
		}
		if 2*n > p.terms {
			h |= 1 << bit
		}
	}
	return h
}

// fingerprintOf makes the fingerprint from the sketches of an item's headlines and
// of its other texts. A long text is judged by itself, for houses change the
// headline; a short one together with its headline, for "More soon." says
// nothing. What is no text is the same only if its media are.
func fingerprintOf(it *news.Item, typ news.Type, language string, head, body *sketch) fingerprint {
	f := fingerprint{words: body.words, exact: body.exact, kin: uint32(hashOf(string(typ) + "/" + language))}
	long := typ == news.Text && body.terms >= nearWords
	if long {
		f.near = body.simhash()
		if f.near == f.exact {
			f.exact++ // short is told by their being the same
		}
		return f
	}
	f.words += head.words
	f.exact = mix(bits.RotateLeft64(head.exact, 31) ^ f.exact)
	if typ != news.Text {
		media := len(it.Renditions) > 0
		for i := range it.Renditions {
			r := &it.Renditions[i]
			file := r.Digest
			if file == "" {
				file = r.Href
			}
			media = media && file != ""
			f.exact = mix(bits.RotateLeft64(f.exact, 23) ^ hashOf(file))
		}
		if !media {
			return fingerprint{}
		}
	}
	f.near = f.exact
	return f
}

// hashOf is FNV-1a with 64 bits and the finishing steps of MurmurHash3, without
// which short words would share their upper bits.
func hashOf(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
