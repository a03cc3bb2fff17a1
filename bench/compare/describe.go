package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"sslpipe/internal/machine"
)

// description is what of a machine decides how fast it is.
type description struct {
	Processor    string   `json:"processor"`
	Cores        int      `json:"cores"` // that may be used
	Instructions []string `json:"instructions"`
	Class        string   `json:"class"`  // as in the names of results, see internal/machine
	Caches       string   `json:"caches"` // of one core, and what cores share
	Memory       string   `json:"memory"`
	Kernel       string   `json:"kernel"`
	GPU          string   `json:"gpu,omitempty"`
	Load         string   `json:"load"` // averages over 1, 5 and 15 minutes before the first turn
}

func describe(device string) description {
	c := cpuid.CPU
	d := description{
		Processor: strings.TrimSpace(c.BrandName), Cores: runtime.NumCPU(), Instructions: c.FeatureSet(),
		Class:  machine.Class(device),
		Caches: fmt.Sprintf("L1d %s, L2 %s, L3 %s", kib(c.Cache.L1D), kib(c.Cache.L2), kib(c.Cache.L3)),
		Memory: lineOf("/proc/meminfo", "MemTotal:"), Kernel: lineOf("/proc/sys/kernel/osrelease", ""),
		Load: load(),
	}
	if d.Processor == "" {
		d.Processor = lineOf("/proc/cpuinfo", "model name")
	}
	if files, err := filepath.Glob("/proc/driver/nvidia/gpus/*/information"); err == nil && len(files) > 0 {
		d.GPU = lineOf(files[0], "Model:")
	}
	return d
}

func kib(bytes int) string {
	if bytes <= 0 {
		return "unknown"
	}
	return fmt.Sprintf("%d KiB", bytes>>10)
}

// lineOf returns what follows the first line's beginning, "" where there is none.
func lineOf(file, begins string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, begins); ok {
			return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(rest), ":"))
		}
	}
	return ""
}

// load is how many processes wanted to compute over the last 1, 5 and 15 minutes.
func load() string {
	fields := strings.Fields(lineOf("/proc/loadavg", ""))
	return strings.Join(fields[:min(3, len(fields))], ", ")
}

// String names the machine as in "AMD EPYC, 2 cores".
func (d description) String() string { return fmt.Sprintf("%s, %d cores", d.Processor, d.Cores) }

// slug is the machine's part of a file's name.
func (d description) slug() string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(d.String()), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

func (d description) table(out io.Writer, versions map[string]string) {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(versions)) {
		list = append(list, name+" "+versions[name])
	}
	gpu := d.GPU
	if gpu == "" {
		gpu = "none"
	}
	fmt.Fprintf(out, "| | |\n|---|---|\n")
	for _, line := range [][2]string{
		{"processor", d.String()}, {"class", d.Class}, {"caches", d.Caches}, {"memory", d.Memory}, {"GPU", gpu},
		{"kernel", d.Kernel}, {"load before", d.Load}, {"versions", strings.Join(list, ", ")},
	} {
		fmt.Fprintf(out, "| %s | %s |\n", line[0], line[1])
	}
}

// newReport describes what was measured, where and with what.
func (l *lab) newReport(command string, results []result) report {
	versions := maps.Clone(l.versions)
	versions["Go"] = strings.TrimPrefix(runtime.Version(), "go")
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/wamuir/graft" {
				versions["graft"] = m.Version
			}
		}
	}
	return report{
		Date: time.Now().UTC().Format(time.DateOnly), Revision: revision(), Command: command,
		Partial: l.quick || l.only.String() != everything, Machine: l.machine, Versions: versions, Results: results,
	}
}

// revision is that of the checkout, with a mark where files differ from it.
func revision() string {
	head, err := exec.Command("git", "rev-parse", "--short=12", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := string(bytes.TrimSpace(head))
	if changed, err := exec.Command("git", "status", "--porcelain", "--untracked-files=no").Output(); err != nil || len(changed) > 0 {
		name += " with changes"
	}
	return name
}
