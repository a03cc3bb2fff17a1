package backbone

import "math"

// sinCos encodes a coordinate as d numbers: the sines of the coordinate at d/2
// wavelengths from 2 pi to 10000*2 pi, then the cosines (Vaswani et al., NeurIPS 2017,
// arXiv:1706.03762).
func sinCos(at float64, d int) []float32 {
	code := make([]float32, d)
	for i := range d / 2 {
		angle := at / math.Pow(10000, float64(i)/float64(d/2))
		code[i], code[d/2+i] = float32(math.Sin(angle)), float32(math.Cos(angle))
	}
	return code
}

// SinCosGrid encodes the positions of a grid of h by w, row by row, [h*w, d]: the
// column in the first half of the numbers and the row in the second, as MAE does
// (He et al., CVPR 2022, arXiv:2111.06377). d is a multiple of 4.
func SinCosGrid(h, w, d int) [][]float32 {
	table := make([][]float32, 0, h*w)
	for y := range h {
		for x := range w {
			table = append(table, append(sinCos(float64(x), d/2), sinCos(float64(y), d/2)...))
		}
	}
	return table
}

// sinCosLine encodes the positions of a line of n, [n, d]; d is even.
func sinCosLine(n, d int) [][]float32 {
	table := make([][]float32, n)
	for i := range table {
		table[i] = sinCos(float64(i), d)
	}
	return table
}
