// Package tfruntime finds, installs and checks TensorFlow's shared libraries:
// the pinned runtimes "cpu" and "gpu", each a folder
//
//	.deps/tensorflow-2.18.0-cpu/
//	    manifest.json          what was installed, from where, with sizes and digests
//	    tensorflow/            libtensorflow_cc.so.2 (or libtensorflow.so.2), libtensorflow_framework.so.2
//	    nvidia/                CUDA libraries, beside tensorflow/ because its run paths say so (gpu only)
//
// Nothing of Python is kept or run but the pip client, which fetches the
// wheels. It refuses what it cannot verify: a download is used when its digest
// is the pinned one, and a folder is used when its manifest fits its files. The
// one download without a pinned digest, the official C archive for machines
// without pip, is checked as far as that goes, and says so (see archive.go).
//
// It does not load the libraries; internal/tf does. A new TensorFlow version is
// a new list in pins.go.
package tfruntime

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Version is TensorFlow's version, of every runtime.
const Version = "2.18.0"

// The devices that a runtime can be for.
const (
	CPU = "cpu"
	GPU = "gpu"
)

// ErrNotInstalled says that a runtime is absent or unusable.
var ErrNotInstalled = errors.New("not installed")

// Find returns the folder of the runtime for a device ("cpu" or "gpu") under
// root, absolute and without symbolic links. It checks the size of every file
// against the manifest, which takes well under a millisecond; Verify reads the
// contents too. An absent or damaged runtime is ErrNotInstalled, wrapped with
// what is wrong and the command that helps.
func Find(root, device string) (dir string, err error) {
	m, dir, err := open(root, device)
	if err != nil {
		return "", err
	}
	if err := m.checkSizes(dir); err != nil {
		return "", damaged(device, err)
	}
	return dir, nil
}

// open reads the manifest of a runtime and resolves its folder.
func open(root, device string) (manifest, string, error) {
	if _, err := pinned(device); err != nil {
		return manifest{}, "", err
	}
	// The run paths inside the libraries start from the path they are opened by.
	dir, err := filepath.EvalSymlinks(folder(root, device))
	if err != nil {
		return manifest{}, "", fmt.Errorf("the TensorFlow runtime for %s is %w (sslpipe runtime install %s)", device, ErrNotInstalled, device)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return manifest{}, "", err
	}
	m, err := readManifest(dir)
	if err == nil && (m.TensorFlow != Version || m.Device != device) {
		err = fmt.Errorf("%s is of TensorFlow %s for %s", manifestName, m.TensorFlow, m.Device)
	}
	if err != nil {
		return manifest{}, "", damaged(device, err)
	}
	return m, dir, nil
}

func damaged(device string, err error) error {
	return fmt.Errorf("the TensorFlow runtime for %s is damaged and counts as %w (sslpipe runtime install %s): %w", device, ErrNotInstalled, device, err)
}

// folder is where the runtime for a device lies under root.
func folder(root, device string) string {
	return filepath.Join(root, "tensorflow-"+Version+"-"+device)
}

// Status describes a runtime for a person.
type Status struct {
	Device    string
	Version   string
	Installed bool
	Dir       string // empty unless installed
	Bytes     int64  // on disk
	Source    string // what it was unpacked from
	Pinned    bool   // whether the digest of that source is pinned in this program
	Problem   error  // why a runtime that is there cannot be used
}

// List describes every runtime, in a fixed order.
func List(root string) []Status {
	var list []Status
	for _, r := range runtimes {
		s := Status{Device: r.device, Version: Version}
		dir, err := Find(root, r.device)
		if err == nil {
			m, _ := readManifest(dir) // Find has just read it
			s.Installed, s.Dir, s.Bytes = true, dir, m.bytes()
			s.Source, s.Pinned = strings.Join(m.Sources, ", "), m.Pinned
		} else if exists(folder(root, r.device)) {
			s.Problem = err
		}
		list = append(list, s)
	}
	return list
}
