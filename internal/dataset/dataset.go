// Package dataset turns known data sets, archives and folders of images or text into
// one flat file of uint8 pixels or int32 tokens with labels and splits, and reads it
// back.
//
// [Prepare] gets a [Source] (a known name, a url with its digest, or a local
// archive or folder), decodes every image once through TensorFlow's image
// operations, cuts the splits and writes a prepared folder:
//
//	images.u8    pixels, [N, H, W, C] uint8; or for text
//	tokens.i32   tokens, [N, length] little-endian int32, 0 is padding, with
//	             tokenizer.json, which says what they stand for
//	labels.i32   N little-endian int32, -1 where an image has no class
//	splits.json  image numbers of "unlabelled", "train", "validation", "test"
//	report.json  what was skipped, converted, and dropped as a duplicate
//	meta.json    artifact.DatasetMeta; written last, so a folder with it is whole
//
// [Open] maps such a folder into memory. The splits keep what makes results
// worth trusting: test images are the set's official ones (for Tiny ImageNet,
// whose test has no labels, the official validation images), validation is cut
// from training by a seed, and no image whose pixels equal a test or validation
// image stays in training or among the unlabelled ones.
//
// Documents are dealt to splits first; what cuts them into tokens is learnt from those
// for training alone, and no document that becomes the same sequence as one held out
// stays in training (texts.go, sequences.go).
//
// Archives are read in place: no name from an archive ever becomes a path on
// disk, and links, devices, duplicates and names that lead outside are refused,
// as is anything that unpacks to far more than it weighs. A download without a
// digest is refused. Images that cannot be decoded are counted and named, and
// too many of them are an error. Of an animation the first frame counts; what a
// camera notes of orientation and colour profile is not heeded. What a terminal
// cannot show is quoted in messages and refused as the name of a class. The package
// does not augment, batch or train.
//
// A new known set is an entry in Known (known.go); a new layout is a function
// from files to a catalogue of images, or a corpus of documents, and an entry in
// layouts (layout.go).
package dataset

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"sslpipe/internal/artifact"
)

// The splits of a prepared data set.
const (
	Unlabelled = "unlabelled" // training images of all classes, and the set's own unlabelled ones
	Train      = "train"      // training images with labels
	Validation = "validation" // held out of training, for every choice that is made
	Test       = "test"       // for evaluation alone
)

// Dataset is a prepared data set whose pixels are mapped into memory, read-only.
// It is safe for concurrent use until Close.
type Dataset struct {
	Meta   artifact.DatasetMeta
	Report Report

	pixels []byte
	labels []int32
	splits map[string][]int
	stride int // bytes of an image

	expecting sync.Once
}

// Open maps the prepared folder dir. It fails where a file is missing, shorter
// or longer than the description says, or names images that do not exist.
func Open(dir string) (*Dataset, error) {
	d := &Dataset{}
	for _, part := range []struct {
		name string
		into any
	}{{metaFile, &d.Meta}, {splitsFile, &d.splits}, {reportFile, &d.Report}} {
		if err := readJSON(filepath.Join(dir, part.name), part.into); err != nil {
			return nil, fmt.Errorf("open data set: %w", err)
		}
	}
	if err := d.open(dir); err != nil {
		return nil, fmt.Errorf("open data set %s: %w", dir, err)
	}
	return d, nil
}

func (d *Dataset) open(dir string) error {
	if err := checkMeta(d.Meta); err != nil {
		return fmt.Errorf("%s: %w", metaFile, err)
	}
	d.stride = stride(d.Meta)
	raw, err := os.ReadFile(filepath.Join(dir, labelsFile))
	if err != nil {
		return err
	}
	d.labels = make([]int32, len(raw)/4)
	for i := range d.labels {
		d.labels[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	if err := d.check(len(raw)); err != nil {
		return err
	}
	name := imagesFile
	if d.Meta.Text != nil {
		name = tokensFile
	}
	d.pixels, err = mapFile(filepath.Join(dir, name), int64(len(d.labels))*int64(d.stride))
	return err
}

// stride is the number of bytes of an example.
func stride(m artifact.DatasetMeta) int {
	values := m.Shape[0] * m.Shape[1] * m.Shape[2]
	if m.Text != nil {
		return values * tokenBytes
	}
	return values
}

const tokenBytes = 4

// checkMeta refuses a description that Prepare does not write: others may have
// made the folder.
func checkMeta(m artifact.DatasetMeta) error {
	if m.Text != nil {
		return checkText(m)
	}
	h, w, channels := m.Shape[0], m.Shape[1], m.Shape[2]
	if checkSize(w, h) != nil || channels != 1 && channels != 3 {
		return fmt.Errorf("images of shape %v", m.Shape)
	}
	if len(m.Mean) != channels || len(m.Std) != channels || slices.Min(m.Std) <= 0 {
		return fmt.Errorf("mean %v and standard deviation %v of %d channels", m.Mean, m.Std, channels)
	}
	return checkLabels(m.Classes)
}

// LongestLength is the most tokens that a sequence may have.
const LongestLength = 4096

func checkText(m artifact.DatasetMeta) error {
	if m.Shape[0] != 1 || m.Shape[2] != 1 || m.Shape[1] < 1 || m.Shape[1] > LongestLength {
		return fmt.Errorf("sequences of shape %v", m.Shape)
	}
	if m.Text.Vocabulary < 2 || m.Text.Digest == "" {
		return fmt.Errorf("a text of %d tokens with the tokeniser %q", m.Text.Vocabulary, m.Text.Digest)
	}
	return checkLabels(m.Classes)
}

// check compares labels and splits with the description.
func (d *Dataset) check(labelBytes int) error {
	if labelBytes == 0 || labelBytes%4 != 0 {
		return fmt.Errorf("%s has %d bytes, which is not a positive number of labels", labelsFile, labelBytes)
	}
	for i, l := range d.labels {
		if l < -1 || int(l) >= len(d.Meta.Classes) {
			return fmt.Errorf("%s: label %d of image %d, with %d classes", labelsFile, l, i, len(d.Meta.Classes))
		}
	}
	if len(d.splits) != len(d.Meta.Splits) {
		return fmt.Errorf("%s has %d splits, %s names %d", splitsFile, len(d.splits), metaFile, len(d.Meta.Splits))
	}
	for name, indices := range d.splits {
		if len(indices) != d.Meta.Splits[name] {
			return fmt.Errorf("%s has %d %s images, %s says %d", splitsFile, len(indices), shown(name), metaFile, d.Meta.Splits[name])
		}
		for n, i := range indices {
			if i < 0 || i >= len(d.labels) {
				return fmt.Errorf("%s: %s image %d of %d", splitsFile, shown(name), i, len(d.labels))
			}
			if n > 0 && indices[n-1] >= i {
				return fmt.Errorf("%s: %s images %d and %d are out of order", splitsFile, shown(name), indices[n-1], i)
			}
		}
	}
	return nil
}

// Len returns the number of images over all splits.
func (d *Dataset) Len() int { return len(d.labels) }

// Image returns the bytes of example i, the pixels [H, W, C] of an image. They are the mapped file: they
// must not be written to, nor read after Close. A file that is cut short meanwhile is a
// fault of memory for whoever reads it; Fill makes it an error.
func (d *Dataset) Image(i int) []byte {
	return d.pixels[i*d.stride : (i+1)*d.stride : (i+1)*d.stride]
}

// Tokens returns a copy of example i of a text, Shape[1] tokens, which are all of the
// vocabulary. It is an error where the file can no longer be read, or has others.
func (d *Dataset) Tokens(i int) ([]int32, error) {
	raw := make([]byte, d.stride)
	if err := d.Fill(raw, []int{i}); err != nil {
		return nil, err
	}
	tokens := make([]int32, len(raw)/tokenBytes)
	for n := range tokens {
		tokens[n] = int32(binary.LittleEndian.Uint32(raw[tokenBytes*n:]))
		if tokens[n] < 0 || int(tokens[n]) >= d.Meta.Text.Vocabulary {
			return nil, fmt.Errorf("text %d of %s has the token %d, of %d", i, d.Meta.Name, tokens[n], d.Meta.Text.Vocabulary)
		}
	}
	return tokens, nil
}

// Label returns the class of image i, an index into Meta.Classes, or -1.
func (d *Dataset) Label(i int) int32 { return d.labels[i] }

// Split returns the numbers of the images in a split, ascending.
func (d *Dataset) Split(name string) ([]int, error) {
	indices, ok := d.splits[name]
	if !ok {
		names := make([]string, 0, len(d.splits))
		for n := range d.splits {
			names = append(names, n)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("data set %s has no split %q; it has %s", d.Meta.Name, name, strings.Join(names, ", "))
	}
	return slices.Clone(indices), nil
}

// Fill gathers the bytes of examples into dst, [len(indices), H, W, C], such as those
// of a tensor that is fed. Dst must have that length exactly. It is an error where the file can no
// longer be read.
func (d *Dataset) Fill(dst []byte, indices []int) error {
	if len(dst) != len(indices)*d.stride {
		panic(fmt.Sprintf("dataset: fill %d bytes with %d images of %d bytes", len(dst), len(indices), d.stride))
	}
	err := guarded(func() {
		for n, i := range indices {
			copy(dst[n*d.stride:], d.Image(i))
		}
	})
	if err != nil {
		return fmt.Errorf("read data set %s: %w", d.Meta.Name, err)
	}
	return nil
}

// Expect tells that images are read soon, so that those on the disk are on their way
// to memory meanwhile. It does not wait for them.
func (d *Dataset) Expect(indices []int) {
	d.expecting.Do(func() { unordered(d.pixels) })
	for _, i := range indices {
		expect(d.pixels, i*d.stride, (i+1)*d.stride)
	}
}

// Close unmaps the pixels. Image, Fill and Expect must not be called afterwards.
func (d *Dataset) Close() error {
	pixels := d.pixels
	d.pixels = nil
	if pixels == nil {
		return nil
	}
	if err := syscall.Munmap(pixels); err != nil {
		return fmt.Errorf("unmap data set %s: %w", d.Meta.Name, err)
	}
	return nil
}

func readJSON(path string, into any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
