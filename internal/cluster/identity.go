package cluster

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Identity is what has to be the same for all members, so that each computes what the
// chief's record says of it.
type Identity struct {
	Program  string `json:"program"`  // the build
	Runtime  string `json:"runtime"`  // TensorFlow, device, class of the machine
	Pipeline string `json:"pipeline"` // a digest of all fingerprints, and so of all settings and data
}

// Encode is the text of an identity.
func (id Identity) Encode() string {
	text, err := json.Marshal(id)
	if err != nil {
		panic(err) // strings can be encoded
	}
	return string(text)
}

// Compare reports by name who is not like the chief, given what all members say of
// themselves.
func (c *Cluster) Compare(texts []string) error {
	var all []Identity
	for i, text := range texts {
		var id Identity
		if err := json.Unmarshal([]byte(text), &id); err != nil {
			return fmt.Errorf("%s does not say who it is: is it another program?", c.Members[i])
		}
		all = append(all, id)
	}
	var wrong []string
	for i, id := range all {
		for _, field := range []struct{ name, theirs, ours string }{
			{"program", id.Program, all[0].Program}, {"runtime", id.Runtime, all[0].Runtime}, {"pipeline or data", id.Pipeline, all[0].Pipeline},
		} {
			if field.theirs != field.ours {
				wrong = append(wrong, fmt.Sprintf("%s has another %s: %s, and the chief %s", c.Members[i], field.name, field.theirs, field.ours))
			}
		}
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("the workers do not compute the same:\n  %s", strings.Join(wrong, "\n  "))
}
