package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sslpipe/internal/artifact"
	"sslpipe/internal/dataset"
)

const (
	side   = 64
	stride = side * side * 3
)

// make writes a prepared data set of noise, unless it is there.
func (s settings) make() error {
	if d, err := dataset.Open(s.state); err == nil && d.Len() == s.images {
		return d.Close()
	}
	if err := os.MkdirAll(s.state, 0o755); err != nil {
		return err
	}
	all := make([]int, s.images)
	for i := range all {
		all[i] = i
	}
	meta := artifact.DatasetMeta{
		Name: "noise", Shape: [3]int{side, side, 3}, Classes: []string{"a", "b"}, Splits: map[string]int{"unlabelled": s.images},
		Mean: []float64{0.5, 0.5, 0.5}, Std: []float64{0.3, 0.3, 0.3},
	}
	for name, v := range map[string]any{
		"meta.json": meta, "report.json": dataset.Report{}, "splits.json": map[string][]int{"unlabelled": all},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.state, name), text, 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(s.state, "labels.i32"), make([]byte, 4*s.images), 0o644); err != nil {
		return err
	}
	return s.noise()
}

func (s settings) noise() (err error) {
	f, err := os.Create(filepath.Join(s.state, "images.u8"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	source := rand.NewChaCha8([32]byte{1})
	image := make([]byte, stride)
	w := bufio.NewWriterSize(f, 1<<20)
	for range s.images {
		_, _ = source.Read(image) // never fails
		if _, err := w.Write(image); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), f.Sync())
}

// forget makes the kernel drop what it keeps of the images.
func (s settings) forget() (err error) {
	f, err := os.Open(filepath.Join(s.state, "images.u8"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// read reads as a training does, and prints the rest of a line of the table.
func (s settings) read() error {
	if err := joinGroup(); err != nil {
		return err
	}
	d, err := dataset.Open(s.state)
	if err != nil {
		return err
	}
	batch := make([]byte, s.batch*stride)
	order := dataset.Shuffled(d.Len(), 1, 0)
	at := func(step int) []int {
		from := step * s.batch % (len(order) - s.batch)
		return order[from : from+s.batch]
	}
	var waited, most time.Duration
	for step := range s.steps {
		began := time.Now()
		if err := d.Fill(batch, at(step)); err != nil {
			return err
		}
		if !s.cold {
			d.Expect(at(step + 1))
		}
		if took := time.Since(began); step > 0 { // nobody knew of the first
			waited, most = waited+took, max(most, took)
		}
		time.Sleep(s.step)
	}
	each := waited / time.Duration(s.steps-1)
	own, files, err := resident()
	if err != nil {
		return err
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
	fmt.Printf("%.1f | %.1f | %.1f %% | %d | %d |\n", ms(each), ms(most), 100*each.Seconds()/(each+s.step).Seconds(), own>>10, files>>10)
	return d.Close()
}

// resident reads what this process holds in memory, in KiB: its own, and mapped files.
func resident() (own, files int, err error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			_, err = fmt.Sscan(value, &own)
		}
		if value, ok := strings.CutPrefix(line, "RssFile:"); ok {
			_, err = fmt.Sscan(value, &files)
		}
	}
	return own, files, err
}
