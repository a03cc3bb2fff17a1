package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
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
	// first cuts a file of several images to the first one and tells whether
	// there were more; nil for formats that decode one image alone.
	first func(data []byte) (one []byte, more bool, err error)
	// orientation reads how the image is to be turned; nil for formats that do not say.
	orientation func(data []byte) orientation
}

var formats = []format{
	{"JPEG", jpegMagic, []string{".jpg", ".jpeg"}, jpegConfig, nil, jpegOrientation},
	{"PNG", "\x89PNG\r\n\x1a\n", []string{".png"}, pngConfig, nil, pngOrientation},
	{"GIF", "GIF8", []string{".gif"}, func(b []byte) (image.Config, error) { return gif.DecodeConfig(bytes.NewReader(b)) }, firstOfGIF, nil},
	{"BMP", "BM", []string{".bmp"}, bmpConfig, nil, nil},
}

// header is what can be told of an image file without decoding it.
type header struct {
	format        *format
	width, height int // once it is upright; 0 where the file ends before it says so
	orientation   orientation
	jpeg, grey    bool
	traits        []string // what decoding changes, in words
}

// inspect reads an image file's header, or as much of it as is there. What is not
// decoded and what is too large is an error that says so.
func inspect(name string, data []byte) (header, error) {
	i := slices.IndexFunc(formats, func(f format) bool { return bytes.HasPrefix(data, []byte(f.magic)) })
	if i < 0 {
		return header{}, unknownFormat(data)
	}
	f := &formats[i]
	h := header{format: f, jpeg: f.magic == jpegMagic}
	if !slices.Contains(f.extensions, strings.ToLower(path.Ext(name))) {
		h.traits = append(h.traits, "named for another format")
	}
	config, err := f.config(data)
	if err != nil {
		return h, nil
	}
	h.width, h.height = config.Width, config.Height
	if err := checkSize(h.width, h.height); err != nil {
		return h, err
	}
	h.turn(data)
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
	return h, nil
}

// turn finds out how the image is to be turned.
func (h *header) turn(data []byte) {
	h.orientation = 1
	if h.format.orientation != nil {
		h.orientation = h.format.orientation(data)
	}
	if h.orientation != 1 {
		h.traits = append(h.traits, "turned upright")
	}
	if h.orientation.sideways() {
		h.width, h.height = h.height, h.width
	}
}

// checkSize refuses images that would take gigabytes to decode.
func checkSize(width, height int) error {
	switch {
	case width < 1 || height < 1:
		return fmt.Errorf("is %dx%d pixels, which is no image", width, height)
	case width > maxSide || height > maxSide || width*height > maxArea:
		return fmt.Errorf("is %dx%d pixels, which is too large", width, height)
	}
	return nil
}

// decodable returns what of a file is to be decoded. Its header must state a size,
// since without one nothing bounds what decoding it takes.
func (h header) decodable(data []byte) (one []byte, traits []string, err error) {
	if h.width < 1 {
		return nil, nil, errors.New("cannot be decoded: its header is damaged or states no size")
	}
	if h.format.first == nil {
		return data, h.traits, nil
	}
	one, more, err := h.format.first(data)
	if more {
		h.traits = append(h.traits, "first frame of an animation")
	}
	return one, h.traits, err
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

// pngConfig reads a PNG's header. Where Go's decoder does not get along with it,
// TensorFlow's may: the size is at the same place in any case.
func pngConfig(data []byte) (image.Config, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err == nil {
		return config, nil
	}
	if len(data) < 33 || string(data[12:16]) != "IHDR" {
		return image.Config{}, errors.New("short header")
	}
	return image.Config{Width: int(binary.BigEndian.Uint32(data[16:])), Height: int(binary.BigEndian.Uint32(data[20:]))}, nil
}

// bmpConfig reads the size from a Windows bitmap's header.
func bmpConfig(data []byte) (image.Config, error) {
	if len(data) < 26 {
		return image.Config{}, errors.New("short header")
	}
	le := func(at int) int { return int(int32(binary.LittleEndian.Uint32(data[at:]))) }
	height := le(22)
	return image.Config{ColorModel: color.RGBAModel, Width: le(18), Height: max(height, -height)}, nil // negative: top row first
}
