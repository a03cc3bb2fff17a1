package stages

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/schema"
)

// protocol states how the scores of an evaluation came about, one line a fact,
// so that a table carries what a reader must know to trust or repeat it.
func protocol(s Scores, names []string) []string {
	lines := []string{
		fmt.Sprintf("data: %s, %s pixels, %d classes; %d test images, read only here",
			s.Data.Name, shapeText(s.Data.Shape), len(s.Data.Classes), s.TestImages),
	}
	if networks := networksText(s.Runs); networks != "" {
		lines = append(lines, "network: "+networks)
	}
	arms := make([][]artifact.ClassifierMeta, len(names))
	for _, r := range s.Runs {
		arms[r.Arm] = append(arms[r.Arm], r.Classifier)
	}
	for i, runs := range arms {
		if len(runs) > 0 {
			lines = append(lines, names[i]+": "+armText(runs))
		}
	}
	if len(s.Runs) == 0 {
		return lines
	}
	return append(lines, spreadText(s.Runs, names), fmt.Sprintf(
		"selection: when to stop, which weights, layer and penalty are chosen by accuracy on %d validation images, which no arm trains on",
		s.Runs[0].Classifier.ValidationImages))
}

// spreadText says what differs between the seeds of an arm, and so what its
// spread covers.
func spreadText(runs []ScoredRun, names []string) string {
	parts := []string{"seeds: each has its own label draw, initial weights, order of examples and augmentation"}
	encoders := make([]map[string]bool, len(names))
	for _, r := range runs {
		if r.Classifier.Init == "" {
			continue
		}
		if encoders[r.Arm] == nil {
			encoders[r.Arm] = map[string]bool{}
		}
		encoders[r.Arm][r.Classifier.Init] = true
	}
	for i, name := range names {
		if n := len(encoders[i]); n > 0 {
			parts = append(parts, fmt.Sprintf("%s covers %d pre-trainings", name, n))
		}
	}
	return strings.Join(parts, "; ")
}

// armText says what one arm is.
func armText(runs []artifact.ClassifierMeta) string {
	m := runs[0]
	var text string
	switch m.Mode {
	case modePixels:
		return "logistic regression on raw pixels"
	case modeLinear:
		text = "logistic regression on frozen features of " + layersText(runs)
	default:
		text = "whole network, trained until validation accuracy stopped rising (" + stepsText(runs) + ")"
	}
	if m.Init == "" {
		return text + "; random initial weights"
	}
	seen := "images seen"
	if m.Labelled {
		seen += " with their labels"
	}
	return text + fmt.Sprintf("; initial weights from %s (%d steps, %d %s)", m.Pretext, m.Steps, m.Images, seen)
}

// networksText names the networks of all arms, with the settings that differ
// from the defaults.
func networksText(runs []ScoredRun) string {
	var texts []string
	for _, r := range runs {
		m := r.Classifier.EncoderMeta
		if m.Backbone == "" {
			continue
		}
		text := m.Backbone
		if settings := settingsText(m); settings != "" {
			text += " (" + settings + ")"
		}
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", ")
}

func settingsText(m artifact.EncoderMeta) string {
	choice, err := restoreChoice(backbone.Kinds, m.Backbone, m.BackboneConfig)
	if err != nil { // stored by another version: the raw settings say it all
		return string(m.BackboneConfig)
	}
	variant, _ := backbone.Kinds.Find(m.Backbone)
	var changed []string
	for _, f := range schema.Fields(variant.New()) {
		if value := f.Get(choice.Config); !reflect.DeepEqual(value, f.Default) {
			changed = append(changed, fmt.Sprintf("%s %v", f.Name, value))
		}
	}
	return strings.Join(changed, ", ")
}

// layersText lists the layers that were chosen, by how often.
func layersText(runs []artifact.ClassifierMeta) string {
	count := map[string]int{}
	var layers []string
	for _, m := range runs {
		if count[m.Layer] == 0 {
			layers = append(layers, m.Layer)
		}
		count[m.Layer]++
	}
	slices.SortStableFunc(layers, func(a, b string) int { return count[b] - count[a] })
	if len(layers) == 1 {
		return layers[0]
	}
	for i, l := range layers {
		layers[i] = fmt.Sprintf("%s (%d of %d)", l, count[l], len(runs))
	}
	return strings.Join(layers, ", ")
}

// stepsText gives the median and range of training steps for each label budget.
func stepsText(runs []artifact.ClassifierMeta) string {
	steps, cut := map[int][]int{}, map[int]int{}
	var budgets []int
	for _, m := range runs {
		if steps[m.LabelsPerClass] == nil {
			budgets = append(budgets, m.LabelsPerClass)
		}
		steps[m.LabelsPerClass] = append(steps[m.LabelsPerClass], m.TrainSteps)
		if m.CutShort {
			cut[m.LabelsPerClass]++
		}
	}
	slices.Sort(budgets)
	parts := make([]string, len(budgets))
	for i, b := range budgets {
		s := slices.Sorted(slices.Values(steps[b]))
		parts[i] = fmt.Sprintf("%d labels: median %d steps, %d to %d", b, s[len(s)/2], s[0], s[len(s)-1])
		if n := cut[b]; n > 0 {
			parts[i] += fmt.Sprintf(", %d of %d cut short by max_steps", n, len(s))
		}
	}
	return strings.Join(parts, "; ")
}
