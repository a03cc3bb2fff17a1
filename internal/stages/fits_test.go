package stages

import "testing"

// A network that cuts images into patches is told what images and tasks it meets. The
// images have 28 by 28 pixels.
func TestMistakesBetweenNetworksAndTasks(t *testing.T) {
	const (
		rotation = "\npretext \"rotation\" {}\n"
		learned  = "\nbackbone \"vit\" { positions = \"learned\" }\n"
		divide   = "Images of 28 by 28 pixels cannot be divided into patches of 8. Patches that fit have a side of: 1, 2, 4, 7, 14, 28."
		text     = "A transformer reads text, and the data are images: use vit, which is a transformer over patches, or another backbone."
	)
	checkMistakes(t, []mistaken{
		{rotation + `backbone "vit" {}`, nil},
		{rotation + learned, nil},
		{"pretext \"relative_patch\" {}\nbackbone \"vit\" { patch = 7 }", nil},
		{rotation + `backbone "vit" { patch = 8 }`, []string{"8: " + divide}},
		{"pretext \"relative_patch\" {}\nbackbone \"vit\" {\n patch = 7\n positions = \"learned\"\n}", []string{
			`pretext "relative_patch": This task shows the network crops of 7 by 7 pixels. ` +
				`Learned positions belong to images of one size, and vit would see 28 by 28 and 7 by 7 pixels: use positions = "sincos".`}},
		{"pretext \"relative_patch\" {}\nbackbone \"vit\" {}", []string{
			`pretext "relative_patch": This task shows the network crops of 7 by 7 pixels. ` +
				"Images of 7 by 7 pixels cannot be divided into patches of 4. Patches that fit have a side of: 1, 7."}},
		{"pretext \"masked_image\" {}\nbackbone \"vit\" {}", []string{
			`pretext "masked_image": masked_image hides parts of an image from convolutions, and this backbone has none: ` +
				`it can leave the hidden patches out, which is pretext "masked_autoencoder".`}},
		{"pretext \"masked_autoencoder\" {}\nbackbone \"vit\" {}", nil},
		{"pretext \"masked_autoencoder\" {}", []string{
			`pretext "masked_autoencoder": masked_autoencoder leaves out patches of the image, and this backbone knows none: ` +
				`use backbone "vit", or pretext "masked_image".`}},
		{"pretext \"masked_autoencoder\" { ratio = 0.9 }\nbackbone \"vit\" { patch = 14 }", []string{
			"0.9: Of 4 patches 0 would be visible; at least one has to be, and one hidden: change ratio or the backbone's patch."}},
		{rotation + "backbone \"vit\" {}\nresolution {\n sizes = [14, 28]\n shares = [0.5, 0.5]\n}", []string{
			"14: Views of 14 px do not suit vit. Images of 14 by 14 pixels cannot be divided into patches of 4. Patches that fit have a side of: 1, 2, 7, 14."}},
		{rotation + learned + "resolution {\n sizes = [16, 28]\n shares = [0.5, 0.5]\n}", []string{
			"16: Views of 16 px do not suit vit. Learned positions belong to images of one size, and vit would see 28 by 28 and 16 by 16 pixels: " +
				`use positions = "sincos".`}},
		{rotation + `backbone "transformer" {}`, []string{`backbone "transformer": ` + text}},
		{rotation + "backbone \"vit\" {}\nresolution {\n sizes = [16, 28]\n shares = [0.5, 0.5]\n}", nil},
	}, "pretrain \"q\" {\nviews = augment.views\n%s\n}\n")
	checkMistakes(t, []mistaken{
		{`backbone "vit" {}`, nil},
		{`backbone "transformer" {}`, []string{`backbone "transformer": ` + text}},
		{`backbone "vit" { patch = 8 }`, []string{"8: " + divide}},
		{"mode = \"linear\"\nlayers = [\"embed\", \"blocks/5\"]\nbackbone \"vit\" {}", nil},
		{"fresh_from = \"blocks/6\"\nmodel { path = \".\" }\nbackbone \"vit\" {}", []string{
			`"blocks/6": There is no block "blocks/6" in vit. Its blocks are: embed, blocks/0, blocks/1, blocks/2, blocks/3, blocks/4, blocks/5. Did you mean "blocks/0"?`}},
	}, "finetune \"f\" {\ndata = download.images.train\nlabels_per_class = [5]\n%s\n}\n")
}
