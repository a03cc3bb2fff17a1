package tfruntime

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/fetch"
)

// item is an entry of a made-up archive.
type item struct {
	name string
	body string
	mode fs.FileMode // 0: a plain file
}

// wheelItems are what a small wheel needs to be accepted, and things that must
// not be unpacked.
var wheelItems = []item{
	{name: "tensorflow/libtensorflow_cc.so.2", body: strings.Repeat("library ", 1000)},
	{name: "tensorflow/libtensorflow_framework.so.2", body: "framework"},
	{name: "tensorflow/python/big.so", body: "no part of a runtime"},
	{name: "tensorflow/include/LICENSE", body: "licence"},
	{name: "tensorflow/THIRD_PARTY_NOTICES.txt", body: "notices"},
	{name: "nvidia/__init__.py"},
	{name: "nvidia/cudnn/include/cudnn.h", body: "header"},
	{name: "nvidia/cudnn/lib/__init__.py"},
	{name: "nvidia/cudnn/lib/libcudnn.so.9", body: "cudnn"},
	{name: "nvidia/cuda_nvcc/bin/ptxas", body: "assembler", mode: 0o744},
	{name: "nvidia_cudnn_cu12-9.3.0.75.dist-info/License.txt", body: "nvidia's"},
}

// zipped makes a zip file of items.
func zipped(t *testing.T, items []item) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, i := range items {
		header := &zip.FileHeader{Name: i.name, Method: zip.Deflate}
		header.SetMode(max(i.mode, 0o644))
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = w.Write([]byte(i.body))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// index is a package index with one wheel, and a pip that serves it.
type index struct {
	dir   string
	wheel wheel
	pip   []string
}

// pipScript copies the wheel to where --dest says and notes that it was called.
// With a file named hang beside it, it never ends.
const pipScript = `dir=$(dirname "$0")
echo "$*" >> "$dir/calls"
test "$1" = download || exit 2
while [ $# -gt 1 ]; do [ "$1" = --dest ] && dest=$2; shift; done
test -f "$dir/hang" && { : > "$dir/hanging"; exec sleep 60; }
test -f "$dir/fail" && { echo "ERROR: No matching distribution found for $1"; exit 1; }
test -d "$TMPDIR" || exit 3
mkdir -p "$dest" && cp "$dir"/*.whl "$dest"
`

func newIndex(t *testing.T, content []byte) index {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "pip")
	w := wheel{requirement: "tensorflow-cpu==2.18.0", file: "tensorflow_cpu-2.18.0.whl", size: int64(len(content)), sha256: sum(content)}
	write(t, script, []byte(pipScript))
	write(t, filepath.Join(dir, w.file), content)
	return index{dir: dir, wheel: w, pip: []string{"/bin/sh", script}}
}

// calls returns the arguments of every call of pip.
func (x index) calls(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(x.dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix("\n"+string(raw), "\n"), "\n")[1:]
}

// installer installs the index's wheel under root.
func (x index) installer(root string) installer {
	return installer{
		pin: pin{
			device: CPU, wheels: []wheel{x.wheel},
			required: []string{"tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"},
		},
		root: root, report: func(Progress) {}, limits: defaultLimits,
		findPip: func(context.Context) []string { return x.pip },
		fetcher: fetch.Fetcher{Tries: 4, Wait: time.Millisecond, Stall: time.Minute, NoLock: true},
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree lists the files under dir with their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// onlyInstalled checks that root holds the runtime and no remains of making it.
func onlyInstalled(t *testing.T, root string) {
	t.Helper()
	for name := range tree(t, root) {
		if name != "install.lock" && !strings.HasPrefix(name, "tensorflow-2.18.0-cpu/") {
			t.Errorf("%s was left behind", name)
		}
	}
}
