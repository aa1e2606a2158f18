package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"jisr/internal/format"
	"jisr/internal/news"
)

type convertCmd struct {
	Files  []string `arg:"" name:"file" help:"Files of any known format; - is the standard input." type:"path"`
	To     string   `help:"The format to write: ninjs, ninjs-1.4, newsml-g2, nitf, html or text." enum:"ninjs,ninjs-1.4,newsml-g2,nitf,html,text" xor:"work" required:"" placeholder:"FORMAT"`
	Check  bool     `help:"Write nothing: say what the files hold, a line of JSON each, and whether they are valid." xor:"work" required:""`
	As     string   `help:"With --check: the version of the format whose rules count, such as 1.3, whatever the files declare." placeholder:"VERSION"`
	Output string   `help:"Folder to write to, a file for each item, and the files that came in mail; by default one item goes to the standard output." short:"o" type:"path" placeholder:"DIR"`
	Lossy  bool     `help:"Do not mind what the new format cannot hold."`
}

// conversion is what became of a file, as --json prints it.
type conversion struct {
	File          string          `json:"file"`
	Format        string          `json:"format,omitempty"`
	FormatVersion string          `json:"format_version,omitempty"`
	Written       []convertedItem `json:"written"`
	Losses        []string        `json:"losses"` // first those of reading
	Apart         []string        `json:"only_jisr_reads,omitempty"`
	Error         string          `json:"error,omitempty"`

	onReading int // losses of reading
}

// convertedItem is an item that was written.
type convertedItem struct {
	URI  string `json:"uri"`
	File string `json:"file,omitempty"` // none on the standard output
}

func (c *convertCmd) Run(a *app) error {
	switch {
	case c.As != "" && !c.Check:
		return news.Errorf(news.Invalid, "as", "--as goes with --check: a conversion reads every version")
	case c.Check:
		return c.check(a)
	case c.Output == "" && len(c.Files) > 1:
		return news.Errorf(news.Invalid, "output", "only one file can go to the standard output: name a folder with -o")
	case c.Output != "":
		if err := os.MkdirAll(c.Output, 0o755); err != nil {
			return news.Errorf(news.Invalid, "output", "there is no folder %s, and it cannot be made: name another with -o", c.Output).Because(err)
		}
	}
	failed := &partly{total: len(c.Files)}
	lost := 0
	names := fileNames{dir: c.Output, inputs: c.Files, taken: map[string]int{}}
	for _, file := range c.Files {
		if err := a.ctx.Err(); err != nil {
			return err
		}
		done := &conversion{File: file, Written: []convertedItem{}, Losses: []string{}}
		if err := c.convert(a, done, names); err != nil {
			var words []string
			for _, e := range eachError(err) {
				words = append(words, sentence(e))
			}
			done.Error = strings.Join(words, "; ")
			failed.failed++
			if failed.first == nil {
				failed.first = err
			}
		}
		lost += len(done.Losses)
		done.print(a)
	}
	switch {
	case failed.failed > 0:
		return failed
	case lost > 0 && !c.Lossy:
		return unproven{news.Errorf(news.Invalid, "", "%s not carried as sent; --lossy accepts that", counted(lost))}
	}
	return nil
}

// convert writes the items of a file. A good item is written though another of its
// file was refused.
func (c *convertCmd) convert(a *app, done *conversion, names fileNames) error {
	data, err := a.readInput(done.File)
	if err != nil {
		return err
	}
	res, refused := format.Read(data, filepath.Base(done.File))
	done.Format, done.FormatVersion = res.Format, res.Version
	for _, l := range res.Losses {
		done.Losses = append(done.Losses, l.String())
	}
	done.onReading = len(done.Losses)
	if c.Output == "" && len(res.Items) > 1 {
		return news.Errorf(news.Invalid, "output", "the file has %d items, and only one can go to the standard output: name a folder with -o", len(res.Items))
	}
	for _, it := range res.Items {
		if err := c.write(a, done, it, names); err != nil {
			return errors.Join(err, refused)
		}
	}
	for _, f := range res.Attachments {
		switch {
		case c.Output != "":
			path := filepath.Join(c.Output, strings.TrimPrefix(f.Digest, "sha256:"))
			if err := a.create(path, 0o644, copying(f.Bytes)); err != nil {
				return err
			}
		case !bytes.Equal(f.Bytes, data): // a picture lies where it was
			done.Losses = append(done.Losses, fmt.Sprintf("%s: the file stays behind; -o writes it beside the item", f.Name))
		}
	}
	return refused
}

func (c *convertCmd) write(a *app, done *conversion, it *news.Item, names fileNames) error {
	w, err := format.Write(it, c.To)
	if err != nil {
		return err
	}
	path := "-"
	if c.Output != "" {
		if path, err = names.next(done.File, w.Ext); err != nil {
			return err
		}
	}
	if err := a.create(path, 0o644, copying(w.Data)); err != nil {
		return err
	}
	for _, l := range w.Losses {
		done.Losses = append(done.Losses, l.String())
	}
	for _, l := range w.Apart {
		done.Apart = append(done.Apart, l.String())
	}
	done.Written = append(done.Written, convertedItem{URI: it.URI, File: strings.TrimPrefix(path, "-")})
	return nil
}

// print reports on the standard error, because the standard output may be the
// item.
func (d *conversion) print(a *app) {
	if a.JSON {
		b, _ := json.Marshal(d) // strings always marshal
		fmt.Fprintf(a.err, "%s\n", b)
		return
	}
	say := func(what string) { fmt.Fprintf(a.err, "%s: %s\n", printable(d.File), printable(what)) }
	if d.Format != "" {
		say(strings.TrimSpace(d.Format + " " + d.FormatVersion))
	}
	for _, l := range d.Losses[:d.onReading] {
		say("on reading: " + l)
	}
	for _, l := range d.Losses[d.onReading:] {
		say("not carried: " + l)
	}
	for _, l := range d.Apart {
		say("only Jisr reads: " + l)
	}
	if d.Error != "" {
		say("failed: " + d.Error)
	}
}

// fileNames gives converted files their names.
type fileNames struct {
	dir    string
	inputs []string
	taken  map[string]int
}

// next names the next item of a file: story.json, story-2.json. No name is that
// of a file that is being converted, for what was lost would then be lost for good.
func (n fileNames) next(input, ext string) (string, error) {
	base := filepath.Base(input)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	if input == "-" {
		stem = "item"
	}
	name := stem + ext
	for n.taken[name] > 0 {
		n.taken[stem]++
		name = fmt.Sprintf("%s-%d%s", stem, n.taken[stem]+1, ext)
	}
	n.taken[name]++
	path := filepath.Join(n.dir, name)
	there, err := os.Stat(path)
	if err != nil {
		return path, nil // it is new; what else is wrong shows when it is written
	}
	for _, in := range n.inputs {
		if info, err := os.Stat(in); err == nil && os.SameFile(info, there) {
			return "", news.Errorf(news.Invalid, "output", "%s would be overwritten by its own conversion: choose another folder", path)
		}
	}
	return path, nil
}

// maxInput is the largest file that is read, in bytes; a picture may be so large.
const maxInput = 256 << 20

// readInput reads a file of a size that some format allows, or the standard input.
func (a *app) readInput(file string) ([]byte, error) {
	if file == "-" {
		data, err := io.ReadAll(io.LimitReader(a.in, maxInput+1))
		if len(data) > maxInput {
			return nil, news.Errorf(news.TooLarge, "", "the standard input has more than the %d bytes that any format allows", maxInput)
		}
		return data, err
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, news.Errorf(news.NotFound, "", "there is no %s", file).Because(err)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, news.Errorf(news.Invalid, "", "%s is not a file: name the files themselves", file)
	case info.Size() > maxInput:
		return nil, news.Errorf(news.TooLarge, "", "%s has %d bytes, more than the %d that any format allows", file, info.Size(), maxInput)
	}
	return os.ReadFile(file)
}

// counted says how many things were lost.
func counted(n int) string {
	if n == 1 {
		return "1 thing was"
	}
	return fmt.Sprintf("%d things were", n)
}

func copying(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}
