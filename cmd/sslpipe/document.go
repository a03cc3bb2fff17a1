package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
)

// gathering makes the report of a run from what the store has of its units.
type gathering struct {
	plan   *plan.Plan
	store  *artifact.Store
	result *run.Result
	device string
}

// report gathers the document, and copies the pictures that it names into the
// run's folder.
func (g gathering) report() (*report.Report, error) {
	r := &report.Report{
		Version: report.Version, Run: filepath.Base(g.result.RunDir), Started: startOf(g.result.RunDir),
		Pipeline: g.pipeline(), Environment: environment(g.device), Commands: g.commands(),
	}
	for _, u := range g.plan.Units {
		if g.result.Entries[u.Address] == nil {
			continue // of a part of the pipeline, what is there is told
		}
		if err := g.add(r, u); err != nil {
			return nil, fmt.Errorf("report on %s: %w", u.Address, err)
		}
	}
	return r, nil
}

func (g gathering) add(r *report.Report, u *plan.Unit) error {
	switch config := u.Config.(type) {
	case *stages.PretrainConfig:
		p, err := g.pretraining(u)
		r.Pretrainings = append(r.Pretrainings, p)
		return err
	case *stages.EvaluateConfig:
		e, err := g.evaluation(u, config)
		r.Evaluations = append(r.Evaluations, e)
		return err
	case *stages.AugmentConfig:
		return g.copyPreview(u)
	}
	return nil
}

// copyPreview copies what shows the views of an augment stage.
func (g gathering) copyPreview(u *plan.Unit) error {
	h, err := g.handle(u)
	if err != nil {
		return err
	}
	file, err := stages.PreviewFile(h)
	if err != nil {
		return err
	}
	return g.copyOutput(u, file, plan.FileName(u.Stage.Name)+filepath.Ext(file))
}

// copyOutput copies a file of a unit's result into the run's folder.
func (g gathering) copyOutput(u *plan.Unit, file, as string) error {
	h, err := g.handle(u)
	if err != nil {
		return err
	}
	return copyFile(filepath.Join(g.result.RunDir, as), filepath.Join(h.Path, file))
}

func (g gathering) handle(u *plan.Unit) (artifact.Handle, error) {
	return g.store.Handle(g.result.Entries[u.Address], u.Stage.Kind.Outputs[0].Name)
}

func (g gathering) evaluation(u *plan.Unit, config *stages.EvaluateConfig) (report.Evaluation, error) {
	h, err := g.handle(u)
	if err != nil {
		return report.Evaluation{}, err
	}
	var scores stages.Scores
	text, err := os.ReadFile(filepath.Join(h.Path, stages.ScoresFile))
	if err == nil {
		err = json.Unmarshal(text, &scores)
	}
	if err != nil {
		return report.Evaluation{}, err
	}
	e := config.Evaluation(u.Stage.Name, scores, g.seconds(u))
	for i := range e.Sets {
		p := e.Sets[i].Pictures
		if p == nil {
			continue
		}
		as := plan.FileName(u.Stage.Name) + "-" + p.File
		if err := g.copyOutput(u, p.File, as); err != nil {
			return e, err
		}
		p.File = as
	}
	return e, nil
}

// seconds is what the units of each arm took, by the address of its stage: a pre-training in the mean over
// the encoders that the arm starts from, a training in the mean over its
// classifiers.
func (g gathering) seconds(evaluate *plan.Unit) map[string]stages.Seconds {
	type mean struct{ sum, count float64 }
	pretraining, training := map[string]mean{}, map[string]mean{}
	seen := map[[2]string]bool{}
	add := func(to map[string]mean, arm string, u *plan.Unit) {
		e := g.result.Entries[u.Address]
		if pair := [2]string{arm, u.Address}; e != nil && !seen[pair] {
			seen[pair] = true
			to[arm] = mean{to[arm].sum + e.Seconds, to[arm].count + 1}
		}
	}
	for _, field := range []string{"baseline", "compare"} {
		for _, classifier := range evaluate.Inputs[field] {
			arm := classifier.Stage.Address
			add(training, arm, classifier)
			for _, encoder := range classifier.Inputs["init"] {
				add(pretraining, arm, encoder)
			}
		}
	}
	all := map[string]stages.Seconds{}
	for arm, t := range training {
		took := stages.Seconds{Training: t.sum / t.count}
		if p := pretraining[arm]; p.count > 0 {
			took.Pretraining = p.sum / p.count
		}
		all[arm] = took
	}
	return all
}

func (g gathering) pretraining(u *plan.Unit) (report.Pretraining, error) {
	p := report.Pretraining{
		Unit: u.Address, Stage: u.Stage.Name, Seed: u.Coord["seed"], Seconds: g.result.Entries[u.Address].Seconds,
	}
	h, err := g.handle(u)
	if err != nil {
		return p, err
	}
	var meta artifact.EncoderMeta
	if err := h.Decode(&meta); err != nil {
		return p, err
	}
	p.Task = meta.Pretext
	f, err := os.Open(filepath.Join(h.Path, stages.MonitorsFile))
	if err != nil {
		return p, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	for lines := json.NewDecoder(bufio.NewReader(f)); ; {
		var e report.Epoch
		if err := lines.Decode(&e); err == io.EOF {
			return p, nil
		} else if err != nil {
			return p, err
		}
		p.Epochs = append(p.Epochs, e)
	}
}

func (g gathering) pipeline() report.Pipeline {
	p := report.Pipeline{Name: g.plan.Pipeline.Name, Path: g.plan.Pipeline.Path, Description: g.plan.Pipeline.Description}
	p.Source = g.plan.Source()
	for _, v := range g.plan.Pipeline.Variables {
		if !v.Given() {
			continue
		}
		if p.Variables == nil {
			p.Variables = map[string]string{}
		}
		p.Variables[v.Name] = shownValue(v)
	}
	return p
}

// commands are what a reader types to get the same numbers.
func (g gathering) commands() []string {
	words := []string{"./sslpipe", "run", shellWord(g.plan.Pipeline.Path)}
	for _, v := range g.plan.Pipeline.Variables {
		if v.Given() {
			words = append(words, "--var", shellWord(v.Name+"="+shownValue(v)))
		}
	}
	for _, set := range g.plan.Pipeline.Sets {
		words = append(words, "--set", shellWord(set))
	}
	return []string{strings.Join(append(words, "--device", g.device), " ")}
}

// shownValue is a variable's value, or that it is not to be seen.
func shownValue(v plan.Value) string {
	if v.Sensitive {
		return "(sensitive)"
	}
	return v.Text
}

// shellWord quotes a word for a POSIX shell where it needs it.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%", r)
	}
	if word != "" && !strings.ContainsFunc(word, plain) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// startOf is when the run of a folder began, by its name.
func startOf(dir string) time.Time {
	stamp, _, _ := strings.Cut(filepath.Base(dir), "-")
	stamp, _, _ = strings.Cut(stamp, ".")
	started, err := time.Parse(run.FolderTime, stamp)
	if err != nil {
		return time.Time{}
	}
	return started
}

// environment describes the machine as far as the system tells.
func environment(device string) report.Environment {
	return report.Environment{
		Program: programText(), Runtime: runtimeIdentity(device), Processor: procField("/proc/cpuinfo", "model name"),
		Cores: runtime.NumCPU(), MemoryGiB: memoryGiB(), System: runtime.GOOS + "/" + runtime.GOARCH, GoVersion: runtime.Version(),
	}
}

// programText is this program as reports name it.
func programText() string { return "sslpipe, build " + buildID() }

// buildID is the beginning of the digest of the program's own file.
var buildID = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	f, err := os.Open(path)
	if err != nil {
		return "unknown"
	}
	defer f.Close() //nolint:errcheck // nothing was written
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "unknown"
	}
	return hex.EncodeToString(hash.Sum(nil))[:12]
})

// procField is the value of the first line "name : value" of a file of /proc.
func procField(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func memoryGiB() float64 {
	kilobytes, err := strconv.ParseFloat(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"), 64)
	if err != nil {
		return 0
	}
	return float64(int(kilobytes/(1<<20)*10+0.5)) / 10
}
