package doctor_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"sslpipe/internal/doctor"
	"sslpipe/internal/tfruntime"
	"sslpipe/internal/view"
)

// What the driver of NVIDIA says under /proc, the closed and the open one.
const (
	closedDriver = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:  gcc version 11.4.0\n"
	openDriver   = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (dvs-builder)\n"
	driver535    = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\n"
	oldDriver    = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.256.02  Thu May  2 14:37:44 UTC 2024\n"
)

var (
	h100 = doctor.GPU{Name: "NVIDIA H100 80GB HBM3", Memory: 85024112640, Major: 9, Minor: 0}
	t4   = doctor.GPU{Name: "Tesla T4", Memory: 15655829504, Major: 7, Minor: 5}
	k80  = doctor.GPU{Name: "Tesla K80", Memory: 11996954624, Major: 3, Minor: 7}
)

// recorded is a machine with these files, GPUs and runtimes, on which all works.
func recorded(device string, files map[string]string, driver doctor.Driver, runtimes ...string) doctor.Machine {
	root := fstest.MapFS{}
	for name, text := range files {
		root[name] = &fstest.MapFile{Data: []byte(text)}
	}
	m := doctor.Machine{
		Root: root, Device: device, Env: func(string) (string, bool) { return "", false },
		Program: "sslpipe, build 0123456789ab", Processor: "amd64-amd-avx2-l1d=32k-l2=512k", Instructions: "avx2",
		Driver:      func() (doctor.Driver, error) { return driver, nil },
		OpenLibrary: func(string) error { return nil },
		TensorFlow: func(_ context.Context, device string) ([]doctor.TensorFlowDevice, error) {
			list := []doctor.TensorFlowDevice{{Type: "CPU", Memory: 256 << 20}}
			for _, g := range driver.Devices {
				if device == tfruntime.GPU {
					list = append(list, doctor.TensorFlowDevice{Type: "GPU", Memory: g.Memory * 9 / 10})
				}
			}
			return list, nil
		},
		Folders: []doctor.Folder{{About: "state", Path: "/work/.sslpipe", Free: 100 << 30}},
	}
	for _, device := range []string{tfruntime.CPU, tfruntime.GPU} {
		s := tfruntime.Status{Device: device, Version: "2.18.0"}
		for _, r := range runtimes {
			if r == device {
				s.Installed, s.Dir = true, "/deps/tensorflow-2.18.0-"+device
			}
		}
		m.Runtimes = append(m.Runtimes, s)
	}
	return m
}

func with(m doctor.Machine, change func(*doctor.Machine)) doctor.Machine {
	change(&m)
	return m
}

func setting(values ...string) func(*doctor.Machine) {
	return func(m *doctor.Machine) {
		m.Env = func(name string) (string, bool) {
			for i := 0; i < len(values); i += 2 {
				if values[i] == name {
					return values[i+1], true
				}
			}
			return "", false
		}
	}
}

var machines = map[string]doctor.Machine{
	"cpu":     recorded("auto", nil, doctor.Driver{}, "cpu"),
	"nothing": recorded("auto", nil, doctor.Driver{}),
	"damaged": with(recorded("cpu", nil, doctor.Driver{}), func(m *doctor.Machine) {
		m.Runtimes[0].Problem = errors.New("/deps/tensorflow-2.18.0-cpu is not complete")
	}),
	"no_gpu": recorded("gpu", nil, doctor.Driver{}, "cpu"),
	"gpu": recorded("auto", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": openDriver},
		doctor.Driver{Version: 12080, Devices: []doctor.GPU{h100, h100}}, "cpu", "gpu"),
	"gpu_not_installed": recorded("auto", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": closedDriver},
		doctor.Driver{Version: 12040, Devices: []doctor.GPU{t4}}, "cpu"),
	"driver_below": recorded("gpu", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": driver535},
		doctor.Driver{Version: 12020, Devices: []doctor.GPU{h100}}, "gpu"),
	"driver_too_old": with(recorded("gpu", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": oldDriver},
		doctor.Driver{Version: 11040, Devices: []doctor.GPU{t4, k80}}, "gpu"), func(m *doctor.Machine) {
		m.TensorFlow = func(context.Context, string) ([]doctor.TensorFlowDevice, error) {
			return []doctor.TensorFlowDevice{{Type: "CPU"}}, nil
		}
	}),
	"driver_without_library": with(recorded("gpu", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": closedDriver, ".dockerenv": ""},
		doctor.Driver{}, "gpu"), func(m *doctor.Machine) {
		m.Driver = func() (doctor.Driver, error) {
			return doctor.Driver{}, errors.New("its library libcuda.so.1 is not found")
		}
	}),
	"hidden": with(recorded("gpu", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": openDriver},
		doctor.Driver{Version: 12080}, "gpu"), setting("CUDA_VISIBLE_DEVICES", "")),
	"libraries_missing": with(recorded("gpu", map[string]string{"dev/nvidia0": "", "proc/driver/nvidia/version": openDriver, "opt/cuda/libcudnn.so.8": ""},
		doctor.Driver{Version: 12080, Devices: []doctor.GPU{h100}}, "gpu"), func(m *doctor.Machine) {
		setting("LD_LIBRARY_PATH", "/usr/lib:/opt/cuda", "CUDA_VISIBLE_DEVICES", "3")(m)
		m.OpenLibrary = func(path string) error {
			if strings.Contains(path, "cudnn") {
				return errors.New("no such file")
			}
			return nil
		}
	}),
	"store_and_space": with(recorded("cpu", nil, doctor.Driver{}, "cpu"), func(m *doctor.Machine) {
		m.Folders[0].Free = 1 << 30
		m.Store, m.AskStore = "s3://bucket/runs", func(context.Context) error { return errors.New("s3://bucket/runs: access denied") }
		m.Instructions = ""
	}),
}

// healthy are the machines on which nothing that was asked for is bad.
var healthy = map[string]bool{"cpu": true, "nothing": true, "gpu": true, "gpu_not_installed": true, "driver_below": true}

// What is said of each machine is in testdata; UPDATE=1 writes it.
func TestExamine(t *testing.T) {
	for name, m := range machines {
		r := doctor.Examine(context.Background(), m)
		if r.Healthy() != healthy[name] {
			t.Errorf("%s: healthy is %v", name, r.Healthy())
		}
		var text strings.Builder
		if err := view.Doctor(&text, r, view.Style{}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text.String()) {
			if len(line) > 81 {
				t.Errorf("%s: a line of %d columns: %s", name, len(line)-1, line)
			}
		}
		golden := filepath.Join("testdata", name+".txt")
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(golden, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if text.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, text.String(), want)
		}
	}
}
