package stages

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// ModelDir is the folder of an artifact that holds its SavedModel, and
// modelWeights the prefix of the weights in it.
const (
	ModelDir     = "saved_model"
	modelWeights = ModelDir + "/variables/variables"
)

// seedOf derives the seed of one purpose from a unit's seed, so that no two
// purposes draw the same numbers.
func seedOf(purpose string, seed int64) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", purpose, seed))
	return int64(binary.LittleEndian.Uint64(sum[:8]) >> 1)
}

// seedCoords makes one unit for each seed; 0 means the pipeline's number.
func seedCoords(seeds int, p plan.Pipeline) []plan.Coord {
	if seeds == 0 {
		seeds = p.Seeds
	}
	coords := make([]plan.Coord, seeds)
	for s := range coords {
		coords[s] = plan.Coord{"seed": s}
	}
	return coords
}

// defaultChoice is the member of a family with its default settings.
func defaultChoice(family schema.Family, name string) schema.Choice {
	v, ok := family.Find(name)
	if !ok {
		panic(fmt.Sprintf("family %s has no member %s", family.Name, name))
	}
	return schema.Choice{Name: v.Name, Version: v.Version, Config: v.New()}
}

// restoreChoice rebuilds a choice from its name and stored settings.
func restoreChoice(family schema.Family, name string, config json.RawMessage) (schema.Choice, error) {
	v, ok := family.Find(name)
	if !ok {
		return schema.Choice{}, fmt.Errorf("%s %q is not known to this program", family.Name, name)
	}
	c := schema.Choice{Name: v.Name, Version: v.Version, Config: v.New()}
	if err := json.Unmarshal(config, c.Config); err != nil {
		return schema.Choice{}, fmt.Errorf("read settings of %s %q: %w", family.Name, name, err)
	}
	return c, nil
}

// trainsOnTest reports test data where training reads it.
func trainsOnTest(field string, facts plan.Facts) []schema.Problem {
	if facts.Split != splitTest {
		return nil
	}
	return []schema.Problem{{Field: field, Message: "Test data cannot be trained on; only evaluate reads it. Use the train or unlabelled output."}}
}
