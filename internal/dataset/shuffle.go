package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Shuffled returns a permutation of 0..n-1 that is a pure function of (n, seed,
// epoch), on every machine and in every version of Go.
func Shuffled(n int, seed int64, epoch int) []int {
	return permutation(n, "epoch", seed, epoch)
}

// permutation draws a permutation of 0..n-1 keyed by a purpose and numbers, so
// that what is drawn for one purpose says nothing about another. The shuffle is
// written out because the algorithm behind rand.Perm is free to change, while
// the output of ChaCha8 is specified.
func permutation(n int, purpose string, seed int64, more int) []int {
	key := binary.LittleEndian.AppendUint64([]byte(purpose+"\x00"), uint64(seed))
	key = binary.LittleEndian.AppendUint64(key, uint64(more))
	source := rand.NewChaCha8(sha256.Sum256(key))
	p := make([]int, n)
	for i := range p {
		j, _ := bits.Mul64(source.Uint64(), uint64(i+1)) // uniform in 0..i
		p[i] = p[j]
		p[j] = i
	}
	return p
}
