package dataset

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/fetch"
)

// Source says where images come from and how they are to be cut. One of Name,
// URL or Path is needed; a Path beside a Name is a local copy of the known set.
type Source struct {
	Name   string // a known set
	URL    string // an archive; needs SHA256 and Layout
	Path   string // a local archive (zip, tar, tar.gz, tar.zst) or folder
	SHA256 string // hexadecimal digest of the archive
	Layout string // one of Layouts

	// Classes keeps some classes, new name -> label in the data set. Train,
	// validation and test then hold these alone; unlabelled keeps all.
	Classes map[string]string
	// ImageSize is the side of the square images in pixels; 0 keeps the set's
	// size. Other shapes are cropped to their central square, then shrunk by
	// area averages or grown bilinearly.
	ImageSize int
	Channels  int // 1 grey, 3 colour; 0 the set's own, which is 3 for image files

	ValidationPerClass int   // images a class moved from training to validation
	TestPerClass       int   // images a class moved from training to test, beside the official ones
	UnlabelledLimit    int   // unlabelled images to keep; 0 keeps all
	Seed               int64 // of the splits
}

// KnownShape returns the shape (height, width, channels) that a source will
// have, as far as it can be told before the data is there; zero otherwise.
func KnownShape(s Source) [3]int {
	known, ok := FindKnown(s.Name)
	shape := known.Shape
	if s.ImageSize != 0 {
		shape[0], shape[1] = s.ImageSize, s.ImageSize
	}
	if s.Channels != 0 {
		shape[2] = s.Channels
	}
	if !ok && shape[2] == 0 && (s.Layout == "image-folder" || s.Layout == "tiny-imagenet") {
		shape[2] = 3 // image files are in colour unless asked otherwise
	}
	if shape[0] == 0 || shape[2] == 0 {
		return [3]int{}
	}
	return shape
}

// complete checks a source and fills in what its known set says.
func (s Source) complete() (Source, KnownSet, error) {
	known, isKnown := FindKnown(s.Name)
	if s.Name != "" && !isKnown {
		return s, known, fmt.Errorf("no known data set %q; known are %s", s.Name, strings.Join(KnownNames(), ", "))
	}
	if isKnown {
		if s.Layout == "" {
			s.Layout = known.Layout
		}
		shape := KnownShape(s)
		s.ImageSize, s.Channels = shape[0], shape[2]
	} else {
		known = KnownSet{Name: s.base(), License: "not stated"}
	}
	return s, known, s.check(isKnown)
}

func (s Source) check(isKnown bool) error {
	switch {
	case !isKnown && s.URL == "" && s.Path == "":
		return errors.New("a source needs a name, a url or a path")
	case s.URL != "" && (isKnown || s.Path != ""):
		return errors.New("a url stands alone: give no name or path with it")
	case s.URL != "" && s.SHA256 == "":
		return fmt.Errorf("%s needs the sha256 of what it serves", fetch.Address(s.URL))
	case s.SHA256 != "" && !fetch.IsSHA256(s.SHA256):
		return fmt.Errorf("%q is not a sha256 of 64 hexadecimal digits", s.SHA256)
	case !slices.Contains(Layouts(), s.Layout):
		return fmt.Errorf("no layout %q; the layouts are %s", s.Layout, strings.Join(Layouts(), ", "))
	case s.ImageSize < 0 || s.ImageSize > maxSide:
		return fmt.Errorf("image size %d is not in 1..%d", s.ImageSize, maxSide)
	case s.Channels != 0 && s.Channels != 1 && s.Channels != 3:
		return fmt.Errorf("%d channels: 1 (grey) or 3 (colour) are possible", s.Channels)
	case s.ValidationPerClass < 0 || s.TestPerClass < 0 || s.UnlabelledLimit < 0:
		return errors.New("numbers of images cannot be negative")
	case len(s.Classes) == 1:
		return errors.New("a selection needs at least two classes")
	}
	return nil
}

// base is the file or folder name of the source; never the whole path, which
// differs between machines.
func (s Source) base() string {
	if s.URL != "" {
		// Without the query, which may hold what is nobody's business.
		address, _, _ := strings.Cut(s.URL, "?")
		return path.Base(address)
	}
	return filepath.Base(s.Path)
}
