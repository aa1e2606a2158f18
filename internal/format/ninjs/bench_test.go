package ninjs

import (
	"bytes"
	"testing"

	"jisr/internal/format/benchtest"
)

func BenchmarkRead(b *testing.B) {
	data := benchtest.Ninjs()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Read(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

func BenchmarkWrite(b *testing.B) {
	data := benchtest.Ninjs()
	it, _, err := Read(data)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		out, err := Write(it)
		if err != nil {
			b.Fatal(err)
		}
		if !bytes.Equal(out[:1], data[:1]) {
			b.Fatal("no JSON")
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
}

func BenchmarkValidate(b *testing.B) {
	data := benchtest.Ninjs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if p := Validate(data); len(p) > 0 {
			b.Fatal(p)
		}
	}
}
