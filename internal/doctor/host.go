package doctor

import (
	"context"
	"fmt"
	"time"

	"sslpipe/internal/tfruntime"
)

func (e *examination) program(context.Context) { e.add(Good, "program", e.Program, "") }

func (e *examination) processor(context.Context) {
	if e.Instructions == "" {
		e.add(Note, "processor", e.Processor+", without AVX2", "TensorFlow's builds need AVX at least, and are slow without AVX2; a virtual machine may hide what its host has.")
		return
	}
	e.add(Good, "processor", e.Processor, "")
}

func (e *examination) cpuRuntime(context.Context) {
	s := e.runtime(tfruntime.CPU)
	damaged := Note
	if e.device == tfruntime.CPU {
		damaged = Bad
	}
	if s.Problem == nil && !s.Installed {
		e.add(Note, "cpu runtime", "not installed; the first run on the CPU fetches it", "sslpipe runtime install cpu")
		return
	}
	e.tellRuntime(s, damaged, "sslpipe runtime install cpu")
}

// tellRuntime tells of one that is there, or missing or damaged with this state.
func (e *examination) tellRuntime(s tfruntime.Status, lacking State, help string) {
	about := s.Device + " runtime"
	switch {
	case s.Installed:
		e.add(Good, about, fmt.Sprintf("TensorFlow %s in %s", s.Version, s.Dir), "")
	case s.Problem != nil:
		e.add(lacking, about, s.Problem.Error(), help)
	default:
		e.add(lacking, about, "not installed", help)
	}
}

// computing is what TensorFlow says itself, of the device that has to work.
func (e *examination) computing(ctx context.Context) {
	if !e.runtime(e.device).Installed {
		return
	}
	devices, err := e.TensorFlow(ctx, e.device)
	if err != nil {
		e.add(Bad, "tensorflow", err.Error(), "sslpipe runtime verify")
		return
	}
	gpus := 0
	for _, d := range devices {
		if d.Type == "GPU" {
			gpus++
			e.add(Good, "tensorflow", fmt.Sprintf("computes on GPU %d, with up to %s of its memory", gpus-1, gibibytes(d.Memory)), "")
		}
	}
	switch {
	case e.device == tfruntime.CPU:
		e.add(Good, "tensorflow", "computes on the CPU", "")
	case gpus == 0:
		e.add(Bad, "tensorflow", "the library for GPUs is loaded, and lists no GPU",
			"What is wrong above is the likely cause; TF_CPP_MIN_LOG_LEVEL=0 sslpipe doctor --device gpu lets TensorFlow say what it misses.")
	}
}

// littleSpace is what a run of a small pipeline may write.
const littleSpace = 2 << 30

func (e *examination) folders(context.Context) {
	for _, f := range e.Folders {
		switch {
		case f.Err != nil:
			e.add(Bad, f.About, f.Err.Error(), "")
		case f.Free < littleSpace:
			e.add(Note, f.About, fmt.Sprintf("%s free in %s", gibibytes(f.Free), f.Path), "sslpipe cache gc says what can be removed.")
		default:
			e.add(Good, f.About, fmt.Sprintf("%s free in %s", gibibytes(f.Free), f.Path), "")
		}
	}
}

// storePatience is how long a shared store may take to answer.
const storePatience = 10 * time.Second

func (e *examination) store(ctx context.Context) {
	if e.Store == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	if err := e.AskStore(ctx); err != nil {
		e.add(Bad, "store", err.Error(), "A run goes on without it, and shares nothing; --store none leaves it out.")
		return
	}
	e.add(Good, "store", e.Store+" answers", "")
}

func gibibytes(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
