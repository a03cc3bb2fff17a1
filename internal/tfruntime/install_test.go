package tfruntime

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInstallUnpacksWhatARuntimeNeeds(t *testing.T) {
	x, root := newIndex(t, zipped(t, wheelItems)), t.TempDir()
	dir, err := x.installer(root).install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, "tensorflow-2.18.0-cpu"); dir != want {
		t.Errorf("installed in %s, want %s", dir, want)
	}
	got := tree(t, dir)
	delete(got, manifestName)
	want := map[string]string{
		"tensorflow/libtensorflow_cc.so.2":                strings.Repeat("library ", 1000),
		"tensorflow/libtensorflow_framework.so.2":         "framework",
		"tensorflow/LICENSE":                              "licence",
		"tensorflow/THIRD_PARTY_NOTICES.txt":              "notices",
		"nvidia/cudnn/lib/libcudnn.so.9":                  "cudnn",
		"nvidia/cuda_nvcc/bin/ptxas":                      "assembler",
		"licenses/nvidia_cudnn_cu12-9.3.0.75/License.txt": "nvidia's",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(filepath.Join(dir, "nvidia/cuda_nvcc/bin/ptxas")); err != nil || info.Mode().Perm()&0o111 == 0 {
		t.Errorf("ptxas cannot be executed: %v, %v", info.Mode(), err)
	}
	onlyInstalled(t, root)
	if err := Verify(t.Context(), root, CPU, nil); err != nil {
		t.Errorf("Verify: %v", err)
	}
	s := List(root)[0]
	if !s.Installed || !s.Pinned || s.Dir != dir || s.Bytes != 8000+9+7+7+5+9+8 || s.Source != x.wheel.file+" sha256:"+x.wheel.sha256 {
		t.Errorf("List: %+v", s)
	}
	if _, err := x.installer(root).install(t.Context()); err != nil || len(x.calls(t)) != 1 {
		t.Errorf("a second install: %v, pip was called %d times, want 1", err, len(x.calls(t)))
	}
}

func TestPipIsAskedForOneFileForEverybody(t *testing.T) {
	x := newIndex(t, zipped(t, wheelItems))
	if _, err := x.installer(t.TempDir()).install(t.Context()); err != nil {
		t.Fatal(err)
	}
	call := x.calls(t)[0]
	for _, want := range []string{
		"--no-deps", "--only-binary=:all:", "--python-version 3.11", "--implementation cp", "--abi cp311",
		"--platform manylinux2014_x86_64", "tensorflow-cpu==2.18.0",
	} {
		if !strings.Contains(call, want) {
			t.Errorf("pip was called with %q, without %q", call, want)
		}
	}
}

// refused installs and checks that nothing came of it.
func refused(t *testing.T, i installer, message string) {
	t.Helper()
	_, err := i.install(t.Context())
	if err == nil || !strings.Contains(err.Error(), message) {
		t.Errorf("install: %v, want an error about %q", err, message)
	}
	if _, err := Find(i.root, CPU); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("Find: %v, want ErrNotInstalled", err)
	}
	for name := range tree(t, i.root) {
		if name != "install.lock" {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestWrongDigestIsRefusedAndDeleted(t *testing.T) {
	x := newIndex(t, zipped(t, wheelItems))
	x.wheel.sha256 = strings.Repeat("0", 64)
	refused(t, x.installer(t.TempDir()), "not the pinned 000")
}

func TestTruncatedWheelIsRefused(t *testing.T) {
	content := zipped(t, wheelItems)
	x := newIndex(t, content)
	write(t, filepath.Join(x.dir, x.wheel.file), content[:len(content)-100])
	refused(t, x.installer(t.TempDir()), "not the pinned "+x.wheel.sha256)
}

func TestWheelWithoutTheLibraryIsRefused(t *testing.T) {
	x, root := newIndex(t, zipped(t, wheelItems[1:])), t.TempDir()
	if _, err := x.installer(root).install(t.Context()); err == nil || !strings.Contains(err.Error(), "has no tensorflow/libtensorflow_cc.so.2") {
		t.Errorf("install: %v", err)
	}
	if _, err := Find(root, CPU); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("Find: %v, want ErrNotInstalled", err)
	}
}

func TestFailureOfPipIsShown(t *testing.T) {
	x := newIndex(t, zipped(t, wheelItems))
	write(t, filepath.Join(x.dir, "fail"), nil)
	refused(t, x.installer(t.TempDir()), "ERROR: No matching distribution found for tensorflow-cpu==2.18.0")
}

func TestNoPipAndNoArchive(t *testing.T) {
	x := newIndex(t, nil)
	x.pip = nil
	refused(t, x.installer(t.TempDir()), "apt-get install python3-pip")
}

func TestCancelledDownloadLeavesNothing(t *testing.T) {
	x, root := newIndex(t, zipped(t, wheelItems)), t.TempDir()
	write(t, filepath.Join(x.dir, "hang"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !exists(filepath.Join(x.dir, "hanging")) {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	if _, err := x.installer(root).install(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("install: %v, want context.Canceled", err)
	}
	if _, err := Find(root, CPU); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("Find: %v, want ErrNotInstalled", err)
	}
	if got := tree(t, root); len(got) != 1 {
		t.Errorf("left behind: %v, want the lock only", got)
	}
}

// TestKilledWhileUnpacking runs itself in a process that kills itself.
func TestKilledWhileUnpacking(t *testing.T) {
	const rootVariable, wheelVariable = "TFRUNTIME_TEST_ROOT", "TFRUNTIME_TEST_WHEEL"
	if root := os.Getenv(rootVariable); root != "" {
		content, err := os.ReadFile(os.Getenv(wheelVariable))
		if err != nil {
			t.Fatal(err)
		}
		i := newIndex(t, content).installer(root)
		i.report = func(p Progress) {
			if p.Step == StepUnpack {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
		}
		_, err = i.install(t.Context())
		t.Fatalf("survived: %v", err)
	}
	x, root := newIndex(t, zipped(t, wheelItems)), t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileUnpacking$")
	// What the killed process cannot clean up is cleaned up here.
	cmd.Env = append(os.Environ(), rootVariable+"="+root, wheelVariable+"="+filepath.Join(x.dir, x.wheel.file), "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process ended with %v, want to be killed\n%s", err, out)
	}
	if _, err := Find(root, CPU); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("Find: %v, want ErrNotInstalled", err)
	}
	if left, _ := filepath.Glob(filepath.Join(root, scratchPattern)); len(left) != 1 {
		t.Fatalf("the killed process left %v, so this test tests nothing", left)
	}
	if _, err := x.installer(root).install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if calls := x.calls(t); len(calls) != 0 {
		t.Errorf("the wheel that the killed process had verified was downloaded again: %v", calls)
	}
	onlyInstalled(t, root)
}

func TestKeptDownloadIsVerifiedAgain(t *testing.T) {
	x, root := newIndex(t, zipped(t, wheelItems)), t.TempDir()
	write(t, filepath.Join(root, "downloads", x.wheel.file), []byte("half a wheel"))
	if _, err := x.installer(root).install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(x.calls(t)) != 1 {
		t.Errorf("pip was called %d times, want 1", len(x.calls(t)))
	}
}

func TestTwoInstallationsAtOnce(t *testing.T) {
	x, root := newIndex(t, zipped(t, wheelItems)), t.TempDir()
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := x.installer(root).install(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if len(x.calls(t)) != 1 {
		t.Errorf("pip was called %d times, want 1", len(x.calls(t)))
	}
	onlyInstalled(t, root)
}

func TestDamagedRuntimeIsReplaced(t *testing.T) {
	x, root := newIndex(t, zipped(t, wheelItems)), t.TempDir()
	dir, err := x.installer(root).install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tensorflow/libtensorflow_cc.so.2"), []byte("short"))
	if _, err := Find(root, CPU); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "has 5 bytes, not 8000") {
		t.Errorf("Find: %v", err)
	}
	if s := List(root)[0]; s.Installed || s.Problem == nil {
		t.Errorf("List: %+v, want a problem", s)
	}
	if _, err := x.installer(root).install(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, dir)["tensorflow/libtensorflow_cc.so.2"]; len(got) != 8000 {
		t.Errorf("the library has %d bytes after the repair, want 8000", len(got))
	}
	onlyInstalled(t, root)
}
