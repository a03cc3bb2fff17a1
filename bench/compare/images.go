package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sslpipe/internal/dataset"
	"sslpipe/internal/tf"
	"sslpipe/internal/transform"
)

var decode = workload{
	Name: "decode",
	Doc:  "decoding JPEG files; ours also hashes the images, cuts splits and stores all on the disk",
	Run:  raceDecode,
}

var augmentation = workload{
	Name: "augment",
	Doc:  "views of images in memory: resized crop, flip, brightness, contrast, saturation, hue, grey",
	Run:  raceAugment,
}

// decodedImages is how many files are decoded.
const decodedImages = 10_000

func raceDecode(ctx context.Context, l *lab) ([]result, error) {
	data, err := l.stored()
	if err != nil {
		return nil, err
	}
	files := filepath.Join(l.dir, "files")
	if err := writeFiles(data, decodedImages, files); err != nil {
		return nil, err
	}
	given := map[string]any{"data": files}
	return race{
		workload: "decode", unit: "images/s", slice: l.slice(),
		contenders: l.imageContenders("decode", given),
		scenarios:  []scenario{{Name: fmt.Sprintf("%d files of 32 x 32 pixels", decodedImages), Params: given}},
	}.run(ctx, l)
}

func raceAugment(ctx context.Context, l *lab) ([]result, error) {
	data, err := l.stored()
	if err != nil {
		return nil, err
	}
	given := map[string]any{"data": data}
	results, err := race{
		workload: "augment", unit: "views/s", slice: l.slice(),
		contenders: l.imageContenders("augment", given),
		scenarios:  []scenario{{Name: "32 x 32 pixels", Params: given}},
	}.run(ctx, l)
	for i := range results {
		results[i].Note = hundredThousand(results[i])
	}
	return results, err
}

// imageContenders do without networks: all on the CPU.
func (l *lab) imageContenders(work string, given map[string]any) []contender {
	theirs := with(given, "work", work, "threads", l.threads)
	return []contender{
		{Name: "sslpipe", Start: l.ours(), Work: work, Params: map[string]any{"units": l.threads, "threads": 1, "into": filepath.Join(l.dir, "decoded")}},
		{Name: "torchvision", Start: l.python(torchVenv, "torch_images.py"), Params: theirs},
		{Name: "tf.data", Start: l.python(l.keras(), "keras_images.py"), Params: theirs},
	}
}

// hundredThousand says what the speeds come to for 100,000 views.
func hundredThousand(r result) string {
	var list []string
	for _, row := range r.Rows {
		if s := summarise(row.Samples); s.N > 0 {
			list = append(list, row.Contender+" "+digits(1e5/s.Median))
		}
	}
	return "Seconds for 100,000 views: " + strings.Join(list, ", ") + "."
}

// oursDecode prepares a data set from files, as a download stage does.
func oursDecode(p params) (work, error) {
	return func(n int) (reply, error) {
		var all reply
		for range n {
			if err := os.RemoveAll(p.Into); err != nil {
				return all, err
			}
			began := time.Now()
			source := dataset.Source{Path: p.Data, Layout: "image-folder", TestPerClass: 1}
			if _, err := dataset.Prepare(context.Background(), source, p.Into, p.Into, dataset.Watch{}); err != nil {
				return all, err
			}
			all.Seconds += time.Since(began).Seconds()
			all.Items += decodedImages
		}
		return all, nil
	}, nil
}

// augmentBatch is how many images are augmented by one run of the graph.
const augmentBatch = 128

// oursAugment augments in several sessions of one thread, as units side by side do.
func oursAugment(p params) (work, error) {
	units := make([]work, p.Units)
	for i := range units {
		a, err := newAugmenter(p)
		if err != nil {
			return nil, err
		}
		units[i] = a.run
	}
	return sideBySide(units), nil
}

// strong are the transforms of epoch.hcl's views of that name.
func strong() transform.Pipeline {
	return transform.Pipeline{
		&transform.ResizedCrop{Area: []float64{0.2, 1}, Aspect: []float64{3. / 4, 4. / 3}},
		&transform.Flip{Horizontal: true, Probability: 0.5},
		&transform.Brightness{Amount: 0.4, Probability: 0.8},
		&transform.Contrast{Amount: 0.4, Probability: 0.8},
		&transform.Saturation{Amount: 0.4, Probability: 0.8},
		&transform.Hue{Amount: 0.1, Probability: 0.8},
		&transform.Grey{Probability: 0.2},
	}
}

// augmenter is one session that augments stored images.
type augmenter struct {
	data    *dataset.Dataset
	indices []int
	session *tf.Session
	views   tf.Output
	feeds   map[tf.Output]*tf.Tensor
	images  *tf.Tensor
	draws   *tf.Tensor
	at      int // of the next image
}

func newAugmenter(p params) (*augmenter, error) {
	data, err := dataset.Open(p.Data)
	if err != nil {
		return nil, err
	}
	a := &augmenter{data: data}
	if a.indices, err = data.Split(dataset.Unlabelled); err != nil {
		return nil, err
	}
	shape, pipeline := data.Meta.Shape, strong()
	g := tf.NewGraph()
	images := g.Placeholder("images", tf.Uint8, augmentBatch, shape[0], shape[1], shape[2])
	draws := g.Placeholder("draws", tf.Float32, augmentBatch, pipeline.Draws())
	a.views = pipeline.ApplyFused(g, images, draws)
	var errs [3]error
	a.session, errs[0] = tf.NewSession(g, tf.SessionOptions{Threads: p.Threads})
	a.images, errs[1] = tf.Alloc(tf.Uint8, augmentBatch, shape[0], shape[1], shape[2])
	a.draws, errs[2] = tf.Alloc(tf.Float32, augmentBatch, pipeline.Draws())
	a.feeds = map[tf.Output]*tf.Tensor{images: a.images, draws: a.draws}
	return a, errors.Join(errs[:]...)
}

// run augments n batches.
func (a *augmenter) run(n int) (reply, error) {
	began := time.Now()
	chosen := make([]int, augmentBatch)
	for range n {
		for i := range chosen {
			chosen[i] = a.indices[a.at%len(a.indices)]
			a.at++
		}
		if err := a.data.Fill(a.images.Uint8s(), chosen); err != nil {
			return reply{}, err
		}
		transform.Fill(a.draws.Float32s(), a.draws.Dims()[1], 1, a.at/len(a.indices), 0, chosen)
		if _, err := a.session.Run(a.feeds, nil, a.views.Op()); err != nil {
			return reply{}, err
		}
	}
	return reply{Seconds: time.Since(began).Seconds(), Items: float64(n * augmentBatch)}, nil
}
