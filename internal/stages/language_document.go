package stages

import (
	"slices"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// language joins the scores of the encoders that an arm started from. Arms that started
// from the same share a line.
func (d document) language(set ScoredSet) []report.LanguageModel {
	var models []report.LanguageModel
	for _, task := range languageTasks {
		var joined [][]LanguageScore
		first := len(models)
		for arm, name := range d.names {
			scores := d.languageOf(set, arm, task.name)
			at := slices.IndexFunc(joined, func(other []LanguageScore) bool { return slices.Equal(scores, other) })
			switch {
			case len(scores) == 0:
			case at >= 0:
				models[first+at].Arms = append(models[first+at].Arms, name)
			default:
				joined = append(joined, scores)
				models = append(models, languageModelOf(name, scores))
			}
		}
	}
	return models
}

// languageOf are the scores of the encoders of one arm, in the order of the set.
func (d document) languageOf(set ScoredSet, arm int, task string) []LanguageScore {
	var scores []LanguageScore
	for _, s := range set.Language {
		started := func(r ScoredRun) bool { return r.Arm == arm && r.Classifier.Init == s.Encoder }
		if s.Task == task && slices.ContainsFunc(d.scores.Runs, started) {
			scores = append(scores, s)
		}
	}
	return scores
}

func languageModelOf(arm string, scores []LanguageScore) report.LanguageModel {
	var accuracies, perplexities, bits []float64
	for _, s := range scores {
		accuracies, perplexities, bits = append(accuracies, s.Accuracy), append(perplexities, s.Perplexity), append(bits, s.BitsPerByte)
	}
	first := scores[0]
	m := report.LanguageModel{
		Arms: []string{arm}, Task: first.Task, Texts: first.Texts, Tokens: first.Tokens,
		Accuracy: metrics.Summarize(accuracies), Perplexity: metrics.Summarize(perplexities), Unigram: first.Unigram, Chance: first.Chance,
	}
	if first.BitsPerByte > 0 {
		summary := metrics.Summarize(bits)
		m.BitsPerByte = &summary
	}
	return m
}
