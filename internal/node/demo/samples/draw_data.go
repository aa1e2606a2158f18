package samples

import (
	"math"
	"strconv"
)

// drawChart shows an invented harvest by month: bars this year, a line last
// year.
func drawChart(c canvas) {
	thisYear := []float64{0, 0, 0, 0, 0, 2, 9, 34, 52, 41, 12, 3}
	lastYear := []float64{0, 0, 0, 0, 0, 1, 8, 29, 45, 31, 7, 2}
	const left, right, top, bottom, most = 120.0, 1150.0, 90.0, 690.0, 60.0
	height := func(v float64) float64 { return bottom - (bottom-top)*v/most }
	ink := rgb(0x33415c)

	c.cover(rgb(0xfbf8f1).paint)
	for v := 0.0; v <= most; v += 10 {
		c.fill(line(left, height(v), right, height(v), 1.2), ink.fade(0.22).paint)
		label := strconv.Itoa(int(v))
		drawText(c, label, left-14-24*float64(len(label)), height(v)-13, 26, ink)
	}
	step := (right - left) / float64(len(thisYear))
	centre := func(i int) float64 { return left + step*(float64(i)+0.5) }
	for i, v := range thisYear {
		if v > 0 {
			c.fill(box(centre(i)-step*0.32, height(v), centre(i)+step*0.32, bottom), func(_, y float64) colour {
				return rgb(0xf08c1d).mix(rgb(0xf7b955), (y-top)/(bottom-top))
			})
		}
		month := strconv.Itoa(i + 1)
		drawText(c, month, centre(i)-9*float64(len(month)), bottom+24, 26, ink)
	}
	c.fill(line(left, bottom, right, bottom, 3), ink.paint)
	for i, v := range lastYear {
		if i > 0 {
			c.fill(line(centre(i-1), height(lastYear[i-1]), centre(i), height(v), 4.5), rgb(0x1f6f78).paint)
		}
	}
	for i, v := range lastYear {
		c.fill(disc(centre(i), height(v), 9), rgb(0x1f6f78).paint)
		c.fill(disc(centre(i), height(v), 4.5), rgb(0xfbf8f1).paint)
	}
}

// drawWeatherMap is the chart of a made-up coast: isobars, a low and a high, a
// cold front, rain and sun.
func drawWeatherMap(c canvas) {
	const lowX, lowY, highX, highY = 470.0, 290.0, 1010.0, 560.0
	pressure := func(x, y float64) float64 { // hPa
		low := math.Exp(-(sq(x-lowX) + sq((y-lowY)*1.2)) / sq(330))
		high := math.Exp(-(sq(x-highX) + sq(y-highY)) / sq(380))
		return 1013 - 26*low + 17*high + 3*math.Sin(x/310)*math.Cos(y/240)
	}
	coast := newCurve(func(x float64) float64 {
		return 505 + 90*math.Sin(x/260) + 190*(rough(x/210, 0.5, 5, 23)-0.5)
	})
	c.cover(func(x, y float64) colour {
		return rgb(0x7fb6d9).mix(rgb(0x5a95c4), rough(x/240, y/160, 4, 2)).mix(rgb(0xa9d3e6), smooth(70, 0, coast.at(x)-y)*0.6)
	})
	land := func(x, y float64) colour {
		relief := rough(x/150, y/150, 5, 63)
		return rgb(0x9cbf7d).mix(rgb(0xe6d5a3), smooth(60, 260, y-coast.at(x))).mix(rgb(0xb3875a), smooth(0.55, 0.85, relief)*0.7)
	}
	c.fill(below(coast), land)
	c.fill(below(coast), func(x, y float64) colour {
		return rgb(0x4a5b45).fade(1 - smooth(1, 4, y-coast.at(x)))
	})
	c.cover(func(x, y float64) colour { // an isobar every 4 hPa
		p := pressure(x, y)
		slope := math.Hypot(pressure(x+1, y)-p, pressure(x, y+1)-p)
		off := math.Abs(p-4*math.Round(p/4)) / max(slope, 1e-4)
		return rgb(0xffffff).fade(0.85 * (1 - smooth(0.8, 2.0, off)))
	})
	drawFront(c, lowX, lowY)
	for i := range 7 {
		x, y := 250+float64(i%4)*95+float64(i/4)*48, 420+float64(i/4)*95
		drawCloud(c, x, y, 0.75)
	}
	drawSun(c, 1010, 330)
	drawSun(c, 800, 690)
	drawCentre(c, "L", lowX, lowY, rgb(0xc0392b))
	drawCentre(c, "H", highX, highY, rgb(0x1f4e9c))
}

// drawFront draws a cold front with its teeth, bending south-west of a low.
func drawFront(c canvas, x0, y0 float64) {
	blue := rgb(0x1b3fae)
	at := func(t float64) (x, y float64) { return x0 + 60 + 210*t - 260*t*t, y0 + 40 + 430*t }
	const steps = 60
	for i := range steps {
		ax, ay := at(float64(i) / steps)
		bx, by := at(float64(i+1) / steps)
		c.fill(line(ax, ay, bx, by, 5), blue.paint)
		if i%8 == 3 {
			dx, dy := (bx-ax)/math.Hypot(bx-ax, by-ay), (by-ay)/math.Hypot(bx-ax, by-ay)
			c.fill(convex(ax-12*dx, ay-12*dy, ax+22*dy, ay-22*dx, ax+12*dx, ay+12*dy), blue.paint)
		}
	}
}

func drawCentre(c canvas, letter string, x, y float64, ink colour) {
	c.fill(disc(x, y, 34), rgb(0xffffff).paint)
	c.fill(ring(x, y, 34, 5), ink.paint)
	drawText(c, letter, x-12, y-18, 36, ink)
}

func drawSun(c canvas, x, y float64) {
	for i := range 12 {
		a := float64(i) * math.Pi / 6
		c.fill(line(x+40*math.Cos(a), y+40*math.Sin(a), x+56*math.Cos(a), y+56*math.Sin(a), 6), rgb(0xf39c12).paint)
	}
	c.fill(disc(x, y, 31), rgb(0xf39c12).paint)
	c.fill(disc(x, y, 26), rgb(0xffd34d).paint)
}

func drawCloud(c canvas, x, y, size float64) {
	for i := range 3 {
		dx := (float64(i) - 1) * 20 * size
		c.fill(line(x+dx+6, y+26*size, x+dx-4, y+50*size, 4.5), rgb(0x1f5fbf).paint)
	}
	for _, grow := range []struct {
		by  float64
		ink colour
	}{{2.5, rgb(0x5f6b7a)}, {0, rgb(0xf4f7fa)}} {
		for _, puff := range [][3]float64{{-24, 6, 18}, {0, -8, 25}, {26, 4, 20}, {2, 8, 18}} {
			c.fill(disc(x+puff[0]*size, y+puff[1]*size, puff[2]*size+grow.by), grow.ink.paint)
		}
	}
}

// strokes are the few characters that the drawings need, as lines on a grid
// four wide and six high.
func strokes(char rune) [][4]float64 {
	switch char {
	case '0':
		return [][4]float64{{0, 1, 1, 0}, {1, 0, 3, 0}, {3, 0, 4, 1}, {4, 1, 4, 5}, {4, 5, 3, 6}, {3, 6, 1, 6}, {1, 6, 0, 5}, {0, 5, 0, 1}}
	case '1':
		return [][4]float64{{1, 1.4, 2.4, 0}, {2.4, 0, 2.4, 6}}
	case '2':
		return [][4]float64{{0, 1, 1, 0}, {1, 0, 3, 0}, {3, 0, 4, 1}, {4, 1, 4, 2}, {4, 2, 0, 6}, {0, 6, 4, 6}}
	case '3':
		return [][4]float64{{0, 0, 4, 0}, {4, 0, 2, 2.4}, {2, 2.4, 3.2, 2.6}, {3.2, 2.6, 4, 3.6}, {4, 3.6, 4, 5}, {4, 5, 3, 6}, {3, 6, 1, 6}, {1, 6, 0, 5.2}}
	case '4':
		return [][4]float64{{3, 6, 3, 0}, {3, 0, 0, 4.2}, {0, 4.2, 4, 4.2}}
	case '5':
		return [][4]float64{{4, 0, 0.4, 0}, {0.4, 0, 0.2, 2.6}, {0.2, 2.6, 3, 2.4}, {3, 2.4, 4, 3.4}, {4, 3.4, 4, 5}, {4, 5, 3, 6}, {3, 6, 1, 6}, {1, 6, 0, 5.2}}
	case '6':
		return [][4]float64{{3.4, 0, 1.4, 1}, {1.4, 1, 0, 3.4}, {0, 3.4, 0, 5}, {0, 5, 1, 6}, {1, 6, 3, 6}, {3, 6, 4, 5}, {4, 5, 4, 3.8}, {4, 3.8, 3, 2.9}, {3, 2.9, 1, 2.9}, {1, 2.9, 0, 3.9}}
	case '7':
		return [][4]float64{{0, 0, 4, 0}, {4, 0, 1.6, 6}}
	case '8':
		return [][4]float64{{1, 0, 3, 0}, {3, 0, 3.8, 0.9}, {3.8, 0.9, 3.8, 1.9}, {3.8, 1.9, 0, 4}, {0, 4, 0, 5}, {0, 5, 1, 6}, {1, 6, 3, 6}, {3, 6, 4, 5}, {4, 5, 4, 4}, {4, 4, 0.2, 1.9}, {0.2, 1.9, 0.2, 0.9}, {0.2, 0.9, 1, 0}}
	case '9':
		return [][4]float64{{0.6, 6, 2.6, 5}, {2.6, 5, 4, 2.6}, {4, 2.6, 4, 1}, {4, 1, 3, 0}, {3, 0, 1, 0}, {1, 0, 0, 1}, {0, 1, 0, 2.2}, {0, 2.2, 1, 3.1}, {1, 3.1, 3, 3.1}, {3, 3.1, 4, 2.1}}
	case 'H':
		return [][4]float64{{0, 0, 0, 6}, {4, 0, 4, 6}, {0, 3, 4, 3}}
	case 'L':
		return [][4]float64{{0.4, 0, 0.4, 6}, {0.4, 6, 4, 6}}
	}
	return nil
}

// drawText writes at the top left corner (x, y) in letters of that height.
func drawText(c canvas, text string, x, y, height float64, ink colour) {
	unit := height / 6
	for _, char := range text {
		for _, s := range strokes(char) {
			c.fill(line(x+s[0]*unit, y+s[1]*unit, x+s[2]*unit, y+s[3]*unit, unit*0.75), ink.paint)
		}
		x += 5.6 * unit
	}
}

func sq(v float64) float64 { return v * v }
