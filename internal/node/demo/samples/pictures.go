package samples

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"sync"

	"jisr/internal/news"
)

// Every drawing has this size, in pixels.
const (
	pictureWidth  = 1200
	pictureHeight = 800
)

// picture is a drawing as a file. Its bytes are the same in every run of one
// build; they are made when first asked for, so that loading stays quick.
type picture struct {
	name, contentType string
	bytes             func() []byte
	digest            func() string
}

// drawing says how a picture is drawn. Flat colours are smaller as PNG, soft
// gradients as JPEG.
type drawing struct {
	draw   func(canvas)
	encode func(image.Image) []byte
	ext    string
}

func gallery() map[string]drawing {
	return map[string]drawing{
		"weathermap": {drawWeatherMap, encodeJPEG, "jpg"},
		"eclipse":    {drawEclipse, encodeJPEG, "jpg"},
		"girih":      {drawGirih, encodePNG, "png"},
		"snow":       {drawSnow, encodeJPEG, "jpg"},
		"skyline":    {drawSkyline, encodeJPEG, "jpg"},
		"chart":      {drawChart, encodePNG, "png"},
	}
}

func drawOnce(drawings map[string]drawing) map[string]picture {
	out := map[string]picture{}
	for name, d := range drawings {
		p := picture{name: name + "." + d.ext, contentType: "image/jpeg"}
		if d.ext == "png" {
			p.contentType = "image/png"
		}
		p.bytes = sync.OnceValue(func() []byte {
			c := newCanvas()
			d.draw(c)
			return d.encode(c)
		})
		p.digest = sync.OnceValue(func() string {
			sum := sha256.Sum256(p.bytes())
			return "sha256:" + hex.EncodeToString(sum[:])
		})
		out[name] = p
	}
	return out
}

func (p picture) media() Media {
	return Media{Name: p.name, ContentType: p.contentType, Digest: p.digest(), Bytes: p.bytes}
}

func (p picture) rendition(title string) news.Rendition {
	return news.Rendition{
		Name: "main", Title: title, ContentType: p.contentType, OriginalFilename: p.name,
		Width: pictureWidth, Height: pictureHeight, SizeInBytes: int64(len(p.bytes())), Digest: p.digest(),
	}
}

func encodeJPEG(m image.Image) []byte {
	var b bytes.Buffer
	must(jpeg.Encode(&b, m, &jpeg.Options{Quality: 88}))
	return b.Bytes()
}

func encodePNG(m image.Image) []byte {
	var b bytes.Buffer
	must(png.Encode(&b, m))
	return b.Bytes()
}

// must panics on an error of an encoder that writes to memory: it cannot fail
// for a picture of our size.
func must(err error) {
	if err != nil {
		panic(fmt.Sprintf("samples: encode: %v", err))
	}
}
