package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// TestPublishedTellsWhatPublishMends publishes a model and damages it.
func TestPublishedTellsWhatPublishMends(t *testing.T) {
	dir, store, p, u, e := toyModel(t)
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
		{"a card with another number", func() error {
			return flipIn(filepath.Join(model, cardFile), "pretrain.a[seed=1]", "pretrain.a[seed=0]")
		}},
		{"another model", func() error { return os.WriteFile(filepath.Join(model, cardFile), []byte(`{"digest":"x"}`), 0o666) }},
		{"no folder", func() error { return os.RemoveAll(root) }},
	} {
		if err := c.damage(); err != nil {
			t.Fatal(err)
		}
		if published(root, p, e, u) {
			t.Errorf("%s: it counts as published", c.what)
		}
		if err := publish(root, p, store, map[string]*artifact.Entry{u.Address: e}); err != nil {
			t.Fatal(err)
		}
		if !published(root, p, e, u) {
			t.Errorf("%s: publishing does not mend it", c.what)
		}
	}
	// A bit that flips changes no size: only reading tells.
	for _, file := range []string{"saved_model.pb", filepath.Join("variables", "variables.index")} {
		if err := flipIn(filepath.Join(model, file), "a", "b"); err != nil {
			if err = flipIn(filepath.Join(model, file), "i", "j"); err != nil {
				t.Fatal(err)
			}
		}
		if err := checkModel(model); err == nil || err.Error() != filepath.ToSlash(file)+" is not as it was published" {
			t.Errorf("error %v", err)
		}
		if err := publish(root, p, store, map[string]*artifact.Entry{u.Address: e}); err != nil {
			t.Fatal(err)
		}
		if err := checkModel(model); err != nil {
			t.Errorf("publishing does not mend it: %v", err)
		}
	}
	// A process was killed after it had put the model into its place.
	if err := os.MkdirAll(filepath.Join(model+".part123", "new"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := publish(root, p, store, map[string]*artifact.Entry{u.Address: e}); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(root, "toy", "pretrain.a", "*")); len(left) != 1 || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
	u.Stage.Kind.Outputs = []plan.Output{{Name: "metrics", Type: artifact.TypeMetrics}}
	if !published(filepath.Join(dir, "none"), p, e, u) {
		t.Error("what makes no model is not published")
	}
}

func flipIn(path, from, to string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed := strings.Replace(string(text), from, to, 1)
	if changed == string(text) {
		return fmt.Errorf("%s has no %q", path, from)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}

// toyModel stores a unit's model.
func toyModel(t *testing.T) (dir string, store *artifact.Store, p *plan.Plan, u *plan.Unit, e *artifact.Entry) {
	t.Helper()
	dir = t.TempDir()
	store, err := artifact.OpenStore(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	kind := plan.Kind{Name: "pretrain", Outputs: []plan.Output{{Name: "encoder", Type: artifact.TypeEncoder}}}
	u = &plan.Unit{Address: "pretrain.a[seed=1]", Stage: &plan.Stage{Kind: kind, Address: "pretrain.a"}, Coord: plan.Coord{"seed": 1}, Fingerprint: "f"}
	p = &plan.Plan{Pipeline: plan.Pipeline{Name: "toy"}, Units: []*plan.Unit{u}}
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
	return dir, store, p, u, committed.Entry
}

// Runs that end at the same time publish the same model: each succeeds, nothing is
// left beside it, and what a killed process left goes.
func TestModelsArePublishedByManyAtOnce(t *testing.T) {
	dir, store, p, u, e := toyModel(t)
	root := filepath.Join(dir, "models")
	model := filepath.Join(root, "toy", "pretrain.a", "2")
	for _, left := range []string{".part", ".part123", ".part123-old"} {
		if err := os.MkdirAll(model+left, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for range 20 {
				if err := publishModel(model, store, e, "encoder", u); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if !published(root, p, e, u) || checkModel(model) != nil {
		t.Errorf("not published: %v", checkModel(model))
	}
	if all, err := filepath.Glob(filepath.Join(filepath.Dir(model), "*")); len(all) != 1 || err != nil {
		t.Errorf("left %v, %v", all, err)
	}
}

// A stored model that has changed is not published.
func TestDamagedModelIsNotPublished(t *testing.T) {
	dir, store, p, u, e := toyModel(t)
	stored := filepath.Join(store.Dir(), "objects", e.Tree, "saved_model", "saved_model.pb")
	if err := errors.Join(os.Remove(stored), os.WriteFile(stored, []byte("Graph"), 0o444)); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "models")
	err := publish(root, p, store, map[string]*artifact.Entry{u.Address: e})
	if err == nil || !strings.HasPrefix(err.Error(), "publish the model of pretrain.a[seed=1]: stored result f is damaged: the content of saved_model/saved_model.pb has changed; it was moved to ") ||
		!strings.HasSuffix(err.Error(), "; the same command makes it again") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was published: %v", err)
	}
}

func TestFolderThatTakesNoModelsIsAMistakeBeforeTraining(t *testing.T) {
	dir, _, p, u, _ := toyModel(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := publishable(filepath.Join(dir, "not", "yet"), p); err != nil {
		t.Error(err)
	}
	if err := publishable(file, p); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v", err)
	}
	u.Stage.Kind.Outputs = nil
	if err := publishable(file, p); err != nil {
		t.Errorf("nothing is published, and yet: %v", err)
	}
}
