package lsp_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

type completions struct {
	IsIncomplete bool
	Items        []completion
}

type completion struct {
	Label         string
	Detail        string
	SortText      string
	Documentation struct{ Value string }
	TextEdit      struct {
		Range   span
		NewText string
	}
}

// labels returns what is offered, in the order in which an editor shows it, without
// functions.
func labels(list completions) []string {
	slices.SortStableFunc(list.Items, func(a, b completion) int { return cmp.Compare(a.SortText, b.SortText) })
	var out []string
	for _, item := range list.Items {
		if !strings.HasSuffix(item.Detail, ")") || !strings.HasPrefix(item.Detail, item.Label+"(") {
			out = append(out, item.Label)
		}
	}
	return out
}

const declared = `variable "epochs" {
  type        = number
  default     = 4
  description = "Passes to make."
}
variable "größe" { type = number }
locals { layers = ["pooled"] }
download "images" { source = "mnist" }
augment "crops" { data = download.images.train }
`

func TestCompletion(t *testing.T) {
	pretrain := func(body string) string { return declared + "pretrain \"a\" {\n" + body + "\n}\n" }
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"empty file":                 {"‸", []string{"augment", "cluster", "download", "locals", "module", "output", "pipeline", "pretrain", "store", "variable"}},
		"beginning of a word":        {declared + "pre‸", []string{"pretrain"}},
		"a value outside of blocks":  {"a = ‸", nil},
		"a value behind blocks":      {declared + "a = ‸", nil},
		"before other blocks":        {"pre‸\n" + declared, []string{"pretrain"}},
		"stage, required first":      {pretrain("  ‸"), []string{"pretext", "views", "base", "epochs", "extra", "for_each", "init", "dynamic", "head", "matrix", "stop"}},
		"what is there":              {pretrain("  views = augment.crops\n  ‸\n  epochs = 3"), []string{"pretext", "base", "extra", "for_each", "init", "dynamic", "head", "matrix", "stop"}},
		"after a broken line":        {pretrain("  views = \n  ep‸"), []string{"epochs"}},
		"unclosed stage":             {declared + "pretrain \"a\" {\n  ‸", []string{"pretext", "views", "base", "epochs", "extra", "for_each", "init", "dynamic", "head", "matrix", "stop"}},
		"unclosed, more below":       {"pretrain \"a\" {\n  e‸\n\n" + declared, []string{"epochs", "extra"}},
		"plain block":                {pretrain("  stop { ‸ }"), []string{"patience"}},
		"right before the brace":     {pretrain("  stop {‸}"), []string{"patience"}},
		"on the brace's line":        {declared + "pretrain \"a\" {\n  pretext \"rotation\" {}\n  views = augment.crops\n  e‸}", []string{"epochs", "extra"}},
		"label":                      {pretrain("  pretext \"‸\" {}"), []string{"jigsaw", "rotation"}},
		"beginning of a label":       {pretrain("  pretext \"ro‸\" {}"), []string{"rotation"}},
		"label without a body":       {pretrain("  pretext \"‸\""), []string{"jigsaw", "rotation"}},
		"options of a variant":       {pretrain("  pretext \"jigsaw\" {\n    ‸\n  }"), []string{"grid"}},
		"no options":                 {pretrain("  pretext \"rotation\" { ‸ }"), nil},
		"ordered blocks":             {declared + "augment \"b\" {\n  ‸\n}", []string{"data", "base", "for_each", "crop", "dynamic", "flip", "matrix"}},
		"options of ordered block":   {declared + "augment \"b\" {\n  crop { ‸ }\n}", []string{"padding"}},
		"word of the language":       {"variable \"a\" {\n  de‸\n}", []string{"default", "description"}},
		"type of a variable":         {"variable \"a\" {\n  type = ‸\n}", []string{"string", "number", "bool", "list(string)", "list(number)", "map(string)", "map(number)"}},
		"no references in a default": {declared + "variable \"a\" {\n  default = ‸\n}", nil},

		"output of the right type":    {pretrain("  views = ‸"), []string{"augment.crops", "local.layers", "var.epochs", "var.größe"}},
		"outputs of a stage":          {declared + "augment \"b\" {\n  data = ‸\n}", []string{"download.images.test", "download.images.train", "local.layers", "var.epochs", "var.größe"}},
		"not the stage itself":        {pretrain("  init = ‸") + "pretrain \"b\" {}", []string{"pretrain.b", "local.layers", "var.epochs", "var.größe"}},
		"in a list":                   {pretrain("  extra = [pretrain.b, ‸]") + "pretrain \"b\" {}\n", []string{"pretrain.b", "local.layers", "var.epochs", "var.größe"}},
		"value of a number":           {pretrain("  epochs = ‸"), []string{"local.layers", "var.epochs", "var.größe"}},
		"in a call":                   {pretrain("  epochs = max(1, ‸)"), []string{"local.layers", "var.epochs", "var.größe"}},
		"in an unclosed call":         {pretrain("  epochs = max(1, ‸"), []string{"local.layers", "var.epochs", "var.größe"}},
		"in a template":               {"pipeline {\n  description = \"of ${‸}\"\n}\n" + declared, []string{"local.layers", "var.epochs", "var.größe"}},
		"variables":                   {pretrain("  epochs = var.‸"), []string{"epochs", "größe"}},
		"variables, more below":       {pretrain("  epochs = var.e‸\n  views = augment.crops"), []string{"epochs", "größe"}},
		"stages":                      {pretrain("  views = augment.‸"), []string{"crops"}},
		"outputs behind a dot":        {declared + "augment \"b\" {\n  data = download.images.‸\n}", []string{"test", "train"}},
		"only outputs that fit":       {pretrain("  views = download.images.‸"), nil},
		"locals":                      {declared + "locals {\n  x = local.‸\n}", []string{"layers", "x"}},
		"true or false":               {"download \"a\" {\n  colour = ‸\n}", []string{"false", "true"}},
		"known values":                {"download \"a\" {\n  source = ‸\n}", []string{"mnist", "cifar-10"}},
		"known values in quotes":      {"download \"a\" {\n  source = \"c‸\"\n}", []string{"mnist", "cifar-10"}},
		"known values, open quotes":   {"download \"a\" {\n  source = \"‸\n}", []string{"mnist", "cifar-10"}},
		"behind a template":           {"download \"a\" {\n  source = \"${1} c‸\"\n}", nil},
		"behind a number":             {pretrain("  epochs = 1‸"), nil},
		"behind a value":              {pretrain("  epochs = var.epochs ‸"), nil},
		"comment":                     {pretrain("  # ‸"), nil},
		"comment behind a value":      {pretrain("  epochs = 3 // v‸"), nil},
		"heredoc":                     {"pipeline {\n  description = <<EOT\nva‸\nEOT\n}", nil},
		"unknown block":               {"pretrian \"a\" {\n  ‸\n}", nil},
		"unknown attribute":           {pretrain("  epoch = var.‸"), []string{"epochs", "größe"}},
		"in a sweep":                  {pretrain("  matrix { a = [1] }\n  epochs = ‸"), []string{"local.layers", "matrix.a", "var.epochs", "var.größe"}},
		"names of a sweep":            {pretrain("  matrix { a = [1] }\n  epochs = matrix.‸"), []string{"a"}},
		"sweeps of others":            {pretrain("  matrix { a = [1] }") + "pretrain \"b\" {\n  epochs = matrix.‸\n}", nil},
		"element":                     {pretrain("  for_each = [1]\n  epochs = each.‸"), []string{"key", "value"}},
		"base":                        {pretrain("  base = ‸") + "pretrain \"b\" {}", []string{"pretrain.b", "local.layers", "var.epochs", "var.größe"}},
		"short form of a block":       {pretrain("  pretext = ‸"), []string{"jigsaw", "rotation", "local.layers", "var.epochs", "var.größe"}},
		"dynamic":                     {pretrain("  dynamic \"‸\""), []string{"head", "pretext", "stop"}},
		"in a dynamic block":          {pretrain("  dynamic \"stop\" {\n    ‸\n  }"), []string{"content", "for_each", "iterator", "labels"}},
		"content":                     {pretrain("  dynamic \"stop\" {\n    content { ‸ }\n  }"), []string{"patience"}},
		"validation":                  {"variable \"a\" {\n  validation { ‸ }\n}", []string{"condition", "error_message"}},
		"condition":                   {"variable \"a\" {\n  validation {\n    condition = ‸\n  }\n}", []string{"var.a"}},
		"CRLF":                        {strings.ReplaceAll(pretrain("  epochs = 3\n  vi‸"), "\n", "\r\n"), []string{"views"}},
		"CRLF in a value":             {strings.ReplaceAll(pretrain("  epochs = var.‸\n"), "\n", "\r\n"), []string{"epochs", "größe"}},
		"behind letters beyond ASCII": {pretrain("  /* größer 🙂 */ epochs = var.‸"), []string{"epochs", "größe"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := labels(marked[completions](start(t), "textDocument/completion", test.text))
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("offered (-want +got):\n%s", diff)
			}
		})
	}
}

// What is chosen replaces what was typed, no more.
func TestCompletionEdits(t *testing.T) {
	for name, test := range map[string]struct {
		text, label, detail, doc string
		want                     string // the text afterwards
	}{
		"attribute":         {"pretrain \"a\" {\n  ep‸\n}", "epochs", "whole number", "Passes.", "pretrain \"a\" {\n  epochs = \n}"},
		"attribute renamed": {"pretrain \"a\" {\n  ep‸x = 3\n}", "epochs", "whole number", "Passes.", "pretrain \"a\" {\n  epochs = 3\n}"},
		"block":             {"pretrain \"a\" {\n  pret‸\n}", "pretext", "", "The task.\n\nRequired; one of jigsaw, rotation", "pretrain \"a\" {\n  pretext \"${1}\" {\n  ${2}\n}\n}"},
		"stage":             {"down‸", "download", "", "Gets images.", "download \"${1:name}\" {\n  ${2}\n}"},
		"label":             {"pretrain \"a\" {\n  pretext \"ro‸\" {}\n}", "rotation", "pretext", "Predict turns.\n\nGidaris 2018\n\nCost: 4 passes", "pretrain \"a\" {\n  pretext \"rotation\" {}\n}"},
		"reference":         {"pretrain \"b\" {}\npretrain \"a\" {\n  init = pre‸t\n}", "pretrain.b", "encoder", "The encoder.", "pretrain \"b\" {}\npretrain \"a\" {\n  init = pretrain.b\n}"},
		"variable":          {declared + "locals {\n  é = \"🙂\" == var.ep‸och ? 1 : 2\n}", "epochs", "number, default 4", "Passes to make.", declared + "locals {\n  é = \"🙂\" == var.epochs ? 1 : 2\n}"},
		"function":          {"locals {\n  a = ma‸\n}", "max", "max(numbers...)", "Returns the largest number. For a list, write max(list...).\n\n```hcl\nmax(5, 100, 20) # 100\n```", "locals {\n  a = max($0)\n}"},
		"known value":       {"download \"a\" {\n  source = ‸\n}", "cifar-10", "", "Things.", "download \"a\" {\n  source = \"cifar-10\"\n}"},
		"value in quotes":   {"download \"a\" {\n  source = \"ci‸far-1\"\n}", "cifar-10", "", "Things.", "download \"a\" {\n  source = \"cifar-10\"\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			list := marked[completions](start(t), "textDocument/completion", test.text)
			i := slices.IndexFunc(list.Items, func(c completion) bool { return c.Label == test.label })
			if i < 0 {
				t.Fatalf("%s is not offered, only %v", test.label, labels(list))
			}
			item := list.Items[i]
			if item.Detail != test.detail || item.Documentation.Value != test.doc {
				t.Errorf("described as %q, %q; want %q, %q", item.Detail, item.Documentation.Value, test.detail, test.doc)
			}
			got := apply(t, strings.Replace(test.text, "‸", "", 1), edit{Range: item.TextEdit.Range, NewText: item.TextEdit.NewText})
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("text afterwards (-want +got):\n%s", diff)
			}
		})
	}
}

// A space that is typed to indent must not open a list; one behind an equals sign may.
func TestCompletionOnSpace(t *testing.T) {
	space := map[string]any{"triggerKind": 2, "triggerCharacter": " "}
	for text, want := range map[string]int{"pretrain \"a\" {\n  ‸\n}": 0, "download \"a\" {\n  colour = ‸\n}": 2} {
		got := labels(marked[completions](start(t), "textDocument/completion", text, "context", space))
		if len(got) != want {
			t.Errorf("%q: offered %v, want %d", text, got, want)
		}
	}
}
