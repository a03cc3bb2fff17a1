package stages

import (
	"fmt"
	"strings"

	"sslpipe/internal/backbone"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
)

// checkBackbone reports what keeps a network from reading images, or texts, of which
// this is known, by fields of the stage.
func checkBackbone(choice schema.Choice, facts plan.Facts) []schema.Problem {
	text, reads := choice.Config.(backbone.TextBackbone)
	var problems []schema.Problem
	switch {
	case facts.Shape == [3]int{}:
		return nil
	case reads && facts.Vocabulary == 0:
		return []schema.Problem{{Field: "backbone", Message: fmt.Sprintf("The backbone %q reads text, and the data is images.", choice.Name)}}
	case reads:
		problems = text.CheckLength(facts.Shape[1])
	case facts.Vocabulary > 0:
		return []schema.Problem{{Field: "backbone", Message: fmt.Sprintf("The backbone %q looks at images, and the data is text: write backbone \"transformer\" {}.", choice.Name)}}
	default:
		problems = backbone.CheckSizes(choice.Config.(backbone.Backbone), [2]int{facts.Shape[0], facts.Shape[1]})
	}
	var found []schema.Problem
	for _, p := range problems {
		found = append(found, schema.Problem{Field: strings.TrimSuffix("backbone."+p.Field, "."), Message: p.Message})
	}
	return found
}

// checkPair reports what keeps the network from learning a task on batches that it can
// read, by fields of the task.
func (c *PretrainConfig) checkPair(task pretext.Task, b pretext.Batch) []schema.Problem {
	network := c.Backbone.Config.(backbone.Backbone)
	shown := pretext.Encoded(task, b)
	var found []schema.Problem
	for _, p := range backbone.CheckSizes(network, [2]int{b.H, b.W}, [2]int{shown.H, shown.W}) {
		found = append(found, schema.Problem{Message: fmt.Sprintf("This task shows the network crops of %d by %d pixels. %s", shown.H, shown.W, p.Message)})
	}
	return found
}
