package backbone

import (
	"fmt"

	"sslpipe/internal/schema"
)

// Enums implements schema.Enumerator.
func (*MobileNetV2) Enums() map[string][]string {
	return map[string][]string{"strides": presetNames()}
}

// Validate implements schema.Validator.
func (c *MobileNetV2) Validate() []schema.Problem {
	var found []schema.Problem
	report := func(field, format string, args ...any) {
		found = append(found, schema.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if !(c.Alpha > 0 && c.Alpha <= maxAlpha) {
		report("alpha", "alpha must be above 0 and at most %d, not %v.", maxAlpha, c.Alpha)
	}
	if c.StemStride < 0 || c.StemStride > 2 {
		report("stem_stride", "stem_stride must be 1 or 2 (0 takes the preset's), not %d.", c.StemStride)
	}
	if len(c.StageStrides) != 0 && len(c.StageStrides) != len(stages()) {
		report("stage_strides", "stage_strides must have %d entries, not %d.", len(stages()), len(c.StageStrides))
	}
	for i, s := range c.StageStrides {
		if s != 1 && s != 2 {
			report(fmt.Sprintf("stage_strides[%d]", i), "Strides are 1 or 2, not %d.", s)
		}
	}
	if !(c.BatchNormMomentum >= 0 && c.BatchNormMomentum < 1) {
		report("batch_norm_momentum", "batch_norm_momentum must be at least 0 and below 1, not %v.", c.BatchNormMomentum)
	}
	if !(c.BatchNormEpsilon > 0) {
		report("batch_norm_epsilon", "batch_norm_epsilon must be above 0, not %v.", c.BatchNormEpsilon)
	}
	return found
}

// maxAlpha bounds the width: far beyond every published one (1.4).
const maxAlpha = 8

func presetNames() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.name)
	}
	return names
}
