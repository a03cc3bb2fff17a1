package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// TestPublishedTellsWhatPublishMends publishes a model and damages it.
func TestPublishedTellsWhatPublishMends(t *testing.T) {
	dir := t.TempDir()
	store, err := artifact.OpenStore(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	kind := plan.Kind{Name: "pretrain", Outputs: []plan.Output{{Name: "encoder", Type: artifact.TypeEncoder}}}
	u := &plan.Unit{Address: "pretrain.a[seed=1]", Stage: &plan.Stage{Kind: kind, Address: "pretrain.a"}, Coord: plan.Coord{"seed": 1}, Fingerprint: "f"}
	p := &plan.Plan{Pipeline: plan.Pipeline{Name: "toy"}, Units: []*plan.Unit{u}}
	made := filepath.Join(dir, "made", "saved_model")
	err = errors.Join(os.MkdirAll(filepath.Join(made, "variables"), 0o777),
		os.WriteFile(filepath.Join(made, "saved_model.pb"), []byte("graph"), 0o666),
		os.WriteFile(filepath.Join(made, "variables", "variables.index"), []byte("index"), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := store.Commit(artifact.Work{Fingerprint: u.Fingerprint, Unit: u.Address}, filepath.Dir(made), map[string]artifact.Output{"encoder": {Type: artifact.TypeEncoder}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "models")
	model := filepath.Join(root, "toy", "pretrain.a", "2")
	for _, c := range []struct {
		what   string
		damage func() error
	}{
		{"nothing there", func() error { return nil }},
		{"no graph", func() error { return os.Remove(filepath.Join(model, "saved_model.pb")) }},
		{"a shorter file", func() error { return os.Truncate(filepath.Join(model, "variables", "variables.index"), 1) }},
		{"no card", func() error { return os.Remove(filepath.Join(model, cardFile)) }},
		{"another model", func() error { return os.WriteFile(filepath.Join(model, cardFile), []byte(`{"digest":"x"}`), 0o666) }},
		{"no folder", func() error { return os.RemoveAll(root) }},
	} {
		if err := c.damage(); err != nil {
			t.Fatal(err)
		}
		if published(root, p, committed.Entry, u) {
			t.Errorf("%s: it counts as published", c.what)
		}
		if err := publish(root, p, store, map[string]*artifact.Entry{u.Address: committed.Entry}); err != nil {
			t.Fatal(err)
		}
		if !published(root, p, committed.Entry, u) {
			t.Errorf("%s: publishing does not mend it", c.what)
		}
	}
	u.Stage.Kind.Outputs = []plan.Output{{Name: "metrics", Type: artifact.TypeMetrics}}
	if !published(filepath.Join(dir, "none"), p, committed.Entry, u) {
		t.Error("what makes no model is not published")
	}
}
