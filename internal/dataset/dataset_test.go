package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
)

// prepare prepares a source and opens it.
func prepare(t *testing.T, s Source) *Dataset {
	t.Helper()
	d, err := tryPrepare(t, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func tryPrepare(t *testing.T, s Source) (*Dataset, error) {
	t.Helper()
	dst := t.TempDir()
	meta, err := Prepare(t.Context(), s, t.TempDir(), dst, Watch{})
	if err != nil {
		return nil, err
	}
	d, err := Open(dst)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if a, b := jsonOf(t, d.Meta), jsonOf(t, *meta); a != b {
		t.Errorf("opened %s, prepared %s", a, b)
	}
	return d, nil
}

// tinyIDX is a set of 2x2 images whose pixels all hold the image's number:
// train 0..11 with labels 0 1 0 1 ..., test 100..103.
func tinyIDX(t *testing.T) string {
	set := func(first, n int) (images, labels []byte) {
		for i := range n {
			images = append(images, bytes.Repeat([]byte{byte(first + i)}, 4)...)
			labels = append(labels, byte(i%2))
		}
		return idxOf(images, n, 2, 2), idxOf(labels, n)
	}
	trainX, trainY := set(0, 12)
	testX, testY := set(100, 4)
	return write(t, map[string][]byte{
		"train-images-idx3-ubyte": trainX, "train-labels-idx1-ubyte": trainY,
		"t10k-images-idx3-ubyte": testX, "t10k-labels-idx1-ubyte": testY,
	})
}

func TestPrepareAndOpen(t *testing.T) {
	folder := tinyIDX(t)
	d := prepare(t, Source{Path: folder, Layout: "idx", ValidationPerClass: 1, Seed: 3})
	want := artifact.DatasetMeta{
		Name: filepath.Base(folder), Shape: [3]int{2, 2, 1}, Classes: []string{"0", "1"},
		Splits:  map[string]int{Unlabelled: 10, Train: 10, Validation: 2, Test: 4},
		License: "not stated", Source: "folder " + filepath.Base(folder),
		Mean: d.Meta.Mean, Std: d.Meta.Std,
	}
	if fmt.Sprint(d.Meta) != fmt.Sprint(want) {
		t.Errorf("description %v, want %v", d.Meta, want)
	}
	test, err := d.Split(Test)
	if err != nil || len(test) != 4 {
		t.Fatalf("test split %v, error %v", test, err)
	}
	batch := make([]byte, 8)
	if err := d.Fill(batch, []int{test[3], test[0]}); err != nil {
		t.Fatal(err)
	}
	if wantBatch := []byte{103, 103, 103, 103, 100, 100, 100, 100}; !bytes.Equal(batch, wantBatch) {
		t.Errorf("batch %v, want %v", batch, wantBatch)
	}
	if d.Label(test[3]) != 1 || d.Label(test[0]) != 0 || d.Len() != 16 {
		t.Errorf("labels %d %d of %d images", d.Label(test[3]), d.Label(test[0]), d.Len())
	}
	unlabelled, err := d.Split(Unlabelled)
	if err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for _, i := range unlabelled {
		v := float64(d.Image(i)[0]) / 255
		sum += v
		squares += v * v
	}
	mean := sum / 10
	if std := math.Sqrt(squares/10 - mean*mean); math.Abs(d.Meta.Mean[0]-mean) > 1e-12 || math.Abs(d.Meta.Std[0]-std) > 1e-12 {
		t.Errorf("mean %v, sd %v; want %v, %v", d.Meta.Mean, d.Meta.Std, mean, std)
	}
	if _, err := d.Split("dev"); err == nil || !strings.Contains(err.Error(), "it has test, train, unlabelled, validation") {
		t.Errorf("unknown split: error %v", err)
	}
}

func TestPrepareIsReproducible(t *testing.T) {
	folder := tinyIDX(t)
	digest := func() string {
		dst := t.TempDir()
		if _, err := Prepare(t.Context(), Source{Path: folder, Layout: "idx", ValidationPerClass: 1}, t.TempDir(), dst, Watch{}); err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for _, name := range []string{imagesFile, labelsFile, splitsFile, reportFile, metaFile} {
			raw, err := os.ReadFile(filepath.Join(dst, name))
			if err != nil {
				t.Fatal(err)
			}
			h.Write(raw)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	if a, b := digest(), digest(); a != b {
		t.Errorf("digests %s and %s", a, b)
	}
}

func TestOpenRefusesDamage(t *testing.T) {
	source := Source{Path: tinyIDX(t), Layout: "idx"}
	for name, c := range map[string]struct {
		damage func(path func(string) string) error
		want   string
	}{
		"truncated images": {func(path func(string) string) error { return os.Truncate(path(imagesFile), 63) }, "images.u8 has 63 bytes, its description asks for 64"},
		"truncated labels": {func(path func(string) string) error { return os.Truncate(path(labelsFile), 63) }, "labels.i32 has 63 bytes"},
		"missing label":    {func(path func(string) string) error { return os.Truncate(path(labelsFile), 60) }, "splits.json: test image 15 of 15"},
		"no description":   {func(path func(string) string) error { return os.Remove(path(metaFile)) }, "no such file"},
		"broken splits":    {func(path func(string) string) error { return os.Truncate(path(splitsFile), 9) }, "unexpected end of JSON"},
		"label too large": {func(path func(string) string) error {
			return os.WriteFile(path(labelsFile), binary.LittleEndian.AppendUint32(nil, 7), 0o644)
		}, "label 7 of image 0, with 2 classes"},
	} {
		dst := t.TempDir()
		if _, err := Prepare(t.Context(), source, t.TempDir(), dst, Watch{}); err != nil {
			t.Fatal(err)
		}
		if err := c.damage(func(name string) string { return filepath.Join(dst, name) }); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dst); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestSubset(t *testing.T) {
	d := prepare(t, Source{Path: tinyIDX(t), Layout: "idx"})
	ten := map[int64][]int{}
	for seed := range int64(3) {
		small, err := d.Subset(Train, 2, seed)
		if err != nil {
			t.Fatal(err)
		}
		large, err := d.Subset(Train, 5, seed)
		if err != nil {
			t.Fatal(err)
		}
		counts := map[int32]int{}
		for _, i := range large {
			counts[d.Label(i)]++
		}
		if counts[0] != 5 || counts[1] != 5 || len(large) != 10 || !slices.IsSorted(large) {
			t.Errorf("seed %d: %v has %v of each class", seed, large, counts)
		}
		for _, i := range small {
			if !slices.Contains(large, i) {
				t.Errorf("seed %d: %d is in %v but not in %v", seed, i, small, large)
			}
		}
		ten[seed] = small
	}
	if got := fmt.Sprint(ten); got != wantSubsets {
		t.Errorf("subsets %s, want %s", got, wantSubsets)
	}
	if _, err := d.Subset(Train, 7, 0); err == nil || !strings.Contains(err.Error(), `class "0" has 6 images in train, 7 were asked for`) {
		t.Errorf("too many: error %v", err)
	}
	if _, err := d.Subset(Train, 0, 0); err == nil {
		t.Error("an empty subset was drawn")
	}
}

// wantSubsets were drawn once and must never change: published tables rest on
// them.
const wantSubsets = "map[0:[2 3 10 11] 1:[0 1 3 10] 2:[0 1 4 5]]"

func TestShuffled(t *testing.T) {
	for _, c := range []struct {
		n, epoch int
		seed     int64
		want     string
	}{{8, 0, 1, "[2 6 0 1 4 5 7 3]"}, {8, 1, 1, "[0 6 4 3 7 2 1 5]"}, {8, 0, 2, "[3 2 4 7 5 6 0 1]"}, {1, 0, 0, "[0]"}, {0, 0, 0, "[]"}} {
		if got := fmt.Sprint(Shuffled(c.n, c.seed, c.epoch)); got != c.want {
			t.Errorf("Shuffled(%d, %d, %d) = %s, want %s", c.n, c.seed, c.epoch, got, c.want)
		}
	}
	// Every image comes to the first place about equally often.
	first := make([]int, 5)
	for epoch := range 5000 {
		p := Shuffled(5, 9, epoch)
		first[p[0]]++
		if slices.Sort(p); !slices.Equal(p, []int{0, 1, 2, 3, 4}) {
			t.Fatalf("epoch %d is no permutation", epoch)
		}
	}
	for i, n := range first {
		if n < 880 || n > 1120 { // 4 standard deviations of 28
			t.Errorf("%d comes first %d times in 5,000", i, n)
		}
	}
}

func TestEmbeddedImages(t *testing.T) {
	d := prepare(t, Source{Name: "fashion-mnist-mini"})
	// The digests are of the pixels and labels that numpy takes from Debian's
	// dataset-fashion-mnist: the first images of each class, in order.
	for split, want := range map[string][2]string{
		Train: {"13e619eeda219042c38e7dfde755199f21508068fbc3f3eb290bc254c26acaec", "3d730655b2fa9e5b4ccd99879cc675b662ca4280303c78e0d6f98270b9330574"},
		Test:  {"f9d97ee85d92a222fc449a5fc4b3a7729a0db0fe1bf6ce64963787a4dc9fc431", "8d9aa77813c5393156d441c81cd41f3b1557583c57786cd99eca51945b04c286"},
	} {
		indices, err := d.Split(split)
		if err != nil {
			t.Fatal(err)
		}
		pixels, labels := sha256.New(), sha256.New()
		for _, i := range indices {
			pixels.Write(d.Image(i))
			labels.Write(binary.LittleEndian.AppendUint32(nil, uint32(d.Label(i))))
		}
		if got := [2]string{hex.EncodeToString(pixels.Sum(nil)), hex.EncodeToString(labels.Sum(nil))}; got != want {
			t.Errorf("%s: digests %v, want %v", split, got, want)
		}
		if _, err := d.Subset(split, map[string]int{Train: 1200, Test: 300}[split], 0); err != nil {
			t.Error(err)
		}
	}
	if got := fmt.Sprint(d.Meta.Splits); got != "map[test:3000 train:12000 unlabelled:12000 validation:0]" {
		t.Errorf("splits %s", got)
	}
	if math.Abs(d.Meta.Mean[0]-0.2865328785680939) > 1e-12 || math.Abs(d.Meta.Std[0]-0.35388829014095124) > 1e-9 {
		t.Errorf("mean %v, sd %v", d.Meta.Mean, d.Meta.Std)
	}
}
