package dataset

import (
	"encoding/binary"
	"errors"
)

// errShortGIF is a GIF that ends within its first image.
var errShortGIF = errors.New("cannot be decoded: the file ends before its first image does")

// firstOfGIF cuts an animation to its first frame. Decoders unpack all frames
// before they give the first one away, and a frame of 64 million pixels packs into
// a few kilobytes. A frame states its own size, which is checked here.
func firstOfGIF(data []byte) (one []byte, more bool, err error) {
	g := blocks{data: data, at: 6}
	screen := g.take(7)
	if screen == nil {
		return nil, false, errShortGIF
	}
	g.skipColours(screen[4])
	if !g.toImage() {
		return nil, false, errShortGIF
	}
	frame := g.take(9)
	if frame == nil {
		return nil, false, errShortGIF
	}
	if err := checkSize(int(binary.LittleEndian.Uint16(frame[4:])), int(binary.LittleEndian.Uint16(frame[6:]))); err != nil {
		return nil, false, err
	}
	g.skipColours(frame[8])
	g.take(1) // bits of the first codes
	if !g.skipBlocks() {
		return nil, false, errShortGIF
	}
	end := g.at
	return append(data[:end:end], gifEnd), g.toImage(), nil
}

// What begins the parts of a GIF.
const (
	gifExtension = 0x21
	gifImage     = 0x2c
	gifEnd       = 0x3b
)

// blocks walks the parts of a GIF file. It stays at the end once it is there.
type blocks struct {
	data []byte
	at   int
}

// take returns the next n bytes, nil where there are fewer.
func (b *blocks) take(n int) []byte {
	if n > len(b.data)-b.at {
		b.at = len(b.data)
		return nil
	}
	taken := b.data[b.at : b.at+n]
	b.at += n
	return taken
}

// skipColours passes over the table of colours that flags announce.
func (b *blocks) skipColours(flags byte) {
	if flags&0x80 != 0 {
		b.take(3 << (flags&7 + 1))
	}
}

// skipBlocks passes over blocks of data up to the empty one that ends them.
func (b *blocks) skipBlocks() bool {
	for {
		length := b.take(1)
		if length == nil {
			return false
		}
		if length[0] == 0 {
			return true
		}
		if b.take(int(length[0])) == nil {
			return false
		}
	}
}

// toImage passes over extensions and stops behind the mark of an image.
func (b *blocks) toImage() bool {
	for {
		mark := b.take(1)
		if mark == nil || mark[0] != gifExtension {
			return mark != nil && mark[0] == gifImage
		}
		b.take(1) // of what kind it is
		if !b.skipBlocks() {
			return false
		}
	}
}
