package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Works returns what identifies the work of each unit on whatever runtime: its
// fingerprint, had nothing been said of what computes. Two machines that do the
// same work agree in it, where their fingerprints differ.
func (p *Plan) Works() map[*Unit]string {
	works, byPrint := make(map[*Unit]string, len(p.Units)), make(map[string]string, len(p.Units))
	for _, u := range p.Units { // what a unit needs comes before it
		var r recipe
		if err := json.Unmarshal(u.Recipe, &r); err != nil {
			panic(fmt.Sprintf("plan: read the recipe of %s: %v", u.Address, err))
		}
		r.Runtime = ""
		for _, sources := range r.Inputs {
			for i := range sources {
				sources[i].Unit = byPrint[sources[i].Unit]
			}
		}
		sum := sha256.Sum256(mustMarshal(r))
		works[u] = hex.EncodeToString(sum[:])
		byPrint[u.Fingerprint] = works[u]
	}
	return works
}
