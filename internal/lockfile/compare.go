package lockfile

import (
	"maps"
	"slices"
)

// Change says in what way two lock files differ.
type Change string

// The ways in which lock files differ.
const (
	Runtime     Change = "runtime"     // something else computes, so every fingerprint differs, and results may
	Added       Change = "added"       // the unit is only in the newer one
	Removed     Change = "removed"     // the unit is only in the older one
	Fingerprint Change = "fingerprint" // the unit computes something else, on whatever runtime
	Result      Change = "result"      // the digest of the result was not known
	// Divergent results are of the same fingerprint and differ: one of them was
	// made under conditions that the fingerprint does not hold, or is damaged.
	Divergent Change = "divergent"
)

// Difference is one difference between two lock files.
type Difference struct {
	Change   Change
	Unit     string // address; empty for the runtime
	Old, New string // what the two say; empty where they say nothing
}

// Compare lists how now differs from old: the runtime first, then the units by
// address.
func Compare(old, now *File) []Difference {
	var list []Difference
	if old.Runtime != now.Runtime {
		list = append(list, Difference{Change: Runtime, Old: old.Runtime, New: now.Runtime})
	}
	before, after := old.byAddress(), now.byAddress()
	addresses := maps.Clone(before)
	maps.Copy(addresses, after)
	for _, address := range slices.Sorted(maps.Keys(addresses)) {
		was, inOld := before[address]
		is, inNew := after[address]
		d := Difference{Unit: address}
		switch {
		case !inOld:
			d.Change, d.New = Added, is.Fingerprint
		case !inNew:
			d.Change, d.Old = Removed, was.Fingerprint
		case was.Fingerprint != is.Fingerprint && was.Work != "" && was.Work == is.Work:
			continue // the runtime differs, and is told once
		case was.Fingerprint != is.Fingerprint:
			d.Change, d.Old, d.New = Fingerprint, was.Fingerprint, is.Fingerprint
		case was.Result == is.Result || is.Result == "":
			continue
		case was.Result == "":
			d.Change, d.New = Result, is.Result
		default:
			d.Change, d.Old, d.New = Divergent, was.Result, is.Result
		}
		list = append(list, d)
	}
	return list
}
