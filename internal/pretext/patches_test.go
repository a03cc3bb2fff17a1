package pretext

import (
	"slices"
	"testing"

	"sslpipe/internal/backbone"
)

// Every task trains an encoder of patches, or refuses it.
func TestTasksOverPatches(t *testing.T) {
	var refused []string
	for _, kind := range Kinds.Variants {
		task := kind.New().(Task)
		switch t := task.(type) { // tiles of one patch would have nothing to attend to
		case *Jigsaw:
			t.Enlarge = 2
		case *RelativePatch:
			t.Enlarge = 2
		case *MoCo:
			t.Queue = 2 * batch.N
		}
		network := smallViT()
		network.Depth = 1
		if task.Needs(batch).Input == Text {
			continue
		}
		if task.Check(stepOver(network)) != nil {
			refused = append(refused, kind.Name)
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			encoded := Encoded(task, stepOver(network))
			full := [2]int{batch.H, batch.W}
			if found := backbone.CheckSizes(network, full, [2]int{encoded.H, encoded.W}); found != nil {
				t.Fatalf("the network refuses the crops: %v", found)
			}
			checkGradients(t, newTrainerOf(t, task, network))
		})
	}
	if want := []string{"masked_image"}; !slices.Equal(refused, want) {
		t.Errorf("%v refuse patches, want %v", refused, want)
	}
}
