package backbone

// MapSize implements Backbone.
func (c *MobileNetV2) MapSize(h, w int) (mapH, mapW int) {
	stem, strides, err := c.strides()
	if err != nil {
		return 0, 0
	}
	h, w = shrunk(h, stem), shrunk(w, stem)
	for _, stride := range strides {
		h, w = shrunk(h, stride), shrunk(w, stride)
	}
	return h, w
}
