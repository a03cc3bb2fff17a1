package dataset

import (
	"bufio"
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
)

// layout is a way in which data sets arrange images and labels in files.
type layout struct {
	name, doc string
	read      func(o opener, t tree) (*catalogue, error) // of images; nil for text
	text      func(c *corpus, t tree, columns Columns) error
	// means tells by the names of files whether they mean to be in this layout.
	// Image folders are so general that the others must be asked before them. Nil for
	// text, which is not guessed.
	means func(t tree) bool
}

// layouts lists what Source.Layout can say: of images, then of text. Not included:
// TFRecord and Parquet (nothing known here is published in them).
var layouts = []layout{
	{"image-folder", "train/<class>/*.jpg and test/<class>/*.jpg (or val/), or <class>/*.jpg alone; images without labels in unlabelled/ beside them; *.jpg alone, without labels", readImageFolder, nil, meansImageFolder},
	{"tiny-imagenet", "train/<wnid>/images/*.JPEG and val/images/*.JPEG with val/val_annotations.txt", readTinyImageNet, nil, meansTinyImageNet},
	{"idx", "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-..., each plain, .gz or .zst", readIDX, nil, meansIDX},
	{"cifar-binary", "data_batch_1.bin ... test_batch.bin, or train.bin and test.bin (CIFAR-100)", readCIFAR, nil, meansCIFAR},
	{"stl10-binary", "train_X.bin, train_y.bin, test_X.bin, test_y.bin, unlabeled_X.bin", readSTL10, nil, meansSTL10},
	{"text", "*.txt: documents are paragraphs with blank lines between them, and lines in a file that has none", nil, readText, nil},
	{"documents", "train/<class>/*.txt and test/<class>/*.txt (or val/), or <class>/*.txt alone, a document a file; those without labels in unlabelled/ or unsup/; *.txt alone, without labels", nil, readDocuments, nil},
	{"csv", "*.csv and *.tsv whose first line names the columns, a document a row; in .tsv quotes are part of the text", nil, readCSV, nil},
	{"jsonl", "*.jsonl, a document a line: an object with the keys that text_column and label_column name", nil, readJSONL, nil},
	{"csv-classes", "train.csv and test.csv without names of columns: the class, then texts (AG News and its like; Zhang et al., NeurIPS 2015, arXiv:1509.01626)", nil, readCSVClasses, nil},
}

// Layouts lists the names of the layouts.
func Layouts() []string {
	names := make([]string, len(layouts))
	for i, l := range layouts {
		names[i] = l.name
	}
	return names
}

// TextLayouts lists the names of the layouts of text.
func TextLayouts() []string {
	return slices.DeleteFunc(Layouts(), func(name string) bool { return !IsText(name) })
}

// HasColumns tells whether a layout is one of tables or objects, of which Columns names
// what is the text.
func HasColumns(name string) bool { return name == "csv" || name == "jsonl" }

// IsText tells whether a layout is one of text.
func IsText(name string) bool { return findLayout(name).text != nil }

func findLayout(name string) layout {
	for _, l := range layouts {
		if l.name == name {
			return l
		}
	}
	return layout{}
}

// part is where an image officially belongs.
type part int

const (
	partTrain part = iota
	partValidation
	partTest
	partUnlabelled
)

// catalogue is what a layout finds: images in a fixed order, not yet decoded.
type catalogue struct {
	labels  []string // of the classes, in label order
	raw     [3]int   // height, width, channels where items are pixels; zero where they are image files
	items   []item
	ignored int // files that are no images
	blobs   []blob
}

// item is one image.
type item struct {
	name  string // for messages
	part  part
	label int // index into labels, -1 where there is none
	read  func() ([]byte, error)
}

// Close closes the files that items read from.
func (c *catalogue) Close() error {
	var first error
	for _, b := range c.blobs {
		if err := b.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// catalogue lists the images of a tree. What it lists can be shown and held in
// memory, whatever the files say. It is to be closed also when it comes with an
// error.
func (l layout) catalogue(o opener, t tree) (*catalogue, error) {
	c, err := l.read(o, t)
	if err != nil {
		return c, err
	}
	return c, checkLabels(c.labels)
}

// checkCount refuses more images than memory holds a list of, before there is one.
func checkCount(n int64) error {
	if n > maxImages {
		return fmt.Errorf("has %d images, more than %d", n, maxImages)
	}
	return nil
}

// records appends n images that lie one after another in a blob: size bytes
// each, the first at offset, stride bytes apart. Pixels turns them into [H, W, C].
func (c *catalogue) records(b blob, name string, p part, n int, offset, stride, size int64, labels []int, pixels func([]byte) []byte) {
	for i := range n {
		label := -1
		if labels != nil {
			label = labels[i]
		}
		c.items = append(c.items, item{
			name: fmt.Sprintf("%s[%d]", name, i), part: p, label: label,
			read: func() ([]byte, error) {
				buf := make([]byte, size)
				if _, err := b.ReadAt(buf, offset+int64(i)*stride); err != nil {
					return nil, err
				}
				return pixels(buf), nil
			},
		})
	}
}

// interleaved turns planes [C, H, W] into pixels [H, W, C].
func interleaved(channels int) func([]byte) []byte {
	return func(planes []byte) []byte {
		area := len(planes) / channels
		out := make([]byte, len(planes))
		for c := range channels {
			for i, v := range planes[c*area : (c+1)*area] {
				out[i*channels+c] = v
			}
		}
		return out
	}
}

// byBase maps the base names of a tree's files to their names; of several files
// with one base name, the first in order counts.
func byBase(t tree) map[string]string {
	m := map[string]string{}
	for _, name := range t.names() {
		if base := path.Base(name); m[base] == "" {
			m[base] = name
		}
	}
	return m
}

// readLines returns the lines of a text file that are not blank.
func readLines(t tree, name string) ([]string, error) {
	raw, err := readAll(t.open(name))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown(name), err)
	}
	var lines []string
	scanner := bufio.NewScanner(bytes.NewReader(raw))
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", shown(name), err)
	}
	return lines, nil
}
