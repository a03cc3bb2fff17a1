package tf_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func TestBeWorker(t *testing.T) { tftest.BeWorker(t) }

// joint trains w [2] and a count of steps on rows [4, 2] by the mean of squares of
// rows*w, so that the gradient is a mean over the rows.
type joint struct {
	g           *tf.Graph
	rows        tf.Output
	w           *tf.Variable
	loss        tf.Output
	update      tf.Op
	saver       *tf.Saver
	gathered    tf.Output
	gatheredDue tf.Output
}

// begin starts a training on the workers of a server, with rows of zeros to feed.
func (tr *joint) begin(t *testing.T, server *tf.Server) (*tf.Session, map[tf.Output]*tf.Tensor) {
	t.Helper()
	init := tr.g.InitOp()
	s, err := tf.NewSession(tr.g, tf.SessionOptions{Server: server})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(nil, nil, init); err != nil {
		t.Fatal(err)
	}
	rows, err := tf.FromFloat32s(make([]float32, 8), 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s, map[tf.Output]*tf.Tensor{tr.rows: rows}
}

func newJoint(replicas int) *joint {
	t := &joint{g: tf.NewGraph()}
	g := t.g
	g.Replicate(replicas)
	t.rows = g.Placeholder("rows", tf.Float32, 4, 2)
	mine := g.Share(t.rows)
	t.w = g.Variable("w", tf.Float32, tf.Shape{2}, func(g *tf.Graph) tf.Output { return g.Const([]float32{1, 2}) }, true)
	accum := g.Variable("accum", tf.Float32, tf.Shape{2}, func(g *tf.Graph) tf.Output { return g.Const([]float32{0, 0}) }, false)
	z := g.Mul(mine, t.w.Read())
	loss := g.Mean(g.Square(z), false)
	grads := g.MeanOver(g.Gradients(loss, []tf.Output{t.w.Read()}))
	t.loss = g.MeanOver([]tf.Output{loss})[0]
	t.update = g.After(loss.Op()).ApplyMomentum(t.w, accum, g.Scalar(0.5), grads[0], g.Scalar(0.5), false)
	// Each row with each other, wherever it is: the sum of the square of the sum.
	all := g.GatherOver(z)
	t.gathered = g.Sum(g.Square(g.Sum(all, false, 0)), false)
	t.gatheredDue = g.MeanOver(g.Gradients(t.gathered, []tf.Output{t.w.Read()}))[0]
	t.saver = g.Saver(g.Variables())
	return t
}

// run takes two steps, restores the weights of before, and takes one more. It returns
// what it saw.
func (tr *joint) run(t *testing.T, o tf.SessionOptions) (losses []float64, w, due []float32) {
	t.Helper()
	init := tr.g.InitOp()
	s, err := tf.NewSession(tr.g, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	rows, err := tf.FromFloat32s([]float32{1, 2, 3, 1, -1, 2, 2, 2}, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	feeds := map[tf.Output]*tf.Tensor{tr.rows: rows}
	step := func() {
		out, err := s.Run(feeds, []tf.Output{tr.loss}, tr.update)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, out[0].Float())
	}
	prefix := t.TempDir() + "/weights"
	if _, err := s.Run(nil, nil, init); err != nil {
		t.Fatal(err)
	}
	step()
	if err := tr.saver.Save(s, prefix); err != nil {
		t.Fatal(err)
	}
	step()
	if err := tr.saver.Restore(s, prefix); err != nil {
		t.Fatal(err)
	}
	step()
	each, err := s.Each(tr.w.Read())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range each[1:] {
		if !slices.Equal(v.Float32s(), each[0].Float32s()) {
			t.Errorf("workers have different weights: %v and %v", each[0].Float32s(), v.Float32s())
		}
	}
	out, err := s.Run(feeds, []tf.Output{tr.gatheredDue})
	if err != nil {
		t.Fatal(err)
	}
	return losses, each[0].Float32s(), out[0].Float32s()
}

// listening are the addresses that a process listens at, by the kernel's tables.
func listening(t *testing.T, pid int) []string {
	t.Helper()
	own := map[string]bool{} // by inode
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("files of process %d: %q, %v", pid, files, err)
	}
	for _, file := range files {
		if link, err := os.Readlink(file); err == nil { // some are closed by now
			own[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
		}
	}
	var addresses []string
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a machine without IPv6
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
			const local, state, inode = 1, 3, 9
			if f := strings.Fields(line); f[state] == "0A" && own[f[inode]] {
				addresses = append(addresses, kernelAddress(t, f[local]))
			}
		}
	}
	return addresses
}

// kernelAddress reads an address of the kernel's tables: words of 32 bits in the order
// of the machine, as hexadecimal numbers.
func kernelAddress(t *testing.T, text string) string {
	t.Helper()
	words, port, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	raw, err2 := hex.DecodeString(words)
	if err = errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(raw); at += 4 {
		binary.BigEndian.PutUint32(raw[at:], binary.NativeEndian.Uint32(raw[at:]))
	}
	address, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(address.Unmap(), uint16(number)).String()
}

// normalised is what batch-norm makes of rows [8, 2, 3], its mean and variance, and the
// gradients of x, gamma and beta.
func normalised(t *testing.T, replicas int, o tf.SessionOptions) [][]float32 {
	t.Helper()
	g := tf.NewGraph()
	g.Replicate(replicas)
	values := func(n int, scale, offset float64) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(offset + scale*math.Sin(float64(7*i*i+3)))
		}
		return list
	}
	x := g.Share(g.Reshape(g.Const(values(48, 3, 5)), 8, 2, 1, 3))
	weights := g.Share(g.Reshape(g.Const(values(48, 1, 0)), 8, 2, 1, 3))
	gamma, beta := g.Const(values(3, 1, 2)), g.Const(values(3, 1, 0))
	var y, mean, variance tf.Output
	if replicas == 1 {
		none := g.Const([]float32{})
		y, mean, variance = g.FusedBatchNorm(x, gamma, beta, none, none, 1e-3, true)
		variance = g.Mul(variance, g.Scalar(15./16))
	} else {
		y, mean, variance = g.SyncNorm(x, gamma, beta, 1e-3)
	}
	loss := g.Mean(g.Mul(weights, g.Square(y)), false)
	grads := g.Gradients(loss, []tf.Output{x, gamma, beta})
	// Each worker has the gradient of its own mean, of half of the rows.
	dx := g.Mul(g.GatherOver(grads[0]), g.Scalar(1/float64(replicas)))
	fetches := append([]tf.Output{g.GatherOver(y), mean, variance, dx}, g.MeanOver(grads[1:])...)
	s, err := tf.NewSession(g, o)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(nil, fetches)
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	lists := make([][]float32, len(out))
	for i, v := range out {
		lists[i] = slices.Clone(v.Float32s())
	}
	return lists
}

// nearRows compares lists of numbers of about 1.
func nearRows(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d values, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= 2e-6*max(1, math.Abs(float64(want[i])))) {
			t.Errorf("%s[%d] = %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestCluster(t *testing.T) { tftest.InProcess(t, testCluster) }

func testCluster(t *testing.T) {
	addresses := tftest.FreeAddresses(t)
	worker, words := tftest.StartWorker(t, addresses)
	server, err := tftest.Serve(t, addresses, 0, "first")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("listening", func(t *testing.T) {
		for i, pid := range []int{os.Getpid(), worker.Process.Pid} {
			if got := listening(t, pid); !slices.Equal(got, addresses[i:i+1]) {
				t.Errorf("worker %d of %q listens at %q", i, addresses, got)
			}
		}
	})
	t.Run("identities", func(t *testing.T) {
		texts, err := server.Identities()
		if err != nil || !slices.Equal(texts, []string{"first", "second"}) {
			t.Fatalf("the workers say %q, %v", texts, err)
		}
	})
	t.Run("training", func(t *testing.T) {
		losses, w, due := newJoint(1).run(t, tf.SessionOptions{})
		got, gotW, gotDue := newJoint(2).run(t, tf.SessionOptions{Server: server})
		// All numbers here are sums of few binary fractions, so order plays no part.
		if !slices.Equal(got, losses) || !slices.Equal(gotW, w) || !slices.Equal(gotDue, due) {
			t.Errorf("two workers: losses %v, w %v, gradient %v; one: %v, %v, %v", got, gotW, gotDue, losses, w, due)
		}
		if losses[1] == losses[0] || losses[2] != losses[1] {
			t.Errorf("losses are %v: a step, and the same once more from a checkpoint", losses)
		}
	})
	t.Run("batch norm", func(t *testing.T) {
		want, got := normalised(t, 1, tf.SessionOptions{}), normalised(t, 2, tf.SessionOptions{Server: server})
		for i, what := range []string{"output", "mean", "variance", "gradient of x", "gradient of gamma", "gradient of beta"} {
			nearRows(t, what, got[i], want[i])
		}
	})
	t.Run("profile", func(t *testing.T) {
		tr := newJoint(2)
		s, feeds := tr.begin(t, server)
		times, err := s.Profile(feeds, []tf.Output{tr.loss}, tr.update)
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		for worker := range 2 {
			meets := func(o tf.OpTime) bool {
				return o.Type == "CollectiveReduce" && o.Worker == worker && o.Time > 0 && o.Began > 0
			}
			if !slices.ContainsFunc(times, meets) {
				t.Errorf("no collective of worker %d is in %v", worker, times)
			}
		}
	})
	t.Run("another training", func(t *testing.T) {
		// Its first collective is of another kind than that of the one before.
		g := tf.NewGraph()
		g.Replicate(2)
		part := g.Share(g.Const([][]float32{{1, 2, 3}, {4, 5, 6}}))
		all := g.GatherOver(part)
		s, err := tf.NewSession(g, tf.SessionOptions{Server: server})
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(nil, []tf.Output{all})
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if got := out[0].Float32s(); !slices.Equal(got, []float32{1, 2, 3, 4, 5, 6}) {
			t.Errorf("the rows are %v", got)
		}
	})
	t.Run("dismiss", func(t *testing.T) {
		if err := server.Dismiss(); err != nil {
			t.Fatal(err)
		}
		if text := words(); !strings.Contains(text, "dismissed") {
			t.Errorf("the worker said %q", text)
		}
	})
}

// A worker that is killed ends the step, and all that comes after it, by name.
func TestClusterLosesWorker(t *testing.T) {
	tftest.InProcess(t, func(t *testing.T) {
		addresses := tftest.FreeAddresses(t)
		worker, _ := tftest.StartWorker(t, addresses)
		server, err := tftest.Serve(t, addresses, 0, "first")
		if err != nil {
			t.Fatal(err)
		}
		tr := newJoint(2)
		s, feeds := tr.begin(t, server)
		for i := 0; err == nil; i++ {
			if i == 20 {
				go func() { _ = worker.Process.Kill() }()
			}
			_, err = s.Run(feeds, []tf.Output{tr.loss}, tr.update)
		}
		var lost *tf.WorkerError
		if !errors.As(err, &lost) || lost.Worker != 1 {
			t.Errorf("the step ended with %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := tf.NewSession(tr.g, tf.SessionOptions{Server: server}); !errors.As(err, &lost) {
			t.Errorf("a session without worker 1 starts with %v", err)
		}
	})
}

// Each worker is fed its rows alone, so that nothing can read all of them.
func TestSharedPlaceholdersAreNotReadWhole(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	g.Replicate(2)
	rows := g.Placeholder("rows", tf.Float32, 4, 2)
	g.MeanOver([]tf.Output{g.Mean(g.Share(rows), false), g.Scope("whole").Sum(rows, false)})
	_, err := tf.NewSession(g, tf.SessionOptions{Devices: 2})
	wantError(t, err, "whole/Sum reads all rows of rows")
}
