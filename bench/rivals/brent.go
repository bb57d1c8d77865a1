package rivals

import "math"

// rootTolerance is Kayenta's, and that of R's wilcox.test.
const rootTolerance = 1e-4

// zero finds where f, which is atLow and atHigh at the ends, is zero: Brent's method (Algorithms for Minimization
// without Derivatives, 1973, chapter 4), which secures each step of interpolation by bisection. On a staircase, such
// as a statistic of ranks is, it ends within the tolerance of a step; which side of it depends on its path, so it has
// to be this method to find what Kayenta finds.
func zero(f func(float64) float64, low, high, atLow, atHigh float64) float64 {
	if atLow == 0 {
		return low
	}
	before, last, other := point{low, atLow}, point{high, atHigh}, point{low, atLow}
	for range 1000 {
		moved := last.x - before.x
		if math.Abs(other.y) < math.Abs(last.y) {
			before, last, other = last, other, last
		}
		tolerance := 2*epsilon*math.Abs(last.x) + rootTolerance/2
		half := (other.x - last.x) / 2
		if math.Abs(half) <= tolerance || last.y == 0 {
			break
		}
		step := half
		if math.Abs(moved) >= tolerance && math.Abs(before.y) > math.Abs(last.y) {
			step = interpolate(before, last, other, moved, tolerance)
		}
		if math.Abs(step) < tolerance {
			step = math.Copysign(tolerance, step)
		}
		before = last
		last.x += step
		last.y = f(last.x)
		if last.y > 0 == (other.y > 0) && last.y != 0 && other.y != 0 {
			other = before
		}
	}
	return last.x
}

type point struct{ x, y float64 }

const epsilon = 0x1p-52

// interpolate gives the step from last to where a line through two points, or an inverse parabola through three,
// is zero; half the way to the other end when that leads too far, or shrinks too slowly.
func interpolate(before, last, other point, moved, tolerance float64) float64 {
	width := other.x - last.x
	var p, q float64
	if before.x == other.x {
		s := last.y / before.y
		p, q = width*s, 1-s
	} else {
		r, s, t := before.y/other.y, last.y/other.y, last.y/before.y
		p = t * (width*r*(r-s) - (last.x-before.x)*(s-1))
		q = (r - 1) * (s - 1) * (t - 1)
	}
	if p > 0 {
		q = -q
	} else {
		p = -p
	}
	if p < 0.75*width*q-math.Abs(tolerance*q)/2 && p < math.Abs(moved*q/2) {
		return p / q
	}
	return width / 2
}
