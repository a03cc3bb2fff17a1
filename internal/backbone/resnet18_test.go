package backbone

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// resNet returns the network with its default settings but these.
func resNet(width float64, stem string) *ResNet18 {
	c := resNet18.New().(*ResNet18)
	c.Width, c.Stem = width, stem
	return c
}

// Every value of outputs, gradients and moving averages is within 1e-4 of those of
// torchvision's network (in float64), relative to the largest one.
func TestResNetIsTorchvisions(t *testing.T) {
	golden := readNPZ(t, "testdata/torch_resnet18.npz")
	for name, k := range map[string]struct {
		stem string
		dims []int
	}{
		"small_2":    {stemSmall, []int{6, 12, 9, 3}},
		"imagenet_1": {stemImageNet, []int{6, 40, 29, 3}},
	} {
		x := uniform("input/"+name, k.dims[0]*k.dims[1]*k.dims[2]*k.dims[3], 0.5, 2)
		for kind, of := range operations {
			t.Run(name+"/"+kind, func(t *testing.T) {
				got := evaluate(t, name, x, k.dims, of, func(n *nn.Net, x tf.Output) tf.Output {
					return resNet(1.0/16, k.stem).Build(n, x).Pooled
				})
				if len(got) != 3+60+40 {
					t.Errorf("%d results, want outputs in both modes, gradients of the images and 60 weights, and 40 averages", len(got))
				}
				compareGolden(t, golden, name+"/", kind, got)
			})
		}
	}
}

// torchvision's resnet18 has 11,689,512 parameters, 513,000 of them in its classifier,
// and 9,408 in a first convolution of 7x7, where one of 3x3 has 1,728.
func TestResNetHasThePublishedNumberOfParameters(t *testing.T) {
	tftest.Load(t)
	for stem, want := range map[string]int{stemImageNet: 11_176_512, stemSmall: 11_168_832} {
		g := tf.NewGraph()
		n := nn.NewNet(g, 1)
		f := resNet(1, stem).Build(n, g.Placeholder("x", tf.Float32, 2, 64, 64, 3))
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, v := range n.Trainable() {
			got += size(v.Shape)
		}
		if got != want {
			t.Errorf("%s: %d parameters, want %d", stem, got, want)
		}
		if len(f.Blocks) != 9 || f.Pooled.Dim(1) != 512 {
			t.Errorf("%s: %d blocks, %v", stem, len(f.Blocks), f.Pooled.Shape())
		}
	}
}

// What is known without building is what is built.
func TestResNetIsWhatItSays(t *testing.T) {
	tftest.Load(t)
	for _, c := range []struct {
		width  float64
		stem   string
		h, w   int
		maps   string // heights, after the stem and after the four layers
		values int64
	}{
		{1, stemSmall, 32, 32, "32 32 16 8 4", 32*32*64*5 + 16*16*128*5 + 8*8*256*5 + 4*4*512*5},
		{0.25, stemSmall, 28, 21, "28 28 14 7 4", 28*21*16*5 + 14*11*32*5 + 7*6*64*5 + 4*3*128*5},
		{1, stemImageNet, 64, 64, "16 16 8 4 2", 32*32*64 + 16*16*64*4 + 8*8*128*5 + 4*4*256*5 + 2*2*512*5},
		{0.0625, stemImageNet, 33, 33, "9 9 5 3 2", 17*17*8 + 9*9*8*4 + 5*5*8*5 + 3*3*16*5 + 2*2*32*5},
	} {
		net := resNet(c.width, c.stem)
		g := tf.NewGraph()
		f := net.Build(nn.NewNet(g, 1), g.Placeholder("x", tf.Float32, -1, c.h, c.w, 3))
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		var maps []string
		for _, name := range []string{"conv1", "layer1.1", "layer2.1", "layer3.1", "layer4.1"} {
			maps = append(maps, fmt.Sprint(f.Blocks[slices.Index(f.BlockNames, name)].Dim(1)))
		}
		if got := strings.Join(maps, " "); got != c.maps {
			t.Errorf("%s at %d by %d: maps of %s, want %s", c.stem, c.h, c.w, got, c.maps)
		}
		if h, w := net.MapSize(c.h, c.w); h != f.Map.Dim(1) || w != f.Map.Dim(2) || net.Dim() != f.Map.Dim(3) || net.Dim() != f.Pooled.Dim(1) {
			t.Errorf("%s at %d by %d: a map of %d by %d by %d is announced and %v is built", c.stem, c.h, c.w, h, w, net.Dim(), f.Map.Shape())
		}
		if got := net.Activations(c.h, c.w); got != c.values {
			t.Errorf("%s at %d by %d: %d values, want %d", c.stem, c.h, c.w, got, c.values)
		}
		if !slices.Equal(f.BlockNames, net.BlockNames()) {
			t.Errorf("the blocks are %v, and %v without building", f.BlockNames, net.BlockNames())
		}
	}
}

func TestResNetRefuses(t *testing.T) {
	for want, change := range map[string]func(c *ResNet18){
		"width must be above 0 and at most 8, not 0.":                func(c *ResNet18) { c.Width = 0 },
		"batch_norm_momentum must be at least 0 and below 1, not 1.": func(c *ResNet18) { c.BatchNormMomentum = 1 },
		"batch_norm_epsilon must be above 0, not -1.":                func(c *ResNet18) { c.BatchNormEpsilon = -1 },
	} {
		c := resNet(1, stemSmall)
		change(c)
		if found := c.Validate(); len(found) != 1 || found[0].Message != want {
			t.Errorf("found %v, want %q", found, want)
		}
	}
}

// A network that sees parts of its input has zeros elsewhere in every block, and
// nothing of what is hidden reaches the features: masked_image needs both.
func TestResNetSeesVisiblePartsOnly(t *testing.T) {
	tftest.Load(t)
	for _, stem := range []string{stemSmall, stemImageNet} {
		g := tf.NewGraph()
		units := make([]float32, 3*16) // of 8x8 pixels
		for _, i := range []int{0, 7, 16 + 9, 16 + 10, 32 + 3} {
			units[i] = 1
		}
		n := nn.NewNet(g, 1).Visible(g.Reshape(g.Const(units), 3, 4, 4, 1))
		x := g.Placeholder("x", tf.Float32, 3, 32, 32, 1)
		f := resNet(1.0/16, stem).Build(n, n.Hide(x))
		outs := []tf.Output{f.Pooled}
		for _, block := range f.Blocks {
			hidden := g.Sub(g.Scalar(1), n.VisibleAt(block.Dim(1), block.Dim(2)))
			outs = append(outs, g.Max(g.Mul(g.Abs(block), hidden), false))
		}
		s := tftest.Session(t, g)
		dims, pixels := []int{3, 32, 32, 1}, uniform("pixels", 3*32*32, 0, 1)
		before := fetch(t, s, map[tf.Output]*tf.Tensor{x: tensor(t, pixels, dims)}, outs)
		for i := range pixels {
			if units[i/(32*8)*4+i%32/8] == 0 {
				pixels[i]++
			}
		}
		after := fetch(t, s, map[tf.Output]*tf.Tensor{x: tensor(t, pixels, dims)}, outs)
		if !slices.Equal(before[0], after[0]) || slices.Max(before[0]) == 0 {
			t.Errorf("%s: features are %v, and %v after a change of hidden pixels", stem, before[0], after[0])
		}
		for i, name := range f.BlockNames {
			if before[1+i][0] != 0 {
				t.Errorf("%s: %s is up to %v where nothing is visible", stem, name, before[1+i][0])
			}
		}
	}
}
