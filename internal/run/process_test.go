package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// The test binary, started with this variable, executes crashPlan in the folder
// that it names.
const childRoot = "SSLPIPE_TEST_RUN_IN"

func TestMain(m *testing.M) {
	root := os.Getenv(childRoot)
	if root == "" {
		os.Exit(m.Run())
	}
	if err := runChild(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runChild(root string) error {
	store, err := artifact.OpenStore(filepath.Join(root, "cache"))
	if err != nil {
		return err
	}
	l := &lab{root: root, store: store, plan: &plan.Plan{Pipeline: plan.Pipeline{Name: "toy"}}}
	crashPlan(l)
	_, err = Execute(context.Background(), l.plan, Options{Store: store, Cores: 2, RunsDir: filepath.Join(root, "runs")})
	return err
}

const crashFiles = 30

// crashPlan has units that take ten steps with a checkpoint after each, and a
// result of many files. They print what they do, for whoever wants to kill them,
// and write to the log that they have come to their end.
func crashPlan(l *lab) {
	data := l.add("download.images", "data", training(l.root))
	var arms []*plan.Unit
	for seed := range 4 {
		arms = append(arms, l.add(fmt.Sprintf("pretrain.a[seed=%d]", seed), fmt.Sprintf("a%d", seed), training(l.root), data))
	}
	l.add("evaluate.report", "report", training(l.root), arms...)
}

func training(root string) work {
	return func(ctx context.Context, env *plan.Env) error {
		fmt.Println("started", env.Unit.Address)
		train := steps(10, func(int) error {
			time.Sleep(500 * time.Microsecond)
			return ctx.Err()
		})
		if err := train(ctx, env); err != nil {
			return err
		}
		for i := range crashFiles {
			text := strings.Repeat(fmt.Sprintf("%s/%d ", env.Unit.Address, i), 200)
			if err := os.WriteFile(filepath.Join(env.Dir, "out", fmt.Sprint(i)), []byte(text), 0o666); err != nil {
				return err
			}
		}
		log, err := os.OpenFile(filepath.Join(root, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(log, env.Unit.Address)
		fmt.Println("done", env.Unit.Address)
		return errors.Join(err, log.Close())
	}
}

func child(root string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRoot+"="+root)
	cmd.Stderr = os.Stderr
	return cmd
}

// results are the digests of all units after an undisturbed look at the store.
func results(t *testing.T, root string) map[string]string {
	t.Helper()
	l := labIn(t, root)
	crashPlan(l)
	trees := make(map[string]string)
	for _, u := range l.plan.Units {
		e, ok, err := l.store.Lookup(u.Fingerprint)
		if err != nil || !ok {
			t.Fatalf("%s: %v, %v", u.Address, ok, err)
		}
		if err := l.store.Verify(e); err != nil {
			t.Fatal(err)
		}
		trees[u.Address] = e.Tree
	}
	return trees
}

// killAfter starts a run and kills it with signal 9 some time after it printed a
// line that begins so, and says whether it came to its end before.
func killAfter(t *testing.T, root, line string, wait time.Duration) (ended bool) {
	t.Helper()
	cmd := child(root)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), line) {
			time.Sleep(wait)
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			break
		}
	}
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the run failed by itself: %v", err)
	}
	return err == nil
}

// TestKilledRunsEndAsIfNothingHadHappened kills runs in the middle of units and
// in the middle of storing their results, until one comes to its end.
func TestKilledRunsEndAsIfNothingHadHappened(t *testing.T) {
	calm := t.TempDir()
	if out, err := child(calm).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := results(t, calm)
	for _, line := range []string{"started", "done"} {
		t.Run(line, func(t *testing.T) {
			root := t.TempDir()
			kills, resumed := 0, 0
			// The wait grows, so that the runs come to an end on any machine.
			for wait := time.Duration(0); !killAfter(t, root, line, wait); wait += wait/4 + time.Millisecond {
				kills++
			}
			got := results(t, root)
			for unit, tree := range want {
				if got[unit] != tree {
					t.Errorf("%s is %s, without kills it is %s", unit, got[unit], tree)
				}
			}
			events, err := filepath.Glob(filepath.Join(root, "runs", "*", "events.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range events {
				resumed += strings.Count(read(t, path), `"type":"unit_resumed"`)
			}
			if kills < 2 || resumed == 0 {
				t.Errorf("%d kills, %d resumed units: nothing was put to the test", kills, resumed)
			}
			if err := runChild(root); err != nil { // sweeps what the kill left of stored units
				t.Fatal(err)
			}
			mustBeClean(t, root)
		})
	}
}

func TestTwoProcessesRunEachUnitOnce(t *testing.T) {
	root := t.TempDir()
	a, b := child(root), child(root)
	for _, cmd := range []*exec.Cmd{a, b} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(a.Wait(), b.Wait()); err != nil {
		t.Fatal(err)
	}
	results(t, root)
	log := strings.Fields(read(t, root, "log"))
	sort.Strings(log)
	equal(t, log, "download.images", "evaluate.report", "pretrain.a[seed=0]", "pretrain.a[seed=1]", "pretrain.a[seed=2]", "pretrain.a[seed=3]")
	mustBeClean(t, root)
}

func TestSweepRemovesWhatAStoredUnitLeft(t *testing.T) {
	l := newLab(t)
	u := l.add("pretrain.a", "a", nil)
	l.mustRun()
	dir := l.store.WorkDir(u.Fingerprint)
	if err := errors.Join(os.Mkdir(dir, 0o777), os.WriteFile(filepath.Join(dir, "checkpoint"), nil, 0o666), os.WriteFile(lockPath(dir), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	_, log := l.mustRun()
	equal(t, log)
	mustBeClean(t, l.root)
}

func TestDiskFull(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mount("tmpfs", root, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("needs the right to mount a file system of 512 KiB: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(root, 0); err != nil {
			t.Error(err)
		}
	})
	l := labIn(t, root)
	ballast := filepath.Join(root, "ballast")
	full := true
	data := l.add("download.images", "data", nil)
	u := l.add("pretrain.a", "a", func(_ context.Context, env *plan.Env) error {
		if !full {
			return nil
		}
		if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o666); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("the disk is not full: %v", err)
		}
		return os.WriteFile(filepath.Join(env.Dir, "out", "weights"), make([]byte, 1<<16), 0o666)
	}, data)
	_, _, err := l.run()
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "pretrain.a: ") {
		t.Fatalf("error %v, want one of %s about space", err, u.Address)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	full = false
	_, log := l.mustRun()
	equal(t, log, "pretrain.a")
	mustBeClean(t, root)
}

// BenchmarkCachedRun is a run of 200 units that are all stored, with ten files
// each.
func BenchmarkCachedRun(b *testing.B) {
	l := newLab(b)
	many := func(_ context.Context, env *plan.Env) error {
		for i := range 10 {
			if err := os.WriteFile(filepath.Join(env.Dir, "out", fmt.Sprint(i)), []byte(env.Unit.Address), 0o666); err != nil {
				return err
			}
		}
		return nil
	}
	data := l.add("download.images", "data", many)
	for i := range 199 {
		l.add(fmt.Sprintf("finetune.a[seed=%d]", i), fmt.Sprint(i), many, data)
	}
	l.mustRun()
	for b.Loop() {
		if _, log := l.mustRun(); len(log) > 0 {
			b.Fatal("not cached")
		}
	}
}
