package dataset

import (
	"bytes"
	"encoding/binary"
)

// orientation says how stored pixels are to be turned to be seen upright, in the numbers
// of EXIF: 1 is as they are stored, and so is whatever is none of 2 to 8. Cameras store
// what the sensor gives and say how they were held; what shows images heeds it, and so
// does OpenCV, while TensorFlow, Keras and torchvision do not by themselves.
//
// It is read here since it takes one number out of a format of which the libraries read
// all the rest.
type orientation int

// sideways tells whether the stored rows are columns.
func (o orientation) sideways() bool { return o >= 5 && o <= 8 }

// upright turns pixels [h, w, 3].
func (o orientation) upright(pixels []byte, h, w int) (turned []byte, height, width int) {
	if o < 2 || o > 8 {
		return pixels, h, w
	}
	at, row, column := 0, 3*w, 3 // where the first pixel is, and the next ones of its column and row
	if o == 3 || o == 4 || o == 6 || o == 7 {
		at, row = at+(h-1)*row, -row
	}
	if o == 2 || o == 3 || o == 7 || o == 8 {
		at, column = at+(w-1)*column, -column
	}
	height, width = h, w
	if o.sideways() {
		height, width, row, column = w, h, column, row
	}
	turned = make([]byte, 0, len(pixels))
	for y := range height {
		for x := range width {
			p := at + y*row + x*column
			turned = append(turned, pixels[p], pixels[p+1], pixels[p+2])
		}
	}
	return turned, height, width
}

// jpegOrientation reads it from the first segment with EXIF.
func jpegOrientation(data []byte) orientation {
	for s := (segments{data: data, at: 2}); s.next() && s.marker != startOfScan; {
		if exif, ok := bytes.CutPrefix(s.body, []byte("Exif\x00\x00")); ok && s.marker == 0xe1 {
			return exifOrientation(exif)
		}
	}
	return 1
}

// pngOrientation reads it from the chunk with EXIF.
func pngOrientation(data []byte) orientation {
	for at := 8; at+12 <= len(data); {
		size := int(binary.BigEndian.Uint32(data[at:]))
		name, rest := string(data[at+4:at+8]), data[at+8:]
		if size > len(rest)-4 { // a checksum of 4 bytes is behind it
			break
		}
		if name == "eXIf" {
			return exifOrientation(rest[:size])
		}
		at += 12 + size
	}
	return 1
}

// exifOrientation reads the entry 0x112 of the first directory, as in TIFF 6.0.
func exifOrientation(exif []byte) orientation {
	var order binary.ByteOrder = binary.BigEndian
	if bytes.HasPrefix(exif, []byte("II")) {
		order = binary.LittleEndian
	} else if !bytes.HasPrefix(exif, []byte("MM")) {
		return 1
	}
	if len(exif) < 8 {
		return 1
	}
	directory := uint64(order.Uint32(exif[4:]))
	if directory+2 > uint64(len(exif)) {
		return 1
	}
	entries := exif[directory+2:]
	for range order.Uint16(exif[directory:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == 0x112 {
			return orientationOf(order, entries)
		}
		entries = entries[12:]
	}
	return 1
}

// orientationOf reads an entry: a number of 16 bits, as the standard has it, or of 32.
func orientationOf(order binary.ByteOrder, entry []byte) orientation {
	value := uint32(0)
	switch order.Uint16(entry[2:]) {
	case 3:
		value = uint32(order.Uint16(entry[8:]))
	case 4:
		value = order.Uint32(entry[8:])
	}
	if value < 1 || value > 8 {
		return 1
	}
	return orientation(value)
}
