package tfruntime

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestChoose(t *testing.T) {
	none, nvidia, windows := t.TempDir(), t.TempDir(), t.TempDir()
	write(t, filepath.Join(none, "nvidiactl"), nil)
	write(t, filepath.Join(nvidia, "nvidia3"), nil)
	write(t, filepath.Join(windows, "dxg"), nil)
	empty, installed := t.TempDir(), t.TempDir()
	x := newIndex(t, zipped(t, wheelItems))
	i := x.installer(installed)
	i.pin.device = GPU
	if _, err := i.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, root, device, devices string
		want                        string
		err                         error
	}{
		{"cpu needs nothing", empty, "cpu", none, "cpu", nil},
		{"cpu beside a GPU", installed, "cpu", nvidia, "cpu", nil},
		{"gpu without a device", installed, "gpu", none, "", ErrNoGPU},
		{"gpu without its runtime", empty, "gpu", nvidia, "", ErrNotInstalled},
		{"gpu", installed, "gpu", nvidia, "gpu", nil},
		{"gpu under Windows", installed, "gpu", windows, "gpu", nil},
		{"auto without a device", installed, "auto", none, "cpu", nil},
		{"auto without its runtime", empty, "auto", nvidia, "cpu", nil},
		{"auto", installed, "auto", nvidia, "gpu", nil},
	} {
		got, err := choose(c.root, c.device, c.devices)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v, want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
	if got, err := choose(empty, "tpu", none); got != "" || err == nil {
		t.Errorf("an unknown device: %q, %v", got, err)
	}
}
