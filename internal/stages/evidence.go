package stages

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/image/draw"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

const (
	neighboursOf    = 8  // examples whose neighbours are shown
	neighboursShown = 8  // for each of them
	pictureColumns  = 40 // of the file of pictures
	pictureSide     = 40 // pixels at most; larger images are made smaller

	textShown = 240 // characters at most of a text
)

// embed maps some test examples by the features of one encoder of each arm.
func (e *evaluation) embed(ctx context.Context, data *splitData) ([]ArmEmbedding, error) {
	sample := min(e.config.Embedding, len(data.indices))
	if sample < neighboursOf+neighboursShown {
		return nil, nil
	}
	chosen := spread(data.indices, sample)
	runs := e.embedded()
	embeddings := make([]ArmEmbedding, len(runs))
	err := e.parallel(ctx, len(runs), func(i int) error {
		features, err := e.infer(data, runs[i].handle, "features", "features", chosen)
		if err == nil {
			embeddings[i], err = mapped(runs[i].Arm, data, chosen, features)
		}
		if err != nil {
			return fmt.Errorf("map the features of %s: %w", runs[i].handle.Unit, err)
		}
		return nil
	})
	return embeddings, err
}

// embedded picks one run of each arm; of several that read the same layer of the
// same frozen encoder, one.
func (e *evaluation) embedded() []armRun {
	var picked []armRun
	seen := map[string]bool{}
	for _, run := range e.runs {
		c := run.Classifier
		frozen := ""
		if c.Mode != modeFull {
			frozen = fmt.Sprint(c.Init, c.Given, c.Backbone, c.Layer, c.Mode == modePixels)
		}
		if !e.shown(run) || c.Mode == modePixels || frozen != "" && seen[frozen] {
			continue
		}
		seen[frozen] = true
		picked = append(picked, run)
	}
	return picked
}

func mapped(arm int, data *splitData, chosen []int, features []float32) (ArmEmbedding, error) {
	out := ArmEmbedding{Arm: arm}
	dim := len(features) / len(chosen)
	pca, err := metrics.PCA(features, dim)
	if err != nil {
		return out, err
	}
	tsne, _, err := metrics.TSNE(features, dim, metrics.TSNEOptions{})
	if err != nil {
		return out, err
	}
	for i, example := range chosen {
		out.Points = append(out.Points, report.Point{Picture: i, Class: int(data.Label(example)), PCA: short(pca[i]), TSNE: short(tsne[i])})
	}
	of := spread(inOrder(len(chosen))(0), neighboursOf)
	for i, nearest := range metrics.Neighbours(features, dim, of, neighboursShown) {
		out.Neighbours = append(out.Neighbours, report.Neighbours{Of: of[i], Nearest: nearest})
	}
	return out, nil
}

// short drops digits that no eye sees: the maps make up most of a report.
func short(p [2]float64) [2]float64 {
	for i, x := range p {
		p[i], _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 5, 64), 64)
	}
	return p
}

// keep keeps what a set's mistakes and maps show, as pictures in a file or as texts.
func (e *evaluation) keep(set *ScoredSet, data *splitData, file string) error {
	shown := numbered(set, data)
	switch {
	case len(shown) == 0:
		return nil
	case data.Meta.Text != nil:
		return readAll(set, data, shown)
	}
	return e.draw(set, data, shown, file)
}

// numbered are the examples that a set's mistakes and maps show, each once. The
// mistakes get their numbers among them, which those of the map have already.
func numbered(set *ScoredSet, data *splitData) []int {
	var shown []int
	if len(set.Embeddings) > 0 {
		shown = spread(data.indices, len(set.Embeddings[0].Points))
	}
	number := map[int]int{}
	for i, example := range shown {
		number[example] = i
	}
	for r := range set.Scores {
		for m := range set.Scores[r].Mistakes {
			mistake := &set.Scores[r].Mistakes[m]
			example := data.indices[mistake.Picture]
			if _, ok := number[example]; !ok {
				number[example] = len(shown)
				shown = append(shown, example)
			}
			mistake.Picture = number[example]
		}
	}
	return shown
}

// readAll keeps the beginnings of texts.
func readAll(set *ScoredSet, data *splitData, shown []int) error {
	words, err := data.tokenizer()
	if err != nil {
		return err
	}
	set.Texts = make([]string, len(shown))
	for i, example := range shown {
		if set.Texts[i], err = data.readText(example, textShown, words); err != nil {
			return err
		}
	}
	return nil
}

// draw writes pictures of the examples, all in one file.
func (e *evaluation) draw(set *ScoredSet, data *splitData, shown []int, file string) error {
	sheet, size := contactSheet(data, shown)
	set.Pictures = &report.Pictures{File: file, Width: size.X, Height: size.Y, Columns: pictureColumns, Count: len(shown)}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, sheet); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(e.out, file), encoded.Bytes(), 0o644)
}

// contactSheet puts images side by side without gaps, and returns the size of each.
func contactSheet(data *splitData, shown []int) (draw.Image, image.Point) {
	shape := data.Meta.Shape
	size := image.Pt(shape[1], shape[0])
	if side := max(size.X, size.Y); side > pictureSide {
		size = image.Pt(max(1, size.X*pictureSide/side), max(1, size.Y*pictureSide/side))
	}
	rows := (len(shown) + pictureColumns - 1) / pictureColumns
	bounds := image.Rect(0, 0, pictureColumns*size.X, rows*size.Y)
	var sheet draw.Image = image.NewRGBA(bounds)
	if shape[2] == 1 {
		sheet = image.NewGray(bounds)
	}
	for i, example := range shown {
		at := image.Pt(i%pictureColumns*size.X, i/pictureColumns*size.Y)
		picture := pictureOf(data.Image(example), shape)
		draw.ApproxBiLinear.Scale(sheet, image.Rectangle{Min: at, Max: at.Add(size)}, picture, picture.Bounds(), draw.Src, nil)
	}
	return sheet, size
}

// pictureOf is an image [H, W, C] of 1 or 3 channels.
func pictureOf(pixels []byte, shape [3]int) image.Image {
	bounds := image.Rect(0, 0, shape[1], shape[0])
	if shape[2] == 1 {
		return &image.Gray{Pix: pixels, Stride: shape[1], Rect: bounds}
	}
	picture := image.NewRGBA(bounds)
	for i := range shape[0] * shape[1] {
		picture.SetRGBA(i%shape[1], i/shape[1], color.RGBA{R: pixels[3*i], G: pixels[3*i+1], B: pixels[3*i+2], A: 255})
	}
	return picture
}
