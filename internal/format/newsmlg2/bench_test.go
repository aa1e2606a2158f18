package newsmlg2_test

import (
	"testing"

	"jisr/internal/format/benchtest"
	"jisr/internal/format/newsmlg2"
)

// BenchmarkRead prints documents a second and their ratio to encoding/xml
// unmarshalling the same bytes into a struct.
func BenchmarkRead(b *testing.B) {
	doc := benchtest.NewsMLG2()
	baseline, err := benchtest.Rate(doc, benchtest.UnmarshalXML)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := newsmlg2.Read(doc); err != nil {
			b.Fatal(err)
		}
	}
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "docs/s")
	b.ReportMetric(rate/baseline, "ratio-to-xml.Unmarshal")
}
