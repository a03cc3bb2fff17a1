package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"path"
	"time"

	fashionmnist "sslpipe/testdata/fashion-mnist"
)

// The archive's images. The classes are those of the first images that there are.
const (
	side       = 28
	classes    = 2
	perClass   = 8
	testImages = 8
	unlabelled = 20
)

// archive is what the lab's server offers: an image folder as tar.gz.
type archive struct {
	bytes  []byte
	sha256 string
}

// newArchive packs a few real images, and a file beside them that is large enough
// for the unpacked archive not to stay in memory.
func newArchive() (*archive, error) {
	train, err := readSplit("train")
	if err != nil {
		return nil, err
	}
	test, err := readSplit("t10k")
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	w := folderWriter{tar: tar.NewWriter(zipped)}
	for class := range classes {
		w.images(fmt.Sprintf("train/%d", class), train.of(class, 0, perClass))
		w.images(fmt.Sprintf("test/%d", class), test.of(class, 0, testImages))
	}
	for class := range 10 {
		w.images("unlabelled", train.of(class, perClass, unlabelled/10+1))
	}
	w.file("notes.txt", make([]byte, 17<<20))
	for _, closer := range []io.Closer{w.tar, zipped} {
		if err := closer.Close(); err != nil && w.err == nil {
			w.err = err
		}
	}
	sum := sha256.Sum256(packed.Bytes())
	return &archive{bytes: packed.Bytes(), sha256: hex.EncodeToString(sum[:])}, w.err
}

// folderWriter keeps the first error.
type folderWriter struct {
	tar   *tar.Writer
	count int
	err   error
}

func (w *folderWriter) file(name string, content []byte) {
	if w.err == nil {
		w.err = w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Format: tar.FormatPAX})
	}
	if w.err == nil {
		_, w.err = w.tar.Write(content)
	}
}

func (w *folderWriter) images(folder string, images [][]byte) {
	for _, pixels := range images {
		var picture bytes.Buffer
		grey := &image.Gray{Pix: pixels, Stride: side, Rect: image.Rect(0, 0, side, side)}
		if err := png.Encode(&picture, grey); err != nil && w.err == nil {
			w.err = err
		}
		w.count++
		w.file(path.Join(folder, fmt.Sprintf("%03d.png", w.count)), picture.Bytes())
	}
}

// split is a part of Fashion-MNIST.
type split struct{ pixels, labels []byte }

func readSplit(name string) (s split, err error) {
	if s.pixels, err = readIDX(name+"-images-idx3-ubyte.gz", 16); err == nil {
		s.labels, err = readIDX(name+"-labels-idx1-ubyte.gz", 8)
	}
	return s, err
}

// readIDX returns a file of the images that the program carries, without its head.
func readIDX(name string, head int) ([]byte, error) {
	f, err := fashionmnist.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return raw[head:], nil
}

// of returns n images of a class after the first skip.
func (s split) of(class, skip, n int) [][]byte {
	var images [][]byte
	for i, label := range s.labels {
		if int(label) != class {
			continue
		}
		if skip--; skip >= 0 {
			continue
		}
		if images = append(images, s.pixels[i*side*side:(i+1)*side*side]); len(images) == n {
			break
		}
	}
	return images
}

// ServeHTTP serves the archive as a good server does, but in small pieces with
// rests between them, so that a fault can hit the middle of a download.
func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"`+a.sha256+`"`)
	http.ServeContent(&slowly{ResponseWriter: w}, r, "", time.Time{}, bytes.NewReader(a.bytes))
}

// slowly writes in pieces.
type slowly struct{ http.ResponseWriter }

const (
	piece = 8 << 10
	rest  = 5 * time.Millisecond
)

// Write implements io.Writer.
func (s *slowly) Write(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		n := min(piece, len(p))
		n, err = s.ResponseWriter.Write(p[:n])
		written, p = written+n, p[n:]
		if f, ok := s.ResponseWriter.(http.Flusher); ok {
			f.Flush()
		}
		time.Sleep(rest)
	}
	return written, err
}
