package plan_test

import (
	"bytes"
	"testing"
)

// Null gives what a stage would have without its base, for attributes and for blocks
// of either form.
func TestNullLeavesOutWhatABaseSets(t *testing.T) {
	p := mustParse(t, `
pretrain "base" {
  views  = augment.views
  epochs = 3
  pretext "rotation" {}
  backbone "mobilenet_v2" { alpha = 0.5 }
  optimizer "sgd" { learning_rate = 1 }
  early_stopping { patience = 2 }
}
pretrain "derived" {
  base           = pretrain.base
  epochs         = null
  backbone       = null
  optimizer      = null
  early_stopping = null
}
pretrain "plain" {
  views = augment.views
  pretext "rotation" {}
}
`+head)
	derived, plain := unit(t, p, "pretrain.derived[seed=0]"), unit(t, p, "pretrain.plain[seed=0]")
	if !bytes.Equal(derived.Recipe, plain.Recipe) {
		t.Errorf("with null for what the base sets\n%s\nwithout a base\n%s", derived.Recipe, plain.Recipe)
	}
	if base := unit(t, p, "pretrain.base[seed=0]"); derived.Fingerprint == base.Fingerprint {
		t.Error("the base's settings are still there")
	}
}
