package samples

import (
	"math"
	"testing"
)

func TestPicturesAreDrawnAlikeEachTime(t *testing.T) {
	a, b := drawOnce(gallery()), drawOnce(gallery())
	for name := range a {
		if a[name].digest() != b[name].digest() {
			t.Errorf("%s differs between two drawings", name)
		}
	}
}

func TestShapesMeasureTheirDistance(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    shape
		x, y float64
		want float64
	}{
		{"inside a disc", disc(10, 10, 5), 10, 12, -3},
		{"outside a disc", disc(10, 10, 5), 10, 25, 10},
		{"on a ring", ring(0, 0, 10, 4), 0, 10, -2},
		{"beyond the end of a line", line(0, 0, 10, 0, 2), 13, 4, 4},
		{"inside a box", box(0, 0, 10, 20), 5, 18, -2},
		{"inside a triangle", convex(0, 0, 10, 0, 0, 10), 2, 3, -2},
		{"above a curve", below(newCurve(func(float64) float64 { return 50 })), 7, 40, 10},
	} {
		if got := tt.s.distance(tt.x, tt.y); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %g, want %g", tt.name, got, tt.want)
		}
	}
}
