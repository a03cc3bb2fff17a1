package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
	"sslpipe/internal/view"
)

// report prints the table of each evaluate stage and writes it to the run's
// folder as text, Markdown and CSV; macro-F1 is in files of its own. The
// previews of augment stages go there too.
func report(out io.Writer, p *plan.Plan, store *artifact.Store, result *run.Result) error {
	for _, u := range p.Units {
		if u.Stage.Kind.Outputs[0].Type == artifact.TypeViews {
			if err := copyPreview(u, store, result); err != nil {
				return fmt.Errorf("copy the preview of %s: %w", u.Address, err)
			}
		}
		config, ok := u.Config.(*stages.EvaluateConfig)
		if !ok {
			continue
		}
		scores, err := readScores(store, result.Entries[u.Address])
		if err != nil {
			return fmt.Errorf("read scores of %s: %w", u.Address, err)
		}
		var seconds map[string]float64
		if config.Seconds {
			seconds = pretrainSeconds(u, result.Entries)
		}
		for _, metric := range []string{metrics.Accuracy, metrics.MacroF1} {
			base := filepath.Join(result.RunDir, u.Stage.Name+"."+metric)
			if err := writeTables(base, config.Comparison(scores, metric, seconds)); err != nil {
				return fmt.Errorf("write tables: %w", err)
			}
		}
		if err := view.Table(out, config.Comparison(scores, metrics.Accuracy, seconds), view.Detect(out, os.Getenv)); err != nil {
			return err
		}
	}
	return nil
}

// pretrainSeconds is what the encoders of each arm took, in the mean, by the
// records of the units that made them. An arm without encoder is left out.
func pretrainSeconds(evaluate *plan.Unit, entries map[string]*artifact.Entry) map[string]float64 {
	sum, count := map[string]float64{}, map[string]float64{}
	seen := map[[2]string]bool{}
	for _, field := range []string{"baseline", "compare"} {
		for _, classifier := range evaluate.Inputs[field] {
			arm := classifier.Stage.Name
			for _, encoder := range classifier.Inputs["init"] {
				if pair := [2]string{arm, encoder.Address}; !seen[pair] {
					seen[pair] = true
					sum[arm] += entries[encoder.Address].Seconds
					count[arm]++
				}
			}
		}
	}
	for arm := range sum {
		sum[arm] /= count[arm]
	}
	return sum
}

func copyPreview(u *plan.Unit, store *artifact.Store, result *run.Result) error {
	h, err := store.Handle(result.Entries[u.Address], u.Stage.Kind.Outputs[0].Name)
	if err != nil {
		return err
	}
	return copyFile(filepath.Join(result.RunDir, u.Stage.Name+".png"), filepath.Join(h.Path, stages.PreviewFile))
}

func readScores(store *artifact.Store, entry *artifact.Entry) (stages.Scores, error) {
	var scores stages.Scores
	handle, err := store.Handle(entry, "metrics")
	if err != nil {
		return scores, err
	}
	text, err := os.ReadFile(filepath.Join(handle.Path, stages.ScoresFile))
	if err != nil {
		return scores, err
	}
	return scores, json.Unmarshal(text, &scores)
}

// writeTables writes base.txt, base.md and base.csv.
func writeTables(base string, c *metrics.Comparison) error {
	for extension, write := range map[string]func(io.Writer) error{
		".txt": func(w io.Writer) error { return view.Table(w, c, view.Style{}) },
		".md":  func(w io.Writer) error { return view.Markdown(w, c) },
		".csv": func(w io.Writer) error { return view.CSV(w, c) },
	} {
		f, err := os.Create(base + extension)
		if err != nil {
			return err
		}
		if err := write(f); err != nil {
			_ = f.Close()
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}
