package tf

// DecodeImage decodes the bytes of a JPEG, PNG, GIF (first frame) or BMP file, a
// string scalar, to uint8 [H, W, channels]; channels 0 keeps the file's.
func (g *Graph) DecodeImage(contents Output, channels int) Output {
	return g.Op("DecodeImage", Attrs{"channels": channels, "dtype": Uint8, "expand_animations": false}, contents)[0]
}

// EncodePNG encodes uint8 [H, W, C] with C from 1 to 4, to a string scalar.
func (g *Graph) EncodePNG(image Output) Output { return g.one("EncodePng", image) }

// ResizeBilinear scales x [N, H, W, C] to float32 [N, h, w, C], with pixels'
// centres at halves. It reads up to 4 pixels: to shrink, use ResizeArea.
func (g *Graph) ResizeBilinear(x Output, h, w int) Output {
	return g.Op("ResizeBilinear", Attrs{"half_pixel_centers": true}, x, g.Ints(h, w))[0]
}

// ResizeArea scales x [N, H, W, C] to float32 [N, h, w, C] by averaging areas. It
// has no gradient.
func (g *Graph) ResizeArea(x Output, h, w int) Output {
	return g.one("ResizeArea", x, g.Ints(h, w))
}

// CropAndResize cuts float32 boxes [M, 4] (y1, x1, y2, x2, of size 1 over the
// distance of the outer pixels' centres) from the images index int32 [M] of
// x [N, H, W, C], to float32 [M, h, w, C], bilinearly; 0 outside.
func (g *Graph) CropAndResize(x, boxes, index Output, h, w int) Output {
	return g.Op("CropAndResize", Attrs{"method": "bilinear"}, x, boxes, index, g.Ints(h, w))[0]
}

// ProjectiveTransform samples x [N, H, W, C] to [N, h, w, C]: output (u, v) reads
// ((a0 u + a1 v + a2) / k, (b0 u + b1 v + b2) / k), k = c0 u + c1 v + 1, from the
// rows a0 a1 a2 b0 b1 b2 c0 c1 of transforms float32 [N or 1, 8]. interp is
// NEAREST or BILINEAR; fill is CONSTANT (0), REFLECT, WRAP or NEAREST. It has no
// gradient.
func (g *Graph) ProjectiveTransform(x, transforms Output, h, w int, interp, fill string) Output {
	return g.Op("ImageProjectiveTransformV3", Attrs{"interpolation": interp, "fill_mode": fill},
		x, transforms, g.Ints(h, w), g.Scalar(0))[0]
}

// RGBToHSV converts float32 [..., 3] in [0, 1]. It has no gradient.
func (g *Graph) RGBToHSV(x Output) Output { return g.one("RGBToHSV", x) }

// HSVToRGB converts float32 [..., 3] in [0, 1]. It has no gradient.
func (g *Graph) HSVToRGB(x Output) Output { return g.one("HSVToRGB", x) }
