package dataset

import (
	"fmt"
	"strconv"
)

func meansCIFAR(t tree) bool {
	files := byBase(t)
	return files["data_batch_1.bin"] != "" || files["train.bin"] != ""
}

// readCIFAR reads the binary versions of CIFAR-10 and CIFAR-100: records of one
// label byte (CIFAR-100: a coarse and a fine one; the fine one counts) and three
// planes of 32x32 bytes.
func readCIFAR(_ opener, t tree) (*catalogue, error) {
	c := &catalogue{raw: [3]int{32, 32, 3}}
	files := byBase(t)
	type file struct {
		name string
		part part
	}
	var list []file
	labelBytes, names, classes := 1, "batches.meta.txt", 10
	for i := 1; files["data_batch_"+strconv.Itoa(i)+".bin"] != ""; i++ {
		list = append(list, file{files["data_batch_"+strconv.Itoa(i)+".bin"], partTrain})
	}
	list = append(list, file{files["test_batch.bin"], partTest})
	if files["train.bin"] != "" {
		list = []file{{files["train.bin"], partTrain}, {files["test.bin"], partTest}}
		labelBytes, names, classes = 2, "fine_label_names.txt", 100
	}
	var err error
	if c.labels, err = cifarNames(t, files[names], classes); err != nil {
		return c, err
	}
	for _, f := range list {
		if f.name == "" {
			return c, fmt.Errorf("no data_batch_1.bin ... and test_batch.bin, nor train.bin and test.bin")
		}
		if err := c.addCIFAR(t, f.name, f.part, labelBytes); err != nil {
			return c, fmt.Errorf("%s: %w", shown(f.name), err)
		}
	}
	return c, nil
}

// cifarNames reads the class names, which the archives carry, and falls back on
// numbers where the file is missing.
func cifarNames(t tree, name string, classes int) ([]string, error) {
	if name != "" {
		return readLines(t, name)
	}
	names := make([]string, classes)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names, nil
}

func (c *catalogue) addCIFAR(t tree, name string, p part, labelBytes int) error {
	b, err := t.open(name)
	if err != nil {
		return err
	}
	c.blobs = append(c.blobs, b)
	const pixels = 3 * 32 * 32
	stride := int64(labelBytes + pixels)
	if b.Size() == 0 || b.Size()%stride != 0 {
		return fmt.Errorf("has %d bytes, which is no number of records of %d", b.Size(), stride)
	}
	if err := checkCount(b.Size() / stride); err != nil {
		return err
	}
	labels := make([]int, b.Size()/stride)
	one := make([]byte, 1)
	for i := range labels {
		if _, err := b.ReadAt(one, int64(i)*stride+int64(labelBytes-1)); err != nil {
			return err
		}
		labels[i] = int(one[0])
		if labels[i] >= len(c.labels) {
			return fmt.Errorf("record %d has label %d of %d classes (%s)", i, labels[i], len(c.labels), shorten(c.labels))
		}
	}
	c.records(b, name, p, len(labels), int64(labelBytes), stride, pixels, labels, interleaved(3))
	return nil
}
