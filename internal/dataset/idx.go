package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

func meansIDX(t tree) bool { return findIDX(t, []string{"train"}, "images") != "" }

// readIDX reads MNIST's format: for each part one file of images and one of
// labels, with big-endian headers. Classes are named "0", "1", ...
func readIDX(o opener, t tree) (*catalogue, error) {
	c := &catalogue{}
	classes := 0
	for _, p := range []struct {
		part     part
		prefixes []string
	}{{partTrain, []string{"train"}}, {partTest, []string{"t10k", "test"}}} {
		images := findIDX(t, p.prefixes, "images")
		labels := findIDX(t, p.prefixes, "labels")
		if images == "" && labels == "" && p.part == partTest {
			continue
		}
		if images == "" || labels == "" {
			return c, fmt.Errorf("no pair of %s-images and %s-labels files", p.prefixes[0], p.prefixes[0])
		}
		top, err := c.addIDX(o, t, p.part, images, labels)
		if err != nil {
			return c, err
		}
		classes = max(classes, top+1)
	}
	for i := range classes {
		c.labels = append(c.labels, strconv.Itoa(i))
	}
	return c, nil
}

// findIDX finds the file of a kind, whatever its dots and compression are.
func findIDX(t tree, prefixes []string, kind string) string {
	for _, name := range t.names() {
		base := strings.ReplaceAll(path.Base(name), ".", "-")
		for _, prefix := range prefixes {
			if strings.HasPrefix(base, prefix+"-"+kind) {
				return name
			}
		}
	}
	return ""
}

// addIDX appends the images of one part and returns the largest label.
func (c *catalogue) addIDX(o opener, t tree, p part, imagesName, labelsName string) (int, error) {
	images, err := c.openIDX(o, t, imagesName)
	if err != nil {
		return 0, err
	}
	labels, err := c.openIDX(o, t, labelsName)
	if err != nil {
		return 0, err
	}
	shape, offset, err := headerIDX(images)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", shown(imagesName), err)
	}
	rows, labelOffset, err := headerIDX(labels)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", shown(labelsName), err)
	}
	if len(shape) < 3 || len(rows) != 1 || shape[0] != rows[0] {
		return 0, fmt.Errorf("%s has dimensions %v and %s %v", shown(imagesName), shape, shown(labelsName), rows)
	}
	raw := [3]int{shape[1], shape[2], 1}
	if len(shape) == 4 {
		raw[2] = shape[3]
	}
	if raw[2] != 1 && raw[2] != 3 || c.raw != [3]int{} && c.raw != raw {
		return 0, fmt.Errorf("%s has images of %v, others %v", shown(imagesName), raw, c.raw)
	}
	if err := checkCount(int64(rows[0])); err != nil {
		return 0, fmt.Errorf("%s: %w", shown(imagesName), err)
	}
	c.raw = raw
	bytes := make([]byte, rows[0])
	if _, err := labels.ReadAt(bytes, labelOffset); err != nil {
		return 0, fmt.Errorf("%s: %w", shown(labelsName), err)
	}
	values, top := make([]int, len(bytes)), 0
	for i, b := range bytes {
		values[i] = int(b)
		top = max(top, int(b))
	}
	size := int64(raw[0]) * int64(raw[1]) * int64(raw[2])
	c.records(images, imagesName, p, rows[0], offset, size, size, values, func(b []byte) []byte { return b })
	return top, nil
}

// openIDX opens a file, unpacking it if need be.
func (c *catalogue) openIDX(o opener, t tree, name string) (blob, error) {
	b, err := t.open(name)
	if err != nil {
		return nil, err
	}
	if packing := packingOf(b); packing == "gzip" || packing == "zstd" {
		packed := b
		b, err = o.unpack(packed)
		if err := errors.Join(err, packed.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", shown(name), err)
		}
	}
	c.blobs = append(c.blobs, b)
	return b, nil
}

// headerIDX returns the dimensions of an idx file and where its data begins.
func headerIDX(b blob) (dims []int, offset int64, err error) {
	head := make([]byte, 20)
	n, _ := b.ReadAt(head, 0)
	if n < 8 || head[0] != 0 || head[1] != 0 || head[2] != 8 || head[3] < 1 || head[3] > 4 || n < 4+4*int(head[3]) {
		return nil, 0, errors.New("is no idx file of bytes with 1 to 4 dimensions")
	}
	size := int64(1)
	for i := range int(head[3]) {
		d := int64(binary.BigEndian.Uint32(head[4+4*i:]))
		if d == 0 || d > 1<<31-1 || size > 1<<40/d {
			return nil, 0, fmt.Errorf("dimension %d is %d", i, d)
		}
		size *= d
		dims = append(dims, int(d))
	}
	offset = 4 + 4*int64(head[3])
	if b.Size() != offset+size {
		return nil, 0, fmt.Errorf("has %d bytes, its header asks for %d", b.Size(), offset+size)
	}
	return dims, offset, nil
}
