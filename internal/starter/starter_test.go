package starter

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"sslpipe/internal/dataset"
	"sslpipe/internal/pretext"
)

// draw makes n images of a size in a folder; no two of all are equal.
func draw(t *testing.T, dir, folder string, n, w, h int, grey bool) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		for at, c := range []byte(fmt.Sprint(folder, i)) {
			m.Set(at%w, at/w, color.RGBA{c, 0, byte(i), 255})
		}
		var file bytes.Buffer
		var err error
		if grey {
			g := image.NewGray(m.Bounds())
			copy(g.Pix, m.Pix)
			err = png.Encode(&file, g)
		} else {
			err = png.Encode(&file, m)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, folder, fmt.Sprintf("%03d.png", i)), file.Bytes(), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

var machine = Machine{Cores: 2, Slowness: 1}

// folders are made-up data, each with a golden pipeline in testdata.
var folders = map[string]struct {
	draw    func(t *testing.T, dir string)
	options Options
}{
	// All that one could wish for: parts, more images without labels.
	"animals": {draw: func(t *testing.T, dir string) {
		for _, class := range []string{"cat", "dog", "fox"} {
			draw(t, dir, "train/"+class, 70, 40, 40, false)
			draw(t, dir, "test/"+class, 12, 40, 40, false)
		}
		draw(t, dir, "unlabelled", 90, 50, 40, false)
	}},
	// Large and long images of unequal classes, no parts.
	"photos": {draw: func(t *testing.T, dir string) {
		draw(t, dir, "Tom & Jerry ${x}", 60, 300, 150, false)
		draw(t, dir, "dog \"big\"", 17, 300, 200, false)
		draw(t, dir, "rare", 3, 300, 200, false)
	}, options: Options{Pretext: "swav", Minutes: 120}},
	// Grey, with names that say that images must not be mirrored.
	"digits": {draw: func(t *testing.T, dir string) {
		for _, class := range []string{"0", "1"} {
			draw(t, dir, "train/"+class, 40, 28, 28, true)
			draw(t, dir, "valid/"+class, 10, 28, 28, true)
		}
	}},
	// No labels.
	"pile": {draw: func(t *testing.T, dir string) { draw(t, dir, ".", 20, 64, 48, false) }},
	// A single class.
	"cats": {draw: func(t *testing.T, dir string) { draw(t, dir, "train/cat", 20, 64, 64, false) }, options: Options{Pretext: "jigsaw"}},
}

func TestWriteGolden(t *testing.T) {
	for name, c := range folders {
		dir := filepath.Join(t.TempDir(), name)
		c.draw(t, dir)
		survey, err := dataset.Examine(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		o := c.options
		o.Name, o.Path, o.File, o.Machine = name, name, name+".hcl", machine
		o.Minutes = max(o.Minutes, 15)
		p, err := Write(survey, o)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(hclwrite.Format(p.Text), p.Text) {
			t.Errorf("%s is not formatted", name)
		}
		golden := filepath.Join("testdata", name+".hcl")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(golden, p.Text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(p.Text, want) {
			t.Errorf("%s differs (error %v; UPDATE=1 rewrites it):\n%s", golden, err, p.Text)
		}
	}
}

// survey makes what Examine would find.
func survey(train, test, classes, side int) *dataset.Survey {
	one := dataset.Spread{Min: side, Median: side, Max: side}
	s := &dataset.Survey{Layout: "image-folder", Copies: &dataset.Copies{}, Look: dataset.Look{
		Images: classes * (train + test), All: true, Width: one, Height: one, Side: one, Longer: dataset.Spread{Min: 100, Median: 100, Max: 100},
	}}
	for i := range classes {
		s.Classes = append(s.Classes, dataset.Class{Name: fmt.Sprintf("class%d", i), Train: train, Test: test})
	}
	return s
}

func decided(t *testing.T, s *dataset.Survey, o Options) *draft {
	t.Helper()
	o.Name, o.Path, o.File = "x", "x", "x.hcl"
	if o.Machine == (Machine{}) {
		o.Machine = machine
	}
	if o.Minutes == 0 {
		o.Minutes = 15
	}
	d := &draft{Options: o, Survey: s}
	if err := d.decide(); err != nil {
		t.Fatal(err)
	}
	return d
}

// What is held out and what can be drawn never exceed what the smallest class has,
// whatever its size, and nothing is cut where the data has its own.
func TestCutsFitTheSmallestClass(t *testing.T) {
	for train := leastWithTests; train < 3000; train += 1 + train/7 {
		for _, test := range []int{0, 1, 40, 1000} {
			d := decided(t, survey(train, test, 4, 32), Options{})
			left := train - d.Test - d.Validation
			if d.Labels[len(d.Labels)-1] > left || d.Labels[0] < 1 || d.Validation < 1 || d.TestImages() < 2*4*min(1, 1-test/1000) {
				t.Errorf("%d training, %d test: test %d, validation %d, labels %v", train, test, d.Test, d.Validation, d.Labels)
			}
			if test == 1000 && d.Test != 0 {
				t.Errorf("%d of %d are held out to test beside 4,000", d.Test, train)
			}
		}
	}
}

func TestChoices(t *testing.T) {
	for name, c := range map[string]struct {
		s    *dataset.Survey
		o    Options
		want string
	}{
		"many":           {survey(5000, 1000, 10, 32), Options{}, "32 px, labels [10 50], 6 on 3, 2 epochs over 41000, batch 64, 14 min"},
		"many, an hour":  {survey(5000, 1000, 10, 32), Options{Minutes: 60}, "32 px, labels [10 50], 6 on 6, 4 epochs over 49500, batch 64, 50 min"},
		"large":          {survey(500, 100, 2, 500), Options{}, "48 px, labels [10 50], 6 on 3, 42 epochs over 700, batch 64, 15 min"},
		"large, 4 hours": {survey(500, 100, 2, 500), Options{Minutes: 240}, "96 px, labels [10 50], 6 on 6, 100 epochs over 700, batch 64, 169 min"},
		"many classes":   {survey(500, 50, 200, 64), Options{Minutes: 30}, "48 px, labels [2 10], 6 on 3, 2 epochs over 36000, batch 64, 29 min"},
		"one minute":     {survey(500, 100, 10, 32), Options{Minutes: 1}, "32 px, labels [50], 3 on 3, 2 epochs over 1700, batch 64, 1 min"},
		"many cores":     {survey(5000, 1000, 10, 32), Options{Machine: Machine{64, 1}}, "32 px, labels [10 50], 6 on 6, 3 epochs over 49500, batch 64, 10 min"},
		"slow":           {survey(5000, 1000, 10, 32), Options{Machine: Machine{2, 3}}, "32 px, labels [50], 6 on 3, 2 epochs over 10000, batch 64, 15 min"},
		"few":            {survey(10, 5, 2, 200), Options{}, "64 px, labels [1 5], 6 on 6, 100 epochs over 14, batch 16, 13 min"},
	} {
		d := decided(t, c.s, c.o)
		got := fmt.Sprintf("%d px, labels %v, %d on %d, %d epochs over %d, batch %d, %d min", d.Side, d.Labels, d.Seeds, d.Pretrainings, d.Epochs, d.Read(), d.Batch, d.EstimatedMinutes())
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The estimate is what was measured: this is rotation.hcl, which took 6 min 21 s.
func TestEstimateOfWhatWasMeasured(t *testing.T) {
	d := decided(t, survey(1200, 300, 10, 28), Options{})
	d.Labels, d.Seeds, d.Pretrainings, d.Epochs, d.Unlabelled, d.Side = []int{5, 20}, 6, 3, 4, 0, 28
	d.seconds = d.other()
	d.seconds.pretrain = 3 * 4 * 11500 * d.perRead()
	if got := d.EstimatedMinutes(); got < 5 || got > 8 {
		t.Errorf("%d minutes, it took 6", got)
	}
}

func TestWriteRefuses(t *testing.T) {
	unreadable := survey(50, 50, 2, 32)
	unreadable.Look.Unreadable = []dataset.Skip{{Name: "a\nb.jpg", Reason: "is empty"}, {Name: "c.jpg", Reason: "is empty"}, {Name: "d.jpg", Reason: "is empty"}}
	for want, s := range map[string]*dataset.Survey{
		"3 of 200 images cannot be read, and a run refuses more than 1 %: a?b.jpg is empty; c.jpg is empty": unreadable,
		"of 3 classes, fewer than two have at least 8 images":                                               survey(7, 0, 3, 32),
		"of 3 classes, fewer than two have at least 4 training images, and test images,":                    survey(3, 9, 3, 32),
		"there is 1 to train on": survey(1, 0, 1, 32),
	} {
		_, err := Write(s, Options{Minutes: 15, Machine: machine})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		if strings.Contains(want, "classes") != errors.Is(err, ErrNothingToCompare) && !strings.Contains(want, "there is 1") {
			t.Errorf("%v is no ErrNothingToCompare", err)
		}
	}
}

func TestWarnings(t *testing.T) {
	quiet := decided(t, survey(1500, 500, 2, 32), Options{Minutes: 20})
	if len(quiet.Warnings) > 0 {
		t.Errorf("warnings %q", quiet.Warnings)
	}
	unequal := survey(1000, 500, 3, 32)
	unequal.Classes[1].Train = 300
	long := survey(1000, 500, 3, 32)
	long.Look.Longer.Median = 178
	copies := survey(1000, 500, 3, 32)
	copies.Copies = &dataset.Copies{Images: 900, Parts: 3, Labels: 12}
	for want, s := range map[string]*dataset.Survey{
		"class1 has 300 training images, class0 has 1,000":                          unequal,
		"the longer side is 1.78 times the shorter":                                 long,
		"12 images in one class equal an image of another":                          copies,
		"20 % of the images are copies of others":                                   copies,
		"72 images to test are few: the accuracy of one run is known to ±12 points": survey(20, 20, 3, 32),
		"9 images to validate choose":                                               survey(20, 20, 3, 32),
		"Pre-training lives on many images, and 39 are few":                         survey(20, 20, 3, 32),
	} {
		d := decided(t, s, Options{})
		if !slices.ContainsFunc(d.Warnings, func(w string) bool { return strings.Contains(w, want) }) {
			t.Errorf("no warning %q in %q", want, d.Warnings)
		}
	}
	if d := decided(t, survey(1000, 500, 20, 96), Options{Minutes: 1}); !strings.Contains(strings.Join(d.Warnings, "\n"), "so the wish for 1 was not followed") {
		t.Errorf("warnings %q", d.Warnings)
	}
}

// Names from strangers' archives stay within comments and strings.
func TestNamesCannotLeaveTheirPlace(t *testing.T) {
	s := survey(50, 50, 3, 32)
	s.Classes[0].Name = "a\n}\ndownload \"x\" {}"
	s.Classes[1].Train = 2
	s.Classes[1].Name = "b\r${file(\"x\")}"
	p, err := Write(s, Options{Name: "n\nx {}", Path: "p\n${x}", File: "f\n.hcl", Minutes: 15, Machine: machine})
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(p.Text, []byte("\ndownload ")); n != 1 {
		t.Errorf("%d downloads:\n%s", n, p.Text)
	}
	for line := range strings.Lines(string(p.Text)) {
		if strings.HasPrefix(line, "x {}") || strings.HasPrefix(line, "}\ndownload") || strings.Contains(line, " ${") {
			t.Errorf("line %q", line)
		}
	}
}

func TestEveryTaskHasARecipe(t *testing.T) {
	left := []string{"supervised", "masked_autoencoder", "masked_token", "next_token"} // init makes pipelines for convolutions over images
	want := slices.DeleteFunc(pretext.Kinds.Names(), func(name string) bool { return slices.Contains(left, name) })
	slices.Sort(want)
	if got := Pretexts(); !slices.Equal(got, want) {
		t.Errorf("recipes for %v, tasks %v", got, want)
	}
}
