package web_test

import (
	"fmt"
	"io"
	"testing"

	"jisr/internal/news"
	"jisr/internal/newsroom"
	"jisr/internal/people"
)

// BenchmarkWire is a page of 50 lines over HTTP, sign-in checked, from SQLite.
func BenchmarkWire(b *testing.B) {
	h := open(b, organisation)
	h.hire("reader", "Reader", "ar", people.Reader)
	for i := range 60 {
		h.issue(newsroom.Issue{Act: news.Publish, Item: &news.Item{Language: "en", Headlines: []news.Words{{Value: fmt.Sprintf("Headline number %d about the river", i)}},
			Descriptions: []news.Words{{Value: "A sentence that says what the story is about, long enough to fill a line of the list."}}}})
	}
	c := h.client("reader")
	b.ReportAllocs()
	for b.Loop() {
		res := must(c.Get(h.url + "/wire"))(b)
		n := must(io.Copy(io.Discard, res.Body))(b)
		res.Body.Close()
		b.SetBytes(n)
	}
}
