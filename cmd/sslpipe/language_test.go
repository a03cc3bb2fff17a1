package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"sslpipe/internal/functions"
	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
	"sslpipe/internal/view"
)

// surroundings are stages that examples refer to; an example that declares one of
// them takes its place.
var surroundings = map[string]string{
	`download "images"`:   `{ source = "fashion-mnist-mini" }`,
	`download "colours"`:  `{ source = "cifar10" }`,
	`augment "views"`:     `{ data = download.images.unlabelled }`,
	`download "verses"`:   `{ source = "kjv" }`,
	`augment "windows"`:   `{ data = download.verses.unlabelled }`,
	`pretrain "rotation"`: "{\nviews = augment.views\npretext \"rotation\" {}\n}",
	`finetune "scratch"`:  "{\ndata = download.images.train\nlabels_per_class = [5, 20]\nbackbone \"mobilenet_v2\" {}\n}",
	`finetune "linear"`:   "{\ndata = download.images.train\nlabels_per_class = [20]\nmode = \"linear\"\ninit = pretrain.rotation\n}",
	`finetune "ssl"`:      "{\ndata = download.images.train\nlabels_per_class = [5, 20]\ninit = pretrain.rotation\n}",
}

// probes is the module that the example of module uses.
const probes = `variable "images" { type = dataset }
variable "encoder" { type = encoder }
finetune "linear" {
  data             = var.images
  labels_per_class = [20]
  mode             = "linear"
  init             = var.encoder
}
`

// within puts the example of a variant where it can stand.
func within(topic, name, example string) string {
	const texts = "pretrain \"x\" {\nviews = augment.windows\n"
	switch topic + " " + name {
	case "pretext masked_autoencoder":
		return "pretrain \"x\" {\nviews = augment.views\nbackbone \"vit\" {}\n" + example + "\n}"
	case "pretext masked_token":
		return texts + "backbone \"transformer\" {}\n" + example + "\n}"
	case "pretext next_token":
		return texts + "backbone \"transformer\" { causal = true }\n" + example + "\n}"
	case "backbone transformer":
		return texts + "pretext \"masked_token\" {}\n" + example + "\n}"
	}
	switch topic {
	case "tokenizer":
		return "download \"x\" {\nsource = \"kjv\"\ntext {\n" + example + "\n}\n}"
	case "transform":
		return "augment \"x\" {\ndata = download.colours.unlabelled\n" + example + "\n}"
	case "pretext":
		return "pretrain \"x\" {\nviews = augment.views\n" + example + "\n}"
	case "backbone", "optimizer", "schedule":
		return "pretrain \"x\" {\nviews = augment.views\npretext \"rotation\" {}\n" + example + "\n}"
	}
	return example
}

// Every example that describe shows is valid within a small pipeline. Those of
// functions are evaluated in package plan.
func TestEveryExamplePlans(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "probes.hcl"), []byte(probes), 0o600); err != nil {
		t.Fatal(err)
	}
	l, examples := language(), 0
	for _, topic := range []string{"stage", "pretext", "backbone", "transform", "optimizer", "schedule", "tokenizer", "source", "word"} {
		for _, name := range l.NamesIn(topic) {
			d, err := l.Describe([]string{topic, name})
			if err != nil {
				t.Fatal(err)
			}
			if d.Example == "" {
				if topic != "word" {
					t.Errorf("%s %s has no example", topic, name)
				}
				continue
			}
			examples++
			text := within(topic, name, d.Example) + "\n"
			for head, body := range surroundings {
				if !strings.Contains(text, head) {
					text += head + " " + body + "\n"
				}
			}
			_, diags := plan.Parse([]byte(text), filepath.Join(dir, "x.hcl"), stages.Kinds, plan.Options{})
			if diags.HasErrors() {
				t.Errorf("the example of %s %s is not valid: %v\n%s", topic, name, diags, text)
			}
		}
	}
	if examples < 50 {
		t.Errorf("%d examples", examples)
	}
}

// Everything that can be described is, and reads well in 80 columns.
func TestEveryDescriptionFits(t *testing.T) {
	l := language()
	for _, topic := range append([]string{""}, l.Names()...) {
		for _, name := range append([]string{""}, l.NamesIn(topic)...) {
			var args []string
			for _, arg := range []string{topic, name} {
				if arg != "" {
					args = append(args, arg)
				}
			}
			d, err := l.Describe(args)
			if err != nil {
				if !strings.Contains(err.Error(), "is more than one thing") {
					t.Errorf("%v: %v", args, err)
				}
				continue
			}
			var out bytes.Buffer
			if err := view.Describe(&out, view.Style{}, d); err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(out.String(), "\n") {
				if utf8.RuneCountInString(line) > 80 || strings.HasSuffix(line, " ") {
					t.Errorf("%v: does not fit: %q", args, line)
				}
			}
		}
	}
}

// The reference in docs is what the program says.
func TestLanguagePage(t *testing.T) {
	var want bytes.Buffer
	if err := view.LanguageMarkdown(&want, language()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(repository(t), "docs", "language.md")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/language.md is not what the program says (%v): go run ./cmd/sslpipe describe --markdown > docs/language.md", err)
	}
}

// Links within the reference lead somewhere.
func TestLanguagePageHasItsAnchors(t *testing.T) {
	var page bytes.Buffer
	if err := view.LanguageMarkdown(&page, language()); err != nil {
		t.Fatal(err)
	}
	text := page.String()
	links := 0
	for part := range strings.SplitSeq(text, "](#") {
		name, _, _ := strings.Cut(part, ")")
		if part == text[:len(part)] {
			continue
		}
		links++
		if n := strings.Count(text, fmt.Sprintf("<a id=%q></a>", name)); n != 1 {
			t.Errorf("#%s is there %d times", name, n)
		}
	}
	if links < 140 {
		t.Errorf("%d links", links)
	}
}

func TestLanguageJSON(t *testing.T) {
	var out bytes.Buffer
	if err := view.LanguageJSON(&out, language()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Format int
		Stages []struct {
			Name   string
			Fields []struct {
				Name, Type string
				Required   bool
				Default    any
				Enum       []string
			}
		}
		Functions []struct {
			Name, Usage string
			Parameters  []struct{ Name, Type string }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Format != 1 || len(got.Stages) != 5 || got.Stages[3].Name != "finetune" || len(got.Functions) != len(functions.List) {
		t.Errorf("got %+v", got)
	}
	mode := got.Stages[3].Fields[1]
	if mode.Name != "mode" || mode.Type != "string" || mode.Default != "full" || strings.Join(mode.Enum, " ") != "full linear knn pixels" {
		t.Errorf("mode is %+v", mode)
	}
}
