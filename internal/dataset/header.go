package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"path"
	"slices"
	"strings"
)

// Limits of one image, so that a few bytes cannot ask for gigabytes.
const (
	maxSide      = 16384
	maxArea      = 64 << 20 // pixels
	maxImageFile = 256 << 20
)

// format is a kind of image file that TensorFlow decodes, told by its content.
type format struct {
	name, magic string
	extensions  []string
	config      func(data []byte) (image.Config, error)
}

// jpegMagic begins every JPEG file.
const jpegMagic = "\xff\xd8\xff"

var formats = []format{
	{"JPEG", jpegMagic, []string{".jpg", ".jpeg"}, func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) }},
	{"PNG", "\x89PNG\r\n\x1a\n", []string{".png"}, func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) }},
	{"GIF", "GIF8", []string{".gif"}, func(b []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(b)) }},
	{"BMP", "BM", []string{".bmp"}, bmpConfig},
}

// header is what can be told of an image file without decoding it.
type header struct {
	width, height int
	jpeg, grey    bool
	traits        []string // what decoding changes, in words
}

// inspect reads an image file's header. A header that Go's decoder does not know
// but TensorFlow's may comes back without size; what neither can decode, and
// what is too large, is an error that says so.
func inspect(name string, data []byte) (header, error) {
	i := slices.IndexFunc(formats, func(f format) bool { return bytes.HasPrefix(data, []byte(f.magic)) })
	if i < 0 {
		return header{}, unknownFormat(data)
	}
	f := formats[i]
	h := header{jpeg: f.magic == jpegMagic}
	if !slices.Contains(f.extensions, strings.ToLower(path.Ext(name))) {
		h.traits = append(h.traits, "named for another format")
	}
	config, err := f.config(data)
	if err != nil {
		return h, nil
	}
	h.width, h.height = config.Width, config.Height
	if h.width < 1 || h.height < 1 || h.width > maxSide || h.height > maxSide || h.width*h.height > maxArea {
		return h, fmt.Errorf("is %dx%d pixels, which is too large", h.width, h.height)
	}
	switch config.ColorModel {
	case color.GrayModel, color.Gray16Model:
		h.grey = true
	case color.CMYKModel:
		h.traits = append(h.traits, "CMYK to RGB")
	case color.NRGBAModel, color.NRGBA64Model:
		h.traits = append(h.traits, "alpha dropped")
	}
	switch config.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		h.traits = append(h.traits, "16 bits to 8")
	}
	if f.name == "GIF" {
		if all, err := gif.DecodeAll(bytes.NewReader(data)); err == nil && len(all.Image) > 1 {
			h.traits = append(h.traits, "first frame of an animation")
		}
	}
	return h, nil
}

// unknownFormat says what a file is that TensorFlow does not decode.
func unknownFormat(data []byte) error {
	switch {
	case len(data) == 0:
		return errors.New("is empty")
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return errors.New("is WebP, which is not decoded here")
	case bytes.HasPrefix(data, []byte("II*\x00")), bytes.HasPrefix(data, []byte("MM\x00*")):
		return errors.New("is TIFF, which is not decoded here")
	}
	return errors.New("is no JPEG, PNG, GIF or BMP")
}

// bmpConfig reads the size from a Windows bitmap's header.
func bmpConfig(data []byte) (image.Config, error) {
	if len(data) < 26 {
		return image.Config{}, errors.New("short header")
	}
	le := func(at int) int {
		return int(int32(uint32(data[at]) | uint32(data[at+1])<<8 | uint32(data[at+2])<<16 | uint32(data[at+3])<<24))
	}
	height := le(22)
	return image.Config{ColorModel: color.RGBAModel, Width: le(18), Height: max(height, -height)}, nil // negative: top row first
}
