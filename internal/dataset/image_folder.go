package dataset

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// partFolders are the folder names that say where images belong. Where a set has
// val but no test, val is its test, as for ImageNet.
var partFolders = map[string]part{
	"train": partTrain, "training": partTrain, "labeled": partTrain, "labelled": partTrain,
	"val": partValidation, "valid": partValidation, "validation": partValidation,
	"test":      partTest,
	"unlabeled": partUnlabelled, "unlabelled": partUnlabelled,
}

func meansImageFolder(t tree) bool { return slices.ContainsFunc(t.names(), isImageName) }

// readImageFolder reads folders of image files that are named for their classes,
// inside of folders named for the parts or, without such, as training images.
// Images that all lie in one folder have no classes.
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
	arranged := arrange(names)
	places := make([]place, len(names))
	classes := map[string]bool{}
	hasTest := false
	for i, name := range names {
		p, err := arranged.place(name)
		if err != nil {
			return fmt.Errorf("%s: %w", shown(name), err)
		}
		places[i] = p
		hasTest = hasTest || p.part == partTest
		if p.class != "" {
			classes[p.class] = true
		}
	}
	c.labels = slices.Sorted(maps.Keys(classes))
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
		// Opening a member of an archive unpacks it; a file tells its size when it is
		// open, and finding it twice takes as long as decoding it.
		if _, isFolder := t.(*folderTree); !isFolder {
			if size, err := t.size(name); err == nil && size > maxImageFile {
				return nil, tooLarge(size)
			}
		}
		return readAll(t.open(name))
	}})
}

// What keeps a file from having a place.
var (
	errBeside  = errors.New("lies beside the train and test folders, in none of them")
	errNoClass = errors.New("lies in no folder named for its class")
)

type place struct {
	part  part
	class string
}

// arrangement is what the folders of an image folder mean.
type arrangement struct {
	root   int    // depth of the folders named for parts, -1 for none
	prefix string // without such: the folder that all files share
	beside bool   // classes lie beside a folder of unlabelled images, without one of training images
	flat   bool   // all images lie in one folder
}

func arrange(names []string) arrangement {
	a := arrangement{root: partRoot(names)}
	if a.root >= 0 {
		a.beside = !slices.ContainsFunc(names, a.hasClasses)
		return a
	}
	a.prefix = commonFolder(names)
	a.flat = !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name[len(a.prefix):], "/") })
	return a
}

// hasClasses tells whether a file lies in a folder for a part with classes.
func (a arrangement) hasClasses(name string) bool {
	folders := strings.Split(path.Dir(name), "/")
	if len(folders) <= a.root {
		return false
	}
	p, ok := partFolders[folders[a.root]]
	return ok && p != partUnlabelled
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

// place reads part and class from a path.
func (a arrangement) place(name string) (place, error) {
	folders := strings.Split(path.Dir(strings.TrimPrefix(name, a.prefix)), "/")
	p := partTrain
	if a.root >= 0 {
		if len(folders) <= a.root {
			return place{}, errBeside
		}
		named, ok := partFolders[folders[a.root]]
		switch {
		case ok:
			p, folders = named, folders[a.root+1:]
		case a.beside:
			folders = folders[a.root:]
		default:
			return place{}, fmt.Errorf("lies in %.200q, which is none of train, val, test and unlabelled", folders[a.root])
		}
	}
	if a.flat || p == partUnlabelled {
		return place{part: partUnlabelled}, nil
	}
	if len(folders) == 0 || folders[0] == "." {
		return place{part: p}, errNoClass
	}
	// Letters with marks have two spellings that look the same. Pipelines use the
	// composed one, file systems and archives either.
	return place{part: p, class: norm.NFC.String(folders[0])}, nil
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
