package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decoders of what is sniffed
	"image/jpeg"
	_ "image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/bep/imagemeta"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"jisr/internal/blob"
	"jisr/internal/format/picture"
	"jisr/internal/news"
)

const (
	// maxPixels bounds what a picture unfolds to: 80 million are 320 MB as RGBA.
	// The largest sensors of news cameras have 61 million.
	maxPixels = 80_000_000
	// maxSide keeps out a picture that is one pixel high and as wide as a bomb.
	maxSide = 65_500

	thumbnailSide = 320
	previewSide   = 1600
	quality       = 82 // of JPEGs that are made
)

var blobAny = blob.Expect{}

// decoded are the types that are decoded in this process. Others (HEIC, AVIF)
// are left to ffmpeg, if it can.
var decoded = map[string]string{"image/jpeg": "jpeg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "image/tiff": "tiff"}

// picture makes a thumbnail and a preview of a picture.
func (w *work) picture(ctx context.Context) error {
	want, ok := decoded[w.file.Type]
	if !ok {
		return w.foreignPicture(ctx)
	}
	f, _, err := w.s.blobs.Open(w.file.Digest)
	if err != nil {
		return err
	}
	defer f.Close()
	config, format, err := image.DecodeConfig(f)
	if err != nil || format != want {
		return &unusable{Damaged, fmt.Errorf("read dimensions of %s: %w", want, err)}
	}
	turn := orientation(f, want)
	w.file.Width, w.file.Height = turned(config.Width, config.Height, turn)
	if !bearable(config.Width, config.Height) {
		return &unusable{TooManyDots, nil}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	img, _, err := image.Decode(&stoppable{ctx, f})
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &unusable{Damaged, err}
	}
	// The dimensions of the head are what was allowed; a decoder that finds others
	// has read something else.
	if b := img.Bounds(); !bearable(b.Dx(), b.Dy()) {
		return &unusable{TooManyDots, nil}
	}
	return w.scaled(ctx, img, turn)
}

// bearable reports whether a picture of the dimensions is decoded.
func bearable(width, height int) bool {
	return width > 0 && height > 0 && width <= maxSide && height <= maxSide && int64(width)*int64(height) <= maxPixels
}

// scaled makes the renditions of a decoded picture.
func (w *work) scaled(ctx context.Context, img image.Image, turn int) error {
	preview := upright(shrink(img, previewSide), turn)
	if err := w.keepJPEG(ctx, Preview, preview); err != nil {
		return err
	}
	return w.keepJPEG(ctx, Thumbnail, shrink(preview, thumbnailSide))
}

// shrink returns the picture no larger than side, on white where it is
// transparent: JPEG has no transparency.
func shrink(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	width, height := b.Dx(), b.Dy()
	if longest := max(width, height); longest > side {
		width, height = max(1, width*side/longest), max(1, height*side/longest)
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if width == b.Dx() && height == b.Dy() {
		draw.Draw(out, out.Bounds(), img, b.Min, draw.Over)
		return out
	}
	draw.CatmullRom.Scale(out, out.Bounds(), img, b, draw.Over, nil)
	return out
}

func (w *work) keepJPEG(ctx context.Context, role Role, img *image.RGBA) error {
	path := filepath.Join(w.dir, string(role)+".jpg")
	f, err := os.Create(path)
	if err != nil {
		return full(err)
	}
	if err := errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: quality}), f.Close()); err != nil {
		return full(err)
	}
	return w.keep(ctx, Rendition{Role: role, Type: "image/jpeg", Width: img.Rect.Dx(), Height: img.Rect.Dy()}, path)
}

// orientation returns how a picture is to be turned (EXIF 3.0 "Orientation", 1
// to 8), 1 if it does not say or says it wrongly.
func orientation(r io.ReadSeeker, format string) int {
	formats := map[string]imagemeta.ImageFormat{"jpeg": imagemeta.JPEG, "tiff": imagemeta.TIFF, "png": imagemeta.PNG, "webp": imagemeta.WebP}
	kind, ok := formats[format]
	if _, err := r.Seek(0, io.SeekStart); err != nil || !ok {
		return 1
	}
	found := 1
	_, err := imagemeta.Decode(imagemeta.Options{R: r, ImageFormat: kind, Sources: imagemeta.EXIF,
		ShouldHandleTag: func(t imagemeta.TagInfo) bool { return t.Tag == "Orientation" },
		HandleTag: func(t imagemeta.TagInfo) error {
			if n, ok := t.Value.(uint16); ok && t.Namespace == "IFD0" && n >= 1 && n <= 8 {
				found = int(n)
			}
			return nil
		}})
	if err != nil {
		return 1 // damaged metadata turns no picture
	}
	return found
}

// turned returns the dimensions of a picture once it stands upright.
func turned(width, height, turn int) (int, int) {
	if turn >= 5 {
		return height, width
	}
	return width, height
}

// upright turns and mirrors a picture as its orientation says.
func upright(img *image.RGBA, turn int) *image.RGBA {
	if turn <= 1 {
		return img
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	nw, nh := turned(w, h, turn)
	out := image.NewRGBA(image.Rect(0, 0, nw, nh))
	for y := range h {
		for x := range w {
			nx, ny := x, y
			switch turn {
			case 2:
				nx = w - 1 - x
			case 3:
				nx, ny = w-1-x, h-1-y
			case 4:
				ny = h - 1 - y
			case 5:
				nx, ny = y, x
			case 6:
				nx, ny = h-1-y, x
			case 7:
				nx, ny = h-1-y, w-1-x
			case 8:
				nx, ny = y, w-1-x
			}
			out.SetRGBA(nx, ny, img.RGBAAt(x, y))
		}
	}
	return out
}

// stoppable reads until its context ends: a decoder takes no context.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

func (s *stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// Embedded returns what a picture's maker wrote into it (EXIF, IPTC-IIM, XMP) as
// an item, and what of it cannot be shown. It fails with Invalid for what is no
// picture that holds such words.
func (s *Service) Embedded(ctx context.Context, digest string) (*news.Item, error) {
	f, size, err := s.blobs.Open(digest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > picture.MaxSize {
		return nil, news.Errorf(news.TooLarge, "digest", "the picture has %d bytes, more than the %d whose words are read", size, picture.MaxSize)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(&stoppable{ctx, f}); err != nil {
		return nil, fmt.Errorf("read media: %w", err)
	}
	it, _, err := picture.Read(b.Bytes())
	return it, err
}
