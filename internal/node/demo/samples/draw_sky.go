package samples

import "math"

// drawEclipse explains an eclipse: Sun, Moon, Earth and the two shadows, not to
// scale.
func drawEclipse(c canvas) {
	const (
		axis           = 400.0
		sunX, sunR     = 40.0, 190.0
		moonX, moonR   = 720.0, 46.0
		earthX, earthR = 1010.0, 128.0
	)
	c.cover(func(x, y float64) colour {
		return rgb(0x070b1c).mix(rgb(0x1a2247), rough(x/500, y/350, 4, 7)*0.9)
	})
	drawStars(c, 420, pictureHeight, 11)
	c.fill(disc(sunX, axis, sunR*2.6), func(x, y float64) colour {
		d := math.Hypot(x-sunX, y-axis) / sunR
		return rgb(0xffb347).fade(0.75 * math.Pow(clamp((2.6-d)/1.6), 3))
	})
	// Tangents from one edge of the Sun past the same edge of the Moon bound the
	// umbra, those from the other edge the penumbra.
	const (
		umbra    = moonR - (sunR-moonR)/(moonX-sunX)*(earthX-earthR-moonX)
		penumbra = moonR + (sunR+moonR)/(moonX-sunX)*(pictureWidth-moonX)
	)
	c.fill(convex(moonX, axis-moonR, pictureWidth, axis-penumbra, pictureWidth, axis+penumbra, moonX, axis+moonR), rgb(0x8fa3d9).fade(0.20).paint)
	c.fill(convex(moonX, axis-moonR, earthX-earthR+4, axis-umbra, earthX-earthR+4, axis+umbra, moonX, axis+moonR), rgb(0x000000).fade(0.65).paint)
	for _, side := range []float64{-1, 1} {
		c.fill(line(sunX, axis+side*sunR, earthX-earthR+4, axis+side*umbra, 1.6), rgb(0xffd58a).fade(0.55).paint)
		c.fill(line(sunX, axis-side*sunR, pictureWidth, axis+side*penumbra, 1.6), rgb(0xffd58a).fade(0.28).paint)
	}
	for a := 0.0; a < 2*math.Pi; a += math.Pi / 60 {
		r := earthX - moonX
		x, y := earthX-r*math.Cos(a), axis+r*math.Sin(a)
		c.fill(disc(x, y, 1.7), rgb(0xcfd8ff).fade(0.55).paint)
	}
	c.fill(disc(sunX, axis, sunR), func(x, y float64) colour {
		d := math.Hypot(x-sunX, y-axis) / sunR
		grain := rough(x/26, y/26, 3, 3)
		return rgb(0xfff3c4).mix(rgb(0xff9d1e), d*d*0.9+grain*0.18)
	})
	c.fill(disc(earthX, axis, earthR+14), func(x, y float64) colour {
		d := math.Hypot(x-earthX, y-axis)
		return rgb(0x79b8ff).fade(0.35 * clamp((earthR+14-d)/14))
	})
	c.fill(disc(earthX, axis, earthR), func(x, y float64) colour {
		land := rough((x-earthX)/70, (y-axis)/70, 5, 21)
		ground := rgb(0x1f5fae).mix(rgb(0x3f8f5a), smooth(0.50, 0.54, land))
		ground = ground.mix(rgb(0xffffff), smooth(0.58, 0.80, rough(x/60, y/26, 4, 44))*0.8)
		night := smooth(-10, 100, x-earthX)
		spot := 1 - smooth(4, 46, math.Hypot(x-(earthX-earthR), (y-axis)*1.4))
		return ground.mix(rgb(0x050816), max(night*0.85, spot*0.85))
	})
	drawMoon(c, moonX, axis, moonR)
}

// drawMoon draws a cratered disc lit from the left.
func drawMoon(c canvas, cx, cy, radius float64) {
	c.fill(disc(cx, cy, radius), func(x, y float64) colour {
		crater := smooth(0.45, 0.60, rough(x/16, y/16, 3, 91))
		surface := rgb(0xd9d5cc).mix(rgb(0x9c978e), crater*0.8)
		return surface.mix(rgb(0x10131f), smooth(-radius*0.5, radius*0.6, x-cx)*0.92)
	})
}

// drawStars sprinkles stars over the top of the picture.
func drawStars(c canvas, count int, height float64, seed uint32) {
	for i := range uint32(count) {
		x, y := lattice(i, 1, seed)*pictureWidth, lattice(i, 2, seed)*height
		size := 0.5 + 1.3*math.Pow(lattice(i, 3, seed), 4)
		c.fill(disc(x, y, size), rgb(0xffffff).fade(0.25+0.7*lattice(i, 4, seed)).paint)
	}
}

// drawSnow is a winter night: an aurora over snowy hills and firs.
func drawSnow(c canvas) {
	c.cover(func(_, y float64) colour {
		return rgb(0x0a1030).mix(rgb(0x2d4a7a), y/620)
	})
	drawStars(c, 380, 520, 5)
	c.cover(aurora)
	c.fill(disc(960, 150, 150), func(x, y float64) colour {
		return rgb(0xdfe8ff).fade(0.30 * math.Pow(clamp(1-math.Hypot(x-960, y-150)/150), 2))
	})
	c.fill(disc(960, 150, 40), rgb(0xf3f0e4).paint)

	hills := []struct {
		base, height, width float64
		top, foot           uint32
		trees               int
		size                float64
		seed                uint32
	}{
		{500, 130, 330, 0x5d78a8, 0x7d97c2, 60, 34, 31},
		{585, 120, 420, 0x8ea6cc, 0xb3c6e2, 34, 74, 32},
		{690, 110, 560, 0xc4d4ec, 0xeef4fd, 13, 150, 33},
	}
	for _, h := range hills {
		ridge := newCurve(func(x float64) float64 { return h.base + h.height*(0.5-rough(x/h.width, 0, 3, h.seed)) })
		for i := range uint32(h.trees) {
			x := lattice(i, 1, h.seed) * pictureWidth
			size := h.size * (0.65 + 0.6*lattice(i, 2, h.seed))
			drawFir(c, x, ridge.at(x)+size*0.06, size, rgb(0x12233f).mix(rgb(h.top), 0.38-h.size/500))
		}
		c.fill(below(ridge), func(x, y float64) colour {
			drift := rough(x/90, y/22, 3, h.seed+9)
			return rgb(h.top).mix(rgb(h.foot), (y-ridge.at(x))/130+0.3*drift)
		})
	}
	for i := range uint32(520) {
		size := 0.8 + 2.4*math.Pow(lattice(i, 3, 77), 3)
		c.fill(disc(lattice(i, 1, 77)*pictureWidth, lattice(i, 2, 77)*pictureHeight, size),
			rgb(0xffffff).fade(0.25+0.5*lattice(i, 4, 77)).paint)
	}
}

// aurora hangs curtains of light along waving lines.
func aurora(x, y float64) colour {
	var c colour
	for i, base := range []float64{330, 400} {
		seed := uint32(60 + 10*i)
		foot := base - 90*noise(x/360, float64(i), seed) - 40*math.Sin(x/190+float64(i))
		up := foot - y
		if up < -24 {
			continue
		}
		rays := 0.35 + 0.65*noise(x/17, 0, seed+1)*noise(x/120, 3, seed+2)*1.6
		light := smooth(-24, 12, up) * math.Exp(-max(up, 0)/(70+90*rays)) * rays
		c = c.mix(rgb(0x46f0a6).mix(rgb(0x9a6bff), up/260), clamp(light))
		c.a = max(c.a, clamp(light*0.85))
	}
	return c
}

// drawFir stands on (x, foot).
func drawFir(c canvas, x, foot, height float64, needles colour) {
	c.fill(box(x-height*0.03, foot-height*0.12, x+height*0.03, foot), needles.mix(rgb(0), 0.4).paint)
	for tier := range 4 {
		t := float64(tier)
		top, bottom := foot-height*(0.48+0.17*t), foot-height*(0.08+0.19*t)
		half := height * (0.25 - 0.045*t)
		c.fill(convex(x, top, x+half, bottom, x-half, bottom), func(px, py float64) colour {
			snow := smooth(0.50, 0.62, noise(px/9, py/7, 8)) * smooth(bottom, top, py) * 0.9
			return needles.mix(rgb(0xe9f1fb), snow*0.75)
		})
	}
}
