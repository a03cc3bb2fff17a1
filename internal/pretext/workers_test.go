package pretext

import (
	"errors"
	"math"
	"slices"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func TestBeWorker(t *testing.T) { tftest.BeWorker(t) }

// Two workers with halves of the batch take the steps that one takes, whatever the task:
// a new task is held to it as soon as it is listed.
func TestTasksOnWorkers(t *testing.T) { tftest.InProcess(t, testTasksOnWorkers) }

func testTasksOnWorkers(t *testing.T) {
	addresses := tftest.FreeAddresses(t)
	tftest.StartWorker(t, addresses)
	server, err := tftest.Serve(t, addresses, 0, "first")
	if err != nil {
		t.Fatal(err)
	}
	batch.N = 16 // of this process
	for _, kind := range Kinds.Variants {
		t.Run(kind.Name, func(t *testing.T) {
			task := kind.New().(Task)
			network := backbone.Backbone(smallViT())
			if task.Needs(batch).Input == Text {
				network = suitable(task)
			}
			switch task := task.(type) {
			case *MaskedImage:
				t.Skip("its batch statistics are of what is visible, and each worker's own")
			case *MoCo: // each worker deals its own images into groups
				task.Queue, task.Groups = 4*batch.N, 1
			}
			uneven := func(tr *trainer) *trainer {
				for _, fed := range tr.feeds {
					if dims := fed.Dims(); fed.DType() == tf.Int32 && len(dims) == 2 {
						cutShort(fed.Int32s(), dims[0], dims[1])
					}
				}
				return tr
			}
			one := descend(t, uneven(newTrainerOver(t, task, network, 1)), tf.SessionOptions{})
			two := descend(t, uneven(newTrainerOver(t, task, network, 2)), tf.SessionOptions{Server: server})
			for i := range one {
				if !(math.Abs(two[i]-one[i]) <= 1e-4*max(1, math.Abs(one[i]))) {
					t.Errorf("the losses of two workers are %v, of one %v", two, one)
					break
				}
			}
		})
	}
}

// cutShort leaves the second half of texts [n, length] a third of their tokens, so that
// workers have different numbers of them.
func cutShort(tokens []int32, n, length int) {
	for i := n / 2; i < n; i++ {
		clear(tokens[i*length+length/3 : (i+1)*length])
	}
}

// descend trains for a few steps by plain descent, and returns the losses.
func descend(t *testing.T, tr *trainer, o tf.SessionOptions) (losses []float64) {
	t.Helper()
	const rate = 0.2
	sgd := &nn.SGD{LearningRate: rate}
	update := sgd.Apply(tr.net, tr.loss, tr.g.Scalar(rate), slices.Concat(tr.encoder.Trainable(), tr.net.Trainable()))
	loss := tr.g.MeanOver([]tf.Output{tr.loss})[0]
	init := tr.g.InitOp()
	s, err := tf.NewSession(tr.g, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(nil, nil, init)
	for range 3 {
		var out []*tf.Tensor
		if err == nil {
			out, err = s.Run(tr.feeds, []tf.Output{loss}, update.Op)
		}
		if err == nil {
			losses = append(losses, out[0].Float())
			tr.step.Int64s()[0]++
		}
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return losses
}
