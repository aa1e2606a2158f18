// Package subtitle reads and writes the words under a video, WebVTT and SubRip
// (SRT), and ties them to the video's item.
//
// The invariant: a cue keeps its words, its order and its direction. Text from
// right to left is stored as it is spoken; the marks that set its direction stay.
// What a player cannot show (a cue that ends before it begins, one without time)
// is a loss, and the others are kept.
//
// The specifications: WebVTT (https://www.w3.org/TR/webvtt1/). SRT has none; the
// files of thirty years have one shape.
package subtitle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"jisr/internal/format/charset"
	"jisr/internal/format/loss"
	"jisr/internal/news"
)

// Limits on one file.
const (
	MaxSize = 4 << 20 // bytes
	MaxCues = 20_000

	maxText   = 8 << 10 // bytes of a cue
	maxTime   = 100 * time.Hour
	maxLosses = 100
)

// MediaType is what WebVTT is served as. SRT has no registered type; browsers
// play WebVTT only.
const MediaType = "text/vtt"

// Track is a file of subtitles.
type Track struct {
	Format   string // webvtt or srt
	Language string // BCP 47, if the file says; WebVTT seldom does
	Kind     string // subtitles, captions, descriptions …, if the file says
	Notes    []string
	Style    string // CSS of a WebVTT file, kept as it is
	Regions  []string
	Cues     []Cue
}

// Cue is one text and when it is shown.
type Cue struct {
	ID         string
	Start, End time.Duration // from the start of the video
	Settings   string        // WebVTT: position, line, align …
	Text       string        // lines and the tags of WebVTT
}

// Detect returns webvtt or srt for the first bytes of a file, or "".
func Detect(head []byte) string {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if rest, found := bytes.CutPrefix(head, []byte("WEBVTT")); found && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0) {
		return "webvtt"
	}
	number, rest, _ := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	times, _, _ := bytes.Cut(rest, []byte("\n"))
	if _, err := strconv.Atoi(strings.TrimSpace(string(number))); err != nil {
		return ""
	}
	if _, _, _, ok := timing(string(times)); ok {
		return "srt"
	}
	return ""
}

// Read returns the cues of a file.
func Read(data []byte) (*Track, []loss.Loss, error) {
	if len(data) > MaxSize {
		return nil, nil, news.Errorf(news.TooLarge, "", "the subtitles have %d bytes, more than the %d allowed", len(data), MaxSize)
	}
	r := &reader{track: &Track{}}
	text, decision := charset.Text(data, "")
	for _, note := range decision.Notes {
		r.lose("charset", "%s", note)
	}
	s := strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\r", "\n")
	s = strings.TrimPrefix(s, "\ufeff")
	if r.track.Format = Detect([]byte(s)); r.track.Format == "" {
		return nil, nil, news.Errorf(news.Invalid, "", "the file is no WebVTT and no SRT: the first begins with WEBVTT, the second with a number and a line of two times")
	}
	if err := r.blocks(s); err != nil {
		return nil, nil, err
	}
	if len(r.track.Cues) == 0 {
		return nil, nil, news.Errorf(news.Invalid, "", "the file holds no words that can be shown")
	}
	return r.track, r.losses, nil
}

type reader struct {
	track  *Track
	losses []loss.Loss
	line   int // of the current block, from 1
}

func (r *reader) lose(path, format string, args ...any) {
	if len(r.losses) < maxLosses {
		r.losses = append(r.losses, loss.Loss{Path: path, Reason: fmt.Sprintf(format, args...)})
	}
}

// blocks reads what empty lines part.
func (r *reader) blocks(s string) error {
	var block []string
	n := 0
	for line := range strings.Lines(s + "\n\n") {
		n++
		line = strings.TrimSuffix(line, "\n")
		if strings.TrimSpace(line) != "" {
			if len(block) == 0 {
				r.line = n
			}
			block = append(block, line)
			continue
		}
		if len(block) > 0 {
			if err := r.block(block); err != nil {
				return err
			}
			block = nil
		}
	}
	return nil
}

func (r *reader) block(lines []string) error {
	first := lines[0]
	if r.track.Format == "webvtt" {
		switch {
		case r.line == 1 && strings.HasPrefix(first, "WEBVTT"):
			r.header(lines)
			return nil
		case first == "NOTE" || strings.HasPrefix(first, "NOTE ") || strings.HasPrefix(first, "NOTE\t"):
			if len(r.track.Notes) < 100 {
				r.track.Notes = append(r.track.Notes, strings.TrimSpace(strings.TrimPrefix(strings.Join(lines, "\n"), "NOTE")))
			}
			return nil
		case strings.TrimSpace(first) == "STYLE":
			r.track.Style += strings.Join(lines[1:], "\n") + "\n"
			return nil
		case strings.TrimSpace(first) == "REGION":
			if len(r.track.Regions) < 100 {
				r.track.Regions = append(r.track.Regions, strings.Join(lines[1:], "\n"))
			}
			return nil
		}
	}
	return r.cue(lines)
}

// header reads what may stand beside WEBVTT and below it.
func (r *reader) header(lines []string) {
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(l, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "language":
			r.track.Language = value
		case "kind":
			r.track.Kind = value
		default:
			r.lose("line "+strconv.Itoa(r.line), "%q of the header is not kept", l)
		}
	}
}

func (r *reader) cue(lines []string) error {
	at := "line " + strconv.Itoa(r.line)
	var c Cue
	i := 0
	start, end, settings, ok := timing(lines[0])
	if !ok && len(lines) > 1 {
		c.ID, i = strings.TrimSpace(lines[0]), 1
		start, end, settings, ok = timing(lines[1])
	}
	if !ok {
		r.lose(at, "no times: %q was left out", short(strings.Join(lines, " ")))
		return nil
	}
	c.Start, c.End, c.Settings = start, end, settings
	c.Text = strings.TrimSpace(strings.Join(lines[i+1:], "\n"))
	if r.track.Format == "srt" {
		c.ID, c.Settings = "", "" // numbers that change with every edit; coordinates of one old player
		c.Text = r.fromSRT(c.Text)
	}
	switch {
	case c.Text == "":
		return nil
	case c.End <= c.Start:
		r.lose(at, "ends before it begins: %q was left out", short(c.Text))
		return nil
	case len(c.Text) > maxText:
		return news.Errorf(news.TooLarge, at, "one text has %d bytes, more than the %d allowed", len(c.Text), maxText)
	case len(r.track.Cues) >= MaxCues:
		return news.Errorf(news.TooLarge, at, "more than the %d texts allowed", MaxCues)
	}
	r.track.Cues = append(r.track.Cues, c)
	return nil
}

// timing reads a line of two times and settings.
func timing(s string) (start, end time.Duration, settings string, ok bool) {
	from, rest, found := strings.Cut(s, "-->")
	if !found {
		return 0, 0, "", false
	}
	to, settings, _ := strings.Cut(strings.TrimSpace(rest), " ")
	start, ok1 := moment(strings.TrimSpace(from))
	end, ok2 := moment(to)
	return start, end, strings.TrimSpace(settings), ok1 && ok2
}

// moment reads HH:MM:SS.mmm or MM:SS.mmm, with the comma of SRT as well.
func moment(s string) (time.Duration, bool) {
	whole, fraction, found := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	parts := strings.Split(whole, ":")
	if len(parts) < 2 || len(parts) > 3 || found && (len(fraction) == 0 || len(fraction) > 3) {
		return 0, false
	}
	var total time.Duration
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || i > 0 && n > 59 {
			return 0, false
		}
		total = total*60 + time.Duration(n)*time.Second
	}
	if found {
		n, err := strconv.ParseUint((fraction + "00")[:3], 10, 16)
		if err != nil {
			return 0, false
		}
		total += time.Duration(n) * time.Millisecond
	}
	return total, total <= maxTime
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// digestOf returns the digest by which bytes are stored, and a URI for them
// (RFC 6920).
func digestOf(data []byte) (digest, uri string) {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]), "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(sum[:])
}
