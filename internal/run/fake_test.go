package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// work is what a fake unit does.
type work func(ctx context.Context, env *plan.Env) error

// lab is a plan under construction, with a store, and a log of what ran.
type lab struct {
	t      testing.TB
	root   string
	store  *artifact.Store
	plan   *plan.Plan
	events []Event

	mu  sync.Mutex
	log []string // addresses, in the order in which they began
}

func newLab(t testing.TB) *lab { return labIn(t, t.TempDir()) }

func labIn(t testing.TB, root string) *lab {
	t.Helper()
	store, err := artifact.OpenStore(filepath.Join(root, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return &lab{t: t, root: root, store: store, plan: &plan.Plan{Pipeline: plan.Pipeline{Name: "toy", Path: "toy.hcl", Paths: []string{"toy.hcl"}, Seeds: 1}}}
}

// add appends a unit whose result is config and what it reads, after w if that is
// not nil.
func (l *lab) add(address, config string, w work, inputs ...*plan.Unit) *plan.Unit {
	u := &plan.Unit{Address: address, Config: config, Threads: 1}
	recipe := config
	if len(inputs) > 0 {
		u.Inputs = map[string][]*plan.Unit{"from": inputs}
		u.InputOutputs = map[string][]string{"from": slices.Repeat([]string{"out"}, len(inputs))}
	}
	for _, in := range inputs {
		recipe += "|" + in.Fingerprint
	}
	sum := sha256.Sum256([]byte(recipe))
	u.Fingerprint = hex.EncodeToString(sum[:])
	u.Recipe = fmt.Appendf(nil, `{"config":%q}`, config)
	u.Stage = &plan.Stage{Name: address, Address: address, Units: []*plan.Unit{u}, Kind: plan.Kind{
		Name:    "fake",
		Outputs: []plan.Output{{Name: "out", Type: artifact.TypeMetrics}},
		Run: func(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
			l.mu.Lock()
			l.log = append(l.log, env.Unit.Address)
			l.mu.Unlock()
			if w != nil {
				if err := w(ctx, env); err != nil {
					return nil, err
				}
			}
			return produce(env, cfg.(string))
		},
	}}
	l.plan.Units = append(l.plan.Units, u)
	l.plan.Stages = append(l.plan.Stages, u.Stage)
	return u
}

// choose is [plan.Plan.Select] without mistakes.
func (l *lab) choose(s plan.Selection) *plan.Chosen {
	l.t.Helper()
	c, err := l.plan.Select(s)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// produce writes config and the inputs' results to out/result.
func produce(env *plan.Env, config string) (map[string]artifact.Output, error) {
	text := config
	for _, h := range env.Inputs["from"] {
		in, err := os.ReadFile(filepath.Join(h.Path, "result"))
		if err != nil {
			return nil, err
		}
		text += "(" + string(in) + ")"
	}
	err := os.WriteFile(filepath.Join(env.Dir, "out", "result"), []byte(text), 0o666)
	return map[string]artifact.Output{"out": {Type: artifact.TypeMetrics, Meta: map[string]int{"length": len(text)}}}, err
}

func (l *lab) options() Options {
	return Options{Store: l.store, Cores: 1, Device: "cpu", RunsDir: filepath.Join(l.root, "runs"),
		Sink: func(e Event) { l.events = append(l.events, e) }}
}

// run executes the plan on one core and returns what ran, in order.
func (l *lab) run() (*Result, []string, error) { return l.runWith(context.Background(), l.options()) }

func (l *lab) runWith(ctx context.Context, o Options) (*Result, []string, error) {
	l.log, l.events = nil, nil
	result, err := Execute(ctx, l.plan, o)
	if result != nil && l.t != nil {
		l.t.Cleanup(func() { _ = result.Close() })
	}
	return result, l.log, err
}

func (l *lab) mustRun() (*Result, []string) {
	l.t.Helper()
	result, log, err := l.run()
	if err != nil {
		l.t.Fatal(err)
	}
	return result, log
}

// text is a unit's stored result.
func (l *lab) text(r *Result, u *plan.Unit) string {
	l.t.Helper()
	h, err := l.store.Handle(r.Entries[u.Address], "out")
	if err != nil {
		l.t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(h.Path, "result"))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

// types are the types of the events about a unit.
func (l *lab) types(u *plan.Unit) string {
	var types []string
	for _, e := range l.events {
		if e.Unit == u.Address {
			types = append(types, string(e.Type))
		}
	}
	return strings.Join(types, " ")
}

// mustBeClean checks that nothing of a run is left but results.
func mustBeClean(t *testing.T, root string) {
	t.Helper()
	for _, folder := range []string{"work", "cache/tmp", "cache/damaged"} {
		entries, err := os.ReadDir(filepath.Join(root, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Errorf("%s/%s stayed behind", folder, e.Name())
		}
	}
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("ran %v, want %v", got, want)
	}
}
