package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/mmcdole/gofeed"

	"jisr/internal/format"
	"jisr/internal/format/benchtest"
)

// formats measures how many documents a second one core reads, beside what a
// library alone makes of the same bytes.
func formats(_ context.Context, _ *env) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	read := func(items int) func([]byte) error {
		return func(doc []byte) error {
			res, err := format.Read(doc, "")
			if err == nil && len(res.Items) != items {
				err = fmt.Errorf("%d items, not %d", len(res.Items), items)
			}
			return err
		}
	}
	parseFeed := func(doc []byte) error {
		_, err := gofeed.NewParser().ParseString(string(doc))
		return err
	}
	for _, m := range []struct {
		name     string
		doc      []byte
		items    int
		library  func([]byte) error
		baseline string
	}{
		{"read-newsml-g2-20k", benchtest.NewsMLG2(), 1, benchtest.UnmarshalXML, "encoding/xml"},
		{"read-ninjs-3k", benchtest.Ninjs(), 1, benchtest.UnmarshalJSON, "encoding/json"},
		{"read-feed-50", benchtest.RSS(), 50, parseFeed, "gofeed"},
	} {
		base, err := benchtest.Rate(m.doc, m.library)
		if err != nil {
			return err
		}
		rate, err := benchtest.Rate(m.doc, read(m.items))
		if err != nil {
			return err
		}
		report(m.name, rate, "documents/s/core", base, m.baseline)
	}
	return nil
}
