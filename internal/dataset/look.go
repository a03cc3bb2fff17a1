package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Survey is what a folder or an archive holds, as far as names, headers and sizes
// tell: facts, without advice, and without an image decoded.
type Survey struct {
	Layout     string  // one of Layouts
	Archive    bool    // a file, not a folder
	Classes    []Class // in label order
	TestFolder string  // that the test images lie in; "" where there are none or they are no files
	Unlabelled int     // images without a class
	Ignored    int     // files that do not mean to be images
	Look       Look    // at the images themselves, or some of them
	Copies     *Copies // nil where looking for them would have taken too long
}

// Class is a class with the numbers of its images in each part of the data.
type Class struct {
	Name                    string
	Train, Validation, Test int
}

// Images is the number of images, labelled or not.
func (s *Survey) Images() int {
	n := s.Unlabelled
	for _, c := range s.Classes {
		n += c.Train + c.Validation + c.Test
	}
	return n
}

// maxLooked is how many images have their headers read. Every n-th is taken, in
// the order of names, so that all classes are among them.
const maxLooked = 2000

// Examine looks at a folder or archive of images, without changing anything. An
// error says what is wrong with the data, as an argument of a command.
func Examine(ctx context.Context, name string) (s *Survey, err error) {
	o := opener{ctx: ctx, scratch: os.TempDir(), limits: defaultLimits, report: func(int64, int64) {}}
	t, err := o.open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	l, err := layoutOf(t)
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	c, err := l.catalogue(o, t)
	defer func() { err = errors.Join(err, c.Close()) }()
	if err != nil {
		return nil, &LayoutError{Layout: l.name, Doc: l.doc, err: fmt.Errorf("%s: %w", name, err)}
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	s = &Survey{Layout: l.name, Archive: !info.IsDir(), Ignored: c.ignored}
	s.count(c)
	if s.Look, err = lookAt(ctx, c, t); err != nil {
		return nil, err
	}
	s.Copies, err = findCopies(ctx, c, t)
	return s, err
}

// LayoutError is data whose names say which layout it is in, and which does not
// keep to it.
type LayoutError struct {
	Layout, Doc string
	err         error
}

func (e *LayoutError) Error() string { return e.err.Error() }
func (e *LayoutError) Unwrap() error { return e.err }

// layoutOf finds the layout that files of images are in.
func layoutOf(t tree) (layout, error) {
	var formats []string
	for _, l := range slices.Backward(layouts) {
		switch {
		case l.means == nil:
		case l.means(t):
			return l, nil
		default:
			formats = append(formats, l.name)
		}
	}
	slices.Reverse(formats)
	text := 0
	for _, name := range t.names() {
		if isTextual(name) {
			text++
		}
	}
	switch {
	case len(t.names()) == 0:
		return layout{}, errors.New("holds no files")
	case 2*text > len(t.names()):
		return layout{}, fmt.Errorf("holds text (%s), and this looks at images: layouts of text are among those of download", kindsOfFiles(t.names()))
	}
	return layout{}, fmt.Errorf("holds no images (.jpg, .jpeg, .png, .gif, .bmp) and no data set in a known format (%s); its files are %s",
		strings.Join(formats[1:], ", "), kindsOfFiles(t.names()))
}

// kindsOfFiles counts files by their extensions, the most frequent first.
func kindsOfFiles(names []string) string {
	counts := map[string]int{}
	for _, name := range names {
		counts[strings.ToLower(path.Ext(name))]++
	}
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, kind := range kinds[:min(3, len(kinds))] {
		parts = append(parts, fmt.Sprintf("%d %s", counts[kind], cmp.Or(shown(kind), "without extension")))
	}
	if len(kinds) > 3 {
		parts = append(parts, "...")
	}
	return strings.Join(parts, ", ")
}

// count adds up the images of each class.
func (s *Survey) count(c *catalogue) {
	for _, label := range c.labels {
		s.Classes = append(s.Classes, Class{Name: label})
	}
	for _, it := range c.items {
		if it.label < 0 {
			s.Unlabelled++
			continue
		}
		class := &s.Classes[it.label]
		switch it.part {
		case partTest:
			class.Test++
			s.TestFolder = cmp.Or(s.TestFolder, partFolderOf(it.name))
		case partValidation:
			class.Validation++
		default:
			class.Train++
		}
	}
}

// partFolderOf returns the first folder of a path that is named for a part.
func partFolderOf(name string) string {
	for folder := range strings.SplitSeq(path.Dir(name), "/") {
		if _, ok := partFolders[folder]; ok {
			return folder
		}
	}
	return ""
}

// Look is what the headers of images say.
type Look struct {
	Images        int // that were looked at
	All           bool
	Width, Height Spread // in pixels
	Side          Spread // the shorter side, which is that of the central square
	Longer        Spread // the longer side, in percent of the shorter one
	Bytes         int64  // of the image files, in the mean; 0 where images are no files
	Grey          int    // stored without colour
	Unreadable    []Skip
}

// Spread is the smallest, the middle and the largest of some values.
type Spread struct{ Min, Median, Max int }

func spreadOf(values []int) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	return Spread{values[0], values[len(values)/2], values[len(values)-1]}
}

// lookAt reads the headers of some images.
func lookAt(ctx context.Context, c *catalogue, t tree) (Look, error) {
	if c.raw != [3]int{} {
		return lookAtPixels(c), nil
	}
	l := Look{Images: min(maxLooked, len(c.items)), All: len(c.items) <= maxLooked}
	var widths, heights, shorter, longer []int
	for i := range l.Images {
		if err := ctx.Err(); err != nil {
			return l, err
		}
		name := c.items[i*len(c.items)/l.Images].name
		h, size, err := readHeader(t, name)
		l.Bytes += size
		if err != nil {
			l.Unreadable = append(l.Unreadable, Skip{name, err.Error()})
			continue
		}
		if h.grey {
			l.Grey++
		}
		if h.width > 0 {
			side := min(h.width, h.height)
			widths, heights = append(widths, h.width), append(heights, h.height)
			shorter, longer = append(shorter, side), append(longer, 100*max(h.width, h.height)/side)
		}
	}
	l.Bytes /= int64(max(1, l.Images))
	l.Width, l.Height, l.Side, l.Longer = spreadOf(widths), spreadOf(heights), spreadOf(shorter), spreadOf(longer)
	return l, nil
}

// lookAtPixels describes images that are stored as pixels of one shape.
func lookAtPixels(c *catalogue) Look {
	h, w := c.raw[0], c.raw[1]
	same := func(n int) Spread { return Spread{n, n, n} }
	l := Look{
		Images: len(c.items), All: true, Width: same(w), Height: same(h),
		Side: same(min(h, w)), Longer: same(100 * max(h, w) / max(1, min(h, w))),
	}
	if c.raw[2] == 1 {
		l.Grey = len(c.items)
	}
	return l
}

// headerBytes is where the size of nearly every image is to be found. What
// cameras put before it can be longer; then the file is read whole.
const headerBytes = 64 << 10

// readHeader reads an image file's header, and tells how long the file is.
func readHeader(t tree, name string) (h header, size int64, err error) {
	b, err := t.open(name)
	if err != nil {
		return header{}, 0, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for length := min(b.Size(), headerBytes); ; length = b.Size() {
		if length > maxImageFile {
			return header{}, b.Size(), tooLarge(length)
		}
		data := make([]byte, length)
		if n, err := b.ReadAt(data, 0); n < len(data) {
			return header{}, b.Size(), err
		}
		h, err := inspect(filepath.ToSlash(name), data)
		if err != nil || h.width > 0 || length == b.Size() {
			return h, b.Size(), err
		}
	}
}
