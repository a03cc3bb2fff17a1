package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"hash/maphash"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/plan"
)

// How far back [Earlier] looks.
const (
	maxEarlierRuns  = 20
	maxEarlierBytes = 64 << 20 // of config.json, over all runs
	maxEventLine    = 1 << 20
)

// Earlier returns what the newest runs of a plan's pipeline tell of its units, the
// newest run first. That one is read at once, beside the caller, and each other when it
// is asked for; what cannot be read is left out.
func Earlier(runs string, p *plan.Plan) iter.Seq[*plan.EarlierRun] {
	fingerprints := make(map[string]string, len(p.Units))
	for _, u := range p.Units {
		fingerprints[u.Address] = u.Fingerprint
	}
	dirs := newest(runs, p.Pipeline.Name)
	if len(dirs) == 0 {
		return func(func(*plan.EarlierRun) bool) {}
	}
	first := make(chan *earlier, 1)
	go func() {
		e := &earlier{dir: dirs[0]}
		e.config, e.err = readConfigFile(e.dir, maxEarlierBytes)
		e.read(fingerprints)
		first <- e
	}()
	return func(yield func(*plan.EarlierRun) bool) {
		budget := int64(maxEarlierBytes)
		told := map[uint64]bool{} // by runs that did all of the same
		seed := maphash.MakeSeed()
		for i, dir := range dirs {
			e := &earlier{dir: dir}
			if i == 0 {
				e = <-first
				first <- e // for whoever asks again
			} else {
				e.config, e.err = readConfigFile(dir, budget)
			}
			if budget -= int64(len(e.config)); budget < 0 {
				return
			}
			sum := maphash.Bytes(seed, e.config)
			if e.err != nil || told[sum] {
				continue // a rerun of the same, as most are
			}
			if e.read(fingerprints); e.err != nil {
				continue
			}
			told[sum] = complete(e.run)
			if !yield(e.run) {
				return
			}
		}
	}
}

// earlier is the folder of a run, and what has been read of it.
type earlier struct {
	dir    string
	config []byte
	run    *plan.EarlierRun // nil until it is read
	err    error
}

func (e *earlier) read(fingerprints map[string]string) {
	if e.err == nil && e.run == nil {
		e.run, e.err = readEarlier(e.dir, e.config, fingerprints)
	}
}

// newest returns the folders of a pipeline's newest runs, the newest first.
func newest(runs, pipeline string) []string {
	entries, err := os.ReadDir(runs) // in the order of their names, which begin with the time
	if err != nil {
		return nil
	}
	var dirs []string
	for _, e := range slices.Backward(entries) {
		if _, name, _ := strings.Cut(e.Name(), "-"); name == pipeline && len(dirs) < maxEarlierRuns {
			dirs = append(dirs, filepath.Join(runs, e.Name()))
		}
	}
	return dirs
}

// readConfigFile reads config.json of a run's folder; of one that is longer than most,
// a byte more than that.
func readConfigFile(dir string, most int64) (text []byte, err error) {
	err = readFile(filepath.Join(dir, ConfigFile), func(f io.Reader) error {
		text, err = io.ReadAll(io.LimitReader(f, most+1))
		return err
	})
	return text, err
}

// complete tells whether a run did all of its units that are planned today.
func complete(run *plan.EarlierRun) bool {
	for _, u := range run.Units {
		if !u.Done {
			return false
		}
	}
	return true
}

// readEarlier reads what a run's folder tells of the units that have a fingerprint
// today.
func readEarlier(dir string, config []byte, today map[string]string) (*plan.EarlierRun, error) {
	run := &plan.EarlierRun{Units: map[string]plan.EarlierUnit{}}
	then, err := decodeConfig(config)
	if err != nil {
		return nil, err
	}
	for _, c := range then.Units {
		fingerprint, ok := today[c.Address]
		if !ok {
			continue
		}
		u := plan.EarlierUnit{Fingerprint: c.Fingerprint}
		if c.Fingerprint != fingerprint {
			u.Recipe, u.Inputs = c.Recipe, c.Inputs
		}
		run.Units[c.Address] = u
	}
	return run, readFile(filepath.Join(dir, eventsFile), func(f io.Reader) error { return addEvents(f, run) })
}

func readFile(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return read(f)
}

// addEvents tells how the units of a run ended.
func addEvents(f io.Reader, run *plan.EarlierRun) error {
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxEventLine)
	resumed := map[string]bool{}
	for lines.Scan() {
		if bytes.Contains(lines.Bytes(), progressMark) {
			continue // nearly all lines are
		}
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		u, ok := run.Units[e.Unit]
		if !ok {
			continue
		}
		switch e.Type {
		case UnitResumed:
			resumed[e.Unit] = true
		case UnitFinished, UnitCached:
			u.Done = true
			if !resumed[e.Unit] { // otherwise it is not all that it took
				u.Seconds = e.Seconds
			}
		case UnitInterrupted, UnitFailed:
			u.Spent += e.Seconds
			u.Error = e.Error
		}
		run.Units[e.Unit] = u
	}
	return lines.Err()
}

var progressMark = []byte(`"type":"` + string(UnitProgress) + `"`)
