package dataset

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Copies counts images whose file, or pixels, equal those of an earlier one byte
// for byte.
type Copies struct {
	Images int
	Parts  int // of them, those that lie in another part than the first, as test and train
	Labels int // of them, those of another class than the first
}

// maxCompared bounds the bytes that are read to find copies: a second or two.
const maxCompared = 256 << 20

// findCopies compares the images that have as many bytes as another one. It
// returns nil where that is more than maxCompared.
func findCopies(ctx context.Context, c *catalogue, t tree) (*Copies, error) {
	sizes, total, err := sizesOf(c, t)
	if err != nil || total > maxCompared {
		return nil, err
	}
	first, copies := map[[32]byte]item{}, &Copies{}
	for i, it := range c.items {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if sizes[i] == 0 {
			continue
		}
		data, err := it.read()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", shown(it.name), err)
		}
		sum := sha256.Sum256(data)
		other, seen := first[sum]
		if !seen {
			first[sum] = it
			continue
		}
		copies.Images++
		if other.part != it.part {
			copies.Parts++
		}
		if other.label >= 0 && it.label >= 0 && other.label != it.label {
			copies.Labels++
		}
	}
	return copies, nil
}

// sizesOf returns the bytes of each image, 0 for those that no other image has
// the size of, and the sum.
func sizesOf(c *catalogue, t tree) (sizes []int64, total int64, err error) {
	sizes, shared := make([]int64, len(c.items)), map[int64]int{}
	for i, it := range c.items {
		if c.raw != [3]int{} {
			sizes[i] = int64(c.raw[0] * c.raw[1] * c.raw[2])
		} else if sizes[i], err = t.size(it.name); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", shown(it.name), err)
		}
		shared[sizes[i]]++
	}
	for i, size := range sizes {
		if shared[size] < 2 {
			sizes[i] = 0
		}
		total += sizes[i]
	}
	return sizes, total, nil
}
