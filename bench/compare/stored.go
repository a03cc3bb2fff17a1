package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"sslpipe/internal/dataset"
)

// once does one of our works a single time, to make what a workload needs.
func (l *lab) once(ctx context.Context, work string, params map[string]any) error {
	ours := l.ours()
	if ours.missing != nil {
		return ours.missing
	}
	p, err := startPeer(ctx, ours.command, ours.environment)
	if err != nil {
		return err
	}
	defer p.close()
	if _, err = p.ask(request{Do: "prepare", Work: work, Params: params}, 10*time.Minute); err == nil {
		_, err = p.ask(request{Do: "run", N: 1}, 10*time.Minute)
	}
	return err
}

// with returns params with more of them.
func with(params map[string]any, pairs ...any) map[string]any {
	all := maps.Clone(params)
	if all == nil {
		all = map[string]any{}
	}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i].(string)] = pairs[i+1]
	}
	return all
}

// real is the real program with a store that all workloads share.
func (l *lab) real() realProgram {
	return realProgram{Program: l.program, State: filepath.Join(l.dir, "state"), Images: l.data, Count: l.epochImages(), Device: l.device}
}

// stored is the folder in which the real program has stored CIFAR-10, decoded: what
// it trains on, and its peers too. It is made when it is first asked for.
func (l *lab) stored() (string, error) {
	program := l.real()
	if _, err := os.Stat(program.State); err != nil {
		l.logf("storing the data set")
		if _, err := program.run("--until", "augment.*"); err != nil {
			return "", fmt.Errorf("get the data set (--data names a copy of it): %w", err)
		}
	}
	var found string
	err := filepath.WalkDir(program.State, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Base(path) == "images.u8" {
			found = filepath.Dir(path)
		}
		return err
	})
	if err == nil && found == "" {
		err = fmt.Errorf("%s holds no stored images", program.State)
	}
	return found, err
}

// jpegQuality is what cameras and archives of small images use.
const jpegQuality = 90

// writeFiles writes so many images of a stored data set as JPEG files, in a folder
// for each class.
func writeFiles(stored string, count int, folder string) (err error) {
	data, err := dataset.Open(stored)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	if data.Len() < count {
		return fmt.Errorf("the data set has %d images, not %d", data.Len(), count)
	}
	h, w := data.Meta.Shape[0], data.Meta.Shape[1]
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range count {
		for at, pixels := 0, data.Image(i); at < h*w; at++ {
			picture.SetRGBA(at%w, at/w, color.RGBA{pixels[3*at], pixels[3*at+1], pixels[3*at+2], 255})
		}
		class := filepath.Join(folder, data.Meta.Classes[data.Label(i)])
		if err := os.MkdirAll(class, 0o755); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(class, fmt.Sprintf("%05d.jpg", i)), picture); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, picture image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := jpeg.Encode(f, picture, &jpeg.Options{Quality: jpegQuality}); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// writeNumbers writes numbers one after the other, little-endian.
func writeNumbers(path string, numbers any) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := binary.Write(f, binary.LittleEndian, numbers); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// readNumbers reads what writeNumbers wrote.
func readNumbers[T float32 | int32](path string) ([]T, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	numbers := make([]T, len(raw)/4)
	_, err = binary.Decode(raw, binary.LittleEndian, numbers)
	return numbers, err
}
