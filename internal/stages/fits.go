package stages

import (
	"fmt"
	"strings"

	"sslpipe/internal/backbone"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
)

// checkBackbone reports what keeps a network from reading data of which this is known,
// by fields of the stage.
func checkBackbone(choice schema.Choice, facts plan.Facts) []schema.Problem {
	if facts.Shape == [3]int{} {
		return nil
	}
	var found []schema.Problem
	for _, p := range fits(choice, facts) {
		found = append(found, schema.Problem{Field: strings.TrimSuffix("backbone."+p.Field, "."), Message: p.Message})
	}
	return found
}

// fits is checkBackbone by fields of the backbone.
func fits(choice schema.Choice, facts plan.Facts) []schema.Problem {
	text, ok := choice.Config.(backbone.TextBackbone)
	switch {
	case facts.Vocabulary == 0:
		return backbone.CheckSizes(choice.Config.(backbone.Backbone), [2]int{facts.Shape[0], facts.Shape[1]})
	case !ok:
		return []schema.Problem{{Message: fmt.Sprintf("A %s looks at images, and the data is text: use transformer.", choice.Name)}}
	}
	return text.CheckLength(facts.Shape[1])
}

// checkCrops reports what keeps the network from reading the crops that a task makes of
// batches that it can read, by fields of the task.
func (c *PretrainConfig) checkCrops(task pretext.Task, b pretext.Batch) []schema.Problem {
	if b.Vocabulary > 0 {
		return nil // texts are shown whole
	}
	shown := pretext.Encoded(task, b)
	var found []schema.Problem
	for _, p := range backbone.CheckSizes(c.Backbone.Config.(backbone.Backbone), [2]int{b.H, b.W}, [2]int{shown.H, shown.W}) {
		found = append(found, schema.Problem{Message: fmt.Sprintf("This task shows the network crops of %d by %d pixels. %s", shown.H, shown.W, p.Message)})
	}
	return found
}
