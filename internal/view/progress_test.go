package view

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vbauerster/mpb/v8"

	"sslpipe/internal/plan"
	"sslpipe/internal/run"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// planned is a plan with an entry for each address.
func planned(addresses ...string) *plan.Plan {
	p := &plan.Plan{}
	for _, a := range addresses {
		p.Units = append(p.Units, &plan.Unit{Address: a})
	}
	return p
}

func event(after time.Duration, kind run.EventType, unit string) run.Event {
	return run.Event{Time: noon.Add(after), Type: kind, Unit: unit}
}

func progressed(after time.Duration, unit string, step, total int) run.Event {
	e := event(after, run.UnitProgress, unit)
	e.Progress = &plan.Progress{Step: step, Total: total, Rate: 3900.4, Values: map[string]float64{
		"accuracy": 0.71, "loss": 0.8123, "spread": 1.5e-5}}
	return e
}

func ended(after time.Duration, kind run.EventType, unit string, seconds float64) run.Event {
	e := event(after, kind, unit)
	e.Seconds = seconds
	return e
}

// story is a run with every type of event.
func story() (*plan.Plan, []run.Event) {
	const first, second = "pretrain.rotation[seed=0]", "pretrain.rotation[seed=1]"
	events := []run.Event{
		event(0, run.RunStarted, ""),
		event(0, run.UnitCached, "download.images"),
		event(0, run.UnitStarted, first),
		event(0, run.UnitResumed, second),
	}
	for i := range 11 {
		at := time.Duration(i+1) * time.Second
		events = append(events, progressed(at, first, 100*i, 1000), progressed(at, second, 500+50*i, 1000))
	}
	failed := ended(13*time.Second, run.UnitFailed, "finetune.ssl[seed=1]", 1)
	failed.Error = "the loss is NaN"
	message := event(13*time.Second, run.Message, "finetune.ssl[seed=0]")
	message.Message = "loaded 260 of 260 encoder tensors"
	return planned("download.images", first, second, "finetune.ssl[seed=0]", "finetune.ssl[seed=1]", "finetune.ssl[seed=2]"),
		append(events,
			ended(12*time.Second, run.UnitFinished, first, 12),
			ended(12*time.Second, run.UnitFinished, second, 12),
			event(12*time.Second, run.UnitStarted, "finetune.ssl[seed=0]"),
			event(12*time.Second, run.UnitStarted, "finetune.ssl[seed=1]"),
			message,
			failed,
			ended(75*time.Second, run.UnitInterrupted, "finetune.ssl[seed=0]", 63),
			event(75*time.Second, run.RunFinished, ""),
		)
}

func TestProgressWithoutTerminal(t *testing.T) {
	p, events := story()
	var out bytes.Buffer
	progress := NewProgress(&out, p, Style{})
	for _, e := range events {
		progress.Handle(e)
	}
	progress.Close()
	progress.Close()
	noANSI(t, out.String())
	golden(t, "progress.txt", out.String())
}

func TestDivergedResultIsTold(t *testing.T) {
	diverged := event(2*time.Second, run.UnitDiverged, "pretrain.a")
	diverged.Message = "the loss differs from step 17 on, 3 files differ"
	var out bytes.Buffer
	progress := NewProgress(&out, planned("pretrain.a"), Style{})
	for _, e := range []run.Event{
		event(0, run.RunStarted, ""), event(0, run.UnitStarted, "pretrain.a"), diverged,
		ended(2*time.Second, run.UnitFinished, "pretrain.a", 2), event(2*time.Second, run.RunFinished, ""),
	} {
		progress.Handle(e)
	}
	progress.Close()
	want := `pretrain.a: DIVERGED from its first result, which stays the one that is used: the loss differs from step 17 on, 3 files differ
pretrain.a finished in 2.0 s (1 of 1)
1 unit: 1 run, 0 cached, 1 diverged in 2.0 s
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What other machines run is told when it begins and when it is there.
func TestProgressElsewhere(t *testing.T) {
	elsewhere := func(after time.Duration, unit, who string) run.Event {
		e := event(after, run.UnitElsewhere, unit)
		e.Message = who
		return e
	}
	p := planned("finetune.a[seed=0]", "finetune.a[seed=1]", "finetune.a[seed=2]")
	events := []run.Event{
		event(0, run.RunStarted, ""), event(0, run.UnitStarted, "finetune.a[seed=0]"),
		elsewhere(0, "finetune.a[seed=1]", "worker 1 (b:2222)"), elsewhere(0, "finetune.a[seed=2]", "worker 2 (c:2222)"),
		event(60*time.Second, run.UnitCached, "finetune.a[seed=1]"),
		event(90*time.Second, run.UnitStarted, "finetune.a[seed=2]"),
	}
	for n, want := range map[int]string{
		4: "0/3 units  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  2 elsewhere  0:30 elapsed",
		5: "1/3 units  ██████████░░░░░░░░░░░░░░░░░░░░  1 elsewhere  0:30 elapsed",
		6: "1/3 units  ██████████░░░░░░░░░░░░░░░░░░░░  0:30 elapsed",
	} {
		if got := boardAt(p, events[:n]).line(80, noon.Add(30*time.Second)); got != want {
			t.Errorf("after %d events %q, want %q", n, got, want)
		}
	}
	var out bytes.Buffer
	progress := NewProgress(&out, p, Style{})
	for _, e := range events {
		progress.Handle(e)
	}
	progress.Close()
	want := `finetune.a[seed=1]: worker 1 (b:2222) runs it
finetune.a[seed=2]: worker 2 (c:2222) runs it
finetune.a[seed=1] came from worker 1 (b:2222) (1 of 3)
3 units: 0 run, 1 cached, 2 left in 1:30
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProgressOfACachedRunIsOneLine(t *testing.T) {
	var p plan.Plan
	events := []run.Event{event(0, run.RunStarted, "")}
	for i := range 48 {
		address := fmt.Sprintf("finetune.ssl[seed=%d]", i)
		p.Units = append(p.Units, &plan.Unit{Address: address})
		events = append(events, event(300*time.Millisecond, run.UnitCached, address))
	}
	var out bytes.Buffer
	progress := NewProgress(&out, &p, Style{})
	for _, e := range events {
		progress.Handle(e)
	}
	progress.Close()
	if want := "48 units: 0 run, 48 cached in 0.3 s\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// boardAt replays events into a board.
func boardAt(p *plan.Plan, events []run.Event) *board {
	progress := &Progress{board: newBoard(p.Units)}
	for _, e := range events {
		progress.take(e)
	}
	return progress.board
}

func TestLinesFitAnyWidth(t *testing.T) {
	p, events := story()
	b := boardAt(p, events[:16])
	now := noon.Add(7 * time.Second)
	var text strings.Builder
	for _, width := range []int{120, 100, 90, 80, 70, 60, 40, 20} {
		fmt.Fprintln(&text, width)
		for _, line := range []string{b.running[0].line(b.nameWidth(), width, now), b.line(width, now)} {
			fits(t, line, width)
			fmt.Fprintln(&text, line)
		}
	}
	golden(t, "lines.txt", text.String())
	for width := 1; width < 200; width++ {
		fits(t, b.running[0].line(b.nameWidth(), width, now), width)
		fits(t, b.line(width, now), width)
	}
}

func TestTimeLeftOfAUnit(t *testing.T) {
	b := boardAt(planned("a"), []run.Event{event(0, run.UnitResumed, "a"), progressed(10*time.Second, "a", 500, 1000)})
	if _, ok := b.running[0].left(noon.Add(10 * time.Second)); ok {
		t.Error("a pace from one report")
	}
	// 100 steps in 20 s after resuming at 500: 400 steps are left, 80 s.
	b.advance("a", plan.Progress{Step: 600, Total: 1000}, noon.Add(30*time.Second))
	if got, ok := b.running[0].left(noon.Add(35 * time.Second)); !ok || got != 75*time.Second {
		t.Errorf("left %v, %v; want 75 s after 5 s more", got, ok)
	}
	// A second count begins anew.
	b.advance("a", plan.Progress{Step: 0, Total: 50}, noon.Add(40*time.Second))
	b.advance("a", plan.Progress{Step: 10, Total: 50}, noon.Add(50*time.Second))
	if got, ok := b.running[0].left(noon.Add(50 * time.Second)); !ok || got != 40*time.Second {
		t.Errorf("left %v, %v; want 40 s of the second count", got, ok)
	}
}

func TestTimeLeftOfTheRun(t *testing.T) {
	p := planned("pre[0]", "pre[1]", "tune[0]", "tune[1]", "tune[2]", "tune[3]")
	events := []run.Event{
		event(0, run.RunStarted, ""), event(0, run.UnitStarted, "pre[0]"), event(0, run.UnitStarted, "pre[1]"),
		ended(100*time.Second, run.UnitFinished, "pre[0]", 100),
		event(100*time.Second, run.UnitStarted, "tune[0]"),
	}
	b := boardAt(p, events)
	if got, ok := b.left(noon.Add(100 * time.Second)); ok {
		t.Errorf("left %v although nothing is known of tune", got)
	}
	b.finish("tune[0]", noon.Add(120*time.Second))
	b.start("tune[1]", noon.Add(120*time.Second))
	// pre[1] is overdue, tune[1] takes 20 s and two more 20 s each, two at once.
	if got, ok := b.left(noon.Add(120 * time.Second)); !ok || got != 30*time.Second {
		t.Errorf("left %v, %v; want 30 s", got, ok)
	}
}

func TestBarsLeaveOnlyLines(t *testing.T) {
	var p plan.Plan
	for i := range 40 {
		p.Units = append(p.Units, &plan.Unit{Address: fmt.Sprintf("finetune.ssl[seed=%d]", i)})
	}
	var out bytes.Buffer
	progress := &Progress{out: &out, board: newBoard(p.Units)}
	progress.display = newBars(&out, progress, mpb.WithAutoRefresh(), mpb.WithRefreshRate(time.Millisecond), mpb.WithWidth(80))
	var mu sync.Mutex
	handle := func(e run.Event) {
		mu.Lock()
		defer mu.Unlock()
		e.Time = time.Now()
		progress.Handle(e)
	}
	handle(run.Event{Type: run.RunStarted})
	var units sync.WaitGroup
	for start := range 20 {
		units.Go(func() {
			for _, u := range p.Units[2*start : 2*start+2] {
				handle(run.Event{Type: run.UnitStarted, Unit: u.Address})
				for step := range 10 {
					handle(run.Event{Type: run.UnitProgress, Unit: u.Address, Progress: &plan.Progress{Step: step, Total: 10}})
					time.Sleep(time.Millisecond)
				}
				handle(run.Event{Type: run.UnitFinished, Unit: u.Address})
			}
		})
	}
	units.Wait()
	progress.Close()
	text := out.String()
	if !strings.Contains(text, "finetune.ssl[seed=0]") || !strings.Contains(text, "elapsed") {
		t.Error("no bars were drawn")
	}
	if n := strings.Count(text, "finetune.ssl: 40 units run in "); n != 1 {
		t.Errorf("%d lines about the stage, want 1", n)
	}
	last := text[strings.LastIndex(text, "40 units: "):]
	if !strings.HasPrefix(last, "40 units: 40 run, 0 cached in ") || strings.Count(last, "\n") != 1 {
		t.Errorf("the end is %q", last)
	}
}

func TestDetect(t *testing.T) {
	if s := Detect(&bytes.Buffer{}, func(string) string { return "" }); s != (Style{}) {
		t.Errorf("a buffer has the style %+v", s)
	}
}

func TestNumbers(t *testing.T) {
	percent := scale{percent: true}
	for got, want := range map[string]string{
		rateText(0, "/s"):                  "",
		rateText(0.52, "/s"):               "0.5/s",
		rateText(999.6, "/s"):              "1000/s",
		rateText(1234567, "/s"):            "1,234,567/s",
		clock(42 * time.Second):            "0:42",
		clock(59*time.Second + 600e6):      "1:00",
		clock(2*time.Hour + 3*time.Second): "2:00:03",
		duration(59 * time.Second):         "59.0 s",
		duration(61 * time.Second):         "1:01",
		valueText(123456):                  "1.23e+05",
		valueText(0):                       "0.000",
		percent.signed(-0.0004):            "0.0",
		percent.signed(-0.0006):            "-0.1",
		ranges([]int{5, 1, 2, 3, 9, 10}):   "1-3, 5, 9, 10",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
