package transform

import (
	"math"
	"testing"
)

// The references compute one value of an augmented example from its
// definition, in float64: d are the draws of the example, p the pictures, of
// which n is the example. They share nothing with the graphs.
type reference func(p pictures, n int, d []float32, i, j, c int) float64

func draw(d []float32, i int) float64 { return float64(d[i]) }

func clamp(v float64) float64 { return min(1, max(0, v)) }

// factor is what brightness, contrast and saturation multiply by.
func factor(d []float32, amount, probability float64) float64 {
	if draw(d, 0) >= probability {
		return 1
	}
	return 1 - amount + 2*amount*draw(d, 1)
}

func lumaAt(p pictures, n, i, j int) float64 {
	return 0.2989*p.at(n, i, j, 0) + 0.587*p.at(n, i, j, 1) + 0.114*p.at(n, i, j, 2)
}

// mirrored maps an index beyond 0 .. size-1 into it: ... 2 1 [0 1 2 ... ].
func mirrored(i, size int) int {
	if i < 0 {
		i = -i
	}
	if i >= size {
		i = 2*(size-1) - i
	}
	return i
}

// sample interpolates between the four pixel centres around (y, x), where
// pixel (i, j) lies at (i, j) and pixel gives what is beyond the border.
func sample(y, x float64, pixel func(i, j int) float64) float64 {
	i, j := math.Floor(y), math.Floor(x)
	v := 0.0
	for _, corner := range [][2]float64{{i, j}, {i, j + 1}, {i + 1, j}, {i + 1, j + 1}} {
		weight := (1 - math.Abs(y-corner[0])) * (1 - math.Abs(x-corner[1]))
		v += weight * pixel(int(corner[0]), int(corner[1]))
	}
	return v
}

func cropReference(padding int, fill string) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		i += int(draw(d, 0)*float64(2*padding+1)) - padding
		j += int(draw(d, 1)*float64(2*padding+1)) - padding
		if fill == "reflect" {
			return p.at(n, mirrored(i, p.h), mirrored(j, p.w), c)
		}
		if i < 0 || i >= p.h || j < 0 || j >= p.w {
			return 0
		}
		return p.at(n, i, j, c)
	}
}

func flipReference(horizontal, vertical bool, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		if horizontal && draw(d, 0) < probability {
			j = p.w - 1 - j
		}
		if vertical && draw(d, 1) < probability {
			i = p.h - 1 - i
		}
		return p.at(n, i, j, c)
	}
}

// A counter-clockwise turn takes the value at row r, column s of a square of
// side k to row k-1-s, column r.
func quarterTurnReference(p pictures, n int, d []float32, i, j, c int) float64 {
	for turn := 0; turn < int(4*draw(d, 0)); turn++ {
		i, j = j, p.w-1-i
	}
	return p.at(n, i, j, c)
}

func resizedCropReference(areas, aspects [2]float64) reference {
	return resizedCropAtReference(areas, aspects, func(p pictures) Size { return Size{p.h, p.w} })
}

func resizedCropAtReference(areas, aspects [2]float64, views func(p pictures) Size) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		h, w := float64(p.h), float64(p.w)
		area := (areas[0] + (areas[1]-areas[0])*draw(d, 0)) * h * w
		// width = sqrt(area*aspect) <= w and height = sqrt(area/aspect) <= h
		least, most := area/(h*h), w*w/area
		lo := math.Log(min(most, max(least, aspects[0])))
		hi := math.Log(min(most, max(least, aspects[1])))
		aspect := math.Exp(lo + (hi-lo)*draw(d, 1))
		height, width := math.Sqrt(area/aspect), math.Sqrt(area*aspect)
		y := draw(d, 2)*(h-height) + (float64(i)+0.5)*height/float64(views(p).H) - 0.5
		x := draw(d, 3)*(w-width) + (float64(j)+0.5)*width/float64(views(p).W) - 0.5
		return sample(y, x, func(i, j int) float64 {
			return p.at(n, min(p.h-1, max(0, i)), min(p.w-1, max(0, j)), c)
		})
	}
}

func zoomReference(amount float64, fill string) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		side := 1 - amount + 2*amount*draw(d, 0)
		centreY, centreX := float64(p.h-1)/2, float64(p.w-1)/2
		y := centreY + side*(float64(i)-centreY)
		x := centreX + side*(float64(j)-centreX)
		return sample(y, x, func(i, j int) float64 {
			if fill == "zero" && (i < 0 || i >= p.h || j < 0 || j >= p.w) {
				return 0
			}
			return p.at(n, mirrored(i, p.h), mirrored(j, p.w), c)
		})
	}
}

func brightnessReference(amount, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		return clamp(p.at(n, i, j, c) * factor(d, amount, probability))
	}
}

func contrastReference(amount, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		mean := 0.0
		for r := range p.h {
			for s := range p.w {
				mean += p.at(n, r, s, c) / float64(p.h*p.w)
			}
		}
		return clamp(mean + factor(d, amount, probability)*(p.at(n, i, j, c)-mean))
	}
}

func saturationReference(amount, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		luma := lumaAt(p, n, i, j)
		return clamp(luma + factor(d, amount, probability)*(p.at(n, i, j, c)-luma))
	}
}

// hueReference turns a colour by its sector of the hexagon: each channel is
// the value minus the chroma times a trapezoid of the hue.
func hueReference(amount, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		r, g, b := p.at(n, i, j, 0), p.at(n, i, j, 1), p.at(n, i, j, 2)
		value, chroma := max(r, g, b), max(r, g, b)-min(r, g, b)
		if chroma == 0 || draw(d, 0) >= probability {
			return p.at(n, i, j, c)
		}
		var hue float64 // in sixths of the circle
		switch value {
		case r:
			hue = (g - b) / chroma
		case g:
			hue = 2 + (b-r)/chroma
		default:
			hue = 4 + (r-g)/chroma
		}
		hue += 6 * amount * (2*draw(d, 1) - 1)
		k := math.Mod([]float64{5, 3, 1}[c]+hue+12, 6)
		return value - chroma*max(0, min(k, 4-k, 1))
	}
}

func greyReference(probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		if p.c == 1 || draw(d, 0) >= probability {
			return p.at(n, i, j, c)
		}
		return lumaAt(p, n, i, j)
	}
}

func solarizeReference(threshold, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		if v := p.at(n, i, j, c); draw(d, 0) >= probability || v < threshold {
			return v
		}
		return 1 - p.at(n, i, j, c)
	}
}

func cutoutReference(size int, value, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		top := int(draw(d, 1)*float64(p.h)) - size/2
		left := int(draw(d, 2)*float64(p.w)) - size/2
		if draw(d, 0) < probability && i >= top && i < top+size && j >= left && j < left+size {
			return value
		}
		return p.at(n, i, j, c)
	}
}

func blurReference(sigmas [2]float64, radius int, probability float64) reference {
	return func(p pictures, n int, d []float32, i, j, c int) float64 {
		if draw(d, 0) >= probability {
			return p.at(n, i, j, c)
		}
		sigma := sigmas[0] + (sigmas[1]-sigmas[0])*draw(d, 1)
		sum, weights := 0.0, 0.0
		for dy := -radius; dy <= radius; dy++ {
			for dx := -radius; dx <= radius; dx++ {
				weight := math.Exp(-float64(dy*dy+dx*dx) / (2 * sigma * sigma))
				sum += weight * p.at(n, mirrored(i+dy, p.h), mirrored(j+dx, p.w), c)
				weights += weight
			}
		}
		return sum / weights
	}
}

// fusedTolerance is for one operation, which computes places in float64, so that
// those of interpolation need no more than colours do.
const fusedTolerance = 1e-6

func TestReferences(t *testing.T) {
	for _, test := range []struct {
		name      string
		transform Transform
		reference reference
		tolerance float64
		square    bool
		channels  []int
	}{
		{name: "crop", transform: &Crop{Padding: 3, Fill: "zero"}, reference: cropReference(3, "zero")},
		{name: "crop by reflection", transform: &Crop{Padding: 5, Fill: "reflect"}, reference: cropReference(5, "reflect")},
		{name: "crop nowhere", transform: &Crop{Fill: "zero"}, reference: cropReference(0, "zero")},
		{name: "flip", transform: &Flip{Horizontal: true, Probability: 0.5}, reference: flipReference(true, false, 0.5)},
		{name: "flip both", transform: &Flip{Horizontal: true, Vertical: true, Probability: 0.6}, reference: flipReference(true, true, 0.6)},
		{name: "flip up", transform: &Flip{Vertical: true, Probability: 0.4}, reference: flipReference(false, true, 0.4)},
		{name: "quarter turn", transform: &QuarterTurn{}, reference: quarterTurnReference, square: true},
		{
			name: "resized crop", transform: &ResizedCrop{Area: []float64{0.08, 1}, Aspect: []float64{0.75, 1.5}},
			reference: resizedCropReference([2]float64{0.08, 1}, [2]float64{0.75, 1.5}), tolerance: 2e-5,
		},
		{
			name: "resized crop of hardly possible aspects", transform: &ResizedCrop{Area: []float64{0.7, 1}, Aspect: []float64{4, 8}},
			reference: resizedCropReference([2]float64{0.7, 1}, [2]float64{4, 8}), tolerance: 2e-5,
		},
		{name: "zoom", transform: &Zoom{Amount: 0.5, Fill: "reflect"}, reference: zoomReference(0.5, "reflect"), tolerance: 2e-5},
		{name: "zoom on black", transform: &Zoom{Amount: 0.9, Fill: "zero"}, reference: zoomReference(0.9, "zero"), tolerance: 2e-5},
		{name: "brightness", transform: &Brightness{Amount: 0.8, Probability: 0.7}, reference: brightnessReference(0.8, 0.7), tolerance: 1e-6},
		{name: "contrast", transform: &Contrast{Amount: 0.8, Probability: 0.7}, reference: contrastReference(0.8, 0.7), tolerance: 1e-6},
		{
			name: "saturation", transform: &Saturation{Amount: 0.8, Probability: 0.7},
			reference: saturationReference(0.8, 0.7), tolerance: 1e-6, channels: []int{3},
		},
		{name: "hue", transform: &Hue{Amount: 0.5, Probability: 0.7}, reference: hueReference(0.5, 0.7), tolerance: 3e-6, channels: []int{3}},
		{name: "grey", transform: &Grey{Probability: 0.5}, reference: greyReference(0.5), tolerance: 1e-6},
		{name: "solarize", transform: &Solarize{Threshold: 0.3, Probability: 0.5}, reference: solarizeReference(0.3, 0.5), tolerance: 1e-7},
		{name: "cutout of pixels", transform: &Cutout{Size: 5, Value: 0.25, Probability: 0.8}, reference: cutoutReference(5, 0.25, 0.8)},
		{name: "cutout of a fraction", transform: &Cutout{Fraction: 0.5, Probability: 1}, reference: cutoutReference(6, 0, 1)},
		{
			name: "blur", transform: &Blur{Sigma: []float64{0.3, 2}, Kernel: 7, Probability: 0.7},
			reference: blurReference([2]float64{0.3, 2}, 3, 0.7), tolerance: 1e-6,
		},
		{
			name: "blur by the default kernel", transform: &Blur{Sigma: []float64{0.3, 2}, Probability: 1},
			reference: blurReference([2]float64{0.3, 2}, 1, 1), tolerance: 1e-6,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			width, channels := 14, []int{1, 3}
			if test.square {
				width = 12
			}
			if test.channels != nil {
				channels = test.channels
			}
			for _, c := range channels {
				in := noise(9, 12, width, c)
				u := draws(test.transform, in.n)
				want := expect(in, u, test.transform.Draws(), test.reference)
				evaluate(t, []Transform{test.transform, fused{test.transform}}, in, u, Size{in.h, in.w}, 1, func(made func(i int) pictures) {
					compare(t, made(0), want, test.tolerance)
					compare(t, made(1), want, min(test.tolerance, fusedTolerance))
				})
			}
		})
	}
}

func expect(in pictures, u []float32, draws int, r reference) pictures {
	return expectAt(in, u, draws, r, Size{in.h, in.w})
}

// expectAt is expect for results of another size.
func expectAt(in pictures, u []float32, draws int, r reference, size Size) pictures {
	want := pictures{in.n, size.H, size.W, in.c, nil}
	for n := range in.n {
		for i := range size.H {
			for j := range size.W {
				for c := range in.c {
					want.v = append(want.v, float32(r(in, n, u[n*draws:(n+1)*draws], i, j, c)))
				}
			}
		}
	}
	return want
}
