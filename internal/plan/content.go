package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// contentRecipe is what a unit computes, told by what its inputs are and not by
// how they came about.
type contentRecipe struct {
	Recipe recipe                    `json:"recipe"` // without its inputs
	Inputs map[string][]contentInput `json:"inputs,omitempty"`
}

// contentInput is all that a unit may see of one input besides its address, which
// is for messages.
type contentInput struct {
	Content string `json:"content"`
	Output  string `json:"output"`
	Coord   Coord  `json:"coord,omitempty"`
	// Stage tells inputs of one stage from those of another, by the order in which
	// the stages first appear: evaluate makes an arm of each.
	Stage int `json:"stage"`
}

// ContentKey identifies what the unit computes from the content of its inputs:
// the unit's recipe, in which content takes the place of each input's
// fingerprint. Units with the same key have the same result, also where what made
// their inputs differs. The function content returns a digest of the files and
// the description of an input's output.
func (u *Unit) ContentKey(content func(in *Unit, output string) (string, error)) (string, error) {
	var c contentRecipe
	if err := json.Unmarshal(u.Recipe, &c.Recipe); err != nil {
		return "", fmt.Errorf("read the recipe of %s: %w", u.Address, err)
	}
	c.Recipe.Inputs = nil
	c.Inputs = make(map[string][]contentInput, len(u.Inputs))
	for field, units := range u.Inputs {
		stages := stageNumbers{}
		for i, in := range units {
			output := u.InputOutputs[field][i]
			digest, err := content(in, output)
			if err != nil {
				return "", err
			}
			c.Inputs[field] = append(c.Inputs[field], contentInput{
				Content: digest, Output: output, Coord: in.Coord, Stage: stages.number(in.Stage),
			})
		}
	}
	sum := sha256.Sum256(mustMarshal(c))
	return hex.EncodeToString(sum[:]), nil
}
