package stages

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/metrics"
	"sslpipe/internal/schema"
)

// protocol states how the scores of an evaluation came about, one line a fact,
// so that a table carries what a reader must know to trust or repeat it.
func protocol(all []ScoredRun, set ScoredSet, names []string) []string {
	lines := []string{
		fmt.Sprintf("data: %s, %s, %d classes; %d test %s, read only here",
			set.Data.Name, examplesText(set.Data), len(set.Data.Classes), set.TestImages, set.noun()),
	}
	if networks := networksText(all); networks != "" {
		lines = append(lines, "network: "+networks)
	}
	for i, name := range names {
		if runs := runsOf(all, i); len(runs) > 0 {
			lines = append(lines, name+": "+armText(runs))
		}
	}
	if fractions := fractionsText(all); fractions != "" {
		lines = append(lines, "label budgets: "+fractions)
	}
	if len(all) == 0 {
		return lines
	}
	lines = append(lines, spreadText(all, names), selectionText(all))
	return append(lines, languageText(set)...)
}

// examplesText says what the examples of a data set are.
func examplesText(data artifact.DatasetMeta) string {
	if t := data.Text; t != nil {
		return fmt.Sprintf("texts of up to %d tokens, of %d of a %s tokeniser", data.Shape[1], t.Vocabulary, t.Tokenizer)
	}
	return shapeText(data.Shape) + " pixels"
}

// fractionsText says what labels per class stand for where shares were drawn.
func fractionsText(all []ScoredRun) string {
	var parts []string
	for _, r := range all {
		if permille := r.Classifier.LabelsPermille; permille > 0 {
			part := fmt.Sprintf("%g %% of each class's %s are %s", float64(permille)/10, r.Classifier.Text.Noun(), metrics.LabelsText(r.Classifier.LabelsPerClass))
			if !slices.Contains(parts, part) {
				parts = append(parts, part)
			}
		}
	}
	return strings.Join(parts, ", ")
}

// selectionText says what was chosen on validation data.
func selectionText(all []ScoredRun) string {
	what := []string{"when to stop", "which weights", "layer", "penalty"}
	if slices.ContainsFunc(all, func(r ScoredRun) bool { return len(r.Classifier.Rates) > 0 }) {
		what = append(what, "learning rate")
	}
	last := len(what) - 1
	return fmt.Sprintf("selection: %s and %s are chosen by accuracy on %d validation %s, which no arm trains on",
		strings.Join(what[:last], ", "), what[last], all[0].Classifier.ValidationImages, all[0].Classifier.Text.Noun())
}

// spreadText says what differs between the seeds of an arm, and so what its
// spread covers.
func spreadText(runs []ScoredRun, names []string) string {
	parts := []string{"seeds: each has its own label draw, initial weights, order of examples and augmentation"}
	if runs[0].Classifier.Text != nil { // which nothing augments
		parts[0] = "seeds: each has its own label draw, initial weights and order of texts"
	}
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
		if m.Text != nil {
			return "logistic regression on a bag of words, the logarithms of how often each token is there"
		}
		return "logistic regression on raw pixels"
	case modeLinear:
		text = "logistic regression on frozen features of " + layersText(runs)
	case modeKNN:
		text = fmt.Sprintf("%s nearest neighbours by cosine, weighted with temperature %g, on frozen features of %s",
			neighboursText(runs), m.Temperature, layersText(runs))
	default:
		text = "whole network, trained" + mixedText(m.TrainMixed) + " until validation accuracy stopped rising (" + stepsText(runs) + ")"
		if m.ExtraSteps > 0 {
			text += fmt.Sprintf(", with %d steps added, which are worth a pre-training in operations", m.ExtraSteps)
		}
		if len(m.Rates) > 0 {
			text += "; learning rate " + ratesText(runs)
		}
	}
	switch {
	case m.Given != "" && m.Backbone == "":
		return text + "; the given model " + m.Given + " as it is"
	case m.Given != "":
		return text + "; initial weights from the given model " + m.Given
	case m.Init == "":
		return text + "; random initial weights"
	}
	seen := m.Text.Noun() + " seen"
	if m.Labelled {
		seen += " with their labels"
	}
	return text + fmt.Sprintf("; initial weights from %s (%d steps%s%s, %d %s)", m.Pretext, m.Steps, mixedText(m.Mixed), phasesText(m.Phases), m.Images, seen)
}

// mixedText says how something was trained that is not all float32.
func mixedText(mixed bool) string {
	if !mixed {
		return ""
	}
	return " in mixed precision"
}

// phasesText says how many steps of a pre-training were at which size of the views.
func phasesText(all []artifact.SizePhase) string {
	parts := make([]string, len(all))
	for i, ph := range all {
		parts[i] = fmt.Sprintf("%d at %d px", ph.Steps, ph.Side)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// neighboursText is the range of k over the runs.
func neighboursText(runs []artifact.ClassifierMeta) string {
	least, most := runs[0].Neighbours, runs[0].Neighbours
	for _, m := range runs {
		least, most = min(least, m.Neighbours), max(most, m.Neighbours)
	}
	if least == most {
		return strconv.Itoa(most)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// ratesText lists the learning rates that were tried, by how often each won.
func ratesText(runs []artifact.ClassifierMeta) string {
	parts := make([]string, len(runs[0].Rates))
	for i, rate := range runs[0].Rates {
		won := 0
		for _, m := range runs {
			if m.Rate == rate {
				won++
			}
		}
		parts[i] = fmt.Sprintf("%g (%d of %d)", rate, won, len(runs))
	}
	return strings.Join(parts, ", ")
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
		parts[i] = fmt.Sprintf("%s: median %d steps, %d to %d", metrics.LabelsText(b), s[len(s)/2], s[0], s[len(s)-1])
		if n := cut[b]; n > 0 {
			parts[i] += fmt.Sprintf(", %d of %d cut short by max_steps", n, len(s))
		}
	}
	return strings.Join(parts, "; ")
}

// languageText says how encoders of text were scored by the tokens that they predict.
func languageText(set ScoredSet) []string {
	if len(set.Language) == 0 {
		return nil
	}
	first := set.Language[0]
	lines := []string{fmt.Sprintf("language models: the encoders that arms started from predict tokens of %d test texts; special tokens and padding do not count; "+
		"perplexity is the exponential of the mean cross-entropy in nats", first.Texts)}
	for _, task := range languageTasks {
		i := slices.IndexFunc(set.Language, func(s LanguageScore) bool { return s.Task == task.name })
		if i >= 0 {
			lines = append(lines, fmt.Sprintf("%s: %s (%d tokens)", task.name, task.text, set.Language[i].Tokens))
		}
	}
	return append(lines, "unigram: the most frequent token of the texts of pre-training, and the frequencies of all there with one added to each count; "+
		fmt.Sprintf("chance: %d tokens, all equally probable", set.Data.Text.Vocabulary))
}
