package samples

import "math"

// drawGirih is the star-and-cross tiling of Islamic tile work. Eight-pointed
// stars, two squares turned by 45°, touch along a square grid; what they leave
// free are crosses. Everything follows from that one rule, so the distance to
// the nearest star gives the tiles, their seams and the ribbons inside.
func drawGirih(c canvas) {
	const cell = 200.0
	c.cover(func(x, y float64) colour {
		// Coordinates within the cell, a star in its middle.
		u := math.Mod(x, cell) - cell/2
		v := math.Mod(y, cell) - cell/2
		glaze := 0.14 * (rough(x/38, y/38, 3, 5) - 0.5)
		ink := tile(u, v, cell/2/math.Sqrt2, math.Floor(x/cell)+math.Floor(y/cell))
		light := glaze + 0.05 - 0.12*math.Hypot(x-pictureWidth/2, y-pictureHeight/2)/720
		return colour{ink.r + light, ink.g + light, ink.b + light, 1}
	})
}

// tile returns the colour at (u, v) from the centre of a star whose squares
// have the half side s.
func tile(u, v, s, parity float64) colour {
	gold, night, turquoise, cream := rgb(0xd9a441), rgb(0x143a6b), rgb(0x1b9aa0), rgb(0xf3ead3)
	star := starDistance(u, v, s)
	edge := func(d, width float64) float64 { return 1 - smooth(width, width+1.4, math.Abs(d)) }

	ground := turquoise
	if math.Mod(parity, 2) != 0 {
		ground = rgb(0x2f6fb3)
	}
	ink := night
	if star < 0 {
		ink = ground
	}
	// A band in the cross, then bands and a rosette in the star.
	ink = ink.mix(rgb(0x8c2f39), edge(star-17, 4))
	ink = ink.mix(cream, edge(star+15, 3.4))
	inner := starDistance(u, v, s*0.52)
	ink = ink.mix(night, 1-smooth(-0.7, 0.7, inner))
	ink = ink.mix(gold, edge(inner, 2.2))
	r, a := math.Hypot(u, v), math.Atan2(v, u)
	petal := r - s*(0.27+0.13*math.Cos(8*a))
	ink = ink.mix(cream, 1-smooth(-0.8, 0.8, petal))
	ink = ink.mix(rgb(0x8c2f39), 1-smooth(-0.8, 0.8, r-s*0.11))
	return ink.mix(gold, edge(star, 5)).mix(cream, edge(star, 1.2))
}

// starDistance measures to the outline of two squares with the half side s, one
// of them on its tip.
func starDistance(u, v, s float64) float64 {
	u, v = math.Abs(u), math.Abs(v)
	return min(max(u, v), (u+v)/math.Sqrt2) - s
}
