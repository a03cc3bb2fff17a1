package dataset

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"sslpipe/internal/artifact"
	"sslpipe/internal/durable"
)

// The files of a prepared folder.
const (
	imagesFile = "images.u8"
	tokensFile = "tokens.i32"
	labelsFile = "labels.i32"
	splitsFile = "splits.json"
	reportFile = "report.json"
	metaFile   = "meta.json"
)

// TokenizerFile is the tokeniser of a text, in a prepared folder and beside the models
// that read its tokens.
const TokenizerFile = "tokenizer.json"

// store decodes what was picked, cuts the splits and writes the folder.
func (p *preparation) store(c *catalogue, picked chosen) (*artifact.DatasetMeta, error) {
	shape, resize, err := p.shape(c, picked.items)
	if err != nil {
		return nil, err
	}
	outcomes, err := p.decode(c, picked, shape, resize)
	if err != nil {
		return nil, err
	}
	report := Report{Ignored: c.ignored, Converted: map[string]int{}}
	var records []record
	for i, o := range outcomes {
		it := picked.items[i]
		if o.bad != "" {
			report.Skipped = append(report.Skipped, Skip{it.name, o.bad})
			continue
		}
		for _, trait := range o.traits {
			report.Converted[trait]++
		}
		records = append(records, record{part: it.part, label: it.label, rank: picked.ranks[i], hash: o.hash})
	}
	if err := report.tooMany(len(outcomes), "images cannot be decoded"); err != nil {
		return nil, err
	}
	dealt, err := cut(records, picked.classes, p.source)
	if err != nil {
		return nil, err
	}
	report.Images, report.Duplicates = len(records), dealt.duplicates
	return p.describe(dealt, shape, report)
}

// shape decides on the stored shape. Image files without a wish for a size keep
// theirs, which the first readable one tells, and are in colour.
func (p *preparation) shape(c *catalogue, items []item) (shape [3]int, resize bool, err error) {
	s := p.source
	shape = c.raw
	if shape == [3]int{} && s.ImageSize == 0 {
		for _, it := range items {
			data, err := it.read()
			if _, large := errors.AsType[tooLarge](err); large {
				continue
			}
			if err != nil {
				return shape, false, fmt.Errorf("%s: %w", shown(it.name), err)
			}
			if h, err := inspect(it.name, data); err == nil && h.width > 0 {
				shape = [3]int{h.height, h.width, 0}
				break
			}
		}
		if shape[0] == 0 {
			return shape, false, errors.New("none of the images can be read")
		}
	}
	if shape[2] == 0 {
		shape[2] = 3
	}
	if s.Channels != 0 {
		shape[2] = s.Channels
	}
	if s.ImageSize != 0 {
		shape[0], shape[1] = s.ImageSize, s.ImageSize
	}
	return shape, s.ImageSize != 0, nil
}

// decode writes images.u8.
func (p *preparation) decode(c *catalogue, picked chosen, shape [3]int, resize bool) (outcomes []outcome, err error) {
	err = p.create(imagesFile, func(w *bufio.Writer) error {
		outcomes, err = render(p.ctx, picked.items, c.raw, shape, resize, w, func(done, total int64) {
			p.report(done, total, "decoding")
		})
		return err
	})
	return outcomes, err
}

// describe writes all files but the images; the description comes last.
func (p *preparation) describe(dealt *cutter, shape [3]int, report Report) (*artifact.DatasetMeta, error) {
	meta := &artifact.DatasetMeta{
		Name: p.known.Name, Shape: shape, Classes: dealt.classes, Splits: map[string]int{},
		License: p.known.License, Source: p.redact(p.origin),
	}
	labels := make([]int32, len(dealt.records))
	for i, r := range dealt.records {
		labels[i] = int32(r.label)
	}
	if err := p.writeLabels(labels); err != nil {
		return nil, err
	}
	stride := shape[0] * shape[1] * shape[2]
	pixels, err := mapFile(filepath.Join(p.dst, imagesFile), int64(len(dealt.records))*int64(stride))
	if err != nil {
		return nil, err
	}
	data := &Dataset{Meta: *meta, pixels: pixels, stride: stride}
	err = guarded(func() { meta.Mean, meta.Std = data.moments(dealt.splits[Unlabelled]) })
	if err := errors.Join(err, data.Close()); err != nil {
		return nil, err
	}
	return meta, p.writeDescription(meta, dealt.splits, report)
}

func (p *preparation) writeLabels(labels []int32) error {
	return p.create(labelsFile, func(w *bufio.Writer) error {
		return binary.Write(w, binary.LittleEndian, labels)
	})
}

// writeDescription counts the splits and writes what says what a prepared folder holds.
func (p *preparation) writeDescription(meta *artifact.DatasetMeta, splits map[string][]int, report Report) error {
	for name, indices := range splits {
		meta.Splits[name] = len(indices)
		if indices == nil {
			splits[name] = []int{}
		}
	}
	for _, f := range []struct {
		name string
		v    any
	}{{splitsFile, splits}, {reportFile, report}, {metaFile, meta}} {
		if err := p.writeJSON(f.name, f.v); err != nil {
			return err
		}
	}
	return durable.SyncFolder(p.dst)
}

// moments returns mean and standard deviation of pixel/255 in each channel over
// some images. The sums are integers, so that their order does not matter.
func (d *Dataset) moments(indices []int) (mean, std []float64) {
	channels := d.Meta.Shape[2]
	sums, squares := make([]uint64, channels), make([]uint64, channels)
	for _, i := range indices {
		image := d.Image(i)
		for c := range channels {
			var sum, square uint64
			for at := c; at < len(image); at += channels {
				v := uint64(image[at])
				sum += v
				square += v * v
			}
			sums[c] += sum
			squares[c] += square
		}
	}
	n := float64(len(indices)) * float64(d.stride/channels)
	for c := range channels {
		m := float64(sums[c]) / n
		mean = append(mean, m/255)
		// One grey level at least: a constant channel must not divide by zero.
		std = append(std, math.Sqrt(max(float64(squares[c])/n-m*m, 1))/255)
	}
	return mean, std
}

func (p *preparation) writeJSON(name string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return p.create(name, func(w *bufio.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	})
}

// create writes a file of the prepared folder and waits for the disk.
func (p *preparation) create(name string, write func(w *bufio.Writer) error) (err error) {
	f, err := os.OpenFile(filepath.Join(p.dst, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fs.FileMode(0o644))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := write(w); err != nil {
		return err
	}
	return errors.Join(w.Flush(), f.Sync())
}
