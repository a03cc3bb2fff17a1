package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"sslpipe/internal/plan"
)

// meter adds up what the units that run at once need, and keeps the most.
type meter struct {
	mu        sync.Mutex
	now, most budget
}

func (m *meter) measured(need budget) work {
	return func(context.Context, *plan.Env) error {
		m.mu.Lock()
		m.now = m.now.plus(need)
		m.most = budget{cores: max(m.most.cores, m.now.cores), gpu: max(m.most.gpu, m.now.gpu), memory: max(m.most.memory, m.now.memory)}
		m.mu.Unlock()
		for range 100 { // lets other units begin meanwhile
			m.mu.Lock()
			m.mu.Unlock() //nolint:staticcheck // a pause
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.now = m.now.less(need)
		return nil
	}
}

// sweep is a plan of the usual shape whose units need this and that.
func sweep(l *lab, m *meter) {
	data := l.add("download.images", "data", m.measured(budget{cores: 1, memory: 1}))
	data.Stage.Kind.HostOnly, data.Memory = true, 1
	var arms []*plan.Unit
	for i := range 6 {
		need := budget{cores: 1 + i%2, gpu: 1, memory: []int64{5, 2, 4, 1, 3, 5}[i]}
		pre := l.add(fmt.Sprintf("pretrain.a[seed=%d]", i), fmt.Sprint("a", i), m.measured(need), data)
		pre.Threads, pre.Memory = need.cores, need.memory
		fine := l.add(fmt.Sprintf("finetune.a[seed=%d]", i), fmt.Sprint("f", i), m.measured(budget{cores: 1, gpu: 1, memory: 2}), pre)
		fine.Memory = 2
		arms = append(arms, fine)
	}
	l.add("evaluate.report", "report", m.measured(budget{cores: 1, gpu: 1}), arms...)
}

func TestBudgetIsKeptAndResultsAreThoseOfOneCore(t *testing.T) {
	var want []string
	for _, c := range []struct {
		cores  int
		device string
		gpu    int
		memory int64
	}{{1, "cpu", 0, 0}, {2, "cpu", 0, 5}, {8, "cpu", 0, 6}, {8, "cpu", 0, 0}, {8, "gpu", 0, 9}, {8, "gpu", 2, 7}} {
		l := newLab(t)
		m := &meter{}
		sweep(l, m)
		o := l.options()
		o.Cores, o.Device, o.GPUUnits, o.Memory = c.cores, c.device, c.gpu, c.memory
		r, _, err := l.runWith(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		var trees []string
		for _, u := range l.plan.Units {
			trees = append(trees, r.Entries[u.Address].Tree)
		}
		if want == nil {
			want = trees
		}
		if !slices.Equal(trees, want) || r.Executed != 14 {
			t.Errorf("%+v: %d units, digests %v, want %v", c, r.Executed, trees, want)
		}
		if m.most.cores > max(c.cores, 2) || c.memory > 0 && m.most.memory > c.memory || c.device == "gpu" && m.most.gpu > max(c.gpu, 1) {
			t.Errorf("%+v: at most %+v at once", c, m.most)
		}
	}
}

// TestUnitThatWaitsForTheGPUDoesNotHoldUpOthers: pretrain.b waits for the GPU, and
// for no core; download.c needs no GPU, and has to run for pretrain.a to end.
func TestUnitThatWaitsForTheGPUDoesNotHoldUpOthers(t *testing.T) {
	l := newLab(t)
	ran := make(chan struct{})
	l.add("pretrain.a", "a", func(context.Context, *plan.Env) error { <-ran; return nil })
	l.add("pretrain.b", "b", nil)
	c := l.add("download.c", "c", func(context.Context, *plan.Env) error { close(ran); return nil })
	c.Stage.Kind.HostOnly = true
	o := l.options()
	o.Cores, o.Device = 3, "gpu"
	if _, log, err := l.runWith(context.Background(), o); err != nil || len(log) != 3 || log[2] != "pretrain.b" {
		t.Errorf("ran %v, %v", log, err)
	}
}

// TestLargeUnitIsNotHeldUpForEver: while it waits, no unit takes what it waits for.
func TestLargeUnitIsNotHeldUpForEver(t *testing.T) {
	l := newLab(t)
	small := []*plan.Unit{l.add("pretrain.a0", "a0", nil), l.add("pretrain.a1", "a1", nil)}
	large := l.add("pretrain.large", "large", nil)
	large.Memory = 2
	for i := range 5 {
		l.add(fmt.Sprintf("finetune.u%d", i), fmt.Sprint(i), nil)
	}
	for _, u := range l.plan.Units {
		if u != large {
			u.Memory = 1
		}
	}
	o := l.options()
	o.Cores, o.Memory = 2, 2
	_, log, err := l.runWith(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if at := slices.Index(log, large.Address); at != len(small) {
		t.Errorf("ran %v", log)
	}
}

func TestUnitThatDoesNotFitIsRefusedBeforeAnythingRuns(t *testing.T) {
	l := newLab(t)
	data := l.add("download.images", "data", nil)
	for i := range 3 {
		u := l.add(fmt.Sprintf("pretrain.a[seed=%d]", i), fmt.Sprint("a", i), nil, data)
		u.Stage, u.Memory = l.plan.Stages[1], 9<<30
	}
	l.plan.Stages[1].Address, l.plan.Stages[1].Units = "pretrain.a", l.plan.Units[1:]
	l.plan.Stages[1].Kind.MemoryBy = "batch_size"
	b := l.add("pretrain.b[seed=0]", "b", nil, data)
	b.Memory, b.Stage.Kind.MemoryBy = 5<<30, "batch_size"
	o := l.options()
	o.Memory = 4 << 30
	_, log, err := l.runWith(context.Background(), o)
	want := "not enough memory: the budget is 4.0 GiB, and nothing was run\n" +
		"  pretrain.a (3 units): about 9.0 GiB for a unit, by batch_size\n" +
		"  pretrain.b[seed=0]: about 5.0 GiB for a unit, by batch_size"
	var large *TooLargeError
	if !errors.As(err, &large) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	equal(t, log)
	// What is not chosen, or is stored, needs nothing.
	o.Chosen = l.choose(plan.Selection{Only: []string{"download.images"}})
	if _, _, err := l.runWith(context.Background(), o); err != nil {
		t.Error(err)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1 << 20: "1 MiB", 800 << 20: "800 MiB", 3 << 29: "1.5 GiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %s, want %s", n, got, want)
		}
	}
}
