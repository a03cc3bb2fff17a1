package stages

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"

	"sslpipe/internal/plan"
)

// The coordinates of a finetune unit: the label budget, in labels of each class
// or in thousandths of each class's images, and the seed.
const (
	coordLabels   = "labels"
	coordPermille = "permille"
	coordSeed     = "seed"
)

func budgetCoords(c *FinetuneConfig, p plan.Pipeline) []plan.Coord {
	name, budgets := coordLabels, c.LabelsPerClass
	if len(c.LabelFractions) > 0 {
		name, budgets = coordPermille, nil
		for _, f := range c.LabelFractions {
			budgets = append(budgets, int(math.Round(f*1000)))
		}
	}
	var coords []plan.Coord
	for _, budget := range budgets {
		for _, seed := range seedCoords(c.Seeds, p) {
			coords = append(coords, plan.Coord{name: budget, coordSeed: seed[coordSeed]})
		}
	}
	return coords
}

// labelled is what one finetune unit learns from.
type labelled struct {
	*splitData
	train, validation []int
}

// openLabelled draws the unit's labels. Only the seed and the budget decide, so
// that every arm with the same two learns from the same images.
func openLabelled(env *plan.Env) (*labelled, error) {
	data, err := openDataset(env.Inputs["data"][0])
	if err != nil {
		return nil, err
	}
	l := &labelled{splitData: data}
	seed := seedOf("labels", env.Seed)
	if permille, ok := env.Unit.Coord[coordPermille]; ok {
		l.train, err = data.Fraction(data.split, permille, seed)
	} else {
		l.train, err = data.Subset(data.split, env.Unit.Coord[coordLabels], seed)
	}
	if err == nil {
		l.validation, err = data.Split(splitValidation)
	}
	if err != nil {
		_ = data.Close()
		return nil, err
	}
	return l, nil
}

// draw identifies the images that were drawn.
func (l *labelled) draw() string {
	sum := sha256.Sum256(fmt.Append(nil, l.train))
	return hex.EncodeToString(sum[:8])
}

// perClass is the number of labels of each class, in the mean, rounded.
func (l *labelled) perClass() int {
	return int(math.Round(float64(len(l.train)) / float64(len(l.Meta.Classes))))
}

// smallestClass is the number of labels of the class with the fewest.
func (l *labelled) smallestClass() int {
	counts := make([]int, len(l.Meta.Classes))
	for _, i := range l.train {
		counts[l.Label(i)]++
	}
	least := len(l.train)
	for _, n := range counts {
		least = min(least, n)
	}
	return least
}
