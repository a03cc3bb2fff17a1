package run

import (
	"fmt"
	"strings"

	"sslpipe/internal/plan"
)

// budget is an amount of what units share while they run.
type budget struct {
	cores  int
	gpu    int   // units that compute on a GPU
	memory int64 // bytes
}

// whole is the budget of a run.
func (r *runner) whole() budget {
	return budget{cores: r.Cores, gpu: max(r.GPUUnits, 1), memory: r.Memory}
}

// need is what a unit takes of the budget. One that wants more cores than there
// are takes them all; one that only may be found in the store takes nothing.
func (r *runner) need(u *plan.Unit) budget {
	if !r.Chosen.Runs(u) {
		return budget{}
	}
	n := budget{cores: min(max(u.Threads, 1), r.Cores)}
	if r.Device == "gpu" && !u.Stage.Kind.HostOnly {
		n.gpu = 1
	}
	if r.Memory > 0 {
		n.memory = u.Memory
	}
	return n
}

func (b budget) holds(n budget) bool {
	return n.cores <= b.cores && n.gpu <= b.gpu && n.memory <= b.memory
}

func (b budget) less(n budget) budget {
	return budget{cores: b.cores - n.cores, gpu: b.gpu - n.gpu, memory: b.memory - n.memory}
}

func (b budget) plus(n budget) budget { return b.less(budget{-n.cores, -n.gpu, -n.memory}) }

// promised is what is left once n, which b does not hold, is set aside.
func (b budget) promised(n budget) budget {
	b = b.less(n)
	return budget{cores: max(b.cores, 0), gpu: max(b.gpu, 0), memory: max(b.memory, 0)}
}

// TooLargeError tells of units that need more memory than there is for all units
// of a run together. Nothing has run.
type TooLargeError struct {
	Units  []*plan.Unit
	Budget int64 // bytes
}

func (e *TooLargeError) Error() string {
	lines := []string{fmt.Sprintf("not enough memory: the budget is %s, and nothing was run", Bytes(e.Budget))}
	for _, units := range byStage(e.Units) {
		lines = append(lines, fmt.Sprintf("%s: about %s for a unit, by %s", some(units), Bytes(units[0].Memory), units[0].Stage.Kind.MemoryBy))
	}
	return strings.Join(lines, "\n  ")
}

// tooLarge refuses units that would not fit into memory even alone.
func (r *runner) tooLarge(todo []*plan.Unit) error {
	e := &TooLargeError{Budget: r.Memory}
	for _, u := range todo {
		if r.need(u).memory > r.Memory {
			e.Units = append(e.Units, u)
		}
	}
	if e.Units == nil {
		return nil
	}
	return e
}

// Bytes writes an amount of memory for people: 1.5 GiB.
func Bytes(n int64) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<30:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}
