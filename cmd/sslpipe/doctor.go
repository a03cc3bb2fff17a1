package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sslpipe/internal/doctor"
	"sslpipe/internal/machine"
	"sslpipe/internal/remote"
	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
	"sslpipe/internal/view"
)

func doctorCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Tell whether this machine can compute, what is missing and how to get it",
		Long: `doctor looks at the processor, the installed runtimes, NVIDIA's driver, GPUs and
CUDA's libraries, lets TensorFlow list what it computes on, and looks at the folder
that runs write to and at the shared store, where one is set. It changes nothing.

It is about the device that a run would take (--device). The exit code is 0 if all
that this needs works, and 1 otherwise.`,
		Example: `  sslpipe doctor
  sslpipe doctor --device gpu`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := s.machine()
			if err != nil {
				return failed(err)
			}
			r := doctor.Examine(cmd.Context(), m)
			out := cmd.OutOrStdout()
			if err := view.Doctor(out, r, view.Detect(out, os.Getenv)); err != nil {
				return failed(err)
			}
			if !r.Healthy() {
				return exitError{code: exitFailed}
			}
			return nil
		},
	}
}

// machine is this one, with what was asked for.
func (s *settings) machine() (doctor.Machine, error) {
	root, err := depsRoot()
	if err != nil {
		return doctor.Machine{}, err
	}
	location, err := s.location()
	if err != nil {
		return doctor.Machine{}, err
	}
	m := doctor.Machine{
		Root: os.DirFS("/"), Env: os.LookupEnv, Device: s.Device,
		Program: programText(), Processor: machine.Class("cpu"), Instructions: machine.Instructions(),
		Runtimes: tfruntime.List(root), Driver: doctor.AskDriver, OpenLibrary: doctor.OpenLibrary,
		TensorFlow: func(_ context.Context, device string) ([]doctor.TensorFlowDevice, error) {
			return computesOn(root, device)
		},
		Folders: []doctor.Folder{space("state", s.State)},
	}
	if location != nil {
		m.Store, m.AskStore = location.String(), func(ctx context.Context) error { return askStore(ctx, *location) }
	}
	return m, nil
}

// computesOn is what TensorFlow lists.
func computesOn(root, device string) ([]doctor.TensorFlowDevice, error) {
	dir, err := tfruntime.Find(root, device)
	if err != nil {
		return nil, err
	}
	if err := tf.Load(dir); err != nil {
		return nil, err
	}
	found, err := tf.Devices()
	list := make([]doctor.TensorFlowDevice, len(found))
	for i, d := range found {
		list[i] = doctor.TensorFlowDevice{Type: d.Type, Memory: d.MemoryBytes}
	}
	return list, err
}

// askStore reads from a shared store.
func askStore(ctx context.Context, l remote.Location) error {
	bucket, err := remote.Open(l, remote.Options{Getenv: os.Getenv})
	if err != nil {
		return err
	}
	for _, err := range bucket.List(ctx, "") {
		return err
	}
	return nil
}

// space looks at the disk of a folder that may not be there yet.
func space(about, path string) doctor.Folder {
	f := doctor.Folder{About: about}
	if f.Path, f.Err = filepath.Abs(path); f.Err != nil {
		return f
	}
	at := f.Path
	for {
		var s unix.Statfs_t
		err := unix.Statfs(at, &s)
		if err == nil {
			f.Free = int64(s.Bavail) * s.Bsize
			return f
		}
		if !os.IsNotExist(err) || at == filepath.Dir(at) {
			f.Err = fmt.Errorf("look at %s: %w", at, err)
			return f
		}
		at = filepath.Dir(at)
	}
}
