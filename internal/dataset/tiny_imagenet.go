package dataset

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// readTinyImageNet reads Tiny ImageNet. The folder of the validation images says
// nothing of their classes: those are in val_annotations.txt, and taking the
// folder for a class is the known way to 1 % accuracy. The test images have no
// labels, so that the validation images are the test here and the test images
// are left alone.
func readTinyImageNet(_ opener, t tree) (*catalogue, error) {
	c := &catalogue{}
	root, annotated, err := tinyAnnotations(t)
	if err != nil {
		return c, err
	}
	type found struct {
		name, wnid string
		part       part
	}
	var images []found
	wnids := map[string]bool{}
	for _, name := range t.names() {
		rest, inside := strings.CutPrefix(name, root)
		folders := strings.Split(rest, "/")
		switch {
		case !inside || !isImageName(name):
			c.ignored++
		case folders[0] == "train" && len(folders) > 2:
			images = append(images, found{name, folders[1], partTrain})
			wnids[folders[1]] = true
		case folders[0] == "val":
			wnid, ok := annotated[path.Base(name)]
			if !ok {
				return c, fmt.Errorf("%s is not in val_annotations.txt", shown(name))
			}
			images = append(images, found{name, wnid, partTest})
		default:
			c.ignored++
		}
	}
	for wnid := range wnids {
		c.labels = append(c.labels, wnid)
	}
	slices.Sort(c.labels)
	for _, f := range images {
		label, ok := slices.BinarySearch(c.labels, f.wnid)
		if !ok {
			return c, fmt.Errorf("%s is of class %s, which has no training images", shown(f.name), shown(f.wnid))
		}
		c.addFile(t, f.name, f.part, label)
	}
	if len(images) == 0 {
		return c, errors.New("holds no train/<wnid>/images/*.JPEG")
	}
	return c, nil
}

// tinyFile has the classes of the validation images.
const tinyFile = "val/val_annotations.txt"

func findTiny(t tree) int {
	return slices.IndexFunc(t.names(), func(name string) bool {
		return name == tinyFile || strings.HasSuffix(name, "/"+tinyFile)
	})
}

func meansTinyImageNet(t tree) bool { return findTiny(t) >= 0 }

// tinyAnnotations finds the folder that holds train and val, and the class of
// each validation image.
func tinyAnnotations(t tree) (root string, classes map[string]string, err error) {
	at := findTiny(t)
	if at < 0 {
		return "", nil, fmt.Errorf("has no %s, without which the validation images have no classes", tinyFile)
	}
	name := t.names()[at]
	lines, err := readLines(t, name)
	if err != nil {
		return "", nil, err
	}
	classes = map[string]string{}
	for n, line := range lines {
		fields := strings.Split(line, "\t")
		if len(fields) < 2 {
			return "", nil, fmt.Errorf("%s:%d: no image and class separated by a tab", shown(name), n+1)
		}
		classes[fields[0]] = fields[1]
	}
	return strings.TrimSuffix(name, tinyFile), classes, nil
}
