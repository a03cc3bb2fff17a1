package machine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

func TestProcessorClass(t *testing.T) {
	for want, f := range map[string]features{
		"amd64-intel-avx512-l1d=48k-l2=2048k": {arch: "amd64", vendor: "intel", instructions: "avx512", l1d: 48 << 10, l2: 2 << 20},
		"amd64-amd-avx2-l1d=32k-l2=512k":      {arch: "amd64", vendor: "amd", instructions: "avx2", l1d: 32 << 10, l2: 512 << 10},
		"arm64-arm":                           {arch: "arm64", vendor: "arm", l1d: -1, l2: -1},
	} {
		if got := processorClass(f); got != want {
			t.Errorf("%+v is %q, want %q", f, got, want)
		}
	}
}

func TestWidest(t *testing.T) {
	avx512 := []cpuid.FeatureID{cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL}
	for _, c := range []struct {
		want string
		has  []cpuid.FeatureID
	}{
		{"", nil},
		{"", []cpuid.FeatureID{cpuid.AVX2}}, // some virtual machines hide FMA
		{"avx2", []cpuid.FeatureID{cpuid.AVX2, cpuid.FMA3}},
		{"avx2", []cpuid.FeatureID{cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F}}, // Knights Landing
		{"avx512", avx512},
		{"avx512-bf16", append(avx512[:6:6], cpuid.AVX512BF16)},
		{"avx512-amx", append(avx512[:6:6], cpuid.AVX512BF16, cpuid.AMXBF16)},
	} {
		has := map[cpuid.FeatureID]bool{}
		for _, id := range c.has {
			has[id] = true
		}
		if got := widest(func(id cpuid.FeatureID) bool { return has[id] }); got != c.want {
			t.Errorf("with %v it is %q, want %q", c.has, got, c.want)
		}
	}
}

func TestGPUClass(t *testing.T) {
	dir := t.TempDir()
	if got := gpuClass(dir); got != "unknown-gpu" {
		t.Errorf("without a GPU it is %q", got)
	}
	one := filepath.Join(dir, "0000:18:00.0")
	if err := os.Mkdir(one, 0o755); err != nil {
		t.Fatal(err)
	}
	text := "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 18\n"
	if err := os.WriteFile(filepath.Join(one, "information"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, want := gpuClass(dir), "nvidia-h100-80gb-hbm3"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}
