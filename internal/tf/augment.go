package tf

// Augment runs a program of package kernels (augment.h) on each of images, uint8
// [N, H, W, C] with 255 as 1 or float32 in [0, 1], by its row of draws, float32
// [N, D]: random changes as one operation on the CPU. The program must make views
// of h by w, and the result is float32 [N, h, w, C] in [0, 1]. It has no gradient. A
// program that is malformed, or not for such images or draws, is an error of the run.
func (g *Graph) Augment(images, draws Output, program string, h, w int) Output {
	views := g.Op("SslpipeAugment", Attrs{"program": program, "h": h, "w": w}, images, draws)[0]
	if g.err != nil {
		return Output{}
	}
	if in := images.Shape(); len(in) == 4 {
		g.setShape(views, Shape{in[0], int64(h), int64(w), in[3]})
	}
	return views
}
