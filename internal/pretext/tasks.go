// Package pretext holds the tasks that a pretrain stage can name. A task builds
// one scalar loss from augmented views of images, or from texts, and an encoder that it
// may apply several times with shared weights.
//
// It refuses to touch files and to print: images come in as views, numbers go out
// as the loss and as monitors. Only the supervised control reads labels.
// Augmentation belongs to package transform, networks to package backbone.
//
// To add a task, write one file with both halves of it (how examples are made
// and how they are scored) and add its line to Kinds. The contract test then
// runs on it.
package pretext

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Kinds lists the pretext tasks, by the name that HCL uses.
var Kinds = schema.Family{Name: "pretext", Variants: []schema.Variant{
	rotation,
	jigsaw,
	relativePatch,
	inpaint,
	maskedImage,
	maskedAutoencoder,
	simclr,
	moco,
	byol,
	simsiam,
	barlowTwins,
	vicreg,
	swav,
	maskedToken,
	nextToken,
	supervised,
	// Not included:
	//
	// dino,        // a second clustering by distillation beside swav; its centring needs long schedules
	// colorize,    // has nothing to do on grey images; inpaint is the other classic
	// exemplar,    // one class per image: the head outgrows the encoder
}}

// Task is a configured pretext task.
type Task interface {
	// Needs is what the task reads of a step.
	Needs(b Batch) Needs
	// Crops is how many images of an encoder's batch one source image makes.
	Crops() int
	// Check reports what makes batches of this shape unfit for the task.
	Check(b Batch) []schema.Problem
	// Loss builds the scalar training loss. With several workers each builds that of its
	// part of the batch, and the mean of theirs is that of the whole batch.
	Loss(b *Builder) tf.Output
	// Share is the factor of the loss in a sum over several tasks.
	Share() float64
}

// Drawn is a task on images.
type Drawn interface {
	// Pictures builds what the task shows the encoder, for people.
	Pictures(b *Builder) []Picture
}

// Written is a task on texts.
type Written interface {
	// Passages builds what the task shows the encoder, for people.
	Passages(b *Builder) []Passage
}

// Apart is a task whose statistics of a batch each of several workers takes for itself:
// they cannot be synchronised.
type Apart interface {
	// WhyApart ends a sentence that begins with the task's name.
	WhyApart() string
}

// Batch is the shape of the source images of one step, with what tasks ask of the
// encoder. A batch of texts has a vocabulary; its height and channels are 1, and its
// width is the tokens of a text.
type Batch struct {
	N, H, W, C int
	Vocabulary int
	// Patch is the side of the patches as which the encoder sees an image (see
	// backbone.PatchEncoder); 0 for one that convolves.
	Patch int
	// Causal tells whether the encoder lets a token of a text see earlier ones only.
	Causal bool
}

// Input is what a task's views are.
type Input int

// The inputs that a task can read.
const (
	Images   Input = iota // float32 [N, H, W, C]
	Text                  // int32 [N, L]
	Anything              // either
)

// Fits reports a task that does not read what there is.
func Fits(t Task, b Batch) []schema.Problem {
	switch needs := t.Needs(b); {
	case needs.Input == Images && b.Vocabulary > 0:
		return problem("", "This task looks at images, and the data is text.")
	case needs.Input == Text && b.Vocabulary == 0:
		return problem("", "This task reads text, and the data is images.")
	}
	return nil
}

// Wide is a task whose head puts out much: scores of a vocabulary.
type Wide interface {
	// HeadValues is how many numbers the head puts out for a batch.
	HeadValues(b Batch) int64
}

// Cutter is a task whose crops have another size than the source images.
type Cutter interface {
	// CropSize is the height and width of a crop.
	CropSize(b Batch) (h, w int)
}

// Encoded is the shape of what a task's step shows the encoder: every crop of
// every source image.
func Encoded(t Task, b Batch) Batch {
	if cutter, ok := t.(Cutter); ok {
		b.H, b.W = cutter.CropSize(b)
	}
	b.N *= t.Crops()
	return b
}

// Resolution is the size of the images of a step, with that of the last map that the
// encoder makes of one.
type Resolution struct {
	Batch
	MapH, MapW int
}

// Painter is a task that predicts pixels, so that the shapes of its head's weights follow
// from the size of the images.
type Painter interface {
	// CheckHead reports what keeps a head for images of the size full from serving
	// images of another size as well.
	CheckHead(other, full Resolution) []schema.Problem
}

// Needs is what a task reads of a step.
type Needs struct {
	// Views is how many independent augmentations of each image.
	Views int
	// Draws is how many uniform numbers for each image.
	Draws int
	// Labels tells whether it reads the images' labels.
	Labels bool
	// Input is what it reads.
	Input Input
}

// Picture is a column of images that shows what a task does.
type Picture struct {
	Title  string
	Images tf.Output // float32 [N, h, w, C] in [0, 1]
	Labels tf.Output // int32 [N], where there are any
	Names  []string  // of the labels; their number where there are none
}

// Passage is what a task does to texts.
type Passage struct {
	Title   string
	Tokens  tf.Output // int32 [N, L], as the encoder reads them
	Targets tf.Output // int32 [N, L], what is predicted at each position, 0 for nothing; where there are any
	Labels  tf.Output // int32 [N], where there are any
	Names   []string  // of the labels
}

// Weighted is what all tasks have in common.
type Weighted struct {
	Weight float64 `hcl:"weight,optional" min:"0" doc:"Factor of this task's loss where a stage has several tasks."`
}

// Share implements Task.
func (w Weighted) Share() float64 { return w.Weight }

// alone is the weight that changes nothing.
var alone = Weighted{Weight: 1}

func problem(field, message string) []schema.Problem {
	return []schema.Problem{{Field: field, Message: message}}
}
