package stages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

func TestMistakesOfDownload(t *testing.T) {
	const layouts = "Layouts of text are: text, documents, csv, jsonl, csv-classes."
	checkMistakes(t, []mistaken{
		{`source = "kjv"`, nil},
		{"source = \"kjv\"\ntext {\nlength = 32\ntokenizer \"bpe\" { vocabulary = 500 }\n}", nil},
		{"source = \"kjv\"\ntext { tokenizer_of = download.verses.train }", nil},
		{"source = \"kjv\"\nimage_size = 32\nchannels = 1", []string{
			"32: The layout csv is one of text, which has no size in pixels; length in the text block says how many tokens a sequence has.",
			"1: The layout csv is one of text, which has no channels.",
		}},
		{"source = \"cifar10\"\ntext {}", []string{"text: The layout cifar-binary is one of images, and this block is about text. " + layouts}},
		{"path = \".\"\nlayout = \"documents\"\ntext { label_column = \"y\" }", []string{`"y": The layout documents has no columns; csv and jsonl have.`}},
		{"path = \".\"\nlayout = \"jsonl\"\ntext { text_column = \"y\" }", nil},
		{"source = \"kjv\"\ntext {\nlength = 5000\nheld_out = 0.5\n}", []string{
			"5000: A length between 4 and 4096 is needed, not 5000.",
			"0.5: What is held out is held out twice, for validation and test, and training gets the rest: a share below 0.5 is needed, not 0.5.",
		}},
		{"source = \"kjv\"\ntext {\ntokenizer_of = download.verses.train\ntokenizer \"bpe\" {}\n}", []string{
			"download.verses.train: Give tokenizer or tokenizer_of, not both: one learns a vocabulary, the other takes one.",
		}},
		{"source = \"kjv\"\ntext { tokenizer_of = download.images.train }", []string{"download.images.train: download.images has images, and no tokeniser."}},
	}, "download \"verses\" { source = \"kjv\" }\ndownload \"d\" {\n%s\n}\n")
}

func TestFactsOfText(t *testing.T) {
	for text, want := range map[string]plan.Facts{
		`source = "kjv"`: {Shape: [3]int{1, 64, 1}, Vocabulary: 4096, Split: splitTrain},
		"path = \".\"\nlayout = \"text\"\ntext {\nlength = 32\ntokenizer \"bpe\" { vocabulary = 500 }\n}": {Shape: [3]int{1, 32, 1}, Vocabulary: 500, Split: splitTrain},
	} {
		p, diags := plan.Parse([]byte("pipeline {}\ndownload \"d\" {\n"+text+"\n}\n"), "x.hcl", Kinds, plan.Options{
			Runtime: "test", Digest: func(string) (string, error) { return "d", nil },
		})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		facts, problems := checkDownload(p.Stages[0].Config, plan.Inputs{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if diff := cmp.Diff(want, facts[splitTrain]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// Recipes of images have nothing of text in them, so that what is added for text leaves
// their stored results to their pipelines.
func TestRecipesOfImages(t *testing.T) {
	p, diags := plan.Parse([]byte("pipeline {}\ndownload \"d\" { source = \"cifar10\" }\n"), "x.hcl", Kinds, plan.Options{Runtime: "test"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	const want = `"config":{"channels":0,"classes":[],"image_size":0,"layout":"","path":"","seed":0,"sha256":"","source":"cifar10","test_per_class":0,"unlabelled_limit":0,"url":"","validation_per_class":50}`
	if got := string(p.Stages[0].Units[0].Recipe); !strings.Contains(got, want) || !strings.Contains(got, `"version":2`) {
		t.Errorf("the recipe is %s, want %s in it", got, want)
	}
}
