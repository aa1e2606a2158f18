package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"jisr/internal/news"
)

func TestEveryCommandIsDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	parser, err := kong.New(&grammar{}, kong.Name("jisr"), kong.Vars{"kinds": kinds()}, kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range parser.Model.Leaves(true) {
		full := leaf.FullPath()
		if short := strings.TrimPrefix(full, "jisr "); !strings.Contains(doc, "`"+full) && !strings.Contains(doc, "`"+short) {
			t.Errorf("docs/commands.md does not say what %s does", full)
		}
		if leaf.Help == "" {
			t.Errorf("%s has no help", full)
		}
		for _, f := range leaf.Flags {
			if f.Help == "" {
				t.Errorf("%s --%s has no help", full, f.Name)
			}
		}
	}
}

func TestEachKindOfErrorHasAnExitCodeOfItsOwn(t *testing.T) {
	for kind, want := range map[news.Kind]int{news.Invalid: exitInvalid, news.TooLarge: exitInvalid, news.NotFound: exitNotFound,
		news.Conflict: exitConflict, news.Forbidden: exitForbidden, news.Unavailable: exitUnavailable, "": exitInternal} {
		if got := codeOf(&partly{1, 2, news.Errorf(kind, "", "x")}); got != want {
			t.Errorf("%q ends with %d, want %d", kind, got, want)
		}
	}
	if got := codeOf(unproven{news.Errorf(news.Invalid, "", "x")}); got != exitUnproven {
		t.Errorf("what does not hold ends with %d", got)
	}
}
