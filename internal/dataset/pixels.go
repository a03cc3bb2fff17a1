package dataset

// withChannels returns pixels [H, W, from] as [H, W, to]. Colour becomes grey by
// the luma weights of ITU-R BT.601, which JPEG uses; they add up to one, so that
// grey stored as colour comes back unchanged.
func withChannels(pixels []byte, from, to int) []byte {
	switch {
	case from == 3 && to == 1:
		out := make([]byte, len(pixels)/3)
		for i := range out {
			r, g, b := int(pixels[3*i]), int(pixels[3*i+1]), int(pixels[3*i+2])
			out[i] = byte((299*r + 587*g + 114*b + 500) / 1000)
		}
		return out
	case from == 1 && to == 3:
		out := make([]byte, 3*len(pixels))
		for i, v := range pixels {
			out[3*i], out[3*i+1], out[3*i+2] = v, v, v
		}
		return out
	}
	return pixels
}

// centralSquare returns the largest centred square of pixels [H, W, C].
func centralSquare(pixels []byte, h, w, c int) (square []byte, side int) {
	side = min(h, w)
	if h == w {
		return pixels, side
	}
	top, left := (h-side)/2, (w-side)/2
	square = make([]byte, 0, side*side*c)
	for y := top; y < top+side; y++ {
		square = append(square, pixels[(y*w+left)*c:(y*w+left+side)*c]...)
	}
	return square, side
}
