package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	input = "/dev/fd/3" // the file, under no name that it could point beside

	maxStreams   = 64
	previewLines = 540
	// previewLasts is how much of a long recording the preview holds, so that the
	// work ends.
	previewLasts = 10 * time.Minute

	waveWidth, waveHeight = 1200, 120 // pixels
)

// Bounds of the programs. The address space is large because ffmpeg reserves far
// more than it uses.
var (
	probing    = bounds{wall: 30 * time.Second, cpu: 20, output: 1 << 20, memory: 2 << 30}
	onePicture = bounds{wall: 60 * time.Second, cpu: 60, output: 64 << 20, memory: 3 << 30}
	encoding   = bounds{wall: 3 * time.Minute, cpu: 300, output: 1 << 30, memory: 4 << 30}
)

// demuxing are the arguments before every input: only this format, only this
// file, no network, no playlist that names others.
func (k Kind) demuxing() []string {
	return []string{"-hide_banner", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", k.demux}
}

// playable finds out what is in a recording and makes its renditions.
func (w *work) playable(ctx context.Context) error {
	if !w.s.CanPlay() {
		return &unusable{NoFFmpeg, nil}
	}
	if err := w.probe(ctx); err != nil {
		return err
	}
	picture, sound := w.stream("video"), w.stream("audio")
	if picture == nil && sound == nil {
		return &unusable{Undecodable, errors.New("neither video nor sound is in it")}
	}
	// Each rendition fails for itself: a poster is of use without a preview.
	var first error
	for _, make := range []struct {
		wanted bool
		do     func(context.Context) error
	}{{picture != nil, w.poster}, {sound != nil, w.waveform}, {true, w.preview}} {
		if !make.wanted {
			continue
		}
		err := make.do(ctx)
		var bad *unusable
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if err != nil && first == nil {
			first = err
		}
	}
	if len(w.file.Renditions) > 0 && first != nil {
		var bad *unusable
		errors.As(first, &bad)
		w.say(bad.notice)
		return nil
	}
	return first
}

func (w *work) stream(kind string) *Stream {
	for i := range w.file.Streams {
		if w.file.Streams[i].Kind == kind {
			return &w.file.Streams[i]
		}
	}
	return nil
}

// probed is what ffprobe prints.
type probed struct {
	Format struct {
		Duration string `json:"duration"`
	} `json:"format"`
	Streams []struct {
		Type        string            `json:"codec_type"`
		Codec       string            `json:"codec_name"`
		Width       int               `json:"width"`
		Height      int               `json:"height"`
		FrameRate   string            `json:"avg_frame_rate"`
		Channels    int               `json:"channels"`
		SampleRate  string            `json:"sample_rate"`
		Duration    string            `json:"duration"`
		Tags        map[string]string `json:"tags"`
		Disposition map[string]int    `json:"disposition"`
		SideData    []struct {
			Rotation float64 `json:"rotation"`
		} `json:"side_data_list"`
	} `json:"streams"`
}

// probe reads what streams the file has.
func (w *work) probe(ctx context.Context) error {
	args := append(w.kind.demuxing(), "-print_format", "json", "-show_format", "-show_streams", input)
	args = args[2:] // ffprobe has no -nostdin, and shows no banner without one
	args[0], args[1] = "-v", "error"
	out, err := w.run(ctx, probing, w.s.ffprobe, args...)
	if err != nil {
		return err
	}
	var p probed
	if err := json.Unmarshal(out, &p); err != nil {
		return &unusable{Damaged, fmt.Errorf("ffprobe: %w", err)}
	}
	w.file.Duration = seconds(p.Format.Duration)
	for i, s := range p.Streams[:min(len(p.Streams), maxStreams)] {
		if s.Disposition["attached_pic"] == 1 {
			continue // a record's cover is no video
		}
		width, height := s.Width, s.Height
		if len(s.SideData) > 0 && int(s.SideData[0].Rotation)%180 != 0 {
			width, height = height, width
		}
		if s.Type == "video" && w.file.Width == 0 {
			w.file.Width, w.file.Height = width, height
		}
		rate, _ := strconv.Atoi(s.SampleRate)
		w.file.Streams = append(w.file.Streams, Stream{Kind: word(s.Type), Codec: word(s.Codec), Width: s.Width, Height: s.Height,
			FrameRate: ratio(s.FrameRate), Channels: s.Channels, SampleRate: rate, Language: word(s.Tags["language"])})
		if w.file.Duration == 0 {
			w.file.Duration = seconds(p.Streams[i].Duration)
		}
	}
	// Some files are called video and hold sound alone.
	if w.kind.Class == Video && w.stream("video") == nil && w.stream("audio") != nil && w.file.Type == "video/mp4" {
		w.file.Type = "audio/mp4"
	}
	if !bearable(max(w.file.Width, 1), max(w.file.Height, 1)) {
		return &unusable{TooManyDots, nil}
	}
	return nil
}

// word keeps a name from a file short and plain.
func word(s string) string {
	s = plainName(s)
	if len(s) > 40 {
		return ""
	}
	return s
}

func seconds(s string) time.Duration {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 0 || f > 1e7 {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}

// ratio reads ffprobe's "30000/1001".
func ratio(s string) float64 {
	over, under, _ := strings.Cut(s, "/")
	a, err := strconv.ParseFloat(over, 64)
	b, err2 := strconv.ParseFloat(under, 64)
	if err != nil || err2 != nil || b == 0 || a/b > 10_000 {
		return 0
	}
	return float64(int(a/b*1000+0.5)) / 1000
}

// encode runs ffmpeg on the file and keeps what it writes.
func (w *work) encode(ctx context.Context, b bounds, r Rendition, name string, before []string, args ...string) (string, error) {
	path := filepath.Join(w.dir, name)
	all := append(append(w.kind.demuxing(), before...), "-i", input)
	// Nothing that a file says of itself, a place or a name, goes into what is
	// made of it.
	all = append(append(all, args...), "-map_metadata", "-1", "-map_chapters", "-1", "-y", path)
	if _, err := w.run(ctx, b, w.s.ffmpeg, all...); err != nil {
		return "", err
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return "", &unusable{Damaged, fmt.Errorf("ffmpeg made no %s", r.Role)}
	}
	return path, nil
}

// poster takes a picture from a tenth of the video, at most ten seconds in: the
// first frame is often black.
func (w *work) poster(ctx context.Context) error {
	at := min(w.file.Duration/10, 10*time.Second)
	path, err := w.encode(ctx, onePicture, Rendition{Role: Poster}, "poster.png", []string{"-ss", fmt.Sprintf("%.3f", at.Seconds())},
		"-map", "0:v:0", "-frames:v", "1", "-vf", fmt.Sprintf("scale='min(%d,iw)':-2", previewSide), "-threads", "1")
	if err != nil {
		return err
	}
	img, err := readPicture(path)
	if err != nil {
		return &unusable{Damaged, err}
	}
	poster := shrink(img, previewSide)
	if err := w.keepJPEG(ctx, Poster, poster); err != nil {
		return err
	}
	return w.keepJPEG(ctx, Thumbnail, shrink(poster, thumbnailSide))
}

// readPicture reads a picture that ffmpeg made.
func readPicture(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	config, _, err := image.DecodeConfig(f)
	if err != nil || !bearable(config.Width, config.Height) {
		return nil, fmt.Errorf("the picture made cannot be read: %w", err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(f)
	return img, err
}

// waveform draws the sound.
func (w *work) waveform(ctx context.Context) error {
	r := Rendition{Role: Waveform, Type: "image/png", Width: waveWidth, Height: waveHeight}
	path, err := w.encode(ctx, encoding, r, "waveform.png", nil, "-filter_complex",
		fmt.Sprintf("[0:a:0]aformat=channel_layouts=mono,showwavespic=s=%dx%d:colors=0x808080", waveWidth, waveHeight), "-frames:v", "1", "-threads", "1")
	if err != nil {
		return err
	}
	return w.keep(ctx, r, path)
}

// preview makes a small recording that every browser plays.
func (w *work) preview(ctx context.Context) error {
	long := []string{"-t", strconv.Itoa(int(previewLasts.Seconds()))}
	if w.file.Duration > previewLasts {
		w.say(PreviewShort)
	}
	sound := []string{"-map", "0:a:0?", "-c:a", "aac", "-ac", "2", "-b:a", "96k", "-movflags", "+faststart", "-threads", "1", "-sn", "-dn"}
	if w.stream("video") == nil {
		r := Rendition{Role: Preview, Type: "audio/mp4"}
		path, err := w.encode(ctx, encoding, r, "preview.m4a", long, append(sound, "-vn")...)
		if err != nil {
			return err
		}
		return w.keep(ctx, r, path)
	}
	r := Rendition{Role: Preview, Type: "video/mp4"}
	picture := []string{"-map", "0:v:0", "-c:v", "libx264", "-preset", "veryfast", "-crf", "28", "-pix_fmt", "yuv420p",
		"-vf", fmt.Sprintf("scale=-2:'min(%d,trunc(ih/2)*2)',fps=fps='min(30,source_fps)'", previewLines)}
	path, err := w.encode(ctx, encoding, r, "preview.mp4", long, append(picture, sound...)...)
	if err != nil {
		return err
	}
	r.Width, r.Height = previewSize(w.file.Width, w.file.Height)
	return w.keep(ctx, r, path)
}

// previewSize returns the dimensions that ffmpeg's scale=-2:540 comes to.
func previewSize(width, height int) (int, int) {
	if width == 0 || height == 0 {
		return 0, 0
	}
	lines := min(previewLines, height/2*2)
	return max(2, (width*lines/height+1)/2*2), lines
}

// foreignPicture has ffmpeg decode a picture of a form that is not decoded here.
func (w *work) foreignPicture(ctx context.Context) error {
	if !w.s.CanPlay() {
		return &unusable{NoFFmpeg, nil}
	}
	w.kind.demux = "mov" // HEIF and AVIF are ISO base media files
	path, err := w.encode(ctx, onePicture, Rendition{Role: Preview}, "picture.png", nil, "-map", "0:v:0", "-frames:v", "1", "-threads", "1")
	var bad *unusable
	if errors.As(err, &bad) && bad.notice == Damaged {
		return &unusable{Undecodable, err} // older versions of ffmpeg know fewer of them
	}
	if err != nil {
		return err
	}
	img, err := readPicture(path)
	if err != nil {
		return &unusable{Undecodable, err}
	}
	w.file.Width, w.file.Height = img.Bounds().Dx(), img.Bounds().Dy()
	return w.scaled(ctx, img, 1)
}
