package stages

import (
	"context"
	"errors"
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Several workers, processes of a cluster or GPUs of one machine, train a unit together on
// parts of each batch (package tf, Replicate): pretrain, and finetune in mode full. All
// else is the chief's alone, or the first GPU's.

// ClusterConfig says how workers train together.
type ClusterConfig struct {
	BatchNorm string `hcl:"batch_norm" example:"synchronised" enum:"local,synchronised" doc:"What batch-norm averages over: local (the part of the batch that a worker has, as is usual) or synchronised (the whole batch, as one worker would; this takes TensorFlow's own layers and three exchanges for each layer). On one worker both are the same."`
}

// normSynchronised is a value of batch_norm.
const normSynchronised = "synchronised"

// team is who trains a graph, and how. The zero team is one worker.
type team struct {
	workers   int
	cluster   *ClusterConfig
	precision string // "" is float32
}

// spread returns a net whose batch-norm is as configured.
func (c *ClusterConfig) spread(n *nn.Net) *nn.Net {
	if c != nil && c.BatchNorm == normSynchronised {
		return n.Synchronised()
	}
	return n
}

func parallelPretrain(cfg any, workers int) (bool, []schema.Problem) {
	c := cfg.(*PretrainConfig)
	problems := unevenBatch(c.BatchSize, workers)
	if c.Cluster == nil || c.Cluster.BatchNorm != normSynchronised {
		return true, problems
	}
	for _, choice := range c.Pretexts {
		if task, ok := choice.Config.(pretext.Apart); ok {
			problems = append(problems, schema.Problem{Field: "cluster.batch_norm", Message: fmt.Sprintf("The task %s %s: it needs batch_norm = \"local\".", choice.Name, task.WhyApart())})
		}
	}
	return true, problems
}

func parallelFinetune(cfg any, workers int) (bool, []schema.Problem) {
	c := cfg.(*FinetuneConfig)
	if c.Mode != modeFull || c.Model != nil && c.Backbone == nil {
		return false, nil
	}
	return true, unevenBatch(c.BatchSize, workers)
}

func unevenBatch(batch, workers int) []schema.Problem {
	if batch%workers == 0 {
		return nil
	}
	return []schema.Problem{{Field: "batch_size", Message: fmt.Sprintf(
		"A batch of %d images cannot be shared by %d workers evenly: use a multiple of %d.", batch, workers, workers)}}
}

// workersOf is how many workers train a unit together.
func workersOf(env *plan.Env) int {
	if env.Unit == nil {
		return 1
	}
	return max(env.Unit.Workers, 1)
}

// serverKey is the key of a context's server.
type serverKey struct{}

// OnCluster returns a context in which units of several workers run on the cluster of
// the chief's server.
func OnCluster(ctx context.Context, server *tf.Server) context.Context {
	return context.WithValue(ctx, serverKey{}, server)
}

// newSession starts the session of a training.
func newSession(ctx context.Context, env *plan.Env, g *tf.Graph, threads int) (*tf.Session, error) {
	o := tf.SessionOptions{Threads: threads, Device: tf.Device(env.Device)}
	if n := workersOf(env); n > 1 {
		server, ok := ctx.Value(serverKey{}).(*tf.Server)
		switch {
		case ok:
			o.Server = server
		case o.Device == tf.GPU:
			o.Devices = n
		default:
			return nil, errors.New("this unit is trained by several workers together, which sslpipe run starts (with --workers, or TF_CONFIG), and sslpipe verify")
		}
	}
	return tf.NewSession(g, o)
}
