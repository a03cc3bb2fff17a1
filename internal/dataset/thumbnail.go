package dataset

import (
	"math"
	"math/bits"
)

// flatContrast is in grey levels; with less there is nothing to compare.
const flatContrast = 2

// hash says of luma in 16 rows of 17 where it falls from left to right.
type hash [4]uint64

func (a *hash) bitsApart(b *hash) int {
	return bits.OnesCount64(a[0]^b[0]) + bits.OnesCount64(a[1]^b[1]) + bits.OnesCount64(a[2]^b[2]) + bits.OnesCount64(a[3]^b[3])
}

// thumbnail is luma in 16 rows of 16.
type thumbnail struct {
	pixels [256]float32 // with mean 0 and standard deviation 1
	blocks [16]float32  // averages of 4x4 pixels
	flat   bool         // too little contrast for pixels to mean anything
}

// apart returns the mean squared difference of pixels, or infinity where it is
// above limit or means nothing. That of averages is never larger, and sooner
// computed.
func (a *thumbnail) apart(b *thumbnail, limit float32) float32 {
	if a.flat || b.flat {
		return float32(math.Inf(1))
	}
	sum := float32(0)
	for i, p := range a.blocks {
		sum += (p - b.blocks[i]) * (p - b.blocks[i])
	}
	if sum > 16*limit*(1+1e-5) { // rounding
		return float32(math.Inf(1))
	}
	sum = 0
	for at := 0; at < 256; at += 32 {
		p, q := (*[32]float32)(a.pixels[at:]), (*[32]float32)(b.pixels[at:])
		for i := range p {
			sum += (p[i] - q[i]) * (p[i] - q[i])
		}
		if sum > 256*limit {
			return float32(math.Inf(1))
		}
	}
	return sum / 256
}

// sampler makes thumbnails of images of one shape.
type sampler struct {
	shape                   [3]int
	rows, columns, narrower []cell // 16, 16 and 17
}

// cell covers pixels from the first on, each with a weight.
type cell struct {
	first   int
	weights []int
}

func newSampler(shape [3]int) *sampler {
	return &sampler{shape: shape, rows: cells(shape[0], 16), columns: cells(shape[1], 16), narrower: cells(shape[1], 17)}
}

// cells divides n pixels evenly among some cells. The weights are whole numbers
// that sum to n, so that equal pixels give equal averages.
func cells(n, count int) []cell {
	all := make([]cell, count)
	for c := range all {
		from, to := c*n, (c+1)*n // in parts of a pixel, of which it has count
		all[c].first = from / count
		for p := from / count; p*count < to; p++ {
			all[c].weights = append(all[c].weights, min(to, (p+1)*count)-max(from, p*count))
		}
	}
	return all
}

func (s *sampler) sample(image []byte) (h hash, t thumbnail) {
	luma := withChannels(image, s.shape[2], 1)
	wide := s.averages(luma, s.narrower)
	for i := range 256 {
		if at := i/16*17 + i%16; wide[at] > wide[at+1] {
			h[i/64] |= 1 << (i % 64)
		}
	}
	square, mean, squares := s.averages(luma, s.columns), 0.0, 0.0
	area := float64(s.shape[0] * s.shape[1])
	for _, v := range square {
		mean += float64(v) / area / 256
	}
	for _, v := range square {
		squares += (float64(v)/area - mean) * (float64(v)/area - mean)
	}
	contrast := math.Sqrt(squares / 256)
	t.flat = contrast < flatContrast
	for i, v := range square {
		t.pixels[i] = float32((float64(v)/area - mean) / max(contrast, flatContrast))
		t.blocks[i/64*4+i%16/4] += t.pixels[i] / 16
	}
	return h, t
}

// averages returns those of luma in 16 rows of cells, times its number of pixels.
func (s *sampler) averages(luma []byte, columns []cell) []int {
	w := s.shape[1]
	out, lines := make([]int, 16*len(columns)), make([]int, s.shape[0]*len(columns))
	for y := range s.shape[0] {
		line := luma[y*w : (y+1)*w]
		for c, cell := range columns {
			sum := 0
			for k, weight := range cell.weights {
				sum += weight * int(line[cell.first+k])
			}
			lines[y*len(columns)+c] = sum
		}
	}
	for r, cell := range s.rows {
		for k, weight := range cell.weights {
			line := lines[(cell.first+k)*len(columns):]
			for c := range columns {
				out[r*len(columns)+c] += weight * line[c]
			}
		}
	}
	return out
}
