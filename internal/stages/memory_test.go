package stages

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// TestMemoryIsAsMeasured compares estimates with the table in memory.go: none is
// below what was measured, and none far above.
func TestMemoryIsAsMeasured(t *testing.T) {
	pretrain := func(task string, side, channels, batch int, alpha float64) string {
		return fmt.Sprintf(`download "d" {
  source     = "fashion-mnist-mini"
  image_size = %d
  channels   = %d
}
augment "v" { data = download.d.unlabelled }
pretrain "p" {
  views      = augment.v
  batch_size = %d
  pretext %q {}
  backbone "mobilenet_v2" { alpha = %g }
}
`, side, channels, batch, task, alpha)
	}
	finetune := func(mode string, side, batch int, alpha float64) string {
		return fmt.Sprintf(`download "d" {
  source     = "fashion-mnist-mini"
  image_size = %d
}
finetune "f" {
  data             = download.d.train
  labels_per_class = [100]
  mode             = %q
  batch_size       = %d
  backbone "mobilenet_v2" { alpha = %g }
}
`, side, mode, batch, alpha)
	}
	evaluate := func(side, threads int, alpha float64) string {
		linear := finetune("linear", side, 32, alpha)
		return linear + strings.Replace(linear[strings.Index(linear, "finetune"):], `"f"`, `"g"`, 1) + fmt.Sprintf(`
evaluate "e" {
  data     = download.d.test
  baseline = finetune.f
  compare  = [finetune.g]
  threads  = %d
}
`, threads)
	}
	for _, c := range []struct {
		text      string
		measured  int64 // MiB beside the process
		estimated int64
	}{
		{pretrain("rotation", 32, 1, 16, 0.35), 176, 460},
		{pretrain("rotation", 32, 1, 256, 0.35), 1165, 1609},
		{pretrain("rotation", 64, 1, 64, 0.35), 1060, 1609},
		{pretrain("rotation", 32, 1, 32, 1), 471, 738},
		{pretrain("rotation", 64, 3, 32, 0.35), 703, 996},
		{pretrain("simclr", 64, 1, 16, 1), 487, 738},
		{pretrain("byol", 64, 1, 32, 0.35), 582, 690},
		{pretrain("inpaint", 64, 1, 32, 0.35), 286, 537},
		{pretrain("jigsaw", 64, 1, 32, 0.35), 251, 470},
		{finetune("full", 64, 256, 0.35), 998, 1609},
		{finetune("full", 64, 32, 1), 459, 815},
		{finetune("linear", 64, 32, 0.35), 221, 570},
		{finetune("linear", 64, 32, 1), 396, 815},
		{evaluate(32, 1, 0.35), 47, 430},
		{evaluate(64, 1, 1), 322, 815},
		{evaluate(64, 2, 0.35), 307, 756},
	} {
		units := planned(t, c.text)
		got := units[len(units)-1].Memory >> 20
		if got != c.estimated || got < c.measured {
			t.Errorf("%s\nestimated %d MiB, want %d; measured %d", c.text, got, c.estimated, c.measured)
		}
	}
}

// TestMemoryOfAnEncoderIsKnownBelowIt: finetune knows the network of its encoder
// only by what pretrain says of it.
func TestMemoryOfAnEncoderIsKnownBelowIt(t *testing.T) {
	units := planned(t, stagesBefore+`
finetune "init" {
  data             = download.images.train
  labels_per_class = [5]
  init             = pretrain.p
}
finetune "scratch" {
  data             = download.images.train
  labels_per_class = [5]
  backbone "mobilenet_v2" {}
}
finetune "pixels" {
  data             = download.images.train
  labels_per_class = [5]
  mode             = "pixels"
}
`)
	memory := map[string]int64{}
	for _, u := range units {
		memory[u.Stage.Address] = u.Memory
	}
	if m := memory["finetune.init"]; m != memory["finetune.scratch"] || m < memoryFixed {
		t.Errorf("with an encoder %d bytes, from scratch %d", m, memory["finetune.scratch"])
	}
	if m := memory["finetune.pixels"] + memory["download.images"]; m != 0 {
		t.Errorf("units that hardly need memory need %d bytes", m)
	}
}

func planned(t *testing.T, text string) []*plan.Unit {
	t.Helper()
	p, diags := plan.Parse([]byte(text), "x.hcl", Kinds, plan.Options{Runtime: "test"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p.Units
}

// TestMemoryOfAGivenModel counts its files.
func TestMemoryOfAGivenModel(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "variables"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{"saved_model.pb": 1 << 20, "variables/variables.data-00000-of-00001": 20 << 20, "variables/variables.index": 5} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, size); err != nil {
			t.Fatal(err)
		}
	}
	units := planned(t, fmt.Sprintf(`download "d" { source = "fashion-mnist-mini" }
finetune "f" {
  data             = download.d.train
  labels_per_class = [100]
  mode             = "linear"
  model { path = %q }
}
`, dir))
	if got := units[len(units)-1].Memory >> 20; got != 384+3*21 {
		t.Errorf("%d MiB, want %d", got, 384+3*21)
	}
}

// The scores of a vocabulary are a large part of what a task on text keeps.
func TestScoresOfVocabulariesNeedMemory(t *testing.T) {
	need := func(task, network string) int64 {
		units := planned(t, `download "d" {
  source = "kjv"
  text {
    tokenizer "wordpiece" { vocabulary = 30000 }
  }
}
augment "v" { data = download.d.unlabelled }
pretrain "p" {
  views      = augment.v
  batch_size = 32
  pretext "`+task+`" {}
  backbone "transformer" { `+network+` }
}
`)
		return units[len(units)-1].Memory
	}
	// Of 32 texts 63 and 10 tokens of 64 are predicted.
	scores := float64(memoryTraining * 32 * (63 - 10) * 30000)
	if got := need("next_token", "causal = true") - need("masked_token", ""); got != int64(scores) {
		t.Errorf("predicting all tokens needs %d bytes more than some, want %.0f", got, scores)
	}
}
