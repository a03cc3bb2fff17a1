package stages

import (
	"bytes"
	"testing"
)

// A tensor's memory is freed while the sheet is drawn, and may then hold anything.
func TestPicturesDoNotShareMemoryWithTheirTensor(t *testing.T) {
	pixels := bytes.Repeat([]byte{7}, 2*2*2*3)
	c := columnOf(pixels, [3]int{2, 2, 3}, 2)
	clear(pixels)
	for i, picture := range c.Pictures {
		if want := bytes.Repeat([]byte{7}, 2*2*3); !bytes.Equal(picture, want) {
			t.Errorf("picture %d is %v, want %v", i, picture, want)
		}
	}
}
