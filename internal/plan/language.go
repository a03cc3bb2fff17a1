package plan

import "sslpipe/internal/schema"

// Word is a word of the language itself, as opposed to a kind of stage or a
// variant: a block of a pipeline file, or an attribute or block that every stage
// can have.
type Word struct {
	Name string
	Doc  string
	// Example is part of a pipeline file.
	Example string
	// Fields are what a block of this word contains; none for an attribute, and
	// for a block of which the author chooses the names.
	Fields []schema.Field
	// Form is how the word is written.
	Form WordForm
}

// WordForm is where and how a word of the language is written.
type WordForm int

// The forms of words.
const (
	TopBlock       WordForm = iota // a block of a file: variable "name" { ... }
	StageAttribute                 // an attribute of any stage: base = ...
	StageBlock                     // a block of any stage: matrix { ... }
	InnerBlock                     // a block of another word: validation { ... }
	Values                         // names in expressions: matrix.NAME
	Concept                        // no word: what the language does
)

// Labelled tells whether a block of this word has a name.
func (w Word) Labelled() bool {
	switch w.Name {
	case "variable", "module", "output", "dynamic":
		return true
	}
	return false
}

type variableWords struct {
	Type        schema.Any     `hcl:"type" doc:"What values it takes: number, string, bool, list(T), set(T), map(T), tuple([T, ...]), object({ name = T, other = optional(T, default) }); in a module also the types of artifact: dataset, views, encoder, classifier, metrics."`
	Default     schema.Any     `hcl:"default,optional" doc:"The value where none is given. Without it a value has to be given."`
	Description string         `hcl:"description,optional" doc:"What it is for, in a sentence."`
	Sensitive   bool           `hcl:"sensitive,optional" doc:"Never show the value in messages, logs, plans, reports or stored files."`
	Validation  *validationDoc `hcl:"validation,block" doc:"A rule for values; can be repeated."`
}

type validationDoc struct {
	Condition    schema.Any `hcl:"condition" doc:"An expression that is true for good values. It may refer to this variable alone."`
	ErrorMessage string     `hcl:"error_message" doc:"What to tell whoever gives a bad value, in a sentence."`
}

type moduleWords struct {
	Source string `hcl:"source" doc:"Path of a pipeline file or folder, relative to the folder of this file. The other attributes are values of its variables."`
}

type outputWords struct {
	Value       schema.Any `hcl:"value" doc:"What the module hands on: an output of a stage, or any other value."`
	Description string     `hcl:"description,optional" doc:"What it is, in a sentence."`
}

type dynamicWords struct {
	ForEach  schema.Any `hcl:"for_each" doc:"A list, set, map or object: a block is made for each element."`
	Iterator schema.Any `hcl:"iterator,optional" doc:"The name under which the block's content sees the element, with its key and value; otherwise the type of the block."`
	Labels   schema.Any `hcl:"labels,optional" doc:"The labels of each block, as a list of strings, for blocks that have a label."`
	Content  struct{}   `hcl:"content,block" required:"true" doc:"What each block contains."`
}

// Language lists the words of the language.
func Language() []Word {
	return []Word{
		{Name: "pipeline", Form: TopBlock, Fields: PipelineFields(),
			Doc: "What the experiment is as a whole.",
			Example: `pipeline {
  description = "Does predicting rotations help when labels are few?"
  seeds       = 6
}`},
		{Name: "store", Form: TopBlock, Fields: schema.Fields(&storeConfig{}),
			Doc: "Where results are shared between machines. A run takes from there what is not stored here, and sends there what it makes; where the store cannot be reached, it goes on without. It is no part of the experiment: no fingerprint depends on it. --store or SSLPIPE_STORE counts before it, and none there shares nothing. That of a module does not count.",
			Example: `store {
  url    = "s3://experiments/rotation"
  region = "eu-central-1"
}`},
		{Name: "cluster", Form: TopBlock, Fields: schema.Fields(newClusterConfig()),
			Doc: "How several workers share the work of a run, which TF_CONFIG or --workers asks for; a run by itself takes no notice of it. It is no part of the experiment: no fingerprint depends on it. That of a module does not count. What workers that train a unit together average over is in the block cluster of its stage.",
			Example: `cluster {
  parallel = "units"
}`},
		{Name: "variable", Form: TopBlock, Fields: schema.Fields(&variableWords{}),
			Doc: "A value that can be changed without editing the file, used as var.NAME.",
			Example: `variable "epochs" {
  type        = number
  default     = 12
  description = "Passes of pre-training over the images."
  validation {
    condition     = var.epochs >= 1
    error_message = "At least one epoch is needed."
  }
}`},
		{Name: "validation", Form: InnerBlock, Fields: schema.Fields(&validationDoc{}),
			Doc: "A rule for the values of a variable, inside its block."},
		{Name: "locals", Form: TopBlock,
			Doc: "Names for expressions, used as local.NAME. A local may refer to variables, other locals, outputs of stages and of modules.",
			Example: `locals {
  budgets = [for n in range(1, 5) : pow(10, n)]
}`},
		{Name: "module", Form: TopBlock, Fields: schema.Fields(&moduleWords{}),
			Doc: "Another pipeline file or folder as a part of this one. Its variables take values from here, its outputs are used as module.NAME.OUTPUT, and its stages have addresses as module.NAME.finetune.scratch. Its pipeline block does not count.",
			Example: `module "probes" {
  source  = "./probes.hcl"
  images  = download.images.train
  encoder = pretrain.rotation.encoder
}`},
		{Name: "output", Form: TopBlock, Fields: schema.Fields(&outputWords{}),
			Doc: "What a pipeline hands on when it is used as a module. It has no effect when the file is run by itself.",
			Example: `output "classifier" {
  value = finetune.linear.classifier
}`},
		{Name: "base", Form: StageAttribute,
			Doc: "Takes everything that this stage does not set from another stage of the same kind. An attribute of this stage replaces that of the base. A plain block, or a block with the same label, is joined with that of the base attribute by attribute; a block with another label replaces it; blocks in a list, such as transforms, replace all of the base's. Null gives the default, for attributes and for blocks: backbone = null, model = null.",
			Example: `pretrain "jigsaw" {
  base = pretrain.rotation
  pretext "jigsaw" { grid = 3 }
}`},
		{Name: "matrix", Form: StageBlock,
			Doc: "Sweeps: the stage is there once for each combination of the listed values, which its expressions see as matrix.NAME. Stages that read a swept stage are swept in the same way: a reference to a swept stage means the one with the same values, and a list of references collects all of them. One of them alone is pretrain.NAME[\"value\"], with commas between the values of a larger matrix. Values are numbers, strings or booleans.",
			Example: `pretrain "ssl" {
  matrix {
    task  = ["rotation", "simclr"]
    alpha = [0.35, 0.5]
  }
  views   = augment.views
  pretext = matrix.task
  backbone "mobilenet_v2" { alpha = matrix.alpha }
}`},
		{Name: "for_each", Form: StageAttribute,
			Doc: "Makes the stage once for each string of a list or set, or for each entry of a map or object. Its expressions see each.key and each.value. What is said of matrix holds here too; two stages with for_each are matched by their keys.",
			Example: `finetune "probe" {
  for_each         = { linear = 20, knn = 20 }
  data             = download.images.train
  init             = pretrain.rotation.encoder
  mode             = each.key
  labels_per_class = [each.value]
}`},
		{Name: "dynamic", Form: StageBlock, Fields: schema.Fields(&dynamicWords{}),
			Doc: "Makes blocks from the elements of a value. It can stand wherever the blocks could.",
			Example: `augment "crops" {
  data = download.images.train
  dynamic "crop" {
    for_each = [1, 2]
    content { padding = crop.value }
  }
}`},
		{Name: "each", Form: Values, Doc: "In a stage with for_each: each.key and each.value of the element."},
		{Name: "matrix values", Form: Values, Doc: "In a swept stage: matrix.NAME, the value of one dimension."},
		{Name: "values", Form: Concept,
			Doc: "A variable takes its value from the last of these that gives one: its default; the environment variable SSLPIPE_VAR_NAME; the files *.auto.hcl beside the pipeline file, in the order of their names; --var-file and --var, in the order of the command line. Text needs no quotes on the command line and in the environment; lists and objects are written as in a file. --set ADDRESS.ATTRIBUTE=VALUE then replaces attributes of stages, where the address is a pattern: --set 'pretrain.*.epochs=3'. sslpipe plan FILE --explain ADDRESS shows every attribute with the place that its value comes from.",
			Example: `# sslpipe run x.hcl --var epochs=3 --var 'labels=[5, 20]' \
#   --set 'finetune.*.patience=8'`},
		{Name: "short form", Form: Concept,
			Doc: "A block that names a variant, such as pretext \"rotation\" {}, can be written as an attribute where the name is computed: pretext = matrix.task. The variant then has its defaults."},
		{Name: "files", Form: Concept,
			Doc: "A pipeline is one file, several (sslpipe run a.hcl b.hcl), or a folder with all its files that end in .hcl or .hcl.json; what they declare is one. Files that end in .json are in HCL's JSON syntax: a block is an object with a member for each label, a list of such where it is repeated, and strings are templates: \"${var.epochs}\". Paths in a file are relative to its folder."},
	}
}
