package transform

// Fill writes draws uniforms in [0, 1) for each of examples into u, which is
// [len(examples), draws] in row order. The numbers of an example are a pure
// function of (seed, epoch, view, example): they depend neither on its batch
// nor on how many numbers are asked for. Each is a multiple of 2^-24.
//
// The generator is Philox4x32-10 (Salmon et al., SC 2011) with the seed as
// its key and (block of four draws, example, epoch, view) as its counter, so
// no two of them share a stream.
func Fill(u []float32, draws int, seed int64, epoch int, view int, examples []int) {
	key := [2]uint32{uint32(seed), uint32(uint64(seed) >> 32)}
	for i, example := range examples {
		row := u[i*draws : (i+1)*draws]
		for j := 0; j < draws; j += 4 {
			block := philox([4]uint32{uint32(j / 4), uint32(example), uint32(epoch), uint32(view)}, key)
			for k, word := range block[:min(4, draws-j)] {
				row[j+k] = float32(word>>8) * 0x1p-24
			}
		}
	}
}

// philox encrypts a counter by a key: ten rounds of Philox4x32.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		a := uint64(counter[0]) * 0xD2511F53
		b := uint64(counter[2]) * 0xCD9E8D57
		counter = [4]uint32{
			uint32(b>>32) ^ counter[1] ^ key[0], uint32(b),
			uint32(a>>32) ^ counter[3] ^ key[1], uint32(a),
		}
		key[0] += 0x9E3779B9
		key[1] += 0xBB67AE85
	}
	return counter
}
