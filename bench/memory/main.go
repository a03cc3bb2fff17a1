// Command memory trains a small convolutional network for 10,000 steps and
// prints the resident memory of the process at steps 1,000 and 10,000, which
// should be the same: TensorFlow's memory is invisible to Go's collector, and a
// loop that leaves tensors behind grows by hundreds of megabytes.
//
//	go run ./bench/memory [runtime folder]
//
// The runtime is the installed one for the CPU unless its folder is given. It
// takes about 10 seconds.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
)

const (
	batch = 32
	steps = 10_000
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	dir := strings.Join(args, " ")
	if dir == "" {
		var err error
		if dir, err = tfruntime.Find(".deps", tfruntime.CPU); err != nil {
			return err
		}
	}
	if err := tf.Load(dir); err != nil {
		return err
	}
	net := build()
	s, err := tf.NewSession(net.g, tf.SessionOptions{Threads: 1})
	if err != nil {
		return err
	}
	if err := net.train(s); err != nil {
		return err
	}
	return s.Close()
}

// network is what one step needs.
type network struct {
	g              *tf.Graph
	images, labels tf.Output
	loss           tf.Output
	start, step    tf.Op
}

func build() network {
	g := tf.NewGraph()
	n := network{g: g, images: g.Placeholder("images", tf.Uint8, batch, 28, 28, 1), labels: g.Placeholder("labels", tf.Int32, batch)}
	var vars []*tf.Variable
	kernel := func(name string, dims ...int) tf.Output {
		shape := make(tf.Shape, len(dims))
		for i, d := range dims {
			shape[i] = int64(d)
		}
		vars = append(vars, g.Variable(name, tf.Float32, shape, func(g *tf.Graph) tf.Output {
			return g.Mul(g.RandomNormal(g.Const([]int64{1, int64(len(vars))}), dims...), g.Scalar(0.1))
		}, true))
		return vars[len(vars)-1].Read()
	}
	x := g.Mul(g.Cast(n.images, tf.Float32), g.Scalar(1.0/255))
	x = g.Relu(g.Conv2D(x, kernel("conv/kernel", 3, 3, 1, 8), 2, "SAME"))
	x = g.Relu(g.DepthwiseConv2D(x, kernel("depthwise/kernel", 3, 3, 8, 1), 2, "SAME"))
	logits := g.MatMul(g.Reshape(x, batch, 7*7*8), kernel("head/kernel", 7*7*8, 10), false, false)
	n.loss = g.Mean(g.SoftmaxCrossEntropy(logits, g.OneHot(n.labels, 10)), false)
	reads := make([]tf.Output, len(vars))
	for i, v := range vars {
		reads[i] = v.Read()
	}
	updates := make([]tf.Op, len(vars))
	for i, grad := range g.Gradients(n.loss, reads) {
		updates[i] = g.AssignSub(vars[i], g.Mul(grad, g.Scalar(0.01)))
	}
	n.step, n.start = g.Group(updates...), g.InitOp()
	return n
}

// train refills two feeds and fetches the loss in every step, the worst habit
// that a training loop here has.
func (n network) train(s *tf.Session) error {
	if _, err := s.Run(nil, nil, n.start); err != nil {
		return err
	}
	images, err := tf.Alloc(tf.Uint8, batch, 28, 28, 1)
	if err != nil {
		return err
	}
	labels, err := tf.Alloc(tf.Int32, batch)
	if err != nil {
		return err
	}
	began := time.Now()
	for step := 1; step <= steps; step++ {
		fill(images.Uint8s(), labels.Int32s(), step)
		out, err := s.Run(map[tf.Output]*tf.Tensor{n.images: images, n.labels: labels}, []tf.Output{n.loss}, n.step)
		if err != nil {
			return err
		}
		if step == 1000 || step == steps {
			rss, err := resident()
			if err != nil {
				return err
			}
			fmt.Printf("step %6d  loss %.4f  resident %s  %.1f s\n", step, out[0].Float(), rss, time.Since(began).Seconds())
		}
	}
	return nil
}

// fill draws bars whose position is the label.
func fill(images []uint8, labels []int32, step int) {
	clear(images)
	for i := range labels {
		label := (i*7 + step) % 10
		labels[i] = int32(label)
		for row := range 28 {
			images[i*28*28+row*28+2+2*label+row%2] = 255
		}
	}
}

// resident reads the process's memory from the kernel, as "123456 kB".
func resident() (string, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", errors.Join(errors.New("the kernel does not tell the resident memory"), lines.Err())
}
