package stages

import (
	"os"
	"path/filepath"
	"slices"

	"sslpipe/internal/backbone"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
)

// Memory that a unit needs beside the 300 MiB of a process that has TensorFlow
// loaded, in bytes. Training keeps the outputs of all convolutions, those of batch
// norm and of the activation, and makes gradients of them. Measured in MiB as the
// largest resident set (VmHWM) of a process that ran one unit for 2 to 32 steps, on
// 2 CPU cores with AVX2, less those 300, beside what is estimated here:
//
//	                       side  batch  alpha  measured  estimated
//	pretrain rotation      32     16    0.35     176        460
//	                       32     64    0.35     373        690
//	                       32    256    0.35    1165       1609
//	                       64     16    0.35     369        690
//	                       64     64    0.35    1060       1609
//	                       32     32    1.0      471        738
//	                       64     16    1.0      747       1093
//	                       32     64    0.5      459        774
//	  of 3 channels        64     32    0.35     703        996
//	pretrain simclr        32    256    0.35     628        996
//	                       64     64    0.35     622        996
//	                       64     16    1.0      487        738
//	pretrain byol          32     64    0.35     437        537
//	                       64     32    0.35     582        690
//	pretrain inpaint       64     32    0.35     286        537
//	pretrain jigsaw        64     32    0.35     251        470
//	pretrain swav          64     32    0.35     425        690
//	finetune full          32    256    0.35     361        690
//	                       64    256    0.35     998       1609
//	                       64     32    1.0      459        815
//	finetune linear        32           0.35      75        430
//	                       64           0.35     221        570
//	                       64           1.0      396        815
//	evaluate, 1 thread     32           0.35      47        430
//	                       64           1.0      322        815
//	          2 threads    64           0.35     307        756
//
// So the estimates are high by 100 to 610 MiB, the least for tasks with large
// heads, as byol. All this is of TensorFlow's own operations: fused layers keep the
// outputs of convolutions alone, and need less.
const (
	memoryFixed     = 384 << 20
	memoryTraining  = 4.5 * 4 // bytes for each activation, of 4 bytes
	memoryInference = 0.7 * 4
)

func pretrainMemory(cfg any, in plan.Inputs) int64 {
	c := cfg.(*PretrainConfig)
	facts := in.One("views")
	if facts.Shape == [3]int{} {
		return 0
	}
	var values int64
	for _, choice := range c.Pretexts {
		b := pretext.Encoded(choice.Config.(pretext.Task), stepOf(c.Backbone, c.BatchSize, facts.Shape, facts.Vocabulary))
		values += int64(b.N) * activations(c.Backbone, [3]int{b.H, b.W, b.C})
		if wide, ok := choice.Config.(pretext.Wide); ok && b.Vocabulary > 0 {
			values += wide.HeadValues(b)
		}
	}
	return memoryFixed + int64(memoryTraining*float64(values))
}

func finetuneMemory(cfg any, in plan.Inputs) int64 {
	c := cfg.(*FinetuneConfig)
	if c.Model != nil && c.Backbone == nil {
		return givenMemory(c.Model.Path)
	}
	each := c.activations(in)
	if each == 0 { // raw pixels, images of unknown size
		return 0
	}
	need := int64(memoryInference * float64(judgeBatch*each))
	if c.Mode == modeFull {
		need = max(need, int64(memoryTraining*float64(int64(c.BatchSize)*each)))
	}
	return memoryFixed + need
}

// activations is how many values the classifier computes for one image; 0 if that is
// not known, or hardly any.
func (c *FinetuneConfig) activations(in plan.Inputs) int64 {
	if c.Backbone != nil {
		return activations(*c.Backbone, in.One("data").Shape)
	}
	return in.One("init").Activations
}

// givenMemory is the least that a given model takes: its variables are read, written
// as those of a model of ours, and loaded from there. What its activations take shows
// only when it runs.
func givenMemory(dir string) int64 {
	const copies = 3
	files, _ := filepath.Glob(filepath.Join(dir, "variables", "variables.data-*"))
	var size int64
	for _, file := range append(files, filepath.Join(dir, "saved_model.pb")) {
		if info, err := os.Stat(file); err == nil {
			size += info.Size()
		}
	}
	return memoryFixed + copies*size
}

// evaluateMemory is that of as many classifiers at a time as the stage has threads.
func evaluateMemory(cfg any, in plan.Inputs) int64 {
	var each int64
	for _, facts := range slices.Concat(in.All("baseline"), in.All("compare")) {
		each = max(each, facts.Activations)
	}
	if each == 0 {
		return 0
	}
	return memoryFixed + int64(memoryInference*float64(judgeBatch*each))*int64(cfg.(*EvaluateConfig).Threads)
}

// activations is how many values a network computes for one image; 0 if the shape
// is not known.
func activations(choice schema.Choice, shape [3]int) int64 {
	return choice.Config.(backbone.Backbone).Activations(shape[0], shape[1])
}
