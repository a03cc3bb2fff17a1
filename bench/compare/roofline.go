package main

// #cgo CFLAGS: -O3 -march=native
// #include <stddef.h>
// #include <string.h>
// static void copy_floats(float *restrict to, const float *restrict from, size_t n) { memcpy(to, from, n * sizeof *to); }
// static void triad(float *restrict a, const float *restrict b, const float *restrict c, size_t n) {
// 	for (size_t i = 0; i < n; i++) a[i] = b[i] + 3.0f * c[i];
// }
import "C"

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"sslpipe/bench/training"
	"sslpipe/internal/tf"
)

var roofline = workload{
	Name: "roofline",
	Doc:  "how close a training step comes to what the machine's memory and arithmetic allow",
	Run:  measureRoofline,
}

// streamed is the size of one array, far more than caches hold.
const streamed = 256 << 20

// measureRoofline alternates the machine's limits with our step, for each network.
func measureRoofline(ctx context.Context, l *lab) ([]result, error) {
	limits := func(name, kind string) contender {
		return contender{Name: name, Start: l.ours(), Work: "limit", Params: map[string]any{"method": kind, "threads": l.threads}}
	}
	var results []result
	for _, n := range networks {
		if l.quick && n != networks[0] {
			continue
		}
		s := l.stepOf(n, usualBatch)
		s.Name += ": memory"
		found, err := race{workload: "roofline", unit: "GB/s", slice: l.slice() / 2, contenders: []contender{
			{Name: "sslpipe's step", Start: l.ours(), Work: "traffic", Params: map[string]any{"threads": l.threads}},
			limits("copy", "copy"), limits("triad", "triad"),
		}, scenarios: []scenario{s}}.run(ctx, l)
		results = append(results, fractions(found)...)
		if err != nil {
			return results, err
		}
		s.Name = l.stepOf(n, usualBatch).Name + ": arithmetic"
		found, err = race{workload: "roofline", unit: "GFLOP/s", slice: l.slice() / 2, contenders: []contender{
			{Name: "sslpipe's step", Start: l.ours(), Work: "arithmetic", Params: map[string]any{"threads": l.threads}},
			limits("product of matrices, 2048 x 2048", "product"),
		}, scenarios: []scenario{s}}.run(ctx, l)
		results = append(results, fractions(found)...)
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// fractions says in words what part of the limits is reached: the ratios to the
// limits are that part.
func fractions(results []result) []result {
	for i, r := range results {
		results[i].Limits = true
		for _, row := range r.Rows[1:] {
			if s := summarise(r.times(row)); s.N > 0 {
				results[i].Note += fmt.Sprintf("%.0f %% of %s is reached. ", 100*s.Median, row.Contender)
			}
		}
	}
	return results
}

// oursTraffic is the training step with the gigabytes for its items that its
// operations read and write, by the graph. Where operations find what they read in a
// cache, that is more than what comes from memory; what a fused operation does
// inside is not in it.
func oursTraffic(p params) (work, error) {
	return oursCounted(p, func(t *training.Training) (float64, error) {
		moved, err := t.Graph.Traffic(t.Fetches, t.Step)
		var bytes int64
		for _, op := range moved {
			bytes += op.Read + op.Written
		}
		return float64(bytes) / 1e9, err
	}, "%.2f MB an image by the graph", 1e3)
}

// oursArithmetic is the training step with its floating-point operations, in
// billions.
func oursArithmetic(p params) (work, error) {
	return oursCounted(p, func(t *training.Training) (float64, error) {
		n, err := t.Graph.FLOPs()
		return float64(n) / 1e9, err
	}, "%.1f MFLOP an image by the graph", 1e3)
}

func oursCounted(p params, count func(*training.Training) (float64, error), note string, scale float64) (work, error) {
	t, err := training.New(p.Config)
	if err != nil {
		return nil, err
	}
	perStep, err := count(t)
	if err != nil {
		return nil, err
	}
	return func(n int) (reply, error) {
		began := time.Now()
		err := t.Run(n)
		return reply{
			Seconds: time.Since(began).Seconds(), Items: float64(n) * perStep, Note: fmt.Sprintf(note, scale*perStep/float64(p.Batch)),
		}, err
	}, nil
}

// oursLimit measures what the machine can do: gigabytes moved, counted as STREAM
// counts them (what is read and what is written, without what the processor fetches
// to write), or billions of floating-point operations of TensorFlow's own product
// of matrices.
func oursLimit(p params) (work, error) {
	if p.Method == "product" {
		return product(p.Threads)
	}
	const n = streamed / 4
	a, b, c := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range a {
		a[i], b[i], c[i] = 1, 2, 3
	}
	pass, bytes := func(from, size int) { C.copy_floats(at(a, from), at(b, from), C.size_t(size)) }, 2.0*streamed
	if p.Method == "triad" {
		pass, bytes = func(from, size int) { C.triad(at(a, from), at(b, from), at(c, from), C.size_t(size)) }, 3.0*streamed
	}
	return func(times int) (reply, error) {
		began := time.Now()
		for range times {
			var wg sync.WaitGroup
			for i := range p.Threads {
				from, to := n*i/p.Threads, n*(i+1)/p.Threads
				wg.Go(func() { pass(from, to-from) })
			}
			wg.Wait()
		}
		return reply{Seconds: time.Since(began).Seconds(), Items: float64(times) * bytes / 1e9}, nil
	}, nil
}

func at(x []float32, i int) *C.float { return (*C.float)(unsafe.Pointer(&x[i])) }

// product multiplies square matrices.
func product(threads int) (work, error) {
	const side = 2048
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, side, side)
	y := g.MatMul(x, x, false, false)
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: threads})
	if err != nil {
		return nil, err
	}
	fed, err := tf.FromFloat32s(make([]float32, side*side), side, side)
	if err != nil {
		return nil, err
	}
	return func(n int) (reply, error) {
		began := time.Now()
		for range n {
			if _, err := s.Run(map[tf.Output]*tf.Tensor{x: fed}, nil, y.Op()); err != nil {
				return reply{}, err
			}
		}
		return reply{Seconds: time.Since(began).Seconds(), Items: float64(n) * 2 * side * side * side / 1e9}, nil
	}, nil
}
