package newsmlg2_test

import (
	"flag"
	"testing"

	"jisr/internal/format/goldentest"
	"jisr/internal/format/newsmlg2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestFilesReadAsTheirGoldenFilesSay keeps what each agency dialect becomes: the
// items, the losses and the refusals.
func TestFilesReadAsTheirGoldenFilesSay(t *testing.T) {
	detect := func(head []byte) bool { return newsmlg2.Detect(head[:min(len(head), 1024)]) }
	goldentest.Format{Pattern: "testdata/*.xml", Fewest: 15, Detect: detect, Read: newsmlg2.Read}.Check(t, *update)
}
