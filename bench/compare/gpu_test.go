package main

import (
	"bytes"
	"os/exec"
	"regexp"
	"testing"
)

// The script for GPU machines can be run where there is none: its dry run does one check on
// the CPU, and names the rest.
func TestScriptForGPUs(t *testing.T) {
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("../gpu.sh", "--dry-run")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &stderr, &stdout)
	}
	const want = `
program                                                 not run
driver, libraries, devices (sslpipe doctor)             not run
BERT, GPT-2: outputs and gradients as Hugging Face      ok, N s
ResNet-18: outputs and gradients as torchvision         not run
ViT: outputs and gradients as timm                      not run
MobileNetV2: blocks as Keras                            not run
MobileNetV2: networks as close as Keras to itself       not run
layers, losses: gradients as central differences        not run
mixed precision: rounding, gradients, training          not run
a pipeline trains on the GPU                            not run
step benchmark                                          not run
`
	if got := regexp.MustCompile(`\d+ s\n`).ReplaceAllString(stdout.String(), "N s\n"); got != want {
		t.Errorf("it prints\n%s, want\n%s", got, want)
	}
	tests := regexp.MustCompile(`Test\w+`).FindAllString(stderr.String(), -1)
	if len(tests) != 9 {
		t.Errorf("the commands name the tests %v", tests)
	}
	for _, name := range tests {
		// As a name of a test, or of those that begin with it.
		if err := exec.Command("grep", "-rqE", "--include=*_test.go", "^func "+name, "../../internal/backbone", "../../internal/nn").Run(); err != nil {
			t.Errorf("there is no test %s", name)
		}
	}
	// The command of the benchmark is one that the program understands.
	printed := regexp.MustCompile(`\./bench/compare (.*)`).FindSubmatch(stderr.Bytes())
	if printed == nil {
		t.Fatalf("the benchmark is not among the commands:\n%s", &stderr)
	}
	var complaint bytes.Buffer
	var args []string
	for field := range bytes.FieldsSeq(printed[1]) {
		args = append(args, string(field))
	}
	if o, err := parse(args, &complaint); err != nil || o.device != "gpu" {
		t.Errorf("%q: %v\n%s", args, err, &complaint)
	}
}
