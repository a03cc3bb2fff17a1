package stages

import (
	"fmt"
	"strings"

	"sslpipe/internal/backbone"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
)

// checkBackbone reports what keeps a network from reading images of this shape, by
// fields of the stage.
func checkBackbone(choice schema.Choice, shape [3]int) []schema.Problem {
	var found []schema.Problem
	for _, p := range backbone.CheckSizes(choice.Config.(backbone.Backbone), [2]int{shape[0], shape[1]}) {
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
