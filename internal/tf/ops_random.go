package tf

// The random operations are stateless: a value is a function of seed, int64 or
// int32 [2], and of dims (Philox; Salmon et al., SC 2011). Two draws with one
// seed are equal, so derive the seed from what makes a draw its own: run, step,
// place.

func (g *Graph) random(typ string, seed Output, dims []int) Output {
	if g.err == nil && seed.DType() != Int64 && seed.DType() != Int32 {
		return g.Failf("%s: the seed is %s, not int64 [2]", typ, seed.DType())
	}
	return g.Op(typ, Attrs{"dtype": Float32}, g.Ints(dims...), seed)[0]
}

// RandomUniform draws float32 dims from [0, 1).
func (g *Graph) RandomUniform(seed Output, dims ...int) Output {
	return g.random("StatelessRandomUniform", seed, dims)
}

// RandomNormal draws float32 dims from the standard normal distribution.
func (g *Graph) RandomNormal(seed Output, dims ...int) Output {
	return g.random("StatelessRandomNormal", seed, dims)
}

// RandomTruncatedNormal draws float32 dims from the standard normal distribution
// between -2 and 2.
func (g *Graph) RandomTruncatedNormal(seed Output, dims ...int) Output {
	return g.random("StatelessTruncatedNormal", seed, dims)
}
