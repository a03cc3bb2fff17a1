package view

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gonum.org/v1/plot/vg/draw"
)

var drawings = flag.String("figures", "", "folder for the figures of a made-up report")

func TestFigures(t *testing.T) {
	figures, err := Figures(made(plainNames))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range figures {
		names = append(names, f.Name)
		checkFigure(t, f)
		if *drawings != "" {
			if err := os.WriteFile(filepath.Join(*drawings, f.Name), f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Two sets, two curves and four matrices, three formats.
	if len(names) != 2*6*3 || !slices.Contains(names, "report-fashion-mnist-mini-label-efficiency.svg") || !slices.Contains(names, "report-fashion-mnist-noisy-confusion-ssl_full.pdf") {
		t.Errorf("figures %q", names)
	}
	again, err := Figures(made(plainNames))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range figures {
		if !bytes.Equal(f.Data, again[i].Data) {
			t.Errorf("%s differs when drawn again", f.Name)
		}
	}
}

func checkFigure(t *testing.T, f Figure) {
	t.Helper()
	switch filepath.Ext(f.Name) {
	case ".png":
		picture, err := png.Decode(bytes.NewReader(f.Data))
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		} else if w := picture.Bounds().Dx(); w != 643 {
			t.Errorf("%s: %d pixels wide, want 643, twice 8.5 cm", f.Name, w)
		}
	case ".svg":
		if !strings.Contains(string(f.Data), ">scratch<") && !strings.Contains(string(f.Data), ">Pullover<") {
			t.Errorf("%s: names are not text", f.Name)
		}
		for d := xml.NewDecoder(bytes.NewReader(f.Data)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	case ".pdf":
		if !bytes.HasPrefix(f.Data, []byte("%PDF")) || !bytes.Contains(f.Data, []byte("D:20261125143000")) {
			t.Errorf("%s has no date of the run", f.Name)
		}
	}
}

func TestFiguresOfHostileNames(t *testing.T) {
	figures, err := Figures(made(hostileNames))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range figures {
		if seen[f.Name] || f.Name != filepath.Base(f.Name) || strings.HasPrefix(f.Name, ".") {
			t.Errorf("name %q", f.Name)
		}
		seen[f.Name] = true
		if filepath.Ext(f.Name) == ".svg" && bytes.Contains(f.Data, []byte("<img")) {
			t.Errorf("%s: a name became an element", f.Name)
		}
	}
}

// The library for PDF panics where it cannot write its temporary files.
func TestFigureThatCannotBeDrawn(t *testing.T) {
	d := drawing{name: "x", width: columnWidth, height: columnWidth, draw: func(draw.Canvas) {
		log.Panicf("vgpdf: could not generate font data for PDF: %v", "no space left on device")
	}}
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	const want = "vgpdf: could not generate font data for PDF: no space left on device"
	if _, err := d.files("report", time.Time{}); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
