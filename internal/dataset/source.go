package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/fetch"
	"sslpipe/internal/tokenizer"
)

// Source says where images or texts come from and how they are to be cut. One of Name,
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

	Text Text // of layouts of text alone

	ValidationPerClass int   // images or documents a class moved from training to validation
	TestPerClass       int   // those moved from training to test, beside the official ones
	UnlabelledLimit    int   // unlabelled images, or sequences of text, to keep; 0 keeps all
	Seed               int64 // of the splits
}

// Text says how text becomes sequences of tokens.
type Text struct {
	Length int // tokens of a sequence; 0 takes DefaultLength
	// Tokenizer learns a vocabulary from the documents for training; nil takes
	// WordPiece as it is by default.
	Tokenizer tokenizer.Trainer
	// TokenizerOf is the prepared folder of a text whose tokeniser is used; nothing is
	// learned then.
	TokenizerOf string
	Columns     Columns // of tables and JSON
	// HeldOut is the share of documents for validation, and that for test, where
	// documents have no labels and no parts of their own; 0 takes DefaultHeldOut.
	HeldOut float64
}

// What Text is without wishes.
const (
	DefaultLength  = 64
	DefaultHeldOut = 0.05
)

// defaultTokenizer is what learns a vocabulary without wishes.
func defaultTokenizer() tokenizer.Trainer {
	v, ok := tokenizer.Kinds.Find("wordpiece")
	if !ok {
		panic("dataset: there is no WordPiece")
	}
	return v.New().(tokenizer.Trainer)
}

// Vocabulary is how many tokens the text will have at most.
func (t Text) Vocabulary() int {
	if t.Tokenizer == nil {
		return defaultTokenizer().Size()
	}
	return t.Tokenizer.Size()
}

// LayoutName is the layout of a source: its own, or that of the known set; "" where neither
// says one.
func (s Source) LayoutName() string {
	known, _ := FindKnown(s.Name)
	return cmp.Or(s.Layout, known.Layout)
}

// IsText tells whether a source is one of text.
func (s Source) IsText() bool { return IsText(s.LayoutName()) }

// KnownShape returns the shape (height, width, channels) that a source will
// have, as far as it can be told before the data is there; zero otherwise.
func KnownShape(s Source) [3]int {
	if s.IsText() {
		return [3]int{1, cmp.Or(s.Text.Length, DefaultLength), 1}
	}
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
		s.Layout = s.LayoutName()
		if !s.IsText() {
			shape := KnownShape(s)
			s.ImageSize, s.Channels = shape[0], shape[2]
		}
	} else {
		known = KnownSet{License: "not stated"}
	}
	if s.IsText() {
		s.Text = s.Text.complete(known)
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
		return fmt.Errorf("numbers of %s cannot be negative", s.things())
	case len(s.Classes) == 1:
		return errors.New("a selection needs at least two classes")
	case s.IsText() && (s.ImageSize != 0 || s.Channels != 0):
		return fmt.Errorf("%s is a layout of text, which has no image size and no channels", s.Layout)
	case s.IsText():
		return s.Text.check()
	}
	return nil
}

// complete fills in what a known set says, and what goes without saying.
func (t Text) complete(known KnownSet) Text {
	t.Length = cmp.Or(t.Length, DefaultLength)
	t.HeldOut = cmp.Or(t.HeldOut, DefaultHeldOut)
	t.Columns.Text = cmp.Or(t.Columns.Text, known.TextColumn)
	if t.Tokenizer == nil {
		t.Tokenizer = defaultTokenizer()
	}
	return t
}

func (t Text) check() error {
	switch {
	case t.Length < ShortestLength || t.Length > LongestLength:
		return fmt.Errorf("sequences of %d tokens: %d to %d are possible", t.Length, ShortestLength, LongestLength)
	case !(t.HeldOut > 0 && t.HeldOut < 0.5):
		return fmt.Errorf("a share of %g held out is not between 0 and 0.5", t.HeldOut)
	}
	return nil
}

// ShortestLength is the fewest tokens that a sequence may have, of which two begin and
// end it.
const ShortestLength = 4

// things is what a source has many of.
func (s Source) things() string {
	if s.IsText() {
		return "documents"
	}
	return "images"
}
