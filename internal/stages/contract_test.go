package stages

import (
	"testing"

	"sslpipe/internal/plan"
)

// The list of kinds keeps the Kind contract: documentation, versions, tags,
// families and outputs that decoding, describe and fingerprints rely on.
func TestKinds(t *testing.T) {
	if err := plan.CheckKinds(Kinds); err != nil {
		t.Error(err)
	}
}
