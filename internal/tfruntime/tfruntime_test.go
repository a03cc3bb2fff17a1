package tfruntime

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestFindRefuses(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"a file that is gone": func(t *testing.T, dir string) {
			remove(t, filepath.Join(dir, "tensorflow/libtensorflow_framework.so.2"))
		},
		"a link in place of a file": func(t *testing.T, dir string) {
			path := filepath.Join(dir, "tensorflow/libtensorflow_framework.so.2")
			write(t, path+".elsewhere", []byte("framework"))
			remove(t, path)
			if err := os.Symlink(path+".elsewhere", path); err != nil {
				t.Fatal(err)
			}
		},
		"no manifest":      func(t *testing.T, dir string) { remove(t, filepath.Join(dir, manifestName)) },
		"half a manifest":  func(t *testing.T, dir string) { write(t, filepath.Join(dir, manifestName), []byte(`{"tensor`)) },
		"an empty one":     func(t *testing.T, dir string) { write(t, filepath.Join(dir, manifestName), []byte(`{}`)) },
		"another version":  replaceInManifest("2.18.0", "2.17.0"),
		"another device":   replaceInManifest(`"cpu"`, `"gpu"`),
		"names that climb": replaceInManifest(`"tensorflow/LICENSE"`, `"../../LICENSE"`),
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir, err := newIndex(t, zipped(t, wheelItems)).installer(root).install(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			damage(t, dir)
			if _, err := Find(root, CPU); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "sslpipe runtime install cpu") {
				t.Errorf("Find: %v, want ErrNotInstalled and the command that helps", err)
			}
		})
	}
}

func replaceInManifest(old, replacement string) func(t *testing.T, dir string) {
	return func(t *testing.T, dir string) {
		raw, err := os.ReadFile(filepath.Join(dir, manifestName))
		if err != nil || !strings.Contains(string(raw), old) {
			t.Fatalf("manifest %s: %v", raw, err)
		}
		write(t, filepath.Join(dir, manifestName), []byte(strings.Replace(string(raw), old, replacement, 1)))
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestFindResolvesLinks(t *testing.T) {
	real, link := t.TempDir(), filepath.Join(t.TempDir(), "deps")
	want, err := newIndex(t, zipped(t, wheelItems)).installer(real).install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if dir, err := Find(link, CPU); err != nil || dir != want {
		t.Errorf("Find: %q, %v, want %q", dir, err, want)
	}
}

func TestFindAbsentAndUnknown(t *testing.T) {
	if _, err := Find(t.TempDir(), GPU); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "sslpipe runtime install gpu") {
		t.Errorf("absent: %v", err)
	}
	if _, err := Find(t.TempDir(), "tpu"); err == nil || errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "use cpu or gpu") {
		t.Errorf("unknown: %v", err)
	}
	if _, err := Install(t.Context(), t.TempDir(), "tpu", nil); err == nil || !strings.Contains(err.Error(), "use cpu or gpu") {
		t.Errorf("install an unknown: %v", err)
	}
	if list := List(t.TempDir()); len(list) != 2 || list[0].Device != CPU || list[1].Device != GPU || list[0].Installed || list[0].Problem != nil {
		t.Errorf("List: %+v", list)
	}
}

// A changed byte leaves the sizes as they were: Verify is there to find it.
func TestVerifyFindsAChangedByte(t *testing.T) {
	root := t.TempDir()
	dir, err := newIndex(t, zipped(t, wheelItems)).installer(root).install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tensorflow/libtensorflow_framework.so.2"), []byte("frameworK"))
	if _, err := Find(root, CPU); err != nil {
		t.Fatalf("Find: %v", err)
	}
	if err := Verify(t.Context(), root, CPU, nil); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "libtensorflow_framework.so.2 has sha256") {
		t.Errorf("Verify: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Verify(ctx, root, CPU, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify when cancelled: %v", err)
	}
}

func TestPins(t *testing.T) {
	digest, seen := regexp.MustCompile(`^[0-9a-f]{64}$`), map[string]bool{}
	for _, r := range runtimes {
		if len(r.wheels) == 0 || len(r.required) == 0 {
			t.Errorf("%s has nothing to install or to require", r.device)
		}
		for _, w := range r.wheels {
			if !digest.MatchString(w.sha256) || w.size <= 0 || seen[w.sha256] || seen[w.file] {
				t.Errorf("%s: %+v", r.device, w)
			}
			seen[w.sha256], seen[w.file] = true, true
		}
	}
	if got := runtimes[0].wheels[0].file; got != "tensorflow_cpu-2.18.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl" {
		t.Errorf("the CPU wheel is %s", got)
	}
	if got := runtimes[1].wheels[3]; got.file != "nvidia_cuda_nvcc_cu12-12.5.82-py3-none-manylinux2014_x86_64.whl" || got.requirement != "nvidia-cuda-nvcc-cu12==12.5.82" {
		t.Errorf("the wheel of nvcc is %+v", got)
	}
}
