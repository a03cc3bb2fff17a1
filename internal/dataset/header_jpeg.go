package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
)

// startOfScan is the marker before compressed pixels.
const startOfScan = 0xda

// jpegMagic begins every JPEG file.
const jpegMagic = "\xff\xd8\xff"

// maxScans is the most passes over an image that a JPEG file may ask for.
// Progressive files of all encoders have about 10. Each takes time by the size of
// the image and none by its own, so that thousands of them fit into a small file.
const maxScans = 100

// jpegConfig reads size and number of colours as libjpeg does, which reads files
// that Go's decoder does not know: arithmetic coding, 12 bits.
func jpegConfig(data []byte) (image.Config, error) {
	for s := (segments{data: data, at: 2}); s.next(); {
		if !s.isFrame() {
			continue
		}
		if len(s.body) < 6 {
			break
		}
		config := image.Config{
			Height: int(binary.BigEndian.Uint16(s.body[1:])), Width: int(binary.BigEndian.Uint16(s.body[3:])),
			ColorModel: color.YCbCrModel,
		}
		switch s.body[5] {
		case 1:
			config.ColorModel = color.GrayModel
		case 4:
			config.ColorModel = color.CMYKModel
		}
		return config, nil
	}
	return image.Config{}, errors.New("short header")
}

// checkScans refuses files of far more scans than images have.
func checkScans(data []byte) error {
	scans := 0
	for s := (segments{data: data, at: 2}); s.next(); {
		if s.marker == startOfScan {
			scans++
		}
	}
	if scans > maxScans {
		return fmt.Errorf("has %d scans, more than %d: decoding it could take hours", scans, maxScans)
	}
	return nil
}

// segments walks the segments of a JPEG file.
type segments struct {
	data   []byte
	at     int
	marker byte
	body   []byte
}

// next goes to the next segment with a body. Bytes between segments, among them
// the compressed image, are passed over.
func (s *segments) next() bool {
	for s.at+1 < len(s.data) {
		s.marker = s.data[s.at+1]
		switch {
		case s.data[s.at] != 0xff || s.marker == 0xff:
			s.at++
		case s.marker == 0xd9: // the end
			return false
		case s.marker <= 0x01 || s.marker >= 0xd0 && s.marker <= 0xd8: // without a body
			s.at += 2
		default:
			return s.take()
		}
	}
	return false
}

// take cuts out the body of the segment at hand.
func (s *segments) take() bool {
	if s.at+4 > len(s.data) {
		return false
	}
	end := s.at + 2 + int(binary.BigEndian.Uint16(s.data[s.at+2:]))
	if end < s.at+4 || end > len(s.data) {
		return false
	}
	s.body, s.at = s.data[s.at+4:end], end
	return true
}

// isFrame tells whether the segment states the size of the image: SOF0 to SOF15,
// which DHT, JPG and DAC are not.
func (s *segments) isFrame() bool {
	return s.marker >= 0xc0 && s.marker <= 0xcf && s.marker != 0xc4 && s.marker != 0xc8 && s.marker != 0xcc
}
