package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"sslpipe/internal/tf"
)

// decoder turns image files and pixels into images of one shape by TensorFlow's
// image operations. It builds its graph and session when it first needs them:
// pixels that fit already need none. It is not safe for concurrent use.
type decoder struct {
	shape  [3]int      // height, width, channels
	resize bool        // false: another size than shape is an error
	one    *sync.Mutex // held while a large image is decoded, by one decoder of several; nil where there is one

	session *tf.Session
	files   tf.Output   // string [together]: JPEG files
	jpegs   []tf.Output // uint8 [H, W, 3] of each
	file    tf.Output   // string scalar: an image file
	jpeg    tf.Output   // uint8 [H, W, 3], if it is JPEG
	other   tf.Output   // uint8 [H, W, 3], if it is PNG, GIF or BMP
	squares tf.Output   // uint8 [N, S, S, C]
	shrunk  tf.Output   // uint8 [N, H, W, C] by area averages
	grown   tf.Output   // uint8 [N, H, W, C], bilinear
}

// together is how many small files are decoded by one call of TensorFlow: the
// call itself costs as much as one of them.
const together = 16

func (d *decoder) start() error {
	if d.session != nil {
		return nil
	}
	g := tf.NewGraph()
	d.file = g.Placeholder("file", tf.String)
	d.files = g.Placeholder("files", tf.String, together)
	d.squares = g.Placeholder("squares", tf.Uint8, -1, -1, -1, d.shape[2])
	for _, file := range g.Unstack(d.files, 0) {
		d.jpegs = append(d.jpegs, decodeJPEG(g, file))
	}
	d.jpeg = decodeJPEG(g, d.file)
	d.other = g.DecodeImage(d.file, 3)
	d.shrunk = quantise(g, g.ResizeArea(d.squares, d.shape[0], d.shape[1]))
	d.grown = quantise(g, g.ResizeBilinear(d.squares, d.shape[0], d.shape[1]))
	var err error
	if d.session, err = tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: tf.CPU}); err != nil {
		return fmt.Errorf("build image decoder: %w", err)
	}
	return nil
}

// decodeJPEG decodes to three channels, also what is grey: asking libjpeg for
// grey would make the result depend on how a file stores its colours.
// DecodeImage reads JPEG too, but by libjpeg's fast method, which darkens red
// and blue by a level of 255 on average; the accurate one gives Pillow's pixels.
func decodeJPEG(g *tf.Graph, file tf.Output) tf.Output {
	return g.Op("DecodeJpeg", tf.Attrs{"channels": int64(3), "dct_method": "INTEGER_ACCURATE"}, file)[0]
}

// quantise rounds float images in 0..255 to bytes; a cast alone would cut.
func quantise(g *tf.Graph, x tf.Output) tf.Output {
	return g.Cast(g.Round(x), tf.Uint8)
}

// Close frees the session.
func (d *decoder) Close() error {
	if d.session == nil {
		return nil
	}
	return d.session.Close()
}

// picture is one image on its way to dst, [H, W, C] of the decoder's shape: an
// image file or pixels, or neither once something is wrong with it.
type picture struct {
	name        string
	file        []byte
	orientation orientation // of the file
	small       bool        // a JPEG file of few pixels
	large       bool        // a file of so many that memory should hold one of its kind
	pixels      []byte
	h, w, c     int
	dst         []byte
	bad         string // why it cannot be decoded
}

// render decodes pictures and brings them to shape. Small files go together;
// a large one is finished before the next, so that memory holds one of them.
func (d *decoder) render(pictures []*picture) error {
	var ready, small []*picture
	for _, p := range pictures {
		if p.small {
			small = append(small, p)
		}
	}
	if len(small) > 1 && d.decodeTogether(small) == nil {
		ready = small
	}
	for _, p := range pictures {
		switch {
		case p.bad != "" || p.small && p.pixels != nil:
		case p.file == nil:
			ready = append(ready, p)
		default:
			if err := d.finish(p); err != nil {
				return err
			}
		}
	}
	return d.fit(ready...)
}

// finish decodes a file and brings it to shape before another is decoded.
func (d *decoder) finish(p *picture) error {
	if p.large && d.one != nil {
		d.one.Lock()
		defer d.one.Unlock()
	}
	if err := d.decodeFile(p); err != nil {
		return err
	}
	err := d.fit(p)
	p.pixels = nil
	return err
}

// decodeTogether decodes up to together small JPEG files. It fails where one of
// them is bad, without saying which.
func (d *decoder) decodeTogether(small []*picture) error {
	if err := d.start(); err != nil {
		return err
	}
	files := make([]string, together)
	for i := range files {
		files[i] = string(small[min(i, len(small)-1)].file)
	}
	fed, err := tf.FromStrings(files, together)
	if err != nil {
		return err
	}
	out, err := d.session.Run(map[tf.Output]*tf.Tensor{d.files: fed}, d.jpegs[:len(small)])
	if err != nil {
		return err
	}
	for i, p := range small {
		p.take(out[i])
	}
	return nil
}

// decodeFile decodes one file. What is wrong with the file is in p.bad.
func (d *decoder) decodeFile(p *picture) error {
	if err := d.start(); err != nil {
		return err
	}
	fed, err := tf.FromStrings([]string{string(p.file)})
	if err != nil {
		return err
	}
	decoded := d.other
	if bytes.HasPrefix(p.file, []byte(jpegMagic)) {
		decoded = d.jpeg
	}
	out, err := d.session.Run(map[tf.Output]*tf.Tensor{d.file: fed}, []tf.Output{decoded})
	if err != nil {
		p.bad = "cannot be decoded: " + reason(err)
		return nil
	}
	p.take(out[0])
	return nil
}

// take keeps decoded pixels.
func (p *picture) take(t *tf.Tensor) {
	dims := t.Dims()
	if len(dims) != 3 || dims[2] != 3 {
		p.bad = fmt.Sprintf("decodes to shape %v", dims)
		return
	}
	p.pixels, p.h, p.w = p.orientation.upright(t.Uint8s(), dims[0], dims[1])
	p.c = dims[2]
}

// reason shortens TensorFlow's message, which goes on about nodes and hints.
func reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	text, _, _ = strings.Cut(text, "[[")
	return strings.TrimSpace(text)
}

// fit brings pixels to the decoder's shape; those of one size go together.
func (d *decoder) fit(pictures ...*picture) error {
	bySide := map[int][]*picture{}
	for _, p := range pictures {
		if p.bad != "" {
			continue
		}
		p.pixels = withChannels(p.pixels, p.c, d.shape[2])
		if p.h == d.shape[0] && p.w == d.shape[1] {
			copy(p.dst, p.pixels)
			continue
		}
		if !d.resize {
			// Not a bad file but a choice that the user has to make.
			return fmt.Errorf("%s is %dx%d pixels and others are %dx%d: choose an image_size", shown(p.name), p.w, p.h, d.shape[1], d.shape[0])
		}
		var side int
		if p.pixels, side = centralSquare(p.pixels, p.h, p.w, d.shape[2]); side == d.shape[0] {
			copy(p.dst, p.pixels)
			continue
		}
		bySide[side] = append(bySide[side], p)
	}
	for side, group := range bySide {
		if err := d.resizeTogether(side, group); err != nil {
			return fmt.Errorf("resize: %w", err)
		}
	}
	return nil
}

// resizeTogether resizes square pictures of one side.
func (d *decoder) resizeTogether(side int, group []*picture) error {
	if err := d.start(); err != nil {
		return err
	}
	fed, err := tf.Alloc(tf.Uint8, len(group), side, side, d.shape[2])
	if err != nil {
		return err
	}
	for i, p := range group {
		copy(fed.Uint8s()[i*len(p.pixels):], p.pixels)
	}
	resized := d.shrunk
	if side < d.shape[0] {
		resized = d.grown
	}
	out, err := d.session.Run(map[tf.Output]*tf.Tensor{d.squares: fed}, []tf.Output{resized})
	if err != nil {
		return err
	}
	pixels := out[0].Uint8s()
	if stride := d.shape[0] * d.shape[1] * d.shape[2]; len(pixels) != len(group)*stride {
		return errors.New("gave another size than asked for")
	}
	for i, p := range group {
		copy(p.dst, pixels[i*len(p.dst):])
	}
	return nil
}
