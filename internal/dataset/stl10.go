package dataset

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

func meansSTL10(t tree) bool { return byBase(t)["train_X.bin"] != "" }

// readSTL10 reads STL-10's binary version: images are three planes of bytes in
// column-major order, labels are bytes from 1.
func readSTL10(_ opener, t tree) (*catalogue, error) {
	c := &catalogue{}
	files := byBase(t)
	top := 0
	for _, p := range []struct {
		images, labels string
		part           part
	}{
		{"train_X.bin", "train_y.bin", partTrain},
		{"test_X.bin", "test_y.bin", partTest},
		{"unlabeled_X.bin", "", partUnlabelled},
	} {
		if files[p.images] == "" && p.part == partUnlabelled {
			continue
		}
		if files[p.images] == "" || p.labels != "" && files[p.labels] == "" {
			return c, fmt.Errorf("no pair of %s and %s", p.images, p.labels)
		}
		largest, err := c.addSTL10(t, files[p.images], files[p.labels], p.part)
		if err != nil {
			return c, fmt.Errorf("%s: %w", shown(files[p.images]), err)
		}
		top = max(top, largest)
	}
	if name := files["class_names.txt"]; name != "" {
		var err error
		if c.labels, err = readLines(t, name); err != nil {
			return c, err
		}
	}
	if c.labels != nil && top >= len(c.labels) {
		return c, fmt.Errorf("%s: has %d classes, and there is label %d", shown(files["class_names.txt"]), len(c.labels), top+1)
	}
	for i := len(c.labels); i <= top; i++ {
		c.labels = append(c.labels, strconv.Itoa(i+1))
	}
	return c, nil
}

// addSTL10 appends the images of one file and returns the largest label, from 0.
func (c *catalogue) addSTL10(t tree, imagesName, labelsName string, p part) (int, error) {
	images, err := t.open(imagesName)
	if err != nil {
		return 0, err
	}
	c.blobs = append(c.blobs, images)
	var labels []int
	top := 0
	if labelsName != "" {
		raw, err := readAll(t.open(labelsName))
		if err == nil {
			err = checkCount(int64(len(raw)))
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", shown(labelsName), err)
		}
		for i, b := range raw {
			if b == 0 {
				return 0, fmt.Errorf("label of image %d is 0, labels start at 1", i)
			}
			labels = append(labels, int(b)-1)
			top = max(top, int(b)-1)
		}
	}
	if c.raw == [3]int{} {
		// The first file has labels, so the images' side follows from its size.
		if len(labels) == 0 {
			return 0, errors.New("has no labels")
		}
		side := int(math.Sqrt(float64(images.Size()) / float64(3*len(labels))))
		c.raw = [3]int{side, side, 3}
	}
	size := int64(3 * c.raw[0] * c.raw[1])
	if size == 0 || images.Size()%size != 0 || labels != nil && images.Size()/size != int64(len(labels)) {
		return 0, fmt.Errorf("has %d bytes for %d images of %d", images.Size(), len(labels), size)
	}
	if err := checkCount(images.Size() / size); err != nil {
		return 0, err
	}
	c.records(images, imagesName, p, int(images.Size()/size), 0, size, size, labels, columnMajor(c.raw[0]))
	return top, nil
}

// columnMajor turns planes [C, W, H] of square images into pixels [H, W, C].
func columnMajor(side int) func([]byte) []byte {
	return func(planes []byte) []byte {
		out := make([]byte, len(planes))
		for c := range 3 {
			for x := range side {
				for y := range side {
					out[(y*side+x)*3+c] = planes[(c*side+x)*side+y]
				}
			}
		}
		return out
	}
}
