package transform

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// busy are configs in which every draw can matter, by name.
var busy = map[string]Transform{
	"blur":         &Blur{Sigma: []float64{0.5, 2}, Probability: 0.5},
	"brightness":   &Brightness{Amount: 0.5, Probability: 0.5},
	"contrast":     &Contrast{Amount: 0.5, Probability: 0.5},
	"crop":         &Crop{Padding: 3, Fill: "reflect"},
	"cutout":       &Cutout{Size: 4, Value: 0.5, Probability: 0.5},
	"flip":         &Flip{Horizontal: true, Vertical: true, Probability: 0.5},
	"grey":         &Grey{Probability: 0.5},
	"hue":          &Hue{Amount: 0.3, Probability: 0.5},
	"quarter_turn": &QuarterTurn{},
	"resized_crop": &ResizedCrop{Area: []float64{0.2, 0.6}, Aspect: []float64{0.5, 2}},
	"saturation":   &Saturation{Amount: 0.5, Probability: 0.5},
	"solarize":     &Solarize{Threshold: 0.5, Probability: 0.5},
	"zoom":         &Zoom{Amount: 0.3, Fill: "zero"},
}

// bothForms are the busy transforms of graph operations and as one.
func bothForms() map[string]Transform {
	all := map[string]Transform{}
	for name, tr := range busy {
		for form, made := range forms(tr) {
			all[name+"/"+form] = made
		}
	}
	return all
}

func TestKindsAreDescribed(t *testing.T) {
	if names := Kinds.Names(); !slices.IsSorted(names) || len(slices.Compact(names)) != len(names) {
		t.Errorf("names are not sorted or not unique: %v", names)
	}
	for _, v := range Kinds.Variants {
		if !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(v.Name) {
			t.Errorf("%q is no name", v.Name)
		}
		if !regexp.MustCompile(`^[A-Z].{20,}\.$`).MatchString(v.Doc) {
			t.Errorf("%s: the documentation %q is no sentence", v.Name, v.Doc)
		}
		if v.Paper == "" || v.Version < 1 {
			t.Errorf("%s: paper %q, version %d", v.Name, v.Paper, v.Version)
		}
		config, other := v.New(), v.New()
		if _, ok := config.(Transform); !ok {
			t.Fatalf("%s: %T is no Transform", v.Name, config)
		}
		if reflect.TypeOf(config).Elem().NumField() > 0 && config == other {
			t.Errorf("%s: New returns the same config twice", v.Name)
		}
		if problems := check(config); problems != nil {
			t.Errorf("%s: the defaults are wrong: %v", v.Name, problems)
		}
		for _, f := range schema.Fields(config) {
			if !regexp.MustCompile(`^[A-Z].{10,}\.$`).MatchString(f.Doc) || f.Required {
				t.Errorf("%s.%s: required, or the documentation %q is no sentence", v.Name, f.Name, f.Doc)
			}
			if len(numbers(f.Get(config))) > 0 && (f.Min == nil || f.Max == nil) {
				t.Errorf("%s.%s has no limits", v.Name, f.Name)
			}
		}
		if busy[v.Name] == nil {
			t.Errorf("%s has no entry in busy", v.Name)
		}
	}
}

func TestDefaultsApply(t *testing.T) {
	for _, v := range Kinds.Variants {
		for _, c := range channelsOf(v.New()) {
			tr := v.New().(Transform)
			in := noise(3, 28, 28, c)
			run(t, tr, in, draws(tr, in.n))
		}
	}
}

func channelsOf(config any) []int {
	if s, ok := config.(ShapeChecker); ok && s.CheckShape(28, 28, 1) != nil {
		return []int{3}
	}
	return []int{1, 3}
}

func TestSameDrawsSameBits(t *testing.T) {
	for name, tr := range busy {
		t.Run(name, func(t *testing.T) {
			in := noise(6, 12, 12, 3)
			u := draws(tr, in.n)
			if a, b := run(t, tr, in, u), run(t, tr, in, u); !slices.Equal(a.v, b.v) {
				t.Error("two runs differ")
			}
		})
	}
}

// An example is augmented alike at another place, beside other examples and
// in a batch of another size.
func TestExamplesAreIndependentOfTheBatch(t *testing.T) {
	for name, tr := range bothForms() {
		t.Run(name, func(t *testing.T) {
			in := noise(6, 12, 12, 3)
			u := draws(tr, in.n)
			together := run(t, tr, in, u)

			const n = 4
			var mixed pictures
			var mixedDraws []float32
			order := []int{3, 1, 5, 1}
			for _, i := range order {
				mixed.v = append(mixed.v, in.example(i).v...)
				mixedDraws = append(mixedDraws, u[i*tr.Draws():(i+1)*tr.Draws()]...)
			}
			mixed.n, mixed.h, mixed.w, mixed.c = n, in.h, in.w, in.c
			again := run(t, tr, mixed, mixedDraws)
			for k, i := range order {
				if !slices.Equal(again.example(k).v, together.example(i).v) {
					t.Errorf("example %d comes out otherwise in another batch", i)
				}
			}
		})
	}
}

// Every draw that a transform asks for changes some example, and only its own.
func TestEveryDrawMatters(t *testing.T) {
	for name, tr := range bothForms() {
		t.Run(name, func(t *testing.T) {
			in := noise(12, 12, 12, 3)
			u := draws(tr, in.n)
			before := run(t, tr, in, u)
			for d := range tr.Draws() {
				other := slices.Clone(u)
				for n := 0; n < in.n; n += 2 {
					other[n*tr.Draws()+d] = float32(int(u[n*tr.Draws()+d]*64+32)%64) / 64
				}
				after := run(t, tr, in, other)
				changed := 0
				for n := range in.n {
					same := slices.Equal(before.example(n).v, after.example(n).v)
					if n%2 == 1 && !same {
						t.Errorf("draw %d of one example changes another", d)
					}
					if !same {
						changed++
					}
				}
				if changed == 0 {
					t.Errorf("draw %d changes nothing", d)
				}
			}
		})
	}
}

func TestWithoutEffectImagesKeepTheirBits(t *testing.T) {
	for _, tr := range []Transform{
		&Blur{Sigma: []float64{0.5, 2}},
		&Brightness{Amount: 1},
		&Brightness{Probability: 1},
		&Contrast{Amount: 1},
		&Contrast{Probability: 1},
		&Crop{Fill: "reflect"},
		&Cutout{Size: 4, Value: 0.5},
		&Cutout{Probability: 1},
		&Flip{Horizontal: true, Vertical: true},
		&Grey{},
		&Hue{Amount: 0.5},
		&Saturation{Amount: 1},
		&Saturation{Probability: 1},
		&Solarize{},
	} {
		in := noise(6, 12, 14, 3)
		for form, made := range forms(tr) {
			if out := run(t, made, in, draws(tr, in.n)); !slices.Equal(out.v, in.v) {
				t.Errorf("%T %+v (%s) changes images", tr, tr, form)
			}
		}
	}
}

func TestBlurKernelOfTheAuthors(t *testing.T) {
	for height, want := range map[int]int{12: 3, 28: 3, 32: 3, 64: 7, 96: 9, 224: 23} {
		if got := 2*(&Blur{}).radius(height) + 1; got != want {
			t.Errorf("images of %d rows: a kernel of %d, want %d", height, got, want)
		}
	}
}

func TestCropReachesEveryPlace(t *testing.T) {
	tr := &Crop{Padding: 1, Fill: "zero"}
	in := pictures{9, 3, 3, 1, nil}
	var u []float32
	for n := range 9 {
		in.v = append(in.v, 0, 0, 0, 0, 1, 0, 0, 0, 0)
		u = append(u, []float32{0, 0.5, 1 - 0x1p-24}[n/3], []float32{0, 0.5, 1 - 0x1p-24}[n%3])
	}
	out := run(t, tr, in, u)
	for n := range 9 {
		// The window at the padded image's upper left shows the dot lower right.
		if at := slices.Index(out.example(n).v, 1); at != 8-n {
			t.Errorf("draws %v: the dot is at %d, want %d", u[2*n:2*n+2], at, 8-n)
		}
	}
}

func TestPipelineHandsOutDraws(t *testing.T) {
	p, err := New([]schema.Choice{
		{Name: "flip", Config: &Flip{Horizontal: true, Probability: 0.5}},
		{Name: "brightness", Config: &Brightness{Amount: 0.5, Probability: 1}},
		{Name: "crop", Config: &Crop{Padding: 2, Fill: "zero"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if p.Draws() != 6 {
		t.Fatalf("%d draws, want 6", p.Draws())
	}
	in := noise(5, 12, 14, 1)
	u := draws(p, in.n)
	want := in
	for i, tr := range p {
		var mine []float32
		for n := range in.n {
			mine = append(mine, u[n*6+2*i:n*6+2*i+2]...)
		}
		want = run(t, tr, want, mine)
	}
	if got := run(t, p, in, u); !slices.Equal(got.v, want.v) {
		t.Error("a pipeline differs from its transforms one by one")
	}
	if got := run(t, Pipeline{&Flip{Horizontal: true}}, in, u[:10]); !slices.Equal(got.v, in.v) {
		t.Error("a pipeline without effect changes images")
	}
}

func TestEmptyPipelineIsTheIdentity(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, 2, 4, 4, 1)
	if y := (Pipeline{}).Apply(g, x, tf.Output{}); g.Err() != nil || y.Name() != x.Name() {
		t.Errorf("output %s, error %v", y.Name(), g.Err())
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := New([]schema.Choice{
		{Name: "crop", Config: &Crop{Padding: -1, Fill: "zero"}},
		{Name: "crop", Config: &Crop{Fill: "zro"}},
		{Name: "encoder", Config: "text"},
		{Name: "flip", Config: &Flip{Probability: 0.5}},
		{Name: "resized_crop", Config: &ResizedCrop{Area: []float64{1, 0.5}, Aspect: []float64{1}}},
		{Name: "blur", Config: &Blur{Sigma: []float64{1, 2}, Kernel: 4}},
	})
	want := []string{
		`transform crop: padding: -1 is not between 0 and 256.`,
		`transform crop: fill: fill must be "zero" or "reflect", not "zro". Did you mean "zero"?`,
		`"encoder" is not a transform`,
		`transform flip: horizontal: Both horizontal and vertical are false, so nothing would be flipped.`,
		`transform resized_crop: area: The area must be two numbers, the smaller first, not [1 0.5].`,
		`transform resized_crop: aspect: The aspect must be two numbers, the smaller first, not [1].`,
		`transform blur: kernel: The side of the kernel must be 0 or an odd number of at least 3, not 4.`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got:\n%v\nwant:\n%s", err, strings.Join(want, "\n"))
	}
}

func TestCheckShape(t *testing.T) {
	got := CheckShape([]schema.Choice{
		{Name: "flip", Config: &Flip{Horizontal: true}},
		{Name: "saturation", Config: &Saturation{}},
		{Name: "crop", Config: &Crop{Padding: 8}},
		{Name: "grey", Config: &Grey{}},
		{Name: "quarter_turn", Config: &QuarterTurn{}},
		{Name: "hue", Config: &Hue{}},
		{Name: "blur", Config: &Blur{Kernel: 17}},
		{Name: "zoom", Config: &Zoom{Amount: 0.9, Fill: "reflect"}},
	}, 8, 10, 1)
	want := []schema.Problem{
		{Field: "transform[1]", Message: "Only images of 3 channels have a saturation; these have 1."},
		{Field: "transform[2].padding", Message: "The padding must be less than the sides of the images, 8 x 10, not 8."},
		{Field: "transform[4]", Message: "Quarter turns need square images, not 8 x 10."},
		{Field: "transform[5]", Message: "Only images of 3 channels have a hue; these have 1."},
		{Field: "transform[6].kernel", Message: "The kernel reaches 8 pixels beyond the border, too far to mirror images of 8 x 10."},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if p := CheckShape([]schema.Choice{{Name: "grey", Config: &Grey{}}, {Name: "hue", Config: &Hue{}}}, 8, 8, 3); p != nil {
		t.Errorf("colour images: %v", p)
	}
}

func TestApplyRefusesWhatItCannotUse(t *testing.T) {
	tftest.Load(t)
	for _, test := range []struct {
		name      string
		transform Transform
		x, u      []int
		want      string
	}{
		{"rank", &Grey{}, []int{2, 4, 4}, []int{2, 1}, "must be float32 [N, H, W, C]"},
		{"unknown batch", &Grey{}, []int{-1, 4, 4, 3}, []int{-1, 1}, "dimensions of the images must be known"},
		{"draws", &Grey{}, []int{2, 4, 4, 3}, []int{2, 2}, "draws must be [2, 1]"},
		{"other batch", &Grey{}, []int{2, 4, 4, 3}, []int{3, 1}, "draws must be [2, 1]"},
		{"channels", &Hue{}, []int{2, 4, 4, 1}, []int{2, 2}, "Only images of 3 channels have a hue"},
		{"draws of a pipeline", Pipeline{&Grey{}}, []int{2, 4, 4, 3}, []int{2, 2}, "draws must be [N, 1]"},
		{"oblong", &QuarterTurn{}, []int{2, 4, 5, 1}, []int{2, 1}, "square images, not 4 x 5"},
	} {
		g := tf.NewGraph()
		x := g.Placeholder("x", tf.Float32, test.x...)
		test.transform.Apply(g, x, g.Placeholder("u", tf.Float32, test.u...))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
}
