package samples

import (
	"image"
	"math"
)

// drawSkyline is a made-up town by a river at dusk.
func drawSkyline(c canvas) {
	const water = 560
	const sunX, sunY = 820.0, 470.0
	c.cover(func(x, y float64) colour {
		sky := rgb(0x1c2450).mix(rgb(0x8a4f86), y/300).mix(rgb(0xff9e64), (y-220)/340)
		cloud := smooth(0.52, 0.75, rough(x/260, y/46, 5, 15))
		sky = sky.mix(rgb(0xffc9a3), cloud*0.45*smooth(80, 420, y))
		glow := math.Exp(-math.Hypot(x-sunX, y-sunY) / 190)
		return sky.mix(rgb(0xffe3a8), glow*0.8)
	})
	c.fill(disc(sunX, sunY, 62), rgb(0xfff1cf).paint)
	rows := []struct {
		wall, light   uint32
		low, high     float64
		narrow, broad float64
		lit           float64
		seed          uint32
	}{
		{0x7a4a78, 0xffd9a0, 90, 250, 46, 96, 0.06, 41},
		{0x49305f, 0xffd28a, 70, 290, 54, 110, 0.22, 42},
		{0x1d1838, 0xffcf73, 40, 200, 70, 140, 0.34, 43},
	}
	for _, r := range rows {
		x := -20.0
		for i := uint32(0); x < pictureWidth; i++ {
			w := r.narrow + (r.broad-r.narrow)*lattice(i, 1, r.seed)
			h := r.low + (r.high-r.low)*math.Pow(lattice(i, 2, r.seed), 1.7)
			drawHouse(c, x, water-h, x+w, water, rgb(r.wall), rgb(r.light), r.lit, r.seed*100+i)
			x += w + 2
		}
	}
	drawReflection(c, water)
}

// drawHouse draws a block with a roof of one of four kinds and its windows.
func drawHouse(c canvas, x0, y0, x1, y1 float64, wall, light colour, lit float64, seed uint32) {
	mid, width := (x0+x1)/2, x1-x0
	roof := wall.mix(rgb(0), 0.12)
	switch kind := lattice(1, 1, seed); {
	case kind < 0.22: // dome
		c.fill(disc(mid, y0, width*0.32), roof.paint)
		c.fill(line(mid, y0-width*0.32, mid, y0-width*0.55, 3), roof.paint)
	case kind < 0.42: // spire
		c.fill(convex(mid, y0-width*1.1, mid+width*0.22, y0, mid-width*0.22, y0), roof.paint)
	case kind < 0.66: // gable
		c.fill(convex(mid, y0-width*0.32, x1, y0, x0, y0), roof.paint)
	case kind < 0.82: // terrace
		c.fill(box(x0+width*0.2, y0-16, x1-width*0.2, y0), roof.paint)
	}
	c.fill(box(x0, y0, x1, y1), func(_, y float64) colour { return wall.mix(rgb(0), (y-y0)/900) })
	for wy := y0 + 14; wy < y1-16; wy += 22 {
		for wx := x0 + 10; wx < x1-14; wx += 17 {
			l := lattice(uint32(wx-x0), uint32(wy-y0), seed)
			if l < lit {
				c.fill(box(wx, wy, wx+8, wy+11), light.fade(0.5+1.4*l).paint)
			}
		}
	}
}

// drawReflection mirrors what stands above the water line, broken by ripples.
func drawReflection(c canvas, water int) {
	above := image.NewRGBA(c.Rect)
	copy(above.Pix, c.Pix)
	for y := water; y < pictureHeight; y++ {
		depth := float64(y - water)
		for x := range pictureWidth {
			fx := float64(x)
			ripple := (noise(fx/70, depth/(4+depth/26), 51) - 0.5) * (6 + depth/7)
			sx := min(max(x+int(ripple*0.8), 0), pictureWidth-1)
			sy := min(max(water-1-int(depth*1.25+ripple), 0), water-1)
			i := above.PixOffset(sx, sy)
			seen := colour{float64(above.Pix[i]) / 255, float64(above.Pix[i+1]) / 255, float64(above.Pix[i+2]) / 255, 1}
			c.blend(x, y, seen.mix(rgb(0x16173a), 0.30+depth/520))
		}
	}
	c.fill(line(0, float64(water), pictureWidth, float64(water), 4), rgb(0x120f28).paint)
}
