package train

import (
	"reflect"
	"testing"
)

// rotated is a stand-in for a shuffle: epoch e starts at e.
func rotated(n int) func(int) []int {
	return func(epoch int) []int {
		order := make([]int, n)
		for i := range order {
			order[i] = (i + epoch) % n
		}
		return order
	}
}

func TestSamplerCoversEveryExampleOnceAnEpoch(t *testing.T) {
	s := Sampler{Examples: 5, Batch: 3, Permutation: rotated(5)}
	var batches [][]int
	for step := range 5 { // 15 examples: three epochs
		var batch []int
		for _, span := range s.At(step) {
			if span.Offset != len(batch) {
				t.Errorf("step %d: span at offset %d, want %d", step, span.Offset, len(batch))
			}
			batch = append(batch, span.Examples...)
		}
		batches = append(batches, batch)
	}
	want := [][]int{{0, 1, 2}, {3, 4, 1}, {2, 3, 4}, {0, 2, 3}, {4, 0, 1}}
	if !reflect.DeepEqual(batches, want) {
		t.Errorf("batches %v, want %v", batches, want)
	}
}

func TestSamplerBatchDependsOnTheStepAlone(t *testing.T) {
	a := Sampler{Examples: 7, Batch: 4, Permutation: rotated(7)}
	for step := range 20 {
		a.At(step)
	}
	b := Sampler{Examples: 7, Batch: 4, Permutation: rotated(7)}
	if got, want := b.At(9), a.At(9); !reflect.DeepEqual(got, want) {
		t.Errorf("step 9 afresh %v, after others %v", got, want)
	}
}

func TestSamplerBatchLargerThanAnEpoch(t *testing.T) {
	s := Sampler{Examples: 2, Batch: 5, Permutation: rotated(2)}
	var epochs []int
	for _, span := range s.At(0) {
		epochs = append(epochs, span.Epoch)
	}
	if want := []int{0, 1, 2}; !reflect.DeepEqual(epochs, want) {
		t.Errorf("epochs %v, want %v", epochs, want)
	}
}
