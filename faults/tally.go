package main

import (
	"fmt"
	"io"
	"sync"
)

// Tally counts what became of the faults of one scenario. Several goroutines may
// use it at once.
type Tally struct {
	log io.Writer // is told of a loss at once; nil is not

	mu       sync.Mutex
	survived int
	lost     []string // a line or more for each
	skipped  string   // why nothing was injected
	note     string
}

// Survived counts one injected fault that lost nothing.
func (t *Tally) Survived() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.survived++
}

// Lost counts one injected fault that lost something, and says what and where it
// can be looked at.
func (t *Tally) Lost(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	what := fmt.Sprintf(format, args...)
	t.lost = append(t.lost, what)
	if t.log != nil {
		fmt.Fprintln(t.log, "  lost:", what)
	}
}

// Skip says why the scenario cannot be carried out here.
func (t *Tally) Skip(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skipped = reason
}

// Note adds a few words to the scenario's line of the summary.
func (t *Tally) Note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note = fmt.Sprintf(format, args...)
}

// Judge counts one fault, described by what, that p was injured by: it survived
// where err is nil. Then the folder goes, unless all are kept; that of a loss
// stays.
func (t *Tally) Judge(p *Project, what string, err error) {
	if err == nil {
		t.Survived()
		p.Remove()
		return
	}
	t.Lost("%s: %v\n  kept in %s", what, err, p.Dir)
}
