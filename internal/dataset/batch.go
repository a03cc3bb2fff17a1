package dataset

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// job is a run of consecutive items that one worker decodes.
type job struct {
	items  []item
	pixels []byte // one image after another, those of bad items undefined
	done   []outcome
	ready  chan struct{}
}

// outcome is what became of one item.
type outcome struct {
	bad    string // why it was skipped; empty if it was not
	traits []string
	hash   [32]byte
}

// jobSize makes a job long enough that workers seldom wait for each other, and
// short enough that a handful of jobs of large images fits into memory.
const jobSize = 64

// render decodes items into out, one image of shape after another in the order
// of items whatever the number of workers, without those that are bad. Raw is
// the shape of items that are pixels. It returns what became of each item.
func render(ctx context.Context, items []item, raw, shape [3]int, resize bool, out io.Writer, report func(done, total int64)) ([]outcome, error) {
	workers := min(runtime.GOMAXPROCS(0), (len(items)+jobSize-1)/jobSize)
	group, ctx := errgroup.WithContext(ctx)
	todo, ordered := make(chan *job, workers), make(chan *job, 2*workers)
	group.Go(func() error {
		defer close(todo)
		defer close(ordered)
		for start := 0; start < len(items); start += jobSize {
			j := &job{items: items[start:min(start+jobSize, len(items))], ready: make(chan struct{})}
			for _, to := range []chan *job{ordered, todo} {
				select {
				case to <- j:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		return nil
	})
	var one sync.Mutex
	for range workers {
		d := &decoder{shape: shape, resize: resize, one: &one}
		group.Go(func() error { return work(ctx, todo, raw, d) })
	}
	var outcomes []outcome
	group.Go(func() error {
		for j := range ordered {
			select {
			case <-j.ready:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := j.write(out); err != nil {
				return err
			}
			outcomes = append(outcomes, j.done...)
			report(int64(len(outcomes)), int64(len(items)))
		}
		return nil
	})
	err := group.Wait()
	return outcomes, err
}

// work decodes jobs until there are none.
func work(ctx context.Context, todo <-chan *job, raw [3]int, d *decoder) (err error) {
	defer func() { err = errors.Join(err, d.Close()) }()
	for j := range todo {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := j.run(d, raw); err != nil {
			return err
		}
		close(j.ready)
	}
	return nil
}

// run decodes a job's items, as many at a time as are decoded together.
func (j *job) run(d *decoder, raw [3]int) error {
	stride := d.shape[0] * d.shape[1] * d.shape[2]
	j.pixels, j.done = make([]byte, len(j.items)*stride), make([]outcome, len(j.items))
	return d.renderAll(len(j.items), func(i int) (*picture, error) {
		p, traits, err := load(j.items[i], raw, d.shape[2])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", shown(j.items[i].name), err)
		}
		p.dst = j.pixels[i*stride : (i+1)*stride]
		j.done[i].traits = traits
		return p, nil
	}, func(i int, p *picture) {
		j.done[i].bad = p.bad
		j.done[i].hash = sha256.Sum256(p.dst)
	})
}

// renderAll loads and renders n pictures, as many at a time as are decoded
// together and memory should hold.
func (d *decoder) renderAll(n int, load func(i int) (*picture, error), done func(i int, p *picture)) error {
	for start := 0; start < n; {
		var pictures []*picture
		for held := 0; start+len(pictures) < n && len(pictures) < together && held < mostHeld; {
			p, err := load(start + len(pictures))
			if err != nil {
				return err
			}
			held += len(p.file) + len(p.pixels)
			pictures = append(pictures, p)
		}
		if err := d.render(pictures); err != nil {
			return err
		}
		for i, p := range pictures {
			done(start+i, p)
		}
		start += len(pictures)
	}
	return nil
}

const (
	smallArea = 256 * 256 // pixels up to which files are decoded together
	largeArea = 4 << 20   // pixels from which on workers decode one at a time
	mostHeld  = 32 << 20  // bytes of files from which on no more are loaded before they are decoded
)

// load reads one item. A bad image is a picture that says so; a failing disk is
// an error.
func load(it item, raw [3]int, channels int) (*picture, []string, error) {
	p := &picture{name: it.name}
	data, err := it.read()
	if large, ok := errors.AsType[tooLarge](err); ok {
		p.bad = large.Error()
		return p, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if raw != [3]int{} {
		p.pixels, p.h, p.w, p.c = data, raw[0], raw[1], raw[2]
		return p, channelTrait(p.c == 1, channels), nil
	}
	traits, err := p.prepare(data, channels)
	if err != nil {
		p.bad = err.Error()
	}
	return p, traits, nil
}

// prepare decides what of a file is decoded, and how.
func (p *picture) prepare(data []byte, channels int) (traits []string, err error) {
	h, err := inspect(p.name, data)
	if err != nil {
		return nil, err
	}
	if h.jpeg {
		if err := checkScans(data); err != nil {
			return nil, err
		}
	}
	if p.file, traits, err = h.decodable(data); err != nil {
		return nil, err
	}
	area := h.width * h.height
	p.orientation = h.orientation
	p.small, p.large = h.jpeg && area <= smallArea, area > largeArea
	return append(traits, channelTrait(h.grey, channels)...), nil
}

// channelTrait says how the number of channels was changed, if it was.
func channelTrait(grey bool, channels int) []string {
	switch {
	case grey && channels == 3:
		return []string{"grey to colour"}
	case !grey && channels == 1:
		return []string{"colour to grey"}
	}
	return nil
}

// write writes the images of a job that are not bad.
func (j *job) write(out io.Writer) error {
	stride := len(j.pixels) / len(j.items)
	for i, o := range j.done {
		if o.bad != "" {
			continue
		}
		if _, err := out.Write(j.pixels[i*stride : (i+1)*stride]); err != nil {
			return err
		}
	}
	return nil
}
