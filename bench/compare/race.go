package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// contender is one way to do a workload's work: a program that speaks the
// protocol, and what it is told beside what all are told.
type contender struct {
	Name   string
	Start  program
	Work   string         // what the program calls it
	Params map[string]any // for every case
	// Wait is how long preparing may take, compilation included; 0 is as long
	// as most need.
	Wait time.Duration
}

// program is a command line with its changes to the environment, or why there is
// none.
type program struct {
	command     []string
	environment []string
	missing     error
}

// scenario is one case of a race.
type scenario struct {
	Name   string
	Params map[string]any              // the same for all contenders
	Skip   func(contender string) bool // contenders that do not take part
}

// race lets contenders do the same work in turn.
type race struct {
	workload string
	unit     string
	// seconds tells that an item's seconds are what counts, rather than items a
	// second.
	seconds bool
	// slice is how long one contender works before it is the next one's turn; 0
	// does the work once, however long that takes.
	slice      time.Duration
	contenders []contender
	scenarios  []scenario
}

// fewRounds are enough for work that takes long each time.
const fewRounds = 3

const (
	usualWait = 2 * time.Minute
	sliceWait = 5 * time.Minute // more than any slice should take
)

// run measures all scenarios. A contender that is missing or fails costs its rows
// and nothing else.
func (r race) run(ctx context.Context, l *lab) ([]result, error) {
	lanes := make([]*lane, len(r.contenders))
	for i, c := range r.contenders {
		lanes[i] = &lane{contender: c, lab: l}
		defer lanes[i].close()
	}
	var results []result
	for _, s := range r.scenarios {
		results = append(results, r.measure(ctx, l, s, lanes))
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
	}
	return results, nil
}

// measure measures one scenario. The turn starts with another contender in each
// round, so that none always follows the same one.
func (r race) measure(ctx context.Context, l *lab, s scenario, lanes []*lane) result {
	l.logf("%s: %s", r.workload, s.Name)
	lanes = slices.DeleteFunc(slices.Clone(lanes), func(n *lane) bool { return s.Skip != nil && s.Skip(n.contender.Name) })
	for _, lane := range lanes {
		lane.prepare(ctx, s, r.slice)
	}
	rounds := l.rounds
	if r.slice == 0 {
		rounds = min(rounds, fewRounds)
	}
	for round := range rounds {
		for i := range lanes {
			if ctx.Err() == nil {
				lanes[(i+round)%len(lanes)].turn(lanes, r.seconds)
			}
		}
	}
	out := result{Workload: r.workload, Case: s.Name, Unit: r.unit, Better: more}
	if r.seconds {
		out.Better = less
	}
	for _, lane := range lanes {
		out.Rows = append(out.Rows, lane.row)
	}
	return out
}

// lane is a contender on its way through the scenarios of a race.
type lane struct {
	contender contender
	lab       *lab
	peer      *peer
	times     int // that a slice does the work
	row       row
}

// prepare starts the process where there is none, has it prepare and finds out how
// often it does the work in a slice.
func (n *lane) prepare(ctx context.Context, s scenario, slice time.Duration) {
	c := n.contender
	n.row, n.times = row{Contender: c.Name}, 1
	began := time.Now()
	err := n.start(ctx)
	if err == nil {
		err = n.ready(s, slice)
	}
	if err != nil {
		n.fail(err)
		return
	}
	n.lab.logf("  %s is ready after %.1f s, %d times a slice", c.Name, time.Since(began).Seconds(), n.times)
}

func (n *lane) start(ctx context.Context) (err error) {
	if n.peer != nil {
		return nil
	}
	if n.contender.Start.missing != nil {
		return n.contender.Start.missing
	}
	n.peer, err = startPeer(ctx, n.contender.Start.command, n.contender.Start.environment)
	return err
}

// ready prepares the work and calibrates the slice: the first time, in which much
// is compiled and allocated, does not count.
func (n *lane) ready(s scenario, slice time.Duration) error {
	params := map[string]any{}
	maps.Copy(params, s.Params)
	maps.Copy(params, n.contender.Params)
	wait := max(n.contender.Wait, usualWait)
	prepared, err := n.peer.ask(request{Do: "prepare", Work: n.contender.Work, Params: params}, wait)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	n.row.Note = prepared.Note
	n.lab.learn(prepared.Versions)
	if slice == 0 {
		return nil
	}
	if _, err := n.peer.ask(request{Do: "run", N: 1}, wait); err != nil {
		return fmt.Errorf("first time: %w", err)
	}
	for times, spent := 1, 0.0; spent < slice.Seconds()/4; times *= 4 {
		tried, err := n.peer.ask(request{Do: "run", N: times}, sliceWait)
		if err != nil {
			return fmt.Errorf("try: %w", err)
		}
		spent = max(tried.Seconds, 1e-6)
		n.times = max(1, int(slice.Seconds()*float64(times)/spent))
	}
	return nil
}

// turn does one slice while all others wait.
func (n *lane) turn(lanes []*lane, seconds bool) {
	if n.row.Failed != "" {
		return
	}
	idle := watch(n, lanes)
	a, err := n.peer.ask(request{Do: "run", N: n.times}, sliceWait)
	if err == nil && (a.Seconds <= 0 || a.Items <= 0) {
		err = fmt.Errorf("it says that it did %g in %g seconds", a.Items, a.Seconds)
	}
	if err != nil {
		n.fail(err)
		return
	}
	sample := a.Items / a.Seconds
	if seconds {
		sample = a.Seconds / a.Items
	}
	if a.Note != "" {
		n.row.Note = a.Note
	}
	n.row.Samples = append(n.row.Samples, sample)
	n.lab.logf("  %-32s %s", n.contender.Name, digits(sample))
	idle.check(n.lab)
}

// fail gives the contender up for this scenario; the next one starts it anew.
func (n *lane) fail(err error) {
	n.row.Failed = err.Error()
	n.lab.logf("  %s: %v", n.contender.Name, err)
	n.close()
}

func (n *lane) close() {
	if n.peer != nil {
		n.peer.close()
		n.peer = nil
	}
}

// idlers are the peers that should do nothing during a slice.
type idlers struct {
	began  time.Time
	lanes  []*lane
	before []float64
}

func watch(busy *lane, lanes []*lane) idlers {
	w := idlers{began: time.Now()}
	for _, other := range lanes {
		if other == busy || other.peer == nil {
			continue
		}
		if cpu, err := other.peer.cpu(); err == nil {
			w.lanes, w.before = append(w.lanes, other), append(w.before, cpu)
		}
	}
	return w
}

// most is the share of a core that a waiting peer may use before it is told of.
const most = 0.03

func (w idlers) check(l *lab) {
	for i, other := range w.lanes {
		cpu, err := other.peer.cpu()
		if share := (cpu - w.before[i]) / time.Since(w.began).Seconds(); err == nil && share > most {
			l.logf("  warning: %s used %.0f %% of a core while it should wait", other.contender.Name, 100*share)
		}
	}
}
