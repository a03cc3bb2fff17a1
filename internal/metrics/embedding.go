package metrics

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Embedding says how the embeddings of a batch lie on the unit sphere, which is
// where collapse shows (Wang and Isola, ICML 2020, arXiv:2005.10242; Jing et al.,
// ICLR 2022, arXiv:2110.09348).
type Embedding struct {
	// Spread is the standard deviation of a dimension over the batch, averaged
	// over the dimensions, times the root of their number: 1 for embeddings all
	// over the sphere, 0 where all are the same (Chen and He, CVPR 2021,
	// arXiv:2011.10566).
	Spread float64
	// MinSpread is the same of the dimension with the smallest.
	MinSpread float64
	// Rank is the effective rank of the centred embeddings: the exponential of
	// the entropy of their singular values (Roy and Vetterli, EUSIPCO 2007). It
	// is at most the smaller of dimensions and images-1; 0 where all are the same.
	Rank float64
	// Uniformity is the logarithm of the mean of exp(-2*d^2) over the distances d
	// of all pairs: 0 where all are the same, about -4 all over the sphere.
	Uniformity float64
}

// DescribeEmbedding describes embeddings z, row after row of d numbers; their
// lengths do not matter.
func DescribeEmbedding(z []float32, d int) Embedding {
	rows := onSphere(z, d)
	spread, smallest := columnSpread(rows, d)
	gram := mat.NewSymDense(len(rows), nil)
	gram.SetRawSymmetric(products(rows))
	return Embedding{Spread: spread, MinSpread: smallest, Rank: effectiveRank(gram), Uniformity: uniformity(gram)}
}

// uniformity takes the products of rows with each other.
func uniformity(gram *mat.SymDense) float64 {
	pairs, sum := 0, 0.0
	for i := range gram.SymmetricDim() {
		for j := range i {
			distance := gram.At(i, i) + gram.At(j, j) - 2*gram.At(i, j)
			sum += math.Exp(-2 * max(0, distance))
			pairs++
		}
	}
	if pairs == 0 {
		return 0
	}
	return math.Log(sum / float64(pairs))
}

// Alignment is the mean squared distance on the unit sphere between row i of a
// and row i of b, rows of d numbers: 0 where the two views of every image agree.
func Alignment(a, b []float32, d int) float64 {
	left, right := onSphere(a, d), onSphere(b, d)
	sum := 0.0
	for i := range left {
		for k := range d {
			gap := left[i][k] - right[i][k]
			sum += gap * gap
		}
	}
	return sum / float64(len(left))
}

// onSphere scales rows to length 1; a row of zeros stays.
func onSphere(z []float32, d int) [][]float64 {
	rows := make([][]float64, len(z)/d)
	for i := range rows {
		rows[i] = make([]float64, d)
		length := 0.0
		for k, x := range z[i*d : (i+1)*d] {
			rows[i][k] = float64(x)
			length += float64(x) * float64(x)
		}
		for k := range rows[i] {
			rows[i][k] /= max(math.Sqrt(length), 1e-12)
		}
	}
	return rows
}

func columnSpread(rows [][]float64, d int) (mean, smallest float64) {
	smallest = math.Inf(1)
	for k := range d {
		sum, squares := 0.0, 0.0
		for _, row := range rows {
			sum += row[k]
		}
		centre := sum / float64(len(rows))
		for _, row := range rows {
			squares += (row[k] - centre) * (row[k] - centre)
		}
		std := math.Sqrt(squares / float64(len(rows)) * float64(d))
		mean += std / float64(d)
		smallest = min(smallest, std)
	}
	return mean, smallest
}

// effectiveRank takes the products of rows with each other and centres them.
func effectiveRank(gram *mat.SymDense) float64 {
	n := gram.SymmetricDim()
	means, total := make([]float64, n), 0.0
	for i := range n {
		for j := range n {
			means[i] += gram.At(i, j) / float64(n)
		}
		total += means[i] / float64(n)
	}
	centred := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			centred.SetSym(i, j, gram.At(i, j)-means[i]-means[j]+total)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(centred, false) {
		return math.NaN()
	}
	return entropyRank(eigen.Values(nil))
}

// entropyRank takes the squares of singular values.
func entropyRank(squares []float64) float64 {
	var values []float64
	sum := 0.0
	for _, s := range squares {
		// Rounding leaves traces of nothing, also below zero.
		if s > 1e-10 {
			values = append(values, math.Sqrt(s))
			sum += math.Sqrt(s)
		}
	}
	if sum == 0 {
		return 0
	}
	entropy := 0.0
	for _, v := range values {
		entropy -= v / sum * math.Log(v/sum)
	}
	return math.Exp(entropy)
}
