package stages

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/backbone"
	"sslpipe/internal/dataset"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
	"sslpipe/internal/train"
	"sslpipe/internal/transform"
)

// fashion prepares some of the embedded images, once for all tests.
func fashion(t *testing.T) string {
	t.Helper()
	return prepared(t, dataset.Source{Name: "fashion-mnist-mini", UnlabelledLimit: 64, ValidationPerClass: 1})
}

func prepared(t *testing.T, s dataset.Source) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := dataset.Prepare(t.Context(), s, t.TempDir(), dir, dataset.Watch{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// verses prepares 64 windows of a small text.
func verses(t *testing.T) string {
	t.Helper()
	words := strings.Fields("in the beginning god created heaven and earth was without form void darkness upon face of deep spirit moved waters said let there be light saw that it good divided from called day night evening morning were first")
	random := rand.New(rand.NewPCG(7, 8))
	var text strings.Builder
	for range 200 {
		for range 8 {
			text.WriteString(words[random.IntN(len(words))] + " ")
		}
		text.WriteByte('\n')
	}
	path := filepath.Join(t.TempDir(), "verses.txt")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return prepared(t, dataset.Source{Path: path, Layout: "text", UnlabelledLimit: 64, Text: dataset.Text{Length: 12}})
}

// viewsOf opens prepared images, seen through transforms.
func viewsOf(t *testing.T, dir string, transforms ...transform.Transform) *views {
	t.Helper()
	data, err := openSplit(dir, splitUnlabelled)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	return &views{splitData: data, transforms: transforms}
}

func variant[T any](t *testing.T, family schema.Family, name string) T {
	t.Helper()
	v, ok := family.Find(name)
	if !ok {
		t.Fatalf("there is no %s %q", family.Name, name)
	}
	return v.New().(T)
}

// smallConfig trains the smallest network that suits the tasks for two epochs.
func smallConfig(t *testing.T, tasks ...schema.Choice) *PretrainConfig {
	t.Helper()
	c := pretrain.New().(*PretrainConfig)
	c.Pretexts, c.Epochs, c.BatchSize = tasks, 2, 16
	c.Backbone.Config.(*backbone.MobileNetV2).Alpha = 0.35
	if slices.ContainsFunc(tasks, func(task schema.Choice) bool { return task.Name == "masked_autoencoder" }) {
		c.Backbone = defaultChoice(backbone.Kinds, "vit")
		vit := c.Backbone.Config.(*backbone.ViT)
		vit.Width, vit.Depth, vit.Heads, vit.Dropout, vit.StochasticDepth = 16, 2, 2, 0.1, 0.1
	}
	if task, ok := tasks[0].Config.(pretext.Task); ok && task.Needs(pretext.Batch{N: 1, H: 1, W: 12, C: 1, Vocabulary: 40}).Input == pretext.Text {
		c.Backbone = defaultChoice(backbone.Kinds, "transformer")
		text := c.Backbone.Config.(*backbone.Transformer)
		text.Width, text.Depth, text.Heads, text.Dropout, text.CausalMask = 16, 1, 2, 0.1, tasks[0].Name == "next_token"
	}
	c.Guards = GuardsConfig{CollapseEpochs: 1}
	return c
}

func choiceOf(t *testing.T, name string) schema.Choice {
	t.Helper()
	task := variant[pretext.Task](t, pretext.Kinds, name)
	if m, ok := task.(*pretext.MoCo); ok {
		m.Queue = 64
	}
	return schema.Choice{Name: name, Version: 1, Config: task}
}

func testEnv(t *testing.T, dir string) *plan.Env {
	t.Helper()
	return &plan.Env{
		Dir: dir, Seed: 3, Device: "cpu", CheckpointEvery: time.Hour,
		Report: func(plan.Progress) {}, Logf: t.Logf,
	}
}

// trainIn pre-trains in the folder dir, and stops before step stop unless that is 0.
func trainIn(t *testing.T, dir string, c *PretrainConfig, v *views, stop int) (*pretraining, error) {
	t.Helper()
	env := testEnv(t, dir)
	r := newPhases(c, v, env)
	p, err := r.build(0)
	if err == nil {
		err = p.open(t.Context(), env)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.session.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	loop := p.loop(env)
	inner := loop.Step
	loop.Step = func(step int, factor float64) (train.Values, error) {
		if step+1 == stop {
			cancel()
		}
		return inner(step, factor)
	}
	state, err := loop.Run(ctx)
	if err != nil {
		return p, err
	}
	done, err := r.work()
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.export(env, state, done)
	return p, err
}

// digests are the hashes of all files under dir, by relative path.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		sums[rel] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// TestEveryTaskResumesAndExports stops each task in the middle of an epoch and
// wants the bits of a run that was not stopped: weights, SavedModel and monitors.
// It then wants the SavedModel to compute what the trained encoder does.
func TestEveryTaskResumesAndExports(t *testing.T) {
	tftest.Load(t)
	dir := fashion(t)
	cases := [][]string{{"simclr", "rotation"}}
	for _, name := range pretext.Kinds.Names() {
		cases = append(cases, []string{name})
	}
	for _, names := range cases {
		t.Run(strings.Join(names, "_"), func(t *testing.T) {
			var tasks []schema.Choice
			for _, name := range names {
				tasks = append(tasks, choiceOf(t, name))
			}
			v := viewsOf(t, dir, variant[transform.Transform](t, transform.Kinds, "flip"))
			if smallConfig(t, tasks...).Backbone.Name == "transformer" {
				v = viewsOf(t, verses(t))
			}
			whole, parts := t.TempDir(), t.TempDir()
			if _, err := trainIn(t, whole, smallConfig(t, tasks...), v, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := trainIn(t, parts, smallConfig(t, tasks...), v, 3); !errors.Is(err, context.Canceled) {
				t.Fatalf("the run that was stopped ended with %v", err)
			}
			p, err := trainIn(t, parts, smallConfig(t, tasks...), v, 0)
			if err != nil {
				t.Fatal(err)
			}
			want, got := digests(t, filepath.Join(whole, "out")), digests(t, filepath.Join(parts, "out"))
			if len(want) < 4 {
				t.Errorf("only %d files are handed on", len(want))
			}
			for file, sum := range want {
				if got[file] != sum {
					t.Errorf("%s of the resumed run differs", file)
				}
			}
			checkMonitors(t, filepath.Join(whole, "out", MonitorsFile), p.tasks)
			checkExport(t, p, v, filepath.Join(parts, "out", ModelDir))
		})
	}
}

// checkMonitors wants both epochs, each with what every task reports.
func checkMonitors(t *testing.T, path string, tasks *taskGraph) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d epochs in %s", len(lines), text)
	}
	for i, line := range lines {
		var e train.Epoch
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Epoch != i+1 || e.Step != 4*(i+1) {
			t.Errorf("epoch %d ends after step %d", e.Epoch, e.Step)
		}
		wanted := []string{"loss", valueGradientNorm}
		for k, b := range tasks.builders {
			for _, name := range []string{valueSpread, valueRank, valueUniformity} {
				wanted = append(wanted, tasks.prefix(k)+name)
			}
			if b.Chance() > 0 {
				wanted = append(wanted, tasks.prefix(k)+valueAccuracy)
			}
			if len(b.Embeddings()) == 2 {
				wanted = append(wanted, tasks.prefix(k)+valueAlignment)
			}
		}
		for _, name := range wanted {
			if _, ok := e.Values[name]; !ok {
				t.Errorf("epoch %d reports no %s: %v", e.Epoch, name, e.Values)
			}
		}
	}
}

// checkExport compares the SavedModel's features with those that the training
// session's own weights give in inference mode.
func checkExport(t *testing.T, p *pretraining, v *views, model string) {
	t.Helper()
	const n = 16
	prefix := filepath.Join(t.TempDir(), "weights")
	if err := p.model.Save(p.session, prefix); err != nil {
		t.Fatal(err)
	}
	g := tf.NewGraph()
	net := nn.NewNet(g, 0).Mode(false)
	fed, images := p.network.placed(g, "images", n)
	features := p.network.features(net, images).Pooled
	saver := g.Saver(net.Variables())
	s := tftest.Session(t, g)
	if err := saver.Restore(s, prefix); err != nil {
		t.Fatal(err)
	}
	raw, err := p.network.alloc(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Fill(raw.Bytes(), v.indices[:n]); err != nil {
		t.Fatal(err)
	}
	want, err := s.Run(map[tf.Output]*tf.Tensor{fed: raw}, []tf.Output{features})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := tf.LoadModel(model, tf.SessionOptions{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = loaded.Close() }()
	in, err := p.network.serve(raw)
	if err != nil {
		t.Fatal(err)
	}
	got, err := loaded.Run("features", map[string]*tf.Tensor{p.network.input(): in()})
	if err != nil {
		t.Fatal(err)
	}
	tolerance := 0.0
	if p.network.text != nil {
		tolerance = 1e-5 // its length is open in the model
	}
	for i, want := range want[0].Float32s() {
		if got := got["features"].Float32s()[i]; !(math.Abs(float64(got-want)) <= tolerance) {
			t.Fatalf("feature %d of the SavedModel is %v, that of the trained encoder %v", i, got, want)
		}
	}
	if slices.Max(want[0].Float32s()) == 0 {
		t.Error("all features are zero")
	}
}

// halves makes images whose upper half is bright, which give rotations away.
func halves(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 520 {
		picture := image.NewGray(image.Rect(0, 0, 16, 16))
		for k := range picture.Pix {
			picture.Pix[k] = uint8(random.IntN(60))
			if k < len(picture.Pix)/2 {
				picture.Pix[k] += 180
			}
		}
		picture.Set(0, 0, color.Gray{Y: uint8(i)})
		folder := filepath.Join(root, []string{"a", "b"}[i%2])
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%03d.png", i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, picture), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return prepared(t, dataset.Source{Path: root, Layout: "image-folder", ValidationPerClass: 2, TestPerClass: 2})
}

// TestGuards stops runs that really do what each guard is against.
func TestGuards(t *testing.T) {
	tftest.Load(t)
	images := fashion(t)
	rate := func(c *PretrainConfig, rate float64) {
		c.Optimizer.Config.(*nn.AdamW).LearningRate = rate
	}
	for name, test := range map[string]struct {
		config func(t *testing.T) (*PretrainConfig, *views)
		want   string
	}{
		"collapse": {func(t *testing.T) (*PretrainConfig, *views) {
			return siamese(t, false), viewsOf(t, images, variant[transform.Transform](t, transform.Kinds, "resized_crop"))
		}, "simsiam: the embeddings collapsed: their effective rank is"},
		"chance": {func(t *testing.T) (*PretrainConfig, *views) {
			c := smallConfig(t, choiceOf(t, "rotation"))
			c.Epochs, c.Guards.ChanceEpochs = 4, 3
			// Turned at random before, the images hold no answer.
			return c, viewsOf(t, images, variant[transform.Transform](t, transform.Kinds, "quarter_turn"))
		}, "rotation: its accuracy over epoch 3 is"},
		"solved": {func(t *testing.T) (*PretrainConfig, *views) {
			c := smallConfig(t, choiceOf(t, "rotation"))
			c.BatchSize, c.Guards.Solved = 8, 0.8
			rate(c, 1e-2)
			return c, viewsOf(t, halves(t))
		}, "there is a shortcut that solves it"},
		"not finite": {func(t *testing.T) (*PretrainConfig, *views) {
			c := smallConfig(t, choiceOf(t, "inpaint"))
			c.Epochs = 8
			rate(c, 1e30)
			return c, viewsOf(t, images)
		}, "a lower learning_rate or clip_norm usually cures this"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c, v := test.config(t)
			_, err := trainIn(t, dir, c, v, 0)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q in it", err, test.want)
			}
			t.Log(err)
			if _, err := os.Stat(filepath.Join(dir, "out", ModelDir)); err == nil {
				t.Error("the encoder was handed on all the same")
			}
		})
	}
}

// siamese trains SimSiam with or without its stop-gradient, and stops where the
// embeddings of a batch of 32 lie in fewer than 6 dimensions.
func siamese(t *testing.T, stop bool) *PretrainConfig {
	t.Helper()
	choice := choiceOf(t, "simsiam")
	choice.Config.(*pretext.SimSiam).StopGradient = stop
	c := smallConfig(t, choice)
	c.Epochs, c.Guards = 20, GuardsConfig{CollapseEpochs: 8, MinRank: 6}
	c.Schedule, c.Optimizer = defaultChoice(nn.Schedules, "constant"), defaultChoice(nn.Optimizers, "sgd")
	return c
}

// The same run with its stop-gradient does not collapse, so it is that which the
// guard's test sees.
func TestStopGradientKeepsSimSiamFromCollapse(t *testing.T) {
	tftest.Load(t)
	v := viewsOf(t, fashion(t), variant[transform.Transform](t, transform.Kinds, "resized_crop"))
	if _, err := trainIn(t, t.TempDir(), siamese(t, true), v, 0); err != nil {
		t.Error(err)
	}
}

// A guard may be loosened after it stopped a run, which then goes on.
func TestStoppedRunGoesOnWithLooserGuards(t *testing.T) {
	tftest.Load(t)
	v := viewsOf(t, fashion(t))
	dir := t.TempDir()
	c := smallConfig(t, choiceOf(t, "inpaint"))
	c.Guards.MinRank = 1000
	if _, err := trainIn(t, dir, c, v, 0); err == nil || !strings.Contains(err.Error(), "effective rank") {
		t.Fatalf("error %v", err)
	}
	c.Guards.MinRank = 0
	if _, err := trainIn(t, dir, c, v, 0); err != nil {
		t.Fatal(err)
	}
	whole := t.TempDir()
	if _, err := trainIn(t, whole, c, v, 0); err != nil {
		t.Fatal(err)
	}
	want, got := digests(t, filepath.Join(whole, "out")), digests(t, filepath.Join(dir, "out"))
	for file, sum := range want {
		if got[file] != sum {
			t.Errorf("%s differs from that of a run that no guard stopped", file)
		}
	}
}

// Supervised pre-training refuses images without labels instead of learning them
// as a class.
func TestSupervisedNeedsEveryLabel(t *testing.T) {
	tftest.Load(t)
	v := viewsOf(t, fashion(t))
	v.Meta.Classes = v.Meta.Classes[:5]
	_, err := newPhases(smallConfig(t, choiceOf(t, "supervised")), v, testEnv(t, t.TempDir())).build(0)
	if err == nil || !strings.Contains(err.Error(), "needs a label for every image") {
		t.Errorf("error %v", err)
	}
}

func TestPreviewDrawsTwoTasks(t *testing.T) {
	tftest.Load(t)
	v := viewsOf(t, fashion(t))
	c := smallConfig(t, choiceOf(t, "simclr"), choiceOf(t, "rotation"))
	graph, err := newTaskGraph(c.Pretexts, newNetwork(c.Backbone, v.Meta), v, 4, 1, 1, "cpu", team{})
	if err != nil {
		t.Fatal(err)
	}
	columns, err := graph.draw(4)
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, column := range columns {
		titles = append(titles, column.Title)
		if len(column.Pictures) != 4 {
			t.Errorf("column %q has %d pictures", column.Title, len(column.Pictures))
		}
	}
	want := []string{"source", "simclr.view 1", "simclr.view 2", "rotation.turn 0", "rotation.turn 1", "rotation.turn 2", "rotation.turn 3"}
	if !slices.Equal(titles, want) {
		t.Errorf("columns %q, want %q", titles, want)
	}
	if got := columns[4].Captions; !slices.Equal(got, []string{"90 deg", "90 deg", "90 deg", "90 deg"}) {
		t.Errorf("captions %q", got)
	}
}
