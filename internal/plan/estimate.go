package plan

import (
	"cmp"
	"container/heap"
)

// Estimate is how long a run is likely to take.
type Estimate struct {
	// Seconds is the time from start to end, and Least that if no unit runs that
	// only may.
	Seconds, Least float64
	// Unrecorded units run and are in neither, since nothing is recorded of them.
	Unrecorded int
	Cores      int
}

// EstimateRun plays a run of some units through on a number of cores, by the rule
// that runs go by: units start in the order of the plan, as soon as what they read
// is there, and none overtakes one for which there are too few cores.
func EstimateRun(statuses []UnitStatus, cores int) Estimate {
	e := Estimate{Cores: cores}
	for _, s := range statuses {
		if s.Status.Runs() && !s.Recorded {
			e.Unrecorded++
		}
	}
	e.Seconds = play(statuses, cores, Status.Runs)
	e.Least = play(statuses, cores, func(s Status) bool { return s.Runs() && s != StatusMaybe })
	return e
}

// play returns when the last unit ends.
func play(statuses []UnitStatus, cores int, runs func(Status) bool) float64 {
	g := newGame(statuses, cores, runs)
	for {
		g.start()
		if len(g.running) == 0 {
			return g.now
		}
		g.end(heap.Pop(&g.running).(ending))
	}
}

// game is the state of a run that is played through; tasks are
// numbered in the order of the plan.
type game struct {
	cores, free int
	now         float64 // seconds
	tasks       []task
	ready       intHeap
	running     endings
}

// task is a unit that runs.
type task struct {
	seconds float64
	weight  int   // cores
	missing int   // inputs that are not there yet
	readers []int // tasks that it is an input of
}

func newGame(statuses []UnitStatus, cores int, runs func(Status) bool) *game {
	g := &game{cores: cores, free: cores}
	number := map[*Unit]int{}
	result := map[string]int{} // tasks by fingerprint
	for _, s := range statuses {
		if !runs(s.Status) {
			continue
		}
		i := len(g.tasks)
		g.tasks = append(g.tasks, task{seconds: s.Seconds, weight: min(max(s.Unit.Threads, 1), cores)})
		for _, inputs := range s.Unit.Inputs {
			for _, in := range inputs {
				if j, ok := number[in]; ok {
					g.wait(i, j)
				}
			}
		}
		if twin, ok := result[s.Unit.Fingerprint]; ok { // its result is waited for and taken
			g.wait(i, twin)
			g.tasks[i].seconds = 0
		} else {
			result[s.Unit.Fingerprint] = i
		}
		number[s.Unit] = i
		if g.tasks[i].missing == 0 {
			g.ready = append(g.ready, i) // already a heap: in order
		}
	}
	return g
}

func (g *game) wait(i, on int) {
	g.tasks[i].missing++
	g.tasks[on].readers = append(g.tasks[on].readers, i)
}

func (g *game) start() {
	for len(g.ready) > 0 {
		i := g.ready[0]
		t := g.tasks[i]
		if t.weight > g.free {
			return
		}
		heap.Pop(&g.ready)
		g.free -= t.weight
		heap.Push(&g.running, ending{at: g.now + t.seconds, task: i})
	}
}

func (g *game) end(e ending) {
	g.now = e.at
	g.free += g.tasks[e.task].weight
	for _, j := range g.tasks[e.task].readers {
		if g.tasks[j].missing--; g.tasks[j].missing == 0 {
			heap.Push(&g.ready, j)
		}
	}
}

// ending is when a running task ends.
type ending struct {
	at   float64
	task int
}

// endings is a heap of what runs, the next to end first.
type endings []ending

func (h endings) Len() int      { return len(h) }
func (h endings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Less implements sort.Interface; of tasks that end at once, the first in the plan.
func (h endings) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].at, h[j].at), cmp.Compare(h[i].task, h[j].task)) < 0
}

// Push implements heap.Interface.
func (h *endings) Push(x any) { *h = append(*h, x.(ending)) }

// Pop implements heap.Interface.
func (h *endings) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
