package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
)

// partOf makes all images of a set a part; the set is not prepared.
func partOf(shape [3]int, images ...[]byte) Part {
	d := &Dataset{Meta: artifact.DatasetMeta{Shape: shape}, stride: shape[0] * shape[1] * shape[2]}
	p := Part{Name: "made up", Data: d}
	for i, image := range images {
		d.pixels = append(d.pixels, image...)
		p.Indices = append(p.Indices, i)
	}
	return p
}

// scene draws waves that no other number shares, in grey or in colours of the
// same luma, at any size.
func scene(number int, shape [3]int) []byte {
	var image []byte
	for y := range shape[0] {
		for x := range shape[1] {
			down, right := (float64(y)+0.5)/float64(shape[0]), (float64(x)+0.5)/float64(shape[1])
			v, f := 128.0, float64(number)
			for wave := range 6 {
				w := float64(wave)
				v += 18 * math.Sin(6.3*(down*math.Mod(1+f*1.7+w*2.3, 4)+right*math.Mod(2+f*2.9+w*1.1, 4))+f*w)
			}
			if shape[2] == 1 {
				image = append(image, byte(v))
			} else {
				image = append(image, byte(v+11.4), byte(v), byte(v-29.9))
			}
		}
	}
	return image
}

// changed returns a copy of which change has had each byte.
func changed(image []byte, change func(at int, v byte) byte) []byte {
	image = slices.Clone(image)
	for i, v := range image {
		image[i] = change(i, v)
	}
	return image
}

func overlap(t *testing.T, part, test Part) Overlap {
	t.Helper()
	o, err := FindOverlap(t.Context(), part, test)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// pairsOf leaves distances out.
func pairsOf(o Overlap) string {
	var s []string
	for _, p := range o.Examples {
		s = append(s, fmt.Sprint(p.Image, "=", p.Test))
	}
	return fmt.Sprintf("%d exact, %d near of %d: %s", o.Exact, o.Near, o.Of, strings.Join(s, " "))
}

func TestFindOverlap(t *testing.T) {
	small, grey, large := [3]int{20, 20, 3}, [3]int{20, 20, 1}, [3]int{48, 48, 3}
	flat := func(v byte) []byte { return bytes.Repeat([]byte{v}, 1200) }
	test := partOf(small, scene(0, small), scene(1, small), scene(2, small), flat(90), scene(1, small))
	brighter := func(_ int, v byte) byte { return byte(min(255, float64(v)*1.1+0.5)) }
	onePixel := func(at int, v byte) byte {
		if at/3 == 210 {
			return v ^ 0x80
		}
		return v
	}
	for name, c := range map[string]struct {
		part Part
		want string
	}{
		"equal":            {partOf(small, scene(9, small), scene(1, small), flat(90)), "2 exact, 0 near of 3: 1=1 2=3"},
		"one pixel":        {partOf(small, changed(scene(2, small), onePixel)), "0 exact, 1 near of 1: 0=2"},
		"brighter":         {partOf(small, changed(scene(0, small), brighter)), "0 exact, 1 near of 1: 0=0"},
		"other scenes":     {partOf(small, scene(3, small), scene(4, small), scene(5, small)), "0 exact, 0 near of 3: "},
		"flat":             {partOf(small, flat(91), flat(0)), "0 exact, 0 near of 2: "},
		"almost flat":      {partOf(small, changed(flat(90), onePixel)), "0 exact, 0 near of 1: "},
		"grey":             {partOf(grey, scene(2, grey), scene(7, grey)), "0 exact, 1 near of 2: 0=2"},
		"larger":           {partOf(large, scene(7, large), scene(0, large)), "0 exact, 1 near of 2: 1=0"},
		"none":             {partOf(small), "0 exact, 0 near of 0: "},
		"the same":         {test, "5 exact, 0 near of 5: 0=0 1=1 2=2 3=3 4=1"},
		"same bytes":       {partOf([3]int{10, 40, 3}, scene(0, small)), "0 exact, 0 near of 1: "},
		"the most alike":   {partOf(small, changed(scene(0, small), brighter), scene(2, small), changed(scene(1, small), onePixel)), "1 exact, 2 near of 3: 1=2 0=0 2=1"},
		"some of the part": {Part{Data: test.Data, Indices: []int{2, 0}}, "2 exact, 0 near of 2: 2=2 0=0"},
	} {
		o := overlap(t, c.part, test)
		if got := pairsOf(o); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		for i, p := range o.Examples {
			if (i < o.Exact) != (p.Distance == 0) || p.Distance > nearDistance {
				t.Errorf("%s: example %d of %d exact has distance %v", name, i, o.Exact, p.Distance)
			}
		}
	}
	if got := pairsOf(overlap(t, test, partOf(small))); got != "0 exact, 0 near of 5: " {
		t.Errorf("no test images: %s", got)
	}
}

// A test image with three others about as much like it as the image of the part
// cannot tell whether it is the same image or one of many of a kind.
func TestFindOverlapAmongLookAlikes(t *testing.T) {
	shape := [3]int{32, 32, 1}
	blend := func(with int, share float64) []byte {
		other := scene(with, shape)
		return changed(scene(0, shape), func(at int, v byte) byte {
			return byte((1-share)*float64(v) + share*float64(other[at]))
		})
	}
	alike := [][]byte{blend(0, 0), blend(3, 0.2), blend(4, 0.2), blend(5, 0.2)}
	for _, c := range []struct {
		image []byte
		test  Part
		want  string
	}{
		{blend(6, 0.2), partOf(shape, alike[:3]...), "0 exact, 1 near of 1: 0=0"},
		{blend(6, 0.2), partOf(shape, alike...), "0 exact, 0 near of 1: "},
		{blend(6, 0.13), partOf(shape, alike...), "0 exact, 1 near of 1: 0=0"},
		{alike[2], partOf(shape, alike...), "1 exact, 0 near of 1: 0=2"},
	} {
		if got := pairsOf(overlap(t, partOf(shape, c.image), c.test)); got != c.want {
			t.Errorf("among %d: %s, want %s", len(c.test.Indices), got, c.want)
		}
	}
}

// Hash and thumbnail must both agree: either alone is fooled.
func TestFindOverlapAsksHashAndPixels(t *testing.T) {
	shape := [3]int{32, 32, 1}
	slope := func(down, right func(at int) int) []byte {
		var image []byte
		for i := range 32 * 32 {
			image = append(image, byte(128+down(i/32)+right(i%32)))
		}
		return image
	}
	stripes := func(at int) int { return 80 * (at / 8 % 2) }
	shifted := func(at int) int { return 80 * ((at + 2) / 8 % 2) }
	falling := func(at int) int { return -at / 2 }
	rising := func(at int) int { return at / 2 }
	test := partOf(shape, slope(stripes, falling))
	for name, c := range map[string]struct {
		image []byte
		want  string
	}{
		"only the same hash": {slope(shifted, falling), "0 exact, 0 near of 1: "},
		"only like pixels":   {slope(stripes, rising), "0 exact, 0 near of 1: "},
		"both":               {changed(test.Data.pixels, func(_ int, v byte) byte { return v - 7 }), "0 exact, 1 near of 1: 0=0"},
	} {
		if got := pairsOf(overlap(t, partOf(shape, c.image), test)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestFindOverlapGivesTenExamples(t *testing.T) {
	shape := [3]int{18, 18, 1}
	part := partOf(shape, changed(scene(1, shape), func(_ int, v byte) byte { return v + 9 }))
	for i := range 12 {
		part.Data.pixels = append(part.Data.pixels, scene(i%2, shape)...)
		part.Indices = append(part.Indices, i+1)
	}
	want := "12 exact, 1 near of 13: 1=0 2=1 3=0 4=1 5=0 6=1 7=0 8=1 9=0 10=1"
	if got := pairsOf(overlap(t, part, partOf(shape, scene(0, shape), scene(1, shape)))); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFindOverlapStops(t *testing.T) {
	shape := [3]int{4, 4, 1}
	part := partOf(shape, scene(0, shape))
	part.Name = "training images"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := FindOverlap(ctx, part, partOf(shape, scene(0, shape)))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "compare training images with made up") {
		t.Errorf("error %v", err)
	}
}

func TestThumbnail(t *testing.T) {
	if got, want := fmt.Sprint(cells(3, 2), cells(2, 4)), "[{0 [2 1]} {1 [1 2]}] [{0 [2]} {0 [2]} {1 [2]} {1 [2]}]"; got != want {
		t.Errorf("cells %s, want %s", got, want)
	}
	falling := make([]byte, 17*17)
	for i := range falling {
		falling[i] = byte(200 - 10*(i%17))
	}
	h, thumbnail := newSampler([3]int{17, 17, 1}).sample(falling)
	if h != (hash{math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64}) {
		t.Errorf("hash %x of an image that falls everywhere", h)
	}
	// Sixteen equal steps about 0, with variance (16*16-1)/12 steps squared.
	for i, got := range thumbnail.pixels {
		if want := (7.5 - float64(i%16)) / math.Sqrt(255./12); math.Abs(float64(got)-want) > 1e-5 {
			t.Fatalf("pixel %d is %v, want %v", i, got, want)
		}
	}
	h, thumbnail = newSampler([3]int{19, 23, 1}).sample(bytes.Repeat([]byte{77}, 19*23))
	if h != (hash{}) || !thumbnail.flat {
		t.Errorf("hash %x of a flat image, which is flat: %v", h, thumbnail.flat)
	}
}

func TestDigestIsOfContent(t *testing.T) {
	d := prepare(t, Source{Path: tinyIDX(t), Layout: "idx"})
	var b []byte
	for _, n := range []byte{2, 2, 1, 2} { // shape, and the number of classes
		b = append(b, n, 0, 0, 0, 0, 0, 0, 0)
	}
	for _, class := range "01" {
		b = append(b, 1, 0, 0, 0, 0, 0, 0, 0, byte(class))
	}
	// Training images 3 and 0 hold their numbers.
	b = append(b, 1, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	sum := sha256.Sum256(b)
	got := d.Digest([]int{3, 0})
	if want := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
	d.Meta.Name, d.Meta.Source = "elsewhere", "another"
	if again := d.Digest([]int{3, 0}); again != got {
		t.Error("the name changes the digest")
	}
	if other := d.Digest([]int{0, 3}); other == got {
		t.Error("the order does not change the digest")
	}
	d.Meta.Classes = []string{"01", ""}
	if other := d.Digest([]int{3, 0}); other == got {
		t.Error("the names of classes do not change the digest")
	}
}
