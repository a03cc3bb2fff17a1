package dataset

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// partFolders are the folder names that say where images belong. Where a set has
// val but no test, val is its test, as for ImageNet.
var partFolders = map[string]part{
	"train": partTrain, "training": partTrain,
	"val": partValidation, "valid": partValidation, "validation": partValidation,
	"test":      partTest,
	"unlabeled": partUnlabelled, "unlabelled": partUnlabelled,
}

// readImageFolder reads folders of image files that are named for their classes,
// inside of folders named for the parts or, without such, as training images.
func readImageFolder(_ opener, t tree) (*catalogue, error) {
	c := &catalogue{}
	var names []string
	for _, name := range t.names() {
		if isImageName(name) {
			names = append(names, name)
		} else {
			c.ignored++
		}
	}
	if len(names) == 0 {
		return c, errors.New("holds no image files (.jpg, .jpeg, .png, .gif, .bmp)")
	}
	if err := c.addFolders(t, names); err != nil {
		return c, err
	}
	return c, nil
}

func (c *catalogue) addFolders(t tree, names []string) error {
	root := partRoot(names)
	prefix := ""
	if root < 0 {
		prefix = commonFolder(names)
	}
	places := make([]place, len(names))
	classes := map[string]bool{}
	hasTest := false
	for i, name := range names {
		p, err := placeOf(strings.TrimPrefix(name, prefix), root)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		places[i] = p
		hasTest = hasTest || p.part == partTest
		if p.class != "" {
			classes[p.class] = true
		}
	}
	for class := range classes {
		c.labels = append(c.labels, class)
	}
	slices.Sort(c.labels)
	for i, name := range names {
		p := places[i]
		if p.part == partValidation && !hasTest {
			p.part = partTest
		}
		label := -1
		if p.class != "" {
			label, _ = slices.BinarySearch(c.labels, p.class)
		}
		c.addFile(t, name, p.part, label)
	}
	return nil
}

// addFile appends an image that is a file of its own.
func (c *catalogue) addFile(t tree, name string, p part, label int) {
	c.items = append(c.items, item{name: name, part: p, label: label, read: func() ([]byte, error) {
		return readAll(t.open(name))
	}})
}

type place struct {
	part  part
	class string
}

// partRoot returns at which depth folders named for parts are: the shallowest
// depth where any is, -1 for none.
func partRoot(names []string) int {
	root := -1
	for _, name := range names {
		folders := strings.Split(path.Dir(name), "/")
		for depth, folder := range folders {
			if _, ok := partFolders[folder]; ok && (root < 0 || depth < root) {
				root = depth
			}
		}
	}
	return root
}

// placeOf reads part and class from a path whose part folder is at depth root.
func placeOf(name string, root int) (place, error) {
	folders := strings.Split(path.Dir(name), "/")
	p := partTrain
	if root >= 0 {
		if len(folders) <= root {
			return place{}, errors.New("lies beside the train and test folders, in none of them")
		}
		var ok bool
		if p, ok = partFolders[folders[root]]; !ok {
			return place{}, fmt.Errorf("lies in %q, which is none of train, val, test and unlabelled", folders[root])
		}
		folders = folders[root+1:]
	}
	if p == partUnlabelled {
		return place{part: p}, nil
	}
	if len(folders) == 0 || folders[0] == "." {
		return place{}, errors.New("lies in no folder named for its class")
	}
	return place{part: p, class: folders[0]}, nil
}

// commonFolder returns the folder, with its slash, that all files share.
func commonFolder(names []string) string {
	common := path.Dir(names[0]) + "/"
	for _, name := range names {
		for !strings.HasPrefix(name, common) {
			common = path.Dir(strings.TrimSuffix(common, "/")) + "/"
			if common == "./" {
				return ""
			}
		}
	}
	return common
}

// isImageName tells by its name whether a file means to be an image. Files that
// begin with a dot are left there by file managers, also inside of archives.
func isImageName(name string) bool {
	if strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff":
		return true
	}
	return false
}
