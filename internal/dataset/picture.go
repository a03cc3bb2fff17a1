package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Pictures decodes image files for a model, exactly as Prepare decoded those
// that the model was trained with. It is not safe for concurrent use.
type Pictures struct{ decoder decoder }

// NewPictures makes images of a shape: height, width, channels. As in Prepare,
// others are cropped to their central square and resized; where the shape is no
// square, they have to be of that shape.
func NewPictures(shape [3]int) *Pictures {
	return &Pictures{decoder{shape: shape, resize: shape[0] == shape[1]}}
}

// Decode fills dst with the pixels of files, [H, W, C] one after another. bad
// says of each file why it could not be decoded, and is nil where it could; then
// its pixels are undefined.
func (p *Pictures) Decode(dst []byte, files []string) (bad []error, err error) {
	shape := p.decoder.shape
	stride := shape[0] * shape[1] * shape[2]
	bad = make([]error, len(files))
	err = p.decoder.renderAll(len(files), func(i int) (*picture, error) {
		loaded := p.load(files[i])
		loaded.dst = dst[i*stride : (i+1)*stride]
		return loaded, nil
	}, func(i int, done *picture) {
		if done.bad != "" {
			bad[i] = errors.New(done.bad)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("decode images: %w", err)
	}
	return bad, nil
}

// load reads one file. Whatever is wrong with it is in the picture.
func (p *Pictures) load(file string) *picture {
	shape := p.decoder.shape
	loaded, _, err := load(item{name: file, read: func() ([]byte, error) { return readPicture(file) }}, [3]int{}, shape[2])
	if err != nil {
		return &picture{name: file, bad: err.Error()}
	}
	if p.decoder.resize || loaded.bad != "" {
		return loaded
	}
	if h, err := inspect(file, loaded.file); err != nil || h.height != shape[0] || h.width != shape[1] {
		loaded.bad = fmt.Sprintf("is %dx%d pixels, and has to be %dx%d", h.width, h.height, shape[1], shape[0])
	}
	return loaded
}

func readPicture(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no plain file") // reading a pipe might never end
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	return readAll(fileBlob{File: f, size: info.Size()}, nil)
}

// Close frees what decoding needs.
func (p *Pictures) Close() error { return p.decoder.Close() }

// FindPictures lists the files below a folder that are named as images which
// can be decoded, sorted, without hidden files and folders.
func FindPictures(folder string) ([]string, error) {
	var found []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case hidden && entry.IsDir():
			return fs.SkipDir
		case !hidden && !entry.IsDir() && isDecodable(name):
			found = append(found, filepath.Join(folder, filepath.FromSlash(name)))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find images in %s: %w", folder, err)
	}
	slices.Sort(found)
	return found, nil
}

// isDecodable tells by its name whether a file is of a format that is decoded.
func isDecodable(name string) bool {
	return slices.ContainsFunc(formats, func(f format) bool {
		return slices.Contains(f.extensions, strings.ToLower(path.Ext(name)))
	})
}
