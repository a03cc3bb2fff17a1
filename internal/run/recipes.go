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
// newest run first. Each is read when it is asked for; what cannot be read is left
// out.
func Earlier(runs string, p *plan.Plan) iter.Seq[*plan.EarlierRun] {
	return func(yield func(*plan.EarlierRun) bool) {
		fingerprints := make(map[string]string, len(p.Units))
		for _, u := range p.Units {
			fingerprints[u.Address] = u.Fingerprint
		}
		budget := int64(maxEarlierBytes)
		told := map[uint64]bool{} // by runs that did all of the same
		seed := maphash.MakeSeed()
		for _, dir := range newest(runs, p.Pipeline.Name) {
			config, err := readConfigFile(dir, budget)
			if err != nil {
				continue
			}
			if budget -= int64(len(config)); budget < 0 {
				return
			}
			sum := maphash.Bytes(seed, config)
			if told[sum] {
				continue // a rerun of the same, as most are
			}
			run, err := readEarlier(dir, config, fingerprints)
			if err != nil {
				continue
			}
			told[sum] = complete(run)
			if !yield(run) {
				return
			}
		}
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
