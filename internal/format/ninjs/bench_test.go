package ninjs

import (
	"bytes"
	"testing"
)

// benchItem is an item of 3 KB, as the exchange carries them.
func benchItem(b *testing.B) []byte {
	it := mustRead(b, testFile(b, "text_ar_3.0.json"))
	sentence := "\nوقال خبير الأرصاد سامي نور إن المنخفض سيستمر حتى مساء الثلاثاء."
	for {
		data := mustWrite(b, it)
		if len(data) >= 3000 {
			return data
		}
		it.Bodies[0].Value += sentence
	}
}

func BenchmarkRead(b *testing.B) {
	data := benchItem(b)
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
	data := benchItem(b)
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
	data := benchItem(b)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if p := Validate(data); len(p) > 0 {
			b.Fatal(p)
		}
	}
}
