package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// quantile returns the value below which a share of some values lies.
func quantile(values []float64, share float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(math.Round(share*float64(len(sorted)-1)))]
}

func walls(samples []spent) []float64 { return each(samples, func(s spent) float64 { return s.wall }) }
func cpus(samples []spent) []float64  { return each(samples, func(s spent) float64 { return s.cpu }) }

func each(samples []spent, of func(spent) float64) []float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	return values
}

// table prints a line for each command: the median by the clock with quartiles and
// the least, the median of CPU time, and the ratio to the empty program.
func table(out io.Writer, commands []command, samples [][]spent) {
	fmt.Fprintf(out, "\n%-32s%9s%18s%9s%9s%9s%8s\n", "milliseconds", "median", "quartiles", "least", "CPU", "x empty", "goal")
	base := quantile(walls(samples[0]), 0.5)
	for i, c := range commands {
		wall, cpu := walls(samples[i]), cpus(samples[i])
		median := quantile(wall, 0.5)
		quartiles := fmt.Sprintf("[%.1f, %.1f]", quantile(wall, 0.25), quantile(wall, 0.75))
		fmt.Fprintf(out, "%-32s%9.1f%18s%9.1f%9.1f%9.1f%8s\n", c.name, median, quartiles, quantile(wall, 0), quantile(cpu, 0.5), median/base, verdict(c.goal, median))
	}
}

// write writes every time of every command, for bench/compare.
func write(file string, commands []command, samples [][]spent) error {
	type times struct {
		Name string    `json:"name"`
		Wall []float64 `json:"milliseconds"`
	}
	all := make([]times, len(commands))
	for i, c := range commands {
		all[i] = times{c.name, walls(samples[i])}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func verdict(goal, median float64) string {
	switch {
	case goal == 0:
		return "-"
	case median < goal:
		return fmt.Sprintf("< %.0f", goal)
	}
	return fmt.Sprintf("> %.0f!", goal)
}

// growth compares the CPU time that ten times as many units take with n log n.
// What a small plan takes is taken off, as the cost of starting.
func growth(out io.Writer, start, thousand, tenThousand []spent) {
	base := quantile(cpus(start), 0.5)
	less, more := quantile(cpus(thousand), 0.5)-base, quantile(cpus(tenThousand), 0.5)-base
	allowed := 10 * math.Log(10_007) / math.Log(1_007)
	fmt.Fprintf(out, "\nfrom 1,007 to 10,007 units: %.1f times the CPU time; n log n would be %.1f times\n", more/less, allowed)
}

// loaded tells which of two commands open TensorFlow's library: a run that finds all
// stored, which should not, and a preview, which has to, and so shows that looking
// finds it.
func loaded(out io.Writer, program, state string, cached []string) error {
	preview := append([]string{program, "preview", pipeline, "--state", state, "--out", filepath.Join(state, "preview.png")}, small...)
	for _, c := range []struct {
		name string
		args []string
		want bool
	}{{"run, all units stored", cached, false}, {"preview", preview, true}} {
		cmd := exec.Command(c.args[0], c.args[1:]...)
		cmd.Env = append(os.Environ(), "LD_DEBUG=files")
		log, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		found := strings.Contains(string(log), "libtensorflow")
		fmt.Fprintf(out, "TensorFlow is opened by %s: %v\n", c.name, found)
		if found != c.want {
			return errors.New("that is not as it should be")
		}
	}
	return nil
}
