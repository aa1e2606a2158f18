package samples

import (
	"image"
	"math"
)

// colour has components from 0 to 1; a is the opacity.
type colour struct{ r, g, b, a float64 }

// rgb reads 0xRRGGBB as an opaque colour.
func rgb(c uint32) colour {
	return colour{float64(c>>16&255) / 255, float64(c>>8&255) / 255, float64(c&255) / 255, 1}
}

func (c colour) fade(opacity float64) colour { c.a *= opacity; return c }

// mix goes from c at 0 to d at 1.
func (c colour) mix(d colour, t float64) colour {
	t = clamp(t)
	return colour{c.r + (d.r-c.r)*t, c.g + (d.g-c.g)*t, c.b + (d.b-c.b)*t, c.a + (d.a-c.a)*t}
}

// paint says what colour a point has.
type paint func(x, y float64) colour

func (c colour) paint(_, _ float64) colour { return c }

// shape is a signed distance field: how far, in pixels, a point lies outside of
// the shape; negative inside. The half pixel around zero gives smooth edges
// without oversampling. Beyond bounds there is nothing to draw.
type shape struct {
	bounds   image.Rectangle
	distance func(x, y float64) float64
}

// canvas is a picture in the making.
type canvas struct{ *image.RGBA }

func newCanvas() canvas {
	return canvas{image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))}
}

// cover paints the whole picture.
func (c canvas) cover(p paint) {
	c.fill(shape{c.Rect, func(_, _ float64) float64 { return -1 }}, p)
}

// fill paints the inside of the shape over what is there.
func (c canvas) fill(s shape, p paint) {
	r := s.bounds.Intersect(c.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			px, py := float64(x)+0.5, float64(y)+0.5
			if inside := clamp(0.5 - s.distance(px, py)); inside > 0 {
				c.blend(x, y, p(px, py).fade(inside))
			}
		}
	}
}

func (c canvas) blend(x, y int, over colour) {
	i := c.PixOffset(x, y)
	for k, v := range [3]float64{over.r, over.g, over.b} {
		under := float64(c.Pix[i+k])
		c.Pix[i+k] = uint8(under + (clamp(v)*255-under)*clamp(over.a) + 0.5)
	}
	c.Pix[i+3] = 255
}

func around(x0, y0, x1, y1, margin float64) image.Rectangle {
	return image.Rect(int(math.Floor(min(x0, x1)-margin))-1, int(math.Floor(min(y0, y1)-margin))-1,
		int(math.Ceil(max(x0, x1)+margin))+1, int(math.Ceil(max(y0, y1)+margin))+1)
}

func disc(cx, cy, radius float64) shape {
	return shape{around(cx, cy, cx, cy, radius), func(x, y float64) float64 {
		return math.Hypot(x-cx, y-cy) - radius
	}}
}

func ring(cx, cy, radius, width float64) shape {
	return shape{around(cx, cy, cx, cy, radius+width), func(x, y float64) float64 {
		return math.Abs(math.Hypot(x-cx, y-cy)-radius) - width/2
	}}
}

// line has round ends.
func line(x0, y0, x1, y1, width float64) shape {
	dx, dy := x1-x0, y1-y0
	length := max(dx*dx+dy*dy, 1e-9)
	return shape{around(x0, y0, x1, y1, width), func(x, y float64) float64 {
		t := clamp(((x-x0)*dx + (y-y0)*dy) / length)
		return math.Hypot(x-x0-t*dx, y-y0-t*dy) - width/2
	}}
}

func box(x0, y0, x1, y1 float64) shape {
	cx, cy, hw, hh := (x0+x1)/2, (y0+y1)/2, math.Abs(x1-x0)/2, math.Abs(y1-y0)/2
	return shape{around(x0, y0, x1, y1, 0), func(x, y float64) float64 {
		return max(math.Abs(x-cx)-hw, math.Abs(y-cy)-hh)
	}}
}

// convex is a convex polygon whose corners go clockwise on the screen, as pairs
// of x and y.
func convex(corners ...float64) shape {
	n := len(corners) / 2
	bounds := image.Rectangle{}
	for i := range n {
		bounds = bounds.Union(around(corners[2*i], corners[2*i+1], corners[2*i], corners[2*i+1], 0))
	}
	return shape{bounds, func(x, y float64) float64 {
		d := math.Inf(-1)
		for i := range n {
			j := (i + 1) % n
			x0, y0, x1, y1 := corners[2*i], corners[2*i+1], corners[2*j], corners[2*j+1]
			d = max(d, ((y1-y0)*(x-x0)-(x1-x0)*(y-y0))/math.Hypot(x1-x0, y1-y0))
		}
		return d
	}}
}

// curve is a height for every column of the picture, computed once.
type curve [pictureWidth]float64

func newCurve(height func(x float64) float64) *curve {
	c := &curve{}
	for i := range c {
		c[i] = height(float64(i) + 0.5)
	}
	return c
}

func (c *curve) at(x float64) float64 { return c[min(max(int(x), 0), pictureWidth-1)] }

// below is everything under the curve.
func below(c *curve) shape {
	return shape{image.Rect(0, 0, pictureWidth, pictureHeight), func(x, y float64) float64 { return c.at(x) - y }}
}

func clamp(v float64) float64 { return min(max(v, 0), 1) }

// smooth goes from 0 at low to 1 at high, gently.
func smooth(low, high, v float64) float64 {
	t := clamp((v - low) / (high - low))
	return t * t * (3 - 2*t)
}

// noise is a smooth random landscape between 0 and 1 with hills about one unit
// wide; the seed chooses it.
func noise(x, y float64, seed uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := uint32(int32(fx)), uint32(int32(fy))
	tx, ty := smooth(0, 1, x-fx), smooth(0, 1, y-fy)
	top := lattice(ix, iy, seed)*(1-tx) + lattice(ix+1, iy, seed)*tx
	bottom := lattice(ix, iy+1, seed)*(1-tx) + lattice(ix+1, iy+1, seed)*tx
	return top*(1-ty) + bottom*ty
}

// rough adds finer noise to noise, halving its weight with each octave.
func rough(x, y float64, octaves int, seed uint32) float64 {
	sum, weight, total := 0.0, 1.0, 0.0
	for i := range octaves {
		sum += weight * noise(x, y, seed+uint32(i))
		total += weight
		x, y, weight = x*2, y*2, weight/2
	}
	return sum / total
}

// lattice mixes its arguments into a number from 0 to 1.
func lattice(x, y, seed uint32) float64 {
	h := x*0x9e3779b1 ^ y*0x85ebca77 ^ seed*0xc2b2ae3d
	h = (h ^ h>>15) * 0x2c1b3c6d
	h = (h ^ h>>12) * 0x297a2d39
	return float64(h^h>>15) / (1 << 32)
}
