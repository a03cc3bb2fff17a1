package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"sslpipe/internal/cluster"
)

// documents are those of a YAML file under cluster/.
func documents(t *testing.T, file string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "cluster", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var one map[string]any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, one)
	}
}

// in goes down a document by names, and numbers as int.
func in(t *testing.T, from any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := from.(map[string]any)
			from = m[step]
		case int:
			list, _ := from.([]any)
			if step >= len(list) {
				t.Fatalf("there is no element %d of %v", step, path)
			}
			from = list[step]
		}
	}
	if from == nil {
		t.Fatalf("there is no %v", path)
	}
	return from
}

// checkMember compares a recipe's TF_CONFIG with what it should say.
func checkMember(t *testing.T, text string, self int, addresses ...string) {
	t.Helper()
	c, err := cluster.Parse(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	if c.Self != self || !slices.Equal(c.Addresses(), addresses) {
		t.Errorf("member %d of %q, not %d of %q", c.Self, c.Addresses(), self, addresses)
	}
}

// publishedSchema is that of a kind of document, of testdata/schemas.
func publishedSchema(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "schemas", kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// conforms holds a document to a schema, and the schema to refusing one with a field
// that nobody knows at a path in it.
func conforms(t *testing.T, document map[string]any, kind string, path ...any) {
	t.Helper()
	schema := publishedSchema(t, kind)
	var plain any // as JSON has it
	text, err := json.Marshal(document)
	if err == nil {
		plain, err = jsonschema.UnmarshalJSON(bytes.NewReader(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(plain); err != nil {
		t.Errorf("the %s is not as its schema says: %v", kind, err)
	}
	in(t, plain, path...).(map[string]any)["comand"] = "x"
	if schema.Validate(plain) == nil {
		t.Errorf("the schema of a %s says nothing of a field that there is not", kind)
	}
}

func TestComposeRecipe(t *testing.T) {
	file := documents(t, "compose.yaml")[0]
	conforms(t, file, "compose", "services", "worker0")
	for i, name := range []string{"worker0", "worker1"} {
		service := in(t, file, "services", name)
		checkMember(t, in(t, service, "environment", "TF_CONFIG").(string), i, "worker0:2222", "worker1:2222")
		if got := in(t, service, "command", 1); got != "run" {
			t.Errorf("%s runs %v", name, got)
		}
	}
	if inside := in(t, file, "networks", "inside", "internal"); inside != true {
		t.Error("the network is open to others")
	}
}

func TestKubernetesRecipe(t *testing.T) {
	parts := map[string]any{}
	for _, d := range documents(t, "kubernetes.yaml") {
		parts[d["kind"].(string)] = d
		conforms(t, d, d["kind"].(string), "spec")
	}
	conforms(t, parts["Job"].(map[string]any), "Job", "spec", "template", "spec", "containers", 0)
	job := in(t, parts["Job"], "spec")
	if in(t, job, "completions") != in(t, job, "parallelism") || in(t, job, "completionMode") != "Indexed" {
		t.Error("the pods of the job do not run all at once, by number")
	}
	// Pods of an indexed job have host names JOB-INDEX, in the headless service's domain.
	name := in(t, parts["Job"], "metadata", "name").(string)
	if in(t, job, "template", "spec", "subdomain") != in(t, parts["Service"], "metadata", "name") || in(t, parts["Service"], "spec", "clusterIP") != "None" {
		t.Error("the pods have no names that others find")
	}
	script := in(t, job, "template", "spec", "containers", 0, "args", 0).(string)
	script = strings.Replace(script, "exec sslpipe run pipelines/rotation.hcl", "printenv TF_CONFIG", 1)
	for i, index := range []string{"0", "1"} {
		cmd := exec.Command("sh", "-c", script)
		cmd.Env = []string{"JOB_COMPLETION_INDEX=" + index, "PATH=" + os.Getenv("PATH")}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		checkMember(t, string(out), i, name+"-0.sslpipe:2222", name+"-1.sslpipe:2222")
	}
}

func TestTrainingOperatorRecipe(t *testing.T) {
	job := documents(t, "tfjob.yaml")[0]
	conforms(t, job, "TFJob", "spec", "tfReplicaSpecs", "Worker", "template", "spec", "containers", 0)
	container := in(t, job, "spec", "tfReplicaSpecs", "Worker", "template", "spec", "containers", 0)
	if in(t, job, "kind") != "TFJob" || in(t, container, "name") != "tensorflow" || in(t, container, "ports", 0, "name") != "tfjob-port" {
		t.Error("the operator looks for a container tensorflow with a port tfjob-port")
	}
}
